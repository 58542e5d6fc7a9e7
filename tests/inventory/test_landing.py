"""Landed cost is spread exactly, follows units that moved, and is cost of sales for those that are gone."""

import pytest

from apps.inventory.errors import Refused
from apps.inventory.models import LandedCost, LandedPart, StockLevel, TransferLine
from apps.ledger.models import Line
from tests import builders
from tests.flows.buying import arrive, come, land, ordered, sent
from tests.inventory import shelves
from tests.inventory.shelves import demand, level_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _shelves_keep_their_rules():
    yield
    assert shelves.broken() == []


def _book(account):
    rows = Line.objects.filter(account=account).values_list("debit_minor", "credit_minor")
    return sum(debit - credit for debit, credit in rows)


def _two(weights=(100, 300)):
    """Six cups at 50 and four pots at 25, just come."""
    cup, pot = (builders.variant(sku, weight_g=grams) for sku, grams in zip(("CUP", "POT"), weights, strict=True))
    order = ordered((cup, 6, "50"), (pot, 4, "25"))
    come(order, 6, 4)
    return cup, pot, order


@pytest.mark.parametrize(("basis", "parts"), [("value", [751, 250]), ("quantity", [601, 400]), ("weight", [334, 667])])
def test_a_bill_is_spread_over_what_came(basis, parts):
    cup, pot, order = _two()

    cost = land(1001, order, basis=basis)

    assert list(cost.parts.order_by("id").values_list("amount_minor", flat=True)) == parts
    assert [level_of(article).value_minor for article in (cup, pot)] == [300 + parts[0], 100 + parts[1]]
    assert (_book("payable_landed"), _book("inventory")) == (-1001, 1401)


def test_what_belongs_to_units_that_are_sold_is_cost_of_sales():
    cup, _, order = _two()
    shelves.ship(demand(cup, 4), 4)

    land(1000, order, basis="quantity")

    part = LandedPart.objects.get(line__variant=cup)
    assert (part.amount_minor, part.stock_minor, part.sold_minor) == (600, 200, 400)
    assert (level_of(cup).value_minor, _book("cogs")) == (100 + 200, 400)


def test_when_everything_is_sold_everything_is_cost_of_sales():
    cup, _, order = _two()
    shelves.ship(demand(cup, 6), 6)

    land(600, order, basis="quantity")

    assert (level_of(cup).value_minor, LandedPart.objects.get(line__variant=cup).sold_minor) == (0, 360)


def test_a_cost_goes_where_its_units_went():
    cup, _, order = _two()
    transfer = sent(cup, 4)
    arrive(transfer, 2)
    arrive(transfer, 1, lost="fell off")

    land(1000, order, basis="quantity")

    there = {level.location.code: level.value_minor for level in StockLevel.objects.filter(variant=cup)}
    assert there == {"main": 100 + 200, "shop": 100 + 200}
    assert TransferLine.objects.get().value_minor == 50 + 100
    assert LandedPart.objects.get(line__variant=cup).sold_minor == 100


def test_a_bill_for_several_receipts_is_one():
    cup = builders.variant("CUP")
    orders = [ordered((cup, 1, "10")), ordered((cup, 2, "10"))]
    come(orders[0], 1)
    come(orders[1], 2)

    cost = land(100, *orders, basis="quantity")

    assert list(cost.parts.order_by("id").values_list("amount_minor", flat=True)) == [33, 67]
    assert level_of(cup).value_minor == 130


def test_a_mistake_is_taken_back():
    cup, pot, order = _two()
    land(1001, order)
    land(-1001, order)

    assert [level_of(article).value_minor for article in (cup, pot)] == [300, 100]
    assert (_book("payable_landed"), _book("inventory"), _book("cogs")) == (0, 400, 0)


def test_no_value_falls_below_zero():
    cup, _, order = _two()

    cost = land(-10_000, order)

    assert level_of(cup).value_minor == 0
    assert sum(cost.parts.values_list("sold_minor", flat=True)) == -10_000 + 400
    assert (_book("inventory"), _book("payable_landed")) == (0, 10_000)


@pytest.mark.parametrize(
    ("amount", "basis", "words"),
    [
        (0, "value", "other than 0"),
        (10**13, "value", "other than 0"),
        (100, "weight", "No weight is known of POT"),
        (100, "charm", "Choose how to spread"),
    ],
)
def test_a_bill_that_cannot_be_spread_is_refused(amount, basis, words):
    *_, order = _two(weights=(100, None))

    with pytest.raises(Refused, match=words):
        land(amount, order, basis=basis)

    assert LandedCost.objects.count() == 0


def test_a_bill_needs_goods_and_value_needs_value():
    cup = builders.variant("CUP")
    order = ordered((cup, 1, "0"))
    with pytest.raises(Refused, match="No goods have come"):
        land(100, order)
    come(order, 1)
    with pytest.raises(Refused, match="cost nothing"):
        land(100, order)
