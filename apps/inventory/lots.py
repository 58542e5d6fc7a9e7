"""Which units of a level are which: the lots of a level follow its movements.

Units leave first expired, first out, unless somebody said which they were; what is past its last day stays. Where nobody said
it, the movement of the lot says so (`is_assumed`): a serial number that nobody scanned is no proof.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from uuid import UUID

from django.db.models import Sum

from apps.core import rows
from apps.core.ids import uuid7
from apps.inventory.models import Demand, Lot, LotLevel, LotMovement, StockLevel, StockMovement

Kind = StockMovement.Kind


def follow(
    levels: Mapping[UUID, StockLevel], movements: Sequence[StockMovement], said: Mapping[UUID, Mapping[Lot, int]], *,
    today: date,
) -> list[LotMovement]:  # fmt: skip
    """Let the lots of locked levels follow what moved; answers the movements of lots, which are still to be written.

    Asks the database nothing where no level has lots and nobody said any.
    """
    concerned = {
        row.level_id for row in movements if row.id in said or (row.on_hand < 0 and levels[row.level_id].in_lots)
    }
    if not concerned:
        return []
    books = _locked(concerned, said=[lot for lots in said.values() for lot in lots])
    mine = [row for row in movements if row.level_id in concerned]
    hand = {level: levels[level].on_hand for level in concerned}
    for row in mine:
        hand[row.level_id] -= row.on_hand
    traced: list[LotMovement] = []
    for row in mine:
        level, book, known = levels[row.level_id], books[row.level_id], said.get(row.id, {})
        if row.on_hand < 0:
            moved = book.leave(row, known, without=hand[row.level_id] - level.in_lots, today=today)
        else:
            moved = book.come(known)
        hand[row.level_id] += row.on_hand
        level.in_lots += sum(moved.values())
        traced += [
            LotMovement(id=uuid7(), movement=row, lot_level=there, units=units, is_assumed=there.lot not in known)
            for there, units in moved.items()
        ]
    fresh = [there for book in books.values() for there in book.lots if there._state.adding]
    kept = [there for book in books.values() for there in book.lots if not there._state.adding]
    rows.insert(fresh)
    rows.update(kept, ["units", "expired"])
    return traced


class _Book:
    """The lots of one locked level, in the order in which they leave."""

    def __init__(self, level: UUID) -> None:
        self._level = level
        self.lots: list[LotLevel] = []

    def come(self, said: Mapping[Lot, int]) -> dict[LotLevel, int]:
        """Units that came, or of which it is now said (below 0: no longer said) what they are."""
        moved = {self._of(lot): units for lot, units in said.items()}
        for there, units in moved.items():
            there.units += units
        return moved

    def leave(
        self, row: StockMovement, said: Mapping[Lot, int], *, without: int, today: date
    ) -> dict[LotLevel, int]:  # fmt: skip
        """Units that left, below 0: of expired ones those that the movement names, then what was said as far as it lay there,
        then the first to expire. `without`: units that had no lot; what is merely missing was one of them first, and so was
        a unit of whose serial number nobody spoke.
        """
        moved: dict[LotLevel, int] = defaultdict(int)
        left, expired = -row.on_hand, -row.expired

        def drop(there: LotLevel, most: int) -> int:
            nonlocal left
            count = max(0, min(left, most))
            left -= count
            there.units -= count
            if count:
                moved[there] -= count
            return count

        for there in sorted(self.lots, key=lambda there: there.lot not in said):
            gone = drop(there, min(expired, there.expired))
            there.expired -= gone
            expired -= gone
        for lot, units in said.items():
            there = self._of(lot)
            drop(there, min(-units, there.good))
        is_unnamed_first = row.kind in {Kind.ADJUSTMENT, Kind.COUNT} or any(there.is_serial for there in self.lots)
        for is_past in (False, True):
            if is_unnamed_first is not is_past:
                left -= min(left, without)
            for there in self.lots:
                if there.lot.is_past(today) is is_past:
                    drop(there, there.good)
        return moved

    def _of(self, lot: Lot) -> LotLevel:
        there = next((one for one in self.lots if one.lot_id == lot.id), None)
        if there is None:
            there = LotLevel(id=uuid7(), level_id=self._level, lot=lot, is_serial=lot.is_serial)
            self.lots.append(there)
        return there


def in_order(lots: Iterable[LotLevel]) -> list[LotLevel]:
    """First expired, first out; what keeps comes last, the older lot first."""
    return sorted(lots, key=lambda there: (there.lot.expires_on or date.max, there.lot_id))


def _locked(levels: Iterable[UUID], *, said: Sequence[Lot]) -> dict[UUID, _Book]:
    ids = list(levels)
    found = LotLevel.objects.filter(level__in=ids, units__gt=0)
    if said:
        found |= LotLevel.objects.filter(level__in=ids, lot__in=said)
    there = found.select_related("lot__variant").order_by("id").select_for_update(no_key=True, of=("self",))
    books = {level: _Book(level) for level in ids}
    for one in in_order(there):
        books[one.level_id].lots.append(one)
    return books


# Units that are not on a shelf


def left_with(demands: Sequence[Demand]) -> dict[UUID, dict[Lot, int]]:
    """demand -> the lots of units that left for it and have not come back."""
    levels = {demand.level_id for demand in demands}
    return _out([Kind.SHIPMENT, Kind.RETURN], [demand.id for demand in demands], levels)


def on_their_way(lines: Sequence[UUID], *, levels: Iterable[UUID]) -> dict[UUID, dict[Lot, int]]:
    """transfer line -> the lots of units that left with it and have not come; `levels`: where they left and where they come."""
    return _out([Kind.TRANSFER], lines, levels)


def _out(kinds: Sequence[str], sources: Sequence[UUID], levels: Iterable[UUID]) -> dict[UUID, dict[Lot, int]]:
    # By level first: that is how movements are kept in order.
    moved = LotMovement.objects.filter(
        movement__level__in=set(levels), movement__kind__in=kinds, movement__source_id__in=list(sources)
    )
    sums = moved.order_by().values_list("movement__source_id", "lot_level__lot").annotate(units=-Sum("units"))
    out = [row for row in sums if row[2] > 0]
    lots = Lot.objects.select_related("variant").in_bulk({lot for _, lot, _ in out})
    found: dict[UUID, dict[Lot, int]] = {}
    for source, lot, units in sorted(out, key=lambda row: (lots[row[1]].expires_on or date.max, row[1])):
        found.setdefault(source, {})[lots[lot]] = units
    return found


def some_of(lots: dict[Lot, int], units: int) -> dict[Lot, int]:
    """So many units of these, the first first; they are taken out of `lots`."""
    taken: dict[Lot, int] = {}
    for lot in list(lots):
        count = min(units, lots[lot])
        if count:
            taken[lot] = count
            lots[lot] -= count
            units -= count
    return taken
