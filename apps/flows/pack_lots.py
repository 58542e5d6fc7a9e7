"""Scan and pack where units are told apart: which lot goes into the box, and the serial number of every unit that has one.

A lot's own code (GS1, or its number) says which it is; an article's code alone counts a unit of whatever lot is first to
expire. A unit with a serial number counts only by that number. Nothing past its last day goes into a box.
"""

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

from django.db import transaction

from apps.catalog.models import Tracking, Variant
from apps.core import clock
from apps.inventory import codes, lots, naming
from apps.inventory.codes import Goods
from apps.inventory.errors import Refused
from apps.inventory.models import Lot, LotLevel, StockLevel
from apps.inventory.naming import Name
from apps.inventory.services import Said
from apps.shipping import packing
from apps.shipping.models import PackedLot, Shipment
from apps.shipping.packing import Item, Scan, Scanned
from apps.shipping.states import Status

MOST_SHOWN = 3


def scan(shipment_id: UUID, code: str, *, actor: str, serial_of: UUID | None = None) -> Scanned:
    """Count what a code stands for. `serial_of`: the article whose number was asked for by the scan before.

    Raises `Shipment.DoesNotExist`.
    """
    code = code.strip()
    box = Shipment.objects.get(id=shipment_id)
    items = packing.items(box)
    articles = [item.variant for item in items if item.variant]
    tracked = {one.id: one for one in articles if one.tracking != Tracking.NONE}
    if not tracked or box.status not in {Status.PLANNED, Status.LABELLED}:
        return packing.scan(shipment_id, code)
    variant, number, goods = _meant(code, tracked, serial_of)
    if variant is None:
        return _article(shipment_id, code, items)
    if not number:
        return _article(shipment_id, variant.sku, items)
    mine = [item for item in items if item.variant and item.variant.id == variant.id]
    if all(item.is_packed for item in mine):
        return Scanned(Scan.ENOUGH, mine[0], variant, number)
    # Before the box is locked: a name is given under the shelf's lock, which comes first (docs/locks.md).
    _name_what_nobody_knew(box, variant, number, goods, actor=actor)
    with transaction.atomic():
        box = Shipment.objects.select_for_update(no_key=True).get(id=shipment_id)
        return _count(box, variant, number)


def _meant(
    code: str, tracked: Mapping[UUID, Variant], serial_of: UUID | None
) -> tuple[Variant | None, str, Goods | None]:  # fmt: skip
    """The tracked article of this box that a code means, and the number of its lot or unit."""
    if goods := codes.read(code):
        variant = next((one for one in tracked.values() if goods.is_of(one.barcode)), None)
        if variant:
            return variant, goods.serial if variant.tracking == Tracking.SERIAL else goods.lot, goods
        return None, "", None
    known = list(Lot.objects.filter(number=code, variant__in=tracked)[:2])
    if len(known) == 1 and packing.find(code) is None:
        return tracked[known[0].variant_id], code, None
    if serial_of and serial_of in tracked and packing.find(code) is None:
        return tracked[serial_of], code, None
    return None, "", None


def _article(shipment_id: UUID, code: str, items: Sequence[Item]) -> Scanned:
    """A code of an article alone: enough, unless units of it have numbers of their own."""
    for item in sorted(items, key=lambda item: item.is_packed):
        for asked in (item.variant, item.line.order_line.variant):
            if item.variant and item.variant.tracking == Tracking.SERIAL and asked and packing.is_code(asked, code):
                return Scanned(Scan.ENOUGH if item.is_packed else Scan.WHICH, item, item.variant)
    return packing.scan(shipment_id, code)


def _name_what_nobody_knew(
    box: Shipment, variant: Variant, number: str, goods: Goods | None, *, actor: str
) -> None:  # fmt: skip
    """A number that is on no shelf yet gets one of the units without any that lie where the box is packed, if there are some."""
    level = StockLevel.objects.filter(variant=variant, location=box.location_ref).first()
    if level is None or LotLevel.objects.filter(lot__variant=variant, lot__number=number, units__gt=0).exists():
        return
    if goods is None and variant.tracking != Tracking.SERIAL:
        return
    one = Name(number=number, expires_on=goods.expires_on if goods else None)
    with contextlib.suppress(Refused):
        naming.name(level.id, [one], actor=actor, reason="scanned into a box")


def _count(box: Shipment, variant: Variant, number: str) -> Scanned:
    found = LotLevel.objects.filter(
        level__variant=variant, level__location=box.location_ref, lot__number=number, units__gt=0
    )
    there, today = found.select_related("lot__variant").first(), clock.business_date()
    if there is not None and (there.lot.is_past(today) or there.expired):
        return Scanned(Scan.EXPIRED, None, variant, number)
    if there is None or there.good - packing.in_boxes([there.lot_id]).get(there.lot_id, 0) < 1:
        return Scanned(Scan.NOT_HERE, None, variant, number)
    scanned = packing.scan(box.id, variant.sku)
    if scanned.outcome is not Scan.COUNTED or scanned.line is None:
        return replace(scanned, lot=number)
    packing.pack_lot(scanned.line, there.lot_id, there.lot.number)
    first = next(iter(to_take(box, [variant.id]).get(variant.id, ())), None)
    is_sooner = first is not None and (first.lot.expires_on or date.max) < (there.lot.expires_on or date.max)
    return replace(scanned, lot=number, sooner=first.lot.number if first and is_sooner else "")


def to_take(box: Shipment, variants: Iterable[UUID]) -> dict[UUID, list[LotLevel]]:
    """variant -> the lots to take for this box, first expired first out, less what is in boxes already."""
    today = clock.business_date()
    found: dict[UUID, list[LotLevel]] = {}
    rows = LotLevel.objects.filter(level__variant__in=list(variants), level__location=box.location_ref, units__gt=0)
    there = [one for one in lots.in_order(rows.select_related("lot__variant")) if not one.lot.is_past(today)]
    taken = packing.in_boxes([one.lot_id for one in there])
    for one in there:
        if one.good > taken.get(one.lot_id, 0):
            found.setdefault(one.lot.variant_id, []).append(one)
    return {variant: several[:MOST_SHOWN] for variant, several in found.items()}


def said(shipments: Iterable[Shipment]) -> Said:
    """(order line, variant) -> the lots that were scanned into these boxes."""
    rows = PackedLot.objects.filter(line__shipment__in=list(shipments), units__gt=0).select_related("line")
    packed = list(rows.order_by("id"))
    known = Lot.objects.select_related("variant").in_bulk({row.lot_ref for row in packed})
    found: dict[tuple[UUID, UUID], dict[Lot, int]] = {}
    for row in packed:
        found.setdefault((row.line.order_line_id, row.variant_id), {})[known[row.lot_ref]] = row.units
    return found
