"""Hold an order with a reason, and let it go on."""

from collections.abc import Sequence

from django.db import transaction

from apps.core import audit
from apps.hub import outbox
from apps.orders import holds
from apps.orders import services as orders
from apps.orders.models import Order


def hold(order: Order, *, reason: str, actor: str) -> None:
    """A person stops an order, in words."""
    with transaction.atomic():
        orders.lock([order.id])
        orders.hold({order.id: [(holds.BY_HAND, reason)]}, actor=actor)
        audit.record("order.held", actor=actor, subject=order, detail={"reason": reason})


def release(order: Order, *, actor: str) -> int:
    """A person has looked: every hold of the order ends. Returns how many there were."""
    return release_all([order], actor=actor)


def release_all(wanted: Sequence[Order], *, actor: str) -> int:
    """The same for many orders."""
    with transaction.atomic():
        locked = orders.lock(order.id for order in wanted)
        ended = orders.release([order.id for order in locked], actor=actor)
        for order in locked:
            audit.record("order.released", actor=actor, subject=order)
        outbox.publish(outbox.NewFact("order.released", "order", order.id, orders.as_row(order)) for order in locked)
    return ended
