"""Ask channels for what their notices may not have told: an overlapping window, through the inbox, repeats add nothing."""

from datetime import datetime, timedelta

from django.db.models import F

from apps.channels.manners import manners
from apps.core import clock
from apps.core.ids import uuid7
from apps.hub import connections, errors, inbox
from apps.hub.models import Connection, Cursor

# Vendors' clocks and search indexes lag; each look goes back this far over the last one.
OVERLAP = timedelta(minutes=10)
FIRST_LOOK = timedelta(days=1)


def poll_all() -> int:
    """Every channel that can be asked; one that fails is noted on its connection and does not stop the others."""
    found = 0
    for connection in connections.with_ability("orders"):
        if connection.held_until and connection.held_until > clock.now():
            continue
        try:
            found += poll(connection)
        except errors.VendorError as error:
            connections.failed(connection.id, str(error), reconnect=isinstance(error, errors.Misconfigured))
    return found


def poll(connection: Connection) -> int:
    """Read what changed since the last look; returns how many notices were new. Raises vendor errors."""
    live = connections.live(connection.id)
    if live is None:
        return 0
    until = clock.now()
    since = window_start(connection, "orders", until) - manners(connection).order_lag
    new = 0
    for page in live.connector().changed_orders(since, until + OVERLAP):  # the vendor's clock may be ahead of ours
        new += inbox.store_many((connection.id, event) for event in page).new
    read_until(connection, "orders", until)
    connections.succeeded(connection.id)
    return new


def window_start(connection: Connection, name: str, until: datetime) -> datetime:
    """Where a look begins: the last one's end less the overlap."""
    last = Cursor.objects.filter(connection=connection, name=name).values_list("read_until", flat=True).first()
    return (last or until - FIRST_LOOK) - OVERLAP


def read_until(connection: Connection, name: str, until: datetime) -> None:
    """Remember how far was read; written after everything of the window is safe in the inbox."""
    row, _ = Cursor.objects.get_or_create(
        connection=connection, name=name, defaults={"id": uuid7(), "read_until": until, "read_at": clock.now()}
    )
    Cursor.objects.filter(id=row.id).update(read_until=until, read_at=clock.now(), looks=F("looks") + 1)
