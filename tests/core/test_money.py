"""Money: whole minor units, each currency's own exponent, no float anywhere."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.money import CurrencyMismatch, Money, Rounding, digits, displayed, round_minor, to_minor


@pytest.mark.parametrize(("currency", "expected"), [("JPY", 0), ("USD", 2), ("GBP", 2), ("BHD", 3)])
def test_each_currency_has_its_own_decimals(currency, expected):
    assert digits(currency) == expected


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [("1234", "JPY", 1234), ("12.34", "USD", 1234), ("1.234", "BHD", 1234), ("-5", "USD", -500), ("0.005", "USD", 1)],
)
def test_major_units_become_minor_units(amount, currency, minor):
    assert to_minor(amount, currency) == minor


@pytest.mark.parametrize(
    ("rounding", "minor"), [(Rounding.HALF_UP, 3), (Rounding.DOWN, 2), (Rounding.UP, 3)]
)  # fmt: skip
def test_a_fraction_is_rounded_as_the_merchant_chose(rounding, minor):
    assert to_minor(Decimal("2.5"), "JPY", rounding) == minor
    assert round_minor(Decimal("2.5"), rounding) == minor
    assert round_minor(Decimal("-2.5"), rounding) == -minor


def test_a_float_is_refused():
    with pytest.raises(TypeError, match="never a float"):
        to_minor(0.1, "USD")


def test_two_currencies_never_meet_in_a_sum():
    with pytest.raises(CurrencyMismatch, match="JPY and USD"):
        Money(1, "JPY") + Money(1, "USD")


def test_sums_are_exact():
    assert Money(10, "JPY") + Money(5, "JPY") - Money(20, "JPY") == Money(-5, "JPY")
    assert -Money(3, "BHD") == Money(-3, "BHD")


@given(minor=st.integers(-(10**15), 10**15), currency=st.sampled_from(["JPY", "USD", "BHD"]))
def test_major_units_and_back_lose_nothing(minor, currency):
    assert Money.of(Money(minor, currency).amount, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("money", "locale", "words"),
    [
        (Money(1234, "JPY"), "ja", "¥1,234"),
        (Money(1234, "JPY"), "en", "¥1,234"),
        (Money(-500, "USD"), "en", "−$5.00"),
        (Money(1234, "GBP"), "en", "£12.34"),
    ],
)
def test_people_read_amounts_in_their_language(money, locale, words):
    assert money.display(locale) == words


@pytest.mark.parametrize(
    ("amount", "currency", "words"),
    [
        ("540.500000", "JPY", "¥540.5"),
        ("980", "JPY", "¥980"),
        ("11.250000", "GBP", "£11.25"),
        ("0.1234", "USD", "$0.1234"),
    ],
)
def test_a_unit_price_keeps_what_is_finer_than_the_minor_unit(amount, currency, words):
    assert displayed(Decimal(amount), currency, locale="en") == words
