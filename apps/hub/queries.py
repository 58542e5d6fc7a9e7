"""What staff ask of connections: how each one is, what waits, and the log of what came in and went out.

The log is read newest first by id (ids sort by birth), one connection at a time, each state by its own index range.
"""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from django.db import connection as database
from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet

from apps.hub.models import Connection, Delivery, FileRun, InboxEntry, InboxEvent, SetAsideRow

MOST = 1000
STATES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    # word of the filter: states of deliveries, states of inbox events
    "person": (("waiting",), ("set_aside",)),
    "unknown": (("unknown",), ()),
    "waiting": (("due",), ("new", "waiting")),
    "failed": (("dead",), ()),
    "shadowed": (("shadowed",), ()),
}
_COUNTS = """
SELECT c.id, s.status, (
    SELECT count(*) FROM (
        SELECT 1 FROM hub_delivery d WHERE d.connection_id = c.id AND d.status = s.status LIMIT %s
    ) AS bounded
) FROM hub_connection c CROSS JOIN (VALUES ('due'), ('unknown'), ('waiting')) AS s(status)
UNION ALL
SELECT connection_id, status, count(*) FROM (
    SELECT connection_id, status FROM hub_inboxevent WHERE status IN ('set_aside') LIMIT %s
) AS aside GROUP BY connection_id, status
"""


def waiting_by_connection() -> dict[UUID, dict[str, int]]:
    """For each connection how many deliveries are due, unknown or waiting for a person, and how many notices are set aside;
    each count stops at `MOST` + 1."""
    found: dict[UUID, dict[str, int]] = defaultdict(dict)
    with database.cursor() as cursor:
        cursor.execute(_COUNTS, [MOST + 1, MOST + 1])
        for connection, status, count in cursor.fetchall():
            found[connection][status] = count
    return found


def deliveries(connections: Sequence[UUID], *, state: str, before: UUID | None, limit: int) -> list[Delivery]:
    """The newest calls of these connections, older than `before`; every state is read by its own range of the index."""
    states = STATES[state][0] if state else tuple(status.value for status in Delivery.Status)
    parts = []
    for connection in connections:
        for status in states:
            rows = Delivery.objects.filter(connection=connection, status=status)
            parts.append((rows.filter(id__lt=before) if before else rows).order_by("-id").values("id")[:limit])
    if not parts:
        return []
    ids = parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]
    return list(
        Delivery.objects.filter(id__in=ids).defer("sealed").select_related("connection").order_by("-id")[:limit]
    )


def entries(connection: UUID, *, before: UUID | None, limit: int) -> list[InboxEntry]:
    """The newest bodies that a connection sent, older than `before`, each with the notices in it."""
    rows = InboxEntry.objects.filter(connection=connection)
    events = InboxEvent.objects.defer("sealed").order_by("part")
    rows = rows.filter(id__lt=before) if before else rows
    return list(rows.defer("sealed").order_by("-id").prefetch_related(Prefetch("events", events))[:limit])


def events(connections: Sequence[UUID], *, state: str, before: UUID | None, limit: int) -> list[InboxEvent]:
    """The newest notices of these connections in one of `STATES`, older than `before`."""
    rows = InboxEvent.objects.filter(status__in=STATES[state][1], connection__in=connections)
    rows = rows.filter(id__lt=before) if before else rows
    return list(rows.defer("sealed").select_related("connection", "entry").order_by("-id")[:limit])


def undecided() -> QuerySet[Delivery]:
    """Calls that wait for a person, all connections."""
    return Delivery.objects.filter(status=Delivery.Status.WAITING, connection__in=Connection.objects.values("id"))


def file_runs(connection: UUID, *, limit: int) -> list[FileRun]:
    """The newest files of a connection with how many rows of each were set aside."""
    rows = FileRun.objects.filter(connection=connection).annotate(aside=Count("set_aside")).order_by("-id")
    return list(rows.select_related("event")[:limit])


def set_aside(run: FileRun) -> QuerySet[SetAsideRow]:
    """Rows of a file that could not be taken."""
    return SetAsideRow.objects.filter(run=run).defer("sealed")


def needing_a_person() -> QuerySet[Connection]:
    """Connections that will not go on by themselves: to be reconnected, or with a call or a file that waits for a decision."""
    stuck = Delivery.objects.filter(connection=OuterRef("pk"), status=Delivery.Status.WAITING)
    stopped = undecided_files().order_by().filter(connection=OuterRef("pk"))
    return Connection.objects.filter(Q(status=Connection.Status.NEEDS_RECONNECT) | Exists(stuck) | Exists(stopped))


def undecided_files() -> QuerySet[FileRun]:
    """Files that a breaker stopped and nobody has decided about, oldest first."""
    return FileRun.objects.filter(stopped_at__isnull=False, decision="").select_related("connection").order_by("id")
