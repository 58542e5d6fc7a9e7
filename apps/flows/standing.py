"""How the installation stands, for machines that watch it: asked of indexes alone, so that asking costs nothing and may be
done by anybody as often as they like; what is said holds no name, no secret and no number of orders.
"""

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import DatabaseError, InterfaceError
from django.db import connection as database

from apps.core import clock
from apps.hub.models import Connection, Delivery, InboxEvent, JobRun

# An age above this is trouble: a worker looks each second, a vendor that is asked again has a later due time.
LATE = timedelta(minutes=10)
# The timetable is looked at each second and has a job each minute.
SILENT = timedelta(minutes=5)
NIGHT_TAKES = timedelta(hours=6)
_SECONDS = 2.0
_held: list[tuple[float, "Standing"]] = []


@dataclass(frozen=True, slots=True)
class Standing:
    """Ages in seconds; None where there is nothing to be late, or nothing has been yet. `reasons` is empty when all is well."""

    has_database: bool = False
    inbox_age: float | None = None
    delivery_age: float | None = None
    beat_age: float | None = None
    night: str = ""
    is_night_well: bool = True
    reasons: list[str] = field(default_factory=list)


def now() -> Standing:
    """How it stands, at most two seconds ago."""
    if not _held or time.monotonic() - _held[0][0] > _SECONDS:
        _held[:] = [(time.monotonic(), look())]
    return _held[0][1]


def forget() -> None:
    """Look again at the next question (between tests)."""
    _held.clear()


def look() -> Standing:
    """How it stands at this moment; a database that does not answer is an answer."""
    try:
        at = clock.now()
        inbox, delivery, beat = _age(_oldest_event(at), at), _age(_oldest_delivery(at), at), _age(_last_beat(), at)
        night = JobRun.objects.filter(job="night").order_by("-period").first()
    except (DatabaseError, InterfaceError):
        database.close()
        return Standing(reasons=["database"])
    is_night_well = night is None or not (
        night.error or (night.finished_at is None and night.due_at < at - NIGHT_TAKES)
    )
    reasons = [
        reason
        for reason, is_so in (
            ("inbox late", inbox is not None and inbox > LATE.total_seconds()),
            ("deliveries late", delivery is not None and delivery > LATE.total_seconds()),
            ("no beat", beat is None or beat > SILENT.total_seconds()),
            ("night failed", not is_night_well),
        )
        if is_so
    ]
    return Standing(True, inbox, delivery, beat, night.period if night else "", is_night_well, reasons)


def _age(since: datetime | None, at: datetime) -> float | None:
    return None if since is None else max(0.0, (at - since).total_seconds())


def _oldest_event(at: datetime) -> datetime | None:
    """When the notice that has been due longest, in the order in which they are taken, fell due."""
    due = InboxEvent.objects.filter(status=InboxEvent.Status.NEW, due_at__lte=at)
    return due.order_by("received_at", "id").values_list("due_at", flat=True).first()


def _oldest_delivery(at: datetime) -> datetime | None:
    """The same of calls; one whose connection is paused or was asked to wait is late for nobody."""
    going = [
        row.id
        for row in Connection.objects.filter(status=Connection.Status.ACTIVE, paused_abilities=[])
        if row.held_until is None or row.held_until <= at
    ]
    due = Delivery.objects.filter(status__in=["due", "unknown"], due_at__lte=at, connection__in=going)
    return due.order_by("due_at", "id").values_list("due_at", flat=True).first()


def _last_beat() -> datetime | None:
    """The newest minute that a worker has written into the table of runs."""
    return JobRun.objects.filter(job="poll_orders").order_by("-period").values_list("due_at", flat=True).first()
