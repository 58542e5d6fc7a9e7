"""The book on the screen and as files says what the lines say, to the yen, page by page, and costs no offset."""

import csv
import io
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.core import clock
from apps.core.models import AuditEntry
from apps.ledger import queries as book
from apps.ledger.models import Line
from apps.staff.views import books
from tests.staff.builders import make_order, make_shop, pay

pytestmark = pytest.mark.django_db
BOOKS, BALANCES, JOURNAL = (reverse(f"staff:{name}") for name in ("books", "books_csv", "books_journal_csv"))


@pytest.fixture
def shop():
    shop = make_shop(TEA=50)
    for _ in range(3):
        pay(make_order(shop, ("TEA", 1), method="card"), status="captured", shop=shop)
    return shop


def _rows(answer) -> list[dict[str, str]]:
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_the_balances_are_the_sums_of_the_lines(browser_as, shop):
    wanted: dict[str, int] = defaultdict(int)
    for line in Line.objects.select_related("entry"):
        wanted[line.account_id] += line.debit_minor - line.credit_minor
    assert wanted

    accountant = browser_as("accountant")
    page, rows = accountant.get(BOOKS), _rows(accountant.get(BALANCES))

    assert {one["row"].code: one["row"].closing for one in page.context["rows"]} == wanted
    assert {row["Ledger account"]: Decimal(row["Closing"]) for row in rows} == wanted
    assert [(one["debit"], one["currency"]) for one in page.context["totals"]] == [
        (one["credit"], one["currency"]) for one in page.context["totals"]
    ]


def test_what_was_before_the_span_is_the_opening(browser_as, shop):
    tomorrow = (clock.business_date() + timedelta(days=1)).isoformat()

    page = browser_as("accountant").get(BOOKS, {"since": tomorrow, "until": tomorrow})

    assert [(one["row"].debit, one["row"].credit) for one in page.context["rows"]] == [(0, 0)] * len(
        page.context["rows"]
    )
    assert sum(one["row"].opening for one in page.context["rows"]) == 0
    assert any(one["row"].opening for one in page.context["rows"])


def test_the_journal_has_every_line_once_in_the_order_of_the_book(browser_as, shop, monkeypatch):
    monkeypatch.setattr(book, "PIECE", 2)

    rows = _rows(browser_as("accountant").get(JOURNAL))

    lines = Line.objects.select_related("entry").order_by("entry__day", "entry_id", "number")
    assert [(row["Entry"], int(row["Line"]), Decimal(row["Debit"]), Decimal(row["Credit"])) for row in rows] == [
        (str(line.entry_id), line.number, line.debit_minor, line.credit_minor) for line in lines
    ]


def test_one_account_page_by_page_is_all_of_its_lines(browser_as, shop, monkeypatch):
    monkeypatch.setattr(books, "SIZE", 2)
    accountant, code = browser_as("accountant"), Line.objects.values_list("account", flat=True)[0]
    seen, after = [], ""
    with CaptureQueriesContext(connection) as asked:
        while True:
            page = accountant.get(reverse("staff:books_account", args=[code]), {"after": after} if after else {})
            seen += [line.id for line in page.context["lines"]]
            after = page.context["next"]
            if not after:
                break

    assert seen == list(
        Line.objects.filter(account=code).order_by("entry__day", "entry_id", "number").values_list("id", flat=True)
    )
    assert [one["sql"] for one in asked if "OFFSET" in one["sql"]] == []


def test_taking_the_book_away_is_written_down(browser_as, shop):
    _rows(browser_as("accountant").get(BALANCES))

    assert AuditEntry.objects.get(action="books.taken").detail["what"] == "balances"


@pytest.mark.parametrize(
    "span", [{"since": "x"}, {"since": "2026-02-30"}, {"since": "2027-01-01", "until": "2026-01-01"}]
)
def test_days_that_are_none_are_said(browser_as, shop, span):
    page = browser_as("accountant").get(BOOKS, span)

    assert (page.status_code, bool(page.context["error"])) == (200, True)


@pytest.mark.parametrize("after", ["x", "2026-01-01~x~1", "2026-01-01~00000000-0000-0000-0000-000000000001~x", "~~"])
def test_a_place_that_is_none_leads_to_the_beginning(browser_as, shop, after):
    code = Line.objects.values_list("account", flat=True)[0]

    page = browser_as("accountant").get(reverse("staff:books_account", args=[code]), {"after": after})

    assert (page.status_code, bool(page.context["lines"])) == (200, True)
