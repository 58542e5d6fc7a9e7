"""What a connection did not tell of by itself, and a look or the night had to find: the signal that notices are being lost.

A healthy connection has none. A channel that does not call us has nothing to lose: what a look brings is its ordinary way.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import connection as database
from django.db.models import F, QuerySet, Sum

from apps.core import clock
from apps.core.ids import uuid7
from apps.hub import connections, errors, external_ids, registry
from apps.hub.abilities import Event
from apps.hub.contracts import OrderDraft
from apps.hub.models import Connection, InboxEvent, Repair
from apps.orders.models import Order
from apps.orders.states import Lifecycle

# A notice may take so long; what is younger is not lost.
GRACE = timedelta(minutes=2)

_ADD = """
INSERT INTO hub_repair (id, connection_id, day, by, kind, count) VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (day, connection_id, by, kind) DO UPDATE SET count = hub_repair.count + excluded.count
"""


def count(connection_id: UUID, found: int, *, kind: str, by: str = Repair.By.NIGHT) -> None:
    """Add to a connection's counter of repairs, and to the day's."""
    if not found:
        return
    if by == Repair.By.NIGHT:
        Connection.objects.filter(id=connection_id).update(repaired_count=F("repaired_count") + found)
    with database.cursor() as cursor:
        cursor.execute(_ADD, [uuid7(), connection_id, clock.business_date(), by, kind, found])


def count_lost(connection: Connection, events: Sequence[Event], *, until: datetime, by: str) -> int:
    """Of what a look has read and nobody knew yet: how many orders and cancellations no notice told of, though it had time to.

    Call it before the events are stored.
    """
    manifest = registry.manifests().get(connection.connector)
    if manifest is None or not manifest.webhook or connection.last_heard_at is None:
        return 0
    late = [event for event in events if event.at <= until - GRACE]
    if not late:
        return 0
    known = InboxEvent.objects.filter(connection=connection)
    stored = set(known.filter(event_id__in=[event.id for event in late]).values_list("event_id", flat=True))
    fresh = [event for event in late if event.id not in stored]
    told = known.filter(subject__in=[event.subject for event in fresh if event.subject], status__in=["new", "waiting"])
    coming = set(told.values_list("subject", flat=True))
    drafts = [draft for event in fresh if event.subject not in coming for draft in _orders(connection, event)]
    ours = external_ids.find(connection.id, "order", [draft.external_id for draft in drafts])
    open_ones = set(Order.objects.filter(id__in=ours.values(), lifecycle=Lifecycle.OPEN).values_list("id", flat=True))
    orders = {draft.external_id for draft in drafts
              if draft.external_id not in ours and draft.placed_at >= connection.created_at}  # fmt: skip
    cancels = {draft.external_id for draft in drafts if draft.is_cancelled and ours.get(draft.external_id) in open_ones}
    count(connection.id, len(orders), kind=Repair.Kind.ORDER, by=by)
    count(connection.id, len(cancels), kind=Repair.Kind.CANCEL, by=by)
    return len(orders) + len(cancels)


def _orders(connection: Connection, event: Event) -> list[OrderDraft]:
    live = connections.live(connection.id)
    try:
        words = live.connector().read(event.topic, event.raw) if live else ()
    except errors.Unreadable:
        return []  # the intake shows it
    return [word for word in words if isinstance(word, OrderDraft)]


def _told(rows: QuerySet[Repair]) -> QuerySet[Repair]:
    """What a notice should have told of; numbers that somebody edited are no lost notices."""
    return rows.exclude(kind=Repair.Kind.STOCK)


def of_today() -> dict[UUID, dict[str, int]]:
    """connection -> who found it -> how many things it did not tell of today."""
    found: dict[UUID, dict[str, int]] = {}
    rows = _told(Repair.objects.filter(day=clock.business_date())).order_by().values_list("connection", "by")
    for connection, by, units in rows.annotate(units=Sum("count")):
        found.setdefault(connection, {})[by] = units
    return found


def by_day(connection_id: UUID, *, last: date, days: int) -> list[tuple[date, int, int]]:
    """(day, found by a look, found by the night only) of the days up to `last`, oldest first; days without any are 0."""
    rows = _told(Repair.objects.filter(connection=connection_id, day__gt=last - timedelta(days=days), day__lte=last))
    sums: dict[tuple[date, bool], int] = {}
    for day, by, units in rows.values_list("day", "by", "count"):
        key = (day, by == Repair.By.NIGHT)
        sums[key] = sums.get(key, 0) + units
    each = [last - timedelta(days=back) for back in reversed(range(days))]
    return [(day, sums.get((day, False), 0), sums.get((day, True), 0)) for day in each]
