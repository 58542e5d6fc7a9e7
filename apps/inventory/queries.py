"""What staff ask of stock: the list of levels, and why a number is what it is.

The answer always closes: the movements of a level are summed by kind, and what they do not explain is stated, also when it
is nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import connection as database
from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import Upper

from apps.inventory import portions
from apps.inventory.models import Demand, Shrinkage, SourcingDecision, StockLevel, StockMovement
from apps.inventory.portions import Portion


@dataclass(frozen=True, slots=True)
class Cause:
    """What movements of one kind did to a level."""

    kind: str
    label: str
    on_hand: int
    unavailable: int
    reserved: int
    value_minor: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """A level's numbers as sums of causes; the residuals are what no movement explains and must be 0."""

    causes: tuple[Cause, ...]
    residual_on_hand: int
    residual_unavailable: int
    residual_reserved: int


def levels(text: str = "", *, only: str = "") -> QuerySet[StockLevel]:
    """Levels to list: `text` is a barcode, or the beginning of a SKU or title; `only` is "waiting" or "empty"."""
    rows = StockLevel.objects.select_related("variant", "location")
    text = text.strip()
    if text:
        start = text.upper()
        rows = rows.annotate(sku_upper=Upper("variant__sku"), title_upper=Upper("variant__title")).filter(
            Q(variant__barcode=text) | Q(sku_upper__startswith=start) | Q(title_upper__startswith=start)
        )
    if only == "waiting":
        rows = rows.filter(backordered__gt=0)
    elif only == "empty":
        rows = rows.filter(
            on_hand__lte=F("safety") + F("damaged") + F("quality_control") + F("expired") + F("reserved") + F("leased")
        )
    return rows


def why(level: StockLevel) -> Explanation:
    """Why the level's numbers are what they are, by kind of movement."""
    rows = level.movements.order_by().values("kind").annotate(
        hand=Sum("on_hand"), gone=Sum(F("safety") + F("damaged") + F("quality_control") + F("expired")), promised=Sum("reserved"),
        value=Sum("value_minor"),
    )  # fmt: skip
    by_kind = {row["kind"]: row for row in rows}
    causes = tuple(
        Cause(kind.value, str(kind.label), row["hand"], row["gone"], row["promised"], row["value"])
        for kind in StockMovement.Kind
        if (row := by_kind.get(kind.value))
    )
    return Explanation(
        causes,
        level.on_hand - sum(cause.on_hand for cause in causes),
        level.unavailable - sum(cause.unavailable for cause in causes),
        level.reserved - sum(cause.reserved for cause in causes),
    )


def holding(level: StockLevel, limit: int) -> list[Demand]:
    """Who holds promised units, first come first."""
    return list(level.demands.filter(allocated__gt=0).order_by("arrived_at", "id")[:limit])


def waiting(level: StockLevel, limit: int) -> list[Demand]:
    """Who waits for units, first come first: the order in which the next receipt is given out."""
    rows = level.demands.filter(quantity__gt=F("allocated") + F("shipped") + F("cancelled"))
    return list(rows.order_by("arrived_at", "id")[:limit])


def portions_of(orders: Iterable[UUID]) -> dict[UUID, list[Portion]]:
    """line -> what is wanted for it at each place; lines that want nothing of the shelf are left out."""
    rows = Demand.objects.filter(group__in=list(orders), kind="order_line")
    return portions.of(rows.select_related("level__variant", "level__location").order_by("arrived_at", "id"))


def decisions_of(order: UUID) -> list[SourcingDecision]:
    """Why an order leaves from where it leaves, in the order in which it was decided."""
    return list(SourcingDecision.objects.filter(group=order).order_by("id"))


_STANDING = """
SELECT portion."group", sum(portion.wanted)::int, sum(portion.shipped)::int, sum(portion.given)::int FROM (
    SELECT d."group", min((d.quantity - d.cancelled) / d.per_unit) AS wanted, min(d.shipped / d.per_unit) AS shipped,
           min(d.allocated / d.per_unit) AS given
    FROM inventory_demand d JOIN inventory_stocklevel l ON l.id = d.level_id
    WHERE d."group" = ANY(%s) GROUP BY d."group", d.subject, l.location_id
) AS portion GROUP BY 1"""


@dataclass(frozen=True, slots=True)
class Standing:
    """Units of an order's lines (of a bundle whole sets, as `portions.Portion` counts them)."""

    wanted: int = 0
    shipped: int = 0
    promised: int = 0

    @property
    def given(self) -> int:
        """Promised or gone."""
        return self.promised + self.shipped


def standing(orders: Iterable[UUID]) -> dict[UUID, Standing]:
    """How the stock stands to each of these orders; those that want nothing are left out."""
    with database.cursor() as cursor:
        cursor.execute(_STANDING, [list(orders)])
        return {order: Standing(*units) for order, *units in cursor.fetchall()}


def shrinkages(level: StockLevel, limit: int) -> list[Shrinkage]:
    """Write-offs that asked for more than lay there, newest first."""
    return list(Shrinkage.objects.filter(level=level).order_by("-at", "-id")[:limit])
