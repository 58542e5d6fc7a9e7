"""An account at the stand-in, connections to it, and what its own ledger says."""

import json
import sqlite3
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from uuid import UUID

import pytest

from apps.connectors.amazon import client
from apps.connectors.amazon.connector import AmazonConnector
from apps.connectors.amazon.settings import AmazonSettings
from apps.core import clock
from apps.hub import contracts as c
from apps.sandbox.words import Article, Person, Sale, SaleLine, plain

CONNECTION = UUID(int=9)
REFRESH, SECRET, SELLER = "Atzr|canary-0123456789", "amzn1.oa2-cs.canary-9876543210", "A3CANARYSELLER"
HANAKO = Person(
    id="7", email="hanako@example.jp", name="山田 花子", phone="0312345678", country="JP", postal_code="100-0001",
    region="東京都", city="千代田区", line1="千代田1-1", line2="くろこビル",
)  # fmt: skip
_numbers = count(1001)


@dataclass
class Asked:
    """One request that Amazon has heard."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: object


@pytest.fixture
def account(stand):
    facts = {"client_id": "amzn1.app", "client_secret": SECRET, "refresh_token": REFRESH}
    stand.told("amazon/setup", seller_id=SELLER, **facts)
    client.forget()
    return AmazonSettings(
        api_url=stand.url("amazon"), token_url=f"{stand.url('amazon')}/auth/o2/token", seller_id=SELLER,
        hook_key="hush", pace=0, **facts,
    )  # fmt: skip


@pytest.fixture
def connector(stand, account):
    """Logged in, so that whatever is told to go wrong goes wrong with the call itself."""
    connector = AmazonConnector(account, CONNECTION)
    connector.check()
    stand.forget()
    return connector


@pytest.fixture
def misconfigured(account):
    return AmazonConnector(
        AmazonSettings(**{f: getattr(account, f) for f in account.__struct_fields__} | {"refresh_token": "Atzr|wrong"}),
        CONNECTION,
    )


@pytest.fixture
def secret():
    return REFRESH


@pytest.fixture
def misbehave(stand):
    return lambda what: stand.told("misbehave", slug="amazon", what=what, times=1)


@pytest.fixture
def ledger(stand):
    """Rows of the stand-in's own file, read only."""

    def rows(sql, *values):
        with sqlite3.connect(f"file:{stand.folder}/world.sqlite?mode=ro", uri=True) as db:
            return db.execute(sql, values).fetchall()

    return rows


@pytest.fixture
def asked(stand):
    """The requests that Amazon has heard, in order."""

    def requests():
        return [
            Asked(
                ask.method, ask.path, ask.query, ask.headers, json.loads(ask.body) if ask.body[:1] == b"{" else ask.body
            )
            for ask in stand.heard
        ]

    return requests


def line(sku="TEA", quantity=1, price="1200", *, kind="item", title=""):
    return SaleLine(sku=sku, title=title or f"{sku} の品", quantity=quantity, unit_price=Decimal(price), kind=kind)


def sale_of(*lines, number="", total=None, currency="JPY", payment="prepaid", person=HANAKO, includes_tax=True):
    lines = lines or (line(),)
    sums = sum(int(one.unit_price * one.quantity * (1 if currency == "JPY" else 100)) for one in lines)
    return Sale(
        number=number or f"250-{next(_numbers):07}-0000001", at=clock.now().isoformat(), currency=currency, payment=payment,
        total_minor=sums if total is None else total, lines=lines, person=person, prices_include_tax=includes_tax,
    )  # fmt: skip


@pytest.fixture
def place(stand, account):
    """Somebody buys: the sale; its number is Amazon's id of the order."""

    def buy(*lines, at="place_orders", pending=False, **facts):
        sale = sale_of(*lines, **facts)
        assert stand.told(f"amazon/{at}", sales=plain([sale]), pending=pending)["placed"] == [sale.number]
        return sale

    return buy


@pytest.fixture
def draft(connector):
    """What the connector reads of an order now; None where it says nothing."""

    def fetched(id):
        event = connector.fetch_order(id)
        return next(iter(connector.read(event.topic, event.raw)), None)

    return fetched


@pytest.fixture
def notices(ledger):
    """The raw bodies of all notices about an order, oldest first."""

    def bodies(number):
        words = "SELECT body FROM notice WHERE hook = 'amazon' AND thing = ? ORDER BY seq"
        return [bytes(row[0]) for row in ledger(words, f"order:{number}")]

    return bodies


@pytest.fixture
def listing(stand, account):
    """Put a fresh article up; what it shows."""

    def put(sku="", *, shown=50, **facts):
        sku = sku or f"SKU-{next(_numbers)}"
        article = Article(sku=sku, title=f"{sku} の品", price=Decimal("1200"), currency="JPY", shown=shown, **facts)
        stand.told("amazon/list_variants", variants=plain([article]))
        return c.StockQuantity(external_id=sku, quantity=shown, sku=sku, location_external_id="DEFAULT")

    return put
