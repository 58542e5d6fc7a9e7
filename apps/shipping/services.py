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


def labelled(pairs: Sequence[tuple[Parcel, Label]], *, cause: Cause) -> None:
    """The carrier has sold labels of parcels (locked by the caller with their shipments)."""
    for parcel, label in pairs:
        parcel.label_id, parcel.tracking_number = label.label_id, label.tracking_number
        parcel.carrier_name, parcel.service = label.carrier, label.service
        parcel.cost_minor, parcel.currency, parcel.document_url = label.cost_minor, label.currency, label.document_url
        parcel.label_status = "bought"
    Parcel.objects.bulk_update(
        [parcel for parcel, _ in pairs],
        [
            "label_id", "tracking_number", "carrier_name", "service", "cost_minor", "currency", "document_url",
            "label_status",
        ],
    )  # fmt: skip
    planned = [parcel.shipment for parcel, _ in pairs if parcel.shipment.status == Status.PLANNED]
    changes = [states.Change(row.id, row.status, Status.LABELLED) for row in planned]
    states.move_all(Shipment, "status", changes, moves=MOVES, cause=cause)
    for row in planned:
        row.status = Status.LABELLED
    ledger.record([_label_posting(parcel, "label.bought") for parcel, _ in pairs])


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


def shipped(shipments: Sequence[Shipment], *, cause: Cause) -> None:
    """The parcels have left (the caller has moved the stock in the same transaction). Raises `states.Overtaken`."""
    changes = [states.Change(row.id, row.status, Status.SHIPPED) for row in shipments]
    states.move_all(Shipment, "status", changes, moves=MOVES, cause=cause)
    at = clock.now()
    Shipment.objects.filter(id__in=[row.id for row in shipments]).update(shipped_at=at, confirmed_by=cause.actor[:150])
    for row in shipments:
        row.status, row.shipped_at, row.confirmed_by = Status.SHIPPED, at, cause.actor[:150]


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
