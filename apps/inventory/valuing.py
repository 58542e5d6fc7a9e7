"""What stock was worth at the end of any day: present levels less what moved since, so that the past never changes.

Per (location, variant), and per goods on their way to a location; in units and minor units of the home currency. One
statement each; movements of later days are found by the block index on their time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection as database

from apps.core import clock
from apps.core.money import round_minor

# One row a (place, article) with anything in it: goods on their way are a place of their own (`is_on_way`).
_ROWS = """
WITH later AS (
    SELECT level_id, sum(on_hand) AS units, sum(value_minor) AS minor FROM inventory_stockmovement WHERE at >= %(end)s GROUP BY 1
), found AS (
    SELECT l.location_id, l.variant_id, false AS is_on_way, l.on_hand - coalesce(later.units, 0) AS units,
        l.value_minor - coalesce(later.minor, 0) AS minor
    FROM inventory_stocklevel l LEFT JOIN later ON later.level_id = l.id
    UNION ALL
    SELECT t.destination_id, i.variant_id, true, sum(s.units), sum(s.value_minor) FROM inventory_transferstep s
    JOIN inventory_transferline i ON i.id = s.line_id JOIN inventory_transfer t ON t.id = i.transfer_id
    WHERE s.at < %(end)s GROUP BY 1, 2
), there AS (
    SELECT * FROM found WHERE (units <> 0 OR minor <> 0)
        AND (%(location)s::uuid IS NULL OR location_id = %(location)s::uuid)
)"""
_SUMS = f"""{_ROWS}
SELECT p.id, p.name, is_on_way, sum(units)::bigint, sum(minor)::bigint, count(*)::bigint
FROM there JOIN inventory_location p ON p.id = there.location_id
GROUP BY 1, 2, 3 ORDER BY p.name, p.id, is_on_way"""
_LINES = f"""{_ROWS}
SELECT p.id, p.name, is_on_way, v.id, v.sku, v.title, units::bigint, minor::bigint
FROM there JOIN inventory_location p ON p.id = there.location_id JOIN catalog_variant v ON v.id = there.variant_id
WHERE %(sku)s::text IS NULL OR (v.sku, p.id, is_on_way) > (%(sku)s::text, %(place)s::uuid, %(way)s::bool)
ORDER BY v.sku, p.id, is_on_way LIMIT %(limit)s"""
_BOOK = """
SELECT coalesce(sum(debit_minor) - sum(credit_minor), 0)::bigint FROM ledger_line l JOIN ledger_entry e ON e.id = l.entry_id
WHERE l.account_id = 'inventory' AND e.day <= %(day)s"""


@dataclass(frozen=True, slots=True)
class Place:
    """What lay at one location, or was on its way there: units, their value, and how many articles."""

    location: UUID
    name: str
    is_on_way: bool
    units: int
    minor: int
    articles: int


@dataclass(frozen=True, slots=True)
class Line:
    """Units of one article at one place and what they cost."""

    location: UUID
    place: str
    is_on_way: bool
    variant: UUID
    sku: str
    title: str
    units: int
    minor: int

    @property
    def each_minor(self) -> int | None:
        """What one unit cost on average, for people: the value itself is never made of it."""
        return round_minor(Decimal(self.minor) / self.units) if self.units else None

    @property
    def key(self) -> tuple[str, str, str]:
        """Where the line stands in the list, for the next page."""
        return self.sku, str(self.location), str(self.is_on_way).lower()


def end_of(day: date) -> datetime:
    """The first moment that is no longer of the shop's day."""
    return datetime.combine(day + timedelta(days=1), time.min, tzinfo=clock.shop_zone())


def places(day: date, *, location: UUID | None = None) -> list[Place]:
    """Value per place at the end of a day."""
    return [Place(*row) for row in _ask(_SUMS, day, location)]


def lines(
    day: date, *, location: UUID | None = None, after: tuple[str, str, str] | None = None, limit: int | None = None
) -> list[Line]:
    """Value per article and place at the end of a day, by SKU; `after` is the key of the line before."""
    sku, place, way = after or (None, None, None)
    return [Line(*row) for row in _ask(_LINES, day, location, sku=sku, place=place, way=way, limit=limit)]


def every_line(day: date, *, location: UUID | None = None, at_once: int = 2000) -> Iterator[Line]:
    """All of them, a few thousand at a time."""
    after = None
    while some := lines(day, location=location, after=after, limit=at_once):
        yield from some
        after = some[-1].key


def book(day: date) -> int:
    """What the ledger's account for goods says at the end of a day."""
    with database.cursor() as cursor:
        cursor.execute(_BOOK, {"day": day})
        return int(cursor.fetchone()[0])


def _ask(statement: str, day: date, location: UUID | None, **more: Any) -> Sequence[tuple[Any, ...]]:
    with database.cursor() as cursor:
        cursor.execute(statement, {"end": end_of(day), "location": location, **more})
        return cursor.fetchall()
