"""The circuit breaker of a connection: a vendor that failed so often in a row is left alone, and one call a minute asks.

The count is a row's, not a process's: all workers stop together, and the one that wins the row is the one that asks.
What waits meanwhile stays as it is and costs no attempt.
"""

from datetime import timedelta
from uuid import UUID

from django.db.models import F, Q, QuerySet

from apps.core import clock
from apps.hub.models import Connection, Delivery

LIMIT = 5
PAUSE = timedelta(minutes=1)


def is_open(connection: Connection) -> bool:
    """Whether it failed so often in a row that only one call a minute is made."""
    return connection.failures_in_a_row >= LIMIT


def count(connection_id: UUID) -> None:
    """One more failure that is the vendor's trouble and not one call's; from `LIMIT` on the connection is held."""
    Connection.objects.filter(id=connection_id, failures_in_a_row__lt=999).update(
        failures_in_a_row=F("failures_in_a_row") + 1
    )
    _broken(connection_id).update(held_until=clock.now() + PAUSE)


def may_ask(connection_id: UUID) -> bool:
    """Whether this call may be the one that asks whether the vendor is back; true where nothing is broken."""
    now = clock.now()
    is_free = Q(held_until=None) | Q(held_until__lte=now)
    if _broken(connection_id).filter(is_free).update(held_until=now + PAUSE):
        return True
    return not _broken(connection_id).exists()


def close(connection_id: UUID) -> None:
    """It answered: whatever waits may go at once."""
    Connection.objects.filter(id=connection_id).update(failures_in_a_row=0, held_until=None)


def put_back(delivery: Delivery, *, is_unsettled: bool) -> None:
    """A call that was claimed and may not be made now: it waits as if nobody had taken it. One whose earlier try nobody
    wrote down keeps a lease that has run out, because that is how the next claim knows.
    """
    Delivery.objects.filter(id=delivery.id, token=delivery.token).update(
        leased_until=clock.wall() if is_unsettled else None, leased_by="", attempts=F("attempts") - 1
    )


def _broken(connection_id: UUID) -> QuerySet[Connection]:
    return Connection.objects.filter(id=connection_id, failures_in_a_row__gte=LIMIT)
