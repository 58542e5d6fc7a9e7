"""Shipments: planned from what is promised, labelled, shipped once. What a label costs is posted when the carrier sold it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from uuid import UUID

from django.db import connection as database

from apps.core import clock, rows, states
from apps.core.ids import uuid7
from apps.core.states import Cause
from apps.hub.contracts import Label, TrackEvent
from apps.ledger import services as ledger
from apps.ledger.services import Posting
from apps.orders.models import Order
from apps.shipping.models import Parcel, Shipment, ShipmentLine, ShipmentPiece, TrackStep
from apps.shipping.states import MOVES, Status

_DEFAULT_GRAMS = 200


@dataclass(frozen=True, slots=True)
class Packed:
    """Units of an order line that go into a parcel; `weight_g` of one unit, None where nobody weighed it; `parts`: of a bundle
    its components, (variant, units in one).
    """

    line: UUID
    quantity: int
    weight_g: int | None
    parts: tuple[tuple[UUID, int], ...] = ()


def plan(
    orders: Sequence[tuple[Order, Sequence[Packed]]], *, location_id: UUID, carrier_id: UUID | None, service: str = "",
    leaves_by_itself: bool = False,
) -> list[Shipment]:  # fmt: skip
    """One shipment with one parcel an order, for these units of these lines; four statements for a batch."""
    numbers = _numbers(len(orders))
    shipments, lines, pieces, parcels = [], [], [], []
    for (order, units), number in zip(orders, numbers, strict=True):
        shipment = Shipment(
            id=uuid7(), order=order, location_ref=location_id, number=number, carrier_id=carrier_id, service=service,
            planned_at=clock.now(), leaves_by_itself=leaves_by_itself, wished_on=order.wished_on,
            time_slot=order.time_slot,
        )  # fmt: skip
        for one in units:
            line = ShipmentLine(id=uuid7(), shipment=shipment, order_line_id=one.line, quantity=one.quantity)
            lines.append(line)
            pieces += [ShipmentPiece(id=uuid7(), line=line, variant_id=part, per_unit=n) for part, n in one.parts]
        grams = sum((one.weight_g or _DEFAULT_GRAMS) * one.quantity for one in units)
        parcels.append(Parcel(id=uuid7(), shipment=shipment, weight_g=max(grams, 1)))
        shipments.append(shipment)
    rows.insert(shipments)
    rows.insert(lines)
    rows.insert(pieces)
    rows.insert(parcels)
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
        parcel.tracking_url, parcel.label_status = label.tracking_url, "bought"
    rows.update(
        [parcel for parcel, _ in pairs],
        [
            "label_id", "tracking_number", "carrier_name", "service", "cost_minor", "currency", "document_url",
            "tracking_url", "label_status",
        ],
    )  # fmt: skip
    planned = [parcel.shipment for parcel, _ in pairs if parcel.shipment.status == Status.PLANNED]
    changes = [states.Change(row.id, row.status, Status.LABELLED) for row in planned]
    states.move_all(Shipment, "status", changes, moves=MOVES, cause=cause)
    for row in planned:
        row.status = Status.LABELLED
    ledger.record([_label_posting(parcel, "label.bought") for parcel, _ in pairs])


def renumbered(pairs: Sequence[tuple[Parcel, Label]]) -> None:
    """The slips of parcels (locked by the caller) were printed again, under other numbers."""
    for parcel, label in pairs:
        parcel.label_id, parcel.tracking_number, parcel.tracking_url = (
            label.label_id, label.tracking_number, label.tracking_url,
        )  # fmt: skip
    rows.update([parcel for parcel, _ in pairs], ["label_id", "tracking_number", "tracking_url"])


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


def tracked(told: Sequence[tuple[Parcel, TrackEvent]], *, cause: Cause) -> list[Shipment]:
    """Keep a carrier's words of locked parcels, in their order; returns the shipments that were delivered by them.

    The same word twice is one.
    """
    rows.insert_new(
        TrackStep(
            id=uuid7(), parcel=parcel, at=event.at, status=event.status, raw_status=event.raw_status[:80],
            detail=event.detail[:200],
        )
        for parcel, event in told
    )  # fmt: skip
    shipments = {parcel.shipment_id: parcel.shipment for parcel, _ in told}
    steps: dict[UUID, list[states.Change]] = defaultdict(list)
    delivered: list[Shipment] = []
    for parcel, event in told:
        shipment, target = shipments[parcel.shipment_id], _REACHES.get(event.status)
        if target is None or target not in MOVES[Status(shipment.status)]:
            continue
        steps[shipment.id].append(states.Change(shipment.id, shipment.status, target))
        shipment.status = target
        if target is Status.DELIVERED:
            shipment.delivered_at = event.at
            delivered.append(shipment)
    for together in zip_longest(*steps.values()):  # a shipment's second step follows its first
        states.move_all(Shipment, "status", [change for change in together if change], moves=MOVES, cause=cause)
    rows.update(delivered, ["delivered_at"])
    return delivered
