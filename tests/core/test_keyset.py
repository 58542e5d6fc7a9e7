"""Pages by key: every row once, in both directions, whatever the ties; a token that is no token leads to the beginning."""

import base64
import json

import pytest

from apps.core import keyset
from apps.core.models import AuditEntry

KEYS = ("action", "id")


@pytest.fixture
def rows(db):
    """Eleven rows, many of which share their first key."""
    return AuditEntry.objects.bulk_create(AuditEntry(actor="a", action=action) for action in "abbbbbcccdd")


def _token(values: list) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()


def _walk(newest_first: bool) -> tuple[list, list]:
    """Ids seen going forward page by page, and ids seen going back from the last page."""
    forward, after, last = [], "", None
    while last is None or after:
        last = keyset.page(AuditEntry.objects.all(), KEYS, after=after, newest_first=newest_first, size=3)
        forward += [row.id for row in last.rows]
        after = last.after
    back, before = [row.id for row in last.rows], last.before
    while before:
        page = keyset.page(AuditEntry.objects.all(), KEYS, before=before, newest_first=newest_first, size=3)
        back = [row.id for row in page.rows] + back
        before = page.before
    return forward, back


@pytest.mark.parametrize("newest_first", [False, True])
def test_every_row_is_seen_once_forward_and_back(rows, newest_first: bool):
    wanted = [row.id for row in sorted(rows, key=lambda row: (row.action, row.id), reverse=newest_first)]

    assert _walk(newest_first) == (wanted, wanted)


def test_a_new_row_before_the_place_does_not_move_the_page(rows):
    first = keyset.page(AuditEntry.objects.all(), KEYS, size=4)
    AuditEntry.objects.create(actor="a", action="a")

    second = keyset.page(AuditEntry.objects.all(), KEYS, size=4, after=first.after)

    assert [row.id for row in second.rows] == [row.id for row in rows[4:8]]


@pytest.mark.parametrize(
    "token",
    ["?", "é", "e30", _token([1]), _token(["a", "x"])],
    ids=["no base64", "no ascii", "no list", "too short", "no id"],
)
def test_a_token_that_cannot_be_read_leads_to_the_first_page(rows, token: str):
    page = keyset.page(AuditEntry.objects.all(), KEYS, size=2, after=token)

    assert ([row.id for row in page.rows], page.before) == ([rows[0].id, rows[1].id], "")


def test_an_empty_list_has_no_neighbours(db):
    assert keyset.page(AuditEntry.objects.all(), KEYS) == keyset.Page([], "", "")
