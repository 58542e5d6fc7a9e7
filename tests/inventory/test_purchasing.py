"""A purchase order is drafted, placed and ends; what is to come is incoming; what makes no sense is refused in words."""

from decimal import Decimal

import pytest

from apps.core.models import Company, StateMove
from apps.inventory import purchasing
from apps.inventory.errors import Refused
from apps.inventory.models import Location, PurchaseOrder, StockLevel, Supplier, SupplierItem
from apps.inventory.purchasing import Wish
from tests import builders
from tests.flows.buying import come, ordered, supplier
from tests.inventory import shelves
from tests.inventory.shelves import level_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _shelves_keep_their_rules():
    yield
    assert shelves.broken() == []


@pytest.fixture
def article():
    return builders.variant("CUP")


def _draft(*wishes, seller=None, rate=None):
    wanted = [Wish(variant=article.id, quantity=units, price=price) for article, units, price in wishes]
    return purchasing.draft(seller or supplier(), wanted, location=builders.location(), actor="hana", rate=rate)


def _incoming(article):
    return StockLevel.objects.get(variant=article).incoming


def test_a_draft_is_nothing_on_its_way_yet(article):
    order = _draft((article, 10, Decimal(5)))

    assert (order.state, order.number.startswith("PO-"), StockLevel.objects.count()) == ("draft", True, 0)


def test_a_placed_order_is_incoming_and_expected_after_the_lead_time(article):
    order = ordered((article, 10, "5"), lead_time_days=12)

    assert (_incoming(article), order.state) == (10, "ordered")
    assert (order.expected_on - purchasing.clock.business_date(order.ordered_at)).days == 12
    assert list(StateMove.objects.filter(subject=order.id).values_list("old", "new", "actor")) == [
        ("draft", "ordered", "hana")
    ]


def test_wishes_for_one_article_are_added_up_and_prices_come_from_the_list(article):
    seller = supplier()
    SupplierItem.objects.create(supplier=seller, variant=article, price=Decimal("12.5"))

    order = _draft((article, 3, None), (article, 4, None), seller=seller)

    assert list(order.lines.values_list("quantity", "price")) == [(7, Decimal("12.5"))]


def test_a_line_of_a_draft_is_added_changed_and_taken_away(article):
    order, other = _draft((article, 3, Decimal(1))), builders.variant("POT")

    purchasing.put_line(order.id, Wish(variant=other.id, quantity=2, price=Decimal(9)))
    purchasing.put_line(order.id, Wish(variant=article.id, quantity=5))
    both = list(order.lines.order_by("number").values_list("variant__sku", "quantity", "price"))
    purchasing.put_line(order.id, Wish(variant=article.id, quantity=0))

    assert both == [("CUP", 5, 1), ("POT", 2, 9)]
    assert list(order.lines.values_list("variant__sku", flat=True)) == ["POT"]


@pytest.mark.parametrize("units", [-1, 0, purchasing.MOST_UNITS + 1, 4901234500013])
def test_units_that_cannot_be_right_are_refused(article, units):
    with pytest.raises(Refused, match=f"{units} units cannot be right"):
        _draft((article, units, Decimal(1)))

    assert PurchaseOrder.objects.count() == 0


@pytest.mark.parametrize("price", ["-0.01", "1e9", "NaN", "Infinity"])
def test_prices_that_cannot_be_right_are_refused(article, price):
    with pytest.raises(Refused, match="A price is not below 0"):
        _draft((article, 1, Decimal(price)))


def test_an_order_in_another_currency_needs_its_rate(article):
    Company.objects.create(name="Aobado", currency="JPY")
    seller = supplier("mill", currency="USD")
    order = _draft((article, 1, Decimal("2.50")), seller=seller)

    with pytest.raises(Refused, match="is in USD"):
        purchasing.place(order.id, actor="hana")
    for rate in (Decimal(0), Decimal(-1), Decimal("NaN")):
        with pytest.raises(Refused, match="must be above 0"):
            purchasing.set_rate(order.id, rate)
    purchasing.set_rate(order.id, Decimal("150.25"))

    assert purchasing.place(order.id, actor="hana").state == "ordered"


def test_an_empty_order_and_a_placed_one_cannot_be_placed(article):
    empty, order = _draft(), ordered((article, 1, "1"))

    with pytest.raises(Refused, match="no lines yet"):
        purchasing.place(empty.id, actor="hana")
    with pytest.raises(Refused, match="only a draft can be changed"):
        purchasing.place(order.id, actor="hana")
    with pytest.raises(Refused, match="only a draft can be changed"):
        purchasing.put_line(order.id, Wish(variant=article.id, quantity=1))


def test_nothing_is_ordered_of_a_supplier_or_for_a_place_that_is_switched_off(article):
    order = _draft((article, 1, Decimal(1)))
    Supplier.objects.update(is_active=False)
    with pytest.raises(Refused, match="kiln is switched off"):
        purchasing.place(order.id, actor="hana")
    Supplier.objects.update(is_active=True)
    Location.objects.update(is_active=False)
    with pytest.raises(Refused, match="main is closed"):
        purchasing.place(order.id, actor="hana")


def test_what_is_called_off_is_no_longer_incoming(article):
    order = ordered((article, 10, "5"))
    line = order.lines.get()

    purchasing.call_off(order.id, {line.id: 4}, actor="hana", reason="sold out there")

    assert _incoming(article) == 6
    assert PurchaseOrder.objects.get().state == "ordered"
    with pytest.raises(Refused, match="Only 6 of CUP are still to come"):
        purchasing.call_off(order.id, {line.id: 7}, actor="hana", reason="")
    with pytest.raises(Refused, match="how many"):
        purchasing.call_off(order.id, {line.id: -1}, actor="hana", reason="")
    assert _incoming(article) == 6


@pytest.mark.parametrize(("came", "state"), [(0, "cancelled"), (3, "closed")])
def test_an_order_of_which_nothing_more_comes_ends(article, came, state):
    order = ordered((article, 10, "5"))
    if came:
        come(order, came)

    purchasing.end(order.id, actor="hana", reason="they closed")

    assert (PurchaseOrder.objects.get().state, _incoming(article)) == (state, 0)
    with pytest.raises(Refused, match="Nothing of"):
        purchasing.end(order.id, actor="hana", reason="again")


def test_the_last_line_that_is_called_off_ends_an_order_that_had_not_begun(article):
    order = ordered((article, 2, "5"), (builders.variant(), 3, "1"))
    cups, others = order.lines.order_by("number")
    purchasing.call_off(order.id, {cups.id: 2}, actor="hana", reason="")
    come(order, 0, 3)

    assert (PurchaseOrder.objects.get().state, level_of(article).incoming) == ("closed", 0)
    assert others.receipts.get().quantity == 3


def test_a_draft_is_thrown_away(article):
    order = _draft((article, 10, Decimal(5)))

    assert purchasing.end(order.id, actor="hana", reason="").state == "cancelled"
