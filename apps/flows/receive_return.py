"""Units come back or are called off, by a document that knows the customer and the article but perhaps not the sale.

Each line is linked to sales with quantities: of the order it names, else of that customer (by e-mail) and that article, not
later than the return, newest first. Unshipped units are called off, shipped ones go back to the shelf and their money goes
back to the customer. What no sale covers is kept as an unmatched return with its reason, and touches neither stock nor money.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q

from apps.core import clock, rows
from apps.core.ids import uuid7
from apps.core.states import Cause
from apps.customers import services as customers
from apps.flows import allocation, cancel_order, refund_order
from apps.hub import external_ids, outbox
from apps.hub.contracts import ReturnDraft, ReturnLineDraft
from apps.hub.models import Connection
from apps.inventory import services as inventory
from apps.inventory.levels import lock_shelves
from apps.ledger import services as ledger
from apps.ledger import tax
from apps.ledger.services import Posting
from apps.orders import services as orders
from apps.orders.models import Order, OrderLine, Return, ReturnLine
from apps.orders.states import FulfilmentState, Lifecycle
from apps.payments.models import Payment

NO_CUSTOMER, NO_SALE, MORE_THAN_SOLD = "no_customer", "no_sale", "more_than_sold"


@dataclass(slots=True)
class _Part:
    """Units of one return line on one sale line."""

    draft: ReturnLineDraft
    line: OrderLine
    cancelled: int
    returned: int
    amount_minor: int
    worth_minor: int  # what goes back for these units at most: what was paid for them

    @property
    def returned_minor(self) -> int:
        """The part of the worth that belongs to the units that had been shipped."""
        return self.worth_minor * self.returned // (self.cancelled + self.returned)


def receive(draft: ReturnDraft, *, source: Connection) -> Return | None:
    """Take one document in; None when it was taken before. Raises nothing for what it cannot match."""
    cause_id = uuid7()
    cause = Cause("returns", draft.external_id, "return", cause_id)
    draft = _named(draft, source)
    with transaction.atomic(), clock.one_moment():
        if not external_ids.claim(source.id, "return", {draft.external_id: cause_id}):
            return None
        (customer,) = customers.recognise(source.brand, [draft.customer])
        document = Return.objects.create(
            id=cause_id, number=draft.external_id[:80], channel=source, customer=customer, at=draft.at,
            currency=draft.currency,
        )  # fmt: skip
        has_customer = bool(customer and customer.email)
        candidates = _candidates(draft, customer.id if has_customer and customer else None, source)
        lock_shelves(lines=[line.id for line in candidates])
        locked = {order.id: order for order in orders.lock({line.order_id for line in candidates})}
        meant = OrderLine.objects.filter(id__in=[line.id for line in candidates]).select_related("order")
        lines = list(meant.select_for_update(no_key=True, of=("self",)))
        parts, unmatched = _link(draft, lines, has_customer=has_customer)
        _write(document, parts, unmatched)
        _call_off(parts, locked, cause)
        _put_back(parts, locked, cause)
        _give_back(parts, cause, is_refunded=draft.is_refunded)
    return document


def missing_order(draft: ReturnDraft, *, source: Connection) -> str:
    """An order number that the document names and we do not have (yet); empty where there is none."""
    named = {line.order_number for line in _named(draft, source).lines if line.order_number}
    if not named:
        return ""
    match = Q(external_number__in=named) | Q(number__in=named)
    known: set[str] = set()
    for numbers in Order.objects.filter(match, brand=source.brand_id).values_list("external_number", "number"):
        known |= set(numbers)
    return min(named - known, default="")


def _named(draft: ReturnDraft, source: Connection) -> ReturnDraft:
    """With order numbers where the source tells the sale by its own id alone; an unknown one keeps that id as its name."""
    theirs = {line.order_external_id for line in draft.lines if line.order_external_id and not line.order_number}
    if not theirs:
        return draft
    ours = external_ids.find(source.id, "order", theirs)
    numbers = dict(Order.objects.filter(id__in=ours.values()).values_list("id", "number"))
    names = {their: numbers[our] for their, our in ours.items() if our in numbers}
    lines = tuple(
        line
        if line.order_number
        else replace(line, order_number=names.get(line.order_external_id, line.order_external_id))
        for line in draft.lines
    )
    return replace(draft, lines=lines)


def _candidates(draft: ReturnDraft, customer: UUID | None, source: Connection) -> list[OrderLine]:
    """Sale lines that a line of the document could mean."""
    named = {line.order_number for line in draft.lines if line.order_number}
    skus = {line.sku for line in draft.lines}
    match = Q(order__external_number__in=named) | Q(order__number__in=named) if named else Q(pk__in=[])
    if customer:
        match |= Q(order__customer=customer, order__placed_at__lte=draft.at)
    sold = OrderLine.objects.filter(
        match, kind=OrderLine.Kind.ITEM, sku__in=skus, order__brand=source.brand_id, order__currency=draft.currency
    )
    return list(sold.filter(quantity__gt=F("cancelled") + F("returned")).select_related("order"))


def _link(
    draft: ReturnDraft, lines: Sequence[OrderLine], *, has_customer: bool
) -> tuple[list[_Part], list[tuple[ReturnLineDraft, int, str]]]:
    """Units of each return line on sale lines, newest sale first; and what is left over, with its reason. Pure."""
    by_sku: dict[str, list[OrderLine]] = defaultdict(list)
    for line in sorted(lines, key=lambda line: (line.order.placed_at, line.order_id, line.number), reverse=True):
        by_sku[line.sku].append(line)
    parts: list[_Part] = []
    unmatched: list[tuple[ReturnLineDraft, int, str]] = []
    taken: dict[UUID, tuple[int, int]] = {}
    for wanted in draft.lines:
        left = wanted.quantity
        matching = [line for line in by_sku[wanted.sku] if _is_meant(wanted, line)]
        for line in matching:
            if left <= 0:
                break
            cancelled, returned = taken.get(line.id, (0, 0))
            call_off = min(left, line.open_quantity - cancelled)
            back = min(left - call_off, line.shipped - line.returned - returned)
            units = call_off + back
            if units <= 0:
                continue
            taken[line.id] = (cancelled + call_off, returned + back)
            said = wanted.amount_minor * units // wanted.quantity
            off_minor = orders.called_off_minor(line.order, line, call_off, before=line.cancelled + cancelled)
            back_minor = orders.part_minor(line.order, line, back, before=line.returned + returned)
            worth = max(0, min(said, off_minor + back_minor))
            parts.append(_Part(wanted, line, call_off, back, said, worth))
            left -= units
        if left:
            reason = MORE_THAN_SOLD if matching else NO_SALE if has_customer or wanted.order_number else NO_CUSTOMER
            unmatched.append((wanted, left, reason))
    return parts, unmatched


def _is_meant(wanted: ReturnLineDraft, line: OrderLine) -> bool:
    return not wanted.order_number or wanted.order_number in {line.order.external_number, line.order.number}


def _write(document: Return, parts: Sequence[_Part], unmatched: Sequence[tuple[ReturnLineDraft, int, str]]) -> None:
    written: list[ReturnLine] = []
    counts: dict[int, int] = defaultdict(int)
    for part in parts:
        counts[part.draft.number] += 1
        written.append(
            ReturnLine(
                id=uuid7(), document=document, number=part.draft.number, part=counts[part.draft.number], sku=part.line.sku,
                title=part.draft.title[:255], order_line=part.line, cancelled=part.cancelled, returned=part.returned,
                amount_minor=part.amount_minor, reason=part.draft.reason[:200],
            )
        )  # fmt: skip
    for wanted, left, reason in unmatched:
        written.append(
            ReturnLine(
                id=uuid7(), document=document, number=wanted.number, part=0, sku=wanted.sku[:64], title=wanted.title[:255],
                unmatched=left, unmatched_reason=reason, reason=wanted.reason[:200],
                amount_minor=wanted.amount_minor * left // max(wanted.quantity, 1),
            )
        )  # fmt: skip
    rows.insert(written)


def _call_off(parts: Sequence[_Part], locked: dict[UUID, Order], cause: Cause) -> None:
    """Unshipped units: promises are released, a planned shipment is called off, an order with nothing left ends."""
    units: dict[UUID, int] = defaultdict(int)
    for part in parts:
        if part.cancelled:
            units[part.line.id] += part.cancelled
    if not units:
        return
    touched = {part.line.order_id for part in parts if part.cancelled}
    cancel_order.call_off_shipments(sorted(touched), cause=cause)
    cancel_order.cancel_units(units, [part.line for part in parts], cause=cause)
    still_open = set(
        OrderLine.objects.filter(
            order__in=touched, kind=OrderLine.Kind.ITEM, quantity__gt=F("cancelled") + F("shipped")
        ).values_list("order", flat=True)
    )
    for order in orders.lock(touched - still_open):
        if order.lifecycle == Lifecycle.OPEN and order.fulfilment == FulfilmentState.UNFULFILLED:
            cancel_order.close_cancelled(order, cause=cause)
        elif order.fulfilment == FulfilmentState.PARTIAL:
            orders.mark([order], cause=cause, fulfilment=FulfilmentState.SHIPPED)
        locked[order.id] = order


def _put_back(parts: Sequence[_Part], locked: dict[UUID, Order], cause: Cause) -> None:
    """Shipped units: back to the shelf at what they cost, the sale undone in the book."""
    units: dict[UUID, int] = defaultdict(int)
    value: dict[UUID, int] = defaultdict(int)
    lines = {part.line.id: part.line for part in parts}
    for part in parts:
        if part.returned:
            units[part.line.id] += part.returned
            value[part.line.id] += part.returned_minor
    if not units:
        return
    costs, gained = inventory.put_back(units, actor=cause.actor, cause=cause.source_id or uuid7())
    postings = []
    for line_id, count in units.items():
        line = lines[line_id]
        gross = value[line_id]
        tax_minor = sum(tax.tax_by_rate([(line.tax_rate_bp or 0, gross)], includes_tax=True).values())
        line.returned += count
        line.refunded_minor += gross
        postings.append(
            Posting(
                event="return.received", at=clock.now(), currency=locked[line.order_id].currency, source_kind="return",
                source_id=cause.source_id or line_id, part=str(line_id), order_ref=line.order_id,
                figures={"gross": gross, "net": gross - tax_minor, "tax": tax_minor, "cost": costs.get(line_id, 0)},
            )
        )  # fmt: skip
    rows.update([lines[line_id] for line_id in units], ["returned", "refunded_minor"])
    ledger.record(postings)
    allocation.look_again(gained, cause=cause)
    touched = {lines[line_id].order_id for line_id in units}
    kept = set(
        OrderLine.objects.filter(
            order__in=touched, kind=OrderLine.Kind.ITEM, quantity__gt=F("cancelled") + F("returned")
        ).values_list("order", flat=True)
    )
    orders.mark(orders.lock(touched - kept), cause=cause, fulfilment=FulfilmentState.RETURNED)


def _give_back(parts: Sequence[_Part], cause: Cause, *, is_refunded: bool) -> None:
    """One refund an order and document, of money that was taken; what was never captured, or is given back, needs none."""
    due: dict[UUID, int] = defaultdict(int)
    for part in parts:
        due[part.line.order_id] += part.worth_minor
    owed = [] if is_refunded else [order for order, minor in due.items() if minor > 0]
    payments = Payment.objects.filter(order__in=owed)
    for payment in payments.order_by("id").select_for_update(no_key=True):
        minor = min(due[payment.order_id], payment.captured_minor - payment.refunded_minor)
        if minor > 0:
            refund_order.promise(
                payment, minor, source_id=cause.source_id or payment.id, reason=cause.reason, actor=cause.actor
            )
    outbox.publish(
        outbox.NewFact("return.received", "order", order, {"order": str(order), "minor": minor})
        for order, minor in due.items()
    )
