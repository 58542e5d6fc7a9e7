"""Call an order off, or units of it: promised units become free again and go to who waits, money that was taken goes back."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db import transaction

from apps.core import rows
from apps.core.ids import uuid7
from apps.core.states import Cause
from apps.flows import allocation, refund_order
from apps.hub import outbox
from apps.inventory import services as inventory
from apps.inventory.levels import lock_shelves
from apps.inventory.models import Demand
from apps.orders import services as orders
from apps.orders.errors import AlreadyShipped, NotOpen
from apps.orders.models import Order, OrderLine
from apps.orders.states import FulfilmentState, Lifecycle, PaymentState
from apps.payments.models import Payment
from apps.payments.states import Status
from apps.shipping import services as shipping
from apps.shipping.models import Parcel, Shipment
from apps.shipping.states import Status as ShipmentStatus


def cancel(order: Order, *, actor: str, reason: str = "", source_id: UUID | None = None) -> None:
    """The whole order, as long as nothing of it has left. Raises `NotOpen`, `AlreadyShipped`."""
    cause = Cause(actor, reason, "order", source_id or order.id)
    with transaction.atomic():
        lock_shelves(orders=[order.id])
        (order,) = orders.lock([order.id])
        if order.lifecycle != Lifecycle.OPEN:
            raise NotOpen(order.number)
        if order.fulfilment != FulfilmentState.UNFULFILLED:
            raise AlreadyShipped(order.number)
        lines = list(OrderLine.objects.filter(order=order))
        call_off_shipments([order.id], cause=cause)
        cancel_units({line.id: line.open_quantity for line in lines if line.open_quantity > 0}, lines, cause=cause)
        close_cancelled(order, cause=cause)


def close_cancelled(order: Order, *, cause: Cause) -> None:
    """Nothing is left to ship and nothing was shipped: the order (locked) ends and its money is let go or given back."""
    orders.mark([order], cause=cause, lifecycle=Lifecycle.CANCELLED)
    outbox.publish([outbox.NewFact("order.cancelled", "order", order.id, orders.as_row(order))])
    payment = Payment.objects.select_for_update(no_key=True).filter(order=order).first()
    if payment is None:
        orders.mark([order], cause=cause, **_voided(order))
        return
    left = payment.captured_minor - payment.refunded_minor
    if left > 0:
        refund_order.promise(
            payment, left, source_id=cause.source_id or order.id, reason=cause.reason, actor=cause.actor
        )
    elif payment.status in {Status.EXPECTED, Status.AUTHORISED, Status.FAILED}:
        orders.mark([order], cause=cause, **_voided(order))
        if payment.connection_id and payment.provider_id:
            outbox.publish([outbox.NewFact("payment.let_go", "payment", payment.id, {"payment": str(payment.id)})])


def _voided(order: Order) -> dict[str, str]:
    void = {PaymentState.UNPAID, PaymentState.AUTHORISED, PaymentState.ON_DELIVERY}
    return {"payment": PaymentState.VOIDED} if order.payment in void else {}


def cancel_units(units: Mapping[UUID, int], lines: Sequence[OrderLine], *, cause: Cause) -> None:
    """Units of lines (`line id -> units`) are called off; the orders are locked by the caller."""
    by_id = {line.id: line for line in lines}
    demanded = set(Demand.objects.filter(kind="order_line", subject__in=list(units)).values_list("subject", flat=True))
    source = cause.source_id or uuid7()
    gained = inventory.cancel(
        {line: count for line, count in units.items() if line in demanded}, actor=cause.actor, cause=source
    )
    for line, count in units.items():
        by_id[line].cancelled += count
    rows.update([by_id[line] for line in units], ["cancelled"])
    allocation.look_again(gained, cause=cause, also={by_id[line].order_id for line in units})


def call_off_shipments(order_ids: Sequence[UUID], *, cause: Cause) -> None:
    """Shipments that have not left are cancelled; a label that was bought goes back to the carrier."""
    pending = Shipment.objects.filter(
        order__in=order_ids, status__in=[ShipmentStatus.PLANNED, ShipmentStatus.LABELLED]
    ).select_for_update(no_key=True)
    for shipment in pending:
        shipping.cancelled(shipment, cause=cause)
        for parcel in Parcel.objects.filter(shipment=shipment, label_status="bought"):
            outbox.publish([outbox.NewFact("parcel.called_off", "parcel", parcel.id, {"parcel": str(parcel.id)})])
