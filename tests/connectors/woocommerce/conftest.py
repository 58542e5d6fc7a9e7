"""A shop at the stand-in, connections to it, and what its own ledger says."""

import json
from decimal import Decimal
from functools import partial
from uuid import UUID

import pytest

from apps.connectors.woocommerce.connector import WooCommerceConnector
from apps.connectors.woocommerce.settings import WooCommerceSettings
from apps.hub import contracts as c
from apps.sandbox.woocommerce_orders import place_of
from tests.connectors import stand as at_the_stand

CONNECTION = UUID(int=9)
KEY, SECRET = "ck_0123456789", "cs_canary_0123456789"
sale_of = partial(at_the_stand.sale_of, written="{}")


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
def asked(stand):
    """The requests that the shop has heard: (method, path below the API, query, body), in order."""

    def requests():
        return [
            (ask.method, ask.path.removeprefix("/wp-json/wc/v3"), ask.query, json.loads(ask.body) if ask.body else None)
            for ask in stand.heard
        ]

    return requests


@pytest.fixture
def place(stand, settings_of_shop):
    """Somebody buys: the sale, and the shop's id of the order."""

    def buy(*lines, **facts):
        sale = sale_of(*lines, **facts)
        return sale, stand.place("woocommerce", sale)

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
        sku = stand.put_up("woocommerce", sku, shown=shown, **facts)
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
