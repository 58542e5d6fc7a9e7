"""The shop's orders as its lists tell them; their states, notes and refunds, and the parcels that notes tell of.

The shop knows no parcel: a note is a note, and the status is a word. Its ledger reads the last line of our notes, so that
what it was told can be counted.
"""

import re
import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson

from apps.sandbox import book as books
from apps.sandbox import woocommerce_orders as orders
from apps.sandbox.shopify_orders import Priced, number_of, priced
from apps.sandbox.woocommerce_orders import SITE_ZONE, times
from apps.sandbox.woocommerce_shelf import refusal
from apps.sandbox.words import Sale
from apps.sandbox.world import Answer

SCHEMA = f"""{books.SCHEMA}
CREATE TABLE IF NOT EXISTS woocommerce_order (id INTEGER PRIMARY KEY, status TEXT NOT NULL, completed INTEGER);
CREATE VIEW IF NOT EXISTS woocommerce_book AS
    SELECT b.*, o.status, o.completed FROM book b JOIN woocommerce_order o ON o.id = b.id WHERE b.channel = 'woocommerce';
CREATE TABLE IF NOT EXISTS woocommerce_refund (
    id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL, body BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS woocommerce_refund_order ON woocommerce_refund (order_id);
CREATE TABLE IF NOT EXISTS woocommerce_note (
    seq INTEGER PRIMARY KEY, id INTEGER NOT NULL, order_id INTEGER NOT NULL, at INTEGER NOT NULL, note TEXT NOT NULL,
    is_customers INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS woocommerce_note_order ON woocommerce_note (order_id);
CREATE TABLE IF NOT EXISTS woocommerce_parcel (
    seq INTEGER PRIMARY KEY, reference TEXT NOT NULL, number TEXT NOT NULL, company TEXT NOT NULL, units TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS woocommerce_parcel_reference ON woocommerce_parcel (reference);
"""
STATUSES = ("pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed")
_RECORD = re.compile(r"\[Kurogo ([^:\]]+): ([0-9x ]*)\]\s*$")
_ALL = 1_000_000


class Book(books.Book):
    """Orders, refunds, notes."""

    def open(self, sale: Sale) -> sqlite3.Row:
        """Write a sale down."""
        id = priced(sale).id
        self.place(id, sale)
        self.db.execute("INSERT INTO woocommerce_order VALUES (?, ?, NULL)", (id, orders.status_of(sale.payment)))
        return self.order(id)

    def order(self, id: int) -> sqlite3.Row:
        """An order with its status."""
        row: sqlite3.Row = self.db.execute("SELECT * FROM woocommerce_book WHERE id = ?", (id,)).fetchone()
        return row

    def page(self, query: Mapping[str, str]) -> tuple[list[sqlite3.Row], Answer]:
        """`/orders`: rows, and an answer with the list's headers and no body yet, or a refusal."""
        size, number = int(query.get("per_page", 10)), int(query.get("page", 1))
        if not 1 <= size <= 100:
            return [], refusal(400, "rest_invalid_param", "Invalid parameter(s): per_page")
        if query.get("orderby", "date") != "modified" or query.get("order", "desc") != "asc":
            return [], refusal(400, "rest_invalid_param", "this stand-in lists orders by modified, ascending")
        after = _moment(query, "modified_after", -1) + 1
        excluded = {int(id) for id in query.get("exclude", "").split(",") if id}
        found, _ = self.changed(since=after, until=_moment(query, "modified_before", 1 << 40), limit=_ALL)
        rows = self.db.execute("SELECT id FROM woocommerce_order WHERE status = 'trash'").fetchall()
        excluded |= {row["id"] for row in rows}
        listed = [row["id"] for row in found if row["id"] not in excluded]
        start = int(query["offset"]) if "offset" in query else (number - 1) * size
        headers = {"X-WP-Total": str(len(listed)), "X-WP-TotalPages": str(-(-len(listed) // size))}
        return [self.order(id) for id in listed[start : start + size]], Answer(200, [], headers)

    def body(self, row: sqlite3.Row) -> dict[str, Any]:
        """An order as the REST API tells it."""
        return orders.order_body(
            sold(row), status=row["status"], placed=row["placed"], updated=row["updated"], completed=row["completed"],
            refunds=self.refunds(row["id"]),
        )  # fmt: skip

    def become(self, id: int, status: str) -> sqlite3.Row:
        """Another status."""
        self.touch(id, is_cancelled=status == "cancelled")
        done = self.now() if status == "completed" else None
        self.db.execute(
            "UPDATE woocommerce_order SET status = ?, completed = coalesce(completed, ?) WHERE id = ?",
            (status, done, id),
        )
        return self.order(id)

    # Refunds

    def refund(
        self, row: sqlite3.Row, units: Mapping[str, int], reason: str
    ) -> tuple[sqlite3.Row, dict[str, int], int]:
        """Units by SKU go back: the order then, what went back by SKU, and the refund's id."""
        order, left = sold(row), dict(units)
        given = self.given(row["id"])
        by_line: dict[int, int] = {}
        back: dict[str, int] = {}
        for line in order.lines:
            if not line.needs_shipping:
                continue
            sku = line.said.sku
            count = min(left.get(sku, 0), line.said.quantity - given.get(line.id, 0))
            by_line[line.id], left[sku] = count, left.get(sku, 0) - count
            back[sku] = back.get(sku, 0) + count
        row = self.become(row["id"], row["status"])
        id = number_of("refund", row["id"], row["updated"])
        body = orders.refund_body(order, id=id, at=row["updated"], reason=reason, units=by_line)
        self.db.execute("INSERT INTO woocommerce_refund VALUES (?, ?, ?)", (id, row["id"], orjson.dumps(body)))
        if sum(Decimal(one["amount"]) for one in self.refunds(row["id"])) >= Decimal(self.body(row)["total"]):
            self.db.execute("UPDATE woocommerce_order SET status = 'refunded' WHERE id = ?", (row["id"],))
        return self.order(row["id"]), back, id

    def refunds(self, order: int) -> list[dict[str, Any]]:
        """An order's refunds, the newest first."""
        rows = self.db.execute("SELECT body FROM woocommerce_refund WHERE order_id = ? ORDER BY rowid DESC", (order,))
        return [orjson.loads(row["body"]) for row in rows.fetchall()]

    def given(self, order: int) -> dict[int, int]:
        """Units that went back, by the order's line."""
        units: dict[int, int] = {}
        for body in self.refunds(order):
            for line in body["line_items"]:
                id = int(line["meta_data"][0]["value"])
                units[id] = units.get(id, 0) - line["quantity"]
        return units

    # Notes

    def note(self, row: sqlite3.Row, text: str, *, is_customers: bool) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """Keep a note: the note, and the parcel that it tells of."""
        before = len(self.notes(row["id"]))
        id, at = (number_of("note", row["id"]) << 8) + before, self.now()
        self.db.execute(
            "INSERT INTO woocommerce_note (id, order_id, at, note, is_customers) VALUES (?, ?, ?, ?, ?)",
            (id, row["id"], at, text, is_customers),
        )
        (kept,) = self.db.execute("SELECT * FROM woocommerce_note WHERE id = ?", (id,)).fetchall()
        return _note(kept), self._parcel(row, text)

    def notes(self, order: int) -> list[dict[str, Any]]:
        """An order's notes, the newest first."""
        rows = self.db.execute(
            "SELECT * FROM woocommerce_note WHERE order_id = ? ORDER BY seq DESC", (order,)
        ).fetchall()
        return [_note(row) for row in rows]

    def _parcel(self, row: sqlite3.Row, text: str) -> dict[str, Any] | None:
        record = _RECORD.search(text)
        if record is None:
            return None
        skus = {str(line.id): line.said.sku for line in sold(row).lines}
        units: dict[str, int] = {}
        for id, _, count in (pair.partition("x") for pair in record[2].split()):
            units[skus.get(id, id)] = units.get(skus.get(id, id), 0) + int(count)
        reference = record[1].partition(" ")[0]
        company, _, number = text.partition("\n")[0].rpartition(" ")
        told = {"order": row["number"], "number": number, "company": company, "units": units}
        self.db.execute(
            "INSERT INTO woocommerce_parcel (reference, number, company, units) VALUES (?, ?, ?, ?)",
            (reference, number, company, orjson.dumps(told).decode()),
        )
        return told | {"reference": reference}

    def told(self) -> list[dict[str, Any]]:
        """Every parcel: order, tracking number, carrier, units."""
        rows = self.db.execute("SELECT units FROM woocommerce_parcel ORDER BY seq").fetchall()
        return [orjson.loads(row["units"]) for row in rows]


def sold(row: sqlite3.Row) -> Priced:
    """The sale as it was placed."""
    return priced(books.sale_of(row))


def _note(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "id": row["id"], "author": "system", **times("date_created", row["at"]), "note": row["note"],
        "customer_note": bool(row["is_customers"]),
    }  # fmt: skip


def _moment(query: Mapping[str, str], name: str, default: int) -> int:
    """A bound in seconds. WordPress takes a time without a zone as the site's own, moves one with a zone to the site's, and
    compares either with the column as it stands: GMT where `dates_are_gmt`, else the site's.
    """
    if name not in query:
        return default
    at = datetime.fromisoformat(query[name])
    bare = at.astimezone(SITE_ZONE).replace(tzinfo=None) if at.tzinfo else at
    is_gmt = query.get("dates_are_gmt", "false") in ("true", "1")
    return int(bare.replace(tzinfo=UTC if is_gmt else SITE_ZONE).timestamp())
