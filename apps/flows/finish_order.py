"""A sale of which nothing has to leave this house: it is sold once it is paid, and nobody has to do anything.

So it is with articles that a channel ships from its own warehouse: no unit of ours is promised for them, and no cost is
booked, because their stock is not on our shelves.
"""

from collections.abc import Sequence

from apps.core import clock
from apps.core.states import Cause
from apps.flows import ship_order
from apps.ledger import services as ledger
from apps.ledger.services import Posting
from apps.orders import services as orders
from apps.orders.models import Order, OrderLine
from apps.orders.states import Lifecycle, PaymentState


def finish(opened: Sequence[tuple[Order, list[OrderLine]]], *, actor: str) -> list[Order]:
    """Those of these new orders (each with its lines) that have no article to leave and are paid: booked and closed."""
    done = [
        (order, lines)
        for order, lines in opened
        if order.payment in {PaymentState.PAID, PaymentState.NOT_REQUIRED}
        and not any(line.kind == OrderLine.Kind.ITEM for line in lines)
    ]
    ledger.record([_sale(order, lines) for order, lines in done])
    finished = [order for order, _ in done]
    orders.mark(finished, cause=Cause(actor, "nothing of it has to leave"), lifecycle=Lifecycle.CLOSED)
    return finished


def _sale(order: Order, lines: Sequence[OrderLine]) -> Posting:
    parts = [ship_order.part(order, line, before=0, units=line.quantity or 1) for line in lines]
    gross, tax_minor = (sum(part[i] for part in parts) for i in (0, 1))
    return Posting(
        event="shipment.shipped", at=clock.now(), currency=order.currency, source_kind="order", source_id=order.id,
        order_ref=order.id, figures={"gross": gross, "net": gross - tax_minor, "tax": tax_minor, "cost": 0},
    )  # fmt: skip
