"""What the shop lists and shows, and how it is told: a quantity is set only where it still is what the caller expects
(null: no matter); one that is not refuses the whole call, and the key of a refused call is spent.
"""

import hashlib
import sqlite3
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson

from apps.sandbox.graphql import Nodes, Refused, cursor, first_of, place_of
from apps.sandbox.shopify_orders import gid, number_of
from apps.sandbox.showcase import SCHEMA as SHOWCASE
from apps.sandbox.showcase import Showcase
from apps.sandbox.words import Article
from apps.sandbox.world import World

LOCATION = 70001
LOCATIONS = {LOCATION: "Main warehouse", 70002: "Osaka store", 70003: "Nagoya store"}
LIMIT = 250
_PLACES = frozenset(gid("Location", one) for one in LOCATIONS)
SCHEMA = f"""{SHOWCASE}
CREATE TABLE IF NOT EXISTS shopify_variant (
    id INTEGER PRIMARY KEY, item INTEGER NOT NULL UNIQUE, sku TEXT NOT NULL UNIQUE, title TEXT NOT NULL,
    price TEXT NOT NULL, currency TEXT NOT NULL, barcode TEXT NOT NULL);
CREATE VIEW IF NOT EXISTS shopify_shown AS
    SELECT v.*, s.shown AS available FROM shopify_variant v JOIN showcase s ON s.channel = 'shopify' AND s.sku = v.sku;
CREATE TABLE IF NOT EXISTS shopify_elsewhere (
    location INTEGER NOT NULL, item INTEGER NOT NULL, available INTEGER NOT NULL, PRIMARY KEY (location, item));
CREATE TABLE IF NOT EXISTS shopify_key (key TEXT PRIMARY KEY, digest BLOB NOT NULL, answer BLOB);
"""


class Stock:
    """The variants table, what the shop shows of each, and the keys that were used on it."""

    def __init__(self, world: World) -> None:
        self.db = world.db
        self.showcase = Showcase(world, "shopify")

    def list_all(self, articles: list[Article]) -> int:
        """Put articles into the shop, each with what it shows at the start; one that is there keeps its stock."""
        self.db.executemany(
            "INSERT INTO shopify_variant (id, item, sku, title, price, currency, barcode)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (sku) DO UPDATE SET title = excluded.title,"
            " price = excluded.price, barcode = excluded.barcode",
            [
                (
                    number_of("variant", one.sku), number_of("item", one.sku), one.sku, one.title, str(one.price),
                    one.currency, one.barcode,
                )
                for one in articles
            ],
        )  # fmt: skip
        return self.showcase.list_all(articles)

    # The Admin API

    def variants(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """`productVariants`."""
        return self._page(args, self._variant)

    def levels(self, args: Mapping[str, Any], location: int = LOCATION) -> dict[str, Any]:
        """`location.inventoryLevels`; but for the main location, of what was put there."""
        if location == LOCATION:
            return self._page(args, _level)
        rows = self.db.execute(
            "SELECT v.item, v.sku, e.available FROM shopify_elsewhere e JOIN shopify_variant v ON v.item = e.item"
            " WHERE e.location = ? ORDER BY v.id",
            (location,),
        ).fetchall()
        return Nodes([_level(row) for row in rows]).page(args)

    def put_at(self, sku: str, location: int, quantity: int) -> None:
        """The merchant keeps so many of an article at a location other than the main one."""
        self.db.execute(
            "INSERT OR REPLACE INTO shopify_elsewhere SELECT ?, item, ? FROM shopify_variant WHERE sku = ?",
            (location, quantity, sku),
        )

    def edit_at(self, sku: str, location: int, delta: int) -> int:
        """Somebody changes the number there, or it is sold from there. Raises LookupError."""
        row = self.db.execute(
            "UPDATE shopify_elsewhere SET available = available + ? WHERE location = ?"
            " AND item = (SELECT item FROM shopify_variant WHERE sku = ?) RETURNING available",
            (delta, location, sku),
        ).fetchone()
        if row is None:
            raise LookupError(f"{sku} is not kept at {location}")
        return int(row["available"])

    def _at(self, row: sqlite3.Row, reference: str | None) -> int | None:
        """What is available of a row's item at a location; None where it is not kept."""
        if reference == gid("Location", LOCATION):
            return int(row["available"])
        found = self.db.execute(
            "SELECT available FROM shopify_elsewhere WHERE item = ? AND location = ?",
            (row["item"], (reference or "").rpartition("/")[2]),
        ).fetchone()
        return int(found["available"]) if found else None

    def count(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """`productVariantsCount`, counted up to its limit."""
        found = self.db.execute("SELECT count(*) FROM shopify_variant").fetchone()[0]
        limit = args.get("limit") or found
        return {"count": min(found, limit), "precision": "EXACT" if found <= limit else "AT_LEAST"}

    def products(self) -> dict[str, Any]:
        """`products` with their variants, the newest first, as a bulk operation runs through them."""
        nodes = []
        for row in self._all():
            variant = self._variant(row)
            nodes.append(variant["product"] | {"variants": _edges([variant])})
        return _edges(nodes[::-1])

    def all_items(self) -> dict[str, Any]:
        """`inventoryItems`, as above."""
        return _edges([self._item(row) for row in self._all()])

    def _all(self) -> list[sqlite3.Row]:
        return self.db.execute("SELECT * FROM shopify_shown ORDER BY id").fetchall()

    def items(self, references: list[str]) -> list[dict[str, Any] | None]:
        """`nodes` of inventory items, null where there is none."""
        if len(references) > LIMIT:
            raise Refused(f"The input array size of {len(references)} is greater than the maximum allowed of {LIMIT}")
        rows = {gid("InventoryItem", row["item"]): row for row in self._by_item(references)}
        return [self._item(rows[reference]) if reference in rows else None for reference in references]

    def _page(self, args: Mapping[str, Any], form: Any) -> dict[str, Any]:
        first, after = first_of(args), place_of(args.get("after"))
        rows = self.db.execute(
            "SELECT * FROM shopify_shown WHERE id > ? ORDER BY id LIMIT ?", (int(after or 0), first + 1)
        ).fetchall()
        nodes = rows[:first]
        return {
            "nodes": [form(row) for row in nodes],
            "pageInfo": {"hasNextPage": len(rows) > first, "endCursor": cursor(nodes[-1]["id"]) if nodes else None},
        }

    def _by_item(self, references: list[str]) -> list[sqlite3.Row]:
        numbers = [int(tail) for tail in (one.rpartition("/")[2] for one in references) if tail.isdigit()]
        return self.db.execute(
            "SELECT * FROM shopify_shown WHERE item IN (SELECT value FROM json_each(?))",
            (orjson.dumps(numbers).decode(),),
        ).fetchall()

    def _item(self, row: sqlite3.Row) -> dict[str, Any]:
        def level(args: Mapping[str, Any]) -> dict[str, Any] | None:
            found = self._at(row, args.get("locationId"))
            return None if found is None else {"quantities": _available(found)}

        return {
            "__typename": "InventoryItem",
            "id": gid("InventoryItem", row["item"]),
            "sku": row["sku"],
            "measurement": {"weight": None},
            "inventoryLevel": level,
        }

    def _variant(self, row: sqlite3.Row) -> dict[str, Any]:
        return {
            "__typename": "ProductVariant",
            "id": gid("ProductVariant", row["id"]),
            "sku": row["sku"],
            "title": row["title"],
            "barcode": row["barcode"] or None,
            "price": str(Decimal(row["price"])),
            "product": {"id": gid("Product", number_of("product", row["sku"])), "title": row["title"]},
            "inventoryItem": self._item(row),
        }

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

    def set_prices(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """`productVariantsBulkUpdate` with `allowPartialUpdates`: each variant by itself."""
        known = self.db.execute("SELECT * FROM shopify_variant").fetchall()
        by_id = {
            gid("ProductVariant", row["id"]): row
            for row in known
            if gid("Product", number_of("product", row["sku"])) == args["productId"]
        }
        if not by_id:
            errors = [_error("PRODUCT_DOES_NOT_EXIST", ["productId"], "Product does not exist")]
            return {"productVariants": None, "userErrors": errors}
        errors, done = [], []
        for place, one in enumerate(args["variants"]):
            at = ["variants", str(place)]
            row = by_id.get(one["id"])
            if row is None:
                said = "Product variant does not exist"
                errors.append(_error("PRODUCT_VARIANT_DOES_NOT_EXIST", [*at, "id"], said))
            elif Decimal(one["price"]) < 0:
                said = "Price must be greater than or equal to 0"
                errors.append(_error("GREATER_THAN_OR_EQUAL_TO", [*at, "price"], said))
            else:
                self.db.execute("UPDATE shopify_variant SET price = ? WHERE id = ?", (one["price"], row["id"]))
                done.append({"id": one["id"], "price": one["price"]})
        return {"productVariants": done, "userErrors": errors}

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
            is_place = one["locationId"] in _PLACES
            found = self._at(row, one["locationId"]) if row is not None and is_place else None
            if not is_place:
                errors.append(_error("INVALID_LOCATION", [*at, "locationId"], "The location could not be found."))
            elif row is None:
                said = "The specified inventory item could not be found."
                errors.append(_error("INVALID_INVENTORY_ITEM", [*at, "inventoryItemId"], said))
            elif found is None:
                errors.append(
                    _error("INVALID_LOCATION", [*at, "locationId"], "The item is not stocked at the location.")
                )
            elif one["changeFromQuantity"] not in (None, found):
                said = "The changeFromQuantity value does not match persisted value."
                errors.append(_error("CHANGE_FROM_QUANTITY_STALE", [*at, "changeFromQuantity"], said))
        return errors

    def _apply(self, wanted: Mapping[str, Any], key: str) -> dict[str, Any]:
        skus = {
            row["item"]: row["sku"] for row in self._by_item([one["inventoryItemId"] for one in wanted["quantities"]])
        }
        here, there = [], []
        for one in wanted["quantities"]:
            item, location = (int(one[name].rpartition("/")[2]) for name in ("inventoryItemId", "locationId"))
            if location == LOCATION:
                here.append((skus[item], one["quantity"]))
            else:
                there.append((one["quantity"], location, item))
        self.showcase.put(here)
        self.db.executemany("UPDATE shopify_elsewhere SET available = ? WHERE location = ? AND item = ?", there)
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


def _edges(nodes: list[dict[str, Any]]) -> dict[str, Any]:
    return {"edges": [{"node": node} for node in nodes]}


def _available(quantity: int) -> list[dict[str, Any]]:
    return [{"name": "available", "quantity": quantity}]


def _level(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "item": {"id": gid("InventoryItem", row["item"]), "sku": row["sku"]},
        "quantities": _available(row["available"]),
    }
