"""Scan and pack: a unit counts only for an article that belongs into this box, and never beyond what belongs there.

Of a bundle its components are scanned, or the set itself by its own code where it comes ready-made; its line counts whole
sets.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from django.db import transaction
from django.db.models import Sum

from apps.catalog.models import Variant
from apps.shipping.models import PackedLot, Shipment, ShipmentLine, ShipmentPiece
from apps.shipping.states import Status


class Scan(StrEnum):
    """What a scan came to."""

    COUNTED = "counted"
    ENOUGH = "enough"  # the article belongs here, but all of its units are in
    WRONG = "wrong"  # an article of ours that does not belong here
    UNKNOWN = "unknown"  # no article of ours
    CLOSED = "closed"  # the shipment has left or was called off
    WHICH = "which"  # the article belongs here, but the number of this very unit is to be scanned
    NOT_HERE = "not_here"  # a lot or number that does not lie here, or is in another box
    EXPIRED = "expired"  # a lot past its last day for sale


@dataclass(frozen=True, slots=True)
class Item:
    """One article that belongs into a box: a line's own, or a component of a bundle (`piece`)."""

    line: ShipmentLine
    piece: ShipmentPiece | None = None

    @property
    def id(self) -> UUID:
        """The piece's or the line's."""
        return self.piece.id if self.piece else self.line.id

    @property
    def variant(self) -> Variant | None:
        """What is scanned."""
        return self.piece.variant if self.piece else self.line.order_line.variant

    @property
    def title(self) -> str:
        """As the order names it; a component by its own name."""
        return self.piece.variant.title if self.piece else self.line.order_line.title

    @property
    def sku(self) -> str:
        """As the order names it; a component by its own code."""
        return self.piece.variant.sku if self.piece else self.line.order_line.sku

    @property
    def packed(self) -> int:
        """Units that are in."""
        return self.piece.packed if self.piece else self.line.packed

    @property
    def quantity(self) -> int:
        """Units that belong in."""
        return self.piece.quantity if self.piece else self.line.quantity

    @property
    def is_packed(self) -> bool:
        """Whether all of it is in."""
        return self.packed >= self.quantity

    def count(self, units: int) -> None:
        """So many more (or fewer) are in; a bundle's line counts whole sets."""
        line = self.line
        if self.piece:
            self.piece.packed += units
            self.piece.save(update_fields=["packed"])
            line.packed = min(line.quantity, *(piece.packed // piece.per_unit for piece in line.pieces.all()))
        else:
            line.packed += units
        line.save(update_fields=["packed"])


@dataclass(frozen=True, slots=True)
class Scanned:
    """A scan's outcome; `line` is what it counted for, `variant` the article that was read."""

    outcome: Scan
    line: Item | None = None
    variant: Variant | None = None
    lot: str = ""
    sooner: str = ""  # a lot that lies there and expires sooner


def items(shipment: Shipment) -> list[Item]:
    """What belongs into a box, in the order of the lines; a bundle as its components."""
    lines = shipment.lines.select_related("order_line__variant").prefetch_related("pieces__variant")
    found = []
    for line in lines.order_by("order_line__number"):
        pieces = sorted(line.pieces.all(), key=lambda piece: piece.id)
        for piece in pieces:
            piece.line = line
        found += [Item(line, piece) for piece in pieces] or [Item(line)]
    return found


def scan(shipment_id: UUID, code: str) -> Scanned:
    """Count one unit by its barcode or SKU, or a whole set by its own."""
    code = code.strip()
    with transaction.atomic():
        shipment = Shipment.objects.select_for_update(no_key=True).get(id=shipment_id)
        if shipment.status not in {Status.PLANNED, Status.LABELLED}:
            return Scanned(Scan.CLOSED)
        there = items(shipment)
        mine = [item for item in there if is_code(item.variant, code)]
        if not mine:
            return _scan_set([item for item in there if is_code(item.line.order_line.variant, code)], code)
        item = next((row for row in mine if not row.is_packed), None)
        if item is None:
            return Scanned(Scan.ENOUGH, mine[0], mine[0].variant)
        item.count(1)
        return Scanned(Scan.COUNTED, item, item.variant)


def _scan_set(pieces: list[Item], code: str) -> Scanned:
    """A code that is no single article's of this box: a ready-made set of it, or nothing that belongs here."""
    if not pieces:
        variant = find(code)
        return Scanned(Scan.WRONG if variant else Scan.UNKNOWN, variant=variant)
    for line in {item.line.id: item.line for item in pieces}.values():
        mine = [item for item in pieces if item.line.id == line.id]
        if all(item.piece and item.packed + item.piece.per_unit <= item.quantity for item in mine):
            for item in mine:
                item.count(item.piece.per_unit if item.piece else 1)
            return Scanned(Scan.COUNTED, Item(line), line.order_line.variant)
    return Scanned(Scan.ENOUGH, Item(pieces[0].line), pieces[0].line.order_line.variant)


def take_out(shipment_id: UUID, item_id: UUID) -> bool:
    """One unit of a line or component comes out of the box again. False when none is in."""
    with transaction.atomic():
        shipment = Shipment.objects.select_for_update(no_key=True).get(id=shipment_id)
        item = next((row for row in items(shipment) if row.id == item_id and row.packed), None)
        if item is None or shipment.status not in {Status.PLANNED, Status.LABELLED}:
            return False
        item.count(-1)
        _unpack_lot(item)
        if shipment.leaves_by_itself:  # it was complete, and is not any more
            shipment.leaves_by_itself = False
            shipment.save(update_fields=["leaves_by_itself"])
    return True


def pack_lot(item: Item, lot: UUID, number: str) -> None:
    """One unit of an article that was just counted is of this lot."""
    (row, _made) = PackedLot.objects.get_or_create(
        line=item.line, variant=item.variant, lot_ref=lot, defaults={"number": number}
    )
    row.units += 1
    row.save(update_fields=["units"])


def _unpack_lot(item: Item) -> None:
    """The lot scanned last comes out first, as soon as more are scanned than are in the box."""
    rows = list(PackedLot.objects.filter(line=item.line, variant=item.variant, units__gt=0).order_by("-id"))
    if sum(row.units for row in rows) > item.packed:
        rows[0].units -= 1
        rows[0].save(update_fields=["units"])


def in_boxes(lots: Collection[UUID]) -> dict[UUID, int]:
    """lot -> units of it that are in boxes which have not left."""
    rows = PackedLot.objects.filter(lot_ref__in=lots, line__shipment__status__in=[Status.PLANNED, Status.LABELLED])
    return dict(rows.order_by().values_list("lot_ref").annotate(units=Sum("units")))


def lots_in(shipment: Shipment) -> dict[UUID, list[PackedLot]]:
    """variant -> the lots and serial numbers that were scanned into a box."""
    found: dict[UUID, list[PackedLot]] = {}
    for row in PackedLot.objects.filter(line__shipment=shipment, units__gt=0).order_by("id"):
        found.setdefault(row.variant_id, []).append(row)
    return found


def find(code: str) -> Variant | None:
    """The article that a code means: a barcode, or a SKU in any letter case."""
    return Variant.objects.filter(barcode=code).exclude(barcode="").first() or (
        Variant.objects.filter(sku__iexact=code).order_by("id").first()
    )


def is_code(variant: Variant | None, code: str) -> bool:
    """Whether a code is this article's own: its barcode, or its SKU in any letter case."""
    return variant is not None and (variant.barcode == code != "" or variant.sku.upper() == code.upper())
