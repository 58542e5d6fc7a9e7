"""Goods between our own locations: they leave one shelf with their value, are incoming at the other, and come there or get lost.

Every change locks the transfer first, then levels of both places in id order; the lines of a transfer that is under way are
read after that, because a landed cost raises their value under the same locks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from apps.core import clock, rows, states
from apps.core.ids import uuid7
from apps.core.states import Cause
from apps.inventory import lots, purchasing
from apps.inventory.errors import Refused
from apps.inventory.levels import Desk
from apps.inventory.models import Location, Lot, StockLevel, StockMovement, Transfer, TransferLine, TransferStep
from apps.inventory.services import Change, refill
from apps.inventory.states import TRANSFER_MOVES, TransferState

Kind = TransferStep.Kind


@dataclass(frozen=True, slots=True)
class Wish:
    """Units of an article that are to go."""

    variant: UUID
    quantity: int


@dataclass(slots=True)
class Moved:
    """What became of goods on their way: units and their value, who gained by them, and the name of the cause."""

    transfer: Transfer
    cause: UUID
    units: int = 0
    value_minor: int = 0
    gained: list[Change] = field(default_factory=list)


def draft(origin: Location, destination: Location, wishes: Sequence[Wish], *, actor: str, note: str = "") -> Transfer:
    """A transfer of which nothing has left yet. Raises `Refused`."""
    if origin.id == destination.id:
        raise Refused(_("Goods cannot go from %(name)s to %(name)s. Choose two places.") % {"name": origin.name})
    if not destination.is_active:
        raise Refused(_("%(name)s is closed. Nothing can be sent there.") % {"name": destination.name})
    with transaction.atomic():
        made = Transfer.objects.create(
            number=f"TR-{purchasing.next_number('inventory_transfer_number')}", origin=origin, destination=destination,
            made_at=clock.now(), made_by=actor[:80], note=note[:500],
        )  # fmt: skip
        for wish in wishes:
            put_line(made.id, wish)
    return made


def put_lines(transfer: UUID, wishes: Sequence[Wish]) -> None:
    """Several lines of a draft: all or none. Raises `Refused`."""
    with transaction.atomic():
        _draft(transfer)
        for wish in wishes:
            put_line(transfer, wish)


def put_line(transfer: UUID, wish: Wish) -> None:
    """Add an article to a draft or change its line; 0 units take the line away. Raises `Refused`."""
    with transaction.atomic():
        row = _draft(transfer)
        if wish.quantity == 0:
            row.lines.filter(variant=wish.variant).delete()
            return
        quantity = purchasing.sane(wish.quantity)
        if not row.lines.filter(variant=wish.variant).update(quantity=quantity):
            last = row.lines.aggregate(last=Max("number"))["last"] or 0
            row.lines.create(number=last + 1, variant_id=wish.variant, quantity=quantity)


def cancel(transfer: UUID, *, actor: str, reason: str) -> Transfer:
    """A draft is thrown away. Raises `Refused`."""
    with transaction.atomic():
        row = _draft(transfer)
        _move(row, TransferState.CANCELLED, Cause(actor, reason[:300], "transfer", row.id))
    return row


def send(transfer: UUID, *, actor: str) -> Transfer:
    """The goods leave: only units that are promised to nobody, and all lines or none. Raises `Refused`."""
    with transaction.atomic():
        row = _draft(transfer)
        lines = list(row.lines.select_related("variant").order_by("number"))
        if not lines:
            raise Refused(_("%(number)s has no lines yet. Add what is to go.") % {"number": row.number})
        if not row.destination.is_active:
            raise Refused(_("%(name)s is closed. Nothing can be sent there.") % {"name": row.destination.name})
        places = [(line.variant_id, at) for line in lines for at in (row.origin_id, row.destination_id)]
        desk = Desk.of_places(places, actor=actor)
        by_place = desk.by_place()
        _must_be_free(row, lines, by_place)
        steps = []
        for line in lines:
            here, there = (by_place[line.variant_id, at] for at in (row.origin_id, row.destination_id))
            line.value_minor = here.value_minor * line.quantity // here.on_hand
            _carry(desk, here, line, "sent", on_hand=-line.quantity, value_minor=-line.value_minor)
            _carry(desk, there, line, "sent", incoming=line.quantity)
            steps.append(_step(desk, line, Kind.SENT, line.quantity, line.value_minor, cause=row.id))
        rows.update(lines, ["value_minor"])
        rows.insert(steps)
        desk.write()
        row.sent_at = desk.at
        row.save(update_fields=["sent_at"])
        _move(row, TransferState.IN_TRANSIT, Cause(actor, "", "transfer", row.id))
    return row


def receive(transfer: UUID, units: Mapping[UUID, int], *, actor: str) -> Moved:
    """Units of lines came to the destination (line -> units) and go to who waits there. Raises `Refused`."""
    return _end(transfer, units, actor=actor, reason="", is_lost=False)


def lose(transfer: UUID, units: Mapping[UUID, int], *, actor: str, reason: str) -> Moved:
    """Units of lines will not come (line -> units): they are written off at what they cost. Raises `Refused`."""
    if not reason.strip():
        raise Refused(_("Say in a few words how the goods were lost."))
    return _end(transfer, units, actor=actor, reason=reason.strip(), is_lost=True)


def _end(transfer: UUID, units: Mapping[UUID, int], *, actor: str, reason: str, is_lost: bool) -> Moved:
    with transaction.atomic():
        row = _lock(transfer)
        if not row.is_open:
            words = _("%(number)s is %(state)s: nothing of it is on its way.")
            raise Refused(words % {"number": row.number, "state": row.get_state_display()})
        variants = row.lines.values_list("variant", flat=True)
        desk = Desk.of_variants(variants, location=row.destination, actor=actor)
        lines = {line.id: line for line in row.lines.select_related("variant")}
        wanted = {lines[id_]: count for id_, count in units.items() if id_ in lines and count}
        if not wanted:
            raise Refused(_("Enter how many units it was."))
        by_variant = desk.by_variant()
        at = StockLevel.objects.filter(
            variant__in=[line.variant_id for line in wanted], location__in=[row.origin_id, row.destination_id]
        )
        carried = lots.on_their_way([line.id for line in wanted], levels=at.values_list("id", flat=True))
        moved = Moved(row, uuid7())
        steps = []
        for line, count in wanted.items():
            if not 0 < count <= line.to_come:
                words = _(
                    "%(n)d of %(sku)s are on their way; %(asked)d cannot have come. Count again, or count the shelf."
                )
                raise Refused(words % {"n": line.to_come, "sku": line.variant.sku, "asked": count})
            value = line.value_minor * count // line.to_come
            line.value_minor -= value
            moved.units += count
            moved.value_minor += value
            figures = {"incoming": -count} if is_lost else {"incoming": -count, "on_hand": count, "value_minor": value}
            there = None if is_lost else lots.some_of(carried.get(line.id, {}), count)
            _carry(desk, by_variant[line.variant_id], line, moved.cause.hex, reason=reason, there=there, **figures)
            kind = Kind.LOST if is_lost else Kind.RECEIVED
            steps.append(_step(desk, line, kind, -count, -value, cause=moved.cause, reason=reason))
            line.lost += count if is_lost else 0
            line.received += 0 if is_lost else count
        rows.update(wanted, ["received", "lost", "value_minor"])
        rows.insert(steps)
        moved.gained = refill(desk, part=moved.cause.hex)
        desk.write()
        is_whole = not any(line.to_come for line in lines.values())
        to = TransferState.RECEIVED if is_whole else TransferState.PARTLY_RECEIVED
        if to != row.state:
            _move(row, to, Cause(actor, reason[:300], "transfer", row.id))
    return moved


def _must_be_free(
    row: Transfer, lines: Sequence[TransferLine], by_place: Mapping[tuple[UUID, UUID], StockLevel]
) -> None:
    short = []
    for line in lines:
        level = by_place[line.variant_id, row.origin_id]
        if line.quantity > level.available:
            words = _("%(sku)s: %(wanted)d are to go, %(free)d are free (%(hand)d lie there).")
            short.append(
                words
                % {
                    "sku": line.variant.sku,
                    "wanted": line.quantity,
                    "free": level.available,
                    "hand": level.on_hand,
                }
            )
    if short:
        words = _("Not enough is free at %(name)s. Promised units stay where they are.") % {"name": row.origin.name}
        raise Refused(" ".join([words, *short[:10]]))


def _carry(
    desk: Desk,
    level: StockLevel,
    line: TransferLine,
    part: str,
    *,
    reason: str = "",
    there: Mapping[Lot, int] | None = None,
    **figures: int,
) -> None:
    desk.change(
        level, StockMovement.Kind.TRANSFER, source_kind="transfer_line", source_id=line.id, part=part, reason=reason,
        lots=there, **figures,
    )  # fmt: skip


def _step(
    desk: Desk, line: TransferLine, kind: TransferStep.Kind, units: int, value: int, *, cause: UUID, reason: str = ""
) -> TransferStep:
    return TransferStep(
        id=uuid7(), line=line, kind=kind, units=units, value_minor=value, at=desk.at, source_id=cause, reason=reason[:200],
        actor=desk.actor[:80],
    )  # fmt: skip


def _move(row: Transfer, to: TransferState, cause: Cause) -> None:
    states.move(row, "state", to, moves=TRANSFER_MOVES, cause=cause)


def _lock(transfer: UUID) -> Transfer:
    found = Transfer.objects.select_related("origin", "destination").select_for_update(no_key=True, of=("self",))
    return found.get(id=transfer)


def _draft(transfer: UUID) -> Transfer:
    row = _lock(transfer)
    if row.state != TransferState.DRAFT:
        words = _("%(number)s is %(state)s; only a draft can be changed.")
        raise Refused(words % {"number": row.number, "state": row.get_state_display()})
    return row
