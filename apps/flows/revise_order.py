"""A channel tells of an order again: older versions are ignored, newer ones applied as a revision or shown to a person.

What was sold is a contract: another set of lines is shown to a person, the promised units stay promised. Only while the
channel has not released an order (`OrderDraft.awaits`) are its amounts the channel's to change.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from apps.core import clock, place
from apps.core.ids import uuid7
from apps.core.states import Cause
from apps.customers import services as customers
from apps.flows import cancel_order, lease_stock
from apps.hub import external_ids, outbox
from apps.hub.contracts import OrderDraft
from apps.hub.models import Connection
from apps.inventory.levels import lock_shelves
from apps.orders import holds
from apps.orders import services as orders
from apps.orders.models import Order, OrderHold, OrderLine, OrderRevision
from apps.orders.states import FulfilmentState, Lifecycle, PaymentState
from apps.payments import services as payments
from apps.payments.models import Payment
from apps.payments.states import Status


def revise(drafts: Sequence[OrderDraft], *, source: Connection) -> int:
    """Apply what is newer; returns how many orders changed. Called with drafts of orders that exist."""
    newest: dict[str, OrderDraft] = {}
    for draft in drafts:
        known = newest.get(draft.external_id)
        if known is None or draft.version > known.version:
            newest[draft.external_id] = draft
    changed = 0
    with transaction.atomic():
        ids = external_ids.find(source.id, "order", newest)
        lock_shelves(orders=[ids[name] for name, draft in newest.items() if draft.is_cancelled])
        locked = {order.id: order for order in orders.lock(ids.values())}
        for external_id, draft in newest.items():
            order = locked[ids[external_id]]
            if draft.version > order.source_version:
                changed += _apply(order, draft, source)
    return changed


def _apply(order: Order, draft: OrderDraft, source: Connection) -> bool:
    actor = f"connection:{source.name}"[:80]
    awaited = _awaited(order)
    changes = _changes(order, draft)
    if awaited and draft.payment_method != order.payment_method:
        changes["payment_method"] = [order.payment_method, draft.payment_method]
    order.source_version = draft.version
    order.customer_note = draft.note or order.customer_note
    order.wished_on = draft.wished_on or order.wished_on
    order.time_slot = draft.time_slot[:20] or order.time_slot
    order.save(update_fields=["source_version", "customer_note", "wished_on", "time_slot"])
    if draft.is_cancelled and order.lifecycle == Lifecycle.OPEN:
        if order.fulfilment == FulfilmentState.UNFULFILLED:
            units = _units(order)
            cancel_order.cancel(order, actor=actor, reason="cancelled at the channel")
            lease_stock.shown_again(source, units)
        else:
            orders.hold({order.id: [(holds.CHANGED_AT_CHANNEL, "cancelled after shipment")]}, actor=actor)
        changes["cancelled"] = [False, True]
    else:
        if awaited:
            _take_people(order, draft, source)
        if changes and not (awaited and _take_amounts(order, draft)):
            orders.hold({order.id: [(holds.CHANGED_AT_CHANNEL, ", ".join(changes))]}, actor=actor)
        if order.lifecycle == Lifecycle.OPEN and draft.awaits != awaited:
            changes["awaits"] = [awaited, draft.awaits]
            _wait(order, draft.awaits, actor)
        if not draft.awaits:
            _collect(order, draft, source)
    if not changes:
        return False
    OrderRevision.objects.create(
        id=uuid7(), order=order, source_version=draft.version, at=clock.now(), actor=actor, changes=changes
    )
    outbox.publish([outbox.NewFact("order.revised", "order", order.id, orders.as_row(order))])
    return True


def _units(order: Order) -> dict[UUID, int]:
    """variant -> units of the order that nobody has called off yet."""
    units: dict[UUID, int] = defaultdict(int)
    for line in OrderLine.objects.filter(order=order, variant__isnull=False):
        if line.variant_id and line.open_quantity > 0:
            units[line.variant_id] += line.open_quantity
    return units


def _changes(order: Order, draft: OrderDraft) -> dict[str, Any]:
    """What differs, before and after: numbers and article codes only."""
    changes: dict[str, Any] = {}
    if order.total_minor != draft.total_minor:
        changes["total_minor"] = [order.total_minor, draft.total_minor]
    ours = sorted(OrderLine.objects.filter(order=order).values_list("kind", "sku", "quantity", "total_minor"))
    theirs = sorted((line.kind, line.sku, line.quantity, line.total_minor) for line in draft.lines)
    if ours != theirs:
        changes["lines"] = [[list(row) for row in ours], [list(row) for row in theirs]]
    return changes


def _awaited(order: Order) -> str:
    """What the channel has yet to do, as its last word was; empty when it has released the order."""
    if not order.is_held:
        return ""
    row = OrderHold.objects.filter(order=order, reason=holds.AWAITS_CHANNEL, released_at=None).first()
    return row.detail if row else ""


def _take_amounts(order: Order, draft: OrderDraft) -> bool:
    """The channel's amounts of an order that nobody has paid; False where a person has to look."""
    if draft.payment_method != order.payment_method or draft.total_minor <= 0:
        return False
    payment = Payment.objects.select_for_update(no_key=True).filter(order=order).first()
    if payment is not None and (payment.status != Status.EXPECTED or payment.provider_id):
        return False
    if not orders.take_amounts(order, draft, country=place.country()):
        return False
    if payment is not None:
        payments.expect_now(payment, order.total_minor)
        return True
    # Its prices are told only now: until here it had nothing to pay.
    payments.expect([order], connections={})
    first = orders.first_payment_state(order)
    orders.mark([order], cause=Cause("revise_order", "the channel told its prices"), payment=first)
    return True


def _take_people(order: Order, draft: OrderDraft, source: Connection) -> None:
    """Who bought and where it goes, where the channel did not tell it at first."""
    if order.customer_id is None and draft.customer is not None:
        (order.customer,) = customers.recognise(source.brand, [draft.customer])
    if draft.ship_to is not None and not (order.ship_to and order.ship_to.line1):
        (order.ship_to,) = customers.keep_addresses([(order.customer, draft.ship_to)])
        if draft.ship_to.line1 and draft.ship_to.country:
            orders.release([order.id], actor=f"connection:{source.name}"[:80], reasons=[holds.NO_ADDRESS])
    order.save(update_fields=["customer", "ship_to"])


def _wait(order: Order, awaits: str, actor: str) -> None:
    """The channel keeps the order back, or lets it go on."""
    orders.release([order.id], actor=actor, reasons=[holds.AWAITS_CHANNEL])
    if awaits:
        orders.hold({order.id: [(holds.AWAITS_CHANNEL, awaits)]}, actor=actor)
        return
    orders.release([order.id], actor=actor, reasons=[holds.NOT_CONFIRMED])
    outbox.publish([outbox.NewFact("order.cleared", "order", order.id, orders.as_row(order))])


def _collect(order: Order, draft: OrderDraft, source: Connection) -> None:
    """An order that the channel collects for counts as paid once it is released, at the amount that we know."""
    if (order.payment_method, order.payment, order.lifecycle) != ("prepaid", PaymentState.UNPAID, Lifecycle.OPEN):
        return
    payment = Payment.objects.select_for_update(no_key=True).get(order=order)
    if (draft.payment_method, draft.total_minor) != (payment.method, payment.expected_minor):
        return
    cause = Cause(f"connection:{source.name}"[:80], "collected by the channel")
    payments.collect(payment, payment.expected_minor, cause=cause, party=source.id)
    orders.mark([order], cause=cause, payment=PaymentState.PAID)
