"""What comes due by itself, without a night: unpaid orders whose time has run out, preorders after their last day, lots after
theirs, leases, and what a breaker held in vain.
"""

import contextlib
from datetime import datetime, timedelta

from apps.core import clock
from apps.flows import cancel_order, expire_lots, lease_stock, sell_later, stop_falls
from apps.orders.errors import AlreadyShipped, NotOpen
from apps.orders.models import Order
from apps.orders.states import FulfilmentState, Lifecycle
from apps.payments.models import Payment
from apps.payments.states import Status

BATCH = 100
# The provider's own word usually comes first; our clock only makes sure that no unit is kept for ever.
GRACE = timedelta(hours=24)


# Nothing here is due to the second: one look a minute of business time.
EVERY = timedelta(minutes=1)
_looked_at: list[datetime] = []


def sweep() -> int:
    """One look where a minute has passed since the last; returns how many orders ended."""
    now = clock.now()
    if _looked_at and abs(now - _looked_at[-1]) < EVERY:
        return 0
    ended = end_unpaid()
    if ended < BATCH:
        _looked_at[:] = [now]
    return ended + sell_later.close_due() + expire_lots.sweep() + lease_stock.sweep() + stop_falls.sweep()


def end_unpaid() -> int:
    """Konbini slips and transfers that ran out: the order is cancelled, its units are free, the provider is told to let go."""
    ended = 0
    late = clock.now() - GRACE
    due = Payment.objects.filter(status=Status.EXPECTED, expires_at__lt=late).exclude(
        order__lifecycle=Lifecycle.CANCELLED
    )
    for order in Order.objects.filter(payments__in=due.order_by("id")[:BATCH]):
        if order.lifecycle == Lifecycle.OPEN and order.fulfilment == FulfilmentState.UNFULFILLED:
            with contextlib.suppress(NotOpen, AlreadyShipped):  # somebody was quicker: another worker's look, a packer
                cancel_order.cancel(order, actor="sweep", reason="not paid in time")
                ended += 1
    return ended
