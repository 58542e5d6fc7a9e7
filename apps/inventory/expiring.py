"""Units past their last day for sale are set aside as expired; where a lot's date was corrected, they come back.

Free units go aside at once. Channels are told less from a lot's last day on, so that their leases have shrunk by its end; what
one of them has not let go of by then follows when it does. What was promised to orders and cannot leave any more goes back to
waiting, the newest first.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from django.db import connection as database
from django.db import transaction

from apps.core import clock, rows
from apps.core.ids import uuid7
from apps.inventory import lots
from apps.inventory.levels import Desk
from apps.inventory.models import LotLevel, StockLevel, StockMovement
from apps.inventory.services import Change, refill
from apps.inventory.shelf import take_back

_IS_PAST = "coalesce(lot.expires_on - variant.days_before_expiry < %(today)s, false)"
_DUE = f"""
SELECT there.level_id, sum(CASE WHEN {_IS_PAST} THEN there.units - there.expired ELSE -there.expired END)::int
FROM inventory_lotlevel AS there JOIN inventory_lot AS lot ON lot.id = there.lot_id
JOIN catalog_variant AS variant ON variant.id = lot.variant_id
WHERE there.units > 0 AND (%(levels)s::uuid[] IS NULL OR there.level_id = ANY(%(levels)s))
  AND CASE WHEN {_IS_PAST} THEN there.expired < there.units ELSE there.expired > 0 END
GROUP BY there.level_id ORDER BY there.level_id
"""


@dataclass(slots=True)
class Retired:
    """What came of it: who gained units and who lost them, and variants of which channels still have expired units."""

    gained: list[Change] = field(default_factory=list)
    lost: list[Change] = field(default_factory=list)
    held: list[UUID] = field(default_factory=list)


def due(levels: Collection[UUID] | None = None, *, on: date | None = None) -> dict[UUID, int]:
    """level -> units to be set aside (below 0: to come back), of these levels or of all, today or on another day."""
    with database.cursor() as cursor:
        wanted = None if levels is None else list(levels)
        cursor.execute(_DUE, {"today": on or clock.business_date(), "levels": wanted})
        return dict(cursor.fetchall())


def retire(levels: Collection[UUID], *, actor: str) -> Retired:
    """Set aside what is past its last day at these levels, and bring back what is not."""
    made = Retired()
    with transaction.atomic():
        desk = Desk.of_levels(levels, actor=actor)
        today, cause = clock.business_date(desk.at), uuid7()
        books: dict[UUID, list[LotLevel]] = {level: [] for level in levels}
        there = LotLevel.objects.filter(level__in=list(levels), units__gt=0).select_related("lot__variant")
        for one in lots.in_order(there.order_by("id").select_for_update(no_key=True, of=("self",))):
            books[one.level_id].append(one)
        for level, book in sorted(books.items()):
            _retire(desk, desk.levels[level], book, made, today=today, cause=cause)
        rows.update([one for book in books.values() for one in book], ["expired"])
        made.gained += refill(desk, part=cause.hex)
        desk.write()
    return made


def _retire(
    desk: Desk, level: StockLevel, book: Sequence[LotLevel], made: Retired, *, today: date, cause: UUID
) -> None:  # fmt: skip
    for one in book:
        if one.expired and not one.lot.is_past(today):
            _move(desk, level, one, -one.expired, cause=cause)
    past = [one for one in book if one.good and one.lot.is_past(today)]
    short = sum(one.good for one in past) - level.available
    held = max(0, min(short, level.leased))
    made.lost += take_back(desk, level, short - held, cause=cause)
    if held:
        made.held.append(level.variant_id)
    left = sum(one.good for one in past) - held
    for one in past:
        units = min(left, one.good)
        left -= units
        if units:
            _move(desk, level, one, units, cause=cause)


def _move(desk: Desk, level: StockLevel, one: LotLevel, units: int, *, cause: UUID) -> None:
    one.expired += units
    desk.change(
        level, StockMovement.Kind.STATUS, source_kind="lot", source_id=one.lot_id, part=cause.hex, reason=one.lot.number,
        expired=units,
    )  # fmt: skip
