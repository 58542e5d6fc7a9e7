"""The shared suites of what Vendure can do, against a real server: the same ones that the stand-in passes."""

from itertools import count

import pytest

from apps.core import clock
from apps.hub import contracts as c
from tests.connectors.suites.calls import CallSuite
from tests.connectors.suites.catalogue import CatalogueSuite
from tests.connectors.suites.fulfilment import FulfilmentSuite
from tests.connectors.suites.orders import OrdersSuite
from tests.connectors.suites.stock import AbsoluteSuite

pytestmark = pytest.mark.real
_parcels = count(1)


class TestOrders(OrdersSuite):
    slug = "vendure"
    version_seconds = 0.001  # two changes within a second differ by the length of the order's history

    @pytest.fixture
    def sell(self, shop):
        tea = shop.article()
        return lambda: shop.buy({tea: 2})["id"]

    @pytest.fixture
    def change(self, shop):
        return shop.cancel

    @pytest.fixture
    def strange(self, connector, shop):
        order = shop.buy({shop.article(): 1}, method="moon dust")
        event = connector.fetch_order(order["id"])
        return event.topic, event.raw


class TestOrderCalls(CallSuite):
    @pytest.fixture
    def call(self, shop):
        order = shop.buy({shop.article(): 1})
        return lambda connector: connector.fetch_order(order["id"])


class TestCatalogue(CatalogueSuite):
    slug = "vendure"

    @pytest.fixture
    def connector(self, connect):
        return connect(rows_a_page=5)

    @pytest.fixture
    def listed(self, shop):
        for _ in range(12):
            shop.article()
        return shop.skus().values()


class TestCatalogueCalls(CallSuite):
    @pytest.fixture
    def call(self):
        return lambda connector: list(connector.variants())


class TestStock(AbsoluteSuite):
    slug = "vendure"

    @pytest.fixture
    def shelf(self, shop):
        def fresh(count):
            made = [shop.article(stock=50) for _ in range(count)]
            return [c.StockQuantity(external_id=id, quantity=50, location_external_id="1") for id in made]

        return fresh

    @pytest.fixture
    def shows(self, shop):
        return shop.saleable

    @pytest.fixture
    def buy(self, shop):
        return lambda id, units: shop.buy({id: units})

    @pytest.fixture
    def misbehave(self, proxy):
        """Each push reads first, which takes no effect: the fault meets the write."""
        return lambda what: proxy.told.extend(("", what))


class TestStockCalls(CallSuite):
    @pytest.fixture
    def call(self):
        return lambda connector: list(connector.shown_stock())


class TestFulfilment(FulfilmentSuite):
    slug = "vendure"

    @pytest.fixture
    def orders(self):
        return {}

    @pytest.fixture
    def packed(self, shop, words, orders):
        def pack():
            order = shop.buy({shop.article(): 3, shop.article(price=800): 1}, state="Settled", method="paypal")
            orders[order["code"]] = order["id"]
            (draft,) = words(order["id"])
            return c.Fulfilment(
                reference=f"S-{next(_parcels)}", order_external_id=order["id"], order_number=order["code"],
                lines=tuple(
                    c.FulfilmentLine(line_external_id=one.external_id, sku=one.sku, quantity=one.quantity)
                    for one in draft.lines if one.kind == "item"
                ),
                tracking_number=f"4000{next(_parcels):08}", carrier="ヤマト運輸", shipped_at=clock.now(),
            )  # fmt: skip

        return pack

    @pytest.fixture
    def told(self, shop, orders):
        return lambda number: shop.fulfilled(orders[number])


class TestFulfilmentCalls(CallSuite):
    @pytest.fixture
    def call(self, shop):
        order = shop.buy({shop.article(): 1})
        parcel = c.Fulfilment(
            reference="S", order_external_id=order["id"], order_number=order["code"], lines=(), tracking_number="1",
            carrier="", shipped_at=clock.now(),
        )  # fmt: skip
        return lambda connector: connector.find_fulfilment(parcel)
