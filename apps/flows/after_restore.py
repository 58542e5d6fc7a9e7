"""A restored shop begins where its backup was made, and the world has gone on: what must not happen twice is settled first.

Whatever was due then may have been sent since: it is asked for, sent under the same key, or waits for a person. What a vendor
cannot recognise (letters) is stopped as a capability, because the hours that are lived once more would write it once more.
Numbers that the lost hours have given away are skipped. Every channel is told anew what is there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection as database
from django.db import transaction

from apps.channels import services as channels
from apps.channels.models import Listing
from apps.core import audit
from apps.flows import announce
from apps.hub import connections, registry
from apps.hub.abilities import ABILITY_OF, Once
from apps.hub.models import Connection, Delivery

REASON = "restored from a backup: whether it was sent since is not known"
# A shop gives fewer numbers away between two backups.
SKIPPED = 10_000
_NUMBERS = ("orders_number", "shipping_number", "inventory_purchase_number", "inventory_stocktake_number",
            "inventory_transfer_number")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of the calls that the backup found undone."""

    asked: int  # the vendor is asked, or is called again under the same key
    waiting: int  # a person decides: the vendor can be asked nothing
    stopped: tuple[str, ...]  # connections whose capability is stopped until a person has looked


def settle(*, made_at: str) -> Settled:
    """To be called once, before any program of the restored shop runs."""
    with transaction.atomic():
        stopped = tuple(row.name for row in Connection.objects.order_by("id") if _stop_what_cannot_be_proved(row))
        while announce.announce():
            pass
        for connection in Listing.objects.filter(variant__isnull=False).values_list("connection", flat=True).distinct():
            channels.tell_all(connection)
        # As old as the backup: the lost hours may have made the same call, and vendors forget our keys in time.
        Delivery.objects.filter(created_at__gt=made_at).update(created_at=made_at)
        due = Delivery.objects.filter(status__in=[Delivery.Status.DUE, Delivery.Status.UNKNOWN])
        waiting = 0
        for connector, operation in _without_proof(due.values_list("connection__connector", "operation").distinct()):
            of_it = due.filter(operation=operation, connection__in=Connection.objects.filter(connector=connector))
            waiting += of_it.update(status=Delivery.Status.WAITING, reason=REASON, leased_until=None)
        asked = due.update(status=Delivery.Status.UNKNOWN, leased_until=None)
        with database.cursor() as cursor:
            for name in _NUMBERS:
                # Taken, not set: the application may take numbers, and only the owner may set them.
                cursor.execute("SELECT count(nextval(%s)) FROM generate_series(1, %s)", [name, SKIPPED])
        audit.record(
            "database.restored", actor="restore", detail={"made_at": made_at, "asked": asked, "waiting": waiting}
        )
    return Settled(asked, waiting, stopped)


def _stop_what_cannot_be_proved(row: Connection) -> bool:
    manifest = registry.manifests().get(row.connector)
    blind = {ABILITY_OF[name] for name, once in (manifest.once if manifest else {}).items() if once is Once.NEITHER}
    if blind:
        connections.pause(row, sorted({*row.paused_abilities, *blind}))
    return bool(blind)


def _without_proof(kinds: Sequence[Any] | Any) -> list[tuple[str, str]]:
    """(connector, operation) whose vendor neither knows a key of ours nor can be asked."""
    manifests = registry.manifests()
    return [
        (connector, operation)
        for connector, operation in kinds
        if connector not in manifests or manifests[connector].once.get(operation, Once.NEITHER) is Once.NEITHER
    ]
