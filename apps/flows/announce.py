"""Facts become deliveries: who must be told what. Each topic has its functions; a topic without one needs nobody told but the
merchant's own programs (tell_programs).

Set-based per topic, in the transaction that marks the facts as announced, so that no fact is lost and none told twice: the
delivery's key is made from the fact's subject, and (connection, key) is unique.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import Prefetch

from apps.channels import services as channels
from apps.flows import confirm_order, label_requests, letters, tell_programs, wiring
from apps.hub import delivery, external_ids, outbox
from apps.hub.contracts import (
    CaptureRequest,
    Fulfilment,
    FulfilmentLine,
    PaymentRequest,
    RefundRequest,
    VoidLabel,
    VoidRequest,
)
from apps.hub.delivery import NewDelivery
from apps.hub.models import OutboxFact
from apps.inventory.models import Location
from apps.orders import services as orders
from apps.orders.models import OrderLine
from apps.payments.models import Payment, Refund
from apps.payments.states import Status
from apps.shipping.models import Parcel, Shipment, ShipmentLine

BATCH = 200
Teller = Callable[[Sequence[OutboxFact]], list[NewDelivery]]


def announce(limit: int = BATCH) -> int:
    """Turn waiting facts into deliveries; returns how many facts were announced."""
    if not outbox.has_unannounced():
        return 0
    with transaction.atomic():
        facts = outbox.unannounced(limit)
        by_topic: dict[str, list[OutboxFact]] = defaultdict(list)
        for fact in facts:
            by_topic[fact.topic].append(fact)
        wanted: list[NewDelivery] = []
        for topic, group in by_topic.items():
            for tell in TELLERS.get(topic, ()):
                wanted += tell(group)
        wanted += tell_programs.tell(facts)
        if wanted:
            delivery.enqueue(wanted)
        outbox.announced(facts)
    return len(facts)


def _stock_changed(facts: Sequence[OutboxFact]) -> list[NewDelivery]:
    """Stock is a state: its listings are marked, and a push is built from them when it is time to tell (push_stock)."""
    channels.mark_dirty(UUID(variant) for fact in facts for variant in fact.detail["variants"])
    return []


def _ask_for_money(facts: Sequence[OutboxFact]) -> list[NewDelivery]:
    """Orders of channels that have no checkout: the provider makes a konbini slip or a card page for us."""
    rows = Payment.objects.filter(
        order__in=[fact.subject for fact in facts], method__in=["konbini", "card"], status=Status.EXPECTED,
        connection__isnull=False, provider_id="",
    ).select_related("order__channel", "order__customer")  # fmt: skip
    return [
        NewDelivery(
            connection_id=row.connection_id, operation="payment.request", key=f"payment.request:{row.id}",
            words=[
                PaymentRequest(
                    reference=row.order.number, amount_minor=row.expected_minor, currency=row.currency, method=row.method,
                    description=row.order.number, channel_number=row.order.external_number,
                    customer_name=row.order.customer.name if row.order.customer else "",
                    customer_email=row.order.customer.email if row.order.customer else "",
                )
            ],
            kind="payment", subject=row.id, order_ref=row.order_id,
        )
        for row in rows
        if row.connection_id and not wiring.collects_by_itself(row.order.channel)
    ]  # fmt: skip


def _capture(facts: Sequence[OutboxFact]) -> list[NewDelivery]:
    """What was authorised is taken when goods leave: what is left to pay after units were called off."""
    ids = [UUID(fact.detail["order"]) for fact in facts]
    rows = Payment.objects.filter(order__in=ids, status=Status.AUTHORISED, connection__isnull=False)
    made = []
    called_off = Prefetch("order__lines", OrderLine.objects.filter(cancelled__gt=0))
    for row in rows.select_related("order").prefetch_related(called_off):
        minor = orders.payable_minor(row.order, row.order.lines.all())
        if minor > 0 and row.connection_id:
            word = CaptureRequest(provider_id=row.provider_id, amount_minor=minor, currency=row.currency)
            made.append(_to_provider(row, "payment.capture", f"payment.capture:{row.id}", word))
    return made


def _let_go(facts: Sequence[OutboxFact]) -> list[NewDelivery]:
    rows = Payment.objects.filter(id__in=[fact.subject for fact in facts], connection__isnull=False).exclude(
        provider_id=""
    )
    return [
        _to_provider(row, "payment.void", f"payment.void:{row.id}", VoidRequest(provider_id=row.provider_id))
        for row in rows
        if row.status in {Status.EXPECTED, Status.AUTHORISED, Status.FAILED}
    ]


def _refund(facts: Sequence[OutboxFact]) -> list[NewDelivery]:
    rows = Refund.objects.filter(id__in=[fact.subject for fact in facts]).select_related("payment")
    return [
        _to_provider(
            row.payment,
            "payment.refund",
            f"payment.refund:{row.id}",
            RefundRequest(
                provider_id=row.payment.provider_id, amount_minor=row.amount_minor, currency=row.payment.currency,
                reference=str(row.id), reason=row.reason,
            ),
        )
        for row in rows
    ]  # fmt: skip


def _to_provider(payment: Payment, operation: str, key: str, word: object) -> NewDelivery:
    if payment.connection_id is None:
        raise ValueError(f"payment {payment.id} has no provider")
    return NewDelivery(
        connection_id=payment.connection_id, operation=operation, key=key, words=[word], kind="payment",
        subject=payment.id, order_ref=payment.order_id,
    )  # fmt: skip


def _buy_label(facts: Sequence[OutboxFact]) -> list[NewDelivery]:
    """A seller is asked; a carrier that works by files waits until somebody exports (export_parcels)."""
    parcels = Parcel.objects.filter(shipment__in=[fact.subject for fact in facts], label_status="none")
    rows = [row for row in label_requests.with_words(parcels) if _sells(row)]
    return [
        NewDelivery(
            connection_id=row.shipment.carrier_id, operation="label.buy", key=f"label.buy:{row.id}", words=[word],
            kind="parcel", subject=row.id, order_ref=row.shipment.order_id,
        )
        for row, word in zip(rows, label_requests.of(rows), strict=True)
        if row.shipment.carrier_id
    ]  # fmt: skip


def _sells(parcel: Parcel) -> bool:
    carrier = parcel.shipment.carrier
    return carrier is not None and wiring.has(carrier, "label")


def _void_label(facts: Sequence[OutboxFact]) -> list[NewDelivery]:
    """A slip of a carrier that works by files is thrown away here and deleted there by hand."""
    rows = Parcel.objects.filter(id__in=[fact.subject for fact in facts]).select_related("shipment__carrier")
    return [
        NewDelivery(
            connection_id=row.shipment.carrier_id, operation="label.void", key=f"label.void:{row.id}",
            words=[VoidLabel(reference=f"{row.shipment.number}-{row.number}", label_id=row.label_id)],
            kind="parcel", subject=row.id, order_ref=row.shipment.order_id,
        )
        for row in rows
        if row.shipment.carrier_id and _sells(row)
    ]  # fmt: skip


def _tell_channel(facts: Sequence[OutboxFact]) -> list[NewDelivery]:
    """The channel that sold it hears what was shipped, with the tracking number."""
    shipments = Shipment.objects.filter(id__in=[fact.subject for fact in facts]).select_related("order__channel")
    rows = [row for row in shipments if wiring.has(row.order.channel, "fulfilment")]
    ids = [row.id for row in rows]
    lines: dict[UUID, list[FulfilmentLine]] = defaultdict(list)
    packed = ShipmentLine.objects.filter(shipment__in=ids).order_by("order_line__number")
    for shipment, external_id, sku, quantity in packed.values_list(
        "shipment", "order_line__external_id", "order_line__sku", "quantity"
    ):
        lines[shipment].append(FulfilmentLine(line_external_id=external_id, sku=sku, quantity=quantity))
    parcels = {parcel.shipment_id: parcel for parcel in Parcel.objects.filter(shipment__in=ids)}
    theirs: dict[UUID, str] = {}
    for channel in {row.order.channel_id for row in rows}:
        theirs |= external_ids.find_theirs(
            channel, "order", [r.order_id for r in rows if r.order.channel_id == channel]
        )
    codes = dict(Location.objects.filter(id__in={row.location_ref for row in rows}).values_list("id", "code"))
    made = []
    for row in rows:
        parcel = parcels[row.id]
        word = Fulfilment(
            reference=row.number, order_external_id=theirs.get(row.order_id, ""), order_number=row.order.external_number,
            lines=tuple(lines[row.id]), tracking_number=parcel.tracking_number, carrier=parcel.carrier_name,
            shipped_at=row.shipped_at or row.planned_at, tracking_url=parcel.tracking_url,
            location=codes.get(row.location_ref, ""),
        )  # fmt: skip
        made.append(
            NewDelivery(
                connection_id=row.order.channel_id, operation="fulfilment.create", key=f"fulfilment.create:{row.id}",
                words=[word], kind="shipment", subject=row.id, order_ref=row.order_id,
            )
        )  # fmt: skip
    return made


TELLERS: dict[str, tuple[Teller, ...]] = {
    "stock.changed": (_stock_changed,),
    "order.placed": (_ask_for_money, confirm_order.tell, letters.order_received),
    "order.cleared": (letters.order_received,),
    "order.cancelled": (letters.order_cancelled,),
    "payment.let_go": (_let_go,),
    "refund.requested": (_refund,),
    "shipment.planned": (_buy_label,),
    "parcel.called_off": (_void_label,),
    "shipment.shipped": (_capture, _tell_channel, letters.order_shipped),
}
