"""The mall's orders by how far they have come: searched by their dates, confirmed, paid for, shipped.

A search knows no date of a change but these. Each step is written once: who confirms or ships again finds it done.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from apps.sandbox import book as books
from apps.sandbox.rakuten_orders import number_of, order_model
from apps.sandbox.words import Sale
from apps.sandbox.world import micros

SCHEMA = f"""{books.SCHEMA}
CREATE TABLE IF NOT EXISTS rakuten_order (
    number TEXT PRIMARY KEY, progress INTEGER NOT NULL, confirmed INTEGER, fixed INTEGER, reported INTEGER,
    confirmations INTEGER NOT NULL DEFAULT 0, is_unfixed INTEGER NOT NULL DEFAULT 0,
    is_mended INTEGER NOT NULL DEFAULT 0);
CREATE VIEW IF NOT EXISTS rakuten_shown AS
    SELECT b.id, b.placed, b.visible, b.updated, b.cancelled, b.is_forgotten, b.sale, o.* FROM rakuten_order o
    JOIN book b ON b.channel = 'rakuten' AND b.number = o.number;
CREATE TABLE IF NOT EXISTS rakuten_shipment (
    id INTEGER PRIMARY KEY, order_number TEXT NOT NULL, number TEXT NOT NULL, company TEXT NOT NULL, date TEXT NOT NULL,
    at INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS rakuten_shipment_order ON rakuten_shipment (order_number, id);
"""
TO_CONFIRM, AT_RAKUTEN, TO_SHIP, SHIPPED, CANCELLED = 100, 200, 300, 500, 900
TAKES_SHIPMENTS = frozenset({300, 400, 500, 600, 700})
DATES = {1: "placed", 2: "confirmed", 3: "fixed", 4: "reported", 5: "reported", 6: "reported"}
# Rakuten asks the card's bank, or waits for the customer at the till: between so many seconds.
SOONEST, LATEST = 20, 600


@dataclass(frozen=True, slots=True)
class Said:
    """One message of the order functions: INFO or ERROR, its code's tail and its words."""

    is_error: bool
    code: str
    words: str


class Book(books.Book):
    """The orders with their progress and their shipments."""

    def open(self, sale: Sale) -> sqlite3.Row:
        """Write a sale down: it waits for the shop's confirmation."""
        row = self.place(sale.number, sale)
        self.db.execute("INSERT INTO rakuten_order (number, progress) VALUES (?, ?)", (sale.number, TO_CONFIRM))
        return row

    def shown(self, number: str) -> sqlite3.Row | None:
        """An order with everything that is known of it; None where the mall does not know it (any more)."""
        found: sqlite3.Row | None = self.db.execute(
            "SELECT * FROM rakuten_shown WHERE number = ? AND NOT is_forgotten", (number,)
        ).fetchone()
        return found

    def search(
        self, *, date: int, since: int, until: int, progress: Sequence[int], page: int, size: int
    ) -> tuple[list[str], int]:
        """Numbers of a page, by order date, and how many there are in all; a mall that lags shows an order only then."""
        field = DATES[date]
        marks = ",".join("?" * len(progress))
        words = f"""FROM rakuten_shown WHERE {field} BETWEEN ? AND ? AND visible <= ? AND NOT is_forgotten
            {f"AND progress IN ({marks})" if progress else ""}"""
        values = (since, until, self.now(), *progress)
        total = self.db.execute(f"SELECT count(*) {words}", values).fetchone()[0]
        rows = self.db.execute(
            f"SELECT number {words} ORDER BY placed, number LIMIT ? OFFSET ?", (*values, size, (page - 1) * size)
        ).fetchall()
        return [row["number"] for row in rows], int(total)

    def model(self, number: str) -> dict[str, Any] | None:
        """An order as getOrder tells it, and whoever asked knows from now on that it exists."""
        row = self.shown(number)
        if row is None:
            return None
        self.serve(row["id"])
        return order_model(row, shipments=self.shipments(number))

    def shipments(self, number: str) -> list[dict[str, Any]]:
        """What was put on an order."""
        rows = self.db.execute(
            "SELECT * FROM rakuten_shipment WHERE order_number = ? ORDER BY id", (number,)
        ).fetchall()
        return [
            {
                "shippingDetailId": row["id"],
                "shippingNumber": row["number"],
                "deliveryCompany": row["company"],
                "deliveryCompanyName": None,
                "shippingDate": row["date"],
            }
            for row in rows
        ]

    # Steps

    def confirm(self, number: str) -> Said:
        """注文確認: the payment is Rakuten's affair from here on, for a while."""
        row = self.shown(number)
        if row is None:
            return Said(True, "CONFIRM_ORDER_ERROR_101", "指定された注文番号は存在しません。")
        if row["progress"] == CANCELLED:
            return Said(True, "CONFIRM_ORDER_ERROR_102", "指定された注文番号は既にキャンセルされています。")
        if row["progress"] != TO_CONFIRM:
            return Said(True, "CONFIRM_ORDER_ERROR_103", "指定された注文番号は既にステータスが変更されています。")
        if row["is_unfixed"]:
            return Said(True, "CONFIRM_ORDER_ERROR_105", "指定された注文番号は金額が未設定です。")
        self.db.execute(
            "UPDATE rakuten_order SET progress = ?, confirmed = ?, confirmations = confirmations + 1 WHERE number = ?",
            (AT_RAKUTEN, self.now(), number),
        )
        self.touch(row["id"])
        share = self.world.plan.number("rakuten_pays", number)
        wait = timedelta(seconds=SOONEST + int(share * (LATEST - SOONEST)))
        self.world.later("rakuten", "pay", {"number": number}, at=self.world.now() + wait)
        return Said(False, "CONFIRM_ORDER_INFO_101", "注文確認に成功しました。")

    def pay(self, number: str) -> bool:
        """The money is sure: the order may be packed. Nothing where it was paid for, or called off, before."""
        row = self.shown(number)
        if row is None or row["progress"] != AT_RAKUTEN:
            return False
        self.db.execute(
            "UPDATE rakuten_order SET progress = ?, fixed = ? WHERE number = ?", (TO_SHIP, self.now(), number)
        )
        self.touch(row["id"])
        return True

    def leave_open(self, number: str, *, is_open: bool) -> None:
        """Carriage is not fixed yet; or the shop has fixed it now, which Rakuten dates nowhere."""
        self.db.execute(
            "UPDATE rakuten_order SET is_unfixed = ?, is_mended = is_mended OR ? WHERE number = ?",
            (is_open, not is_open, number),
        )

    def cancel(self, number: str) -> None:
        """キャンセル確定."""
        row = self.touch(self.known(number)["id"], is_cancelled=True)
        self.db.execute("UPDATE rakuten_order SET progress = ? WHERE number = ?", (CANCELLED, row["number"]))

    def ship(self, number: str, wanted: Sequence[Mapping[str, Any]]) -> list[tuple[Said, int | None]]:
        """発送完了報告: shipments of one destination, added each time they are told without an id. A date closes the order."""
        row = self.shown(number)
        if row is None or row["progress"] not in TAKES_SHIPMENTS:
            words = "指定された注文番号は、発送完了報告が出来る状態ではありませんでした。"
            return [(Said(True, "UPDATE_ORDERSHIPPING_ERROR_102", words), None)]
        told: list[tuple[Said, int | None]] = []
        for one in wanted:
            before = self.db.execute("SELECT count(*) FROM rakuten_shipment").fetchone()[0]
            id = number_of("shipment", number, before)
            self.db.execute(
                "INSERT INTO rakuten_shipment VALUES (?, ?, ?, ?, ?, ?)",
                (
                    id, number, one.get("shippingNumber") or "", one["deliveryCompany"], one.get("shippingDate") or "",
                    micros(self.world.now()),
                ),
            )  # fmt: skip
            told.append((Said(False, "UPDATE_ORDERSHIPPING_INFO_101", "発送情報の追加設定が完了しました。"), id))
        if row["progress"] == TO_SHIP and any(one.get("shippingDate") for one in wanted):
            self.db.execute(
                "UPDATE rakuten_order SET progress = ?, reported = ? WHERE number = ?", (SHIPPED, self.now(), number)
            )
        self.touch(row["id"])
        return told

    def told(self) -> list[dict[str, Any]]:
        """Every shipment: order, number, company, date; what was in it Rakuten is not told."""
        rows = self.db.execute("SELECT * FROM rakuten_shipment ORDER BY at, rowid").fetchall()
        return [
            {"order": row["order_number"], "number": row["number"], "company": row["company"], "date": row["date"]}
            for row in rows
        ]


def seconds(text: str) -> int:
    """`2026-11-23T10:00:00+0900` to seconds. Raises ValueError."""
    at = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z")
    return int(at.astimezone(UTC).timestamp())
