"""What happens on the shelf itself: receipts, adjustments, counts. Told by a warehouse's file or a person.

A receipt goes to who waits. A write-off takes free units first; beyond that the newest promises go back to waiting, keeping
their place in the queue, after what channels may still sell; beyond what lies there it is booked only so far, and the rest is
kept as shrinkage for a person. Only a count of everything that lies there takes units that were set aside, and those last.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from apps.core import money
from apps.core import rows as tables
from apps.core.ids import uuid7
from apps.inventory import deciding
from apps.inventory.levels import Desk
from apps.inventory.models import (
    Aside,
    Demand,
    Lease,
    Location,
    Receipt,
    ReceiptLine,
    Shrinkage,
    StockLevel,
    StockMovement,
)
from apps.inventory.services import Change, refill, write_demands

Kind = StockMovement.Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptRow:
    """Units that arrived, and what one cost in major units."""

    number: int
    variant: UUID
    quantity: int
    unit_cost: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A signed adjustment, or a count (`is_count`: the number found). `id` names it: the same one twice is one.

    `source_kind`: what `id` is of. `is_all`: what was found is all there is, so units set aside are missing with the rest.
    """

    id: UUID
    variant: UUID
    quantity: int
    reason: str
    is_count: bool = False
    source_kind: str = "correction"
    is_all: bool = False


@dataclass(frozen=True, slots=True)
class Shelved:
    """What came of it: demands that gained, demands that lost, and the value that moved, in minor units."""

    gained: list[Change]
    lost: list[Change]
    value_minor: int = 0


def receive(
    number: str, rows: Sequence[ReceiptRow], *, location: Location, source: UUID | None, at: datetime, currency: str,
    actor: str, is_opening: bool = False,
) -> tuple[Receipt, Shelved]:  # fmt: skip
    """Take goods in under a document number; lines of a number that were taken before are left as they are."""
    with transaction.atomic():
        receipt, _ = Receipt.objects.get_or_create(
            source=source, number=number, defaults={"location": location, "at": at, "currency": currency}
        )
        known = set(receipt.lines.values_list("number", flat=True))
        rows = [row for row in rows if row.number not in known]
        ReceiptLine.objects.bulk_create(
            ReceiptLine(
                id=uuid7(), receipt=receipt, number=row.number, variant_id=row.variant, quantity=row.quantity,
                unit_cost=row.unit_cost,
            )
            for row in rows
        )  # fmt: skip
        desk = Desk.of_variants((row.variant for row in rows), location=location, actor=actor)
        by_variant = desk.by_variant()
        total = 0
        for row in rows:
            value = money.to_minor(row.unit_cost * row.quantity, currency)
            total += value
            desk.change(
                by_variant[row.variant], Kind.OPENING if is_opening else Kind.RECEIPT, source_kind="receipt",
                source_id=receipt.id, part=str(row.number), on_hand=row.quantity, value_minor=value,
            )  # fmt: skip
        gained = refill(desk, part=f"{receipt.id.hex[:24]}.{min(known, default=0)}.{len(known)}")
        desk.write()
    return receipt, Shelved(gained, [], total)


def correct(corrections: Sequence[Correction], *, location: Location, actor: str) -> Shelved:
    """Book adjustments and counts, each once, in the order given."""
    gained: list[Change] = []
    lost: list[Change] = []
    value = 0
    with transaction.atomic():
        done = set(
            StockMovement.objects.filter(source_id__in=[row.id for row in corrections]).values_list("source_id", flat=True)
        ) | set(
            Shrinkage.objects.filter(source_id__in=[row.id for row in corrections]).values_list("source_id", flat=True)
        )  # fmt: skip
        fresh = [row for row in corrections if row.id not in done]
        desk = Desk.of_variants((row.variant for row in fresh), location=location, actor=actor)
        by_variant = desk.by_variant()
        for row in fresh:
            level = by_variant[row.variant]
            delta = row.quantity - level.on_hand if row.is_count else row.quantity
            cost, losers = settle(desk, level, row, delta)
            value += cost
            lost += losers
            # Row by row, so that what one row frees is promised before the next row takes.
            gained += refill(desk, part=row.id.hex)
        desk.write()
    return Shelved(gained, lost, value)


def settle(desk: Desk, level: StockLevel, row: Correction, delta: int) -> tuple[int, list[Change]]:
    """Bring a locked level to another number by `delta` units; the value that moved, and who lost units by it."""
    if delta > 0:
        return _found(desk, level, row, delta), []
    if delta < 0:
        cost, losers = _written_off(desk, level, row, -delta)
        return -cost, losers
    desk.confirm(level, source_id=row.id, reason=row.reason, source_kind=row.source_kind)
    return 0, []


def _found(desk: Desk, level: StockLevel, row: Correction, units: int) -> int:
    """More than was known: valued at the level's average, at nothing where nothing lay."""
    cost = level.value_minor * units // level.on_hand if level.on_hand else 0
    kind = Kind.COUNT if row.is_count else Kind.ADJUSTMENT
    desk.change(
        level, kind, source_kind=row.source_kind, source_id=row.id, on_hand=units, value_minor=cost, reason=row.reason
    )
    return cost


def _written_off(desk: Desk, level: StockLevel, row: Correction, units: int) -> tuple[int, list[Change]]:
    booked = min(units, level.on_hand if row.is_all else level.on_hand - level.unavailable)
    if booked < units:
        Shrinkage.objects.create(
            level=level, at=desk.at, asked=units, booked=booked, source_id=row.id, reason=row.reason[:200]
        )
    short = booked - level.available
    short -= _cut_leases(desk, level, short, cause=row)
    losers = take_back(desk, level, short, cause=row.id)
    gone = _not_even_aside(level, short + sum(loser.units for loser in losers))
    cost = level.value_minor * booked // level.on_hand if level.on_hand else 0
    kind = Kind.COUNT if row.is_count else Kind.ADJUSTMENT
    desk.change(
        level,
        kind,
        source_kind=row.source_kind,
        source_id=row.id,
        on_hand=-booked,
        value_minor=-cost,
        reason=row.reason,
        **gone,
    )
    return cost, losers


def _not_even_aside(level: StockLevel, short: int) -> dict[str, int]:
    """Units that were set aside and do not lie there either, by reason: kept stock is missing first, broken pieces last."""
    reasons = (Aside.SAFETY, Aside.QUALITY_CONTROL, Aside.EXPIRED, Aside.DAMAGED)
    taken = deciding.take_back(short, [getattr(level, reason) for reason in reasons])
    return {reason.value: -units for reason, units in zip(reasons, taken, strict=True) if units}


def _cut_leases(desk: Desk, level: StockLevel, short: int, *, cause: Correction) -> int:
    """What is not there cannot be leased: an offer gives way before a promise does. Returns how many units were found."""
    if short <= 0 or not level.leased:
        return 0
    leases = list(Lease.objects.filter(level=level, units__gt=0).order_by("holder").select_for_update(no_key=True))
    leases.sort(key=lambda lease: -lease.units)
    taken = deciding.take_back(short, [lease.units for lease in leases])
    for lease, units in zip(leases, taken, strict=True):
        lease.units -= units
    tables.update([lease for lease, units in zip(leases, taken, strict=True) if units], ["units"])
    desk.change(
        level, Kind.LEASE, source_kind=cause.source_kind, source_id=cause.id, part="lost", leased=-sum(taken)
    )  # fmt: skip
    return sum(taken)


def take_back(desk: Desk, level: StockLevel, short: int, *, cause: UUID) -> list[Change]:
    """The newest promises go back to waiting until `short` units are found."""
    if short <= 0:
        return []
    held = list(
        Demand.objects.filter(level=level, allocated__gt=0)
        .order_by("-arrived_at", "-id")
        .select_for_update(no_key=True)
    )
    changes = []
    for demand, units in zip(held, deciding.take_back(short, [demand.allocated for demand in held]), strict=True):
        if units:
            demand.allocated -= units
            level.backordered += units
            desk.change(level, Kind.RELEASE, source_kind="demand", source_id=demand.id, part=cause.hex, reserved=-units)
            changes.append(Change(demand.id, demand.subject, demand.group, -units))
    write_demands(held)
    return changes
