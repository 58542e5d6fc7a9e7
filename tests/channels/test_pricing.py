"""What an article costs at a channel: factor, addition, margin, ending; exact, never below what the rule says."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.channels import pricing
from apps.channels.models import ChannelRule, Ending, Listing
from tests import builders


@pytest.mark.parametrize(
    ("amount", "ending", "currency", "price"),
    [
        ("1000", "80", "JPY", "1080"), ("1080", "80", "JPY", "1080"), ("1080.01", "80", "JPY", "1180"),
        ("1234", "10", "JPY", "1240"), ("1234.2", "", "JPY", "1235"), ("1234.2", "1", "JPY", "1235"),
        ("1201", "100", "JPY", "1300"), ("1201", "98", "JPY", "1298"), ("12.341", "", "USD", "12.35"),
        ("12.341", ".99", "USD", "12.99"), ("12", ".99", "JPY", "12"), ("-5", "", "JPY", "0"),
    ],
)  # fmt: skip
def test_it_ends_as_the_merchant_likes(amount, ending, currency, price):
    assert pricing.rounded(Decimal(amount), ending, currency) == Decimal(price)


@given(st.decimals("0", "100000", places=3), st.sampled_from(Ending.values), st.sampled_from(["JPY", "USD"]))
def test_no_ending_makes_it_cheaper(amount, ending, currency):
    assert amount <= pricing.rounded(amount, ending, currency) < amount + 101


@pytest.mark.parametrize(
    ("facts", "price", "least"),
    [
        ({"price_factor": Decimal("1.1")}, 1100, None),
        ({"price_factor": Decimal("1.1"), "price_addition": Decimal(50), "price_ending": "80"}, 1180, None),
        ({"price_factor": Decimal("0.5"), "least_margin": 40}, 1100, 1100),  # 600 / 0.6, and a tenth of tax on it
        ({"price_factor": Decimal(1), "price_addition": Decimal(-2000)}, 0, None),
    ],
)
def test_a_rule_makes_a_price(facts, price, least):
    made = pricing.by_rule(ChannelRule(**facts), Decimal(1000), "JPY", cost=Decimal(600), tax_bp=1000)
    assert made == (price, least)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("listed", "facts", "found"),
    [
        ({}, {}, (1000, "base")),
        ({}, {"price_factor": 2}, (2000, "rule")),
        ({"own_price": Decimal(777)}, {"price_factor": 2}, (777, "own")),
        ({}, {"price_factor": 1, "least_margin": 90}, (1100, "margin")),  # one unit cost 100
        ({"price_includes_tax": False}, {"price_factor": 1}, (910, "rule")),  # 909.09 without tax
    ],
)
def test_of_a_listing(listed, facts, found):
    cup = builders.variant("CUP")
    cup.prices.create(currency="JPY", amount=1000)
    builders.stock(cup, 3, unit_cost="100")
    row = Listing.objects.create(
        connection=builders.connection(), variant=cup, sku="CUP", external_id="1", currency="JPY", **listed
    )
    rule = ChannelRule(price_ending="10" if listed.get("price_includes_tax") is False else "", **facts)

    made = pricing.of([row], rule)[row.id]

    assert (made.wanted, made.why) == found
