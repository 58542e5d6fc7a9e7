"""Setting prices: request built so, called so, answer parsed so, error parsed so."""

from dataclasses import replace
from decimal import Decimal

import pytest

from apps.connectors.shopify import pricing
from apps.connectors.shopify.client import Denied
from apps.hub import errors
from tests.connectors.shopify.conftest import tag_of


class Answers:
    """Stands where the client stands and answers (or raises) what a test gives it; what was asked is kept."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    def call(self, operation, variables):
        self.asked.append((operation, variables))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return {"productVariantsBulkUpdate": answer}


def answer(*nodes, said=()):
    return {
        "productVariants": [{"id": f"gid://shopify/ProductVariant/{id}", "price": price} for id, price in nodes],
        "userErrors": [{"code": "X", "field": field, "message": message} for field, message in said],
    }


def tags(*ids, product="7", amount="980.00"):
    return [replace(tag_of("A", amount), external_id=id, product_external_id=product) for id in ids]


def test_the_request_is_built_so():
    assert pricing.prices_input("7", [*tags("1"), *tags("2", amount="12.50")]) == {
        "product": "gid://shopify/Product/7",
        "variants": [
            {"id": "gid://shopify/ProductVariant/1", "price": "980"},
            {"id": "gid://shopify/ProductVariant/2", "price": "12.5"},
        ],
    }


def test_it_is_called_once_a_product_and_answered_in_the_order_told():
    client = Answers(answer(("1", "980"), ("3", "980")), answer(("2", "980")))

    outcomes = pricing.settle(client, [*tags("1"), *tags("2", product="8"), *tags("3")])

    assert [variables["product"][-1] for _, variables in client.asked] == ["7", "8"]
    assert [(one.external_id, one.is_set) for one in outcomes] == [("1", True), ("2", True), ("3", True)]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (answer(("1", "980.0")), ""),
        (answer(("1", "990")), "the shop asks 990 instead"),
        (answer(), "the shop does not know the variant"),
        (answer(said=[(["variants", "0", "price"], "too low")]), "too low"),
        (answer(said=[(["productId"], "gone")]) | {"productVariants": None}, "gone"),
    ],
)
def test_an_answer_is_parsed_so(said, reason):
    (outcome,) = pricing.outcomes_of(said, tags("1"))
    assert (outcome.is_set, outcome.error) == (not reason, reason)


def test_without_the_scope_the_price_waits_and_the_connection_goes_on():
    with pytest.raises(errors.Permanent, match="write_products"):
        pricing.settle(Answers(Denied("SetPrices: Access denied")), tags("1"))


def test_it_reaches_the_shop(connector, listing, asked, ledger):
    sku = listing().sku
    (outcome,) = connector.set_prices([replace(tag_of(sku), amount=Decimal("1380"))], "p")
    assert (outcome.is_set, asked()[-1][0]) == (True, "SetPrices")
    assert ledger("SELECT price FROM shopify_variant WHERE sku = ?", sku) == [("1380",)]
