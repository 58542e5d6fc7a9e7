"""The back-test looks only backwards, leaves out what could not be bought, and its measure is the one that it names."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.inventory import backtesting
from apps.inventory.backtesting import HORIZON, STEP, Error
from apps.inventory.forecasting import History, Pool, Sale

DAYS = 182
ALWAYS = [1.0] * DAYS


def _sold(units: int, days=range(DAYS)) -> list[Sale]:
    return [Sale(day, units) for day in days]


def test_the_measure_is_what_was_off_over_what_was_asked_for():
    assert [Error(2, 30, 40).wape, Error(2, 0, 0).wape, Error(2, 3, 0).wape] == [0.75, 0.0, math.inf]


@given(days=st.integers(0, 400), first=st.integers(0, 200))
def test_each_origin_has_a_whole_horizon_behind_it(days, first):
    found = list(backtesting.origins(days, first=first))

    assert all(first <= at <= days - HORIZON for at in found)
    assert found == list(range(found[0], days - HORIZON + 1, STEP) if found else [])
    assert bool(found) == (days - HORIZON >= first)


def test_what_sells_evenly_is_forecast_without_error():
    error = backtesting.error_of(History(_sold(2), ALWAYS), Pool(rate=1.0))

    assert (error.origins, error.units) == (15, 15 * HORIZON * 2)
    assert error.wape == pytest.approx(0, abs=1e-6)


def test_an_empty_shelf_is_no_error_of_the_forecast():
    """The control beside it: without the mask the same weeks look like a forecast that was far too high."""
    gone = range(130, 144)
    sales = [sale for sale in _sold(2) if sale.day not in gone]
    shelf = [0.0 if day in gone else 1.0 for day in range(DAYS)]

    masked = backtesting.error_of(History(sales, shelf), Pool(rate=1.0))
    unmasked = backtesting.error_of(History(sales, ALWAYS), Pool(rate=1.0))

    assert masked.wape == pytest.approx(0, abs=1e-6)
    assert unmasked.wape > 0.15


def test_weeks_in_which_it_was_mostly_gone_are_not_judged():
    shelf = [1.0 if day < 100 else 0.0 for day in range(DAYS)]

    error = backtesting.error_of(History(_sold(1, range(100)), shelf), Pool(rate=1.0))

    assert error.origins == len([at for at in backtesting.origins(DAYS) if at <= 86])


def test_too_short_a_history_is_not_judged():
    assert backtesting.error_of(History(_sold(1, range(80)), [1.0] * 80), Pool(rate=1.0)) == Error(0, 0.0, 0)


def test_the_naive_rule_is_the_last_week_four_times():
    history = History([Sale(0, 50), *_sold(3, range(90, 100)), Sale(100, 7)], ALWAYS)

    assert backtesting.seasonal_naive(history, at=100) == 4 * 7 * 3


def test_variants_are_compared_by_what_was_known_then():
    """One sells evenly, one in every second week alone, where the last week is the worst of guides."""
    even = _sold(5)
    weekly = [Sale(day, 5) for day in range(DAYS) if day // 7 % 2 == 0]
    asked = [[0] * DAYS for _ in range(2)]
    for units, sales in zip(asked, (even, weekly), strict=True):
        for sale in sales:
            units[sale.day] = sale.units
    seen = []

    def known(day: int) -> list[History]:
        seen.append(day)
        return [History([sale for sale in sales if sale.day < day], [1.0] * day) for sales in (even, weekly)]

    result = backtesting.compare(known, asked, at=(112, 119, 126), judged=(0, 1))

    assert seen == [112, 119, 126]
    assert (result.variants, result.origins, result.better, result.enough) == (2, 3, 0.5, 1.0)
    assert result.naive == pytest.approx((0 + 1) / 2)
    assert 0 < result.ours < result.naive
    assert result.gain == pytest.approx(1 - result.ours / result.naive)


def test_only_the_judged_go_into_the_median():
    even = _sold(5)
    asked = [[5] * DAYS, [0] * DAYS]

    result = backtesting.compare(
        lambda day: [History(even[:day], [1.0] * day), History((), [0.0] * day)], asked, at=(112,), judged=(0,)
    )

    assert (result.variants, result.naive) == (1, 0.0)
