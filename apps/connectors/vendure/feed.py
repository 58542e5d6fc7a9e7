"""Which orders changed in a window: every one, however many share a second and whatever changes while we read.

On SQLite Vendure's clock ticks in whole seconds, so that no second ends a page: the next one begins with the second that the
last one ended with, and a second that fills a page alone is read by id. Offsets are used there only: an order that changes
leaves its second, and what stood behind it moves up, so those pages overlap.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

from apps.connectors.vendure import codes
from apps.connectors.vendure.client import Client

SECOND = timedelta(seconds=1)


class Feed:
    """The list of changed orders of one shop, `rows` at a time."""

    def __init__(self, client: Client, rows: int) -> None:
        self._client = client
        self._rows = rows

    def pages(self, since: datetime, until: datetime, *, least: int) -> Iterator[list[str]]:
        """Ids of placed orders that changed in [since, until), in whole seconds, oldest change first; no page but the last is
        shorter than `least`, and none ends within a second.
        """
        page: list[str] = []
        for _second, rows in groupby(self._changed(since, until), key=lambda row: whole(row[0])):
            page += [id for _, id in rows]
            if len(page) >= least:
                yield page
                page = []
        if page:
            yield page

    def _changed(self, since: datetime, until: datetime) -> list[tuple[datetime, str]]:
        found: dict[str, datetime] = {}
        start, end = whole(since), whole(until + SECOND - timedelta(microseconds=1))
        while start < end:
            page = self._page(start, end, {"updatedAt": "ASC"})
            found |= page
            if len(page) < self._rows:
                break
            last = whole(max(page.values()))
            if last <= start:
                found |= self._one_second(start)
                last = start + SECOND
            start = last
        return sorted(((at, id) for id, at in found.items()), key=lambda row: (row[0], _by_number(row[1])))

    def _one_second(self, second: datetime) -> dict[str, datetime]:
        found: dict[str, datetime] = {}
        skip = 0
        while True:
            page = self._page(second, second + SECOND, {"id": "ASC"}, skip=skip)
            found |= page
            if len(page) < self._rows:
                return found
            skip += max(1, self._rows - self._rows // 5)

    def _page(self, start: datetime, end: datetime, sort: Mapping[str, str], *, skip: int = 0) -> dict[str, datetime]:
        """At most `rows` of [start, end).

        SQLite compares texts: a whole second that was kept without a fraction lies before its own ".000". A millisecond
        less at both ends says the same for either, and on every database.
        """
        window = {"start": _text(start - timedelta(milliseconds=1)), "end": _text(end - timedelta(milliseconds=1))}
        options = {
            "take": self._rows, "skip": skip, "sort": sort,
            "filter": {
                "updatedAt": {"between": window}, "orderPlacedAt": {"isNull": False}, "type": {"eq": codes.REGULAR},
            },
        }  # fmt: skip
        items: list[dict[str, Any]] = self._client.call("ChangedOrders", {"options": options})["orders"]["items"]
        return {item["id"]: codes.moment(item["updatedAt"]) for item in items}


def whole(at: datetime) -> datetime:
    """The second that holds a moment."""
    return at.astimezone(UTC).replace(microsecond=0)


def _text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _by_number(id: str) -> tuple[int, str]:
    return (int(id), "") if id.isdigit() else (0, id)
