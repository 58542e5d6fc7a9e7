"""What to buy now: last night's points against what lies there, is on its way and is drafted at this moment.

A level is suggested while what it has is not above its reorder point; units that somebody has just ordered or drafted count, so
that nothing is suggested twice. Most urgent first: by how many days last night's stock lasts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import F, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, Upper

from apps.inventory import reordering, replenishment
from apps.inventory.models import Forecast, PurchaseOrderLine, StockLevel, SupplierItem
from apps.inventory.states import PurchaseState

KEYS = ("lasts_days", "id")
ONLY = ("", "late", "all")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One level with what to order for it. `have`: to sell, on its way and drafted, less what orders wait for."""

    forecast: Forecast
    source: SupplierItem | None
    drafted: int
    have: int
    units: int

    @property
    def level(self) -> StockLevel:
        """What it is for."""
        return self.forecast.level

    @property
    def packs(self) -> int:
        """How many packs of the supplier's the units are."""
        return self.units // (self.source.pack_size if self.source else 1)

    @property
    def to_sell(self) -> int:
        """Units that lie there and can be sold, leased ones among them."""
        return self.level.available + self.level.leased

    @property
    def is_late(self) -> bool:
        """Whether the stock is used up before a delivery of today's order arrives."""
        return self.units > 0 and self.forecast.lasts_days < self.forecast.lead_days


def rows(text: str = "", *, only: str = "", location: UUID | None = None) -> QuerySet[Forecast]:
    """Forecasts to list: those to order for, those that run out before a delivery (`late`), or `all`.

    `text`: a barcode, or the beginning of a SKU or title.
    """
    found = Forecast.objects.filter(level__variant__is_active=True, level__location__is_active=True)
    found = found.select_related("level__variant", "level__location").annotate(drafted=_drafted())
    if only != "all":
        found = found.alias(have=_HAVE + F("drafted")).filter(have__lte=F("reorder_point"), have__lt=F("up_to"))
    if only == "late":
        found = found.filter(lasts_days__lt=F("lead_days"))
    if location:
        found = found.filter(level__location=location)
    text = text.strip()
    if text:
        start = text.upper()
        found = found.alias(sku_upper=Upper("level__variant__sku"), title_upper=Upper("level__variant__title")).filter(
            Q(level__variant__barcode=text) | Q(sku_upper__startswith=start) | Q(title_upper__startswith=start)
        )
    return found


def of(found: Sequence[Forecast]) -> list[Suggestion]:
    """The suggestions of rows of `rows`, in packs of the supplier; one statement for all of them."""
    sources = replenishment.sources(row.level.variant_id for row in found)
    return [_suggestion(row, sources.get(row.level.variant_id)) for row in found]


def chosen(forecasts: Iterable[UUID]) -> list[Suggestion]:
    """What is still to order of these, by supplier and article; two statements."""
    made = of(list(rows().filter(id__in=set(forecasts)).order_by("level__variant__sku", "id")))
    return [suggestion for suggestion in made if suggestion.units]


def _suggestion(row: Forecast, source: SupplierItem | None) -> Suggestion:
    drafted: int = row.drafted  # type: ignore[attr-defined]  # annotated by `rows`
    have = replenishment.position(row.level) + drafted
    units = reordering.suggested(have, reorder_point=row.reorder_point, up_to=row.up_to)
    pack = source.pack_size if source else 1
    return Suggestion(row, source, drafted, have, -(-units // pack) * pack)


# `replenishment.position` as the database says it.
_HAVE: Any = (
    F("level__on_hand") - F("level__safety") - F("level__damaged") - F("level__quality_control") - F("level__reserved")
    + F("level__incoming") - F("level__backordered")
)  # fmt: skip


def _drafted() -> Any:
    """Units on purchase orders that nobody has placed yet."""
    lines = PurchaseOrderLine.objects.filter(
        variant=OuterRef("level__variant"), order__location=OuterRef("level__location"),
        order__state=PurchaseState.DRAFT,
    )  # fmt: skip
    total = lines.order_by().values("variant").annotate(units=Sum("quantity")).values("units")
    return Coalesce(Subquery(total), 0, output_field=IntegerField())
