"""A number that is missing between two orders is an order that nobody told us of: the channel is asked for that span at once.

Only where a channel numbers without gaps (`Manifest.is_numbered`). A number that is not there after three looks (an order that
was deleted, a test) is left alone; where many are missing the channel does not count without gaps after all.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from apps.core import clock
from apps.core.ids import uuid7
from apps.flows import poll_orders, repairs
from apps.hub import connections, errors, registry
from apps.hub.models import Connection, MissingNumber, Repair
from apps.orders.models import Order

LOOKS_BACK = timedelta(days=1)
# More than so many between two neighbours, or in all, are no gap but another way to count.
MOST = 20
_WAITS = (timedelta(minutes=2), timedelta(minutes=15))
_DIGITS = re.compile(r"(\d+)\D*$")


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers that are missing, and when the order before them was placed."""

    numbers: tuple[int, ...]
    since: datetime


def look_all() -> int:
    """Every numbered channel; returns how many notices were new. One that fails does not stop the others."""
    new = 0
    for connection in connections.with_ability("orders"):
        manifest = registry.manifests().get(connection.connector)
        if (
            manifest is None
            or not manifest.is_numbered
            or (connection.held_until and connection.held_until > clock.now())
        ):
            continue
        try:
            new += look(connection)
        except errors.VendorError as error:
            connections.failed(connection.id, str(error), reconnect=isinstance(error, errors.Misconfigured))
    return new


def look(connection: Connection) -> int:
    """Ask one channel for what is missing between its orders; returns how many notices were new. Raises vendor errors."""
    now = clock.now()
    found = gaps(_known(connection, now))
    missing = {number: gap.since for gap in found for number in gap.numbers}
    asked = {row.number: row for row in MissingNumber.objects.filter(connection=connection, number__in=missing)}
    due = [number for number in missing if number not in asked or _is_due(asked[number], now)]
    if not due:
        return 0
    new = poll_orders.read(
        connection, min(missing[number] for number in due) - poll_orders.OVERLAP, now, by=Repair.By.GAP
    )
    for number in due:
        row = asked.get(number) or MissingNumber(id=uuid7(), connection=connection, number=number, found_at=now)
        row.asked += 1
        row.ask_at = now + _WAITS[min(row.asked, len(_WAITS)) - 1]
        row.save()
    return new or 0


@dataclass(frozen=True, slots=True)
class Numbered:
    """An order by its number; `is_settled`: it came so long ago that notices of those before it have come, too."""

    number: int
    placed_at: datetime
    is_settled: bool


def gaps(orders: Iterable[Numbered]) -> list[Gap]:
    """What is missing between neighbours. Pure."""
    known = sorted({one.number: one for one in orders}.values(), key=lambda one: one.number)
    found = [
        Gap(tuple(range(low.number + 1, high.number)), min(low.placed_at, high.placed_at))
        for low, high in pairwise(known)
        if 1 < high.number - low.number <= MOST + 1 and high.is_settled
    ]
    return found if sum(len(gap.numbers) for gap in found) <= MOST else []


def _known(connection: Connection, now: datetime) -> list[Numbered]:
    """Orders of the last day by the digits at the end of their numbers."""
    rows = Order.objects.filter(channel=connection, placed_at__gte=now - LOOKS_BACK)
    return [
        Numbered(int(found.group(1)[-18:]), placed_at, taken_at <= now - repairs.GRACE)
        for number, placed_at, taken_at in rows.values_list("external_number", "placed_at", "taken_at")
        if (found := _DIGITS.search(number))
    ]


def _is_due(row: MissingNumber, now: datetime) -> bool:
    return row.asked <= len(_WAITS) and row.ask_at <= now
