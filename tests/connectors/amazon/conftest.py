"""An account at the stand-in, connections to it, and what its own ledger says."""

import json
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import pytest

from apps.connectors.amazon import client
from apps.connectors.amazon.connector import AmazonConnector
from apps.connectors.amazon.settings import AmazonSettings
from apps.hub import contracts as c
from tests.connectors import stand as at_the_stand

CONNECTION = UUID(int=9)
REFRESH, SECRET, SELLER = "Atzr|canary-0123456789", "amzn1.oa2-cs.canary-9876543210", "A3CANARYSELLER"
line = partial(at_the_stand.line, rate=0)
sale_of = partial(at_the_stand.sale_of, written="250-{:07}-0000001", payment="prepaid")


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


@pytest.fixture
def place(stand, account):
    """Somebody buys: the sale; its number is Amazon's id of the order."""

    def buy(*lines, at="place_orders", pending=False, **facts):
        sale = sale_of(*lines, **facts)
        assert stand.place("amazon", sale, at=at, pending=pending) == sale.number
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
        sku = stand.put_up("amazon", sku, shown=shown, **facts)
        return c.StockQuantity(external_id=sku, quantity=shown, sku=sku, location_external_id="DEFAULT")

    return put
