"""A shop at the stand-in, connections to it, and what its own ledger says."""

import sqlite3
from decimal import Decimal
from itertools import count
from uuid import UUID

import orjson
import pytest

from apps.connectors.rakuten.connector import RakutenConnector
from apps.connectors.rakuten.settings import RakutenSettings
from apps.core import clock
from apps.hub import contracts as c
from apps.sandbox.rakuten_orders import manage_number, variant_id
from apps.sandbox.words import Article, Person, Sale, SaleLine, plain

CONNECTION = UUID(int=9)
SECRET, KEY = "SP_canary_secret_0123", "SL_canary_key_0123"
HANAKO = Person(
    id="7", email="hanako@example.jp", name="山田 花子", kana="ヤマダ ハナコ", phone="03-1234-5678", country="JP",
    postal_code="100-0001", region="東京都", city="千代田区", line1="千代田1-1", line2="くろこビル",
)  # fmt: skip
_numbers = count(1001)


@pytest.fixture
def settings_of_shop(stand):
    stand.told("rakuten/setup", service_secret=SECRET, license_key=KEY)
    return RakutenSettings(service_secret=SECRET, license_key=KEY, base_url=stand.url("rakuten"), calls_a_second=0)


@pytest.fixture
def connector(settings_of_shop):
    return RakutenConnector(settings_of_shop, CONNECTION)


@pytest.fixture
def misconfigured(stand, settings_of_shop):
    wrong = RakutenSettings(
        service_secret=SECRET, license_key="SL_ended", base_url=stand.url("rakuten"), calls_a_second=0
    )
    return RakutenConnector(wrong, CONNECTION)


@pytest.fixture
def secret():
    return KEY


@pytest.fixture
def misbehave(stand):
    return lambda what: stand.told("misbehave", slug="rakuten", what=what, times=1)


@pytest.fixture
def ledger(stand):
    """Rows of the stand-in's own file, read only."""

    def rows(sql, *values):
        with sqlite3.connect(f"file:{stand.folder}/world.sqlite?mode=ro", uri=True) as db:
            return db.execute(sql, values).fetchall()

    return rows


@pytest.fixture
def asked(stand):
    """The requests that the shop has heard: (function, body or query), in order."""

    def requests():
        return [
            (ask.path.rstrip("/").rpartition("/")[2], orjson.loads(ask.body) if ask.body else ask.query)
            for ask in stand.heard
        ]

    return requests


def line(sku="TEA", quantity=1, price="1200", *, kind="item", rate=1000, title=""):
    return SaleLine(
        sku=sku, title=title or f"{sku} の品", quantity=quantity, unit_price=Decimal(price), kind=kind, tax_rate_bp=rate
    )


def sale_of(*lines, number="", payment="card", person=HANAKO, currency="JPY"):
    lines = lines or (line(),)
    return Sale(
        number=number or f"123456-20261123-{next(_numbers):010}", at=clock.now().isoformat(), currency=currency,
        payment=payment, total_minor=sum(int(one.unit_price * one.quantity) for one in lines), lines=lines,
        person=person,
    )  # fmt: skip


@pytest.fixture
def place(stand, settings_of_shop):
    """Somebody buys: the sale; its number is its id."""

    def buy(*lines, **facts):
        sale = sale_of(*lines, **facts)
        assert stand.told("rakuten/place_orders", sales=plain([sale]))["placed"] == [sale.number]
        return sale

    return buy


@pytest.fixture
def release(stand, connector):
    """The shop confirms, and Rakuten is sure of the money at once."""

    def let_go(number):
        (outcome,) = connector.confirm_orders([c.Confirmation(order_external_id=number, order_number=number)], "key")
        assert outcome.is_confirmed
        assert stand.told("rakuten/pay", number=number) == {"paid": True}
        return number

    return let_go


@pytest.fixture
def draft_of(connector):
    """An order as it stands now, in our words."""

    def read(number):
        event = connector.fetch_order(number)
        (draft,) = connector.read(event.topic, event.raw)
        return draft

    return read


def place_of(sku):
    """A listing's id at the stand-in."""
    return f"{manage_number(sku)}/{variant_id(sku)}"


@pytest.fixture
def listing(stand, settings_of_shop):
    """Put a fresh article into the shop; what it shows."""

    def put(sku="", *, shown=50, **facts):
        sku = sku or f"SKU-{next(_numbers)}"
        article = Article(sku=sku, title=f"{sku} の品", price=Decimal("1200"), currency="JPY", shown=shown, **facts)
        stand.told("rakuten/list_variants", variants=plain([article]))
        return c.StockQuantity(external_id=place_of(sku), quantity=shown, sku=sku)

    return put
