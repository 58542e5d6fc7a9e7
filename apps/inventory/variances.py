"""Differences (差異) of a stocktake: judged against the book of the moment at which each row was counted, and booked once.

A row's difference = what was counted − (the book of that moment + corrections by other counts since, which that book did not
know yet). So the shelf becomes what was counted plus whatever came and went after, and two stocktakes of one shelf correct it
once, whichever is approved first: where a later count has been booked already, the earlier one has nothing to add.
Movements of goods after the moment appear in neither term. An adjustment booked after it is taken for such a movement.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from apps.core import clock, rows, states
from apps.core.states import Cause
from apps.inventory import shelf, stocktakes, tallies
from apps.inventory.errors import Refused
from apps.inventory.levels import Desk
from apps.inventory.models import StockLevel, StockMovement, Stocktake, StocktakeLine
from apps.inventory.services import Change, refill
from apps.inventory.states import STOCKTAKE_MOVES, StocktakeState


class Other(NamedTuple):
    """Another stocktake's row of the same level that was booked: when it was counted, when it was booked, and how much."""

    moment: int
    booked_moment: int
    booked: int


@dataclass(frozen=True, slots=True)
class Judged:
    """What the book should have said when a row was counted, how far off it was, and whether a later count knows better."""

    expected: int
    difference: int
    is_superseded: bool = False


@dataclass(slots=True)
class Approved:
    """What an approval booked: rows with a difference, the value that moved, who gained units and who lost them."""

    stocktake: Stocktake
    rows: int = 0
    value_minor: int = 0
    gained: list[Change] = field(default_factory=list)
    lost: list[Change] = field(default_factory=list)


def judge(counted: int, book: int, moment: int, *, others: Sequence[Other], is_recounted: bool = False) -> Judged:
    """Judge one row. `others`: every other row of the level that was booked; `is_recounted`: a file's count came since. Pure."""
    since = [other for other in others if other.booked_moment > moment]
    expected = book + sum(other.booked for other in since)
    if is_recounted or any(other.moment > moment for other in since):
        return Judged(expected, 0, is_superseded=True)
    return Judged(expected, counted - expected)


def judged(lines: Sequence[StocktakeLine]) -> dict[UUID, Judged]:
    """Counted rows as they are judged now (row -> judgement); exact while their levels are locked."""
    counted = [line for line in lines if line.counted is not None]
    levels = [line.level_id for line in counted]
    known = tallies.known_counts(levels)
    others: dict[UUID, list[Other]] = {}
    booked = StocktakeLine.objects.filter(level__in=levels, booked_moment__isnull=False)
    booked = booked.exclude(id__in=[line.id for line in counted])
    for level, *numbers in booked.values_list("level", "moment", "booked_moment", "booked"):
        others.setdefault(level, []).append(Other(*numbers))
    found = {}
    for line in counted:
        found[line.id] = judge(
            line.counted or 0, line.book or 0, line.moment or 0, others=others.get(line.level_id, ()),
            is_recounted=known.get(line.level_id, 0) > (line.known_counts or 0),
        )  # fmt: skip
    return found


def why_not(sheet: Stocktake, actor: str) -> str:
    """Why a person may not approve this stocktake, in a sentence; empty where they may."""
    if actor in sheet.counters:
        return _("You counted a part of %(number)s. Somebody else has to approve it.") % {"number": sheet.number}
    if actor == sheet.closed_by:
        return _("You closed %(number)s. Somebody else has to approve it.") % {"number": sheet.number}
    return ""


def approve(stocktake: UUID, *, actor: str, seen: int) -> Approved:
    """Book the differences, all rows or none. `seen`: the round that was looked at. Raises `Refused`."""
    actor = actor[:80]
    with transaction.atomic():
        sheet = stocktakes.decidable(stocktake, seen=seen)
        if no := why_not(sheet, actor):
            raise Refused(no)
        lines = list(sheet.lines.filter(counted__isnull=False).select_related("level__variant"))
        desk = Desk.of_levels((line.level_id for line in lines), actor=actor)
        made = Approved(sheet)
        judgements, moment = judged(lines), tallies.next_moment()
        for line in sorted(lines, key=lambda line: line.level_id):
            _book(desk, line, judgements[line.id], made)
            line.booked_moment = moment
        rows.update(lines, ["difference", "booked", "booked_moment", "is_superseded", "value_minor"])
        made.gained = refill(desk, part=sheet.id.hex)
        desk.write()
        sheet.decided_at, sheet.decided_by = clock.now(), actor
        sheet.save(update_fields=["decided_at", "decided_by"])
        states.move(
            sheet,
            "state",
            StocktakeState.APPROVED,
            moves=STOCKTAKE_MOVES,
            cause=Cause(actor, "", "stocktake", sheet.id),
        )
    return made


def _book(desk: Desk, line: StocktakeLine, judgement: Judged, made: Approved) -> None:
    level = desk.levels[line.level_id]
    row = shelf.Correction(
        id=made.stocktake.id, variant=level.variant_id, quantity=judgement.difference, reason=made.stocktake.number,
        is_count=True, source_kind="stocktake", is_all=True,
    )  # fmt: skip
    before = level.on_hand
    value, losers = shelf.settle(desk, level, row, judgement.difference)
    line.difference, line.is_superseded = judgement.difference, judgement.is_superseded
    line.booked, line.value_minor = level.on_hand - before, value
    made.rows += bool(line.booked)
    made.value_minor += value
    made.lost += losers


def worth(level: StockLevel, difference: int) -> int:
    """What a difference would cost or bring, in minor units, at the level's moving average; nothing where nothing lies."""
    value = level.value_minor * abs(difference) // level.on_hand if level.on_hand else 0
    return value if difference > 0 else -value


def took_back(sheet: Stocktake) -> dict[UUID, int]:
    """Demands that an approved stocktake sent back to waiting (demand -> units)."""
    released = StockMovement.objects.filter(
        level__in=sheet.lines.filter(booked__lt=0).values("level"), kind=StockMovement.Kind.RELEASE,
        source_kind="demand", part=sheet.id.hex,
    )  # fmt: skip
    return {source: -units for source, units in released.values_list("source_id", "reserved")}


def below_promised(line: StocktakeLine, difference: int) -> int:
    """Promised units that a difference would send back to waiting, as the level stands now."""
    level = line.level
    short = -difference - level.available - level.leased
    return max(0, min(short, level.reserved))


def totals(lines: Sequence[StocktakeLine], found: Mapping[UUID, Judged]) -> tuple[int, int, int, int]:
    """Units missing, units found, and what they are worth (missing below zero), of rows as judged now."""
    missing = found_units = lost = won = 0
    for line in lines:
        difference = found[line.id].difference
        value = worth(line.level, difference)
        if difference < 0:
            missing, lost = missing - difference, lost + value
        else:
            found_units, won = found_units + difference, won + value
    return missing, found_units, lost, won
