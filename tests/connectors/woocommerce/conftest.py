"""A shop at the stand-in, connections to it, and what its own ledger says."""

import json
import sqlite3
from decimal import Decimal
from itertools import count
from uuid import UUID

import pytest

from apps.connectors.woocommerce.connector import WooCommerceConnector
from apps.connectors.woocommerce.settings import WooCommerceSettings
from apps.core import clock
from apps.hub import contracts as c
from apps.sandbox.woocommerce_orders import place_of
from apps.sandbox.words import Article, Person, Sale, SaleLine, plain

CONNECTION = UUID(int=9)
KEY, SECRET = "ck_0123456789", "cs_canary_0123456789"
HANAKO = Person(
    id="7", email="hanako@example.jp", name="山田 花子", phone="0312345678", country="JP", postal_code="100-0001",
    region="東京都", city="千代田区", line1="千代田1-1", line2="くろこビル",
)  # fmt: skip
_numbers = count(1001)


@pytest.fixture
def settings_of_shop(stand):
    stand.told("woocommerce/setup", consumer_key=KEY, consumer_secret=SECRET)
    return WooCommerceSettings(
        shop_url=stand.url("woocommerce"), consumer_key=KEY, consumer_secret=SECRET, webhook_secret="hush"
    )


@pytest.fixture
def connector(settings_of_shop):
    return WooCommerceConnector(settings_of_shop, CONNECTION)


@pytest.fixture
def misconfigured(stand, settings_of_shop):
    wrong = WooCommerceSettings(shop_url=stand.url("woocommerce"), consumer_key=KEY, consumer_secret="cs_wrong")
    return WooCommerceConnector(wrong, CONNECTION)


@pytest.fixture
def secret():
    return SECRET


@pytest.fixture
def misbehave(stand):
    return lambda what: stand.told("misbehave", slug="woocommerce", what=what, times=1)


@pytest.fixture
def ledger(stand):
    """Rows of the stand-in's own file, read only."""

    def rows(sql, *values):
        with sqlite3.connect(f"file:{stand.folder}/world.sqlite?mode=ro", uri=True) as db:
            return db.execute(sql, values).fetchall()

    return rows


@pytest.fixture
def asked(stand):
    """The requests that the shop has heard: (method, path below the API, query, body), in order."""

    def requests():
        return [
            (ask.method, ask.path.removeprefix("/wp-json/wc/v3"), ask.query, json.loads(ask.body) if ask.body else None)
            for ask in stand.heard
        ]

    return requests


def line(sku="TEA", quantity=1, price="1200", *, kind="item", rate=1000, title=""):
    return SaleLine(
        sku=sku, title=title or f"{sku} の品", quantity=quantity, unit_price=Decimal(price), kind=kind, tax_rate_bp=rate
    )


def sale_of(*lines, number="", total=None, currency="JPY", payment="cod", person=HANAKO, includes_tax=True):
    lines = lines or (line(),)
    sums = sum(int(one.unit_price * one.quantity * (1 if currency == "JPY" else 100)) for one in lines)
    return Sale(
        number=number or str(next(_numbers)), at=clock.now().isoformat(), currency=currency, payment=payment,
        total_minor=sums if total is None else total, lines=lines, person=person, prices_include_tax=includes_tax,
    )  # fmt: skip


@pytest.fixture
def place(stand, settings_of_shop):
    """Somebody buys: the sale, and the shop's id of the order."""

    def buy(*lines, **facts):
        sale = sale_of(*lines, **facts)
        (id,) = stand.told("woocommerce/place_orders", sales=plain([sale]))["placed"]
        return sale, id

    return buy


@pytest.fixture
def notice(ledger):
    """The raw body of the last notice of a topic about an order's number."""

    def body(number, topic="order.created"):
        found = ledger(
            "SELECT body FROM notice WHERE hook = 'woocommerce' AND topic = ? AND thing = ? ORDER BY seq DESC LIMIT 1",
            topic, f"order:{number}",
        )  # fmt: skip
        return bytes(found[0][0])

    return body


@pytest.fixture
def listing(stand, settings_of_shop):
    """Put a fresh article into the shop, as the quantity it shows; SKUs such as 10001A are variations."""

    def put(sku="", *, shown=50, **facts):
        sku = sku or f"SKU-{next(_numbers)}"
        article = Article(sku=sku, title=f"{sku} の品", price=Decimal("1200"), currency="JPY", shown=shown, **facts)
        stand.told("woocommerce/list_variants", variants=plain([article]))
        product, variation = place_of(sku)
        id = f"{product}/{variation}" if variation else str(product)
        return c.StockQuantity(external_id=id, quantity=shown, sku=sku)

    return put


def tag_of(listed, amount="1200"):
    """A price of an article that was listed."""
    product, _, variation = listed.external_id.partition("/")
    return c.PriceTag(
        external_id=variation or product, product_external_id=product, sku=listed.sku, amount=Decimal(amount),
        currency="JPY",
    )  # fmt: skip


def parcel_of(connector, sale, id, **facts):
    """Everything of an order as one parcel."""
    event = connector.fetch_order(id)
    draft = connector.read(event.topic, event.raw)[0]
    lines = tuple(
        c.FulfilmentLine(line_external_id=one.external_id, sku=one.sku, quantity=one.quantity)
        for one in draft.lines
        if one.kind == "item"
    )
    told = {"reference": f"S-{next(_numbers)}", "tracking_number": f"4000{next(_numbers):08}", "carrier": "ヤマト運輸"}
    return c.Fulfilment(
        order_external_id=id, order_number=sale.number, lines=lines, shipped_at=clock.now(), **(told | facts)
    )
