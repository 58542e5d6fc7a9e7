"""Shipments: planned from what is promised, labelled, shipped once. What a label costs is posted when the carrier sold it."""

from collections.abc import Sequence
from uuid import UUID

from django.db import connection as database

from apps.core import clock, states
from apps.core.ids import uuid7
from apps.core.states import Cause
from apps.hub.contracts import Label, TrackEvent
from apps.ledger import services as ledger
from apps.ledger.services import Posting
from apps.orders.models import Order, OrderLine
from apps.shipping.models import Parcel, Shipment, ShipmentLine, TrackStep
from apps.shipping.states import MOVES, Status

_DEFAULT_GRAMS = 200


def plan(
    orders: Sequence[tuple[Order, Sequence[tuple[OrderLine, int]]]], *, location_id: UUID, carrier_id: UUID | None,
    service: str = "",
) -> list[Shipment]:  # fmt: skip
    """One shipment with one parcel an order, for these units of these lines; four statements for a batch."""
    numbers = _numbers(len(orders))
    shipments, lines, parcels = [], [], []
    for (order, units), number in zip(orders, numbers, strict=True):
        shipment = Shipment(
            id=uuid7(), order=order, location_ref=location_id, number=number, carrier_id=carrier_id, service=service,
            planned_at=clock.now(),
        )  # fmt: skip
        grams = 0
        for line, quantity in units:
            lines.append(ShipmentLine(id=uuid7(), shipment=shipment, order_line=line, quantity=quantity))
            weight = line.variant.weight_g if line.variant else None
            grams += (weight or _DEFAULT_GRAMS) * quantity
        parcels.append(Parcel(id=uuid7(), shipment=shipment, weight_g=max(grams, 1)))
        shipments.append(shipment)
    Shipment.objects.bulk_create(shipments)
    ShipmentLine.objects.bulk_create(lines)
    Parcel.objects.bulk_create(parcels)
    return shipments


def _numbers(count: int) -> list[str]:
    with database.cursor() as cursor:
        cursor.execute("SELECT nextval('shipping_number') FROM generate_series(1, %s)", [count])
        return [f"S{row[0]:08d}" for row in cursor.fetchall()]


def labelled(parcel: Parcel, label: Label, *, cause: Cause) -> None:
    """The carrier has sold the label of a parcel (locked by the caller with its shipment)."""
    parcel.label_id, parcel.tracking_number = label.label_id, label.tracking_number
    parcel.carrier_name, parcel.service = label.carrier, label.service
    parcel.cost_minor, parcel.currency, parcel.document_url = label.cost_minor, label.currency, label.document_url
    parcel.label_status = "bought"
    parcel.save()
    if parcel.shipment.status == Status.PLANNED:
        states.move(parcel.shipment, "status", Status.LABELLED, moves=MOVES, cause=cause)
    ledger.record([_label_posting(parcel, "label.bought")])


def voided(parcel: Parcel) -> None:
    """The carrier took the label back."""
    if parcel.label_status == "bought":
        parcel.label_status = "voided"
        parcel.save(update_fields=["label_status"])
        ledger.record([_label_posting(parcel, "label.voided")])


def _label_posting(parcel: Parcel, event: str) -> Posting:
    return Posting(
        event=event, at=clock.now(), currency=parcel.currency, source_kind="parcel", source_id=parcel.id,
        figures={"amount": parcel.cost_minor}, part=parcel.label_id[:80], order_ref=parcel.shipment.order_id,
        party=parcel.shipment.carrier_id,
    )  # fmt: skip


def shipped(shipment: Shipment, *, cause: Cause) -> None:
    """The parcel has left (the caller has moved the stock in the same transaction). Raises `states.Overtaken`."""
    states.move(shipment, "status", Status.SHIPPED, moves=MOVES, cause=cause)
    shipment.shipped_at, shipment.confirmed_by = clock.now(), cause.actor[:150]
    shipment.save(update_fields=["shipped_at", "confirmed_by"])


def cancelled(shipment: Shipment, *, cause: Cause) -> None:
    """It will not leave."""
    states.move(shipment, "status", Status.CANCELLED, moves=MOVES, cause=cause)


_REACHES = {"delivered": Status.DELIVERED, "returned": Status.RETURNED, "lost": Status.LOST}


def tracked(parcel: Parcel, event: TrackEvent, *, cause: Cause) -> bool:
    """Keep a carrier's word; True when the shipment's state moved by it. The same word twice is one."""
    TrackStep.objects.bulk_create(
        [
            TrackStep(
                id=uuid7(), parcel=parcel, at=event.at, status=event.status, raw_status=event.raw_status[:80],
                detail=event.detail[:200],
            )
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    target = _REACHES.get(event.status)
    shipment = parcel.shipment
    if target is None or target not in MOVES[Status(shipment.status)]:
        return False
    states.move(shipment, "status", target, moves=MOVES, cause=cause)
    if target is Status.DELIVERED:
        shipment.delivered_at = event.at
        shipment.save(update_fields=["delivered_at"])
    return True
