"""The shared suites of what Vendure can do, against the stand-in; tests/real has them against the real server."""

import json

import pytest

from tests.connectors.stand import line, parcel_of
from tests.connectors.suites.calls import CallSuite
from tests.connectors.suites.catalogue import CatalogueSuite
from tests.connectors.suites.fulfilment import FulfilmentSuite
from tests.connectors.suites.orders import OrdersSuite
from tests.connectors.suites.stock import AbsoluteSuite


class TestOrders(OrdersSuite):
    slug = "vendure"

    @pytest.fixture
    def sell(self, place):
        return lambda: place(line("TEA", 2), line("", 1, "600", kind="shipping"))[1]

    @pytest.fixture
    def change(self, stand, ledger):
        def cancel(id):
            ((number,),) = ledger("SELECT number FROM vendure_order WHERE id = ?", int(id))
            stand.told("vendure/cancel", number=number)

        return cancel

    @pytest.fixture
    def strange(self, connector, place):
        _sale, id = place()
        event = connector.fetch_order(id)
        body = json.loads(event.raw)
        body["order"]["payments"][0]["method"] = "moon dust"
        return event.topic, json.dumps(body).encode()


class TestOrderCalls(CallSuite):
    @pytest.fixture
    def call(self, place):
        _sale, id = place()
        return lambda connector: connector.fetch_order(id)


class TestCatalogue(CatalogueSuite):
    slug = "vendure"

    @pytest.fixture
    def listed(self, connector, listing, ledger):
        if not ledger("SELECT 1 FROM vendure_variant WHERE sku = 'page-49'"):
            for number in range(50):
                listing(f"page-{number}")
        return [sku for (sku,) in ledger("SELECT sku FROM vendure_variant")]


class TestCatalogueCalls(CallSuite):
    @pytest.fixture
    def call(self):
        return lambda connector: list(connector.variants())


class TestStock(AbsoluteSuite):
    slug = "vendure"

    @pytest.fixture
    def shelf(self, listing):
        return lambda count: [listing() for _ in range(count)]

    @pytest.fixture
    def misbehave(self, stand):
        """Each push reads first, which takes no effect: the fault meets the write."""

        def fault(what):
            for one in ("", what):
                stand.told("misbehave", slug="vendure", what=one, times=1)

        return fault


class TestStockCalls(CallSuite):
    @pytest.fixture
    def call(self, listing):
        listing()
        return lambda connector: list(connector.shown_stock())


class TestFulfilment(FulfilmentSuite):
    slug = "vendure"

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
