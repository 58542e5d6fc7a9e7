"""What a channel tells late, and what it ships itself: an awaited sale gets its prices and its address; a sale of which nothing
has to leave this house is sold when it is paid.
"""

from decimal import Decimal

import pytest

from apps.catalog import services as catalog
from apps.core import clock
from apps.core.models import Company
from apps.flows import cancel_order, ship_order, take_stock, verify, wiring
from apps.flows.place_orders import place_orders
from apps.flows.revise_order import revise
from apps.hub import connections
from apps.hub.contracts import Address, CustomerCard, StockChange, VariantCard
from apps.hub.models import Connection
from apps.inventory.models import StockLevel
from apps.ledger.models import Line
from apps.orders.models import Order, OrderHold, OrderLine
from apps.payments.models import Payment
from tests import builders

pytestmark = pytest.mark.django_db
WHERE = Address(
    name="高橋 直子", country="JP", line1="池田町4-12", city="西宮市", region="兵庫県", postal_code="6620911"
)


@pytest.fixture
def shop():
    wiring.forget()
    connections.forget()
    Company.objects.create(name="青葉堂")
    brand = builders.brand()
    channel = Connection.objects.create(brand=brand, connector="shopify", name="channel", created_at=clock.now())
    builders.location()
    catalog.take_cards(brand, [VariantCard(sku="CUP", title="Cup")])
    receipt = StockChange(
        document="R1", line=1, sku="CUP", kind="receipt", quantity=5, at=clock.now(), unit_cost=Decimal(400), currency="JPY"
    )  # fmt: skip
    assert take_stock.take([receipt], source=channel) == []
    return channel


def lines(units=2, price=1100, carriage=550):
    item = builders.line_draft(
        1, sku="CUP", quantity=units, unit_price=Decimal(price), external_id="i1", tax_rate_bp=1000
    )
    fee = builders.line_draft(2, kind="shipping", unit_price=Decimal(carriage), external_id="shipping")
    return (item, fee) if carriage else (item,)


def draft(version=1, *, awaits="PENDING", told=None, **facts):
    """As such a channel tells it: without prices and address at first."""
    said = {"version": version, "payment_method": "prepaid", "awaits": awaits, "customer": None, "ship_to": None}
    if not awaits:
        said |= {"customer": CustomerCard(name="高橋"), "ship_to": WHERE}
    told = told or (lines(price=0, carriage=0) if awaits else lines())
    return builders.order_draft(*told, external_id="A1", number="A1", **(said | facts))


def placed(shop, **facts):
    (order,) = place_orders([draft(**facts)], source=shop).orders
    return order


def again(shop, order, **facts):
    revise([draft(**facts)], source=shop)
    order.refresh_from_db()
    return order


def open_holds(order):
    return sorted(OrderHold.objects.filter(order=order, released_at=None).values_list("reason", flat=True))


def axes(order):
    return order.payment, order.allocation, order.is_held, order.total_minor


def faults():
    return {finding.id: finding.examples for finding in verify.verify() if not finding.is_ok}


def balance():
    sums = {}
    for account, debit, credit in Line.objects.values_list("account_id", "debit_minor", "credit_minor"):
        sums[account] = sums.get(account, 0) + debit - credit
    return {account: minor for account, minor in sums.items() if minor}


def test_its_units_are_promised_though_no_price_is_told(shop):
    order = placed(shop)
    order.refresh_from_db()

    assert axes(order) == ("not_required", "full", True, 0)
    assert open_holds(order) == ["awaits_channel", "no_address"]
    assert (StockLevel.objects.get().reserved, ship_order.ready_orders(9), Payment.objects.count()) == (2, [], 0)
    assert faults() == {}


def test_released_it_has_prices_address_and_money_and_goes_on(shop):
    order = again(shop, placed(shop), version=2, awaits="")

    assert (axes(order), open_holds(order)) == (("paid", "full", False, 2750), [])
    assert (order.customer.name, order.ship_to.line1, order.payment_method) == ("高橋", "池田町4-12", "prepaid")
    assert list(OrderLine.objects.filter(order=order).order_by("number").values_list("kind", "total_minor")) == [
        ("item", 2200),
        ("shipping", 550),
    ]
    assert ({"clearing": 2750, "advance": -2750}.items() <= balance().items(), faults()) == (True, {})
    assert ship_order.ready_orders(9) == [order]


def test_prices_may_come_before_it_is_released(shop):
    order = again(shop, placed(shop), version=2, told=lines(price=900))
    assert (axes(order), Payment.objects.get().captured_minor) == (("unpaid", "full", True, 2350), 0)
    order = again(shop, order, version=3, awaits="")
    assert (axes(order), Payment.objects.get().captured_minor, faults()) == (("paid", "full", False, 2750), 2750, {})


def test_tax_may_be_told_as_on_top_only_then(shop):
    item = builders.line_draft(1, sku="CUP", quantity=2, external_id="i1", tax_rate_bp=1000, tax_minor=220)
    order = again(shop, placed(shop), version=2, awaits="", told=(item,), prices_include_tax=False, total_minor=2420)
    assert (axes(order), order.added_tax_minor, faults()) == (("paid", "full", False, 2420), 220, {})


def test_without_an_address_it_stays_held(shop):
    order = again(shop, placed(shop), version=2, awaits="", ship_to=Address(name="高橋", country="JP"))
    assert (open_holds(order), order.is_held) == (["no_address"], True)


def test_an_address_that_was_told_is_kept(shop):
    order = again(
        shop, placed(shop, ship_to=WHERE), version=2, awaits="", ship_to=Address(country="JP", line1="another")
    )
    assert (order.ship_to.line1, open_holds(order)) == ("池田町4-12", [])


def test_other_units_than_promised_are_for_a_person(shop):
    order = again(shop, placed(shop), version=2, awaits="", told=lines(units=3))
    assert (open_holds(order), order.total_minor) == (["changed_at_channel"], 0)
    assert (StockLevel.objects.get().reserved, faults()) == (2, {})


# Nothing to leave


def elsewhere(version=1, **facts):
    line = builders.line_draft(1, kind="fee", sku="CUP", quantity=2, external_id="i1", tax_rate_bp=1000)
    said = {"customer": None, "ship_to": None, "payment_method": "prepaid"} | facts
    return builders.order_draft(line, external_id="F1", number="F1", version=version, **said)


def test_a_sale_that_the_channel_ships_itself_is_sold_and_done(shop):
    (order,) = place_orders([elsewhere()], source=shop).orders
    order.refresh_from_db()

    assert (order.lifecycle, order.payment, order.fulfilment, order.is_held) == ("closed", "paid", "unfulfilled", False)
    assert (StockLevel.objects.get().reserved, ship_order.ready_orders(9)) == (0, [])
    assert {"clearing": 2200, "sales": -2000, "output_tax": -200}.items() <= balance().items()
    assert ("advance" in balance(), faults()) == (False, {})


def test_one_that_is_not_paid_or_was_called_off_is_not_sold(shop):
    unpaid, gone = elsewhere(payment_method="card"), elsewhere(is_cancelled=True)
    place_orders([unpaid], source=shop)
    (order,) = place_orders(
        [builders.order_draft(*gone.lines, external_id="F2", payment_method="prepaid", is_cancelled=True)], source=shop
    ).orders
    order.refresh_from_db()
    assert (Order.objects.get(external_number="F1").lifecycle, order.lifecycle) == ("open", "cancelled")
    assert ("sales" in balance(), faults()) == (False, {})


def test_a_sale_that_is_done_cannot_be_called_off_any_more(shop):
    (order,) = place_orders([elsewhere()], source=shop).orders
    revise([elsewhere(version=2, is_cancelled=True)], source=shop)
    order.refresh_from_db()
    assert order.lifecycle == "closed"
    with pytest.raises(cancel_order.NotOpen):
        cancel_order.cancel(order, actor="rina")
