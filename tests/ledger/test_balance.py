"""The book balances because the database says so, and what was posted stays as it was posted, for everybody."""

from datetime import date

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from apps.core import clock
from apps.core.ids import uuid7
from apps.ledger.models import Entry, Line
from tests import sql

pytestmark = pytest.mark.django_db


def _entry() -> Entry:
    return Entry.objects.create(
        at=clock.now(), day=date(2026, 11, 23), event="payment.captured", rule_version=1, currency="JPY",
        source_kind="test", source_id=uuid7(),
    )  # fmt: skip


def _post(entry, *lines):
    Line.objects.bulk_create(
        Line(entry=entry, number=number, account_id=account, debit_minor=debit, credit_minor=credit)
        for number, account, debit, credit in lines
    )


def _balanced() -> Entry:
    entry = _entry()
    _post(entry, (1, "clearing", 1100, 0), (2, "advance", 0, 1100))
    return entry


def test_a_balanced_entry_is_taken():
    entry = _balanced()

    assert list(entry.lines.order_by("number").values_list("account", "debit_minor", "credit_minor")) == [
        ("clearing", 1100, 0),
        ("advance", 0, 1100),
    ]


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([(1, "clearing", 1100, 0), (2, "advance", 0, 1099)], id="unbalanced"),
        pytest.param([(1, "clearing", 1100, 0)], id="one side"),
        pytest.param([(2, "clearing", 1100, 0), (3, "advance", 0, 1100)], id="not from one"),
        pytest.param([(1, "clearing", 1100, 0), (3, "advance", 0, 1100)], id="a gap"),
    ],
)
def test_what_does_not_balance_is_refused(lines):
    entry = _entry()

    with pytest.raises(IntegrityError, match="not balanced"), transaction.atomic():
        _post(entry, *lines)

    assert Line.objects.count() == 0


def test_two_entries_in_one_statement_are_checked_each():
    first, second = _entry(), _entry()
    lines = [
        Line(entry=first, number=1, account_id="clearing", debit_minor=5),
        Line(entry=second, number=1, account_id="advance", credit_minor=5),
    ]

    with pytest.raises(IntegrityError, match="not balanced"), transaction.atomic():
        Line.objects.bulk_create(lines)


@pytest.mark.parametrize(
    "lines", [[(3, "clearing", 5, 0), (4, "advance", 0, 5)], [(1, "clearing", 5, 0), (2, "advance", 0, 5)]]
)
def test_a_posted_entry_takes_no_further_line(lines):
    entry = _balanced()

    with pytest.raises(IntegrityError), transaction.atomic():
        _post(entry, *lines)

    assert entry.lines.count() == 2


@pytest.mark.parametrize(("debit", "credit"), [(0, 0), (5, 5), (-5, 0)])
def test_a_line_has_exactly_one_side(debit, credit):
    entry = _entry()

    with pytest.raises(IntegrityError, match=r"ledger_one_side|not balanced"), transaction.atomic():
        _post(entry, (1, "clearing", debit, credit), (2, "advance", credit, debit))


def test_without_the_trigger_the_book_would_not_balance():
    """The negative control: it is the trigger that refuses, nothing else."""
    entry = _entry()
    sql.run("ALTER TABLE ledger_line DISABLE TRIGGER balance")

    _post(entry, (1, "clearing", 1100, 0))

    assert entry.lines.count() == 1


@pytest.mark.parametrize("table", ["ledger_entry", "ledger_line"])
@pytest.mark.parametrize("verb", ["DELETE FROM {table}", "UPDATE {table} SET id = id"])
@pytest.mark.parametrize(("role", "words"), [(sql.OWNER, "append-only"), (sql.APPLICATION, "permission denied")])
def test_what_was_posted_is_never_changed(table, verb, role, words):
    _balanced()

    with pytest.raises(DatabaseError, match=words), transaction.atomic():
        sql.run(verb.format(table=table), role=role)


def test_the_application_posts_but_does_not_alter_the_schema():
    entry = _entry()
    columns = "(id, entry_id, number, account_id, debit_minor, credit_minor, tax_code)"
    sql.run(
        f"INSERT INTO ledger_line {columns} VALUES (%s, %s, 1, 'clearing', 5, 0, ''), (%s, %s, 2, 'advance', 0, 5, '')",
        uuid7(), entry.id, uuid7(), entry.id, role=sql.APPLICATION,
    )  # fmt: skip

    with pytest.raises(DatabaseError, match="must be owner"), transaction.atomic():
        sql.run("ALTER TABLE ledger_line DISABLE TRIGGER balance", role=sql.APPLICATION)
    assert entry.lines.count() == 2
