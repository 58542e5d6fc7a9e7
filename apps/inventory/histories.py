"""Histories of demand out of our own rows, a batch of levels at a time: what orders wanted, and when the shelf was empty.

Units called off are no demand. Whether something could be bought is read from the movements, backwards from what lies there
now, so that no night has to be remembered: units on hand that are neither set aside nor promised, leased ones counted, because
a channel does sell them. Before its first movement a level held nothing.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db import connection

from apps.core import clock
from apps.inventory import forecasting
from apps.inventory.forecasting import WINDOW_DAYS, History, Pool, Sale

_TO_SELL = "{0}.on_hand - {0}.safety - {0}.damaged - {0}.quality_control - {0}.expired - {0}.reserved"
# What an order wants; transfers and the like are no demand of customers.
_BY_ORDERS = (
    "d.kind = 'order_line' AND d.arrived_at >= %(start)s AND d.arrived_at < %(end)s AND d.quantity > d.cancelled"
)
_DAY = "(d.arrived_at AT TIME ZONE %(zone)s)::date - %(first)s::date"

_SALES = f"""
SELECT d.level_id, array_agg({_DAY}), array_agg(d.quantity - d.cancelled)
FROM inventory_demand d WHERE d.level_id = ANY(%(levels)s) AND {_BY_ORDERS} GROUP BY d.level_id"""

_POOLS = f"""
WITH sold AS (
    SELECT l.location_id, d.level_id, {_DAY} AS day FROM inventory_demand d JOIN inventory_stocklevel l ON l.id = d.level_id
    WHERE {_BY_ORDERS}
), spread AS (SELECT location_id, count(DISTINCT level_id) AS variants FROM sold GROUP BY location_id)
SELECT s.location_id, p.variants, s.day, count(*) FROM sold s JOIN spread p USING (location_id) GROUP BY 1, 2, 3"""

# The level now, less all that moved since the window began, is what was there when it began; from there forwards again.
_GAPS = f"""
WITH moved AS (
    SELECT m.level_id, m.id, m.at, {_TO_SELL.format("m")} AS units FROM inventory_stockmovement m
    WHERE m.level_id = ANY(%(levels)s) AND m.at >= %(start)s AND {_TO_SELL.format("m")} <> 0
), since AS (SELECT level_id, sum(units) AS units FROM moved GROUP BY level_id),
points AS (
    SELECT l.id AS level_id, NULL::uuid AS id, %(start)s::timestamptz AS at,
        {_TO_SELL.format("l")} - coalesce(s.units, 0) AS units
    FROM inventory_stocklevel l LEFT JOIN since s ON s.level_id = l.id WHERE l.id = ANY(%(levels)s)
    UNION ALL SELECT level_id, id, at, units FROM moved WHERE at < %(end)s
), held AS (
    SELECT level_id, at, sum(units) OVER later AS units, lead(at, 1, %(end)s::timestamptz) OVER later AS until
    FROM points WINDOW later AS (PARTITION BY level_id ORDER BY at, id NULLS FIRST)
)
SELECT level_id, array_agg(extract(epoch FROM at)::float8), array_agg(extract(epoch FROM until)::float8)
FROM held WHERE units <= 0 AND until > at GROUP BY level_id"""


_MOVED = """
SELECT m.level_id, max((m.at AT TIME ZONE %(zone)s)::date) FROM inventory_stockmovement m
WHERE m.at >= %(start)s AND m.at < %(end)s AND m.level_id = ANY(%(levels)s) GROUP BY m.level_id"""


@dataclass(frozen=True, slots=True)
class Window:
    """The days that a forecast looks back on, in the shop's time zone: `first` and the `WINDOW_DAYS` - 1 after it."""

    first: date
    as_of: date

    @classmethod
    def until(cls, now: datetime) -> "Window":
        """The window that ends with the day before `now`'s."""
        today = clock.business_date(now)
        return cls(today - timedelta(days=WINDOW_DAYS), today)

    def midnights(self) -> list[float]:
        """The bounds of the days, one more than there are days, in seconds since 1970."""
        return [_midnight(self.first + timedelta(days=day)).timestamp() for day in range(WINDOW_DAYS + 1)]

    def words(self) -> dict[str, object]:
        """What the statements call it."""
        start, end = _midnight(self.first), _midnight(self.as_of)
        return {"start": start, "end": end, "first": self.first, "zone": clock.shop_zone().key}


def pools(window: Window) -> dict[UUID, Pool]:
    """What is usual at each location; one statement."""
    counts: dict[UUID, list[int]] = {}
    variants: dict[UUID, int] = {}
    for location, sold, day, sales in _rows(_POOLS, window.words()):
        counts.setdefault(location, [0] * WINDOW_DAYS)[day] = sales
        variants[location] = sold
    return {location: forecasting.pooled(sales, variants=variants[location]) for location, sales in counts.items()}


def moved_on(since: date, levels: Collection[UUID]) -> dict[UUID, date]:
    """The last day, from `since` on and before today, on which units of each level moved; levels without one are left out."""
    words = {"start": _midnight(since), "zone": clock.shop_zone().key, "levels": list(levels)}
    words["end"] = _midnight(clock.business_date())
    return dict(_rows(_MOVED, words))


def of(levels: Collection[UUID], window: Window) -> dict[UUID, History]:
    """The history of each level, whatever their number; two statements."""
    words = window.words() | {"levels": list(levels)}
    sales = {
        level: [Sale(*sale) for sale in zip(days, units, strict=True)] for level, days, units in _rows(_SALES, words)
    }
    gaps = {level: zip(begins, ends, strict=True) for level, begins, ends in _rows(_GAPS, words)}
    midnights = window.midnights()
    always = forecasting.on_shelf((), midnights)
    return {
        level: forecasting.History(
            sales.get(level, ()), forecasting.on_shelf(gaps[level], midnights) if level in gaps else always
        )
        for level in levels
    }


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=clock.shop_zone())


def _rows(statement: str, words: dict[str, object]) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(statement, words)
        return cursor.fetchall()
