"""A channel tells of an order again: older versions are ignored, newer ones applied as a revision or shown to a person."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from apps.core import clock
from apps.core.ids import uuid7
from apps.flows import cancel_order
from apps.hub import external_ids, outbox
from apps.hub.contracts import OrderDraft
from apps.hub.models import Connection
from apps.orders import holds
from apps.orders import services as orders
from apps.orders.models import Order, OrderLine, OrderRevision
from apps.orders.states import FulfilmentState, Lifecycle


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
        locked = {order.id: order for order in orders.lock(ids.values())}
        for external_id, draft in newest.items():
            order = locked[ids[external_id]]
            if draft.version > order.source_version:
                changed += _apply(order, draft, source)
    return changed


def _apply(order: Order, draft: OrderDraft, source: Connection) -> bool:
    actor = f"connection:{source.name}"[:80]
    changes = _changes(order, draft)
    order.source_version = draft.version
    order.customer_note = draft.note or order.customer_note
    order.save(update_fields=["source_version", "customer_note"])
    if draft.is_cancelled and order.lifecycle == Lifecycle.OPEN:
        if order.fulfilment == FulfilmentState.UNFULFILLED:
            cancel_order.cancel(order, actor=actor, reason="cancelled at the channel")
        else:
            orders.hold({order.id: [(holds.CHANGED_AT_CHANNEL, "cancelled after shipment")]}, actor=actor)
        changes["cancelled"] = [False, True]
    elif "lines" in changes or "total_minor" in changes:
        # What was sold is a contract: another set of lines is shown to a person, the promised units stay promised.
        orders.hold({order.id: [(holds.CHANGED_AT_CHANNEL, ", ".join(changes))]}, actor=actor)
    if not changes:
        return False
    OrderRevision.objects.create(
        id=uuid7(), order=order, source_version=draft.version, at=clock.now(), actor=actor, changes=changes
    )
    outbox.publish([outbox.NewFact("order.revised", "order", order.id, orders.as_row(order))])
    return True


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
