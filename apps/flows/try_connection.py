"""Try a connection before it goes live: does the vendor let us in, what would the first look bring? Then the first import.

A trial keeps nothing of what it reads; none of this writes at the vendor. A worker asks, so that no page waits for one.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import structlog

from apps.catalog import services as catalog
from apps.core import clock, money
from apps.flows import poll_orders, take_listings
from apps.hub import abilities, connections, errors, registry, trials
from apps.hub.abilities import Event
from apps.hub.contracts import OrderDraft
from apps.hub.models import Connection, Cursor, Trial

log = structlog.get_logger()

SHOWN = 10
# A test call that only reads, where the connector has none of its own.
_GLANCE = timedelta(minutes=10)


def work() -> int:
    """Make one trial that is waiting, if any; how many were made."""
    trial = trials.claim()
    if trial is None:
        return 0
    try:
        live = connections.live(trial.connection_id, anew=True)  # somebody has just changed it
        if live is None:
            raise errors.Misconfigured("the connection is gone")
        found = _MAKE[Trial.Kind(trial.kind)](live, trial)
    except errors.VendorError as error:
        trials.settle(trial, is_ok=False, reason=str(error))
    except Exception as error:  # a fault of ours in a connector must not keep the person waiting
        log.exception("trial.fault", connection=str(trial.connection_id))
        trials.settle(trial, is_ok=False, reason=f"{type(error).__name__}: {error}")
    else:
        trials.settle(trial, is_ok=True, found=found)
    return 1


def begin_reading(connection: Connection, since: datetime) -> None:
    """Where the first look for orders begins: earlier ones are the old system's."""
    read_until = since + poll_orders.OVERLAP
    Cursor.objects.update_or_create(
        connection=connection, name="orders", defaults={"read_until": read_until, "read_at": since}
    )


def _check(live: connections.Live, _trial: Trial) -> dict[str, Any]:
    connector = live.connector()
    if choices := _lacking(connector, live):
        return {"told": {}, "choices": choices}
    if hasattr(connector, "check"):
        told = dict(connector.check())
        connections.keep_expiries(live.connection, told)
        return {"told": {name: text for name, text in told.items() if not name.startswith("expires_at:")}}
    if hasattr(connector, "changed_orders"):
        now = clock.now()
        next(iter(connector.changed_orders(now - _GLANCE, now)), None)
        return {"told": {"orders": "readable"}}
    return {"told": {}}


def _preview(live: connections.Live, trial: Trial) -> dict[str, Any]:
    """The first orders that a look from `since` on would take in, in figures; what could not be read, with its reason."""
    connector, now = live.connector(), clock.now()
    orders, unread = [], []
    for event in islice(_events(connector, trial.since or now - _GLANCE, now), SHOWN):
        try:
            drafts = [word for word in connector.read(event.topic, event.raw) if isinstance(word, OrderDraft)]
        except errors.Unreadable as error:
            unread.append(str(error)[:200])
            continue
        orders += [_shown(draft) for draft in drafts]
    known = catalog.find_ids(sku for order in orders for sku in order["skus"])
    for order in orders:
        order["unknown"] = [sku for sku in order["skus"] if sku not in known]
    return {"orders": orders[:SHOWN], "unread": unread, "is_all": len(orders) + len(unread) < SHOWN}


def _lacking(connector: Any, live: connections.Live) -> dict[str, Any]:
    """Settings that are still empty and that the vendor offers choices for: a person chooses, then it is tried again."""
    if not isinstance(connector, abilities.Chooser):
        return {}
    offered = connector.choices() if not all(_filled(live)) else {}
    return {
        name: [list(pair) for pair in pairs]
        for name, pairs in offered.items()
        if not live.connection.settings.get(name)
    }


def _filled(live: connections.Live) -> list[bool]:
    manifest = registry.manifest(live.connection.connector)
    return [bool(live.connection.settings.get(name)) for name in manifest.asked if name not in manifest.secrets]


def _import(live: connections.Live, trial: Trial) -> dict[str, Any]:
    """The articles that the other side lists, then its orders: what the timetable would bring in its own time."""
    able = registry.manifest(live.connection.connector).abilities
    found = {}
    if "catalogue" in able:
        found["listings"] = take_listings.refresh(live.connection, makes_variants=trial.makes_variants)
    if "orders" in able:
        found["orders"] = poll_orders.poll(live.connection)
    return found


def _events(connector: Any, since: datetime, until: datetime) -> Iterator[Event]:
    for page in connector.changed_orders(since, until):
        yield from page


def _shown(draft: OrderDraft) -> dict[str, Any]:
    items = [line for line in draft.lines if line.kind == "item"]
    return {
        "number": draft.number,
        "placed_at": draft.placed_at.isoformat(),
        "total": money.Money(draft.total_minor, draft.currency).display(),
        "units": sum(line.quantity for line in items),
        "payment": draft.payment_method,
        "is_cancelled": draft.is_cancelled,
        "skus": sorted({line.sku for line in items if line.sku}),
    }


_MAKE = {Trial.Kind.CHECK: _check, Trial.Kind.PREVIEW: _preview, Trial.Kind.IMPORT: _import}
