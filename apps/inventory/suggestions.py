"""What to buy now: last night's points against what lies there, is on its way and is drafted at this moment.

A level is suggested while what it has is not above its reorder point; units that somebody has just ordered or drafted count, so
that nothing is suggested twice. Most urgent first: by how many days last night's stock lasts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, Upper

from apps.inventory import purchasing, reordering, replenishment
from apps.inventory.models import Forecast, PurchaseOrder, PurchaseOrderLine, StockLevel, SupplierItem
from apps.inventory.purchasing import Wish
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


@dataclass(frozen=True, slots=True)
class Drafted:
    """What came of choosing suggestions: drafts, and SKUs that nobody is known to sell."""

    orders: list[PurchaseOrder]
    unsold: list[str]


def draft(forecasts: Iterable[UUID], *, actor: str) -> Drafted:
    """Drafts of purchase orders for these suggestions, one for each supplier and place: all of them or none.

    What has been drafted or ordered by somebody else meanwhile is left out; two people at once make one draft. Raises
    `errors.Refused`.
    """
    wanted = set(forecasts)
    with transaction.atomic():
        # Whoever comes second waits here, and then sees what the first has drafted.
        list(Forecast.objects.filter(id__in=wanted).order_by("id").select_for_update(no_key=True).values_list("id"))
        groups: dict[tuple[UUID, UUID], list[Suggestion]] = {}
        unsold = []
        for one in chosen(wanted):
            if one.source:
                groups.setdefault((one.source.supplier_id, one.level.location_id), []).append(one)
            else:
                unsold.append(one.level.variant.sku)
        orders = [_order(group, actor=actor) for group in groups.values()]
    return Drafted(orders, unsold)


def _order(group: Sequence[Suggestion], *, actor: str) -> PurchaseOrder:
    source = group[0].source
    assert source is not None
    wishes = [Wish(variant=one.level.variant_id, quantity=one.units) for one in group]
    return purchasing.draft(source.supplier, wishes, location=group[0].level.location, actor=actor)


def _suggestion(row: Forecast, source: SupplierItem | None) -> Suggestion:
    drafted: int = row.drafted  # type: ignore[attr-defined]  # annotated by `rows`
    have = replenishment.position(row.level) + drafted
    units = reordering.suggested(have, reorder_point=row.reorder_point, up_to=row.up_to)
    pack = source.pack_size if source else 1
    return Suggestion(row, source, drafted, have, -(-units // pack) * pack)


# `replenishment.position` as the database says it.
_HAVE: Any = (
    F("level__on_hand") - F("level__safety") - F("level__damaged") - F("level__quality_control") - F("level__expired")
    - F("level__reserved")
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
