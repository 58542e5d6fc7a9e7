"""The night's forecasts: for every level what will be asked for, how far off that was so far, and when to order.

Set-based: a batch of levels takes eight statements, however many levels it has (a ninth where some are new). The forecast is new every night; its back-test,
which costs fifteen times as much and moves slowly, once a week. Nothing here promises, moves or buys a unit.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
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

BATCH = 2000
ERROR_LASTS = timedelta(days=7)
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
    window = histories.Window.until(clock.now())
    if levels:
        with transaction.atomic():
            pools = histories.pools(window)
            sold = histories.of([level.id for level in levels], window)
            rules = _Rules.read(level.variant_id for level in levels)
            made = [
                _forecast(level, sold[level.id], pools.get(level.location_id, Pool()), rules, window)
                for level in levels
            ]
            _write(made)
    return Step(levels[-1].id if len(levels) == size else None, len(levels))


def _behind(after: UUID | None):
    found = StockLevel.objects.select_related("forecast").order_by("id")
    return found.filter(id__gt=after) if after else found


def position(level: StockLevel) -> int:
    """What can be sold and what is on its way, less what orders wait for. Leased units are for sale, at one channel."""
    return level.available + level.leased + level.incoming - level.backordered


def _forecast(level: StockLevel, found: History, pool: Pool, rules: "_Rules", window: histories.Window) -> Forecast:
    """The level's row, not yet written."""
    history = forecasting.counted(found)
    made = forecasting.forecast(history, pool)
    manners = rules.of(level)
    points = reordering.points(made, manners)
    before: Forecast | None = getattr(level, "forecast", None)
    row = before or Forecast(id=uuid7(), level_id=level.id)
    row.as_of, row.computed_at = window.as_of, clock.now()
    row.sales, row.units = len(history.sales), sum(sale.units for sale in history.sales)
    row.days_counted, row.days_out = _days(history)
    row.daily, row.noise = (Decimal(value).quantize(_PLACES) for value in (made.daily, made.noise))
    row.lead_days, row.review_days, row.order_days = manners.lead_days, manners.review_days, manners.order_days
    row.service_percent = manners.service_percent
    row.safety, row.reorder_point, row.up_to = points.safety, points.reorder_point, points.up_to
    row.lasts_days = reordering.lasts(position(level), made, most=NEVER)
    if row.error_as_of is None or window.as_of - row.error_as_of >= ERROR_LASTS:
        error = backtesting.error_of(history, pool)
        row.error_as_of, row.error_origins = window.as_of, error.origins
        row.error_percent = min(MOST_PERCENT, round(100 * error.wape)) if error.units else None
    return row


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
