"""How far off the forecast was: at each of many past days forecast what came after it, by what was known then, and compare.

Rolling origin; the measure is WAPE, the sum of absolute errors over the sum of what was asked for, of the sum of 28 days. The
rule to beat is the seasonal naive one with a season of 7 days: the next four weeks are the last week four times.
Hyndman and Athanasopoulos, "Forecasting: Principles and Practice", 3rd ed. (2021), 5.2, 5.8 and 5.10; WAPE: Kolassa and
Schuetz, "Advantages of the MAD/MEAN ratio over the MAPE", Foresight 6 (2007) 40-43.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist, median

from apps.inventory.forecasting import WINDOW_DAYS, History, Pool, forecast, pooled

HORIZON = 28  # days
STEP = 7  # days between origins
SEASON = 7
LEAST_DAYS = 56  # of history before the first origin
AIM = 0.95


@dataclass(frozen=True, slots=True)
class Error:
    """What came out of a back-test of one variant: of how many origins, units forecast wrongly, and units asked for."""

    origins: int
    off: float
    units: float

    @property
    def wape(self) -> float:
        """Off over asked for; 0 for nothing forecast where nothing was asked for, infinite where something was."""
        if self.units:
            return self.off / self.units
        return math.inf if self.off else 0.0


def origins(days: int, *, first: int = LEAST_DAYS) -> range:
    """The days at which to forecast: the last with a whole horizon behind it in so many days, back in steps to `first`."""
    last = days - HORIZON
    return range(last - (last - first) // STEP * STEP, last + 1, STEP) if last >= first else range(0)


def error_of(history: History, pool: Pool) -> Error:
    """How far off the forecast of this variant has been, days out of stock left out of both sides.

    An origin counts where the variant could be bought on at least half of the days after it, and had been sold before.
    """
    tried, off, asked = 0, 0.0, 0
    for at in origins(len(history.on_shelf)):
        open_days = sum(history.on_shelf[at : at + HORIZON])
        told = forecast(history, pool, at=at) if open_days >= HORIZON / 2 else None
        if told is None or not told.daily:
            continue
        units = sum(
            sale.units for sale in history.sales if at <= sale.day < at + HORIZON and history.on_shelf[sale.day]
        )
        tried += 1
        off += abs(told.demand(open_days) - units)
        asked += units
    return Error(tried, off, asked)


@dataclass(frozen=True, slots=True)
class Result:
    """A back-test of many variants: the median of their WAPE by our forecast and by the naive one, and who won how often.

    `bias` is all units forecast too many (or, below 0, too few) over all units asked for. `enough`: of all times at which
    there was a forecast, the share at which the demand that came stayed within what is kept for `AIM` of such times.
    """

    variants: int
    origins: int
    ours: float
    naive: float
    better: float
    bias: float
    enough: float

    @property
    def gain(self) -> float:
        """By which part our error is smaller than the naive one's."""
        return 1 - self.ours / self.naive


def compare(
    known: Callable[[int], Sequence[History]],
    asked: Sequence[Sequence[int]],
    *,
    at: Iterable[int],
    judged: Sequence[int],
) -> Result:
    """Both forecasts against what came.

    `known(day)`: the histories of all variants as they stood before that day. `asked[variant][day]`: units that were really
    asked for. `judged`: numbers of the variants whose WAPE goes into the median; all of them make the pool.
    """
    off: dict[int, list[float]] = {variant: [0.0, 0.0, 0.0, 0.0] for variant in judged}  # ours, naive, asked, surplus
    days = tuple(at)
    z = NormalDist().inv_cdf(AIM)
    enough: list[bool] = []
    for day in days:
        histories = known(day)
        pool = _pool(histories, day)
        for variant, sums in off.items():
            made = forecast(histories[variant], pool, at=day)
            told, came = made.demand(HORIZON), sum(asked[variant][day : day + HORIZON])
            if made.daily:
                enough.append(came <= math.ceil(told + z * made.sigma(HORIZON)))
            sums[0] += abs(told - came)
            sums[1] += abs(seasonal_naive(histories[variant], at=day) - came)
            sums[2] += came
            sums[3] += told - came
    ours = [Error(len(days), sums[0], sums[2]).wape for sums in off.values()]
    naive = [Error(len(days), sums[1], sums[2]).wape for sums in off.values()]
    return Result(
        len(off), len(days), median(ours), median(naive),
        sum(one < other for one, other in zip(ours, naive, strict=True)) / len(off),
        sum(sums[3] for sums in off.values()) / sum(sums[2] for sums in off.values()), sum(enough) / len(enough),
    )  # fmt: skip


def _pool(histories: Iterable[History], days: int) -> Pool:
    first = max(0, days - WINDOW_DAYS)
    counts, variants = [0] * (days - first), 0
    for history in histories:
        lately = [sale.day - first for sale in history.sales if sale.day >= first]
        variants += bool(lately)
        for day in lately:
            counts[day] += 1
    return pooled(counts, variants=variants, first=first)


def seasonal_naive(history: History, *, at: int) -> float:
    """Units of the coming 28 days if each day repeats the same weekday of the last week."""
    total = 0
    for sale in reversed(history.sales):
        if sale.day < at - SEASON:
            break
        total += sale.units if sale.day < at else 0
    return HORIZON / SEASON * total
