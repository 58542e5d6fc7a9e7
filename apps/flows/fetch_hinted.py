"""A notice that only says which thing has changed: it is fetched by its id, and the answer goes the way of every notice.

Nothing of the notice itself is believed. No call is made inside a transaction; what was fetched is stored in the same one
that closes the hints at it, by whoever still holds the lease.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import InterfaceError, OperationalError, transaction

from apps.core import clock, locks
from apps.hub import connections, errors, hints, inbox
from apps.hub.abilities import Event
from apps.hub.hints import Thing
from apps.hub.models import InboxEvent

log = structlog.get_logger()

FETCHING = "fetching"
BATCH = 100
LEASE_SECONDS = 120  # longer than one call may take
_LONGEST_WAIT_SECONDS = 600


def fetch(worker: str, *, limit: int = BATCH) -> int:
    """Fetch what is hinted at; returns how many things were. 0 also while another worker holds the lease.

    A connection that cannot be asked now is not asked further in this round, and does not stop the others.
    """
    if not hints.has_due():
        return 0
    held = locks.take(FETCHING, holder=worker, seconds=LEASE_SECONDS)
    if held is None:
        return 0
    silent: set[UUID] = set()
    fetched = 0
    for thing in hints.due(limit):
        if thing.connection_id in silent:
            continue
        locks.renew(held, seconds=LEASE_SECONDS)
        if _fetch(thing, held):
            fetched += 1
        else:
            silent.add(thing.connection_id)
    return fetched


def _fetch(thing: Thing, held: locks.Held) -> bool:
    """One thing; False where its connection cannot be asked now."""
    try:
        event = _asked(thing)
    except (OperationalError, InterfaceError):
        raise  # the house is at fault: the lane looks again
    except errors.Transient as error:
        seconds = error.retry_after if isinstance(error, errors.RateLimited) else None
        until = clock.now() + timedelta(seconds=seconds or _wait_seconds(thing))
        limited = until if isinstance(error, errors.RateLimited) else None
        connections.failed(thing.connection_id, str(error), held_until=limited)
        hints.put_off(thing.events, until=until, reason=str(error))
        return False
    except errors.Misconfigured as error:
        # It waits for a person with its connection, and goes on when that one is mended.
        connections.failed(thing.connection_id, str(error), reconnect=True)
        hints.put_off(thing.events, until=clock.now(), reason=str(error))
        return False
    except errors.Permanent as error:
        inbox.close(thing.events, InboxEvent.Status.SET_ASIDE, str(error))
    except Exception as error:
        log.exception("fetch.fault", thing=thing.hint.external_id)
        inbox.close(thing.events, InboxEvent.Status.SET_ASIDE, f"{type(error).__name__}: {error}")
    else:
        _keep(thing, event, held)
        connections.succeeded(thing.connection_id)
    return True


def _asked(thing: Thing) -> Event | None:
    live = connections.live(thing.connection_id)
    if live is None:
        raise errors.Permanent("its connection is gone")
    method, _ = hints.FETCHERS[thing.hint.kind]
    connector: Any = live.connector()
    event: Event | None = getattr(connector, method)(thing.hint.external_id)
    return event


def _keep(thing: Thing, event: Event | None, held: locks.Held) -> None:
    with transaction.atomic():
        locks.confirm(held)
        if event is None:
            inbox.close(thing.events, InboxEvent.Status.IGNORED, "the other side does not know it")
            return
        inbox.store_many([(thing.connection_id, event)])
        inbox.close(thing.events, InboxEvent.Status.DONE)


def _wait_seconds(thing: Thing) -> int:
    return int(min(_LONGEST_WAIT_SECONDS, 2 ** min(max(event.attempts for event in thing.events), 10)))
