"""What staff ask of stocktakes: what is to be done, how far a count is, and which rows a page shows. Nothing here is written.

No answer for the people who count holds a number of the book; `expected` figures come from `variances` alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from apps.inventory.models import Stocktake, StocktakeLine, StrayCode
from apps.inventory.states import StocktakeState

ONLY = ("", "counted", "all")


@dataclass(frozen=True, slots=True)
class Progress:
    """Rows of a stocktake, and how many of them were counted."""

    rows: int = 0
    counted: int = 0

    @property
    def left(self) -> int:
        """Rows that nobody has counted."""
        return self.rows - self.counted


def stocktakes(*, only: str = "", words: str = "") -> QuerySet[Stocktake]:
    """Stocktakes: "" those with something to do, "counted" those that wait for approval, or "all"; `words` begin a number
    or a place's name."""
    found = Stocktake.objects.select_related("location")
    if words:
        return found.filter(Q(number__startswith=words.upper()) | Q(location__name__istartswith=words))
    if only == "all":
        return found
    if only == "counted":
        return found.filter(state=StocktakeState.COUNTED)
    return found.filter(state__in=(StocktakeState.COUNTING, StocktakeState.COUNTED))


def progress(stocktakes: Iterable[UUID]) -> dict[UUID, Progress]:
    """How far each is."""
    rows = StocktakeLine.objects.filter(stocktake__in=list(stocktakes)).values_list("stocktake").order_by()
    return {one: Progress(every, done) for one, every, done in rows.annotate(n=Count("id"), done=Count("counted"))}


def counted_last(stocktake: UUID, *, limit: int) -> list[StocktakeLine]:
    """Rows in the order in which they were counted, newest first."""
    rows = StocktakeLine.objects.filter(stocktake=stocktake, counted__isnull=False).select_related("level__variant")
    return list(rows.order_by("-moment", "number")[:limit])


def not_counted(stocktake: UUID, *, limit: int | None = None) -> list[StocktakeLine]:
    """Rows that nobody has counted, as they stand on the sheet."""
    rows = StocktakeLine.objects.filter(stocktake=stocktake, counted__isnull=True).select_related("level__variant")
    return list(rows.order_by("number")[:limit])


def unknown(stocktake: UUID) -> list[StrayCode]:
    """Codes that are no article's, oldest first."""
    return list(StrayCode.objects.filter(stocktake=stocktake, line__isnull=True).order_by("id"))


def every_row(stocktake: UUID) -> list[StocktakeLine]:
    """Counted rows with what is needed to judge and to name them."""
    rows = StocktakeLine.objects.filter(stocktake=stocktake, counted__isnull=False)
    return list(rows.select_related("level__variant").order_by("number"))
