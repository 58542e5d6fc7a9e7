"""The marketplace's orders: pending, released, shipped in parcels or by Amazon itself; searched in pages, found by id.

A parcel is known by its number within its order: told again it is the same parcel, with what was told last.
"""

import base64
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from apps.sandbox import amazon_orders as orders
from apps.sandbox import book as books
from apps.sandbox.amazon_orders import State
from apps.sandbox.book import sale_of
from apps.sandbox.words import Sale
from apps.sandbox.world import Answer, Ask, World

SCHEMA = f"""{books.SCHEMA}
CREATE TABLE IF NOT EXISTS amazon_order (
    number TEXT PRIMARY KEY, is_pending INTEGER NOT NULL, is_amazons INTEGER NOT NULL, is_sent INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS amazon_package (
    seq INTEGER PRIMARY KEY, number TEXT NOT NULL, reference TEXT NOT NULL, carrier TEXT NOT NULL, tracking TEXT NOT NULL,
    shipped TEXT NOT NULL, made INTEGER NOT NULL, units BLOB NOT NULL, UNIQUE (number, reference));
"""
# The end of a window must lie so far back; what changed since is not in any list yet.
RECENT = timedelta(minutes=2)


class Refused(Exception):
    """A request that Amazon does not take."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.answer = refusal(status, code, message)


def refusal(status: int, code: str, message: str) -> Answer:
    """An error as every SP-API answers it."""
    return Answer(status, {"errors": [{"code": code, "message": message, "details": ""}]})


class Book(books.Book):
    """The orders, and what Amazon alone knows of them."""

    def __init__(self, world: World) -> None:
        super().__init__(world, "amazon")

    def take(self, sale: Sale, *, is_pending: bool, is_amazons: bool) -> sqlite3.Row:
        """Write a sale down."""
        self.db.execute(
            "INSERT INTO amazon_order (number, is_pending, is_amazons) VALUES (?, ?, ?)",
            (sale.number, is_pending, is_amazons),
        )
        return self.place(sale.number, sale)

    def mark(self, number: str, column: str, value: int) -> sqlite3.Row:
        """Released, or sent by Amazon: the order has changed."""
        self.db.execute(f"UPDATE amazon_order SET {column} = ? WHERE number = ?", (value, number))
        return self.touch(number)

    def state(self, row: sqlite3.Row) -> State:
        """What became of an order."""
        own = self.db.execute("SELECT * FROM amazon_order WHERE number = ?", (row["number"],)).fetchone()
        packages = self.packages(row["number"])
        fulfilled: dict[str, int] = {}
        for package in packages:
            for item in package["packageItems"]:
                fulfilled[item["orderItemId"]] = fulfilled.get(item["orderItemId"], 0) + item["quantity"]
        wanted = {id: line.quantity for id, line in orders.items(sale_of(row))}
        if own["is_sent"]:
            fulfilled = dict(wanted)
        status = "UNSHIPPED"
        if row["cancelled"] is not None:
            status = "CANCELLED"
        elif own["is_pending"]:
            status = "PENDING"
        elif fulfilled:
            status = "SHIPPED" if fulfilled == wanted else "PARTIALLY_SHIPPED"
        return State(
            placed=row["placed"], updated=row["updated"], status=status, is_amazons=bool(own["is_amazons"]),
            packages=packages, fulfilled=fulfilled,
        )  # fmt: skip

    def body(self, row: sqlite3.Row, data: Sequence[str]) -> dict[str, Any]:
        """An order as it is told; whoever is told knows from then on that it exists."""
        self.serve(row["id"])
        return orders.order_body(sale_of(row), self.state(row), data)

    # searchOrders, getOrder

    def search(self, ask: Ask) -> Answer:
        """`GET /orders/2026-01-01/orders`: a page by the time of the last change."""
        query, data = ask.query, _data(ask)
        if query.get("marketplaceIds", orders.MARKETPLACE) != orders.MARKETPLACE:
            return Answer(200, {"orders": []})
        if ("createdAfter" in query) == ("lastUpdatedAfter" in query) or "createdAfter" in query:
            raise Refused(400, "InvalidInput", "This stand-in is asked by lastUpdatedAfter alone.")
        since, until = _moment(query["lastUpdatedAfter"]), datetime.max.replace(tzinfo=UTC)
        if "lastUpdatedBefore" in query:
            until = _moment(query["lastUpdatedBefore"])
            if until > self.world.now() - RECENT:
                raise Refused(400, "InvalidInput", "lastUpdatedBefore must be at least two minutes ago.")
        after = _place(query["paginationToken"]) if query.get("paginationToken") else None
        limit = int(query.get("maxResultsPerPage", 100))
        if not 1 <= limit <= 100:
            raise Refused(400, "InvalidInput", "maxResultsPerPage must be between 1 and 100.")
        end = int(until.timestamp()) + 1 if until.year < 9999 else 2**40
        rows, has_more = self.changed(since=int(since.timestamp()), until=end, limit=limit, after=after)
        answer: dict[str, Any] = {"orders": [self.body(row, data) for row in rows]}
        if has_more:
            answer["pagination"] = {"nextToken": _token(rows[-1])}
        return Answer(200, answer)

    def get(self, ask: Ask, number: str) -> Answer:
        """`GET /orders/2026-01-01/orders/{orderId}`."""
        row = self.by_number(number)
        if row is None or row["is_forgotten"]:
            raise Refused(404, "NotFound", f"The order {number} was not found.")
        return Answer(200, {"order": self.body(row, _data(ask))})

    # confirmShipment

    def confirm(self, number: str, said: Mapping[str, Any]) -> dict[str, int] | None:
        """`POST /orders/v0/orders/{orderId}/shipmentConfirmation`: the units by SKU of a new parcel; None for one told again."""
        row = self.by_number(number)
        if row is None or row["is_forgotten"]:
            raise Refused(404, "NotFound", f"The order {number} was not found.")
        package, state = said["packageDetail"], self.state(row)
        reference = str(package["packageReferenceId"])
        if not reference.isdigit() or int(reference) < 1:
            raise Refused(400, "InvalidInput", "PackageReferenceId: is invalid, must be a positive numeric value.")
        if state.status not in ("UNSHIPPED", "PARTIALLY_SHIPPED", "SHIPPED") or state.is_amazons:
            raise Refused(400, "InvalidInput", f"The order {number} is {state.status} and cannot be confirmed.")
        known = dict(orders.items(sale_of(row)))
        before = self._units_of(number, reference)
        done = {id: count - before.get(id, 0) for id, count in (state.fulfilled or {}).items()}
        for item in package["orderItems"]:
            id, count = item["orderItemId"], int(item["quantity"])
            if id not in known or count < 1 or done.get(id, 0) + count > known[id].quantity:
                raise Refused(400, "InvalidInput", f"The quantity of the item {id} is invalid.")
            done[id] = done.get(id, 0) + count
        self.db.execute(
            "INSERT INTO amazon_package (number, reference, carrier, tracking, shipped, made, units)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (number, reference) DO UPDATE SET carrier = excluded.carrier,"
            " tracking = excluded.tracking, shipped = excluded.shipped, units = excluded.units",
            (
                number, reference, package.get("carrierName") or package["carrierCode"], package["trackingNumber"],
                package["shipDate"], self.now(), orjson.dumps(package["orderItems"]),
            ),
        )  # fmt: skip
        if before:
            return None
        units: dict[str, int] = {}
        for item in package["orderItems"]:
            sku = known[item["orderItemId"]].sku
            units[sku] = units.get(sku, 0) + int(item["quantity"])
        return units

    def _units_of(self, number: str, reference: str) -> dict[str, int]:
        row = self.db.execute(
            "SELECT units FROM amazon_package WHERE number = ? AND reference = ?", (number, reference)
        ).fetchone()
        return {item["orderItemId"]: item["quantity"] for item in orjson.loads(row["units"])} if row else {}

    def packages(self, number: str) -> list[dict[str, Any]]:
        """An order's parcels as they are told."""
        rows = self.db.execute("SELECT * FROM amazon_package WHERE number = ? ORDER BY seq", (number,)).fetchall()
        return [
            {
                "packageReferenceId": row["reference"],
                "createdTime": orders.iso(row["made"]),
                "packageStatus": {"status": "SHIPPED"},
                "carrier": row["carrier"],
                "shipTime": row["shipped"],
                "trackingNumber": row["tracking"],
                "packageItems": orjson.loads(row["units"]),
            }
            for row in rows
        ]

    def told(self) -> list[dict[str, Any]]:
        """Every parcel: order, tracking number, units by SKU."""
        told = []
        for row in self.db.execute("SELECT * FROM amazon_package ORDER BY seq").fetchall():
            skus = {id: line.sku for id, line in orders.items(sale_of(self.known(row["number"])))}
            units: dict[str, int] = {}
            for item in orjson.loads(row["units"]):
                sku = skus[item["orderItemId"]]
                units[sku] = units.get(sku, 0) + item["quantity"]
            told.append({"order": row["number"], "number": row["tracking"], "company": row["carrier"], "units": units})
        return told


def _data(ask: Ask) -> list[str]:
    wanted = [one for one in ask.query.get("includedData", "").split(",") if one]
    unknown = [one for one in wanted if one not in (*orders.ALL_DATA, "EXPENSE", "PROMOTION", "CANCELLATION", "TAX")]
    if unknown:
        raise Refused(400, "InvalidInput", f"includedData: {unknown}")
    return wanted


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        raise Refused(400, "InvalidInput", f"not a time: {text}") from None


def _token(row: sqlite3.Row) -> str:
    return base64.urlsafe_b64encode(f"{row['updated']}|{row['id']}".encode()).decode()


def _place(token: str) -> tuple[int, str]:
    try:
        updated, _, id = base64.urlsafe_b64decode(token).decode().partition("|")
        return int(updated), id
    except ValueError:
        raise Refused(400, "InvalidInput", "paginationToken") from None
