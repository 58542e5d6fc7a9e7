"""One sale from a real Vendure server through the whole house and back: polled, placed, packed, and told to have left."""

from decimal import Decimal

import pytest

from apps.channels.models import Listing
from apps.core.models import Company
from apps.flows import announce, dispatch, poll_orders, push_stock, ship_order, take_listings, wiring
from apps.hub import connections, delivery
from apps.hub.contracts import Label
from apps.hub.models import Delivery, InboxEvent
from apps.inventory import shelf
from apps.inventory.models import StockLevel
from apps.inventory.shelf import ReceiptRow
from apps.orders.models import Order
from apps.shipping.models import Parcel
from tests import builders

pytestmark = [pytest.mark.real, pytest.mark.django_db]


@pytest.fixture
def article(shop):
    return shop.article(price=1100, stock=0)


@pytest.fixture
def channel(facts, article, shop):
    """The real server as a connection, its article linked, five of it on our shelf."""
    wiring.forget()
    connections.forget()
    Company.objects.create(name="青葉堂")
    builders.location()
    plain = {name: value for name, value in facts.items() if name != "api_key"} | {"refund_wait_seconds": 0}
    made = connections.create(
        brand=builders.brand(),
        connector="vendure",
        name="Vendure",
        settings=plain,
        secrets={"api_key": facts["api_key"]},
    )
    variant = builders.variant(shop.skus()[article])
    builders.stock(variant, 5)
    take_listings.refresh(made)
    yield made
    connections.forget()


def look(channel):
    """Poll the server and take in what came; what the house has to say about it goes out. Nothing of other tests."""
    poll_orders.read_until(channel, "orders", channel.created_at + poll_orders.OVERLAP)
    poll_orders.poll(channel)
    settle()


def taken(sold):
    """Our order of theirs."""
    return Order.objects.get(external_number=sold["code"])


def settle():
    for _ in range(10):
        while dispatch.drain("test"):
            pass
        while announce.announce():
            pass
        push_stock.build()
        claimed = delivery.claim(100)
        for item in claimed:
            delivery.make(item)
        if not claimed:
            return


def level():
    (row,) = StockLevel.objects.all()
    return row.on_hand, row.reserved


def calls(channel):
    return sorted(Delivery.objects.filter(connection=channel).values_list("operation", "status"))


def leave(order, number):
    """It is packed and carried away."""
    (shipment,) = ship_order.plan([order], actor="hana")
    parcel = Parcel.objects.get(shipment=shipment)
    label = Label(
        reference=f"{shipment.number}-1", label_id="L1", tracking_number=number, carrier="ヤマト運輸", service="",
        cost_minor=600, currency="JPY",
    )  # fmt: skip
    ship_order.take_labels([(parcel.id, label)], actor="test")
    shipment.refresh_from_db()
    assert ship_order.confirm(shipment, actor="hana")
    settle()


def test_a_sale_from_its_checkout_to_its_parcel(channel, article, shop):
    settle()
    assert shop.saleable(article) == 5  # what lies on our shelf is what people can buy
    sold = shop.buy({article: 2}, method="paypal", state="Settled")
    look(channel)
    order = taken(sold)
    assert (order.external_number, order.total_minor, order.payment, order.allocation) == (
        sold["code"], 2860, "paid", "full",
    )  # fmt: skip
    assert (level(), shop.saleable(article)) == ((5, 2), 3)
    leave(order, "4000-0001")
    order.refresh_from_db()
    assert (order.fulfilment, level()) == ("shipped", (3, 0))
    ((told),) = shop.order(sold["id"])["fulfillments"]
    assert (told["state"], told["trackingCode"], told["method"]) == ("Shipped", "4000-0001", "ヤマト運輸")
    assert (shop.order(sold["id"])["state"], shop.saleable(article)) == ("Shipped", 3)
    look(channel)  # what we told comes back as a change of theirs, and changes nothing
    order.refresh_from_db()
    assert (order.is_held, Order.objects.count()) == (False, 1)
    assert InboxEvent.objects.exclude(status="done").count() == 0
    assert {status for _operation, status in calls(channel)} == {"sent"}


def test_a_sale_that_is_called_off_there_is_called_off_here(channel, article, shop):
    settle()
    sold = shop.buy({article: 3}, method="paypal", state="Settled")
    look(channel)
    assert level() == (5, 3)
    shop.cancel(sold["id"])
    look(channel)
    order = taken(sold)
    assert (order.lifecycle, level(), shop.saleable(article)) == ("cancelled", (5, 0), 5)


def test_units_that_are_refunded_there_are_called_off_here(channel, article, shop):
    settle()
    sold = shop.buy({article: 3}, method="paypal", state="Settled")
    look(channel)
    shop.cancel(sold["id"], {article: 1})
    shop.refund(sold["id"], 1100)
    look(channel)
    order = taken(sold)
    assert (order.lifecycle, order.is_held, level(), shop.saleable(article)) == ("open", False, (5, 2), 3)


def test_stock_that_comes_in_is_for_sale_there(channel, article, shop):
    settle()
    (listing,) = Listing.objects.filter(variant__isnull=False)
    row = ReceiptRow(number=1, variant=listing.variant_id, quantity=4, unit_cost=Decimal(400))
    shelf.receive(
        "R-9", [row], location=builders.location(), source=None, at=builders.PLACED, currency="JPY", actor="test"
    )
    settle()
    assert (level(), shop.saleable(article)) == ((9, 0), 9)
