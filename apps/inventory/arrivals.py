"""Goods of a purchase order come in: what may come becomes stock, what is beyond it waits for somebody's word. Nothing is lost.

A scanner counts into the lines (`counted`), so that a phone may fall and the count stands; booking turns counts into one
receipt. A receipt raises the shelf by what the units cost, lowers what is incoming, and goes to who waits first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from apps.catalog.models import Variant
from apps.core import money, rows
from apps.core.ids import uuid7
from apps.core.states import Cause, move
from apps.inventory import purchasing
from apps.inventory.errors import Refused
from apps.inventory.levels import Desk
from apps.inventory.models import (
    PurchaseOrder,
    PurchaseOrderLine,
    Receipt,
    ReceiptLine,
    StockLevel,
    StockMovement,
    SupplierItem,
    Surplus,
)
from apps.inventory.services import Change, refill
from apps.inventory.states import SURPLUS_MOVES, SurplusState


@dataclass(slots=True)
class Arrived:
    """What became of a delivery: its receipt, units that are stock now and what they cost, and units that wait for a word."""

    order: PurchaseOrder
    receipt: Receipt
    units: int = 0
    value_minor: int = 0
    surplus: list[Surplus] = field(default_factory=list)
    gained: list[Change] = field(default_factory=list)


class Scan(StrEnum):
    """What a scanned code meant."""

    COUNTED = "counted"
    BEYOND = "beyond"  # counted, but more than may come without a word
    NOT_ORDERED = "not_ordered"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Scanned:
    """The answer to one code: how many units it stood for, and the line and article that it meant."""

    outcome: Scan
    units: int = 0
    line: PurchaseOrderLine | None = None
    variant: Variant | None = None


def may_come(line: PurchaseOrderLine, percent: int) -> int:
    """Units of a line that become stock without a word: what is still wanted, and what the supplier may deliver beyond."""
    wanted = line.quantity - line.cancelled
    return max(0, wanted + wanted * percent // 100 - line.received)


def scan(order: UUID, code: str, *, anyway: bool = False) -> Scanned:
    """Count what a code stands for: one unit by barcode or SKU, a pack by the supplier's own code.

    An article that was not ordered is counted only when told so (`anyway`): it gets a line of its own and waits for a word.
    """
    with transaction.atomic():
        row = _receivable(order)
        variant, units = meant(row, code)
        if variant is None:
            return Scanned(Scan.UNKNOWN)
        line = row.lines.select_related("variant").filter(variant=variant).first()
        if line is None:
            if not anyway:
                return Scanned(Scan.NOT_ORDERED, variant=variant)
            line = _unordered(row, variant)
        if line.counted + units > purchasing.MOST_UNITS:
            raise Refused(_("That is more than anybody can count. Nothing was changed."))
        line.counted += units
        line.save(update_fields=["counted"])
        is_beyond = line.counted > may_come(line, row.supplier.over_receipt_percent)
        return Scanned(Scan.BEYOND if is_beyond else Scan.COUNTED, units, line, variant)


def set_counted(order: UUID, line: UUID, units: int) -> PurchaseOrderLine:
    """Set what was counted of a line, typed instead of scanned. Raises `Refused`, `PurchaseOrderLine.DoesNotExist`."""
    with transaction.atomic():
        row = _receivable(order)
        if not 0 <= units <= purchasing.MOST_UNITS:
            words = _("%(n)d cannot have come. Enter a number from 0 to %(most)s.")
            raise Refused(words % {"n": units, "most": f"{purchasing.MOST_UNITS:,}"})
        found = row.lines.select_related("variant").get(id=line)
        found.counted = units
        found.save(update_fields=["counted"])
        return found


def book(order: UUID, *, slip: str, actor: str) -> Arrived:
    """What was counted becomes one receipt, and the counts begin anew. Raises `Refused` where nothing was counted."""
    with transaction.atomic():
        row = _receivable(order)
        lines = list(row.lines.select_related("variant").order_by("number"))
        counts = {line.id: line.counted for line in lines if line.counted}
        if not counts:
            raise Refused(_("Nothing was counted yet. Scan what came, or enter the numbers."))
        for line in lines:
            line.counted = 0
        return _take_in(row, lines, counts, slip=slip, actor=actor)


def receive(order: UUID, units: Mapping[UUID, int], *, slip: str, actor: str) -> Arrived:
    """Units of lines came (line -> units), told by a document; counts at the door are left alone. Raises `Refused`."""
    with transaction.atomic():
        row = _receivable(order)
        lines = list(row.lines.select_related("variant").order_by("number"))
        known = {line.id for line in lines}
        if not units or any(count <= 0 for count in units.values()) or units.keys() - known:
            raise Refused(_("Say how many units of which lines came."))
        return _take_in(row, lines, units, slip=slip, actor=actor)


def line_for(order: UUID, variants: Sequence[Variant]) -> dict[UUID, UUID]:
    """The order's line of each article, made where nothing of it was ordered (variant -> line)."""
    with transaction.atomic():
        row = _receivable(order)
        found = dict(row.lines.filter(variant__in=variants).values_list("variant", "id"))
        for variant in variants:
            if variant.id not in found:
                found[variant.id] = _unordered(row, variant).id
        return found


def _take_in(
    order: PurchaseOrder, lines: Sequence[PurchaseOrderLine], counts: Mapping[UUID, int], *, slip: str, actor: str
) -> Arrived:
    number = f"{order.number}/{order.receipts.count() + 1}"
    variants = {line.variant_id for line in lines if line.id in counts}
    desk = Desk.of_variants(variants, location=order.location, actor=actor)
    by_variant = desk.by_variant()
    receipt = Receipt.objects.create(
        number=number, location=order.location, at=desk.at, currency=order.currency, order=order, slip=slip.strip()[:80]
    )
    arrived = Arrived(order, receipt)
    written = []
    for line in lines:
        count = counts.get(line.id, 0)
        fine = min(count, may_come(line, order.supplier.over_receipt_percent))
        if fine:
            paper = _receipt_line(receipt, line, fine, number=len(written) + 1)
            arrived.value_minor += _shelve(desk, by_variant[line.variant_id], line, paper, order=order)
            arrived.units += fine
            written.append(paper)
        if count > fine:
            arrived.surplus.append(
                Surplus(id=uuid7(), receipt=receipt, purchase_line=line, quantity=count - fine, at=desk.at)
            )
    rows.insert(written)
    rows.insert(arrived.surplus)
    rows.update(lines, ["received", "counted"])
    arrived.gained = refill(desk, part=receipt.id.hex)
    desk.write()
    purchasing.advance(order, lines, cause=Cause(actor, "", "receipt", receipt.id))
    return arrived


def decide(surplus: UUID, *, keep: bool, actor: str, reason: str, price: Decimal | None = None) -> Arrived:
    """Somebody's word on surplus: kept, it is stock at `price` (of the line, when none is said); else it goes back.

    Raises `Refused` when it was decided before.
    """
    with transaction.atomic():
        order = _receivable(Surplus.objects.select_related("purchase_line").get(id=surplus).purchase_line.order_id)
        row = Surplus.objects.select_related("receipt").select_for_update(no_key=True, of=("self",)).get(id=surplus)
        if row.state != SurplusState.WAITING:
            raise Refused(_("Somebody decided this already: %(state)s.") % {"state": row.get_state_display()})
        lines = list(order.lines.select_related("variant"))
        (line,) = (line for line in lines if line.id == row.purchase_line_id)
        arrived = Arrived(order, row.receipt)
        desk = Desk.of_variants([line.variant_id] if keep else [], location=order.location, actor=actor)
        cause = Cause(actor, reason[:300], "surplus", row.id)
        if keep:
            if price is not None and not line.received:
                line.price = purchasing.sane_price(price)
            (level,) = desk.by_variant().values()
            last = row.receipt.lines.aggregate(last=Max("number"))["last"] or 0
            paper = _receipt_line(row.receipt, line, row.quantity, number=last + 1)
            arrived.value_minor = _shelve(desk, level, line, paper, order=order)
            arrived.units = row.quantity
            rows.insert([paper])
            rows.update([line], ["received", "price"])
            arrived.gained = refill(desk, part=row.id.hex)
            desk.write()
            purchasing.advance(order, lines, cause=cause)
        move(row, "state", SurplusState.KEPT if keep else SurplusState.SENT_BACK, moves=SURPLUS_MOVES, cause=cause)
        row.decided_at, row.decided_by, row.reason = desk.at, actor[:80], reason[:200]
        row.save(update_fields=["decided_at", "decided_by", "reason"])
    return arrived


def _shelve(desk: Desk, level: StockLevel, line: PurchaseOrderLine, paper: ReceiptLine, *, order: PurchaseOrder) -> int:
    """Units of a line go on the shelf; what they cost there, so that the parts of a line make the line exactly."""
    home, each = purchasing.home_currency(), line.price * (order.rate or Decimal(1))
    units = paper.quantity
    value = money.to_minor(each * (line.received + units), home) - money.to_minor(each * line.received, home)
    desk.change(
        level, StockMovement.Kind.RECEIPT, source_kind="receipt", source_id=paper.receipt_id, part=str(paper.number),
        on_hand=units, value_minor=value, incoming=-min(units, line.to_come),
    )  # fmt: skip
    line.received += units
    return value


def _receipt_line(receipt: Receipt, line: PurchaseOrderLine, units: int, *, number: int) -> ReceiptLine:
    return ReceiptLine(
        id=uuid7(), receipt=receipt, number=number, variant_id=line.variant_id, quantity=units, unit_cost=line.price,
        purchase_line=line,
    )  # fmt: skip


def _receivable(order: UUID) -> PurchaseOrder:
    row = purchasing.lock(order)
    if row.ordered_at is None:
        words = _("%(number)s was not placed yet. Place the order, then receive its goods.")
        raise Refused(words % {"number": row.number})
    return row


def meant(order: PurchaseOrder, code: str) -> tuple[Variant | None, int]:
    """The article that a code means, and how many units: barcode, SKU, else the supplier's code for a pack; (None, 0): none."""
    code = code.strip()
    found = list(Variant.objects.filter(barcode=code)[:2]) if code else []
    if not found:
        found = list(Variant.objects.filter(sku=code)[:1]) or list(Variant.objects.filter(sku__iexact=code)[:2])
    if len(found) == 1:
        return found[0], 1
    if len(found) > 1:
        # Two articles share a barcode: the one that was ordered is meant.
        ordered = set(order.lines.filter(variant__in=found).values_list("variant", flat=True))
        return (next(row for row in found if row.id in ordered), 1) if len(ordered) == 1 else (None, 0)
    item = (
        SupplierItem.objects.filter(supplier=order.supplier, code=code)
        .exclude(code="")
        .select_related("variant")
        .first()
    )
    return (item.variant, item.pack_size) if item else (None, 0)


def _unordered(order: PurchaseOrder, variant: Variant) -> PurchaseOrderLine:
    """A line of nothing ordered, so that what came all the same is seen."""
    last = order.lines.aggregate(last=Max("number"))["last"] or 0
    item = SupplierItem.objects.filter(supplier=order.supplier, variant=variant).first()
    price = item.price if item else Decimal(0)
    return order.lines.create(number=last + 1, variant=variant, quantity=0, price=price)
