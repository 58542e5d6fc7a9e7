"""The shared suites of what a folder of files can do, against the stand-in."""

from dataclasses import replace
from itertools import count

import pytest

from apps.connectors.csv import mapping, webhook
from apps.connectors.csv.connector import CsvConnector
from apps.connectors.csv.settings import CsvSettings
from apps.core import clock
from apps.hub import contracts as c
from tests.connectors.csv.builders import HEADER, sheet, source
from tests.connectors.csv.conftest import CONNECTION, sale_of
from tests.connectors.stand import line
from tests.connectors.suites.calls import CallSuite
from tests.connectors.suites.catalogue import CatalogueSuite
from tests.connectors.suites.files import FileSuite
from tests.connectors.suites.fulfilment import FulfilmentSuite
from tests.connectors.suites.orders import OrdersSuite
from tests.connectors.suites.stock import CompareAndSetSuite
from tests.connectors.suites.webhook import WebhookSuite

_parcels = count(1)
MIXED = [(f"N-{n % 4}", "2026/11/01", f"S-{n}", "皿", "1", "100") for n in range(14)]


class TestFiles(FileSuite):
    slug = "csv"

    @pytest.fixture
    def lay(self, send):
        return lambda: send(sale_of(), sale_of(), sale_of(line("CUP", 2)))

    @pytest.fixture
    def orders(self):
        return source(sheet(HEADER, *MIXED, encoding="cp932"))

    @pytest.fixture
    def broken(self):
        rows = [row if n != 5 else (*row[:4], "?", row[5]) for n, row in enumerate(MIXED)]
        return source(sheet(HEADER, *rows, encoding="cp932"))


class TestFileCalls(CallSuite):
    @pytest.fixture
    def call(self):
        return lambda connector: list(connector.new_files(clock.now()))


class Drafts(CsvConnector):
    """For the suite of those whose notices are orders themselves: the file's word is read at once."""

    def read(self, topic, raw):
        return [thing for file in super().read(topic, raw) for thing in self.read_file(file).things]


class TestOrders(OrdersSuite):
    slug = "csv"
    version_seconds = 0.001

    @pytest.fixture
    def connector(self, settings_of_shop):
        return Drafts(settings_of_shop, CONNECTION)

    @pytest.fixture
    def sell(self, send):
        def one():
            sale = sale_of(line("TEA", 2), line("", 1, "600", kind="shipping"))
            send(sale)
            return sale.number

        return one

    @pytest.fixture
    def change(self, stand):
        return lambda id: stand.told("csv/cancel", number=id)

    @pytest.fixture
    def strange(self):
        row = ("N-1", "2026/11/01", "A", "皿", "1", "100", "moon dust")
        event = mapping.file_event(source(sheet((*HEADER, "支払方法"), row)))
        return event.topic, event.raw


class TestOrderCalls(CallSuite):
    @pytest.fixture
    def call(self, send):
        sale = sale_of()
        send(sale)
        return lambda connector: connector.fetch_order(sale.number)


class TestCatalogue(CatalogueSuite):
    slug = "csv"

    @pytest.fixture
    def listed(self, stand, listing):
        for _ in range(3):
            listing()
        return list(stand.told("csv/shown")["shown"])


class TestCatalogueCalls(CallSuite):
    @pytest.fixture
    def call(self, listing):
        listing()
        return lambda connector: list(connector.variants())


class TestStock(CompareAndSetSuite):
    slug = "csv"

    @pytest.fixture
    def shelf(self, listing):
        return lambda count: [listing() for _ in range(count)]

    @pytest.fixture
    def buy(self, send):
        return lambda sku, units: send(sale_of(line(sku, units)))


class TestStockCalls(CallSuite):
    @pytest.fixture
    def call(self, listing):
        listing()
        return lambda connector: list(connector.shown_stock())


class TestFulfilment(FulfilmentSuite):
    slug = "csv"

    def part(self, packed, *quantities, tracking_number=""):
        """A folder knows a shipment by its number alone, and each parcel of the suite is a shipment of its own."""
        made = super().part(packed, *quantities, tracking_number=tracking_number)
        return replace(made, reference=packed.reference + tracking_number)

    @pytest.fixture
    def packed(self, send):
        def pack():
            sale = sale_of(line("TEA", 3), line("CUP", 1, "800"), line("", 1, "600", kind="shipping"))
            send(sale)
            return c.Fulfilment(
                reference=f"S-{next(_parcels)}", order_external_id=sale.number, order_number=sale.number,
                lines=(
                    c.FulfilmentLine(line_external_id="1", sku="TEA", quantity=3),
                    c.FulfilmentLine(line_external_id="2", sku="CUP", quantity=1),
                ),
                tracking_number=f"4000{next(_parcels):08}", carrier="ヤマト運輸", shipped_at=clock.now(),
            )  # fmt: skip

        return pack

    @pytest.fixture
    def told(self, stand):
        def fulfilments(number):
            return [one["units"] for one in stand.told("csv/told")["fulfilments"] if one["order"] == number]

        return fulfilments


class TestFulfilmentCalls(CallSuite):
    @pytest.fixture
    def call(self):
        parcel = c.Fulfilment(
            reference="S", order_external_id="M-1", order_number="M-1", lines=(), tracking_number="1", carrier="",
            shipped_at=clock.now(),
        )  # fmt: skip
        return lambda connector: connector.find_fulfilment(parcel)


class TestWebhook(WebhookSuite):
    slug = "csv"

    @pytest.fixture
    def secret(self):
        return "hush-hush-hush"

    @pytest.fixture
    def keys(self, secret):
        return CsvSettings(push_secret=secret)

    @pytest.fixture
    def rotated(self, secret):
        return CsvSettings(push_secret="a new one", push_secret_old=secret)

    @pytest.fixture
    def strangers(self):
        return CsvSettings(push_secret="another")

    @pytest.fixture
    def header(self):
        return "x-kurogo-signature"

    @pytest.fixture
    def body(self):
        return sheet(HEADER, *MIXED)

    @pytest.fixture
    def sign(self, secret):
        def headers(body, event="1"):
            said = {"timestamp": str(int(clock.wall().timestamp())), "name": f"orders-{event}.csv", "kind": "orders"}
            return {
                "x-kurogo-timestamp": said["timestamp"],
                "x-kurogo-file": said["name"],
                "x-kurogo-kind": said["kind"],
                "x-kurogo-signature": webhook.signature(secret, body=body, **said),
            }

        return headers

    def test_an_event_keeps_its_raw_body_and_knows_its_time(self, sign, body):
        """The body travels in an envelope, with its name and kind."""
        now = clock.wall()
        (event,) = self.module().events(sign(body), body, received_at=now)
        assert mapping.source_file(event.topic, event.raw).content == body
        assert (event.at, event.topic) == (now, "file/orders")
