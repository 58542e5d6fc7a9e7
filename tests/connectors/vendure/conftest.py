"""A shop at the stand-in, connections to it, and what its own ledger says."""

import json
import sqlite3
from decimal import Decimal
from itertools import count
from uuid import UUID

import pytest

from apps.connectors.vendure.connector import VendureConnector
from apps.connectors.vendure.settings import VendureSettings
from apps.core import clock
from apps.hub import contracts as c
from apps.sandbox.shopify_orders import number_of
from apps.sandbox.vendure_stock import LOCATION
from apps.sandbox.words import Article, Person, Sale, SaleLine, plain

CONNECTION = UUID(int=9)
KEY = "1d2d060233e1:canary_59dedd5ffcb8ed25b7c1"
HANAKO = Person(
    id="7", email="hanako@example.jp", name="山田 花子", phone="0312345678", country="JP", postal_code="100-0001",
    region="東京都", city="千代田区", line1="千代田1-1", line2="くろこビル",
)  # fmt: skip
_numbers = count(1001)


@pytest.fixture
def settings_of_shop(stand):
    stand.told("vendure/setup", api_key=KEY)
    return VendureSettings(api_url=f"{stand.url('vendure')}/admin-api", api_key=KEY, rows_a_page=20)


@pytest.fixture
def connector(settings_of_shop):
    return VendureConnector(settings_of_shop, CONNECTION)


@pytest.fixture
def misconfigured(settings_of_shop):
    return VendureConnector(VendureSettings(api_url=settings_of_shop.api_url, api_key="wrong:key"), CONNECTION)


@pytest.fixture
def secret():
    return KEY


@pytest.fixture
def misbehave(stand):
    return lambda what: stand.told("misbehave", slug="vendure", what=what, times=1)


@pytest.fixture
def ledger(stand):
    """Rows of the stand-in's own file, read only."""

    def rows(sql, *values):
        with sqlite3.connect(f"file:{stand.folder}/world.sqlite?mode=ro", uri=True) as db:
            return db.execute(sql, values).fetchall()

    return rows


@pytest.fixture
def asked(stand):
    """The requests that the shop has heard: (operation, variables), in order."""

    def requests():
        bodies = [json.loads(ask.body) for ask in stand.heard]
        return [(body["operationName"], body["variables"]) for body in bodies]

    return requests


def line(sku="TEA", quantity=1, price="1200", *, kind="item", rate=1000, title=""):
    return SaleLine(
        sku=sku, title=title or f"{sku} の品", quantity=quantity, unit_price=Decimal(price), kind=kind, tax_rate_bp=rate
    )


def sale_of(*lines, number="", total=None, currency="JPY", payment="cod", person=HANAKO, includes_tax=True):
    lines = lines or (line(),)
    sums = sum(int(one.unit_price * one.quantity * (1 if currency == "JPY" else 100)) for one in lines)
    return Sale(
        number=number or f"V{next(_numbers)}", at=clock.now().isoformat(), currency=currency, payment=payment,
        total_minor=sums if total is None else total, lines=lines, person=person, prices_include_tax=includes_tax,
    )  # fmt: skip


@pytest.fixture
def place(stand, settings_of_shop):
    """Somebody buys: the sale, and the shop's id of the order."""

    def buy(*lines, **facts):
        sale = sale_of(*lines, **facts)
        (id,) = stand.told("vendure/place_orders", sales=plain([sale]))["placed"]
        return sale, id

    return buy


@pytest.fixture
def words(connector):
    """What the connector makes of an order by its id."""

    def read(id):
        event = connector.fetch_order(id)
        return connector.read(event.topic, event.raw)

    return read


@pytest.fixture
def listing(stand, settings_of_shop):
    """Put a fresh article into the shop; what it shows."""

    def put(sku="", *, shown=50, **facts):
        sku = sku or f"SKU-{next(_numbers)}"
        article = Article(sku=sku, title=f"{sku} の品", price=Decimal("1200"), currency="JPY", shown=shown, **facts)
        stand.told("vendure/list_variants", variants=plain([article]))
        return c.StockQuantity(
            external_id=str(number_of("vendure variant", sku)), quantity=shown, sku=sku, location_external_id=LOCATION
        )

    return put


@pytest.fixture
def shows(ledger):
    """What a shopper may buy of a variant, by the shop's own ledger."""
    return lambda id: ledger("SELECT shown FROM vendure_shown WHERE id = ?", int(id))[0][0]


@pytest.fixture
def buy(place, ledger):
    """Somebody buys units of a variant."""

    def some(id, units):
        ((sku,),) = ledger("SELECT sku FROM vendure_variant WHERE id = ?", int(id))
        return place(line(sku, units))

    return some
