"""A shop on WooCommerce from its catalogue to its parcels, with the real connector and the stand-in over HTTP."""

import base64
import hashlib
import hmac
import sqlite3
from decimal import Decimal

import pytest

from apps.connectors.woocommerce import webhook
from apps.core import clock, net
from apps.core.models import Company
from apps.flows import announce, dispatch, fetch_hinted, poll_orders, push_stock, ship_order, take_listings, wiring
from apps.hub import connections, delivery, inbox
from apps.hub.models import Delivery, InboxEvent
from apps.inventory.models import Demand
from apps.orders.models import Order, Return
from apps.sandbox.words import Article, plain
from tests import builders
from tests.connectors.stand import Stand, line
from tests.connectors.woocommerce.conftest import sale_of

pytestmark = pytest.mark.django_db
KEYS = {"consumer_key": "ck_1", "consumer_secret": "cs_1", "webhook_secret": "hush"}


@pytest.fixture
def stand(tmp_path, settings):
    with Stand(tmp_path) as stand:
        settings.PRIVATE_PEERS = stand.peers()
        stand.told("woocommerce/setup", **KEYS)
        yield stand
        net.close()


@pytest.fixture
def shop(stand):
    """Ten of an article and ten of a variation on the shelf; the shop lists both and shows none yet."""
    wiring.forget()
    connections.forget()
    Company.objects.create(name="青葉堂")
    for sku in ("TEA", "10001A"):
        builders.stock(builders.variant(sku), 10)
    articles = [Article(sku=sku, title=sku, price=Decimal(1200), currency="JPY") for sku in ("TEA", "10001A", "GONE")]
    stand.told("woocommerce/list_variants", variants=plain(articles))
    made = connections.create(
        brand=builders.brand(), connector="woocommerce", name="Woo", settings={"shop_url": stand.url("woocommerce")},
        secrets=KEYS,
    )  # fmt: skip
    take_listings.refresh(made)
    return made


def work():
    """Everything that is due, until nothing is."""
    while True:
        announce.announce()
        push_stock.build()
        calls = delivery.claim(100, worker="test")
        for call in calls:
            delivery.make(call)
        if not (dispatch.drain("test") + fetch_hinted.fetch("test") + len(calls)):
            return


def hear(stand, shop):
    """The notices that the shop has queued (it was told of no hook) come in, signed as it signs."""
    with sqlite3.connect(f"{stand.folder}/world.sqlite") as db:
        rows = db.execute(
            "UPDATE notice SET state = 'sent' WHERE hook = 'woocommerce' AND state != 'sent' RETURNING seq, topic, body"
        ).fetchall()
    for _seq, topic, body in sorted(rows):
        digest = base64.b64encode(hmac.new(b"hush", body, hashlib.sha256).digest()).decode()
        headers = {"x-wc-webhook-topic": topic, "x-wc-webhook-signature": digest}
        webhook.verify(headers, body, connections.live(shop.id).settings, now=clock.wall())
        inbox.store(shop.id, webhook.events(headers, body, received_at=clock.now()), origin="hook")
    work()


def buy(stand, *lines, **facts):
    sale = sale_of(*lines, **facts)
    stand.told("woocommerce/place_orders", sales=plain([sale]))
    return sale


def shown(stand):
    return stand.told("woocommerce/shown")["shown"]


def axes(number):
    order = Order.objects.get(external_number=number)
    return order.payment, order.allocation, order.fulfilment, order.lifecycle, order.is_held


def test_what_is_free_is_shown_and_follows_each_sale(stand, shop):
    work()
    assert shown(stand) == {"10001A": 10, "GONE": 0, "TEA": 10}
    buy(stand, line("TEA", 3), line("10001A", 2))
    hear(stand, shop)
    assert shown(stand) == {"10001A": 8, "GONE": 0, "TEA": 7}
    assert sorted(Demand.objects.values_list("allocated", flat=True)) == [2, 3]
    assert set(Delivery.objects.values_list("operation", "status")) == {("stock.set", "sent")}


def test_a_parcel_completes_the_order_there(stand, shop):
    work()
    sale = buy(stand, line("TEA", 3), line("", 1, "600", kind="shipping"))
    poll_orders.poll(shop)
    work()
    assert axes(sale.number) == ("on_delivery", "full", "unfulfilled", "open", False)
    (shipment,) = ship_order.plan(ship_order.ready_orders(10), actor="test")
    assert ship_order.confirm(shipment, actor="test")
    work()
    assert [(one["order"], one["units"]) for one in stand.told("woocommerce/told")["fulfilments"]] == [
        (sale.number, {"TEA": 3})
    ]
    hear(stand, shop)  # its own word that the order is completed now
    assert axes(sale.number)[2] == "shipped"
    assert not InboxEvent.objects.exclude(status="done").exists()


def test_units_that_are_refunded_are_free_again_as_soon_as_a_notice_hints_at_it(stand, shop):
    work()
    sale = buy(stand, line("TEA", 3))
    hear(stand, shop)
    stand.told("woocommerce/refund", number=sale.number, units={"TEA": 2})
    hear(stand, shop)
    (back,) = Return.objects.all()
    assert [(one.cancelled, one.unmatched) for one in back.lines.all()] == [(2, 0)]
    assert shown(stand)["TEA"] == 9
