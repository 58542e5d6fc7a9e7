"""The night's forecasts: for every level what will be asked for, how far off that was so far, and when to order.

Set-based: a batch of levels takes nine statements, however many levels it has (a tenth where some are new). A level's history
is read again the night after something happened to it, and once a week in any case; its back-test, which costs fifteen times
as much and moves slowly, once a week. What the merchant wishes takes effect every night. Nothing here promises, moves or buys.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from apps.core import clock, rows
from apps.core.ids import uuid7
from apps.inventory import backtesting, forecasting, histories, reordering
from apps.inventory.forecasting import History, Pool
from apps.inventory.models import Forecast, ReorderRule, StockLevel, SupplierItem
from apps.inventory.models.replenishment import NEVER
from apps.inventory.reordering import Manners

BATCH = 4000
LASTS = timedelta(days=7)
MOST_PERCENT = 9999
LEAD_DAYS, REVIEW_DAYS = 14, 7  # where neither a rule nor a supplier says
_COLUMNS = [field.name for field in Forecast._meta.concrete_fields if field.name not in ("id", "level")]
_PLACES = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Step:
    """How far a batch came: the last level's id (None: that was the last batch), and how many there were."""

    last: UUID | None
    levels: int


def forecast_levels(*, after: UUID | None = None, size: int = BATCH) -> Step:
    """Forecast the next `size` levels behind the level `after`, in the order of their ids."""
    levels = list(_behind(after)[:size])
    if levels:
        window = histories.Window.until(clock.now())
        with transaction.atomic():
            due = _due(levels, window)
            found = histories.of(due, window) if due else {}
            pools = histories.pools(window) if due else {}
            rules = _Rules.read(level.variant_id for level in levels)
            made = []
            for level in levels:
                row: Forecast = getattr(level, "forecast", None) or Forecast(id=uuid7(), level_id=level.id)
                if level.id in due:
                    _look_back(row, forecasting.counted(found[level.id]), pools.get(level.location_id, Pool()), window)
                if _plan(row, level, rules.of(level)) or level.id in due:
                    made.append(row)
            _write(made)
    return Step(levels[-1].id if len(levels) == size else None, len(levels))


def _behind(after: UUID | None):
    found = StockLevel.objects.select_related("forecast").order_by("id")
    return found.filter(id__gt=after) if after else found


def _due(levels: Sequence[StockLevel], window: histories.Window) -> set[UUID]:
    """Levels whose history has to be read: new ones, those on which something happened, and those of a week ago.

    An order that found nothing to promise moves nothing, so that levels with such orders are always read.
    """
    told = {level.id: level.forecast.as_of if hasattr(level, "forecast") else None for level in levels}
    moved = histories.moved_on(window.as_of - LASTS, told)
    return {
        level.id
        for level in levels
        if (as_of := told[level.id]) is None
        or window.as_of - as_of >= LASTS
        or level.backordered
        or (level.id in moved and moved[level.id] >= as_of)
    }


def position(level: StockLevel) -> int:
    """What can be sold and what is on its way, less what orders wait for. Leased units are for sale, at one channel."""
    return level.available + level.leased + level.incoming - level.backordered


def _look_back(row: Forecast, history: History, pool: Pool, window: histories.Window) -> None:
    """What the history says."""
    made = forecasting.forecast(history, pool)
    row.as_of, row.computed_at = window.as_of, clock.now()
    row.sales, row.units = len(history.sales), sum(sale.units for sale in history.sales)
    row.days_counted, row.days_out = _days(history)
    row.daily, row.noise = (Decimal(value).quantize(_PLACES) for value in (made.daily, made.noise))
    if row.error_as_of is None or window.as_of - row.error_as_of >= LASTS:
        error = backtesting.error_of(history, pool)
        row.error_as_of, row.error_origins = window.as_of, error.origins
        row.error_percent = min(MOST_PERCENT, round(100 * error.wape)) if error.units else None


def _plan(row: Forecast, level: StockLevel, manners: Manners) -> bool:
    """What follows from it for the merchant's wishes; whether anything is other than before."""
    made = row.told()
    points = reordering.points(made, manners)
    told = asdict(manners) | asdict(points) | {"lasts_days": reordering.lasts(position(level), made, most=NEVER)}
    changed = {name: value for name, value in told.items() if getattr(row, name) != value}
    for name, value in changed.items():
        setattr(row, name, value)
    return bool(changed)


def _days(history: History) -> tuple[int, int]:
    """Days on which it could be bought, and days since the first of them (or the first sale) on which it could not."""
    first = next((day for day, share in enumerate(history.on_shelf) if share), len(history.on_shelf))
    first = min([first, *(sale.day for sale in history.sales)])
    counted = round(sum(history.on_shelf))
    return counted, max(0, len(history.on_shelf) - first - counted)


def _write(made: Sequence[Forecast]) -> None:
    """New rows in one statement, known ones in another."""
    rows.insert_new(row for row in made if row._state.adding)
    rows.update((row for row in made if not row._state.adding), _COLUMNS)


@dataclass(frozen=True, slots=True)
class _Rules:
    """All rules of the merchant by what they are for, (variant, location), either None for all; and who sells each variant."""

    by_place: Mapping[tuple[UUID | None, UUID | None], ReorderRule]
    sources: Mapping[UUID, SupplierItem]

    @classmethod
    def read(cls, variants: Iterable[UUID]) -> "_Rules":
        found = {(rule.variant_id, rule.location_id): rule for rule in ReorderRule.objects.all()}
        return cls({(None, None): ReorderRule()} | found, sources(variants))

    def of(self, level: StockLevel) -> Manners:
        """The most particular rule that fits; times by a rule for the variant, its supplier, a rule for all, or our own."""
        variant, place = level.variant_id, level.location_id
        fitting = [self.by_place.get(key) for key in ((variant, place), (variant, None), (None, place), (None, None))]
        source = self.sources.get(variant)
        lead = [rule.lead_days if rule else None for rule in fitting]
        review = [rule.review_days if rule else None for rule in fitting]
        lead.insert(2, source.supplier.lead_time_days if source else None)
        review.insert(2, source.supplier.review_days if source else None)
        rule = next(rule for rule in fitting if rule)
        return Manners(
            next((days for days in lead if days is not None), LEAD_DAYS),
            next((days for days in review if days is not None), REVIEW_DAYS), rule.service_percent, rule.order_days,
        )  # fmt: skip


def sources(variants: Iterable[UUID]) -> dict[UUID, SupplierItem]:
    """Where each variant is bought: the supplier that is asked first, of several the one that is known longest."""
    items = SupplierItem.objects.filter(variant__in=set(variants), supplier__is_active=True).select_related("supplier")
    found: dict[UUID, SupplierItem] = {}
    for item in items.order_by("-is_preferred", "id"):
        found.setdefault(item.variant_id, item)
    return found
