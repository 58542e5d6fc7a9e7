"""Where lots and serial numbers are and where they went: the lists that people look through, and the trace of a recall.

Every list is read by keyset and bounded by what lies there, by one lot or by a page; no search reads a whole table.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.db import connection as database
from django.db.models import DateField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Sum, Value
from django.db.models.functions import Upper

from apps.catalog.models import Variant
from apps.inventory.models import Demand, Lot, LotLevel, LotMovement, StockLevel, StockMovement

MOST_ARTICLES = 200  # whose SKU begins with what was searched for
_LIES = Exists(LotLevel.objects.filter(lot=OuterRef("pk"), units__gt=0))


def lots(words: str = "") -> QuerySet[Lot]:
    """All lots, or those of a number or SKU: what it is exactly, else what begins with it."""
    rows = Lot.objects.select_related("variant")
    words = words.strip()
    if not words:
        return rows
    exactly = rows.filter(Q(number=words) | Q(variant__in=_articles(sku_upper=words.upper())))
    if exactly.exists():
        return exactly
    return rows.filter(Q(number__startswith=words) | Q(variant__in=_articles(sku_upper__startswith=words.upper())))


def _articles(**by: str) -> list[UUID]:
    """Asked apart, so that either half of the search has its index."""
    found = Variant.objects.alias(sku_upper=Upper("sku")).filter(**by).order_by("sku")
    return list(found.values_list("id", flat=True)[:MOST_ARTICLES])


def expiring(rows: QuerySet[Lot], *, today: date, days: int) -> QuerySet[Lot]:
    """Of these lots those that lie somewhere and whose last day of use comes within so many days; to be read by `expires_on`."""
    return rows.filter(_LIES, expires_on__gte=today, expires_on__lte=today + timedelta(days=days))


def past(rows: QuerySet[Lot], *, today: date) -> QuerySet[Lot]:
    """Of these lots those that lie somewhere and whose last day for sale is over; to be read by `expires_on`."""
    bound = ExpressionWrapper(Value(today, DateField()) + F("variant__days_before_expiry"), output_field=DateField())
    return rows.filter(_LIES, expires_on__lt=bound)


def lying(lots: Iterable[UUID]) -> dict[UUID, list[LotLevel]]:
    """lot -> where its units lie, by place."""
    rows = LotLevel.objects.filter(lot__in=list(lots), units__gt=0).select_related("level__location")
    found: dict[UUID, list[LotLevel]] = defaultdict(list)
    for row in rows.order_by("level__location__name", "id"):
        found[row.lot_id].append(row)
    return found


def leaving(level: StockLevel, *, limit: int) -> list[LotLevel]:
    """The lots of a level in the order in which they leave (`lots.in_order`)."""
    rows = LotLevel.objects.filter(level=level, units__gt=0).select_related("lot__variant")
    return list(rows.order_by(F("lot__expires_on").asc(nulls_last=True), "lot_id")[:limit])


# The trace


def story(lot: Lot) -> QuerySet[LotMovement]:
    """Everything that happened to units of a lot; to be read by id."""
    return LotMovement.objects.filter(lot_level__lot=lot).select_related("movement", "lot_level__level__location")


@dataclass(frozen=True, slots=True)
class Got:
    """Units of a lot that an order got. `assumed` of them nobody scanned; `back` came back."""

    order: UUID
    units: int
    assumed: int
    back: int


_GOT = """
SELECT demand."group", -coalesce(sum(moved.units) FILTER (WHERE stock.kind = 'shipment'), 0)::int,
       -coalesce(sum(moved.units) FILTER (WHERE stock.kind = 'shipment' AND moved.is_assumed), 0)::int,
       coalesce(sum(moved.units) FILTER (WHERE stock.kind = 'return'), 0)::int
FROM inventory_lotlevel AS there JOIN inventory_lotmovement AS moved ON moved.lot_level_id = there.id
JOIN inventory_stockmovement AS stock ON stock.id = moved.movement_id
JOIN inventory_demand AS demand ON demand.id = stock.source_id
WHERE there.lot_id = %s AND stock.kind IN ('shipment', 'return') AND stock.source_kind = 'demand'
GROUP BY demand."group" ORDER BY demand."group"
"""


def who_got(lot: Lot) -> list[Got]:
    """Every order that units of a lot left with, the oldest first."""
    with database.cursor() as cursor:
        cursor.execute(_GOT, [lot.id])
        return [Got(*row) for row in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class Went:
    """Units of a lot that left for a demand."""

    lot: Lot
    units: int
    is_assumed: bool


def went(demands: Sequence[Demand]) -> dict[UUID, list[Went]]:
    """demand -> the lots whose units left for it, whether or not they came back."""
    if not demands:
        return {}
    moved = LotMovement.objects.filter(
        movement__level__in={demand.level_id for demand in demands}, movement__kind=StockMovement.Kind.SHIPMENT,
        movement__source_id__in=[demand.id for demand in demands],
    )  # fmt: skip
    sums = moved.order_by().values_list("movement__source_id", "lot_level__lot", "is_assumed").annotate(n=-Sum("units"))
    rows = list(sums)
    known = Lot.objects.in_bulk({lot for _demand, lot, _assumed, _units in rows})
    found: dict[UUID, list[Went]] = defaultdict(list)
    for demand, lot, is_assumed, units in sorted(rows, key=lambda row: (known[row[1]].number, row[2])):
        found[demand].append(Went(known[lot], units, is_assumed))
    return found
