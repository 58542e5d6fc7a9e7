"""A shop at the stand-in, connections to it, and what its own ledger says."""

import json
from functools import partial
from uuid import UUID

import pytest

from apps.connectors.vendure.connector import VendureConnector
from apps.connectors.vendure.settings import VendureSettings
from apps.hub import contracts as c
from apps.sandbox.shopify_orders import number_of
from apps.sandbox.vendure_stock import LOCATION
from tests.connectors import stand as at_the_stand

CONNECTION = UUID(int=9)
KEY = "1d2d060233e1:canary_59dedd5ffcb8ed25b7c1"
sale_of = partial(at_the_stand.sale_of, written="V{}")


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
def asked(stand):
    """The requests that the shop has heard: (operation, variables), in order."""

    def requests():
        bodies = [json.loads(ask.body) for ask in stand.heard]
        return [(body["operationName"], body["variables"]) for body in bodies]

    return requests


@pytest.fixture
def place(stand, settings_of_shop):
    """Somebody buys: the sale, and the shop's id of the order."""

    def buy(*lines, **facts):
        sale = sale_of(*lines, **facts)
        return sale, stand.place("vendure", sale)

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
        sku = stand.put_up("vendure", sku, shown=shown, **facts)
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
        return place(at_the_stand.line(sku, units))

    return some
