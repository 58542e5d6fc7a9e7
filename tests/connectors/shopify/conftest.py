"""A shop at the stand-in, connections to it, and what its own ledger says."""

import json
from decimal import Decimal
from functools import partial
from uuid import UUID

import msgspec
import pytest

from apps.connectors.shopify import client
from apps.connectors.shopify.connector import ShopifyConnector
from apps.connectors.shopify.settings import ShopifySettings
from apps.hub import contracts as c
from apps.sandbox.shopify_orders import number_of
from apps.sandbox.shopify_stock import LOCATION
from tests.connectors import stand as at_the_stand

CONNECTION = UUID(int=9)
OSAKA = 70002
TOKEN = "shpat_canary_0123456789"
sale_of = partial(at_the_stand.sale_of, written="#{}")


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
        return sale, stand.place("shopify", sale)

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
        sku = stand.put_up("shopify", sku, shown=shown, **facts)
        place = LOCATION if elsewhere is None else OSAKA
        if elsewhere is not None:
            stand.told("shopify/stock_at", sku=sku, location=OSAKA, quantity=elsewhere)
            shown = elsewhere
        return c.StockQuantity(
            external_id=str(number_of("item", sku)), quantity=shown, sku=sku, location_external_id=str(place)
        )

    return put
