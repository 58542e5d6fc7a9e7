"""Whatever is bought, sold, brought back, moved, lost, counted and billed late, in whatever order: value is kept with quantity.

No unit without its cost, no cost without a unit; shelves and what is on its way are what the book says, to the minor unit.
"""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Sum
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from apps.core import clock
from apps.core.ids import uuid7
from apps.flows.verifying import checks, on_way
from apps.inventory import services as inventory
from apps.inventory import shelf
from apps.inventory.models import Demand, ReceiptLine, StockLevel, TransferLine
from apps.inventory.shelf import Correction
from apps.ledger import services as ledger
from apps.ledger.models import Line
from apps.ledger.services import Posting
from tests import builders
from tests.flows.buying import arrive, come, land, ordered, sent
from tests.inventory import shelves

STEP = st.tuples(
    st.sampled_from(["buy", "sell", "bring_back", "send", "arrive", "lose", "land", "count"]),
    st.integers(0, 1),  # which article, which way
    st.integers(1, 9),  # how many
    st.decimals("0.000001", "33.4", places=6),  # what one costs
)


@pytest.mark.django_db
@given(steps=st.lists(STEP, min_size=1, max_size=12))
@example(
    steps=[
        ("buy", 0, 3, Decimal("33.333333")), ("send", 0, 2, Decimal(1)), ("land", 0, 7, Decimal(1)),
        ("arrive", 0, 1, Decimal(1)), ("lose", 0, 1, Decimal(1)), ("sell", 0, 1, Decimal(1)), ("land", 1, 5, Decimal(1)),
        ("bring_back", 0, 1, Decimal(1)),
    ]
)  # fmt: skip
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_value_is_kept_with_quantity_and_with_the_book(steps):
    with transaction.atomic():
        builders.location()
        builders.location("shop")
        articles = [builders.variant(), builders.variant()]
        for step in steps:
            _take(step, articles)
            _nothing_drifts(step)
        _sell_out()
        _nothing_drifts("sold out")
        assert _worth() == (0, 0)
        transaction.set_rollback(True)


@pytest.mark.django_db
@pytest.mark.parametrize("wrong", [{"on_hand": 0}, {"value_minor": -1}, {"on_hand": 0, "value_minor": 1}])
def test_the_table_itself_refuses_value_without_units(wrong):
    builders.stock(builders.variant(), 5)

    with pytest.raises(IntegrityError, match="inventory_value_has_units"), transaction.atomic():
        StockLevel.objects.update(**wrong)


def _take(step, articles):
    name, which, units, each = step
    article = articles[which]
    if name == "buy":
        order = ordered((article, units, str(each)))
        come(order, units)
    elif name == "sell":
        _sell(Demand.objects.filter(allocated__gt=0).first() or _want(article, units), units)
    elif name == "bring_back":
        gone = Demand.objects.filter(shipped__gt=0).first()
        if gone and not gone.expires_at:  # each sale comes back once; what came back is the order line's to know
            costs, _ = inventory.put_back({gone.subject: min(units, gone.shipped)}, actor="t", cause=uuid7())
            Demand.objects.filter(id=gone.id).update(expires_at=clock.now())
            _post("return.received", costs[gone.subject])
    elif name == "send":
        origin, to = ("main", "shop") if which else ("shop", "main")
        level = StockLevel.objects.filter(location__code=origin, variant=article).first()
        if level and level.available:
            sent(article, min(units, level.available), origin=origin, to=to)
    elif name in {"arrive", "lose"}:
        line = next((row for row in TransferLine.objects.order_by("id") if row.to_come), None)
        if line:
            arrive(line.transfer, min(units, line.to_come), lost="lost" if name == "lose" else "")
    elif name == "land":
        lines = list(ReceiptLine.objects.order_by("id"))
        if lines:
            line = lines[units % len(lines)]
            land(units * (97 if which else -13), line.receipt.order, basis="quantity")
    elif name == "count":
        correction = Correction(id=uuid7(), variant=article.id, quantity=units, reason="", is_count=True)
        _post("stock.adjusted", -shelf.correct([correction], location=builders.location(), actor="t").value_minor)


def _want(article, units):
    return shelves.demand(article, units)


def _sell(row, units):
    if row.allocated:
        _post("shipment.shipped", shelves.ship(row, min(units, row.allocated)))


def _post(event, cost):
    ledger.record(
        [
            Posting(
                event=event, at=clock.now(), currency="JPY", source_kind="test", source_id=uuid7(), figures={"cost": cost}
            )
        ]
    )  # fmt: skip


def _sell_out():
    for line in TransferLine.objects.order_by("id"):
        if line.to_come:
            arrive(line.transfer, line.to_come)
    for row in Demand.objects.filter(allocated__gt=0):
        _sell(row, row.allocated)
    for level in StockLevel.objects.filter(on_hand__gt=0).select_related("location"):
        correction = Correction(id=uuid7(), variant=level.variant_id, quantity=0, reason="", is_count=True)
        _post("stock.adjusted", -shelf.correct([correction], location=level.location, actor="t").value_minor)


def _worth():
    shelf_minor = StockLevel.objects.aggregate(minor=Sum("value_minor"))["minor"] or 0
    return shelf_minor, TransferLine.objects.aggregate(minor=Sum("value_minor"))["minor"] or 0


def _nothing_drifts(step):
    lines = Line.objects.filter(account="inventory").aggregate(debit=Sum("debit_minor"), credit=Sum("credit_minor"))
    assert sum(_worth()) == (lines["debit"] or 0) - (lines["credit"] or 0), step
    assert not StockLevel.objects.filter(on_hand=0).exclude(value_minor=0).exists(), step
    assert [row for row in TransferLine.objects.all() if not row.to_come and row.value_minor] == [], step
    broken = [shelves.broken(in_order=False), *(checks.run("I", [one]).examples for one in on_way.INCOMING[:-1])]
    assert [found for found in broken if found] == [], step
