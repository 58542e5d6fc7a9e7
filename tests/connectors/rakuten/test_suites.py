"""The shared suites of what Rakuten can do, against the stand-in."""

from itertools import count

import orjson
import pytest

from apps.connectors.rakuten.connector import TOPIC, RakutenConnector
from apps.core import clock
from apps.hub import contracts as c
from tests.connectors.rakuten.conftest import CONNECTION, place_of
from tests.connectors.stand import line
from tests.connectors.suites.calls import CallSuite
from tests.connectors.suites.catalogue import CatalogueSuite
from tests.connectors.suites.confirmation import ConfirmationSuite
from tests.connectors.suites.fulfilment import FulfilmentSuite
from tests.connectors.suites.orders import OrdersSuite
from tests.connectors.suites.stock import AbsoluteSuite

_parcels = count(1)


class TestOrders(OrdersSuite):
    slug = "rakuten"

    @pytest.fixture
    def sell(self, place):
        return lambda: place(line("TEA", 2), line("", 1, "600", kind="shipping")).number

    @pytest.fixture
    def change(self, stand):
        return lambda id: stand.told("rakuten/cancel", number=id)

    @pytest.fixture
    def strange(self, place, connector):
        event = connector.fetch_order(place().number)
        body = orjson.loads(event.raw)
        body["SettlementModel"] |= {"settlementMethodCode": 99, "settlementMethod": "moon dust"}
        return TOPIC, orjson.dumps(body)


class TestOrderCalls(CallSuite):
    @pytest.fixture
    def call(self, place):
        number = place().number
        return lambda connector: connector.fetch_order(number)


class TestConfirmation(ConfirmationSuite):
    slug = "rakuten"

    @pytest.fixture
    def placed(self, place):
        def buy():
            number = place().number
            return c.Confirmation(order_external_id=number, order_number=number)

        return buy

    @pytest.fixture
    def unready(self, stand, placed):
        def buy():
            order = placed()
            stand.told("rakuten/leave_open", number=order.order_number)
            return order

        return buy

    @pytest.fixture
    def confirmed(self, ledger):
        return lambda id: ledger("SELECT confirmations FROM rakuten_order WHERE number = ?", id)[0][0]


class TestConfirmationCalls(CallSuite):
    @pytest.fixture
    def call(self, place):
        number = place().number
        order = c.Confirmation(order_external_id=number, order_number=number)
        return lambda connector: connector.confirm_orders([order], "key")


class TestCatalogue(CatalogueSuite):
    slug = "rakuten"

    @pytest.fixture
    def listed(self, listing, ledger):
        if not ledger("SELECT 1 FROM rakuten_sku WHERE sku = 'page-109'"):
            for number in range(110):
                listing(f"page-{number}")
        return [sku for (sku,) in ledger("SELECT sku FROM rakuten_sku")]


class TestCatalogueCalls(CallSuite):
    @pytest.fixture
    def call(self):
        return lambda connector: list(connector.variants())


class TestStock(AbsoluteSuite):
    slug = "rakuten"

    @pytest.fixture
    def misbehave(self, stand):
        """The first call of a push only asks what is listed: it goes well, and the write after it does not."""

        def write(what):
            stand.told("misbehave", slug="rakuten", what="", times=1)
            stand.told("misbehave", slug="rakuten", what=what, times=1)

        return write

    @pytest.fixture
    def shelf(self, listing):
        return lambda count: [listing() for _ in range(count)]

    @pytest.fixture
    def shows(self, stand):
        def shown(id):
            known = stand.told("rakuten/shown")["shown"]
            return next(quantity for sku, quantity in known.items() if place_of(sku) == id)

        return shown

    @pytest.fixture
    def buy(self, place, stand):
        def some(id, units):
            known = stand.told("rakuten/shown")["shown"]
            place(line(next(sku for sku in known if place_of(sku) == id), units))

        return some


class TestStockCalls(CallSuite):
    @pytest.fixture
    def call(self, listing):
        listing()
        return lambda connector: list(connector.shown_stock())


class Noting(RakutenConnector):
    """Rakuten is not told what is in a parcel: the test remembers it, by the parcel's number."""

    inside: dict[str, dict[str, int]] = {}

    def create_fulfilment(self, fulfilment, key):
        self.inside[fulfilment.tracking_number] = {one.sku: one.quantity for one in fulfilment.lines}
        return super().create_fulfilment(fulfilment, key)


class TestFulfilment(FulfilmentSuite):
    slug = "rakuten"

    @pytest.fixture
    def connector(self, settings_of_shop):
        return Noting(settings_of_shop, CONNECTION)

    @pytest.fixture
    def packed(self, connector, place, release, draft_of):
        def pack():
            number = release(
                place(line("TEA", 3), line("CUP", 1, "800"), line("", 1, "600", kind="shipping")).number
            )  # fmt: skip
            return c.Fulfilment(
                reference=f"S-{next(_parcels)}", order_external_id=number, order_number=number,
                lines=tuple(
                    c.FulfilmentLine(line_external_id=one.external_id, sku=one.sku, quantity=one.quantity)
                    for one in draft_of(number).lines if one.kind == "item"
                ),
                tracking_number=f"4000{next(_parcels):08}", carrier="ヤマト運輸", shipped_at=clock.now(),
            )  # fmt: skip

        return pack

    @pytest.fixture
    def told(self, stand):
        def fulfilments(number):
            found = [one["number"] for one in stand.told("rakuten/told")["fulfilments"] if one["order"] == number]
            return [Noting.inside[one] for one in found]

        return fulfilments


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
