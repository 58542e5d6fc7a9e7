"""A shop at the stand-in, connections to it, and what its own ledger says."""

from functools import partial
from uuid import UUID

import msgspec
import orjson
import pytest

from apps.connectors.rakuten.connector import RakutenConnector
from apps.connectors.rakuten.settings import RakutenSettings
from apps.hub import contracts as c
from apps.sandbox.rakuten_orders import manage_number, variant_id
from tests.connectors import stand as at_the_stand

CONNECTION = UUID(int=9)
SECRET, KEY = "SP_canary_secret_0123", "SL_canary_key_0123"
HANAKO = msgspec.structs.replace(at_the_stand.HANAKO, kana="ヤマダ ハナコ", phone="03-1234-5678")
sale_of = partial(at_the_stand.sale_of, written="123456-20261123-{:010}", payment="card", person=HANAKO)


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
def asked(stand):
    """The requests that the shop has heard: (function, body or query), in order."""

    def requests():
        return [
            (ask.path.rstrip("/").rpartition("/")[2], orjson.loads(ask.body) if ask.body else ask.query)
            for ask in stand.heard
        ]

    return requests


@pytest.fixture
def place(stand, settings_of_shop):
    """Somebody buys: the sale; its number is its id."""

    def buy(*lines, **facts):
        sale = sale_of(*lines, **facts)
        assert stand.place("rakuten", sale) == sale.number
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
        sku = stand.put_up("rakuten", sku, shown=shown, **facts)
        return c.StockQuantity(external_id=place_of(sku), quantity=shown, sku=sku)

    return put
