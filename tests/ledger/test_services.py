"""Postings follow dated rules, once per source, and are corrected by reversal alone."""

from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, transaction

from apps.core.ids import uuid7
from apps.ledger import services as ledger
from apps.ledger.chart import RULES
from apps.ledger.errors import NoRule
from apps.ledger.models import Account, Entry, Line, PostingRule
from apps.ledger.services import Posting

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 23, 15, 30, tzinfo=UTC)  # the 24th in Tokyo


@pytest.fixture(autouse=True)
def _rules_are_read_anew():
    ledger.forget_rules()
    yield
    ledger.forget_rules()


def _posting(event="payment.captured", **facts):
    facts = {"figures": {"amount": 1100}, "source_id": uuid7()} | facts
    return Posting(event=event, at=AT, currency="JPY", source_kind="test", **facts)


def _lines():
    return list(Line.objects.order_by("entry", "number").values_list("account", "debit_minor", "credit_minor"))


def test_an_event_becomes_a_balanced_entry_on_the_shops_day():
    order = uuid7()

    assert ledger.record([_posting(order_ref=order, part="1100")]) == 1

    assert _lines() == [("clearing", 1100, 0), ("advance", 0, 1100)]
    assert Entry.objects.values_list("day", "event", "rule_version", "order_ref").get() == (
        date(2026, 11, 24), "payment.captured", 1, order,
    )  # fmt: skip


def test_the_same_source_twice_posts_once():
    posting = _posting()

    counts = [ledger.record([posting]), ledger.record([posting]), ledger.record([posting, posting])]

    assert counts == [1, 0, 0]
    assert Entry.objects.count() == 1


def test_twice_in_one_batch_posts_once():
    posting = _posting()

    assert ledger.record([posting, posting]) == 1

    assert len(_lines()) == 2


def test_parts_of_one_source_are_posted_each():
    source = uuid7()

    assert ledger.record([_posting(source_id=source, part=part) for part in ("500", "1100")]) == 2


def test_the_sale_books_revenue_tax_and_cost():
    figures = {"gross": 1100, "net": 1000, "tax": 100, "cost": 400}

    ledger.record([_posting("shipment.shipped", figures=figures)])

    assert _lines() == [
        ("advance", 1100, 0), ("sales", 0, 1000), ("output_tax", 0, 100), ("cogs", 400, 0), ("inventory", 0, 400),
    ]  # fmt: skip


def test_a_negative_figure_changes_sides_and_a_zero_gives_no_line():
    ledger.record([_posting("stock.adjusted", figures={"cost": -70})])
    ledger.record([_posting("shipment.shipped", figures={"gross": 1000, "net": 1000, "tax": 0, "cost": 0})])

    assert _lines() == [("shrinkage", 0, 70), ("inventory", 70, 0), ("advance", 1000, 0), ("sales", 0, 1000)]


def test_figures_that_are_all_zero_post_nothing():
    assert ledger.record([_posting(figures={"amount": 0})]) == 0
    assert Entry.objects.count() == 0


def test_figures_that_do_not_balance_are_refused_whole():
    good, bad = _posting(), _posting("shipment.shipped", figures={"gross": 1100, "net": 1000, "tax": 99, "cost": 0})

    with pytest.raises(IntegrityError, match="not balanced"), transaction.atomic():
        ledger.record([good, bad])

    assert Entry.objects.count() == 0


def test_the_party_is_written_on_accounts_of_others_only():
    party = uuid7()

    ledger.record([_posting(party=party)])

    assert list(Line.objects.order_by("number").values_list("account", "party")) == [
        ("clearing", party),
        ("advance", None),
    ]


def test_a_newer_rule_counts_from_its_day():
    swapped = [
        {"side": "debit", "account": "suspense", "amount": "amount"},
        {"side": "credit", "account": "advance", "amount": "amount"},
    ]
    PostingRule.objects.create(event="payment.captured", version=2, from_day=date(2026, 11, 24), lines=swapped)
    PostingRule.objects.create(event="payment.captured", version=3, from_day=date(2026, 11, 25), lines=[])

    ledger.record([_posting()])

    assert _lines()[0] == ("suspense", 1100, 0)
    assert Entry.objects.get().rule_version == 2


def test_an_event_without_a_rule_is_an_error():
    with pytest.raises(NoRule, match="drunk"):
        ledger.record([_posting("tea.drunk")])


def test_a_reversal_undoes_an_entry_once():
    ledger.record([_posting()])
    entry = Entry.objects.get()

    made = ledger.reverse(entry, at=AT, memo="typed twice")

    assert made.reverses == entry
    assert list(made.lines.order_by("number").values_list("account", "debit_minor", "credit_minor")) == [
        ("clearing", 0, 1100),
        ("advance", 1100, 0),
    ]
    with pytest.raises(IntegrityError), transaction.atomic():
        ledger.reverse(entry, at=AT, memo="again")


@pytest.mark.parametrize("event", RULES)
def test_every_rule_names_accounts_of_the_chart_and_balances_by_construction(event):
    accounts = set(Account.objects.values_list("code", flat=True))
    rule = RULES[event]
    names = {line["amount"] for line in rule}
    # gross = net + tax, amount = stock + sold; every other figure stands alone on both sides.
    sums = {"gross": 11, "net": 10, "tax": 1, "amount": 11, "stock": 10, "sold": 1}
    weights = dict.fromkeys(names, 7) | sums

    balance = sum(weights[line["amount"]] * (1 if line["side"] == "debit" else -1) for line in rule)

    assert balance == 0
    assert {line["account"] for line in rule} - accounts == set()
