"""What a person wants to see of a connection before it goes live. PostgreSQL is the queue here, too: one open row a kind."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from apps.core import clock
from apps.hub.models import Connection, Trial

LEASE = {Trial.Kind.IMPORT: timedelta(minutes=30)}
_SHORT = timedelta(seconds=90)
KEPT = timedelta(days=30)


def ask(connection: Connection, kind: str, *, actor: str, **wanted: Any) -> Trial:
    """A trial that a worker will make; the one that is under way, where there is one."""
    row, _ = Trial.objects.get_or_create(
        connection=connection, kind=kind, done_at=None, defaults={"asked_by": actor, **wanted}
    )
    return row


def newest(connection: Connection) -> dict[str, Trial]:
    """The last trial of each kind."""
    rows = Trial.objects.filter(connection=connection).order_by("kind", "-id").distinct("kind")
    return {row.kind: row for row in rows}


def claim() -> Trial | None:
    """The oldest open trial that nobody is making; leased, because its maker may die."""
    wall = clock.wall()
    with transaction.atomic():
        open_ones = Trial.objects.filter(Q(leased_until=None) | Q(leased_until__lt=wall), done_at=None)
        row = open_ones.select_for_update(no_key=True, skip_locked=True, of=("self",)).order_by("id").first()
        if row is not None:
            Trial.objects.filter(id=row.id).update(leased_until=wall + LEASE.get(Trial.Kind(row.kind), _SHORT))
    return row


def settle(trial: Trial, *, is_ok: bool, reason: str = "", found: Mapping[str, Any] | None = None) -> None:
    """Write down what came of it; old ones of the connection are forgotten."""
    change = {"done_at": clock.wall(), "is_ok": is_ok, "reason": reason[:400], "found": dict(found or {})}
    Trial.objects.filter(id=trial.id, done_at=None).update(**change)
    Trial.objects.filter(connection=trial.connection_id, done_at__lt=clock.wall() - KEPT).delete()
