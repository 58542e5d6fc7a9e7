"""What came in: stored whole before anything is believed, each event once, claimed in the order in which it came.

UNIQUE (connection, event_id) makes a repeat add no row. An event is closed in the same transaction as its effect.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection as database
from django.db import transaction
from django.db.models import F

from apps.core import clock, crypto, rows
from apps.core.ids import uuid7
from apps.hub.abilities import Event
from apps.hub.models import InboxEntry, InboxEvent

MAX_ATTEMPTS = 5

# One event and its one-event body as two parts of a WITH; {guard} says on what condition. Used by the hooks, where it is
# the whole statement, and by deliveries, where the answer is stored by the statement that settles the call.
STORE_ONE = """
event AS (
    INSERT INTO hub_inboxevent (id, entry_id, connection_id, event_id, topic, subject, said_at, received_at, part, sealed,
        status, due_at, attempts, is_alone, waits_for, reason, done_at)
    SELECT %(event)s, %(entry)s, %(connection)s, %(event_id)s, %(topic)s, %(subject)s, %(said_at)s::timestamptz,
        %(now)s::timestamptz, 0, NULL, 'new', %(now)s::timestamptz, 0, false, '', '', NULL
    WHERE {guard}
    ON CONFLICT (connection_id, event_id) DO NOTHING RETURNING 1
), entry AS (
    INSERT INTO hub_inboxentry (id, connection_id, digest, topic, origin, received_at, size, sealed)
    SELECT %(entry)s, %(connection)s, %(digest)s, %(topic)s, %(origin)s, %(now)s::timestamptz, %(size)s, %(sealed)s
    WHERE EXISTS (SELECT 1 FROM event) RETURNING 1
)
"""
_STORE_ONE = "WITH" + STORE_ONE.format(guard="true") + "SELECT count(*) FROM entry"


@dataclass(frozen=True, slots=True)
class Stored:
    """How many events were new, and how many had come before."""

    new: int
    repeated: int


def store(connection_id: UUID, events: Sequence[Event], *, origin: str, body: bytes | None = None) -> Stored:
    """Keep events (and their one body, if they came in one) durably; returns after the statement committed.

    One event costs one statement. Several events of one body are parts, each with its own raw body.
    """
    events = [_fitting(event) for event in events]
    if len(events) == 1:
        return _store_one(connection_id, events[0], origin)
    return store_many((connection_id, event) for event in events) if body is None else _store_parts(
        connection_id, events, origin, body
    )  # fmt: skip


def _fitting(event: Event) -> Event:
    """A vendor's words as the columns take them: no NUL, not too long; an id that is too long becomes its digest."""
    event_id = event.id.replace("\0", "")
    if len(event_id) > 200:
        event_id = f"sha256:{hashlib.sha256(event_id.encode()).hexdigest()}"
    topic, subject = event.topic.replace("\0", "")[:80], event.subject.replace("\0", "")[:120]
    if (event_id, topic, subject) == (event.id, event.topic, event.subject):
        return event
    return replace(event, id=event_id, topic=topic, subject=subject)


def _store_one(connection_id: UUID, event: Event, origin: str) -> Stored:
    with database.cursor() as cursor:
        cursor.execute(_STORE_ONE, store_one_figures(connection_id, event, origin=origin))
        (new,) = cursor.fetchone()
    return Stored(new, 1 - new)


def store_one_figures(connection_id: UUID, event: Event, *, origin: str) -> dict[str, Any]:
    """The parameters of `STORE_ONE` for one event whose body is its own."""
    entry = uuid7()
    return {
        "event": uuid7(),
        "entry": entry,
        "connection": connection_id,
        "event_id": event.id,
        "topic": event.topic,
        "subject": event.subject,
        "said_at": event.at,
        "now": clock.now(),
        "digest": digest(connection_id, event.topic, event.id, event.raw),
        "origin": origin,
        "size": len(event.raw),
        "sealed": crypto.seal(event.raw, table="hub_inboxentry", row=entry, field="sealed"),
    }


def store_many(told: Iterable[tuple[UUID, Event]], *, origin: str = "poll") -> Stored:
    """Keep events of perhaps several connections, one entry each, in three statements; for polls and answers."""
    wanted = [(connection_id, _fitting(event)) for connection_id, event in told]
    known = set(
        InboxEvent.objects.filter(
            connection__in={c for c, _ in wanted}, event_id__in=[event.id for _, event in wanted]
        ).values_list("connection_id", "event_id")
    )
    fresh: dict[tuple[UUID, str], Event] = {}
    for connection_id, event in wanted:
        if (connection_id, event.id) not in known:
            fresh.setdefault((connection_id, event.id), event)
    now = clock.now()
    entries, events = [], []
    for (connection_id, _), event in fresh.items():
        entry = InboxEntry(
            id=uuid7(), connection_id=connection_id, topic=event.topic, origin=origin, received_at=now,
            digest=digest(connection_id, event.topic, event.id, event.raw), size=len(event.raw),
        )  # fmt: skip
        entry.sealed = crypto.seal(event.raw, table="hub_inboxentry", row=entry.id, field="sealed")
        entries.append(entry)
        events.append(_row(entry, event, part=0, now=now))
    _put(entries, events)
    return Stored(len(fresh), len(wanted) - len(fresh))


def _store_parts(connection_id: UUID, events: Sequence[Event], origin: str, body: bytes) -> Stored:
    known = set(
        InboxEvent.objects.filter(
            connection=connection_id, event_id__in=[event.id for event in events]
        ).values_list("event_id", flat=True)
    )  # fmt: skip
    fresh = [event for event in events if event.id not in known]
    if fresh:
        now = clock.now()
        entry = InboxEntry(
            id=uuid7(), connection_id=connection_id, topic=fresh[0].topic, origin=origin, received_at=now,
            digest=digest(connection_id, fresh[0].topic, fresh[0].id, body), size=len(body),
        )  # fmt: skip
        entry.sealed = crypto.seal(body, table="hub_inboxentry", row=entry.id, field="sealed")
        parts = [_row(entry, event, part=number, now=now) for number, event in enumerate(fresh)]
        for row, event in zip(parts, fresh, strict=True):
            row.sealed = crypto.seal(event.raw, table="hub_inboxevent", row=row.id, field="sealed")
        _put([entry], parts)
    return Stored(len(fresh), len(events) - len(fresh))


def _put(entries: Sequence[InboxEntry], events: Sequence[InboxEvent]) -> None:
    """Events with the bodies that they lie in, together or not at all.

    A rival may have stored the same event since it was looked for, perhaps in another body: its row stays, ours goes, and so does
    our body. So the events go first; that they point at a body is checked at COMMIT.
    """
    with transaction.atomic():
        rows.insert_new(events)
        ours = InboxEvent.objects.filter(id__in=[event.id for event in events])
        kept = set(ours.values_list("entry", flat=True))
        rows.insert_new(entry for entry in entries if entry.id in kept)


def _row(entry: InboxEntry, event: Event, *, part: int, now: datetime) -> InboxEvent:
    return InboxEvent(
        id=uuid7(), entry=entry, connection_id=entry.connection_id, event_id=event.id, topic=event.topic,
        subject=event.subject, said_at=event.at, received_at=now, due_at=now, part=part,
    )  # fmt: skip


def digest(connection_id: UUID, topic: str, event_id: str, body: bytes) -> bytes:
    """SHA-256 over what makes a body itself: connection, topic, event id, bytes (each length-prefixed)."""
    parts = (connection_id.bytes, topic.encode(), event_id.encode(), body)
    seen = hashlib.sha256()
    for part in parts:
        seen.update(len(part).to_bytes(8, "big"))
        seen.update(part)
    return seen.digest()


def due(limit: int) -> list[InboxEvent]:
    """Events whose time has come, in the order in which they came. One drainer holds the intake lease (order needs one).

    An event that runs alone (its last attempt killed the process) is returned by itself.
    """
    events = list(
        InboxEvent.objects.filter(status=InboxEvent.Status.NEW, due_at__lte=clock.now())
        .select_related("entry")
        .order_by("received_at", "id")[:limit]
    )
    for index, event in enumerate(events):
        if event.is_alone:
            return events[:index] or [event]
    return events


def raw(event: InboxEvent) -> bytes:
    """The event's own raw body. Raises `LookupError` when retention has emptied it."""
    if event.sealed is not None:
        return crypto.unseal(event.sealed, table="hub_inboxevent", row=event.id, field="sealed")
    if event.entry.sealed is None:
        raise LookupError("the payload is past its retention")
    return crypto.unseal(event.entry.sealed, table="hub_inboxentry", row=event.entry_id, field="sealed")


def begin(events: Sequence[InboxEvent]) -> None:
    """Count the attempt before it is made, in a transaction of its own, so that one that kills the process is known.

    A begun event has no reason; whatever ends the attempt without closing it writes one (`wait`, `postpone`).
    """
    ids = [event.id for event in events]
    InboxEvent.objects.filter(id__in=ids).update(attempts=F("attempts") + 1, reason="")


def close(events: Iterable[InboxEvent], status: InboxEvent.Status, reason: str = "") -> None:
    """Close events as one status; run inside the transaction of their effect."""
    InboxEvent.objects.filter(id__in=[event.id for event in events]).update(
        status=status, reason=reason[:400], done_at=clock.now(), waits_for="", is_alone=False
    )


def wait(event: InboxEvent, *, waits_for: str, reason: str) -> None:
    """The event's thing needs another thing first; it wakes when that thing comes (`wake`)."""
    InboxEvent.objects.filter(id=event.id).update(
        status=InboxEvent.Status.WAITING, waits_for=waits_for[:160], reason=reason[:400]
    )


def wake(things: Iterable[str]) -> int:
    """Things have come: events that waited for them are due again, in their old order."""
    with database.cursor() as cursor:  # asked after every sale, and hardly ever finds anybody
        cursor.execute(
            "UPDATE hub_inboxevent SET status = 'new', due_at = %s, waits_for = ''"
            " WHERE status = 'waiting' AND waits_for = ANY(%s)",
            [clock.now(), list(things)],
        )
        return int(cursor.rowcount)


def postpone(events: Iterable[InboxEvent], reason: str) -> None:
    """Try again later (the database was busy): back off by the attempts so far."""
    for event in events:
        delay = timedelta(seconds=min(300, 2 ** min(event.attempts, 8)))
        InboxEvent.objects.filter(id=event.id).update(due_at=clock.now() + delay, reason=reason[:400])


def isolate_suspects() -> int:
    """Events that were begun and neither closed nor postponed: the process died with them. Next time each runs alone;
    after `MAX_ATTEMPTS` it is set aside for a person."""
    open_ones = InboxEvent.objects.filter(status=InboxEvent.Status.NEW, attempts__gt=0, reason="")
    open_ones.filter(attempts__gte=MAX_ATTEMPTS).update(
        status=InboxEvent.Status.SET_ASIDE, reason="stopped the worker again and again", done_at=clock.now()
    )
    return open_ones.filter(is_alone=False).update(is_alone=True)


def retry(event_id: UUID) -> bool:
    """A person wants a set-aside or waiting event tried again."""
    return bool(
        InboxEvent.objects.filter(
            id=event_id, status__in=[InboxEvent.Status.SET_ASIDE, InboxEvent.Status.WAITING]
        ).update(status=InboxEvent.Status.NEW, due_at=clock.now(), attempts=0, waits_for="", reason="")
    )  # fmt: skip


def has_due() -> bool:
    """Whether anything is due now. Asked at every look of the intake, so it is one plain statement; in the order in which events
    are taken, because a plain EXISTS reads the table from its start, past all that is done."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM hub_inboxevent WHERE status = 'new' AND due_at <= %s ORDER BY received_at, id LIMIT 1",
            [clock.now()],
        )
        return cursor.fetchone() is not None
