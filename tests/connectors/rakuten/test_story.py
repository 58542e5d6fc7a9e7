"""A sale at Rakuten from end to end: asked for, confirmed by us, released by Rakuten, packed, and told of once."""

import pytest

from apps.channels.models import Listing
from apps.core.models import Company
from apps.flows import announce, confirm_order, dispatch, poll_orders, push_stock, ship_order, take_listings, wiring
from apps.hub import connections, delivery
from apps.hub.contracts import Label
from apps.hub.models import Delivery
from apps.orders.models import Order, OrderHold
from apps.payments.models import Payment
from apps.sandbox.words import Article, plain
from apps.shipping.models import Parcel
from tests import builders
from tests.connectors.rakuten.conftest import KEY, SECRET, sale_of
from tests.connectors.stand import line

pytestmark = pytest.mark.django_db


@pytest.fixture
def sku(request):
    """An article of the test's own: the stand-in's shop is shared."""
    return f"TEA-{request.node.name[-20:]}"


@pytest.fixture
def mall(stand, sku):
    """A connection to the stand-in's shop, which lists the article; five lie on the shelf."""
    wiring.forget()
    connections.forget()
    Company.objects.create(name="青葉堂")
    builders.stock(builders.variant(sku), 5)
    stand.told("rakuten/setup", service_secret=SECRET, license_key=KEY)
    article = Article(sku=sku, title="煎茶", price=1200, currency="JPY", shown=50)
    stand.told("rakuten/list_variants", variants=plain([article]))
    row = connections.create(
        brand=builders.brand(), connector="rakuten", name="楽天市場店",
        settings={"base_url": stand.url("rakuten"), "calls_a_second": 0},
        secrets={"service_secret": SECRET, "license_key": KEY},
    )  # fmt: skip
    take_listings.refresh(row)
    return row


def work():
    """What the lanes do, until nothing is left to do."""
    while dispatch.drain("test") + announce.announce() + push_stock.build():
        for claimed in delivery.claim(worker="test"):
            delivery.make(claimed)
    for claimed in delivery.claim(worker="test"):
        delivery.make(claimed)
        work()


def listen(mall):
    poll_orders.poll(mall)
    work()


def test_a_sale_is_confirmed_waits_for_rakuten_and_leaves_once(mall, stand, sku):
    work()
    assert (Listing.objects.get(sku=sku).shown, stand.told("rakuten/shown")["shown"][sku]) == (5, 5)
    sale = sale_of(line(sku, 2), line("", 1, "600", kind="shipping"))
    stand.told("rakuten/place_orders", sales=plain([sale]))

    listen(mall)
    order = Order.objects.get(external_number=sale.number)
    assert (order.allocation, order.payment, order.is_held) == ("full", "unpaid", True)
    assert [(row.operation, row.status) for row in Delivery.objects.filter(order_ref=order.id)] == [
        (confirm_order.OPERATION, "sent")
    ]
    assert order not in ship_order.ready_orders(9)

    assert stand.told("rakuten/pay", number=sale.number) == {"paid": True}
    listen(mall)
    order.refresh_from_db()
    assert (order.payment, order.is_held, Payment.objects.get(order=order).captured_minor) == ("paid", False, 3000)
    assert OrderHold.objects.filter(order=order, released_at=None).count() == 0

    assert order in ship_order.ready_orders(9)
    (shipment,) = ship_order.plan([order], actor="test")
    parcel = Parcel.objects.get(shipment=shipment)
    label = Label(
        reference=f"{shipment.number}-1", label_id="l-1", tracking_number="400012345678", carrier="yamato", service="",
        cost_minor=0, currency="JPY",
    )  # fmt: skip
    ship_order.take_labels([(parcel.id, label)], actor="test")
    assert ship_order.confirm(shipment, actor="test")
    work()
    told = [one for one in stand.told("rakuten/told")["fulfilments"] if one["order"] == sale.number]
    assert [(one["order"], one["number"], one["company"]) for one in told] == [(sale.number, "400012345678", "1001")]
    assert stand.told("rakuten/shown")["shown"][sku] == 3


def test_what_rakuten_does_not_let_us_confirm_waits_for_a_person(mall, stand, sku):
    sale = sale_of(line(sku), line("", 1, "600", kind="shipping"))
    stand.told("rakuten/place_orders", sales=plain([sale]))
    stand.told("rakuten/leave_open", number=sale.number)

    listen(mall)
    order = Order.objects.get(external_number=sale.number)
    holds = OrderHold.objects.filter(order=order, released_at=None).order_by("reason")
    assert [(hold.reason, hold.detail) for hold in holds] == [
        ("awaits_channel", "100 注文確認待ち (未確定: 送料・請求金額)"),
        ("not_confirmed", "指定された注文番号は金額が未設定です。 ORDER_EXT_API_CONFIRM_ORDER_ERROR_105"),
    ]
    assert (order.total_minor, Payment.objects.get(order=order).captured_minor) == (1200, 0)

    stand.told("rakuten/leave_open", number=sale.number, is_open=False)
    confirmed = connections.live(mall.id).connector().confirm_orders(
        delivery.words_of(Delivery.objects.get(operation=confirm_order.OPERATION, order_ref=order.id)), "by hand"
    )  # fmt: skip
    assert confirmed[0].is_confirmed
    stand.told("rakuten/pay", number=sale.number)
    listen(mall)
    order.refresh_from_db()
    assert (order.total_minor, order.payment, order.is_held) == (1800, "paid", False)
