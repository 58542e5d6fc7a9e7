"""Which letter follows from which fact: written when announced, frozen, sent once by the brand's mailer."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import DateField, Value

from apps.core.money import Money
from apps.flows import wiring
from apps.hub.contracts import Message as Letter
from apps.hub.delivery import NewDelivery
from apps.hub.models import OutboxFact
from apps.messaging import services as messaging
from apps.messaging.models import Message
from apps.orders import holds
from apps.orders.models import Order, OrderHold, OrderLine
from apps.shipping.models import Parcel, Shipment, ShipmentLine

NO_DAY = Value(None, output_field=DateField())


def order_received(facts: Sequence[OutboxFact]) -> list[NewDelivery]:
    """注文受付: a receipt only; the contract is made when it is accepted or shipped. What is sold for later names its day.

    An order that its channel has not released may still change its amounts: its letter follows when it is released.
    """
    ids = [fact.subject for fact in facts]
    awaiting = OrderHold.objects.filter(order__in=ids, reason=holds.AWAITS_CHANNEL, released_at=None)
    kept_back = set(awaiting.values_list("order", flat=True))
    rows = _orders([order for order in ids if order not in kept_back])
    items = OrderLine.objects.filter(order__in=rows, kind=OrderLine.Kind.ITEM).order_by("number")
    lines = _by_first(items.values_list("order", "title", "quantity", "promised_on"))
    return _send("order_received", [(order.id, order, {"lines": lines[order.id]}) for order in rows])


def order_cancelled(facts: Sequence[OutboxFact]) -> list[NewDelivery]:
    """キャンセルのお知らせ."""
    rows = _orders([fact.subject for fact in facts])
    return _send("order_cancelled", [(order.id, order, {}) for order in rows])


def order_shipped(facts: Sequence[OutboxFact]) -> list[NewDelivery]:
    """発送完了, with the tracking number."""
    ids = [fact.subject for fact in facts]
    parcels = {parcel.shipment_id: parcel for parcel in Parcel.objects.filter(shipment__in=ids)}
    shipped = dict(Shipment.objects.filter(id__in=ids).values_list("id", "order"))
    packed = ShipmentLine.objects.filter(shipment__in=ids).order_by("order_line__number")
    lines = _by_first(packed.values_list("shipment", "order_line__title", "quantity", NO_DAY))
    by_id = {order.id: order for order in _orders(list(shipped.values()))}
    return _send(
        "order_shipped",
        [
            (shipment, by_id[order], {"lines": lines[shipment], "parcel": parcels.get(shipment)})
            for shipment, order in shipped.items()
            if order in by_id
        ],
    )


def _by_first(rows: Iterable[tuple[UUID, str, int, date | None]]) -> dict[UUID, list[dict[str, Any]]]:
    """What a letter says of lines: title, units and the promised day, by order or shipment."""
    lines: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for whose, title, quantity, promised_on in rows:
        lines[whose].append({"title": title, "quantity": quantity, "promised_on": promised_on})
    return lines


def _orders(ids: Sequence[UUID]) -> list[Order]:
    """Orders whose customer can be written to."""
    rows = Order.objects.filter(id__in=ids).exclude(customer=None).exclude(customer__email="")
    return list(rows.select_related("customer", "brand"))


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
