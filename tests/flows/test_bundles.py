"""A set is sold, packed, called off and taken back as its components, and each of these is counted once."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection, transaction

from apps.catalog.models import Component
from apps.channels import services as channels
from apps.channels.models import Listing
from apps.core.states import Cause
from apps.flows import cancel_order, receive_return, ship_order, verify, wiring
from apps.flows.place_orders import place_orders
from apps.hub.contracts import ReturnDraft, ReturnLineDraft, VariantCard
from apps.inventory import leases
from apps.inventory import queries as inventory
from apps.inventory.models import Demand, Lease, StockLevel
from apps.ledger.models import Entry
from apps.orders.models import Order
from apps.shipping import packing
from apps.shipping.models import ShipmentLine
from apps.shipping.packing import Scan
from tests import builders
from tests.builders import line_draft, order_draft

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(settings):
    """GIFT is two cups and a pot, PAIR two cups; seven cups at 100 and two pots at 1,000 lie there."""
    settings.SANDBOX_ADDRESS = ""
    wiring.forget()
    cup, pot = builders.variant("CUP", barcode="4900000000017"), builders.variant("POT")
    builders.bundle("GIFT", (cup, 2), (pot, 1))
    builders.bundle("PAIR", (cup, 2))
    builders.stock(cup, 7, unit_cost="100")
    builders.stock(pot, 2, unit_cost="1000")
    yield builders.connection("shopify")
    wiring.forget()


def _sell(shop, number, *lines, **facts):
    drafts = [line_draft(at, sku=sku, quantity=units) for at, (sku, units) in enumerate(lines, start=1)]
    facts = {"payment_method": "prepaid"} | facts
    draft = order_draft(*drafts, external_id=f"x{number}", number=f"#{number}", **facts)
    return place_orders([draft], source=shop).orders[0]


def _shelf():
    rows = StockLevel.objects.order_by("variant__sku").values_list("variant__sku", "on_hand", "reserved", "backordered")
    return {sku: numbers for sku, *numbers in rows}


def _broken():
    """All but the book: the opening stock of builders is not in it."""
    return {row.id: row.examples for row in verify.verify() if not row.is_ok and row.id != "I12"}


def test_two_lines_that_share_a_component_count_it_once(shop):
    order = _sell(shop, 1, ("GIFT", 2), ("PAIR", 1), ("CUP", 3))

    assert _shelf() == {"CUP": [7, 7, 2], "POT": [2, 2, 0]}  # 4 + 2 + 3 are wanted and 7 lie there, each promised once
    assert (order.allocation, order.was_short) == ("partial", True)
    assert sorted(Demand.objects.values_list("quantity", "per_unit", "allocated")) == [
        (2, 1, 2), (2, 2, 2), (3, 1, 1), (4, 2, 4),
    ]  # fmt: skip
    assert _broken() == {}


def test_a_set_counts_as_promised_when_all_of_it_is(shop):
    order = _sell(shop, 1, ("GIFT", 3))  # cups for three, pots for two

    assert (order.allocation, _shelf()["CUP"]) == ("partial", [7, 6, 0])
    builders.stock(StockLevel.objects.get(variant__sku="POT").variant, 1, unit_cost="1000")
    assert inventory.standing([order.id])[order.id] == inventory.Standing(wanted=3, promised=3)


def test_units_called_off_are_whole_sets_and_go_to_who_waits(shop):
    gifts = _sell(shop, 1, ("GIFT", 3))
    cups = _sell(shop, 2, ("CUP", 4))
    line = gifts.lines.get()

    with transaction.atomic():
        cancel_order.cancel_units({line.id: 2}, [line], cause=Cause("hana"))

    assert _shelf() == {"CUP": [7, 6, 0], "POT": [2, 1, 0]}
    assert [Order.objects.get(id=row.id).allocation for row in (gifts, cups)] == ["full", "full"]
    assert _broken() == {}


def test_a_set_is_packed_shipped_and_taken_back_by_its_components(shop):
    order = _sell(shop, 1, ("GIFT", 2))
    (shipment,) = ship_order.plan([order], actor="hana")
    codes = ["4900000000017", "CUP", "CUP", "CUP", "CUP", "GIFT", "POT", "POT"]

    outcomes = [packing.scan(shipment.id, code).outcome for code in codes]
    ship_order.confirm(shipment, actor="hana")
    sold = Entry.objects.get(event="shipment.shipped")
    back = ReturnLineDraft(number=1, sku="GIFT", quantity=1, amount_minor=1100, order_number="#1")
    receive_return.receive(
        ReturnDraft(external_id="r1", at=builders.PLACED, currency="JPY", lines=(back,)), source=shop
    )

    counted, enough = Scan.COUNTED, Scan.ENOUGH
    assert outcomes == [counted, counted, counted, counted, enough, enough, counted, counted]
    assert ShipmentLine.objects.get().packed == 2
    assert sold.lines.get(account="cogs").debit_minor == 2400
    assert _shelf() == {"CUP": [5, 0, 0], "POT": [1, 0, 0]}
    assert StockLevel.objects.get(variant__sku="CUP").value_minor == 500
    assert _broken() == {}


def test_a_channel_is_offered_the_sets_that_lie_there_and_hears_when_a_part_changes(shop):
    ids = {row.sku: row.id for row in builders.Variant.objects.all()}
    channels.take_cards(shop, [VariantCard(sku=sku, title=sku, external_id=sku) for sku in ids], ids)
    Listing.objects.update(is_dirty=False)
    offered = {sku: channels.sellable([ids[sku]])[ids[sku]] for sku in ("CUP", "POT", "GIFT", "PAIR")}

    channels.mark_dirty([ids["POT"]])

    assert offered == {"CUP": 7, "POT": 2, "GIFT": 2, "PAIR": 3}
    assert sorted(Listing.objects.filter(is_dirty=True).values_list("sku", flat=True)) == ["GIFT", "POT"]


def test_a_set_takes_free_units_and_leaves_the_lease_of_its_channel_alone(shop):
    cup = builders.Variant.objects.get(sku="CUP")
    leases.hold({(cup.id, shop.id): 6}, actor="test", cause=builders.some_id())

    order = _sell(shop, 1, ("PAIR", 1))

    assert (order.allocation, Lease.objects.get().units, _shelf()["CUP"]) == ("none", 6, [7, 1, 1])
    assert channels.sellable([builders.Variant.objects.get(sku="PAIR").id]).popitem()[1] == 0


@pytest.mark.parametrize(("whole", "part"), [("SET", "GIFT"), ("CUP", "SET")])
def test_a_set_within_a_set_is_refused_by_the_table(shop, whole, part):
    builders.variant("SET")
    by_sku = {row.sku: row for row in builders.Variant.objects.all()}

    with pytest.raises(IntegrityError, match="cannot be a bundle"), transaction.atomic():
        Component.objects.create(bundle=by_sku[whole], variant=by_sku[part])


@pytest.mark.django_db(transaction=True)
def test_of_two_who_make_each_other_a_part_one_is_refused():
    ring = [builders.variant(sku) for sku in ("A", "B", "C")]
    gate = threading.Barrier(3)

    def compose(at):
        try:
            with transaction.atomic():
                gate.wait()
                Component.objects.create(bundle=ring[at], variant=ring[(at + 1) % 3])
            return True
        except IntegrityError:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        made = list(pool.map(compose, range(3)))

    assert (sorted(made), Component.objects.count()) == ([False, False, True], 1)
