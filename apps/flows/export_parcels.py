"""Parcels of a carrier that works by files are put into a file for its program; the file is kept and can be had again.

Exporting the same parcels again on the same day gives the same file. What its sheet refuses stays to be exported, with its
reasons; the others go.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from apps.core import audit, clock, crypto, rows
from apps.core.ids import uuid7
from apps.flows import label_requests
from apps.hub import connections, contracts
from apps.hub.models import Connection
from apps.shipping import queries as shipping
from apps.shipping.models import Parcel, Sheet, SheetRow, Shipment

MOST = 5000  # parcels looked at in one go; a sheet takes what its program takes


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export came to. `is_again`: the very file that was made before. `repeated`: parcels that an earlier file holds.

    `faults` say why parcels are not in it, `left` how many sound ones wait for another file.
    """

    sheet: Sheet | None
    parcels: int = 0
    is_again: bool = False
    repeated: int = 0
    faults: tuple[contracts.SlipFault, ...] = ()
    left: int = 0


def export(carrier: Connection, *, actor: str, chosen: Collection[UUID] | None = None) -> Exported:
    """Put parcels that wait into a file: those chosen (also such that were exported before), or all that were not yet.

    Raises `errors.Misconfigured`, and `LookupError` where the connection is gone.
    """
    connector = _connector(carrier)
    with transaction.atomic():
        parcels = _waiting(carrier, chosen)
        today = clock.business_date()
        made: contracts.Sheet = connector.sheet(label_requests.of(parcels), ship_on=today)
        if not made.references:
            return Exported(None, faults=made.faults)
        by_reference = {label_requests.reference(parcel): parcel for parcel in parcels}
        inside = [by_reference[reference] for reference in made.references]
        repeated = SheetRow.objects.filter(parcel__in=inside, is_void=False).values("parcel").distinct().count()
        same = _same(carrier, inside[0], made.content)
        sheet = same or _keep(carrier, made, inside, actor=actor)
        audit.record(
            "parcels.exported", actor=actor, subject=sheet, detail={"name": sheet.name, "parcels": len(inside)}
        )
    return Exported(sheet, len(inside), same is not None, repeated, made.faults, len(made.left))


def preview(carrier: Connection, parcels: Sequence[Parcel]) -> contracts.Sheet:
    """What an export of these parcels (read by `label_requests.with_words`) would come to. Raises as `export` does."""
    made: contracts.Sheet = _connector(carrier).sheet(label_requests.of(parcels), ship_on=clock.business_date())
    return made


def content_of(sheet: Sheet) -> bytes | None:
    """The file as it was made; None when its time is over."""
    if sheet.sealed is None:
        return None
    return crypto.unseal(sheet.sealed, table="shipping_sheet", row=sheet.id, field="sealed")


def _connector(carrier: Connection) -> Any:
    live = connections.live(carrier.id)
    if live is None:
        raise LookupError("the connection is gone")
    return live.connector()


def _waiting(carrier: Connection, chosen: Collection[UUID] | None) -> list[Parcel]:
    """Parcels that wait, oldest first, their shipments locked."""
    if chosen is None:
        found = shipping.to_export([carrier.id])
    else:
        found = shipping.unnumbered([carrier.id]).filter(shipment__in=chosen)
    ids = list(found.values_list("shipment", flat=True)[:MOST])
    list(Shipment.objects.filter(id__in=ids).order_by("id").select_for_update(no_key=True))
    return list(label_requests.with_words(found.filter(shipment__in=ids)))


def _same(carrier: Connection, first: Parcel, content: bytes) -> Sheet | None:
    """The file of these very bytes that was made before."""
    known = Sheet.objects.filter(carrier=carrier, rows__parcel=first, rows__is_void=False, sealed__isnull=False)
    return next((sheet for sheet in known.order_by("-id") if content_of(sheet) == content), None)


def _keep(carrier: Connection, made: contracts.Sheet, parcels: Sequence[Parcel], *, actor: str) -> Sheet:
    sheet = Sheet(
        id=uuid7(), carrier=carrier, name=made.name[:120], ship_on=clock.business_date(), made_at=clock.now(),
        made_by=actor[:150],
    )  # fmt: skip
    sheet.sealed = crypto.seal(made.content, table="shipping_sheet", row=sheet.id, field="sealed")
    sheet.save(force_insert=True)
    rows.insert(SheetRow(id=uuid7(), sheet=sheet, parcel=parcel, number=at) for at, parcel in enumerate(parcels, 1))
    return sheet
