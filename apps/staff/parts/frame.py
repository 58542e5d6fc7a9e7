"""What stands around every page of the staff UI: the work queues and the figures in the rail, in one bounded statement."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef

from apps.channels import linking
from apps.channels import queries as channels
from apps.core import clock, counting
from apps.hub import queries as hub
from apps.hub.models import Connection
from apps.orders import queries as orders
from apps.reconciliation import queries as reconciliation
from apps.shipping import queries as shipping


@dataclass(frozen=True, slots=True)
class Waiting:
    """One queue with its figure. `urgency` colours the figure only while there is something in the queue."""

    queue: orders.Queue
    count: int

    @property
    def shown(self) -> str:
        """The figure as it is read."""
        return counting.shown(self.count)

    @property
    def urgency(self) -> str:
        """How the figure is coloured."""
        return self.queue.urgency if self.count else ""


def frame(
    now: datetime | None = None, *, queue: str = "", also: dict[str, Any] | None = None
) -> tuple[dict[str, Any], dict[str, int]]:
    """Context for the rail, and the counts themselves; `also` are further rows to be counted in the same statement."""
    now = now or clock.now()
    wanted: dict[str, Any] = dict(orders.queues(now))
    stopped = channels.stops().filter(connection=OuterRef("pk"))
    wanted |= {
        "staff:pack": shipping.to_do(),
        "staff:night": reconciliation.undecided(),
        "staff:connections": hub.needing_a_person() | Connection.objects.filter(Exists(stopped.order_by())),
        "staff:listings": linking.unlinked(),
    }
    found = counting.capped(wanted | (also or {}))
    rail = {
        "staff:pack": _figure(found["staff:pack"], ""),
        "staff:night": _figure(found["staff:night"], "act"),
        "staff:connections": _figure(found["staff:connections"], "bad"),
        # What a channel lists and nobody has linked is told nothing: it stands on the rail until somebody looks.
        "staff:stock": _figure(found["staff:listings"], "bad"),
        "staff:listings": _figure(found["staff:listings"], "bad"),
    }
    waiting = [Waiting(row, found[row.name]) for row in orders.QUEUES]
    context = {
        "queues": waiting,
        "queue_name": queue,
        "counts": {name: figure for name, figure in rail.items() if figure},
        "counted_at": now,
    }
    return context, found


def _figure(count: int, urgency: str) -> dict[str, Any] | None:
    return {"n": count, "text": counting.shown(count), "is": urgency} if count else None
