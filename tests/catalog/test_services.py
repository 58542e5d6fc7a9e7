"""What is sold: found to the letter first, then in any case where that is unambiguous; cards make what is missing."""

from decimal import Decimal

import pytest

from apps.catalog import services as catalog
from apps.catalog.models import Price, Product, Variant
from apps.hub.contracts import VariantCard
from tests import builders

pytestmark = pytest.mark.django_db


def _found(*skus):
    found = {sku: variant.sku for sku, variant in catalog.find_variants(skus).items()}
    # The quick way for sales finds the same.
    ids = dict(Variant.objects.values_list("id", "sku"))
    assert {sku: ids[article.id] for sku, article in catalog.find_articles(skus).items()} == found
    return found


def test_a_sku_is_found_to_the_letter():
    builders.variant("85123a")
    builders.variant("85123A")

    assert _found("85123A", "85123a") == {"85123A": "85123A", "85123a": "85123a"}


def test_another_case_is_found_where_there_is_only_one():
    builders.variant("85123A")

    assert _found("85123a") == {"85123a": "85123A"}


def test_between_two_nobody_guesses():
    builders.variant("AbC")
    builders.variant("aBc")

    assert _found("abc") == {}


@pytest.mark.parametrize("sku", ["", "unknown"])
def test_what_is_not_known_is_left_out(sku):
    builders.variant("CUP")

    assert _found(sku) == {}


def _take(*cards, **more):
    return catalog.take_cards(builders.brand(), cards, **more)


def test_a_card_makes_a_product_with_its_variant_and_price():
    card = VariantCard(
        sku="CUP",
        title="Cup, blue",
        product_title="Cup",
        barcode="49",
        price=Decimal("1100"),
        currency="JPY",
        weight_g=200,
    )

    made = _take(card)["CUP"]

    assert (made.title, made.product.title, made.barcode, made.weight_g, made.tax_code_id) == (
        "Cup, blue", "Cup", "49", 200, "standard",
    )  # fmt: skip
    assert list(Price.objects.values_list("currency", "amount", "includes_tax")) == [("JPY", Decimal(1100), True)]


def test_what_exists_keeps_its_title_and_takes_the_price():
    _take(VariantCard(sku="CUP", title="Cup", price=Decimal(1100), currency="JPY"))

    _take(VariantCard(sku="CUP", title="Other", price=Decimal(990), currency="JPY"))

    assert (Variant.objects.get().title, Product.objects.count()) == ("Cup", 1)
    assert Price.objects.get().amount == 990


def test_the_same_card_twice_in_a_file_is_one_article():
    card = VariantCard(sku="CUP", title="Cup", price=Decimal(1), currency="JPY")

    assert len(_take(card, card)) == 1
    assert (Variant.objects.count(), Product.objects.count(), Price.objects.count()) == (1, 1, 1)


@pytest.mark.parametrize(
    ("card", "code"), [({"tax_code": "reduced"}, "reduced"), ({"tax_code": "luxury"}, "none"), ({}, "none")]
)
def test_an_unknown_tax_code_is_the_one_that_was_told(card, code):
    made = _take(VariantCard(sku="TEA", title="Tea", **card), tax_code="none")["TEA"]

    assert made.tax_code_id == code


@pytest.mark.parametrize("price", [{"price": None}, {"price": Decimal(5)}, {"price": Decimal(-1), "currency": "JPY"}])
def test_what_is_no_price_sets_none(price):
    _take(VariantCard(sku="TEA", title="Tea", **price))

    assert Price.objects.count() == 0


def test_a_card_without_a_sku_is_no_article():
    assert _take(VariantCard(sku="", title="?")) == {}
