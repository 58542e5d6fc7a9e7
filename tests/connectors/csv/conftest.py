"""A shop that speaks in files at the stand-in, a connection to it, and what its own ledger says."""

from decimal import Decimal
from itertools import count
from uuid import UUID

import pytest

from apps.connectors.csv.connector import CsvConnector
from apps.connectors.csv.settings import CsvSettings
from apps.core import clock
from apps.hub import contracts as c
from apps.sandbox.words import Article, Person, Sale, SaleLine, plain

CONNECTION = UUID(int=11)
TOKEN = "folder-token-canary-0123456789"
HANAKO = Person(
    id="7", email="hanako@example.jp", name="山田 花子", phone="0312345678", country="JP", postal_code="100-0001",
    region="東京都", city="千代田区", line1="千代田1-1", line2="くろこビル",
)  # fmt: skip
_numbers = count(1001)


@pytest.fixture
def settings_of_shop(stand):
    facts = {"url": "http://127.0.0.1:9/", "token": TOKEN, "push_secret": "hush"}
    stand.told("hooks", **{"csv": facts, "csv:warehouse": facts})
    return CsvSettings(base_url=stand.url("csv/shop"), token=TOKEN, push_secret="hush", currency="JPY")


@pytest.fixture
def connector(settings_of_shop):
    return CsvConnector(settings_of_shop, CONNECTION)


@pytest.fixture
def misconfigured(stand, settings_of_shop):
    return CsvConnector(CsvSettings(base_url=stand.url("csv/shop"), token="wrong"), CONNECTION)


@pytest.fixture
def secret():
    return TOKEN


@pytest.fixture
def misbehave(stand):
    return lambda what: stand.told("misbehave", slug="csv", what=what, times=1)


def line(sku="TEA", quantity=1, price="1200", *, kind="item", rate=1000):
    return SaleLine(
        sku=sku, title=f"{sku} の品", quantity=quantity, unit_price=Decimal(price), kind=kind, tax_rate_bp=rate
    )


def sale_of(*lines, payment="cod"):
    lines = lines or (line(),)
    total = sum(int(one.unit_price * one.quantity) for one in lines)
    return Sale(
        number=f"M-{next(_numbers)}", at=clock.now().isoformat(), currency="JPY", payment=payment, total_minor=total,
        lines=lines, person=HANAKO,
    )  # fmt: skip


@pytest.fixture
def send(stand, settings_of_shop):
    """Somebody buys: sales, sent as one file; its name."""
    return lambda *sales: stand.told("csv/send_orders", sales=plain(list(sales)))["files"][0]


@pytest.fixture
def listing(stand, settings_of_shop):
    """Put a fresh article into the shop."""

    def put(shown=50):
        sku = f"SKU-{next(_numbers)}"
        article = Article(sku=sku, title=f"{sku} の品", price=Decimal(1200), currency="JPY", shown=shown)
        stand.told("csv/list_variants", variants=plain([article]))
        return c.StockQuantity(external_id=sku, sku=sku, quantity=shown)

    return put


@pytest.fixture
def shows(stand):
    return lambda sku: stand.told("csv/shown")["shown"][sku]
