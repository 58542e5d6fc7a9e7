"""The shop's book of orders: what was sold, what became of it, who was told and who asked.

Times count whole seconds, as the vendor's do, and `updated` rises with every change. What is lost until night is in no
list.
"""

import re
import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import orjson

from apps.sandbox import shopify_orders as orders
from apps.sandbox.graphql import Refused, cursor, first_of, place_of
from apps.sandbox.shopify_orders import Priced
from apps.sandbox.words import Sale
from apps.sandbox.world import World

SCHEMA = """
CREATE TABLE IF NOT EXISTS shopify_order (
    id INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE, placed INTEGER NOT NULL, told INTEGER NOT NULL,
    updated INTEGER NOT NULL, cancelled INTEGER, is_forgotten INTEGER NOT NULL DEFAULT 0, is_served INTEGER NOT NULL DEFAULT 0,
    is_heard INTEGER NOT NULL DEFAULT 0, is_weighed INTEGER NOT NULL DEFAULT 0, is_named INTEGER NOT NULL DEFAULT 0,
    sale BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS shopify_order_updated ON shopify_order (updated, id);
CREATE INDEX IF NOT EXISTS shopify_order_unweighed ON shopify_order (id) WHERE is_weighed = 0;
CREATE INDEX IF NOT EXISTS shopify_order_unheard ON shopify_order (id) WHERE is_heard = 0;
CREATE INDEX IF NOT EXISTS shopify_order_forgotten ON shopify_order (id) WHERE is_forgotten;
CREATE TABLE IF NOT EXISTS shopify_refund (
    id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL, body BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS shopify_refund_order ON shopify_refund (order_id);
"""
_WINDOW = re.compile(r"updated_at:(>=|<)'([^']+)'")
_CHANGED = """
SELECT * FROM shopify_order o WHERE (updated, id) > (?, ?) AND updated < ? AND NOT is_forgotten AND NOT EXISTS (
    SELECT 1 FROM lost l WHERE l.standin = 'shopify' AND l.thing = 'order:' || o.number AND l.until IS NULL)
ORDER BY updated, id LIMIT ?"""
_TAKEN = """
SELECT 1 FROM notice WHERE thing = ? AND hook = 'shopify' AND state = 'sent' AND status BETWEEN 200 AND 299 LIMIT 1"""


class Book:
    """The orders table and its refunds."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.db = world.db

    def now(self) -> int:
        """Business time in whole seconds."""
        return int(self.world.now().timestamp())

    def by_id(self, id: int) -> sqlite3.Row | None:
        """One order."""
        found: sqlite3.Row | None = self.db.execute("SELECT * FROM shopify_order WHERE id = ?", (id,)).fetchone()
        return found

    def by_number(self, number: str) -> sqlite3.Row | None:
        """One order by its name."""
        found: sqlite3.Row | None = self.db.execute(
            "SELECT * FROM shopify_order WHERE number = ?", (number,)
        ).fetchone()
        return found

    def known(self, number: str) -> sqlite3.Row:
        """One order by its name. Raises LookupError."""
        row = self.by_number(number)
        if row is None:
            raise LookupError(f"the shop has no order {number}")
        return row

    def place(self, order: Priced, *, at: datetime) -> sqlite3.Row:
        """Write a sale down. It changed when it came in, which is not before now: no list may miss it for being late."""
        placed, told = int(at.timestamp()), max(int(at.timestamp()), self.now())
        row: sqlite3.Row = self.db.execute(
            "INSERT INTO shopify_order (id, number, placed, told, updated, sale) VALUES (?, ?, ?, ?, ?, ?) RETURNING *",
            (order.id, order.sale.number, placed, told, told, msgspec.json.encode(order.sale)),
        ).fetchone()
        return row

    def touch(self, id: int, *, is_cancelled: bool = False) -> sqlite3.Row:
        """Something of the order has changed."""
        row: sqlite3.Row = self.db.execute(
            "UPDATE shopify_order SET updated = max(updated + 1, ?), cancelled = coalesce(cancelled, ?) WHERE id = ?"
            " RETURNING *",
            (self.now(), self.now() if is_cancelled else None, id),
        ).fetchone()
        return row

    def forget(self, id: int) -> None:
        """The shop knows the order no longer."""
        self.db.execute("UPDATE shopify_order SET is_forgotten = 1, is_weighed = 1 WHERE id = ?", (id,))

    def serve(self, id: int) -> None:
        """Whoever asks for it by any query knows from then on that it exists."""
        self.db.execute("UPDATE shopify_order SET is_served = 1 WHERE id = ? AND is_served = 0", (id,))

    def changed(self, args: Mapping[str, Any]) -> tuple[list[sqlite3.Row], dict[str, Any]]:
        """A page of `orders(query: "updated_at:…", sortKey: UPDATED_AT)` and its `pageInfo`."""
        if args.get("sortKey") != "UPDATED_AT":
            raise Refused("this shop lists orders by UPDATED_AT alone")
        bounds = dict(_WINDOW.findall(args.get("query") or ""))
        since = _seconds(bounds.get(">=", "1970-01-01T00:00:00Z"))
        until = _seconds(bounds.get("<", "9999-01-01T00:00:00Z"))
        first, after = first_of(args), place_of(args.get("after"))
        updated, _, id = after.partition("|") if after else (str(since), "", "-1")
        rows = self.db.execute(_CHANGED, (int(updated), int(id), until, first + 1)).fetchall()
        page = rows[:first]
        end = cursor(f"{page[-1]['updated']}|{page[-1]['id']}") if page else None
        return page, {"hasNextPage": len(rows) > first, "endCursor": end}

    def keep_refund(self, order: int, body: dict[str, Any]) -> None:
        """A refund in the webhook's form."""
        self.db.execute("INSERT INTO shopify_refund VALUES (?, ?, ?)", (body["id"], order, orjson.dumps(body)))

    def refund(self, id: int) -> dict[str, Any] | None:
        """One refund in the webhook's form."""
        row = self.db.execute("SELECT body FROM shopify_refund WHERE id = ?", (id,)).fetchone()
        return orjson.loads(row["body"]) if row else None

    def refunds(self, order: int) -> list[dict[str, Any]]:
        """An order's refunds in the webhook's form."""
        rows = self.db.execute("SELECT body FROM shopify_refund WHERE order_id = ? ORDER BY id", (order,)).fetchall()
        return [orjson.loads(row["body"]) for row in rows]

    # What a night finds

    def missing_here(self) -> list[str]:
        """Orders that were never told and never served, each on its first night."""
        self._hear()
        rows = self.db.execute(
            "UPDATE shopify_order SET is_named = 1 WHERE is_weighed = 0 AND is_heard = 0 AND is_served = 0"
            " AND is_named = 0 AND placed <= ? RETURNING number",
            (self.now(),),
        ).fetchall()
        return sorted(row["number"] for row in rows)

    def missing_there(self) -> list[str]:
        """Announced orders that the shop has forgotten: those it was told to, those of the day that the plan hits."""
        self._hear()
        rows = self.db.execute(
            "UPDATE shopify_order SET is_weighed = 1 WHERE is_weighed = 0 AND is_heard = 1 AND placed <= ?"
            " RETURNING id, number",
            (self.now(),),
        ).fetchall()
        for row in rows:
            if self.world.plan.hits("forgotten", row["number"]):
                self.forget(row["id"])
        gone = self.db.execute(
            "UPDATE shopify_order SET is_named = 1 WHERE is_forgotten AND is_heard AND NOT is_named RETURNING number"
        ).fetchall()
        return sorted(row["number"] for row in gone)

    def _hear(self) -> None:
        """Note which orders were announced: a notice of theirs was taken."""
        rows = self.db.execute(
            "SELECT id, number FROM shopify_order WHERE is_heard = 0 AND (is_weighed = 0 OR is_forgotten)"
        ).fetchall()
        taken = [row["id"] for row in rows if self.db.execute(_TAKEN, (f"order:{row['number']}",)).fetchone()]
        self.db.executemany("UPDATE shopify_order SET is_heard = 1 WHERE id = ?", [(id,) for id in taken])


def priced(row: sqlite3.Row) -> Priced:
    """The sale as it was placed."""
    return orders.priced(msgspec.json.decode(row["sale"], type=Sale))


def times(row: sqlite3.Row) -> dict[str, Any]:
    """When it was placed, changed, called off."""
    return {"placed": row["placed"], "updated": row["updated"], "cancelled": row["cancelled"]}


def _seconds(text: str) -> int:
    try:
        return int(datetime.fromisoformat(text).astimezone(UTC).timestamp())
    except ValueError:
        raise Refused(f"not a time: {text}") from None
