"""The forecast is of what people buy when they can: masked days take no part, one bulk order is no trend, zero stays zero."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.inventory import forecasting
from apps.inventory.forecasting import LEVEL_ERROR, NOTHING, WINDOW_DAYS, Forecast, History, Pool, Sale, forecast

DAYS = 140
FLAT = Pool(rate=0.5)
ALWAYS = [1.0] * DAYS
SALES = st.lists(
    st.builds(Sale, st.integers(0, DAYS - 1), st.integers(1, 500)), min_size=1, max_size=60
).map(sorted)  # fmt: skip
SHELF = st.lists(st.sampled_from([0.0, 0.25, 1.0]), min_size=DAYS, max_size=DAYS)


def _daily(units: int, days: int = DAYS, *, but: range = range(0)) -> list[Sale]:
    """So many units on each day, none on those of `but`."""
    return [Sale(day, units) for day in range(days) if day not in but]


def test_who_sells_three_a_day_will_sell_three_a_day():
    made = forecast(History(_daily(3), ALWAYS), Pool(rate=1.0))

    assert made == Forecast(pytest.approx(3.0), pytest.approx(0.0, abs=1e-6))
    assert (made.demand(28), made.sigma(28)) == (pytest.approx(84), pytest.approx(28 * LEVEL_ERROR * 3))


def test_days_out_of_stock_are_no_days_without_demand():
    """The control beside it: the same days counted as days without demand, and the forecast falls."""
    gone = range(100, DAYS)
    sales = _daily(3, but=gone)
    shelf = [0.0 if day in gone else 1.0 for day in range(DAYS)]

    masked = forecast(History(sales, shelf), Pool(rate=1.0))
    unmasked = forecast(History(sales, ALWAYS), Pool(rate=1.0))

    assert masked.demand(28) == pytest.approx(84)
    assert masked.noise == pytest.approx(0, abs=1e-6)
    assert unmasked.demand(28) < 45


def test_half_a_day_on_the_shelf_is_half_a_day():
    sales = [Sale(day, 6) for day in range(0, DAYS, 2)]

    half = forecast(History(sales, [1.0 if day % 2 == 0 else 0.5 for day in range(DAYS)]), Pool())
    whole = forecast(History(sales, ALWAYS), Pool())

    assert half.daily / whole.daily == pytest.approx(4 / 3, rel=0.02)


@given(sales=SALES, other=SALES, shelf=SHELF)
def test_nothing_that_happens_on_a_masked_day_counts(sales, other, shelf):
    counted = [sale for sale in sales if shelf[sale.day]]
    noise = [sale for sale in other if not shelf[sale.day]]

    assert forecast(History(sorted(counted + noise), shelf), FLAT) == forecast(History(counted, shelf), FLAT)


@given(sales=SALES, shelf=SHELF, day=st.integers(0, DAYS - 1))
def test_masking_a_day_without_a_sale_never_lowers_the_forecast(sales, shelf, day):
    sales = [sale for sale in sales if sale.day != day]
    masked = [0.0 if one == day else share for one, share in enumerate(shelf)]

    assert forecast(History(sales, masked), FLAT).daily >= forecast(History(sales, shelf), FLAT).daily - 1e-9


@given(sales=SALES, shelf=SHELF, times=st.integers(2, 9))
def test_so_many_times_the_units_are_so_many_times_the_forecast(sales, shelf, times):
    one = forecast(History(sales, shelf), FLAT)

    many = forecast(History([Sale(sale.day, sale.units * times) for sale in sales], shelf), FLAT)

    assert many == Forecast(
        pytest.approx(one.daily * times), pytest.approx(one.noise * times, rel=1e-6, abs=1e-5 * times)
    )


@given(sales=SALES, shelf=SHELF, days=st.integers(1, 365))
def test_a_forecast_is_finite_and_never_negative_and_its_spread_grows_with_the_days(sales, shelf, days):
    made = forecast(History(sales, shelf), FLAT)

    assert 0 <= made.demand(days) <= 500 * 60 * days
    assert made.sigma(days) <= made.sigma(days + 1) + 1e-9


@given(sales=SALES, shelf=SHELF, at=st.integers(0, DAYS))
def test_what_comes_later_is_not_known_earlier(sales, shelf, at):
    before = [sale for sale in sales if sale.day < at]

    assert forecast(History(sales, shelf), FLAT, at=at) == forecast(History(before, shelf[:at]), FLAT)


def test_days_before_the_window_are_forgotten():
    days = WINDOW_DAYS + 70
    long = History([Sale(5, 900), *(Sale(day, 2) for day in range(80, days))], [1.0] * days)
    short = History([Sale(day - 70, 2) for day in range(80, days)], [1.0] * WINDOW_DAYS)

    assert forecast(long, FLAT) == forecast(short, FLAT)


@pytest.mark.parametrize(
    "history",
    [
        History((), ALWAYS), History((), [0.0] * DAYS), History([Sale(3, 9)], [0.0] * DAYS), History((), ()),
    ],
    ids=["unsold", "never there", "sold on an empty shelf alone", "no day"],
)  # fmt: skip
def test_without_a_sale_that_counts_there_is_no_forecast(history: History):
    assert forecast(history, FLAT) == NOTHING


def test_what_has_stopped_selling_fades():
    stopped = [forecast(History(_daily(2, 60), [1.0] * days), Pool(rate=0.0)).daily for days in (60, 90, 120, 180)]

    assert stopped == sorted(stopped, reverse=True)
    assert stopped[-1] < stopped[0] / 10


def test_one_bulk_order_is_no_trend_but_is_felt_in_the_spread():
    usual = [Sale(day, 4) for day in range(0, DAYS, 2)]
    bulk = sorted([*usual, Sale(DAYS - 2, 74_215)])

    without, with_bulk = (forecast(History(sales, ALWAYS), Pool(rate=0.5)) for sales in (usual, bulk))

    assert with_bulk.daily < 1.25 * without.daily
    assert with_bulk.noise > 100 * without.noise


def test_one_early_sale_of_a_new_variant_is_no_trend():
    shelf = [0.0] * (DAYS - 2) + [1.0] * 2
    new = History([Sale(DAYS - 1, 5)], shelf)

    assert forecast(new, Pool(rate=0.1)).daily < 5 * 0.3
    assert forecast(new, Pool(rate=1.0)).daily > 5 * 0.5  # where everything sells fast, a new thing will, too


def test_what_sells_while_the_shelf_is_empty_is_sold_to_order():
    sales = [Sale(day, 2) for day in range(40, DAYS)]
    shelf = [1.0] * 10 + [0.0] * (DAYS - 10)

    made = forecast(forecasting.counted(History(sales, shelf)), Pool(rate=1.0))

    assert made.daily == pytest.approx(2.0)


@given(sales=SALES, shelf=SHELF)
def test_a_shelf_on_which_most_was_sold_stays_what_it_is(sales, shelf):
    history = History([sale for sale in sales if shelf[sale.day]], shelf)

    assert forecasting.counted(history) is history


def test_a_masked_saturday_costs_nothing_where_nobody_buys_on_saturdays():
    per_day = [0 if day % 7 == 3 else 10 for day in range(DAYS)]
    pool = forecasting.pooled(per_day, variants=5)
    later = forecasting.pooled(per_day[9:], variants=5, first=9)
    sales = [Sale(day, 1) for day in range(DAYS) if day % 7 != 3]
    shelf = [0.0 if day % 7 == 3 else 1.0 for day in range(DAYS)]

    assert later.weekdays == pytest.approx(pool.weekdays)
    assert pool.weekdays == pytest.approx([7 / 6, 7 / 6, 7 / 6, 0, 7 / 6, 7 / 6, 7 / 6])
    assert forecast(History(sales, shelf), pool).daily == pytest.approx(forecast(History(sales, ALWAYS), pool).daily)


def test_the_usual_rate_is_of_one_variant():
    assert forecasting.pooled([6] * DAYS, variants=4).rate == pytest.approx(1.5)
    assert forecasting.pooled([0] * DAYS, variants=0) == Pool()


@given(
    cuts=st.lists(st.floats(0, 10), max_size=12).map(sorted),
    midnights=st.just([float(day) for day in range(1, 9)]),
)
def test_what_was_out_and_what_was_there_make_the_days(cuts, midnights):
    gaps = list(zip(cuts[::2], cuts[1::2], strict=False))

    shares = forecasting.on_shelf(gaps, midnights)

    out = sum(max(0.0, min(end, 8.0) - max(begin, 1.0)) for begin, end in gaps)
    assert sum(shares) == pytest.approx(7 - out, abs=1e-4)
    assert all(0 <= share <= 1 + 1e-9 for share in shares)


def test_a_gap_over_midnight_takes_from_both_days():
    assert forecasting.on_shelf([(0.75, 1.5), (2.0, 3.0)], [0.0, 1.0, 2.0, 3.0]) == [0.75, 0.5, 0.0]
