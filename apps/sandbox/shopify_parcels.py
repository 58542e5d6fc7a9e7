"""What the shop was told has left: one fulfilment order an order, whose units run out as they are fulfilled.

There is no key here, as at the vendor: whoever tells a parcel twice is counted twice, as long as units are left.
"""

from dataclasses import dataclass, field
from typing import Any

import orjson

from apps.sandbox.graphql import Nodes
from apps.sandbox.shopify_orders import Priced, gid, number_of
from apps.sandbox.shopify_stock import LOCATION
from apps.sandbox.world import World, micros

SCHEMA = """
CREATE TABLE IF NOT EXISTS shopify_line (
    id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL, sku TEXT NOT NULL, quantity INTEGER NOT NULL,
    fulfilled INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS shopify_line_order ON shopify_line (order_id, id);
CREATE TABLE IF NOT EXISTS shopify_fulfilment (
    seq INTEGER PRIMARY KEY, id INTEGER NOT NULL, order_id INTEGER NOT NULL, number TEXT NOT NULL,
    company TEXT NOT NULL, at INTEGER NOT NULL, units TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS shopify_fulfilment_order ON shopify_fulfilment (order_id);
"""


@dataclass(slots=True)
class Done:
    """What became of a `fulfillmentCreate`; `order_id` 0 when it was refused."""

    payload: dict[str, Any]
    order_id: int = 0
    number: str = ""
    units: dict[str, int] = field(default_factory=dict)


class Parcels:
    """Lines that want to leave, and fulfilments."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.db = world.db

    def open(self, order: Priced) -> None:
        """An order's articles want to leave."""
        self.db.executemany(
            "INSERT INTO shopify_line (id, order_id, sku, quantity) VALUES (?, ?, ?, ?)",
            [(line.id, order.id, line.said.sku, line.said.quantity) for line in order.lines if line.needs_shipping],
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
            return Nodes([self._order(order, is_cancelled=is_cancelled)]).page(args)

        return {"fulfillments": done, "fulfillmentOrders": wanted}

    def order_of(self, reference: str) -> dict[str, Any] | None:
        """`fulfillmentOrder(id)`."""
        order = int(reference.rpartition("/")[2])
        row = self.db.execute("SELECT cancelled FROM shopify_order WHERE id = ?", (order,)).fetchone()
        return self._order(order, is_cancelled=row["cancelled"] is not None) if row else None

    def _order(self, order: int, *, is_cancelled: bool) -> dict[str, Any]:
        rows = self.db.execute("SELECT * FROM shopify_line WHERE order_id = ? ORDER BY id", (order,)).fetchall()
        is_open = any(row["fulfilled"] < row["quantity"] for row in rows)
        return {
            "__typename": "FulfillmentOrder",
            "id": gid("FulfillmentOrder", order),
            "status": "CANCELLED" if is_cancelled else "OPEN" if is_open else "CLOSED",
            "assignedLocation": {"name": "Main warehouse", "location": {"id": gid("Location", LOCATION)}},
            "lineItems": Nodes(
                [
                    {
                        "id": gid("FulfillmentOrderLineItem", row["id"]),
                        "remainingQuantity": row["quantity"] - row["fulfilled"],
                        "lineItem": {"id": gid("LineItem", row["id"])},
                    }
                    for row in rows
                ]
            ),
        }

    def create(self, wanted: dict[str, Any]) -> Done:
        """`fulfillmentCreate`: all of it or nothing."""
        places = wanted["lineItemsByFulfillmentOrder"]
        order = int(places[0]["fulfillmentOrderId"].rpartition("/")[2])
        known = self.db.execute("SELECT cancelled, is_forgotten FROM shopify_order WHERE id = ?", (order,)).fetchone()
        if len(places) != 1 or known is None or known["is_forgotten"] or known["cancelled"] is not None:
            return _refusal("Fulfillment order does not exist, or cannot be fulfilled.")
        units: dict[str, int] = {}
        for one in places[0]["fulfillmentOrderLineItems"]:
            row = self.db.execute(
                "UPDATE shopify_line SET fulfilled = fulfilled + ?"
                " WHERE id = ? AND order_id = ? AND fulfilled + ? <= quantity RETURNING sku",
                (one["quantity"], int(one["id"].rpartition("/")[2]), order, one["quantity"]),
            ).fetchone()
            if row is None or one["quantity"] < 1:
                self._take_back(order, places[0]["fulfillmentOrderLineItems"], until=one)
                return _refusal("Invalid fulfillment order line item quantity requested.")
            units[row["sku"]] = units.get(row["sku"], 0) + one["quantity"]
        tracking = wanted.get("trackingInfo") or {}
        number, company = tracking.get("number") or "", tracking.get("company") or ""
        before = self.db.execute("SELECT count(*) FROM shopify_fulfilment WHERE order_id = ?", (order,)).fetchone()[0]
        id = number_of("fulfilment", order, before)
        self.db.execute(
            "INSERT INTO shopify_fulfilment (id, order_id, number, company, at, units) VALUES (?, ?, ?, ?, ?, ?)",
            (id, order, number, company, micros(self.world.now()), orjson.dumps(units).decode()),
        )
        return Done({"fulfillment": {"id": gid("Fulfillment", id)}, "userErrors": []}, order, number, units)

    def _take_back(self, order: int, lines: list[dict[str, Any]], *, until: dict[str, Any]) -> None:
        for one in lines[: lines.index(until)]:
            self.db.execute(
                "UPDATE shopify_line SET fulfilled = fulfilled - ? WHERE id = ? AND order_id = ?",
                (one["quantity"], int(one["id"].rpartition("/")[2]), order),
            )

    def told(self) -> list[dict[str, Any]]:
        """Every fulfilment: order, tracking number, units."""
        rows = self.db.execute(
            "SELECT o.number AS name, f.number, f.company, f.units FROM shopify_fulfilment f"
            " JOIN shopify_order o ON o.id = f.order_id ORDER BY f.seq"
        ).fetchall()
        return [
            {
                "order": row["name"],
                "number": row["number"],
                "company": row["company"],
                "units": orjson.loads(row["units"]),
            }
            for row in rows
        ]


def _refusal(message: str) -> Done:
    return Done({"fulfillment": None, "userErrors": [{"field": ["fulfillment"], "message": message}]})
