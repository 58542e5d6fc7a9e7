"""Consumption tax: the rate of the day, rounded once per rate per document, shares that add up."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.money import Rounding
from apps.ledger import tax
from apps.ledger.models import TaxRate


@pytest.fixture(autouse=True)
def _rates_are_read_anew():
    tax.forget_rates()
    yield
    tax.forget_rates()


@pytest.mark.parametrize(
    ("amounts", "includes_tax", "expected"),
    [
        pytest.param([(1000, 105)] * 3, False, {1000: 31}, id="once per rate, not per line"),
        pytest.param([(800, 108)], True, {800: 8}, id="8/108"),
        pytest.param([(800, 1080), (1000, 1100)], True, {800: 80, 1000: 100}, id="two rates"),
        pytest.param([(1000, 1100), (1000, -110)], True, {1000: 90}, id="a discount lowers the tax"),
        pytest.param([(0, 500)], True, {0: 0}, id="out of scope"),
        pytest.param([], True, {}, id="nothing"),
    ],
)
def test_tax_is_rounded_once_per_rate(amounts, includes_tax, expected):
    assert tax.tax_by_rate(amounts, includes_tax=includes_tax) == expected


@pytest.mark.parametrize(("rounding", "expected"), [(Rounding.DOWN, 31), (Rounding.HALF_UP, 32), (Rounding.UP, 32)])
def test_the_merchant_chooses_the_rounding(rounding, expected):
    assert tax.tax_by_rate([(1000, 315)], includes_tax=False, rounding=rounding) == {1000: expected}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("code", "country", "day", "expected"),
    [
        ("standard", "JP", date(2019, 9, 30), 800),
        ("standard", "JP", date(2019, 10, 1), 1000),
        ("reduced", "JP", date(2019, 10, 1), 800),
        ("reduced", "JP", date(2019, 9, 30), None),
        ("standard", "GB", date(2011, 1, 3), 1750),
        ("standard", "GB", date(2011, 1, 4), 2000),
        ("standard", "XX", date(2026, 1, 1), None),
    ],
)
def test_the_rate_is_the_days(code, country, day, expected):
    assert tax.rate_bp(code, country, day) == expected


@pytest.mark.django_db
def test_an_edited_rate_counts_once_it_is_read_again():
    assert tax.rate_bp("standard", "JP", date(2030, 1, 1)) == 1000

    TaxRate.objects.create(tax_code_id="standard", country="JP", rate_bp=1200, from_day=date(2029, 4, 1))
    tax.forget_rates()

    assert tax.rate_bp("standard", "JP", date(2030, 1, 1)) == 1200


@given(whole=st.integers(-(10**9), 10**9), cuts=st.lists(st.integers(1, 50), min_size=1, max_size=12))
def test_shares_of_a_line_add_up_to_the_line(whole, cuts):
    of = sum(cuts)

    parts = [tax.share(whole, before=sum(cuts[:i]), units=units, of=of) for i, units in enumerate(cuts)]

    assert sum(parts) == whole
