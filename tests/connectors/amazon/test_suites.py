"""The shared suites of what Amazon can do, against the stand-in."""

import json
from itertools import count

import pytest

from apps.connectors.amazon.settings import AmazonSettings
from apps.core import clock
from apps.hub import contracts as c
from tests.connectors.amazon.conftest import line
from tests.connectors.suites.calls import CallSuite
from tests.connectors.suites.catalogue import CatalogueSuite
from tests.connectors.suites.fulfilment import FulfilmentSuite
from tests.connectors.suites.orders import OrdersSuite
from tests.connectors.suites.stock import AbsoluteSuite
from tests.connectors.suites.webhook import WebhookSuite

_parcels = count(1)


class TestOrders(OrdersSuite):
    slug = "amazon"

    @pytest.fixture
    def sell(self, place):
        return lambda: place(line("TEA", 2), line("", 1, "600", kind="shipping")).number

    @pytest.fixture
    def change(self, stand):
        return lambda id: stand.told("amazon/cancel", number=id)

    @pytest.fixture
    def strange(self, connector, place):
        event = connector.fetch_order(place().number)
        order = json.loads(event.raw) | {"payment": {"paymentExecutions": [{"paymentMethod": "moon dust"}]}}
        return event.topic, json.dumps(order).encode()


class TestOrderCalls(CallSuite):
    @pytest.fixture
    def call(self, place):
        id = place().number
        return lambda connector: connector.fetch_order(id)


class TestOrderLists(CallSuite):
    @pytest.fixture
    def call(self):
        return lambda connector: list(connector.changed_orders(clock.now(), clock.now()))


class TestCatalogue(CatalogueSuite):
    slug = "amazon"

    @pytest.fixture
    def listed(self, connector, listing, ledger):
        if not ledger("SELECT 1 FROM amazon_listing WHERE sku = 'page-44'"):
            for number in range(45):
                listing(f"page-{number}")
        return [sku for (sku,) in ledger("SELECT sku FROM amazon_listing")]


class TestCatalogueCalls(CallSuite):
    @pytest.fixture
    def call(self):
        return lambda connector: list(connector.variants())


class TestStock(AbsoluteSuite):
    slug = "amazon"
    looks_first = 1

    @pytest.fixture
    def shelf(self, listing):
        return lambda count: [listing() for _ in range(count)]

    @pytest.fixture
    def shows(self, ledger):
        return lambda id: ledger("SELECT shown FROM amazon_shown WHERE sku = ?", id)[0][0]

    @pytest.fixture
    def buy(self, place):
        return lambda id, units: place(line(id, units))


class TestStockCalls(CallSuite):
    @pytest.fixture
    def call(self, listing):
        listing()
        return lambda connector: list(connector.shown_stock())


class TestAmazonStockCalls(CallSuite):
    @pytest.fixture
    def call(self):
        return lambda connector: list(connector.amazon_stock())


class TestFulfilment(FulfilmentSuite):
    slug = "amazon"

    @pytest.fixture
    def packed(self, draft, place):
        def pack():
            sale = place(line("TEA", 3), line("CUP", 1, "800"), line("", 1, "600", kind="shipping"))
            return c.Fulfilment(
                reference=f"S-{next(_parcels)}", order_external_id=sale.number, order_number=sale.number,
                lines=tuple(
                    c.FulfilmentLine(line_external_id=one.external_id, sku=one.sku, quantity=one.quantity)
                    for one in draft(sale.number).lines if one.kind == "item"
                ),
                tracking_number=f"4000{next(_parcels):08}", carrier="ヤマト運輸", shipped_at=clock.now(),
            )  # fmt: skip

        return pack

    def part(self, packed, *quantities, tracking_number=""):
        """Another parcel has another number of ours, too: Amazon knows parcels by that."""
        part = super().part(packed, *quantities, tracking_number=tracking_number)
        if not tracking_number:
            return part
        return c.Fulfilment(
            **{name: getattr(part, name) for name in part.__slots__}
            | {"reference": f"{part.reference}{tracking_number[-2:]}"}
        )


class TestFulfilmentCalls(CallSuite):
    @pytest.fixture
    def call(self, place):
        number = place().number
        parcel = c.Fulfilment(
            reference="S", order_external_id=number, order_number=number, lines=(), tracking_number="1", carrier="",
            shipped_at=clock.now(),
        )  # fmt: skip
        return lambda connector: connector.find_fulfilment(parcel)


class TestHealthCalls(CallSuite):
    @pytest.fixture
    def call(self):
        return lambda connector: connector.check()


class TestWebhook(WebhookSuite):
    slug = "amazon"
    window_seconds = None
    signs_body = False

    @pytest.fixture
    def secret(self):
        return "hush-hush-hush-Key"

    @pytest.fixture
    def keys(self, secret):
        return AmazonSettings(hook_key=secret)

    @pytest.fixture
    def rotated(self, secret):
        return AmazonSettings(hook_key="a new one", hook_key_old=secret)

    @pytest.fixture
    def strangers(self):
        return AmazonSettings(hook_key="another")

    @pytest.fixture
    def header(self):
        return "x-kurogo-key"

    @pytest.fixture
    def body(self):
        return notice("1")

    @pytest.fixture
    def other_body(self):
        return notice("2")

    @pytest.fixture
    def sign(self, secret):
        return lambda body, event="1": {"x-kurogo-key": secret, "content-type": "application/json"}


def notice(id):
    change = {"SellerId": "A3", "AmazonOrderId": "250-1234567-8901234"}
    return json.dumps(
        {
            "NotificationType": "ORDER_CHANGE",
            "EventTime": "2026-11-23T01:00:00.109Z",
            "Payload": {"OrderChangeNotification": change},
            "NotificationMetadata": {"NotificationId": f"d0e9e693-c3ad-4373-979f-ed4ec98dd74{id}"},
        }
    ).encode()
