"""What will be asked for: pure functions, no database, no clock. A day on which the shelf was empty is no day without demand.

Method. Demand of one variant at one location is intermittent: many days without a sale, now and then a bulk order. As in
TSB (Teunter, Syntetos and Babai 2011) *how often* it is bought and *how much* at a time are smoothed apart, each with its own
discount (Brown 1959): sales a day with a half-life of four weeks, units a sale with one of twelve. Three things are ours:

- Exposure. A day counts by the share of it in which the shelf had units, times the weekday's part in the location's sales.
  Sales over exposure is the rate at which people buy *when they can*, the estimate for censored counts (Conrad 1976; Agrawal
  and Smith 1996 for what is lost on an empty shelf). A masked day takes no part at all, whatever was sold or not sold on it.
- Shrinkage. The rate is drawn towards the location's usual one with the weight of three days, so that one early sale of a
  new variant is no trend (a gamma prior of a Poisson rate).
- Bulk. A sale of more than four times what 95 of 100 of the variant's sales stay below counts as that much in the mean, and
  as what it is in the spread, because it does empty the shelf.

Spread over n days: sqrt(n s^2 + (n v)^2). The first term is the noise of single days, the second the error of the level
itself, which grows with n because it is the same wrong level every day; leaving it out, as s sqrt(n) does, keeps too little in
reserve (Prak, Teunter and Syntetos 2017). v is 0.8 of the level, set on real orders so that what was aimed at was reached.

References: R. H. Teunter, A. A. Syntetos, M. Z. Babai, "Intermittent demand: Linking forecasting to inventory obsolescence",
European Journal of Operational Research 214 (2011) 606-615. D. Prak, R. Teunter, A. Syntetos, "On the calculation of safety
stocks when demand is forecasted", EJOR 256 (2017) 454-461. S. A. Conrad, "Sales data and the estimation of demand",
Operational Research Quarterly 27 (1976) 123-127. N. Agrawal, S. A. Smith, "Estimating negative binomial demand for retail
inventory management with unobservable lost sales", Naval Research Logistics 43 (1996) 839-861. R. G. Brown, "Statistical
Forecasting for Inventory Control" (1959). The constants were chosen on the first four months of real orders and judged on the
three after them (docs/decisions/0013-demand-is-forecast-from-days-with-stock.md); `backtesting.py` measures.
"""

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import cycle, islice
from operator import mul
from statistics import fmean
from typing import NamedTuple

WINDOW_DAYS = 182  # what is older has faded to a few per cent
RATE_HALF_LIFE, SIZE_HALF_LIFE = 28, 84  # days
PRIOR_DAYS = 3.0
BULK_SHARE, BULK_TIMES = 0.95, 4.0
LEVEL_ERROR = 0.8
_LEAST_SHARE = 1e-6
_RATE_WEIGHTS = tuple(0.5 ** (age / RATE_HALF_LIFE) for age in reversed(range(WINDOW_DAYS)))  # oldest day first
_SIZE_WEIGHTS = tuple(0.5 ** (age / SIZE_HALF_LIFE) for age in reversed(range(WINDOW_DAYS)))


class Sale(NamedTuple):
    """One sale: the number of its day in the history, and its units, less what was called off."""

    day: int
    units: int


@dataclass(frozen=True, slots=True)
class History:
    """What one variant sold at one location over consecutive days, in order; `on_shelf[day]`: the share of the day, 0 to 1,
    in which it could be bought. Day 0 falls on the same weekday for all histories that are looked at together.
    """

    sales: Sequence[Sale]
    on_shelf: Sequence[float]


@dataclass(frozen=True, slots=True)
class Pool:
    """What is usual at a location: each weekday's weight (average 1, day 0 first), and sales of one variant a day."""

    weekdays: tuple[float, ...] = (1.0,) * 7
    rate: float = 0.0


@dataclass(frozen=True, slots=True)
class Forecast:
    """Units a day from now on, and the standard deviation of one day's units around it."""

    daily: float
    noise: float

    @classmethod
    def of(cls, daily: Decimal, noise: Decimal) -> "Forecast":
        """A forecast as it was stored."""
        return cls(float(daily), float(noise))

    def demand(self, days: float) -> float:
        """Units to be expected over so many days."""
        return self.daily * days

    def sigma(self, days: float) -> float:
        """Standard deviation of the units asked for over so many days around `demand`."""
        return math.sqrt(days * self.noise**2 + (days * LEVEL_ERROR * self.daily) ** 2)


NOTHING = Forecast(0.0, 0.0)


def counted(history: History) -> History:
    """The history with the days that count: what sells mostly while the shelf is empty is sold to order, so its shelf says
    nothing, and all its days count from the first sale on.
    """
    off = sum(sale.units for sale in history.sales if not history.on_shelf[sale.day])
    if 2 * off <= sum(sale.units for sale in history.sales):
        return history
    first = min(sale.day for sale in history.sales)
    return History(history.sales, [float(day >= first) for day in range(len(history.on_shelf))])


def forecast(history: History, pool: Pool, *, at: int | None = None) -> Forecast:
    """What will be asked for from day `at` on (default: the day after the history), by what was known before that day.

    A variant that was never sold on a day that counts has no forecast: `NOTHING`.
    """
    end = len(history.on_shelf) if at is None else at
    start = max(0, end - WINDOW_DAYS)
    shelf = history.on_shelf[start:end]
    sales = [sale for sale in history.sales if start <= sale.day < end and shelf[sale.day - start]]
    if not sales:
        return NOTHING
    exposed = list(map(mul, shelf, islice(cycle(pool.weekdays), start % 7, None)))
    skip = WINDOW_DAYS - (end - start)
    per_rate, per_size = _RATE_WEIGHTS[skip:], _SIZE_WEIGHTS[skip:]
    bought = sum(per_rate[sale.day - start] for sale in sales)
    rate = (bought + PRIOR_DAYS * pool.rate) / (sum(map(mul, per_rate, exposed)) + PRIOR_DAYS)
    cap = _bulk([sale.units for sale in sales])
    weights = [per_size[sale.day - start] for sale in sales]
    size = sum(weight * min(sale.units, cap) for weight, sale in zip(weights, sales, strict=True)) / sum(weights)
    daily = rate * size
    return Forecast(daily, _noise(_by_day(sales, start), daily, per_size, exposed, shelf))


def pooled(sales: Sequence[int], *, variants: int, first: int = 0) -> Pool:
    """What is usual at a location: sales of all its variants together on each of the last days, at most `WINDOW_DAYS`,
    of which the first is day `first` of the histories; and how many variants were sold on these days.
    """
    if not any(sales):
        return Pool()
    by_weekday = [fmean(sales[(weekday - first) % 7 :: 7] or (0,)) for weekday in range(7)]
    per_rate = _RATE_WEIGHTS[WINDOW_DAYS - len(sales) :]
    rate = sum(map(mul, per_rate, sales)) / sum(per_rate) / variants
    return Pool(tuple(mean / fmean(by_weekday) for mean in by_weekday), rate)


def on_shelf(gaps: Iterable[tuple[float, float]], midnights: Sequence[float]) -> list[float]:
    """The share of each day in which it could be bought: `gaps` (from, until) are the times at which it could not, apart from
    one another, in the same measure as `midnights`, of which each day lies between two.
    """
    shares = [1.0] * (len(midnights) - 1)
    for begin, end in gaps:
        for day in range(max(0, bisect_right(midnights, begin) - 1), len(shares)):
            first, last = midnights[day], midnights[day + 1]
            if first >= end:
                break
            shares[day] -= (min(end, last) - max(begin, first)) / (last - first)
    # A day that is wholly out is exactly 0, whatever the halves of it were rounded to.
    return [share if share > _LEAST_SHARE else 0.0 for share in shares]


def _bulk(units: list[int]) -> float:
    """What a single sale counts for at most; needs more than twenty of them to know a bulk order."""
    units.sort()
    return BULK_TIMES * units[min(len(units) - 1, int(BULK_SHARE * len(units)))]


def _by_day(sales: Iterable[Sale], start: int) -> dict[int, int]:
    found: dict[int, int] = {}
    for day, units in sales:
        found[day - start] = found.get(day - start, 0) + units
    return found


def _noise(
    sold: dict[int, int], daily: float, weights: Sequence[float], exposed: Sequence[float], shelf: Sequence[float]
) -> float:
    """Standard deviation of one whole day's units around the level, days out of stock left out."""
    squares = daily**2 * sum(map(mul, weights, map(mul, exposed, exposed)))
    squares += sum(weights[day] * units * (units - 2 * daily * exposed[day]) for day, units in sold.items())
    return math.sqrt(max(0.0, squares) / sum(map(mul, weights, shelf)))
