"""The shop's orders as its Admin API lists them, and its refunds."""

import re
import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from apps.sandbox import book as books
from apps.sandbox import shopify_orders as orders
from apps.sandbox.graphql import Refused, cursor, first_of, place_of
from apps.sandbox.shopify_orders import Priced

SCHEMA = f"""{books.SCHEMA}
CREATE VIEW IF NOT EXISTS shopify_order AS SELECT * FROM book WHERE channel = 'shopify';
CREATE TABLE IF NOT EXISTS shopify_refund (
    id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL, body BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS shopify_refund_order ON shopify_refund (order_id);
"""
_WINDOW = re.compile(r"updated_at:(>=|<)'([^']+)'")


class Book(books.Book):
    """The orders and their refunds."""

    def page(self, args: Mapping[str, Any]) -> tuple[list[sqlite3.Row], dict[str, Any]]:
        """A page of `orders(query: "updated_at:…", sortKey: UPDATED_AT)` and its `pageInfo`."""
        if args.get("sortKey") != "UPDATED_AT":
            raise Refused("this shop lists orders by UPDATED_AT alone")
        bounds = dict(_WINDOW.findall(args.get("query") or ""))
        since = _seconds(bounds.get(">=", "1970-01-01T00:00:00Z"))
        until = _seconds(bounds.get("<", "9999-01-01T00:00:00Z"))
        updated, _, id = place_of(args.get("after")).partition("|")
        after = (int(updated), int(id)) if updated else None
        rows, has_more = self.changed(since=since, until=until, limit=first_of(args), after=after)
        end = cursor(f"{rows[-1]['updated']}|{rows[-1]['id']}") if rows else None
        return rows, {"hasNextPage": has_more, "endCursor": end}

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


def priced(row: sqlite3.Row) -> Priced:
    """The sale as it was placed."""
    return orders.priced(books.sale_of(row))


def times(row: sqlite3.Row) -> dict[str, Any]:
    """When it was placed, changed, called off."""
    return {"placed": row["placed"], "updated": row["updated"], "cancelled": row["cancelled"]}


def _seconds(text: str) -> int:
    try:
        return int(datetime.fromisoformat(text).astimezone(UTC).timestamp())
    except ValueError:
        raise Refused(f"not a time: {text}") from None
