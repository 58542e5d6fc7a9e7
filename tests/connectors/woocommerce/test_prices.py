"""Setting prices: request built so, called so, answer parsed so, error parsed so."""

from decimal import Decimal

import pytest

from apps.connectors.woocommerce import mapping_stock, pricing
from apps.connectors.woocommerce.client import Refused
from apps.hub import contracts as c
from tests.connectors.woocommerce.conftest import tag_of


def tag(id="7", product="", amount="980.00"):
    return c.PriceTag(external_id=id, product_external_id=product, amount=Decimal(amount), currency="JPY")


class Answers:
    """Stands where the client stands and answers (or raises) what a test gives it; what was asked is kept."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    def call(self, method, path, *, body):
        self.asked.append((method, path, body))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_the_request_is_built_and_called_so_a_product_and_a_variation_apart(connector, listing, asked):
    one, other = tag_of(listing("YUZU"), "980"), tag_of(listing("62001A"), "12.50")
    connector.set_prices([other, one], "p")
    assert asked() == [
        ("POST", "/products/batch", {}, {"update": [{"id": int(one.external_id), "regular_price": "980"}]}),
        (
            "POST", f"/products/{other.product_external_id}/variations/batch", {},
            {"update": [{"id": int(other.external_id), "regular_price": "12.5"}]},
        ),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"id": 7, "regular_price": "980.0"}, ""),
        ({"id": 7, "regular_price": "990"}, "the shop asks 990 instead"),
        ({"id": 7, "regular_price": ""}, "the shop tells no price"),
        ({"id": 7, "error": {"code": "x", "message": "Invalid ID."}}, "Invalid ID."),
        (None, "the shop tells no price"),
    ],
)
def test_an_answer_is_parsed_so(row, reason):
    made = pricing.outcome(tag(), row)
    assert (made.is_set, made.error) == (not reason, reason)


def test_an_error_is_parsed_so():
    """A product that is gone is refused for its variations alone, and a strange id is not asked for."""
    client = Answers({"update": [{"id": 7, "regular_price": "980"}]}, Refused("no", status=404, word="x"))
    outcomes = pricing.settle(client, [tag("8", "22"), tag("gid://x"), tag()])
    assert [one.error for one in outcomes] == ["no", "it is no product of WooCommerce's", ""]
    assert len(client.asked) == 2


def test_a_sale_is_the_shop_s_own():
    said = {"id": 7, "name": "Cup", "type": "simple", "price": "980", "regular_price": "1200"}
    (card,) = mapping_stock.cards(said, (), mapping_stock.Shop(currency="JPY"))
    assert card.price == 1200
