"""What a carrier is told of a parcel, whether it sells labels or reads a file: from, to, wish, and cash to be collected.

Cash at the door is the value of the units in the parcel's shipment; charges go with the order's first one, so that the
parcels of an order never collect more than is owed.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from django.db.models import QuerySet

from apps.customers.models import Address as AddressRow
from apps.hub.contracts import Address, LabelRequest
from apps.hub.contracts import Parcel as ParcelSize
from apps.inventory.models import Location
from apps.orders import services as orders
from apps.orders.models import OrderLine
from apps.shipping.models import Parcel, Shipment, ShipmentLine
from apps.shipping.states import Status


def with_words(parcels: QuerySet[Parcel]) -> QuerySet[Parcel]:
    """Parcels read with what `of` needs."""
    return parcels.select_related(
        "shipment__order__ship_to", "shipment__order__customer", "shipment__ship_to", "shipment__carrier"
    )


def reference(parcel: Parcel) -> str:
    """The parcel's key at the carrier."""
    return f"{parcel.shipment.number}-{parcel.number}"


def of(parcels: Sequence[Parcel]) -> list[LabelRequest]:
    """One request a parcel, in their order (read by `with_words`)."""
    places = {row.id: row for row in Location.objects.all()}
    cash = _cash([parcel.shipment for parcel in parcels if parcel.number == 1])
    made = []
    for parcel in parcels:
        shipment, order = parcel.shipment, parcel.shipment.order
        minor, tax = cash.get(shipment.id, (0, 0)) if parcel.number == 1 else (0, 0)
        made.append(
            LabelRequest(
                reference=reference(parcel), ship_from=Address(**places[shipment.location_ref].ship_from),
                ship_to=ship_to(shipment), parcel=ParcelSize(weight_g=parcel.weight_g),
                service=shipment.service, cash_on_delivery_minor=minor, cash_on_delivery_tax_minor=tax,
                currency=order.currency, order_number=order.external_number or order.number,
                deliver_on=shipment.wished_on, time_slot=shipment.time_slot,
            )
        )  # fmt: skip
    return made


def ship_to(shipment: Shipment) -> Address:
    """Where the parcel goes, as its label says it: the label's own address, else the order's."""
    return _address(shipment.ship_to) if shipment.ship_to else orders_own(shipment)


def orders_own(shipment: Shipment) -> Address:
    """The order's address; the customer's telephone number where it has none."""
    own, customer = _address(shipment.order.ship_to), shipment.order.customer
    return replace(own, phone=own.phone or (customer.phone if customer else ""))


def _address(row: AddressRow | None) -> Address:
    if row is None:
        return Address()
    return Address(
        name=row.name, company=row.company, postal_code=row.postal_code, country=row.country, region=row.region,
        city=row.city, line1=row.line1, line2=row.line2, phone=row.phone,
    )  # fmt: skip


def _cash(shipments: Iterable[Shipment]) -> dict[UUID, tuple[int, int]]:
    """What is collected with each shipment, and the tax in it, in minor units."""
    at_the_door = {row.id: row for row in shipments if row.order.payment_method == "cod"}
    if not at_the_door:
        return {}
    order_ids = {row.order_id for row in at_the_door.values()}
    lines: dict[UUID, list[OrderLine]] = defaultdict(list)
    for line in OrderLine.objects.filter(order__in=order_ids):
        lines[line.order_id].append(line)
    siblings: dict[UUID, list[Shipment]] = defaultdict(list)
    live = Shipment.objects.filter(order__in=order_ids).exclude(status=Status.CANCELLED).order_by("planned_at", "id")
    for row in live:
        siblings[row.order_id].append(row)
    units: dict[UUID, dict[UUID, int]] = defaultdict(dict)
    for shipment, order_line, quantity in ShipmentLine.objects.filter(shipment__order__in=order_ids).values_list(
        "shipment", "order_line", "quantity"
    ):
        units[shipment][order_line] = quantity
    return {
        row.id: _of_shipment(row, lines[row.order_id], siblings[row.order_id], units) for row in at_the_door.values()
    }


def _of_shipment(
    row: Shipment, lines: Sequence[OrderLine], siblings: Sequence[Shipment], units: Mapping[UUID, Mapping[UUID, int]]
) -> tuple[int, int]:
    earlier = siblings[: [one.id for one in siblings].index(row.id)]
    minor = 0
    for line in lines:
        if line.kind != OrderLine.Kind.ITEM:
            if not earlier:
                minor += orders.part_minor(row.order, line, line.quantity or 1, before=0)
        elif count := units[row.id].get(line.id, 0):
            before = sum(units[one.id].get(line.id, 0) for one in earlier)
            minor += orders.part_minor(row.order, line, count, before=before)
    whole = row.order.tax_minor or row.order.tax_computed_minor
    return minor, whole * minor // row.order.total_minor if row.order.total_minor else 0
