"""What a person may ask for: everything that is stored about them, for a machine and for a reader, in one file.

The tables and fields are the register's (personal_data), so that nothing is forgotten when one is added. Copies that lie with
vendors are named; only the vendor can tell what it holds.
"""

import io
import zipfile
from typing import Any

import orjson
from django.db.models import Q
from django.template.loader import render_to_string

from apps.core import clock, crypto
from apps.customers.models import Customer
from apps.flows import personal_data
from apps.hub import inbox
from apps.hub.models import Connection, Delivery, ExternalId, InboxEvent
from apps.orders.models import Order

Rows = list[dict[str, Any]]


def collect(customer: Customer) -> dict[str, Any]:
    """table -> rows with every field that is about the person or belongs to such a row; `notices` and `calls` hold the bodies
    that came and left about their orders and are still kept; `elsewhere` names who else has a copy.
    """
    orders = dict(Order.objects.filter(customer=customer).values_list("id", "channel"))
    found: dict[str, Any] = {"at": clock.now(), "customer": customer.id, "tables": {}}
    for label, held in personal_data.REGISTER.items():
        if held.path:
            names = [name for name in held.names if name not in held.staff.split()]
            rows = personal_data.rows_of(label, customer)
            found["tables"][label] = [_plain(row) for row in rows.values("pk", *names)]
            for history in personal_data.histories(rows.model):
                said = history._default_manager.filter(pgh_obj__in=rows).order_by("pgh_id")
                found["tables"][f"{label}:before"] = [_plain(row) for row in said.values("pgh_created_at", *names)]
    found["calls"] = _calls(list(orders))
    found["notices"] = [_notice(event) for event in notices_of(orders)]
    found["elsewhere"] = elsewhere(customer)
    return found


def archive(customer: Customer, *, language: str) -> bytes:
    """A zip of `data.json` and `data.html`, both complete."""
    told = collect(customer)
    page = render_to_string("documents/person.html", {"told": told, "customer": customer, "language": language})
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("data.json", orjson.dumps(told, option=orjson.OPT_INDENT_2, default=str))
        packed.writestr("data.html", page)
    return file.getvalue()


def notices_of(orders: dict[Any, Any]) -> list[InboxEvent]:
    """The notices about orders (`order -> channel`) whose bodies are still kept."""
    theirs = ExternalId.objects.filter(kind="order", subject__in=orders).values_list("connection", "external_id")
    wanted = Q(pk__in=[])
    for connection, external_id in theirs:
        wanted |= Q(connection=connection, subject=f"order:{external_id}")
    about = Q(subject__in=[f"order:{order}" for order in orders])  # answers to calls of ours name our own id
    rows = InboxEvent.objects.filter(wanted | about).filter(Q(sealed__isnull=False) | Q(entry__sealed__isnull=False))
    return list(rows.select_related("entry", "connection").order_by("id"))


def elsewhere(customer: Customer) -> list[dict[str, str]]:
    """Who else holds something about the person: the shops they bought at, who was paid, who carried, who sent mail."""
    orders = Order.objects.filter(customer=customer)
    told = Delivery.objects.filter(order_ref__in=orders.values("id")).values("connection")
    ids = set(orders.values_list("channel", flat=True)) | set(told.values_list("connection", flat=True))
    rows = Connection.objects.filter(id__in=ids).order_by("name")
    return [{"name": row.name, "system": row.connector} for row in rows]


def _calls(orders: list[Any]) -> Rows:
    rows = (
        Delivery.objects.filter(order_ref__in=orders, sealed__isnull=False).select_related("connection").order_by("id")
    )
    return [
        {"at": row.created_at, "to": row.connection.name, "what": row.operation,
         "body": _read(crypto.unseal(row.sealed, table="hub_delivery", row=row.id, field="sealed"))}
        for row in rows
        if row.sealed
    ]  # fmt: skip


def _notice(event: InboxEvent) -> dict[str, Any]:
    return {
        "at": event.received_at, "from": event.connection.name, "what": event.topic, "body": _read(inbox.raw(event))
    }  # fmt: skip


def _read(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return body.decode(errors="replace")


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Without what says nothing: empty fields are left out."""
    return {name: value for name, value in row.items() if value not in (None, "", [], {})}
