"""Before a label is there a person may choose another carrier or service for a parcel, and mend what its label says.

The order's own address stays as the customer wrote it. A parcel whose label was asked of a seller stays with that seller
until the call is given up; one that a file holds already has to be exported again.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from django.db import transaction

from apps.core import audit
from apps.core.ids import uuid7
from apps.customers.models import Address as AddressRow
from apps.flows import label_requests, wiring
from apps.hub import outbox
from apps.hub.contracts import Address
from apps.hub.models import Connection, Delivery, OutboxFact
from apps.shipping.models import Parcel, SheetRow, Shipment
from apps.shipping.states import Status

_OVER = [Delivery.Status.DEAD, Delivery.Status.CANCELLED]


class LabelIsThere(Exception):
    """The parcel has its label, or has left, or was called off: what the label says cannot be changed any more."""


@dataclass(slots=True)
class Given:
    """Shipments that go with the chosen carrier now, and those that stay where they are because their label is asked for."""

    done: list[Shipment] = field(default_factory=list)
    stay: list[Shipment] = field(default_factory=list)


def give(shipment_ids: Collection[UUID], carrier: Connection, *, service: str, actor: str) -> Given:
    """These shipments go with this carrier (a seller is asked at once, a file waits to be exported)."""
    given = Given()
    with transaction.atomic():
        rows = Shipment.objects.filter(id__in=shipment_ids, status=Status.PLANNED).order_by("id")
        for shipment in rows.select_related("carrier", "order").select_for_update(no_key=True, of=("self",)):
            if (shipment.carrier_id, shipment.service) == (carrier.id, service[:80]):
                continue
            (given.stay if _is_asked(shipment, carrier) else given.done).append(shipment)
        for shipment in given.done:
            shipment.carrier, shipment.service = carrier, service[:80]
            shipment.save(update_fields=["carrier", "service"])
            audit.record(
                "parcel.given", actor=actor, subject=shipment, detail={"carrier": carrier.name, "service": service}
            )
        void_rows(given.done)
        if wiring.has(carrier, "label"):
            outbox.publish(
                outbox.NewFact("shipment.planned", "shipment", row.id, {"order": str(row.order_id), "by": actor})
                for row in given.done
            )
    return given


def _is_asked(shipment: Shipment, target: Connection) -> bool:
    """Whether a seller has been asked for its label, or is about to be, or may not be asked a second time."""
    if Parcel.objects.filter(shipment=shipment).exclude(label_status="none").exists():
        return True
    if shipment.carrier is not None and wiring.has(shipment.carrier, "label"):
        facts = OutboxFact.objects.filter(subject=shipment.id, topic="shipment.planned", announced_at=None)
        if facts.exists():
            return True
    asked = Delivery.objects.filter(operation="label.buy", subject__in=shipment.parcels.values("id"))
    return asked.exclude(status__in=_OVER).exists() or asked.filter(connection=target).exists()


def mend(
    shipment_id: UUID, address: Address, *, wished_on: date | None, time_slot: str, service: str, actor: str
) -> bool:
    """What the label says from now on. False where nothing changed. Raises `LabelIsThere`, `Shipment.DoesNotExist`."""
    with transaction.atomic():
        rows = Shipment.objects.select_related(
            "order__ship_to", "order__customer", "ship_to", "carrier"
        ).select_for_update(no_key=True, of=("self",))
        shipment = rows.get(id=shipment_id)
        is_numbered = Parcel.objects.filter(shipment=shipment).exclude(label_status="none").exists()
        if shipment.status != Status.PLANNED or is_numbered:
            raise LabelIsThere(shipment.number)
        before = label_requests.ship_to(shipment)
        if (address, wished_on, time_slot, service) == (
            before, shipment.wished_on, shipment.time_slot, shipment.service,
        ):  # fmt: skip
            return False
        if address != before:
            shipment.ship_to = _kept(shipment, address)
        shipment.wished_on, shipment.time_slot, shipment.service = wished_on, time_slot[:20], service[:80]
        shipment.save(update_fields=["ship_to", "wished_on", "time_slot", "service"])
        void_rows([shipment])
        audit.record("label.mended", actor=actor, subject=shipment, detail={"number": shipment.number})
    return True


def _kept(shipment: Shipment, address: Address) -> AddressRow | None:
    """The label's own address; None where it is the order's again."""
    if address == label_requests.orders_own(shipment):
        return None
    return AddressRow.objects.create(
        id=uuid7(), customer_id=shipment.order.customer_id, name=address.name[:160], company=address.company[:160],
        postal_code=address.postal_code[:16], country=address.country[:2], region=address.region[:80],
        city=address.city[:120], line1=address.line1[:200], line2=address.line2[:200], phone=address.phone[:30],
    )  # fmt: skip


def void_rows(shipments: Collection[Shipment]) -> None:
    """What a file says of these is not true any more: they wait to be exported again."""
    SheetRow.objects.filter(parcel__shipment__in=[row.id for row in shipments], is_void=False).update(is_void=True)
