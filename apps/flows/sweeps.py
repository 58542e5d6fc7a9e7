"""What comes due by itself, without a night: unpaid orders whose time has run out."""

from datetime import timedelta

from apps.core import clock
from apps.flows import cancel_order
from apps.orders.models import Order
from apps.orders.states import FulfilmentState, Lifecycle
from apps.payments.models import Payment
from apps.payments.states import Status

BATCH = 100
# The provider's own word usually comes first; our clock only makes sure that no unit is kept for ever.
GRACE = timedelta(hours=24)


def sweep() -> int:
    """One look; returns how many orders ended."""
    return end_unpaid()


def end_unpaid() -> int:
    """Konbini slips and transfers that ran out: the order is cancelled, its units are free, the provider is told to let go."""
    ended = 0
    late = clock.now() - GRACE
    due = Payment.objects.filter(status=Status.EXPECTED, expires_at__lt=late).exclude(
        order__lifecycle=Lifecycle.CANCELLED
    )
    for order in Order.objects.filter(payments__in=due.order_by("id")[:BATCH]):
        if order.lifecycle == Lifecycle.OPEN and order.fulfilment == FulfilmentState.UNFULFILLED:
            cancel_order.cancel(order, actor="sweep", reason="not paid in time")
            ended += 1
    return ended
