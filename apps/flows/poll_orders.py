"""Ask channels for what their notices may not have told: an overlapping window, through the inbox, repeats add nothing."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F

from apps.channels.manners import manners
from apps.channels.models import ChannelRule
from apps.core import clock
from apps.core.ids import uuid7
from apps.flows import repairs
from apps.hub import connections, errors, inbox, registry
from apps.hub.models import Connection, Cursor, Repair

# Vendors' clocks and search indexes lag; each look goes back this far over the last one.
OVERLAP = timedelta(minutes=10)
FIRST_LOOK = timedelta(days=1)
# A turn that comes a few seconds early is its turn, or every second one would be missed.
SLACK = timedelta(seconds=20)


def poll_due() -> int:
    """Every channel that can be asked and whose turn it is; one that fails is noted on its connection and does not stop the
    others.
    """
    found = 0
    channels = connections.with_ability("orders")
    read = dict(Cursor.objects.filter(connection__in=channels, name="orders").values_list("connection", "read_at"))
    rules = dict(ChannelRule.objects.filter(connection__in=channels).values_list("connection", "poll_minutes"))
    for connection in channels:
        last = read.get(connection.id)
        if last is not None and clock.now() < last + cadence(connection, rules.get(connection.id)) - SLACK:
            continue
        if connection.held_until and connection.held_until > clock.now():
            continue
        try:
            found += poll(connection)
        except errors.VendorError as error:
            connections.failed(connection.id, str(error), reconnect=isinstance(error, errors.Misconfigured),
                               is_trouble=isinstance(error, errors.Transient))  # fmt: skip
    return found


def cadence(connection: Connection, minutes: int | None) -> timedelta:
    """How often a channel's orders are asked for: as the operator says for all, the merchant for it, or its connector."""
    if settings.POLL_MINUTES:
        return timedelta(0)
    if minutes:
        return timedelta(minutes=minutes)
    return registry.manifest(connection.connector).asked_every


def poll(connection: Connection) -> int:
    """Read what changed since the last look; returns how many notices were new. Raises vendor errors."""
    until = clock.now()
    since = window_start(connection, "orders", until) - manners(connection).order_lag
    new = read(connection, since, until, by=Repair.By.POLL)
    if new is None:
        return 0
    read_until(connection, "orders", until)
    connections.succeeded(connection.id)
    return new


def read(connection: Connection, since: datetime, until: datetime, *, by: str) -> int | None:
    """Everything that changed in a span, into the inbox; how many notices were new, None where nobody can be asked.

    What no notice told of is counted. Raises vendor errors.
    """
    live = connections.live(connection.id)
    if live is None:
        return None
    new = 0
    for page in live.connector().changed_orders(since, until + OVERLAP):  # the vendor's clock may be ahead of ours
        repairs.count_lost(live.connection, page, until=until, by=by)
        new += inbox.store_many((connection.id, event) for event in page).new
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
