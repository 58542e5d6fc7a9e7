"""What the shop lists and shows. `available` may go below zero: people buy whatever the shop shows.

A quantity is set only where it still is what the caller expects (null: no matter); one that is not refuses the whole
call, and the key of a refused call is spent. Drift is what neither a push nor a sale explains: available ≠ base - sold.
"""

import hashlib
import sqlite3
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import orjson

from apps.sandbox.graphql import Refused, cursor, first_of, place_of
from apps.sandbox.shopify_orders import gid, number_of
from apps.sandbox.words import Article
from apps.sandbox.world import Plan

LOCATION = 70001
LIMIT = 250
SCHEMA = """
CREATE TABLE IF NOT EXISTS shopify_variant (
    id INTEGER PRIMARY KEY, item INTEGER NOT NULL UNIQUE, sku TEXT NOT NULL UNIQUE, title TEXT NOT NULL,
    price TEXT NOT NULL, currency TEXT NOT NULL, barcode TEXT NOT NULL, available INTEGER NOT NULL,
    base INTEGER NOT NULL, sold INTEGER NOT NULL DEFAULT 0, is_named INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS shopify_key (key TEXT PRIMARY KEY, digest BLOB NOT NULL, answer BLOB);
"""


class Stock:
    """The variants table and the keys that were used on it."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db

    def list_all(self, articles: list[Article]) -> int:
        """Put articles into the shop, each with what it shows at the start; one that is there keeps its stock."""
        self.db.executemany(
            "INSERT INTO shopify_variant (id, item, sku, title, price, currency, barcode, available, base)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (sku) DO UPDATE SET title = excluded.title,"
            " price = excluded.price, barcode = excluded.barcode",
            [
                (
                    number_of("variant", one.sku), number_of("item", one.sku), one.sku, one.title, str(one.price),
                    one.currency, one.barcode, one.shown, one.shown,
                )
                for one in articles
            ],
        )  # fmt: skip
        return len(articles)

    def sell(self, units: Mapping[str, int]) -> None:
        """Lower what is shown, below zero too; an SKU that the shop does not list shows nothing."""
        self.db.executemany(
            "UPDATE shopify_variant SET available = available - ?, sold = sold + ? WHERE sku = ?",
            [(count, count, sku) for sku, count in units.items()],
        )

    def edit(self, sku: str, *, delta: int) -> int:
        """Somebody changes the number in the shop's console. Raises LookupError."""
        row = self.db.execute(
            "UPDATE shopify_variant SET available = available + ?, is_named = 0 WHERE sku = ? RETURNING available",
            (delta, sku),
        ).fetchone()
        if row is None:
            raise LookupError(f"the shop lists no {sku}")
        return int(row["available"])

    def edit_by(self, plan: Plan, night: date) -> list[str]:
        """The console edits of a night, by plan."""
        if plan.is_calm:
            return []
        skus = [row["sku"] for row in self.db.execute("SELECT sku FROM shopify_variant ORDER BY sku")]
        hit = [sku for sku in skus if plan.hits("edited", f"{night}:{sku}")]
        for sku in hit:
            size = 1 + int(plan.number("edited_by", f"{night}:{sku}") * 9)
            self.edit(sku, delta=size if plan.number("edited_up", f"{night}:{sku}") < 0.5 else -size)
        return hit

    def drifted(self) -> list[str]:
        """SKUs that show what nobody set and nobody bought; each is named on the first night that sees it."""
        rows = self.db.execute(
            "UPDATE shopify_variant SET is_named = 1 WHERE available != base - sold AND is_named = 0 RETURNING sku"
        ).fetchall()
        return sorted(row["sku"] for row in rows)

    def shown(self) -> dict[str, int]:
        """What the shop shows, by SKU."""
        return dict(self.db.execute("SELECT sku, available FROM shopify_variant ORDER BY sku").fetchall())

    # The Admin API

    def variants(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """`productVariants`."""
        return self._page(args, _variant)

    def levels(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """`location.inventoryLevels`."""
        return self._page(args, _level)

    def items(self, references: list[str]) -> list[dict[str, Any] | None]:
        """`nodes` of inventory items, null where there is none."""
        if len(references) > LIMIT:
            raise Refused(f"The input array size of {len(references)} is greater than the maximum allowed of {LIMIT}")
        rows = {gid("InventoryItem", row["item"]): row for row in self._by_item(references)}
        return [_item(rows[reference]) if reference in rows else None for reference in references]

    def _page(self, args: Mapping[str, Any], form: Any) -> dict[str, Any]:
        first, after = first_of(args), place_of(args.get("after"))
        rows = self.db.execute(
            "SELECT * FROM shopify_variant WHERE id > ? ORDER BY id LIMIT ?", (int(after or 0), first + 1)
        ).fetchall()
        nodes = rows[:first]
        return {
            "nodes": [form(row) for row in nodes],
            "pageInfo": {"hasNextPage": len(rows) > first, "endCursor": cursor(nodes[-1]["id"]) if nodes else None},
        }

    def _by_item(self, references: list[str]) -> list[sqlite3.Row]:
        numbers = [int(tail) for tail in (one.rpartition("/")[2] for one in references) if tail.isdigit()]
        return self.db.execute(
            "SELECT * FROM shopify_variant WHERE item IN (SELECT value FROM json_each(?))",
            (orjson.dumps(numbers).decode(),),
        ).fetchall()

    def set_quantities(self, args: Mapping[str, Any], directives: Mapping[str, Any]) -> dict[str, Any]:
        """`inventorySetQuantities` with `@idempotent(key)`: once a key, all or nothing."""
        key = str(directives.get("idempotent", {}).get("key") or "").strip()
        if not key:
            raise Refused("The @idempotent directive is required for this mutation but was not provided.")
        wanted = args["input"]
        digest = hashlib.sha256(orjson.dumps(wanted, option=orjson.OPT_SORT_KEYS)).digest()
        used = self.db.execute("SELECT * FROM shopify_key WHERE key = ?", (key,)).fetchone()
        if used is not None:
            return _repeated(used, digest)
        errors = self._check(wanted)
        answer = _payload(errors) if errors else self._apply(wanted, key)
        kept = None if errors else orjson.dumps(answer)
        self.db.execute("INSERT INTO shopify_key VALUES (?, ?, ?)", (key, digest, kept))
        return answer

    def _check(self, wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
        if wanted.get("name") != "available":
            return [_error("INVALID_NAME", ["input", "name"], "The quantity name must be available.")]
        quantities = wanted["quantities"]
        if len(quantities) > LIMIT:
            raise Refused(f"The input array size of {len(quantities)} is greater than the maximum allowed of {LIMIT}")
        rows = {row["item"]: row for row in self._by_item([one["inventoryItemId"] for one in quantities])}
        errors = []
        for place, one in enumerate(quantities):
            if "changeFromQuantity" not in one:
                raise Refused("Variable $input was provided invalid value: changeFromQuantity must be passed")
            at = ["input", "quantities", str(place)]
            row = rows.get(int(one["inventoryItemId"].rpartition("/")[2]))
            if one["locationId"] != gid("Location", LOCATION):
                errors.append(_error("INVALID_LOCATION", [*at, "locationId"], "The location could not be found."))
            elif row is None:
                said = "The specified inventory item could not be found."
                errors.append(_error("INVALID_INVENTORY_ITEM", [*at, "inventoryItemId"], said))
            elif one["changeFromQuantity"] not in (None, row["available"]):
                said = "The changeFromQuantity value does not match persisted value."
                errors.append(_error("CHANGE_FROM_QUANTITY_STALE", [*at, "changeFromQuantity"], said))
        return errors

    def _apply(self, wanted: Mapping[str, Any], key: str) -> dict[str, Any]:
        self.db.executemany(
            "UPDATE shopify_variant SET available = ?, base = ?, sold = 0, is_named = 0 WHERE item = ?",
            [
                (one["quantity"], one["quantity"], int(one["inventoryItemId"].rpartition("/")[2]))
                for one in wanted["quantities"]
            ],
        )
        return _payload([], group=number_of("adjustment", key))


def _repeated(used: sqlite3.Row, digest: bytes) -> dict[str, Any]:
    if used["digest"] != digest:
        said = "The same idempotency key cannot be used with different operation parameters."
        return _payload([_error("IDEMPOTENCY_KEY_PARAMETER_MISMATCH", None, said)])
    if used["answer"] is None:
        said = "A previous request with this idempotency key failed. Retry with a new idempotency key."
        return _payload([_error("IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED", None, said)])
    answer: dict[str, Any] = orjson.loads(used["answer"])
    return answer


def _payload(errors: list[dict[str, Any]], *, group: int | None = None) -> dict[str, Any]:
    adjustment = {"id": gid("InventoryAdjustmentGroup", group)} if group else None
    return {"inventoryAdjustmentGroup": adjustment, "userErrors": errors}


def _error(code: str, field: list[str] | None, message: str) -> dict[str, Any]:
    return {"code": code, "field": field, "message": message}


def _quantities(row: sqlite3.Row) -> list[dict[str, Any]]:
    return [{"name": "available", "quantity": row["available"]}]


def _level(row: sqlite3.Row) -> dict[str, Any]:
    return {"item": {"id": gid("InventoryItem", row["item"]), "sku": row["sku"]}, "quantities": _quantities(row)}


def _item(row: sqlite3.Row) -> dict[str, Any]:
    here = gid("Location", LOCATION)
    return {
        "__typename": "InventoryItem",
        "id": gid("InventoryItem", row["item"]),
        "sku": row["sku"],
        "measurement": {"weight": None},
        "inventoryLevel": lambda args: {"quantities": _quantities(row)} if args.get("locationId") == here else None,
    }


def _variant(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "__typename": "ProductVariant",
        "id": gid("ProductVariant", row["id"]),
        "sku": row["sku"],
        "title": row["title"],
        "barcode": row["barcode"] or None,
        "price": str(Decimal(row["price"])),
        "product": {"id": gid("Product", number_of("product", row["sku"])), "title": row["title"]},
        "inventoryItem": _item(row),
    }
