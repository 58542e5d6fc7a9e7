"""The shop's orders: what became of their lines, what was refunded, and which parcels it was told of.

A fulfilment is made first and said to have left afterwards, in two calls. There is no key: whoever tells a parcel twice is
counted twice, as long as units are left.
"""

import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from apps.sandbox import book as books
from apps.sandbox.graphql import Json, Refused
from apps.sandbox.shopify_orders import Priced, number_of, priced
from apps.sandbox.vendure_orders import State, iso

MOST_ROWS = 1000
SCHEMA = f"""{books.SCHEMA}
CREATE VIEW IF NOT EXISTS vendure_order AS SELECT * FROM book WHERE channel = 'vendure';
CREATE TABLE IF NOT EXISTS vendure_line (
    id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL, sku TEXT NOT NULL, quantity INTEGER NOT NULL,
    fulfilled INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS vendure_line_order ON vendure_line (order_id, id);
CREATE TABLE IF NOT EXISTS vendure_cancellation (
    seq INTEGER PRIMARY KEY, id INTEGER NOT NULL, order_id INTEGER NOT NULL, at INTEGER NOT NULL, data TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS vendure_cancellation_order ON vendure_cancellation (order_id);
CREATE TABLE IF NOT EXISTS vendure_refund (
    seq INTEGER PRIMARY KEY, id INTEGER NOT NULL, order_id INTEGER NOT NULL, total INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS vendure_refund_order ON vendure_refund (order_id);
CREATE TABLE IF NOT EXISTS vendure_fulfilment (
    seq INTEGER PRIMARY KEY, id INTEGER NOT NULL UNIQUE, order_id INTEGER NOT NULL, number TEXT NOT NULL,
    method TEXT NOT NULL, state TEXT NOT NULL, units TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS vendure_fulfilment_order ON vendure_fulfilment (order_id);
"""


class Book(books.Book):
    """The orders, line by line."""

    def open(self, order: Priced) -> None:
        """An order's articles want to leave."""
        self.db.executemany(
            "INSERT INTO vendure_line (id, order_id, sku, quantity) VALUES (?, ?, ?, ?)",
            [
                (line.id, order.id, line.said.sku, line.said.quantity)
                for line in order.lines
                if line.said.kind == "item"
            ],
        )

    def state(self, row: sqlite3.Row) -> State:
        """What became of an order."""
        lines = self._rows("SELECT * FROM vendure_line WHERE order_id = ? ORDER BY id", row["id"])
        fulfilments = self._rows("SELECT * FROM vendure_fulfilment WHERE order_id = ? ORDER BY seq", row["id"])
        cancellations = self._rows("SELECT * FROM vendure_cancellation WHERE order_id = ? ORDER BY seq", row["id"])
        refunds = self._rows("SELECT * FROM vendure_refund WHERE order_id = ? ORDER BY seq", row["id"])
        return State(
            left={line["id"]: line["quantity"] for line in lines},
            cancellations=[
                {"id": str(one["id"]), "createdAt": iso(one["at"]), "data": Json(orjson.loads(one["data"]))}
                for one in cancellations
            ],
            refunds=[{"id": str(one["id"]), "total": one["total"], "state": "Settled"} for one in refunds],
            fulfilments=[
                {
                    "id": str(one["id"]), "state": one["state"], "trackingCode": one["number"],
                    "units": sum(orjson.loads(one["units"]).values()),
                }
                for one in fulfilments
            ],
            placed=row["placed"],
            updated=row["updated"],
            is_cancelled=row["cancelled"] is not None,
        )  # fmt: skip

    def _rows(self, words: str, order: int) -> list[sqlite3.Row]:
        return self.db.execute(words, (order,)).fetchall()

    # The Admin API's lists

    def page(self, options: Mapping[str, Any]) -> list[sqlite3.Row]:
        """A page of `orders`: those of some ids, or those that changed between two moments."""
        take, skip = int(options.get("take", MOST_ROWS)), int(options.get("skip", 0))
        if take > MOST_ROWS:
            raise Refused(f"Cannot take more than {MOST_ROWS} results from a list query", "USER_INPUT_ERROR")
        wanted = options.get("filter") or {}
        if "id" in wanted:
            found = [self.by_id(int(id)) for id in wanted["id"]["in"] if id.isdigit()]
            return [row for row in found if row is not None and not row["is_forgotten"]][skip : skip + take]
        window = (wanted.get("updatedAt") or {}).get("between") or {"start": "1970-01-01", "end": "9999-01-01"}
        # Texts are compared there: "…:05" lies before "…:05.000", so that a bound's own second is left out at the
        # beginning and is in at the end, whatever its fraction.
        since, until = (_seconds(window[name]) + 1 for name in ("start", "end"))
        if "id" in (options.get("sort") or {}):
            rows, _ = self.changed(since=since, until=until, limit=1_000_000)
            return sorted(rows, key=lambda row: row["id"])[skip : skip + take]
        rows, _ = self.changed(since=since, until=until, limit=skip + take)
        return rows[skip:]

    # Called off and given back

    def call_off(self, order: Priced, units: Mapping[int, int], reason: str) -> dict[str, int]:
        """Take units off lines (`line id -> units`); answers those that had not left, by SKU."""
        freed: dict[str, int] = {}
        taken = []
        for line in self._rows("SELECT * FROM vendure_line WHERE order_id = ? ORDER BY id", order.id):
            count = min(units.get(line["id"], 0), line["quantity"])
            if not count:
                continue
            taken.append({"orderLineId": line["id"], "quantity": count})
            freed[line["sku"]] = freed.get(line["sku"], 0) + min(count, line["quantity"] - line["fulfilled"])
            self.db.execute("UPDATE vendure_line SET quantity = quantity - ? WHERE id = ?", (count, line["id"]))
        if taken:
            before = self.db.execute("SELECT count(*) FROM vendure_cancellation").fetchone()[0]
            data = orjson.dumps({"lines": taken, "reason": reason, "shippingCancelled": False}).decode()
            self.db.execute(
                "INSERT INTO vendure_cancellation (id, order_id, at, data) VALUES (?, ?, ?, ?)",
                (number_of("vendure entry", order.id, before), order.id, self.now(), data),
            )
        return freed

    def refund(self, order: int, total: int) -> str:
        """Money given back, in minor units; its id."""
        before = len(self._rows("SELECT 1 FROM vendure_refund WHERE order_id = ?", order))
        id = number_of("vendure refund", order, before)
        self.db.execute("INSERT INTO vendure_refund (id, order_id, total) VALUES (?, ?, ?)", (id, order, total))
        return str(id)

    # Parcels

    def fulfil(self, wanted: Mapping[str, Any], lines: list[sqlite3.Row]) -> dict[str, Any]:
        """A fulfilment of these lines, each with what is asked for: made, and not yet said to have left."""
        arguments = {one["name"]: one["value"] for one in wanted["handler"]["arguments"]}
        counts = {int(one["orderLineId"]): one["quantity"] for one in wanted["lines"]}
        units: dict[str, int] = {}
        for line in lines:
            units[line["sku"]] = units.get(line["sku"], 0) + counts[line["id"]]
            self.db.execute(
                "UPDATE vendure_line SET fulfilled = fulfilled + ? WHERE id = ?", (counts[line["id"]], line["id"])
            )
        order = lines[0]["order_id"]
        before = len(self._rows("SELECT 1 FROM vendure_fulfilment WHERE order_id = ?", order))
        id = number_of("vendure fulfilment", order, before)
        self.db.execute(
            "INSERT INTO vendure_fulfilment (id, order_id, number, method, state, units) VALUES (?, ?, ?, ?, ?, ?)",
            (
                id, order, arguments.get("trackingCode", ""), arguments.get("method", ""), "Pending",
                orjson.dumps(units).decode(),
            ),
        )  # fmt: skip
        return {"__typename": "Fulfillment", "id": str(id), "state": "Pending", "units": units}

    def told(self) -> list[dict[str, Any]]:
        """Every fulfilment: order, tracking number, carrier, state, units."""
        rows = self.db.execute(
            "SELECT o.number AS name, f.* FROM vendure_fulfilment f JOIN vendure_order o ON o.id = f.order_id"
            " ORDER BY f.seq"
        ).fetchall()
        return [
            {
                "order": row["name"], "number": row["number"], "company": row["method"], "state": row["state"],
                "units": orjson.loads(row["units"]),
            }
            for row in rows
        ]  # fmt: skip


def order_of(row: sqlite3.Row) -> Priced:
    """The sale as it was placed."""
    return priced(books.sale_of(row))


def _seconds(text: str) -> int:
    at = datetime.fromisoformat(text)
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())
