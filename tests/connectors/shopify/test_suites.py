"""The shared suites of what Shopify can do, against the stand-in."""

import base64
import hashlib
import hmac
import json
from decimal import Decimal

import pytest

from apps.connectors.shopify.settings import ShopifySettings
from tests.connectors.shopify.conftest import OSAKA, tag_of
from tests.connectors.stand import line, parcel_of
from tests.connectors.suites.calls import CallSuite
from tests.connectors.suites.catalogue import CatalogueSuite
from tests.connectors.suites.fulfilment import FulfilmentSuite
from tests.connectors.suites.orders import OrdersSuite
from tests.connectors.suites.price import PriceSuite
from tests.connectors.suites.stock import CompareAndSetSuite
from tests.connectors.suites.webhook import WebhookSuite


class TestOrders(OrdersSuite):
    slug = "shopify"

    @pytest.fixture
    def sell(self, place):
        return lambda: place(line("TEA", 2), line("", 1, "600", kind="shipping"))[1]

    @pytest.fixture
    def change(self, stand, ledger):
        def cancel(id):
            ((number,),) = ledger("SELECT number FROM shopify_order WHERE id = ?", int(id))
            stand.told("shopify/cancel", number=number)

        return cancel

    @pytest.fixture
    def strange(self, place, notice):
        sale, _id = place()
        body = json.loads(notice(sale.number)) | {"payment_gateway_names": ["moon dust"]}
        return "orders/create", json.dumps(body).encode()


class TestOrderCalls(CallSuite):
    @pytest.fixture
    def call(self, place):
        _sale, id = place()
        return lambda connector: connector.fetch_order(id)


class TestCatalogue(CatalogueSuite):
    slug = "shopify"

    @pytest.fixture
    def listed(self, connector, listing, ledger):
        if not ledger("SELECT 1 FROM shopify_variant WHERE sku = 'page-259'"):
            for number in range(260):
                listing(f"page-{number}")
        return [sku for (sku,) in ledger("SELECT sku FROM shopify_variant")]


class TestCatalogueCalls(CallSuite):
    @pytest.fixture
    def call(self):
        return lambda connector: list(connector.variants())


class TestStock(CompareAndSetSuite):
    slug = "shopify"

    @pytest.fixture
    def shelf(self, listing):
        return lambda count: [listing() for _ in range(count)]

    @pytest.fixture
    def shows(self, ledger):
        return lambda id: ledger("SELECT available FROM shopify_shown WHERE item = ?", int(id))[0][0]

    @pytest.fixture
    def buy(self, place, ledger):
        def some(id, units):
            ((sku,),) = ledger("SELECT sku FROM shopify_variant WHERE item = ?", int(id))
            place(line(sku, units))

        return some


class TestPrices(PriceSuite):
    slug = "shopify"

    @pytest.fixture
    def tags(self, listing):
        return lambda count: [tag_of(listing().sku) for _ in range(count)]

    @pytest.fixture
    def costs(self, ledger):
        return lambda id: Decimal(ledger("SELECT price FROM shopify_variant WHERE id = ?", int(id))[0][0])


class TestPriceCalls(CallSuite):
    @pytest.fixture
    def call(self, listing):
        tag = tag_of(listing().sku)
        return lambda connector: connector.set_prices([tag], "key")


class TestStockElsewhere(TestStock):
    """The same at the second location of a connection."""

    @pytest.fixture
    def connector(self, everywhere):
        return everywhere

    @pytest.fixture
    def shelf(self, listing):
        return lambda count: [listing(elsewhere=30) for _ in range(count)]

    @pytest.fixture
    def shows(self, ledger):
        return lambda id: ledger("SELECT available FROM shopify_elsewhere WHERE item = ?", int(id))[0][0]

    @pytest.fixture
    def buy(self, stand, ledger):
        def some(id, units):
            ((sku,),) = ledger("SELECT sku FROM shopify_variant WHERE item = ?", int(id))
            stand.told("shopify/edit_stock", sku=sku, delta=-units, location=OSAKA)

        return some


class TestStockCalls(CallSuite):
    @pytest.fixture
    def call(self, listing):
        listing()
        return lambda connector: list(connector.shown_stock())


class TestFulfilment(FulfilmentSuite):
    slug = "shopify"

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
    slug = "shopify"
    window_seconds = None

    @pytest.fixture
    def secret(self):
        return "hush-hush-hush"

    @pytest.fixture
    def keys(self, secret):
        return ShopifySettings(webhook_secret=secret)

    @pytest.fixture
    def rotated(self, secret):
        return ShopifySettings(webhook_secret="a new one", webhook_secret_old=secret)

    @pytest.fixture
    def strangers(self):
        return ShopifySettings(webhook_secret="another")

    @pytest.fixture
    def header(self):
        return "x-shopify-hmac-sha256"

    @pytest.fixture
    def body(self):
        return b'{"id":1001,"name":"#1001","line_items":[]}'

    @pytest.fixture
    def sign(self, secret):
        def headers(body, event="1"):
            digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
            return {
                "x-shopify-hmac-sha256": base64.b64encode(digest).decode(),
                "x-shopify-topic": "orders/create",
                "x-shopify-event-id": f"98880550-7158-44d4-b7cd-2c97c8a0910{event}",
                "x-shopify-triggered-at": "2026-11-23T01:00:00.123456789Z",
            }

        return headers
