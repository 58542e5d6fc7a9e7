"""A carrier's file of issued numbers: numbers land on parcels, and what is packed leaves with its number.

A file goes the way of every file: inbox, rows taken or set aside one by one, the same file twice changes nothing. A number
that looks wrong is kept and doubted. A parcel that has not left takes a later number (its slip was printed again).
"""

import os
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from apps.core import audit, clock, rows
from apps.core.ids import uuid7
from apps.core.states import Cause
from apps.flows import label_requests, ship_order
from apps.hub import connections, inbox
from apps.hub.contracts import Issued, Label, RowSetAside, SourceFile
from apps.hub.models import Connection, FileRun, InboxEvent
from apps.inventory.levels import lock_shelves
from apps.orders import services as orders
from apps.orders.models import Order
from apps.orders.states import Lifecycle
from apps.shipping import services as shipping
from apps.shipping.models import IssuedRow, Parcel, Shipment
from apps.shipping.states import Status

KIND = "issued"
_Outcome = IssuedRow.Outcome


def hand_in(carrier: Connection, name: str, content: bytes, *, actor: str) -> tuple[InboxEvent, bool]:
    """A person hands the file in; the notice that it is, and whether it is new. Raises `LookupError`, `errors.Misconfigured`."""
    live = connections.live(carrier.id)
    if live is None:
        raise LookupError("the connection is gone")
    file = SourceFile(name=os.path.basename(name)[:150], kind=KIND, content=content, at=clock.now())
    event = live.connector().file_event(file)
    is_new = bool(inbox.store(carrier.id, [event], origin="file").new)
    audit.record("numbers.handed_in", actor=actor, subject=carrier, detail={"name": file.name, "new": is_new})
    return InboxEvent.objects.get(connection=carrier, event_id=event.id), is_new


def take(issued: Sequence[Issued], *, run: FileRun, source: Connection) -> list[RowSetAside]:
    """Numbers of one carrier's parcels, in the file's order; hands back the rows that nothing was done with."""
    actor = f"connection:{source.name}"[:80]
    refused: list[RowSetAside] = []
    with transaction.atomic():
        locked, parcels = _locked(issued, source)
        numbers = {parcel: parcel.tracking_number for parcel in parcels.values()}
        labels: dict[Parcel, Label] = {}
        told: list[IssuedRow] = []
        for one in issued:
            parcel = parcels.get(one.label.reference)
            before = numbers[parcel] if parcel else ""
            reason = _refusal(one, parcel, before)
            if parcel is None or reason:
                detail = f"{one.label.reference} {one.label.tracking_number}" + (f" ({before})" if before else "")
                refused.append(RowSetAside(row=one.row, reason=reason, detail=detail))
                continue
            row = IssuedRow(
                id=uuid7(), run=run, row=one.row, parcel=parcel, tracking_number=one.label.tracking_number,
                outcome=_Outcome.SAME, doubt=one.doubt,
            )  # fmt: skip
            if before != one.label.tracking_number:
                row.outcome, row.before = (_Outcome.REPLACED, before) if before else (_Outcome.LANDED, "")
                numbers[parcel] = one.label.tracking_number
                labels[parcel] = replace(one.label, service=parcel.shipment.service)
            told.append(row)
        rows.insert_new(told)
        fresh = [(parcel, label) for parcel, label in labels.items() if not parcel.tracking_number]
        shipping.renumbered([(parcel, label) for parcel, label in labels.items() if parcel.tracking_number])
        shipping.labelled(fresh, cause=Cause(actor))
        ship_order.confirm_all([parcel.shipment for parcel, _ in fresh if _leaves(parcel, locked)], actor=actor)
        inbox.wake(f"parcel:{label.tracking_number}" for label in labels.values())
    return refused


def _locked(issued: Sequence[Issued], source: Connection) -> tuple[dict[UUID, Order], dict[str, Parcel]]:
    """The orders, then the carrier's parcels by their keys with their shipments, locked in the order of every story."""
    named = [one.label.reference.rpartition("-") for one in issued]
    keys = {(shipment, int(number)) for shipment, _, number in named if number.isascii() and number.isdigit()}
    match = Q(shipment__number__in={shipment for shipment, _ in keys}, shipment__carrier=source)
    found = Parcel.objects.filter(match)
    order_ids = set(found.values_list("shipment__order", flat=True))
    lock_shelves(orders=order_ids)
    locked = {order.id: order for order in orders.lock(order_ids)}
    read = label_requests.with_words(found).order_by("id").select_for_update(no_key=True, of=("self", "shipment"))
    return locked, {label_requests.reference(parcel): parcel for parcel in read}


def _refusal(one: Issued, parcel: Parcel | None, number: str) -> str:
    """Why nothing is done with the row: a code of `hub.row_reasons`, empty where it is taken."""
    if parcel is None:
        return "unknown_parcel"
    if parcel.shipment.status == Status.CANCELLED:
        return "called_off"
    if number == one.label.tracking_number:
        return ""
    has_left = parcel.shipment.status not in {Status.PLANNED, Status.LABELLED}
    return "has_left" if has_left and number else ""


def _leaves(parcel: Parcel, locked: dict[UUID, Order]) -> bool:
    """What a packer has closed, or a shop that ships by itself has planned; not while its order is stopped."""
    shipment: Shipment = parcel.shipment
    order = locked[shipment.order_id]
    is_stopped = order.is_held or order.lifecycle != Lifecycle.OPEN
    return shipment.leaves_by_itself and not is_stopped and shipment.status == Status.LABELLED
