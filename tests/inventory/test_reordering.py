"""When to order and how much: the formula on paper, and what it must never do."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.inventory import reordering
from apps.inventory.forecasting import NOTHING, Forecast
from apps.inventory.reordering import Manners, Points

USUAL = Manners(14, 7, Decimal(95), 28)
FORECASTS = st.builds(Forecast, st.floats(0, 1000), st.floats(0, 1000))


def test_the_formula_by_hand():
    """2 a day, noise 3: over 21 days 42 and sigma = sqrt(21 * 9 + (21 * 0.8 * 2)^2) = 36.30; z(95 %) = 1.645."""
    assert reordering.points(Forecast(2.0, 3.0), USUAL) == Points(safety=60, reorder_point=102, up_to=158)


def test_where_nothing_is_expected_nothing_is_kept():
    assert reordering.points(NOTHING, USUAL) == Points(0, 0, 0)


@given(forecast=FORECASTS, lead=st.integers(0, 120), percent=st.integers(50, 99))
def test_longer_ways_and_higher_wishes_never_ask_for_less(forecast, lead, percent):
    now = reordering.points(forecast, Manners(lead, 7, Decimal(percent), 28))
    longer = reordering.points(forecast, Manners(lead + 1, 7, Decimal(percent), 28))
    surer = reordering.points(forecast, Manners(lead, 7, Decimal("99.9"), 28))

    assert 0 <= now.safety <= now.reorder_point <= now.up_to
    assert longer.reorder_point >= now.reorder_point <= surer.reorder_point


@given(forecast=FORECASTS, position=st.integers(-500, 5000))
def test_an_order_brings_the_shelf_to_its_height_and_then_rests(forecast, position):
    points = reordering.points(forecast, USUAL)
    words = {"reorder_point": points.reorder_point, "up_to": points.up_to}

    units = reordering.suggested(position, **words)

    assert units == (points.up_to - position if position <= points.reorder_point else 0) or points.up_to <= position
    assert units >= 0
    # Nothing more is wanted while it is on its way, unless nothing at all is expected.
    assert reordering.suggested(position + units, **words) == 0 or points.up_to == points.reorder_point


@pytest.mark.parametrize(("position", "units"), [(21, 0), (20, 10), (5, 25), (-3, 33), (40, 0)])
def test_ordered_is_at_the_point_and_below(position: int, units: int):
    assert reordering.suggested(position, reorder_point=20, up_to=30) == units


@pytest.mark.parametrize(
    ("position", "daily", "days"),
    [(10, 2.0, 5), (11, 2.0, 5), (0, 2.0, 0), (-4, 2.0, 0), (5, 0.0, 90), (999, 0.01, 90)],
)
def test_how_long_it_lasts(position: int, daily: float, days: int):
    assert reordering.lasts(position, Forecast(daily, 0.0), most=90) == days
