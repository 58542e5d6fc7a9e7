"""The number of a row, made of what people said of it: a scan adds, a typed number sets, what is taken back was never said.

A row stands for the moment of its last entry that holds; goods that moved between its first scan and its last are noted,
because nobody can say afterwards whether they were counted before they went.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection as database
from django.db.models import Count, Q, Sum

from apps.core import clock, rows
from apps.core.ids import uuid7
from apps.inventory.models import StockLevel, StockMovement, StocktakeEntry, StocktakeLine

Kind = StocktakeEntry.Kind
_CACHED = ("counted", "book", "moment", "known_counts", "first", "is_moved", "counted_at", "counted_by")


@dataclass(frozen=True, slots=True)
class Said:
    """What a person said of rows: see `StocktakeEntry`."""

    kind: str
    units: int
    carried: int = 0
    said_at: datetime | None = None
    undoes: StocktakeEntry | None = None
    code: str = ""


@dataclass(frozen=True, slots=True)
class Tally:
    """A row's number (None: not counted), the entry with which it began and the one that it stands for."""

    counted: int | None = None
    first: StocktakeEntry | None = None
    last: StocktakeEntry | None = None


def tally(entries: Iterable[StocktakeEntry]) -> Tally:
    """What entries of one row, in the order of their moments, make. Pure."""
    entries = list(entries)
    undone = {entry.undoes_id for entry in entries if entry.kind == Kind.UNDONE}
    made = Tally()
    for entry in entries:
        if entry.kind == Kind.UNDONE or entry.id in undone:
            continue
        if entry.kind == Kind.CLEARED:
            made = Tally()
        elif entry.kind == Kind.SET or made.counted is None:
            made = Tally(entry.units + entry.carried, entry, entry)
        else:
            made = Tally(made.counted + entry.units, made.first, entry)
    return made


def write(lines: Sequence[StocktakeLine], said: Said, *, actor: str) -> None:
    """Entries of rows of one stocktake, and the rows as they stand then; the levels are locked, in id order."""
    if not lines:
        return
    counted = StockLevel.objects.filter(id__in=[line.level_id for line in lines])
    levels = {level.id: level for level in counted.order_by("id").select_for_update(no_key=True)}
    known, moment, at = known_counts(levels), next_moment(), clock.now()
    entries = [
        StocktakeEntry(
            id=uuid7(), line_id=line.id, kind=said.kind, units=said.units, carried=said.carried, said_at=said.said_at,
            undoes=said.undoes, code=said.code[:80], book=levels[line.level_id].on_hand, moment=moment,
            known_counts=known.get(line.level_id, 0), at=at, actor=actor,
        )
        for line in lines
    ]  # fmt: skip
    rows.insert(entries)
    for line, entry in zip(lines, entries, strict=True):
        if said.kind == Kind.SET:
            made = Tally(entry.units + entry.carried, entry, entry)
        elif said.kind == Kind.CLEARED:
            made = Tally()
        elif said.kind == Kind.ADDED:
            first = StocktakeEntry.objects.get(id=line.first) if line.first else entry
            made = Tally((line.counted or 0) + entry.units, first, entry)
        else:
            made = tally(line.entries.order_by("moment"))
        _cache(line, made)
    rows.update(lines, _CACHED)


def _cache(line: StocktakeLine, made: Tally) -> None:
    first, last = made.first, made.last
    line.counted = made.counted
    line.first = first.id if first else None
    line.book = last.book if last else None
    line.moment = last.moment if last else None
    line.known_counts = last.known_counts if last else None
    line.counted_at = last.at if last else None
    line.counted_by = last.actor if last else ""
    line.is_moved = bool(first and last and first.id != last.id and _has_moved(line.level_id, first, last))


def _has_moved(level: UUID, first: StocktakeEntry, last: StocktakeEntry) -> bool:
    """Whether units came or went between two entries, even as many as left."""
    between = StockMovement.objects.filter(level=level, id__gt=first.id, id__lt=last.id).exclude(on_hand=0)
    return first.book != last.book or between.exists()


def known_counts(levels: Collection[UUID]) -> dict[UUID, int]:
    """How many counts told by a warehouse's files each level has had (level -> counts)."""
    told = StockMovement.objects.filter(level__in=levels, kind=StockMovement.Kind.COUNT).exclude(
        source_kind="stocktake"
    )
    return dict(told.values_list("level").annotate(n=Count("id")).order_by())


def moved_since(at: datetime, levels: Collection[UUID]) -> dict[UUID, int]:
    """Units that came and went on levels after a moment, corrections of counts left out (level -> signed units)."""
    since = StockMovement.objects.filter(~Q(kind=StockMovement.Kind.COUNT), level__in=levels, at__gt=at)
    return {level: units for level, units in since.values_list("level").annotate(n=Sum("on_hand")).order_by() if units}


def next_moment() -> int:
    """A number above all that were given before; taken under a level's lock it tells which of its counts came first."""
    with database.cursor() as cursor:
        cursor.execute("SELECT nextval('inventory_stocktake_moment')")
        return int(cursor.fetchone()[0])
