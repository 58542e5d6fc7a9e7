"""Scan and pack: a unit counts only for an article that belongs into this box, and never beyond what belongs there."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from django.db import transaction

from apps.catalog.models import Variant
from apps.shipping.models import Shipment, ShipmentLine
from apps.shipping.states import Status


class Scan(StrEnum):
    """What a scan came to."""

    COUNTED = "counted"
    ENOUGH = "enough"  # the article belongs here, but all of its units are in
    WRONG = "wrong"  # an article of ours that does not belong here
    UNKNOWN = "unknown"  # no article of ours
    CLOSED = "closed"  # the shipment has left or was called off


@dataclass(frozen=True, slots=True)
class Scanned:
    """A scan's outcome; `line` is the line it counted for, `variant` the article that was read."""

    outcome: Scan
    line: ShipmentLine | None = None
    variant: Variant | None = None


def scan(shipment_id: UUID, code: str) -> Scanned:
    """Count one unit by its barcode or SKU."""
    code = code.strip()
    with transaction.atomic():
        shipment = Shipment.objects.select_for_update(no_key=True).get(id=shipment_id)
        if shipment.status not in {Status.PLANNED, Status.LABELLED}:
            return Scanned(Scan.CLOSED)
        mine = [line for line in _lines(shipment) if _is_code(line.order_line.variant, code)]
        if not mine:
            variant = find(code)
            return Scanned(Scan.WRONG if variant else Scan.UNKNOWN, variant=variant)
        line = next((row for row in mine if row.packed < row.quantity), None)
        if line is None:
            return Scanned(Scan.ENOUGH, mine[0], mine[0].order_line.variant)
        line.packed += 1
        line.save(update_fields=["packed"])
        return Scanned(Scan.COUNTED, line, line.order_line.variant)


def take_out(shipment_id: UUID, line_id: UUID) -> bool:
    """One unit of a line comes out of the box again. False when none is in."""
    with transaction.atomic():
        shipment = Shipment.objects.select_for_update(no_key=True).get(id=shipment_id)
        line = ShipmentLine.objects.filter(id=line_id, shipment=shipment, packed__gt=0).first()
        if line is None or shipment.status not in {Status.PLANNED, Status.LABELLED}:
            return False
        line.packed -= 1
        line.save(update_fields=["packed"])
        if shipment.leaves_by_itself:  # it was complete, and is not any more
            shipment.leaves_by_itself = False
            shipment.save(update_fields=["leaves_by_itself"])
    return True


def find(code: str) -> Variant | None:
    """The article that a code means: a barcode, or a SKU in any letter case."""
    return Variant.objects.filter(barcode=code).exclude(barcode="").first() or (
        Variant.objects.filter(sku__iexact=code).order_by("id").first()
    )


def _lines(shipment: Shipment) -> list[ShipmentLine]:
    return list(shipment.lines.select_related("order_line__variant").order_by("order_line__number"))


def _is_code(variant: Variant | None, code: str) -> bool:
    return variant is not None and (variant.barcode == code != "" or variant.sku.upper() == code.upper())
