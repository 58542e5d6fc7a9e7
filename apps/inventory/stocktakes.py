"""Stocktakes (棚卸): a sheet is opened, counted by scanner, phone or paper while orders go on, and closed for a second person.

Each entry is written under its level's lock together with the units on hand by the book in that moment. Every movement of the
level took the same lock, so it is either in that number (it happened before) or it came later and is no concern of the count:
a receipt or a shipment between count and approval spoils nothing. Lock order: the stocktake, then levels in id order.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from apps.catalog.models import Component, Variant
from apps.core import clock, rows, states
from apps.core.ids import uuid7
from apps.core.states import Cause
from apps.inventory import purchasing, tallies
from apps.inventory.errors import Refused
from apps.inventory.levels import Desk
from apps.inventory.models import Location, StockLevel, Stocktake, StocktakeEntry, StocktakeLine, StrayCode
from apps.inventory.states import STOCKTAKE_MOVES, StocktakeState

Kind = StocktakeEntry.Kind
# More of one article in one place is a barcode in the wrong field.
MOST_UNITS = purchasing.MOST_UNITS
MOST_ROWS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be counted, and whether the people who count may see what the book says (`is_blind`: they may not)."""

    location: Location
    scope: str = Stocktake.Scope.ALL
    beginning: str = ""
    variants: Collection[UUID] = ()
    is_blind: bool = True
    note: str = ""


def open_sheet(plan: Plan, *, actor: str) -> Stocktake:
    """A stocktake with one row for each article that should lie there. Raises `Refused`."""
    if not plan.location.is_active:
        raise Refused(_("%(name)s is closed. Nothing can be counted there.") % {"name": plan.location.name})
    with transaction.atomic():
        levels = _levels_of(plan, actor=actor)
        if len(levels) > MOST_ROWS:
            words = _("These are %(n)s articles; one stocktake takes %(most)s. Count by the beginning of the SKUs.")
            raise Refused(words % {"n": f"{len(levels):,}", "most": f"{MOST_ROWS:,}"})
        sheet = Stocktake.objects.create(
            number=f"ST-{purchasing.next_number('inventory_stocktake_number')}", location=plan.location, scope=plan.scope,
            beginning=plan.beginning[:64] if plan.scope == Stocktake.Scope.BEGINNING else "", is_blind=plan.is_blind,
            note=plan.note[:500], made_at=clock.now(), made_by=actor[:80],
        )  # fmt: skip
        rows.insert(
            StocktakeLine(id=uuid7(), stocktake=sheet, level_id=level, number=number)
            for number, level in enumerate(levels, start=1)
        )
    return sheet


def _levels_of(plan: Plan, *, actor: str) -> list[UUID]:
    """The levels to be counted, by SKU. Chosen articles get a level where they have none."""
    there = StockLevel.objects.filter(location=plan.location).order_by("variant__sku", "id")
    if plan.scope == Stocktake.Scope.LIST:
        if not plan.variants:
            raise Refused(_("Choose the articles that are to be counted."))
        _must_lie(plan.variants)
        Desk.of_variants(plan.variants, location=plan.location, actor=actor)
        return list(there.filter(variant__in=plan.variants).values_list("id", flat=True))
    if plan.scope == Stocktake.Scope.BEGINNING:
        if not plan.beginning.strip():
            raise Refused(_("Enter how the SKUs begin that are to be counted."))
        there = there.filter(variant__sku__istartswith=plan.beginning.strip())
    return list(there.exclude(on_hand=0).values_list("id", flat=True))


def _must_lie(variants: Collection[UUID]) -> None:
    """A bundle lies nowhere: what is in it does. Raises `Refused`."""
    inside = Component.objects.filter(bundle__in=variants).select_related("bundle", "variant").order_by("bundle", "id")
    if parts := list(inside):
        whole = parts[0].bundle
        named = ", ".join(f"{part.variant.sku} × {part.units}" for part in parts if part.bundle_id == whole.id)
        words = _("%(sku)s is a bundle of %(parts)s. Count these articles instead.")
        raise Refused(words % {"sku": whole.sku, "parts": named})


def lock(stocktake: UUID) -> Stocktake:
    """The stocktake, alone until the transaction ends. Raises `Stocktake.DoesNotExist`."""
    return Stocktake.objects.select_related("location").select_for_update(no_key=True, of=("self",)).get(id=stocktake)


def countable(stocktake: UUID) -> Stocktake:
    """The same, where it may be counted now. Raises `Refused`."""
    row = lock(stocktake)
    if row.state != StocktakeState.COUNTING:
        words = _("%(number)s is %(state)s: nothing can be counted any more.")
        raise Refused(words % {"number": row.number, "state": row.get_state_display()})
    must_be_open(row)
    return row


def must_be_open(row: Stocktake) -> None:
    """Raises `Refused` where the place was closed meanwhile."""
    if not row.location.is_active:
        words = _("%(name)s was closed meanwhile. Open the place again, or throw %(number)s away.")
        raise Refused(words % {"name": row.location.name, "number": row.number})


def row_of(sheet: Stocktake, variant: Variant, *, actor: str) -> StocktakeLine:
    """The row of an article that is not on the sheet yet, with its level where it has none. Raises `Refused`."""
    _must_lie([variant.id])
    (level,) = Desk.of_variants([variant.id], location=sheet.location, actor=actor).by_variant().values()
    last = sheet.lines.aggregate(last=Max("number"))["last"] or 0
    return StocktakeLine.objects.create(stocktake=sheet, level=level, number=last + 1)


def add(sheet: Stocktake, line: StocktakeLine, units: int, *, actor: str, code: str = "") -> StocktakeLine:
    """Units more of a row. `sheet` is locked and countable. Raises `Refused`."""
    if units <= 0 or (line.counted or 0) + units > MOST_UNITS:
        raise Refused(_("That is more than anybody can count. Nothing was changed."))
    return _write(sheet, line, tallies.Said(Kind.ADDED, units, code=code), actor=actor)


def put(stocktake: UUID, line: UUID, units: int, *, actor: str, adds: bool = False) -> StocktakeLine:
    """The number of a row, typed: all that lies there, or with `adds` so many more than were counted before.

    Raises `Refused`, `StocktakeLine.DoesNotExist`.
    """
    with transaction.atomic():
        sheet = countable(stocktake)
        row = sheet.lines.select_related("level__variant").get(id=line)
        if adds:
            return add(sheet, row, sane(units), actor=actor)
        return _write(sheet, row, tallies.Said(Kind.SET, sane(units)), actor=actor)


def put_paper(
    stocktake: UUID, numbers: Mapping[UUID, int], *, said_at: datetime, actor: str
) -> list[StocktakeLine]:  # fmt: skip
    """Numbers from a printed sheet (row -> units), counted at `said_at`: what has come and gone since is carried along.

    All or none. Raises `Refused`.
    """
    with transaction.atomic():
        sheet = countable(stocktake)
        if not sheet.made_at <= said_at <= clock.now():
            words = _("The numbers must have been counted after %(number)s was opened, and not in the future.")
            raise Refused(words % {"number": sheet.number})
        lines = list(sheet.lines.filter(id__in=numbers).select_related("level__variant").order_by("number"))
        levels = [line.level_id for line in lines]
        list(StockLevel.objects.filter(id__in=levels).order_by("id").select_for_update(no_key=True).values_list("id"))
        carried = tallies.moved_since(said_at, levels)
        for line in lines:
            units, since = sane(numbers[line.id]), carried.get(line.level_id, 0)
            if units + since < 0:
                words = _("%(sku)s: %(n)d were counted, yet %(gone)d have left since then. Count it again.")
                raise Refused(words % {"sku": line.level.variant.sku, "n": units, "gone": -since})
            _write(sheet, line, tallies.Said(Kind.SET, units, carried=since, said_at=said_at), actor=actor)
    return lines


def sane(units: int) -> int:
    """A number as it may have been counted. Raises `Refused`."""
    if units < 0:
        raise Refused(_("%(n)d cannot lie there. Enter 0 where nothing lies.") % {"n": units})
    if units > MOST_UNITS:
        words = _("%(n)s units cannot lie there. Was a barcode scanned into the field of the number?")
        raise Refused(words % {"n": f"{units:,}"})
    return units


def undo(stocktake: UUID, *, actor: str) -> StocktakeLine | None:
    """Take back the last thing that this person said of the sheet; None where there is nothing to take back."""
    with transaction.atomic():
        sheet = countable(stocktake)
        mine = StocktakeEntry.objects.filter(
            line__stocktake=sheet, actor=actor[:80], kind__in=(Kind.ADDED, Kind.SET), at__gte=sheet.closed_at or sheet.made_at
        ).exclude(id__in=StocktakeEntry.objects.filter(line__stocktake=sheet, kind=Kind.UNDONE).values("undoes"))  # fmt: skip
        last = mine.select_related("line__level__variant").order_by("-moment").first()
        if last is None:
            return None
        return _write(sheet, last.line, tallies.Said(Kind.UNDONE, 0, undoes=last), actor=actor)


def close(stocktake: UUID, *, actor: str, rest_is_empty: bool) -> Stocktake:
    """Counting is over. Rows that nobody counted are left as they are, or, when told so, nothing lay there. Raises `Refused`."""
    with transaction.atomic():
        sheet = countable(stocktake)
        if rest_is_empty:
            rest = sheet.lines.filter(counted__isnull=True).select_related("level__variant")
            _write_all(sheet, list(rest.order_by("number")), tallies.Said(Kind.SET, 0), actor=actor)
        if not sheet.lines.filter(counted__isnull=False).exists():
            raise Refused(_("Nothing was counted yet. Scan what lies there, or enter the numbers."))
        sheet.closed_at, sheet.closed_by = clock.now(), actor[:80]
        sheet.save(update_fields=["closed_at", "closed_by"])
        _move(sheet, StocktakeState.COUNTED, Cause(actor, "", "stocktake", sheet.id))
    return sheet


def send_back(stocktake: UUID, lines: Collection[UUID], *, actor: str, reason: str, seen: int) -> Stocktake:
    """These rows are counted anew; the others stand. `seen`: the round that was looked at. Raises `Refused`."""
    with transaction.atomic():
        sheet = decidable(stocktake, seen=seen)
        if not reason.strip():
            raise Refused(_("Say in a few words why it has to be counted again."))
        wanted = list(sheet.lines.filter(id__in=lines, counted__isnull=False).order_by("number"))
        if not wanted:
            raise Refused(_("Choose the rows that have to be counted again."))
        _write_all(sheet, wanted, tallies.Said(Kind.CLEARED, 0), actor=actor, is_counter=False)
        sheet.round += 1
        sheet.reason = reason.strip()[:200]
        sheet.save(update_fields=["round", "reason"])
        _move(sheet, StocktakeState.COUNTING, Cause(actor, reason.strip()[:300], "stocktake", sheet.id))
    return sheet


def reject(stocktake: UUID, *, actor: str, reason: str) -> Stocktake:
    """The stocktake is thrown away; stock stays as it is. Raises `Refused`."""
    with transaction.atomic():
        sheet = lock(stocktake)
        if sheet.state not in {StocktakeState.COUNTING, StocktakeState.COUNTED}:
            words = _("%(number)s is %(state)s already.")
            raise Refused(words % {"number": sheet.number, "state": sheet.get_state_display()})
        if not reason.strip():
            raise Refused(_("Say in a few words why."))
        sheet.decided_at, sheet.decided_by, sheet.reason = clock.now(), actor[:80], reason.strip()[:200]
        sheet.save(update_fields=["decided_at", "decided_by", "reason"])
        _move(sheet, StocktakeState.REJECTED, Cause(actor, reason.strip()[:300], "stocktake", sheet.id))
    return sheet


def decidable(stocktake: UUID, *, seen: int) -> Stocktake:
    """The stocktake, locked, closed and unchanged since somebody looked at its round `seen`. Raises `Refused`."""
    sheet = lock(stocktake)
    if sheet.state != StocktakeState.COUNTED:
        words = _("%(number)s is %(state)s: there is nothing to decide now.")
        raise Refused(words % {"number": sheet.number, "state": sheet.get_state_display()})
    if sheet.round != seen:
        words = _("%(number)s was counted anew meanwhile. Look at it again and decide again.")
        raise Refused(words % {"number": sheet.number})
    must_be_open(sheet)
    return sheet


def name_stray(stocktake: UUID, stray: UUID, variant: Variant, *, actor: str) -> StocktakeLine:
    """An unknown code is this article: what was scanned of it counts there, and what will be. Raises `Refused`."""
    with transaction.atomic():
        sheet = countable(stocktake)
        row = sheet.strays.get(id=stray)
        if row.line_id:
            raise Refused(_("Somebody said already what %(code)s is.") % {"code": row.code})
        line = sheet.lines.select_related("level__variant").filter(level__variant=variant).first()
        line = line or row_of(sheet, variant, actor=actor)
        row.line = line
        row.save(update_fields=["line"])
        return add(sheet, line, row.units, actor=actor, code=row.code)


def keep_stray(sheet: Stocktake, code: str, *, actor: str) -> StrayCode:
    """One scan more of a code that is no article's."""
    row, _made = sheet.strays.get_or_create(code=code[:80], defaults={"last_at": clock.now(), "last_by": actor[:80]})
    row.units, row.last_at, row.last_by = row.units + 1, clock.now(), actor[:80]
    row.save(update_fields=["units", "last_at", "last_by"])
    return row


def take_back_stray(stocktake: UUID, stray: UUID, *, actor: str) -> StrayCode:
    """One scan of an unknown code was not meant: who scanned it last takes it back; a code without scans is gone.

    Raises `Refused`, `StrayCode.DoesNotExist`.
    """
    with transaction.atomic():
        sheet = countable(stocktake)
        row = sheet.strays.get(id=stray)
        if row.line_id:
            raise Refused(_("Somebody said already what %(code)s is.") % {"code": row.code})
        if row.last_by != actor[:80]:
            raise Refused(_("Somebody else scanned %(code)s last. Only they can take it back.") % {"code": row.code})
        row.units -= 1
        if row.units:
            row.save(update_fields=["units"])
        else:
            row.delete()
    return row


def _write(sheet: Stocktake, line: StocktakeLine, said: tallies.Said, *, actor: str) -> StocktakeLine:
    _write_all(sheet, [line], said, actor=actor)
    return line


def _write_all(
    sheet: Stocktake, lines: list[StocktakeLine], said: tallies.Said, *, actor: str, is_counter: bool = True
) -> None:  # fmt: skip
    """The same words about rows: their levels are locked, and entries and rows are written."""
    tallies.write(lines, said, actor=actor[:80])
    if is_counter and lines and actor[:80] not in sheet.counters:
        sheet.counters = [*sheet.counters, actor[:80]]
        sheet.save(update_fields=["counters"])


def _move(row: Stocktake, to: StocktakeState, cause: Cause) -> None:
    states.move(row, "state", to, moves=STOCKTAKE_MOVES, cause=cause)
