"""A shop at the stand-in, connections to it, and what its own ledger says."""

import json
import sqlite3
from decimal import Decimal
from itertools import count
from uuid import UUID

import msgspec
import pytest

from apps.connectors.shopify import client
from apps.connectors.shopify.connector import ShopifyConnector
from apps.connectors.shopify.settings import ShopifySettings
from apps.core import clock
from apps.hub import contracts as c
from apps.sandbox.shopify_orders import number_of
from apps.sandbox.shopify_stock import LOCATION
from apps.sandbox.words import Article, Person, Sale, SaleLine, plain

CONNECTION = UUID(int=9)
OSAKA = 70002
TOKEN = "shpat_canary_0123456789"
HANAKO = Person(
    id="7", email="hanako@example.jp", name="山田 花子", phone="0312345678", country="JP", postal_code="100-0001",
    region="東京都", city="千代田区", line1="千代田1-1", line2="くろこビル",
)  # fmt: skip
_numbers = count(1001)


@pytest.fixture
def settings_of_shop(stand):
    stand.told("shopify/setup", access_token=TOKEN)
    client.forget()
    return ShopifySettings(
        shop_url=stand.url("shopify"), access_token=TOKEN, webhook_secret="hush", location_id=str(LOCATION)
    )


@pytest.fixture
def connector(settings_of_shop):
    return ShopifyConnector(settings_of_shop, CONNECTION)


@pytest.fixture
def everywhere(settings_of_shop):
    """A connection that keeps two locations."""
    return ShopifyConnector(
        msgspec.structs.replace(settings_of_shop, locations=f"tokyo={LOCATION}, osaka={OSAKA}"), CONNECTION
    )


@pytest.fixture
def misconfigured(stand, settings_of_shop):
    wrong = ShopifySettings(shop_url=stand.url("shopify"), access_token="shpat_wrong", location_id=str(LOCATION))
    return ShopifyConnector(wrong, CONNECTION)


@pytest.fixture
def secret():
    return TOKEN


@pytest.fixture
def misbehave(stand):
    return lambda what: stand.told("misbehave", slug="shopify", what=what, times=1)


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
        number=number or f"#{next(_numbers)}", at=clock.now().isoformat(), currency=currency, payment=payment,
        total_minor=sums if total is None else total, lines=lines, person=person, prices_include_tax=includes_tax,
    )  # fmt: skip


@pytest.fixture
def place(stand, settings_of_shop):
    """Somebody buys: the sale, and the shop's id of the order."""

    def buy(*lines, **facts):
        sale = sale_of(*lines, **facts)
        (id,) = stand.told("shopify/place_orders", sales=plain([sale]))["placed"]
        return sale, id

    return buy


@pytest.fixture
def notice(ledger):
    """The raw body of the last notice of a topic about an order's number."""

    def body(number, topic="orders/create"):
        found = ledger(
            "SELECT body FROM notice WHERE hook = 'shopify' AND topic = ? AND thing = ? ORDER BY seq DESC LIMIT 1",
            topic, f"order:{number}",
        )  # fmt: skip
        return bytes(found[0][0])

    return body


def tag_of(sku, amount="1200"):
    """A price of an article that was listed."""
    return c.PriceTag(
        external_id=str(number_of("variant", sku)), product_external_id=str(number_of("product", sku)), sku=sku,
        amount=Decimal(amount), currency="JPY",
    )  # fmt: skip


@pytest.fixture
def listing(stand, settings_of_shop):
    """Put a fresh article into the shop; its inventory item's id. `elsewhere`: it is kept at the second location, too, and
    that one's quantity is answered."""

    def put(sku="", *, shown=50, elsewhere=None, **facts):
        sku = sku or f"SKU-{next(_numbers)}"
        article = Article(sku=sku, title=f"{sku} の品", price=Decimal("1200"), currency="JPY", shown=shown, **facts)
        stand.told("shopify/list_variants", variants=plain([article]))
        place = LOCATION if elsewhere is None else OSAKA
        if elsewhere is not None:
            stand.told("shopify/stock_at", sku=sku, location=OSAKA, quantity=elsewhere)
            shown = elsewhere
        return c.StockQuantity(
            external_id=str(number_of("item", sku)), quantity=shown, sku=sku, location_external_id=str(place)
        )

    return put
