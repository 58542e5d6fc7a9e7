"""Which letter follows from which fact: written when announced, frozen, sent once by the brand's mailer."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from apps.core.money import Money
from apps.flows import wiring
from apps.hub.contracts import Message as Letter
from apps.hub.delivery import NewDelivery
from apps.hub.models import OutboxFact
from apps.messaging import services as messaging
from apps.messaging.models import Message
from apps.orders.models import Order
from apps.shipping.models import Parcel, Shipment


def order_received(facts: Sequence[OutboxFact]) -> list[NewDelivery]:
    """注文受付: a receipt only; the contract is made when it is accepted or shipped."""
    rows = _orders([fact.subject for fact in facts])
    return _send("order_received", [(order.id, order, {"lines": order.lines.all()}) for order in rows])


def order_cancelled(facts: Sequence[OutboxFact]) -> list[NewDelivery]:
    """キャンセルのお知らせ."""
    rows = _orders([fact.subject for fact in facts])
    return _send("order_cancelled", [(order.id, order, {}) for order in rows])


def order_shipped(facts: Sequence[OutboxFact]) -> list[NewDelivery]:
    """発送完了, with the tracking number."""
    ids = [fact.subject for fact in facts]
    parcels = {parcel.shipment_id: parcel for parcel in Parcel.objects.filter(shipment__in=ids)}
    rows = Shipment.objects.filter(id__in=ids).prefetch_related("lines__order_line")
    by_id = {order.id: order for order in _orders([row.order_id for row in rows])}
    return _send(
        "order_shipped",
        [
            (row.id, by_id[row.order_id], {"lines": row.lines.all(), "parcel": parcels.get(row.id)})
            for row in rows
            if row.order_id in by_id
        ],
    )


def _orders(ids: Sequence[UUID]) -> list[Order]:
    """Orders whose customer can be written to."""
    rows = Order.objects.filter(id__in=ids).exclude(customer=None).exclude(customer__email="")
    return list(rows.select_related("customer", "brand", "ship_to").prefetch_related("lines"))


def _send(template: str, causes: Sequence[tuple[UUID, Order, dict[str, Any]]]) -> list[NewDelivery]:
    written: list[Message] = []
    senders: dict[UUID, str] = {}
    for source_id, order, context in causes:
        mailer = wiring.first("message", order.brand_id)
        customer = order.customer
        if mailer is None or customer is None:
            continue
        locale = customer.locale or order.brand.locale
        total = Money(order.total_minor, order.currency).display(locale[:2] or "ja")
        message = messaging.write(
            template, source_id=source_id, to=customer.email, locale=locale, order_ref=order.id, customer_ref=customer.id,
            connection_id=mailer.id,
            context=context | {"order": order, "customer": customer, "brand": order.brand, "total": total},
        )  # fmt: skip
        senders[message.id] = order.brand.mail_from
        written.append(message)
    return [
        NewDelivery(
            connection_id=message.connection_id, operation="message.send", key=f"message.send:{message.id}",
            words=[
                Letter(
                    reference=str(message.id), to=message.to, subject=message.subject, text=message.text,
                    sender=senders[message.id], locale=message.locale,
                )
            ],
            kind="message", subject=message.id, order_ref=message.order_ref,
        )
        for message in messaging.keep(written)
        if message.connection_id
    ]  # fmt: skip
