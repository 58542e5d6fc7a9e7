"""What staff ask of shipments: what is still to be packed, and which order a tracking number belongs to."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum

from apps.core import clock
from apps.orders.states import Lifecycle
from apps.shipping.models import Parcel, Sheet, SheetRow, Shipment
from apps.shipping.states import Status


def to_do() -> QuerySet[Shipment]:
    """Shipments that have not left, by the partial index of that name."""
    return Shipment.objects.filter(status__in=[Status.PLANNED, Status.LABELLED])


def for_list(rows: QuerySet[Shipment]) -> QuerySet[Shipment]:
    """With what the packing list shows: the order, who gets it, units and how many are packed."""
    return rows.select_related("order__customer", "order__ship_to", "carrier").annotate(
        units=Sum("lines__quantity"), packed=Sum("lines__packed")
    )


def shipped_today(now: datetime) -> QuerySet[Shipment]:
    """What has left on the shop's present day."""
    today = now.astimezone(clock.shop_zone()).replace(hour=0, minute=0, second=0, microsecond=0)
    return Shipment.objects.filter(shipped_at__gte=today)


def orders_of_tracking(text: str) -> "QuerySet[Parcel, dict[str, object]]":
    """Ids of the orders whose parcel carries this tracking number, as people type it (with or without hyphens)."""
    plain = text.strip().replace("-", "").replace(" ", "")
    return (
        Parcel.objects.filter(Q(tracking_number__in=[text.strip(), plain]) & ~Q(tracking_number=""))
        .order_by()
        .values("shipment__order")
    )


def unnumbered(carriers: Collection[UUID]) -> QuerySet[Parcel]:
    """Parcels of these carriers that may leave and have no number yet, oldest first. `is_exported`: a file holds them."""
    return (
        Parcel.objects.filter(
            shipment__carrier__in=carriers, shipment__status=Status.PLANNED, label_status="none",
            shipment__order__is_held=False, shipment__order__lifecycle=Lifecycle.OPEN,
        )
        .annotate(is_exported=_in_a_file())
        .order_by("shipment__planned_at", "shipment", "number")
    )  # fmt: skip


def to_export(carriers: Collection[UUID]) -> QuerySet[Parcel]:
    """Those of them that no file holds."""
    return unnumbered(carriers).exclude(_in_a_file())


def waiting_by_carrier(carriers: Collection[UUID]) -> dict[UUID, tuple[int, int]]:
    """For each carrier how many parcels wait to be exported, and how many for their numbers."""
    found = dict.fromkeys(carriers, (0, 0))
    rows = unnumbered(carriers).order_by().values("shipment__carrier", "is_exported").annotate(n=Count("id"))
    for row in rows:
        new, exported = found[row["shipment__carrier"]]
        found[row["shipment__carrier"]] = (new, row["n"]) if row["is_exported"] else (row["n"], exported)
    return found


def in_a_file(shipments: Collection[UUID]) -> set[UUID]:
    """Those of these shipments whose parcels a file holds."""
    rows = SheetRow.objects.filter(parcel__shipment__in=shipments, is_void=False)
    return set(rows.values_list("parcel__shipment", flat=True))


def _in_a_file() -> Exists:
    return Exists(SheetRow.objects.filter(parcel=OuterRef("pk"), is_void=False))


def sheets(carrier: UUID, *, limit: int) -> list[Sheet]:
    """The newest files that were made for a carrier, each with its parcels and how many of those have a number."""
    of = Sheet.objects.filter(carrier=carrier).defer("sealed").order_by("-id")[:limit]
    counts = {
        row["sheet"]: row
        for row in SheetRow.objects.filter(sheet__in=[sheet.id for sheet in of]).values("sheet").annotate(
            parcels=Count("id"), numbered=Count("id", filter=~Q(parcel__tracking_number=""))
        )
    }  # fmt: skip
    for sheet in of:
        sheet.parcels, sheet.numbered = (counts[sheet.id][name] for name in ("parcels", "numbered"))  # type: ignore[attr-defined]
    return list(of)


def meant_by(text: str) -> Shipment | None:
    """The shipment to be packed that somebody types or scans: its number, its order's number or its tracking number."""
    text = text.strip()
    match = Q(number=text.upper()) | Q(order__number=text.upper()) | Q(order__external_number=text)
    return (
        to_do()
        .filter(match | Q(parcels__tracking_number=text, order__isnull=False))
        .order_by("planned_at", "id")
        .first()
    )
