"""Orders that may leave from two places: each is decided once and says why, and no free unit is overlooked at either."""

from decimal import Decimal

import pytest

from apps.channels import services as channels
from apps.core import clock
from apps.flows import receive_return, ship_order, verify, wiring
from apps.flows.cancel_order import cancel
from apps.flows.place_orders import place_orders
from apps.hub.contracts import Address, ReturnDraft, ReturnLineDraft
from apps.inventory import shelf
from apps.inventory.leases import Leases
from apps.inventory.models import Demand, Lease, SourcingDecision, SourcingRule, StockLevel
from apps.inventory.shelf import ReceiptRow
from apps.orders.models import Order
from apps.shipping.models import Shipment
from tests import builders
from tests.builders import line_draft, order_draft

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(settings):
    settings.SANDBOX_ADDRESS = ""
    wiring.forget()
    builders.location(ship_from={"country": "JP", "region": "東京都"}, name="Tokyo")
    builders.location("osaka", ships_orders=True, ship_from={"country": "JP", "region": "大阪府"}, name="Osaka")
    for sku in ("CUP", "POT"):
        builders.variant(sku)
    yield builders.connection("shopify")
    wiring.forget()


def _receive(sku, units, place="main", cost="100"):
    row = ReceiptRow(number=1, variant=_id(sku), quantity=units, unit_cost=Decimal(cost))
    shelf.receive(
        f"R{builders.some_id()}", [row], location=builders.location(place), source=None, at=clock.now(), currency="JPY",
        actor="test", is_opening=True,
    )  # fmt: skip


def _id(sku):
    return builders.Variant.objects.get(sku=sku).id


def _sell(shop, number, *lines, region="京都府"):
    drafts = [line_draft(at, sku=sku, quantity=units) for at, (sku, units) in enumerate(lines, start=1)]
    draft = order_draft(
        *drafts, external_id=f"x{number}", number=f"#{number}", payment_method="prepaid",
        ship_to=Address(name="K", country="JP", region=region, line1="1"),
    )  # fmt: skip
    return place_orders([draft], source=shop).orders[0]


def _shelf():
    rows = StockLevel.objects.order_by("variant__sku", "location__code").exclude(on_hand=0, backordered=0)
    values = rows.values_list("variant__sku", "location__name", "on_hand", "reserved", "backordered")
    return {f"{sku} {place}": numbers for sku, place, *numbers in values}


def _said():
    return [[reason["code"] for reason in row.reasons] for row in SourcingDecision.objects.order_by("id")]


def _broken():
    return {row.id: row.examples for row in verify.verify() if not row.is_ok and row.id != "I12"}


def test_the_nearest_place_that_has_it_ships_and_the_order_says_so(shop):
    SourcingRule.objects.create(kind="nearest")
    _receive("CUP", 5)
    _receive("CUP", 5, "osaka")

    near, far = _sell(shop, 1, ("CUP", 2)), _sell(shop, 2, ("CUP", 2), region="北海道")

    assert _shelf() == {"CUP Tokyo": [5, 2, 0], "CUP Osaka": [5, 2, 0]}
    assert (near.allocation, far.allocation, channels.sellable([_id("CUP")])[_id("CUP")]) == ("full", "full", 6)
    assert _said() == [["from_one", "by_nearest"], ["from_one", "by_nearest"]]
    assert _broken() == {}


def test_a_split_order_becomes_a_shipment_of_each_place_and_comes_back_where_it_left(shop):
    _receive("CUP", 2, cost="100")
    _receive("CUP", 3, "osaka", cost="300")
    _receive("POT", 1, "osaka", cost="50")
    order = _sell(shop, 1, ("CUP", 4), ("POT", 1))

    shipments = ship_order.plan([order], actor="hana")
    for shipment in shipments:
        ship_order.confirm(shipment, actor="hana")
    back = ReturnLineDraft(number=1, sku="CUP", quantity=4, amount_minor=4400, order_number="#1")
    receive_return.receive(ReturnDraft(external_id="r", at=builders.PLACED, currency="JPY", lines=(back,)), source=shop)

    assert len(shipments) == len({row.location_ref for row in Shipment.objects.all()}) == 2
    assert Order.objects.get().fulfilment == "shipped"
    assert _shelf() == {"CUP Tokyo": [2, 0, 0], "CUP Osaka": [3, 0, 0]}
    assert sorted(StockLevel.objects.filter(on_hand__gt=0).values_list("value_minor", flat=True)) == [200, 900]
    assert _broken() == {}


def test_who_waits_at_one_place_is_served_by_what_comes_in_at_another(shop):
    _receive("CUP", 1)
    _receive("CUP", 1, "osaka")
    first, second = _sell(shop, 1, ("CUP", 3)), _sell(shop, 2, ("CUP", 1))
    assert _shelf() == {"CUP Tokyo": [1, 1, 2], "CUP Osaka": [1, 1, 0]}

    _receive("CUP", 1, "osaka")  # serves what has waited longest, wherever it waits
    cancel(Order.objects.get(id=first.id), actor="hana")

    assert _shelf() == {"CUP Tokyo": [1, 1, 0], "CUP Osaka": [2, 0, 0]}
    assert Order.objects.get(id=second.id).allocation == "full"
    assert sum(Demand.objects.filter(group=first.id).values_list("quantity", flat=True)) == 3
    assert _said()[-1] == ["moved"]
    assert _broken() == {}


def test_an_order_that_may_not_be_split_waits_though_units_lie_elsewhere(shop):
    SourcingRule.objects.create(kind="most_parcels", number=1)
    _receive("CUP", 1)
    _receive("CUP", 2, "osaka")

    order = _sell(shop, 1, ("CUP", 3))
    _receive("CUP", 1)

    assert _shelf() == {"CUP Tokyo": [2, 0, 0], "CUP Osaka": [2, 2, 1]}
    assert (Order.objects.get(id=order.id).allocation, channels.sellable([_id("CUP")])[_id("CUP")]) == ("partial", 2)
    assert _said() == [["from_one", "holds_most", "too_many_parcels"]]
    assert _broken() == {}


def test_a_lease_may_lie_at_two_places_and_its_channel_sells_all_of_it(shop):
    _receive("CUP", 2)
    _receive("CUP", 3, "osaka")
    key = (_id("CUP"), shop.id)
    held, _ = Leases([_id("CUP")], actor="test").hold({key: 5}, cause=builders.some_id())
    other = _sell(builders.connection("shopify"), 1, ("CUP", 1))

    order = _sell(shop, 2, ("CUP", 4))

    assert (held, other.allocation, order.allocation) == ({key: 5}, "none", "full")
    assert sum(Lease.objects.values_list("units", flat=True)) == 1


def test_a_place_that_ships_no_orders_is_not_offered(shop):
    builders.location("shop front", name="Front")
    _receive("CUP", 4, "shop front")
    _receive("CUP", 1)

    order = _sell(shop, 1, ("CUP", 2))

    assert (channels.sellable([_id("CUP")])[_id("CUP")], order.allocation) == (0, "partial")


def test_a_set_is_offered_and_sold_whole_from_each_place(shop):
    cup, pot = (builders.Variant.objects.get(sku=sku) for sku in ("CUP", "POT"))
    gift = builders.bundle("GIFT", (cup, 2), (pot, 1))
    for place, cups, pots in (("main", 3, 5), ("osaka", 3, 1)):
        _receive("CUP", cups, place)
        _receive("POT", pots, place)
    offered = channels.sellable([gift.id])[gift.id]

    order = _sell(shop, 1, ("GIFT", 2))

    assert (offered, order.allocation, channels.sellable([gift.id])[gift.id]) == (2, "full", 0)
    assert _shelf() == {
        "CUP Tokyo": [3, 2, 0], "CUP Osaka": [3, 2, 0], "POT Tokyo": [5, 1, 0], "POT Osaka": [1, 1, 0],
    }  # fmt: skip
    assert len(ship_order.plan([order], actor="hana")) == 2
    assert _broken() == {}
