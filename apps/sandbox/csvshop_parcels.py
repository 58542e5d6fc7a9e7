"""What the shop was told of shipments: never more of an article than was bought, never an order that it did not sell."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import orjson

from apps.sandbox.words import Sale
from apps.sandbox.world import World

SCHEMA = """
CREATE TABLE IF NOT EXISTS csv_parcel (
    seq INTEGER PRIMARY KEY, order_number TEXT NOT NULL, reference TEXT NOT NULL, units TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS csv_parcel_order ON csv_parcel (order_number);
"""


class Parcels:
    """The shipments that were laid down."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.db = world.db

    def take(self, rows: Sequence[Mapping[str, str]]) -> None:
        """The rows of one shipment's file. Raises ValueError, in words for whoever laid it down."""
        number, reference = rows[0]["order_number"], rows[0]["reference"]
        units: Counter[str] = Counter()
        for row in rows:
            units[row["sku"]] += int(row["quantity"])
        sold = self.db.execute("SELECT sale FROM csv_order WHERE number = ?", (number,)).fetchone()
        if sold is None:
            raise ValueError(f"order {number} is not known here")
        left: Counter[str] = Counter()
        for line in msgspec.json.decode(sold["sale"], type=Sale).lines:
            left[line.sku] += line.quantity
        for told in self.told(number):
            left.subtract(told["units"])
        beyond = [sku for sku, count in units.items() if count > left[sku]]
        if beyond:
            raise ValueError(f"order {number} has fewer of {', '.join(beyond)} to ship")
        self.db.execute(
            "INSERT INTO csv_parcel (order_number, reference, units) VALUES (?, ?, ?)",
            (number, reference, orjson.dumps(units).decode()),
        )
        self.world.log("fulfilled", order=number, reference=reference, lines=units)

    def told(self, number: str = "") -> list[dict[str, Any]]:
        """Shipments of one order, or all, in the order told."""
        rows = self.db.execute("SELECT * FROM csv_parcel WHERE ? IN ('', order_number) ORDER BY seq", (number,))
        return [
            {"order": row["order_number"], "reference": row["reference"], "units": orjson.loads(row["units"])}
            for row in rows.fetchall()
        ]
