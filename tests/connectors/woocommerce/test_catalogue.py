"""Asking for articles: request built so, called so, answer parsed so, error parsed so; and their notices."""

import json
from decimal import Decimal

import pytest

from apps.connectors.woocommerce import mapping_stock
from apps.connectors.woocommerce.mapping_stock import Shop
from apps.hub import contracts as c
from apps.hub import errors

SIMPLE = {
    "id": 93, "name": "煎茶 &amp; 茶さじ", "type": "simple", "sku": "TEA", "global_unique_id": "4901234567894", "price": "1200",
    "weight": "0.25", "manage_stock": True, "stock_quantity": 7, "parent_id": 0, "attributes": [],
}  # fmt: skip
SHIRT = {"id": 22, "name": "Shirt", "type": "variable", "sku": "", "price": "9.00", "parent_id": 0}
BLACK = {
    "id": 732, "sku": "S-B", "price": "9.00", "weight": "", "manage_stock": "parent", "stock_quantity": 4,
    "attributes": [{"id": 6, "name": "Color", "option": "Black"}, {"id": 0, "name": "Size", "option": "M"}],
}  # fmt: skip


def test_the_request_is_built_and_called_so(connector, listing, asked):
    listed = listing("50001A")
    product = listed.external_id.partition("/")[0]
    list(connector.variants())
    fields = {"_fields": mapping_stock.PRODUCT_FIELDS}
    page = {"per_page": "100", "orderby": "id", "order": "asc", "offset": "0"}
    assert [(method, path, query) for method, path, query, _ in asked()][:4] == [
        ("GET", "/data/currencies/current", {}),
        ("GET", "/settings/tax/woocommerce_prices_include_tax", {}),
        ("GET", "/settings/products/woocommerce_weight_unit", {}),
        ("GET", "/products", page | fields),
    ]
    below = [query for _, path, query, _ in asked() if path == f"/products/{product}/variations"]
    assert below == [page | {"_fields": mapping_stock.VARIATION_FIELDS}]


def test_an_answer_is_parsed_so(connector, stand, listing):
    listed = listing("GYOKURO", shown=12, barcode="4901234567894")
    stand.told("woocommerce/setup", currency="EUR", prices_include_tax="no")
    (card,) = [card for page in connector.variants() for card in page if card.sku == "GYOKURO"]
    stand.told("woocommerce/setup", currency="JPY", prices_include_tax="yes")
    assert card == c.VariantCard(
        sku="GYOKURO", title="GYOKURO の品", product_external_id=listed.external_id, external_id=listed.external_id,
        stock_external_id=listed.external_id, product_title="GYOKURO の品", barcode="4901234567894", price=Decimal(1200),
        currency="EUR", price_includes_tax=False, shown=12,
    )  # fmt: skip


def test_a_variation_is_known_below_its_product():
    (card,) = mapping_stock.cards(SHIRT, [BLACK], Shop(currency="USD", price_includes_tax=False, weight_unit="lbs"))
    assert card == c.VariantCard(
        sku="S-B", title="Black, M", product_external_id="22", external_id="732", stock_external_id="22/732",
        product_title="Shirt", price=Decimal("9.00"), currency="USD", price_includes_tax=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "unit", "weight", "price"),
    [
        ({}, "kg", 250, Decimal(1200)), ({"weight": "9"}, "oz", 255, Decimal(1200)), ({"weight": "0"}, "kg", None, Decimal(1200)),
        ({}, "stone", None, Decimal(1200)), ({"price": "", "weight": ""}, "kg", None, None),
    ],
)  # fmt: skip
def test_weights_and_prices(facts, unit, weight, price):
    (card,) = mapping_stock.cards(SIMPLE | facts, (), Shop(weight_unit=unit))
    assert (card.weight_g, card.price, card.title, card.shown) == (weight, price, "煎茶 & 茶さじ", 7)


@pytest.mark.parametrize("kind", ["grouped", "external", "variable"])
def test_what_is_no_article_of_its_own_is_none(kind):
    assert mapping_stock.cards(SIMPLE | {"type": kind}, (), Shop()) == []


def test_an_error_is_parsed_so(connector, misconfigured, misbehave):
    with pytest.raises(errors.Misconfigured):
        list(misconfigured.variants())
    misbehave("limited")
    with pytest.raises(errors.RateLimited):
        list(connector.shown_stock())


def test_a_product_that_is_deleted_while_we_read_hides_no_other(connector, stand, listing, ledger):
    for number in range(210):
        listing(f"moving-{number}")
    reading = connector.variants()
    first = next(reading)
    for card in first[:7]:
        stand.told("woocommerce/forget_product", sku=card.sku)
    rest = [card.sku for page in reading for card in page]
    left = [sku for (sku,) in ledger("SELECT sku FROM woocommerce_product WHERE NOT has_variations ORDER BY id")]
    assert sorted([card.sku for card in first[7:]] + rest) == sorted(left)
    for card in first[:7]:
        listing(card.sku)


def test_the_last_page_may_vanish_while_we_read(connector, listing, stand, ledger):
    for number in range(110):
        listing(f"vanishing-{number}")
    reading = connector.shown_stock()
    first = next(reading)
    gone = [sku for (sku,) in ledger("SELECT sku FROM woocommerce_product WHERE NOT parent AND NOT has_variations")]
    gone = [sku for sku in gone if sku not in {one.sku for one in first}]
    for sku in gone:
        stand.told("woocommerce/forget_product", sku=sku)
    assert {one.sku for page in reading for one in page} & set(gone) == set()
    for sku in gone:
        listing(sku)


# Notices


def test_a_product_s_notice_is_its_card(connector):
    (card,) = connector.read("product.updated", json.dumps(SIMPLE).encode())
    (listed,) = mapping_stock.cards(SIMPLE, (), Shop())
    assert (card, card.stock_external_id, card.currency) == (listed, "93", "")


def test_a_variation_s_notice_is_listed_under_its_product(connector):
    told = BLACK | {"type": "variation", "parent_id": 22, "name": "Shirt - Black, M"}
    (card,) = connector.read("product.updated", json.dumps(told).encode())
    (listed,) = mapping_stock.cards(SHIRT, [BLACK], Shop())
    assert card == listed


def test_notices_without_an_article_say_nothing(connector):
    assert connector.read("product.updated", json.dumps(SHIRT).encode()) == ()
    assert connector.read("product.deleted", b'{"id":93}') == ()
    for topic, body in (("product.updated", b"{}"), ("product.deleted", b"{}"), ("customer.created", b'{"id":1}')):
        with pytest.raises(errors.Unreadable):
            connector.read(topic, body)
