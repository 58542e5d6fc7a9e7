"""Buying: an order is drafted, placed with its supplier, comes in parts and ends; what is to come is `incoming` of its level.

Every change locks the order first, then levels in id order. What a person may not do is refused in a sentence for them.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from django.db import connection as database
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from apps.core import clock, states
from apps.core.ids import uuid7
from apps.core.models import Company
from apps.core.states import Cause
from apps.inventory.errors import Refused
from apps.inventory.levels import Desk
from apps.inventory.models import (
    Location,
    PurchaseOrder,
    PurchaseOrderLine,
    StockLevel,
    StockMovement,
    Supplier,
    SupplierItem,
)
from apps.inventory.states import PURCHASE_MOVES, PurchaseState

# More of one article is a barcode in the wrong field.
MOST_UNITS = 1_000_000
MOST_PRICE = Decimal(10**9)
_NAMED = re.compile(r"(PO-\d+)(?![0-9A-Za-z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Units of an article to be bought; `price` of one in the supplier's currency, None: what the supplier's list says."""

    variant: UUID
    quantity: int
    price: Decimal | None = None


def home_currency() -> str:
    """The currency in which stock is valued."""
    return Company.objects.values_list("currency", flat=True).first() or "JPY"


def draft(
    supplier: Supplier, wishes: Sequence[Wish], *, location: Location, actor: str, note: str = "",
    rate: Decimal | None = None,
) -> PurchaseOrder:  # fmt: skip
    """A purchase order that nobody has sent yet; wishes for one article are added up. Raises `Refused`."""
    _must_be_active(supplier, location)
    if supplier.currency == home_currency():
        rate = Decimal(1)
    with transaction.atomic():
        order = PurchaseOrder.objects.create(
            number=f"PO-{next_number('inventory_purchase_number')}", supplier=supplier, location=location,
            currency=supplier.currency, rate=rate, made_at=clock.now(), made_by=actor[:80], note=note[:500],
        )  # fmt: skip
        together: dict[UUID, Wish] = {}
        for wish in wishes:
            before = together.get(wish.variant)
            quantity = wish.quantity + (before.quantity if before else 0)
            together[wish.variant] = Wish(variant=wish.variant, quantity=quantity, price=wish.price)
        prices = _list_prices(supplier, together)
        PurchaseOrderLine.objects.bulk_create(
            PurchaseOrderLine(
                id=uuid7(), order=order, number=number, variant_id=wish.variant, quantity=sane(wish.quantity),
                price=sane_price(prices.get(wish.variant, Decimal(0)) if wish.price is None else wish.price),
            )
            for number, wish in enumerate(together.values(), start=1)
        )  # fmt: skip
    return order


def put_lines(order: UUID, wishes: Sequence[Wish], *, rate: Decimal | None = None) -> None:
    """Several lines of a draft, and its exchange rate where one is given: all or none. Raises `Refused`."""
    with transaction.atomic():
        _draft(order)
        for wish in wishes:
            put_line(order, wish)
        if rate is not None:
            set_rate(order, rate)


def put_line(order: UUID, wish: Wish) -> None:
    """Add an article to a draft or change its line; 0 units take the line away. Raises `Refused`."""
    with transaction.atomic():
        row = _draft(order)
        line = row.lines.filter(variant=wish.variant).first()
        if wish.quantity == 0:
            if line:
                line.delete()
            return
        quantity = sane(wish.quantity)
        if line is None:
            price = wish.price
            if price is None:
                price = _list_prices(row.supplier, [wish.variant]).get(wish.variant, Decimal(0))
            last = row.lines.aggregate(last=Max("number"))["last"] or 0
            row.lines.create(number=last + 1, variant_id=wish.variant, quantity=quantity, price=sane_price(price))
            return
        line.quantity = quantity
        if wish.price is not None:
            line.price = sane_price(wish.price)
        line.save(update_fields=["quantity", "price"])


def set_rate(order: UUID, rate: Decimal) -> None:
    """What one unit of the order's currency is in the home currency, while nothing has come. Raises `Refused`."""
    with transaction.atomic():
        row = lock(order)
        if row.currency == home_currency():
            return
        if row.state not in {PurchaseState.DRAFT, PurchaseState.ORDERED}:
            raise Refused(_("Goods of %(number)s have come at its rate already.") % {"number": row.number})
        if not rate.is_finite() or not 0 < rate < MOST_PRICE:
            raise Refused(_("The exchange rate must be above 0."))
        row.rate = rate
        row.save(update_fields=["rate"])


def place(order: UUID, *, actor: str) -> PurchaseOrder:
    """The order goes to its supplier: from now on its units are on their way. Raises `Refused`."""
    with transaction.atomic():
        row = _draft(order)
        _must_be_active(row.supplier, row.location)
        lines = list(row.lines.select_related("variant"))
        if not lines:
            raise Refused(_("%(number)s has no lines yet. Add what is to be ordered.") % {"number": row.number})
        if row.rate is None:
            words = _("%(number)s is in %(currency)s. Enter the exchange rate first.")
            raise Refused(words % {"number": row.number, "currency": row.currency})
        row.ordered_at = clock.now()
        row.expected_on = clock.business_date(row.ordered_at) + timedelta(days=row.supplier.lead_time_days)
        row.save(update_fields=["ordered_at", "expected_on"])
        desk = Desk.of_variants((line.variant_id for line in lines), location=row.location, actor=actor)
        by_variant = desk.by_variant()
        for line in lines:
            _announce(desk, by_variant[line.variant_id], line, line.quantity, part="ordered")
        desk.write()
        move(row, PurchaseState.ORDERED, cause=Cause(actor, "", "purchase_order", row.id))
    return row


def call_off(order: UUID, units: Mapping[UUID, int], *, actor: str, reason: str) -> PurchaseOrder:
    """Units that will not come (line -> units). When nothing is left to come, the order ends. Raises `Refused`."""
    with transaction.atomic():
        row = lock(order)
        if not row.is_open:
            words = _("Nothing of %(number)s is on its way: it is %(state)s.")
            raise Refused(words % {"number": row.number, "state": row.get_state_display()})
        lines = {line.id: line for line in row.lines.select_related("variant")}
        wanted = {lines[id_].variant_id: count for id_, count in units.items() if id_ in lines and count}
        if not wanted or any(count < 0 for count in wanted.values()):
            raise Refused(_("Say how many units will not come."))
        desk = Desk.of_variants(wanted, location=row.location, actor=actor)
        by_variant = desk.by_variant()
        cause = uuid7()
        for line in lines.values():
            count = wanted.get(line.variant_id, 0)
            if count > line.to_come:
                words = _("Only %(n)d of %(sku)s are still to come.")
                raise Refused(words % {"n": line.to_come, "sku": line.variant.sku})
            line.cancelled += count
            if count:
                _announce(desk, by_variant[line.variant_id], line, -count, part=cause.hex, reason=reason)
        desk.write()
        PurchaseOrderLine.objects.bulk_update(lines.values(), ["cancelled"])
        advance(row, lines.values(), cause=Cause(actor, reason[:300], "purchase_order", row.id))
    return row


def end(order: UUID, *, actor: str, reason: str) -> PurchaseOrder:
    """Nothing more will come: a draft is thrown away, a placed order is cancelled, one that came in part is closed."""
    with transaction.atomic():
        row = lock(order)
        if row.state == PurchaseState.DRAFT:
            move(row, PurchaseState.CANCELLED, cause=Cause(actor, reason[:300], "purchase_order", row.id))
            return row
        rest = {line.id: line.to_come for line in row.lines.all() if line.to_come}
        return call_off(order, rest, actor=actor, reason=reason)


def named_in(document: str) -> PurchaseOrder | None:
    """The placed order that a document's number begins with (PO-1001, PO-1001/2); None where it names none."""
    found = _NAMED.match(document.strip())
    if found is None:
        return None
    return PurchaseOrder.objects.filter(number=found[1], ordered_at__isnull=False).first()


def advance(order: PurchaseOrder, lines: Iterable[PurchaseOrderLine], *, cause: Cause) -> None:
    """Move a locked order to where its lines say it is. Goods that come after its end do not open it again."""
    if not order.is_open:
        return
    lines = list(lines)
    has_come, is_whole = any(line.received for line in lines), not any(line.to_come for line in lines)
    to = PurchaseState(order.state)
    if is_whole and not has_come:
        to = PurchaseState.CANCELLED
    elif is_whole:
        to = PurchaseState.CLOSED if any(line.cancelled for line in lines) else PurchaseState.RECEIVED
    elif has_come:
        to = PurchaseState.PARTLY_RECEIVED
    if to == PurchaseState.CLOSED and order.state == PurchaseState.ORDERED:
        move(order, PurchaseState.PARTLY_RECEIVED, cause=cause)
    if to != order.state:
        move(order, to, cause=cause)


def move(order: PurchaseOrder, to: PurchaseState, *, cause: Cause) -> None:
    """One step of a locked order."""
    states.move(order, "state", to, moves=PURCHASE_MOVES, cause=cause)


def lock(order: UUID) -> PurchaseOrder:
    """The order's row, locked; levels come after it, everywhere. Raises `PurchaseOrder.DoesNotExist`."""
    rows = PurchaseOrder.objects.select_related("supplier", "location")
    return rows.select_for_update(no_key=True, of=("self",)).get(id=order)


def _draft(order: UUID) -> PurchaseOrder:
    row = lock(order)
    if row.state != PurchaseState.DRAFT:
        words = _("%(number)s is %(state)s; only a draft can be changed.")
        raise Refused(words % {"number": row.number, "state": row.get_state_display()})
    return row


def _announce(
    desk: Desk, level: StockLevel, line: PurchaseOrderLine, units: int, *, part: str, reason: str = ""
) -> None:
    desk.change(
        level, StockMovement.Kind.INCOMING, source_kind="purchase_line", source_id=line.id, part=part, reason=reason,
        incoming=units,
    )  # fmt: skip


def _must_be_active(supplier: Supplier, location: Location) -> None:
    if not supplier.is_active:
        raise Refused(_("%(name)s is switched off. Nothing is ordered there.") % {"name": supplier.name})
    if not location.is_active:
        raise Refused(_("%(name)s is closed. Nothing can be sent there.") % {"name": location.name})


def _list_prices(supplier: Supplier, variants: Iterable[UUID]) -> dict[UUID, Decimal]:
    rows = SupplierItem.objects.filter(supplier=supplier, variant__in=list(variants))
    return dict(rows.values_list("variant", "price"))


def sane(quantity: int) -> int:
    """Units as a person may order or send them. Raises `Refused`."""
    if not 0 < quantity <= MOST_UNITS:
        raise Refused(
            _("%(n)d units cannot be right. Enter a number from 1 to %(most)s.")
            % {"n": quantity, "most": f"{MOST_UNITS:,}"}
        )
    return quantity


def sane_price(price: Decimal) -> Decimal:
    """A unit price as a person may enter it. Raises `Refused`."""
    if not price.is_finite() or not 0 <= price < MOST_PRICE:
        raise Refused(_("A price is not below 0 and not above %(most)s.") % {"most": f"{MOST_PRICE:,}"})
    return price


def next_number(sequence: str) -> int:
    """The next of our own numbers, from a sequence."""
    with database.cursor() as cursor:
        cursor.execute("SELECT nextval(%s)", [sequence])
        return int(cursor.fetchone()[0])
