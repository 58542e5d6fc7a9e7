"""The shared suites of what WooCommerce can do, against the stand-in."""

import base64
import hashlib
import hmac
import json
from decimal import Decimal
from itertools import count

import pytest

from apps.connectors.woocommerce.settings import WooCommerceSettings
from tests.connectors.stand import line, parcel_of
from tests.connectors.suites.calls import CallSuite
from tests.connectors.suites.catalogue import CatalogueSuite
from tests.connectors.suites.fulfilment import FulfilmentSuite
from tests.connectors.suites.orders import OrdersSuite
from tests.connectors.suites.price import PriceSuite
from tests.connectors.suites.stock import AbsoluteSuite
from tests.connectors.suites.webhook import WebhookSuite
from tests.connectors.woocommerce.conftest import tag_of

FAMILIES = 13
_families = count(61000)


class TestOrders(OrdersSuite):
    slug = "woocommerce"

    @pytest.fixture
    def sell(self, place):
        return lambda: place(line("TEA", 2), line("", 1, "600", kind="shipping"))[1]

    @pytest.fixture
    def change(self, stand, ledger):
        def cancel(id):
            ((number,),) = ledger("SELECT number FROM woocommerce_book WHERE id = ?", int(id))
            stand.told("woocommerce/cancel", number=number)

        return cancel

    @pytest.fixture
    def strange(self, place, notice):
        sale, _id = place()
        body = json.loads(notice(sale.number)) | {"payment_method": "moon dust"}
        return "order.created", json.dumps(body).encode()


class TestPolledOrders(TestOrders):
    """The same, where the order of an unknown word was polled."""

    @pytest.fixture
    def strange(self, connector, place):
        event = connector.fetch_order(place()[1])
        return event.topic, json.dumps(json.loads(event.raw) | {"payment_method": "moon dust"}).encode()


class TestOrderCalls(CallSuite):
    @pytest.fixture
    def call(self, place):
        _sale, id = place()
        return lambda connector: connector.fetch_order(id)


class TestCatalogue(CatalogueSuite):
    slug = "woocommerce"

    @pytest.fixture
    def listed(self, connector, listing, ledger):
        """More products than fit a page, one of them with more variations than fit one."""
        if not ledger("SELECT 1 FROM woocommerce_product WHERE sku = 'page-129'"):
            for number in range(130):
                listing(f"page-{number}")
            for number in range(FAMILIES):
                for letter in "ABC":
                    listing(f"{20000 + number}{letter}")
        return [sku for (sku,) in ledger("SELECT sku FROM woocommerce_product WHERE NOT has_variations")]


class TestCatalogueCalls(CallSuite):
    @pytest.fixture
    def call(self):
        return lambda connector: list(connector.variants())


class TestStock(AbsoluteSuite):
    slug = "woocommerce"

    @pytest.fixture
    def shelf(self, listing):
        return lambda count: [listing() for _ in range(count)]

    @pytest.fixture
    def shows(self, ledger):
        def shown(id):
            return ledger("SELECT shown FROM woocommerce_shown WHERE id = ?", int(id.rpartition("/")[2]))[0][0]

        return shown

    @pytest.fixture
    def buy(self, place, ledger):
        def some(id, units):
            ((sku,),) = ledger("SELECT sku FROM woocommerce_product WHERE id = ?", int(id.rpartition("/")[2]))
            place(line(sku, units))

        return some


class TestStockOfVariations(TestStock):
    """The same where each listing is a variation, each of a product of its own: one call a product."""

    families = iter(range(30_000, 90_000))

    @pytest.fixture
    def shelf(self, listing):
        return lambda count: [listing(f"{next(self.families)}A") for _ in range(count)]


class TestPrices(PriceSuite):
    slug = "woocommerce"

    @pytest.fixture
    def tags(self, listing):
        return lambda count: [tag_of(listing()) for _ in range(count)]

    @pytest.fixture
    def costs(self, ledger):
        def price(id):
            ((card,),) = ledger("SELECT card FROM woocommerce_shown WHERE id = ?", int(id))
            return Decimal(json.loads(card)["price"])

        return price


class TestPricesOfVariations(TestPrices):
    """The same where each listing is a variation."""

    @pytest.fixture
    def tags(self, listing):
        return lambda count: [tag_of(listing(f"{next(_families)}A")) for _ in range(count)]


class TestPriceCalls(CallSuite):
    @pytest.fixture
    def call(self, listing):
        tag = tag_of(listing())
        return lambda connector: connector.set_prices([tag], "key")


class TestStockCalls(CallSuite):
    @pytest.fixture
    def call(self, listing):
        listing()
        return lambda connector: list(connector.shown_stock())


class TestFulfilment(FulfilmentSuite):
    slug = "woocommerce"

    @pytest.fixture
    def packed(self, connector, place):
        def pack():
            sale, id = place(line("TEA", 3), line("CUP", 1, "800"), line("", 1, "600", kind="shipping"))
            return parcel_of(connector, sale, id)

        return pack


class TestFulfilmentCalls(CallSuite):
    @pytest.fixture
    def call(self, connector, place):
        parcel = parcel_of(connector, *place())
        return lambda one: one.find_fulfilment(parcel)


class TestWebhook(WebhookSuite):
    slug = "woocommerce"
    window_seconds = None
    has_ids = False  # a delivery id is neither unique nor stable nor signed: the body is the id

    @pytest.fixture
    def secret(self):
        return "hush-hush-hush"

    @pytest.fixture
    def keys(self, secret):
        return WooCommerceSettings(webhook_secret=secret)

    @pytest.fixture
    def rotated(self, secret):
        return WooCommerceSettings(webhook_secret="a new one", webhook_secret_old=secret)

    @pytest.fixture
    def strangers(self):
        return WooCommerceSettings(webhook_secret="another")

    @pytest.fixture
    def header(self):
        return "x-wc-webhook-signature"

    @pytest.fixture
    def body(self):
        return b'{"id":1001,"number":"1001","status":"processing","line_items":[]}'

    @pytest.fixture
    def sign(self, secret):
        def headers(body, event="1"):
            digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
            return {
                "content-type": "application/json",
                "x-wc-webhook-topic": "order.created",
                "x-wc-webhook-resource": "order",
                "x-wc-webhook-event": "created",
                "x-wc-webhook-signature": base64.b64encode(digest).decode(),
                "x-wc-webhook-id": "11",
                "x-wc-webhook-delivery-id": f"4e085fa07698763ee63dc870aa79b7f{event}",
            }

        return headers
