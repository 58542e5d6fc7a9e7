"""Reading the catalogue and asking after health: request built so, called so, answer parsed so, error parsed so."""

import json
from decimal import Decimal

import pytest

from apps.connectors.shopify import mapping_stock
from apps.connectors.shopify.connector import ShopifyConnector
from apps.connectors.shopify.documents import DOCUMENTS
from apps.connectors.shopify.settings import ShopifySettings
from apps.hub import contracts as c
from apps.hub import errors
from apps.sandbox.shopify import SCOPES
from apps.sandbox.shopify_orders import number_of
from apps.sandbox.shopify_stock import LOCATION
from tests.connectors.shopify.conftest import CONNECTION

HERE = f"gid://shopify/Location/{LOCATION}"


def test_the_request_is_built_and_called_so(connector, listing, asked, stand):
    listing()
    next(iter(connector.variants()))
    assert asked() == [("Variants", {"after": None, "location": HERE, "first": 250})]
    assert json.loads(stand.heard[-1].body)["query"] == DOCUMENTS["Variants"]


def test_an_answer_is_parsed_so(connector, listing):
    row = listing("MATCHA", shown=8, barcode="4901234567894")
    (card,) = [card for page in connector.variants() for card in page if card.sku == "MATCHA"]
    assert card == c.VariantCard(
        sku="MATCHA",
        title="MATCHA の品",
        product_external_id=str(number_of("product", "MATCHA")),
        external_id=str(number_of("variant", "MATCHA")),
        stock_external_id=row.external_id,
        location_external_id=str(LOCATION),
        product_title="MATCHA の品",
        barcode="4901234567894",
        price=Decimal("1200"),
        currency="JPY",
        price_includes_tax=True,
        shown=8,
    )


@pytest.mark.parametrize(
    ("weight", "grams"),
    [
        (None, None),
        ({"unit": "GRAMS", "value": 120}, 120),
        ({"unit": "KILOGRAMS", "value": 1.25}, 1250),
        ({"unit": "POUNDS", "value": 2.0}, 907),
        ({"unit": "GRAMS", "value": 0}, None),
        ({"unit": "STONES", "value": 1}, None),
    ],
)
def test_weights_become_grams(weight, grams):
    node = {
        "id": "gid://shopify/ProductVariant/1", "sku": None, "title": "T", "barcode": None, "price": "1.0",
        "product": {"id": "gid://shopify/Product/2", "title": "P"},
        "inventoryItem": {
            "id": "gid://shopify/InventoryItem/3", "measurement": {"weight": weight}, "inventoryLevel": None,
        },
    }  # fmt: skip
    card = mapping_stock.variant_card(node, shop={"currencyCode": "JPY", "taxesIncluded": False}, location=HERE)
    assert (card.weight_g, card.sku, card.shown, card.price_includes_tax) == (grams, "", None, False)


def test_a_product_s_notice_brings_its_variants(connector):
    body = {
        "admin_graphql_api_id": "gid://shopify/Product/2", "title": "茶",
        "variants": [
            {
                "admin_graphql_api_id": "gid://shopify/ProductVariant/1", "sku": "TEA", "title": "100 g",
                "price": "1200", "barcode": None, "inventory_item_id": 3,
            }
        ],
    }  # fmt: skip
    assert connector.read("products/update", json.dumps(body).encode()) == (
        c.VariantCard(
            sku="TEA", title="100 g", product_external_id="2", external_id="1", stock_external_id="3",
            location_external_id=str(LOCATION), product_title="茶", price=Decimal(1200),
        ),
    )  # fmt: skip


def test_a_location_that_is_not_there_is_misconfigured(settings_of_shop):
    lost = ShopifySettings(
        shop_url=settings_of_shop.shop_url, access_token=settings_of_shop.access_token, location_id="4"
    )
    with pytest.raises(errors.Misconfigured, match="no such location"):
        list(ShopifyConnector(lost, CONNECTION).shown_stock())
    with pytest.raises(errors.Misconfigured, match="no active location 4"):
        ShopifyConnector(lost, CONNECTION).check()
    with pytest.raises(errors.Misconfigured, match="no location is set"):
        ShopifyConnector(ShopifySettings(shop_url=settings_of_shop.shop_url), CONNECTION).check()


def test_health_names_shop_currency_and_location(connector, listing):
    listing()
    assert connector.check() == {"shop": "Sandbox shop", "currency": "JPY", "location": "Main warehouse"}


def test_health_names_the_missing_scope(connector, stand):
    stand.told("shopify/setup", scopes=",".join(set(SCOPES) - {"write_inventory", "read_locations"}))
    try:
        with pytest.raises(errors.Misconfigured, match="the access scope read_locations, write_inventory"):
            connector.check()
    finally:
        stand.told("shopify/setup", scopes=",".join(SCOPES))
