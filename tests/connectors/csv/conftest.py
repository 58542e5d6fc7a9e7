"""A shop that speaks in files at the stand-in, a connection to it, and what its own ledger says."""

from functools import partial
from uuid import UUID

import pytest

from apps.connectors.csv.connector import CsvConnector
from apps.connectors.csv.settings import CsvSettings
from apps.hub import contracts as c
from apps.sandbox.words import plain
from tests.connectors import stand as at_the_stand

CONNECTION = UUID(int=11)
TOKEN = "folder-token-canary-0123456789"
sale_of = partial(at_the_stand.sale_of, written="M-{}")


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
def send(stand, settings_of_shop):
    """Somebody buys: sales, sent as one file; its name."""
    return lambda *sales: stand.told("csv/send_orders", sales=plain(list(sales)))["files"][0]


@pytest.fixture
def listing(stand, settings_of_shop):
    """Put a fresh article into the shop."""

    def put(shown=50):
        sku = stand.put_up("csv", shown=shown)
        return c.StockQuantity(external_id=sku, sku=sku, quantity=shown)

    return put


@pytest.fixture
def shows(stand):
    return lambda sku: stand.told("csv/shown")["shown"][sku]
