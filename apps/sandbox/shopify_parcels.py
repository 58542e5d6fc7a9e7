"""What the shop was told has left: fulfilment orders, each at one location, whose units run out as they are fulfilled.

There is no key here, as at the vendor: whoever tells a parcel twice is counted twice, as long as units are left. A move
takes a whole fulfilment order along, or makes a new one of the units that are moved; one that is at the new location
already is closed, and its units go into the new one.
"""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from apps.sandbox.graphql import Nodes
from apps.sandbox.shopify_orders import Priced, gid, number_of
from apps.sandbox.shopify_stock import LOCATION, LOCATIONS
from apps.sandbox.world import World, micros

SCHEMA = """
CREATE TABLE IF NOT EXISTS shopify_part (
    id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL, location INTEGER NOT NULL, status TEXT NOT NULL DEFAULT 'OPEN',
    hold TEXT NOT NULL DEFAULT '', is_pinned INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS shopify_part_order ON shopify_part (order_id, id);
CREATE TABLE IF NOT EXISTS shopify_line (
    id INTEGER PRIMARY KEY, part INTEGER NOT NULL, line INTEGER NOT NULL, sku TEXT NOT NULL, quantity INTEGER NOT NULL,
    fulfilled INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS shopify_line_part ON shopify_line (part, id);
CREATE TABLE IF NOT EXISTS shopify_fulfilment (
    seq INTEGER PRIMARY KEY, id INTEGER NOT NULL, order_id INTEGER NOT NULL, number TEXT NOT NULL,
    company TEXT NOT NULL, at INTEGER NOT NULL, units TEXT NOT NULL, location INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS shopify_fulfilment_order ON shopify_fulfilment (order_id);
"""
_NO_ORDER = "Fulfillment order does not exist, or cannot be fulfilled."


@dataclass(slots=True)
class Done:
    """What became of a `fulfillmentCreate`; `order_id` 0 when it was refused."""

    payload: dict[str, Any]
    order_id: int = 0
    number: str = ""
    units: dict[str, int] = field(default_factory=dict)


class Parcels:
    """Fulfilment orders (here: parts of an order), and fulfilments."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.db = world.db

    def open(self, order: Priced) -> None:
        """An order's articles want to leave, all from the main location until somebody says otherwise."""
        self.db.execute(
            "INSERT INTO shopify_part (id, order_id, location) VALUES (?, ?, ?)", (order.id, order.id, LOCATION)
        )
        self.db.executemany(
            "INSERT INTO shopify_line (id, part, line, sku, quantity) VALUES (?, ?, ?, ?, ?)",
            [
                (line.id, order.id, line.id, line.said.sku, line.said.quantity)
                for line in order.lines
                if line.needs_shipping
            ],
        )

    def of(self, order: int, *, is_cancelled: bool) -> dict[str, Any]:
        """`fulfillments` and `fulfillmentOrders` of an order."""

        def done(_args: Any) -> list[dict[str, Any]]:
            rows = self.db.execute(
                "SELECT * FROM shopify_fulfilment WHERE order_id = ? ORDER BY seq", (order,)
            ).fetchall()
            return [
                {
                    "id": gid("Fulfillment", row["id"]),
                    "status": "SUCCESS",
                    "trackingInfo": [{"number": row["number"], "company": row["company"]}],
                }
                for row in rows
            ]

        def wanted(args: Any) -> dict[str, Any]:
            parts = self.db.execute("SELECT * FROM shopify_part WHERE order_id = ? ORDER BY rowid", (order,)).fetchall()
            return Nodes([self._part(part, is_cancelled=is_cancelled) for part in parts]).page(args)

        return {"fulfillments": done, "fulfillmentOrders": wanted}

    def order_of(self, reference: str) -> dict[str, Any] | None:
        """`fulfillmentOrder(id)`."""
        part = self._known(reference)
        return self._part(part, is_cancelled=part["cancelled"] is not None) if part else None

    def _known(self, reference: str) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self.db.execute(
            "SELECT p.*, o.cancelled, o.is_forgotten FROM shopify_part p JOIN shopify_order o ON o.id = p.order_id"
            " WHERE p.id = ?",
            (reference.rpartition("/")[2],),
        ).fetchone()
        return row

    def _lines(self, part: int) -> list[sqlite3.Row]:
        return self.db.execute("SELECT * FROM shopify_line WHERE part = ? ORDER BY id", (part,)).fetchall()

    def _part(self, part: sqlite3.Row, *, is_cancelled: bool) -> dict[str, Any]:
        rows = self._lines(part["id"])
        status = part["status"]
        if status == "OPEN" and not any(row["fulfilled"] < row["quantity"] for row in rows):
            status = "CLOSED"
        status = "CANCELLED" if is_cancelled else status
        actions = ["CREATE_FULFILLMENT"] + ["MOVE"] * (not part["is_pinned"]) if status == "OPEN" else []
        here = part["location"]
        return {
            "__typename": "FulfillmentOrder",
            "id": gid("FulfillmentOrder", part["id"]),
            "status": status,
            "fulfillAt": "2026-12-24T00:00:00Z" if status == "SCHEDULED" else None,
            "assignedLocation": {"name": LOCATIONS[here], "location": {"id": gid("Location", here)}},
            "supportedActions": [{"action": action} for action in actions],
            "fulfillmentHolds": [{"displayReason": part["hold"]}] if status == "ON_HOLD" else [],
            "lineItems": Nodes(
                [
                    {
                        "id": gid("FulfillmentOrderLineItem", row["id"]),
                        "remainingQuantity": row["quantity"] - row["fulfilled"],
                        "lineItem": {"id": gid("LineItem", row["line"])},
                    }
                    for row in rows
                ]
            ),
        }

    # Moving

    def move(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """`fulfillmentOrderMove`: all of it or nothing."""
        part, location = self._known(args["id"]), int(args["newLocationId"].rpartition("/")[2])
        if part is None or part["cancelled"] is not None or part["status"] != "OPEN" or part["is_pinned"]:
            return _unmoved("The fulfillment order cannot be moved.")
        if location not in LOCATIONS or location == part["location"]:
            return _unmoved("The location could not be found, or is where it is assigned already.")
        rows = {row["id"]: row for row in self._lines(part["id"])}
        left = {
            id: row["quantity"] - row["fulfilled"] for id, row in rows.items() if row["quantity"] > row["fulfilled"]
        }
        asked = args.get("fulfillmentOrderLineItems") or []
        taken = {int(one["id"].rpartition("/")[2]): one["quantity"] for one in asked} or left
        if not taken or any(not 1 <= count <= left.get(id, 0) for id, count in taken.items()):
            return _unmoved("The quantity of a fulfillment order line item is invalid.")
        return {"movedFulfillmentOrder": {"id": gid("FulfillmentOrder", self._taken_along(part, location, taken))}} | {
            "userErrors": []
        }

    def _taken_along(self, part: sqlite3.Row, location: int, taken: Mapping[int, int]) -> int:
        """The id of the fulfilment order that has the units now."""
        rows = self._lines(part["id"])
        there = self.db.execute(
            "SELECT id FROM shopify_part WHERE order_id = ? AND location = ? AND status = 'OPEN'",
            (part["order_id"], location),
        ).fetchall()
        is_whole = all(taken.get(row["id"]) == row["quantity"] and not row["fulfilled"] for row in rows)
        if is_whole and not there:
            self.db.execute("UPDATE shopify_part SET location = ? WHERE id = ?", (location, part["id"]))
            return int(part["id"])
        made = self._made(part["order_id"], location)
        for row in rows:
            self._hand_over(row, taken.get(row["id"], 0), made)
        for other in there:
            for row in self._lines(other["id"]):
                self._hand_over(row, row["quantity"] - row["fulfilled"], made)
            self.db.execute("UPDATE shopify_part SET status = 'CLOSED' WHERE id = ?", (other["id"],))
        return made

    def _made(self, order: int, location: int) -> int:
        before = self.db.execute("SELECT count(*) FROM shopify_part WHERE order_id = ?", (order,)).fetchone()[0]
        id = number_of("fulfilment order", order, before)
        self.db.execute("INSERT INTO shopify_part (id, order_id, location) VALUES (?, ?, ?)", (id, order, location))
        return id

    def _hand_over(self, row: sqlite3.Row, count: int, part: int) -> None:
        if not count:
            return
        self.db.execute("UPDATE shopify_line SET quantity = quantity - ? WHERE id = ?", (count, row["id"]))
        self.db.execute(
            "INSERT INTO shopify_line (id, part, line, sku, quantity) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET quantity = quantity + excluded.quantity",
            (number_of("fulfilment order line", part, row["line"]), part, row["line"], row["sku"], count),
        )

    def arrange(self, order: int, args: Mapping[str, Any]) -> dict[str, Any]:
        """What the merchant does in the console with an order's newest fulfilment order: see the command."""
        (part,) = self.db.execute(
            "SELECT * FROM shopify_part WHERE order_id = ? ORDER BY rowid DESC LIMIT 1", (order,)
        ).fetchall()
        if "location" in args:
            units = args.get("units") or {row["sku"]: row["quantity"] for row in self._lines(part["id"])}
            taken = {row["id"]: units[row["sku"]] for row in self._lines(part["id"]) if units.get(row["sku"])}
            part = {"id": self._taken_along(part, int(args["location"]), taken)}
        self.db.execute(
            "UPDATE shopify_part SET status = ?, hold = ?, is_pinned = ? WHERE id = ?",
            (args.get("status", "OPEN"), args.get("hold", ""), bool(args.get("is_pinned")), part["id"]),
        )
        return {"fulfilment_order": str(part["id"])}

    # Leaving

    def create(self, wanted: dict[str, Any]) -> Done:
        """`fulfillmentCreate`: all of it or nothing, from one location."""
        places = wanted["lineItemsByFulfillmentOrder"]
        parts = [self._known(place["fulfillmentOrderId"]) for place in places]
        known = [part for part in parts if part is not None and part["status"] == "OPEN"]
        if not known or len(known) != len(places):
            return _refusal(_NO_ORDER)
        if any(part["is_forgotten"] or part["cancelled"] is not None for part in known):
            return _refusal(_NO_ORDER)
        if len({(part["order_id"], part["location"]) for part in known}) != 1:
            return _refusal("Fulfillment orders must belong to one order and be assigned to the same location.")
        asked = [
            (part["id"], int(one["id"].rpartition("/")[2]), one["quantity"])
            for part, place in zip(known, places, strict=True)
            for one in place["fulfillmentOrderLineItems"]
        ]
        units: dict[str, int] = {}
        for part, line, count in asked:
            row = self.db.execute("SELECT * FROM shopify_line WHERE id = ? AND part = ?", (line, part)).fetchone()
            if row is None or not 1 <= count <= row["quantity"] - row["fulfilled"]:
                return _refusal("Invalid fulfillment order line item quantity requested.")
            units[row["sku"]] = units.get(row["sku"], 0) + count
        if len({line for _, line, _ in asked}) != len(asked):
            return _refusal("A fulfillment order line item is named twice.")
        self.db.executemany(
            "UPDATE shopify_line SET fulfilled = fulfilled + ? WHERE id = ?",
            [(count, line) for _, line, count in asked],
        )
        return self._left(known[0], wanted.get("trackingInfo") or {}, units)

    def _left(self, part: sqlite3.Row, tracking: Mapping[str, Any], units: dict[str, int]) -> Done:
        order, number, company = part["order_id"], tracking.get("number") or "", tracking.get("company") or ""
        before = self.db.execute("SELECT count(*) FROM shopify_fulfilment WHERE order_id = ?", (order,)).fetchone()[0]
        id = number_of("fulfilment", order, before)
        told = orjson.dumps(units).decode()
        self.db.execute(
            "INSERT INTO shopify_fulfilment (id, order_id, number, company, at, units, location)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (id, order, number, company, micros(self.world.now()), told, part["location"]),
        )
        return Done({"fulfillment": {"id": gid("Fulfillment", id)}, "userErrors": []}, order, number, units)

    def told(self) -> list[dict[str, Any]]:
        """Every fulfilment: order, tracking number, units, the location that it left."""
        rows = self.db.execute(
            "SELECT o.number AS name, f.number, f.company, f.units, f.location FROM shopify_fulfilment f"
            " JOIN shopify_order o ON o.id = f.order_id ORDER BY f.seq"
        ).fetchall()
        return [
            {
                "order": row["name"],
                "number": row["number"],
                "company": row["company"],
                "units": orjson.loads(row["units"]),
                "location": str(row["location"]),
            }
            for row in rows
        ]


def _refusal(message: str) -> Done:
    return Done({"fulfillment": None, "userErrors": [{"field": ["fulfillment"], "message": message}]})


def _unmoved(message: str) -> dict[str, Any]:
    return {"movedFulfillmentOrder": None, "userErrors": [{"code": None, "field": ["id"], "message": message}]}
