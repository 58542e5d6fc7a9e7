"""When to order and how much: pure functions of a forecast and of what the merchant wishes.

Orders are placed every `review_days`, goods arrive `lead_days` later; between two decisions the shelf has to last for both
together. The (R, s, S) rule: what falls to s or below is filled up to S.

    s = demand over (lead + review) days + z * sigma over the same days        reorder point; the second term is the reserve
    S = s + demand over `order_days`                                           up to
    z = the normal quantile of the wished service level: the share of order cycles without a stock-out

E. A. Silver, D. F. Pyke, D. J. Thomas, "Inventory and Production Management in Supply Chains", 4th ed. (2017), ch. 6 and 7;
sigma over several days: `forecasting.Forecast.sigma`. A demand that is not normal is why the share that was really reached
is printed by `manage.py forecast_backtest`.
"""

import math
from dataclasses import dataclass
from decimal import Decimal
from statistics import NormalDist

from apps.inventory.forecasting import Forecast


@dataclass(frozen=True, slots=True)
class Manners:
    """What the merchant wishes; `service_percent` between 50 and 99.9."""

    lead_days: int
    review_days: int
    service_percent: Decimal
    order_days: int


@dataclass(frozen=True, slots=True)
class Points:
    """Units, whole: `reorder_point` includes `safety`; 0 where nothing is expected."""

    safety: int
    reorder_point: int
    up_to: int


def points(forecast: Forecast, manners: Manners) -> Points:
    """Reorder point, reserve and filling height of one level."""
    days = manners.lead_days + manners.review_days
    z = NormalDist().inv_cdf(float(manners.service_percent) / 100)
    demand = forecast.demand(days)
    reorder_point = math.ceil(demand + z * forecast.sigma(days))
    return Points(
        reorder_point - math.floor(demand + 0.5),
        reorder_point,
        reorder_point + math.ceil(forecast.demand(manners.order_days)),
    )


def suggested(position: int, *, reorder_point: int, up_to: int) -> int:
    """Units to order now, where `position` is what can be sold and what is on its way, less what orders wait for."""
    return up_to - position if position <= reorder_point and position < up_to else 0


def lasts(position: int, forecast: Forecast, *, most: int) -> int:
    """Whole days until the position is used up, `most` at most."""
    if position <= 0:
        return 0
    return min(most, int(position / forecast.daily)) if forecast.daily else most
