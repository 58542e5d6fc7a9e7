"""Notices that only say which thing has changed wait in the inbox until it was fetched by its id.

The inbox is the queue: a hint lies there as an event that waits for `fetch:<kind>:<their id>`, and is closed in the
transaction that stores what was fetched. Hints at one thing are fetched once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection as database
from django.db.models import F, Q, QuerySet

from apps.core import clock
from apps.hub.contracts import Hint
from apps.hub.models import Connection, InboxEvent

_FETCH = "fetch:"
# What is asked for a thing of a kind: a method of the ability that must not be paused meanwhile.
FETCHERS: dict[str, tuple[str, str]] = {"order": ("fetch_order", "orders")}


@dataclass(frozen=True, slots=True)
class Thing:
    """Something to be fetched, and the notices that hint at it."""

    connection_id: UUID
    hint: Hint
    events: tuple[InboxEvent, ...]


def waits_for(hint: Hint) -> str:
    """What a hint's event waits for. Raises `ValueError` for a kind that nothing fetches, or an id that is none."""
    if hint.kind not in FETCHERS or not hint.external_id:
        raise ValueError(f"nothing here fetches {hint.kind} {hint.external_id!r}")
    return f"{_FETCH}{hint.kind}:{hint.external_id}"


def due(limit: int) -> list[Thing]:
    """Things to be fetched now, in the order in which they were first hinted at."""
    found: dict[tuple[UUID, str], list[InboxEvent]] = {}
    for event in _due().order_by("received_at", "id")[:limit]:
        found.setdefault((event.connection_id, event.waits_for), []).append(event)
    things = []
    for (connection_id, waits), events in found.items():
        _, kind, external_id = waits.split(":", 2)
        things.append(Thing(connection_id, Hint(kind=kind, external_id=external_id), tuple(events)))
    return things


def has_due() -> bool:
    """Whether anything is to be fetched now. Asked at every look of its lane, so it is one plain statement."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM hub_inboxevent e JOIN hub_connection c ON c.id = e.connection_id"
            " WHERE e.status = 'waiting' AND starts_with(e.waits_for, %(fetch)s) AND e.due_at <= %(now)s"
            " AND c.status = 'active' AND (c.held_until IS NULL OR c.held_until <= %(now)s)"
            " AND NOT c.paused_abilities ? 'orders')",
            {"fetch": _FETCH, "now": clock.now()},
        )
        return bool(cursor.fetchone()[0])


def _due() -> QuerySet[InboxEvent]:
    now = clock.now()
    paused = Q()
    for kind, (_, ability) in FETCHERS.items():
        paused |= Q(waits_for__startswith=f"{_FETCH}{kind}:", connection__paused_abilities__contains=[ability])
    return InboxEvent.objects.filter(
        Q(connection__held_until=None) | Q(connection__held_until__lte=now),
        status=InboxEvent.Status.WAITING, waits_for__startswith=_FETCH, due_at__lte=now,
        connection__status=Connection.Status.ACTIVE,
    ).exclude(paused)  # fmt: skip


def put_off(events: Sequence[InboxEvent], *, until: datetime, reason: str) -> None:
    """The other side could not be asked: once more, not before `until`."""
    InboxEvent.objects.filter(id__in=[event.id for event in events], status=InboxEvent.Status.WAITING).update(
        due_at=until, attempts=F("attempts") + 1, reason=reason[:400]
    )
