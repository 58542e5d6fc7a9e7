"""What the shop lists and shows: products, variations below them, and numbers that are set whatever is shown."""

import sqlite3
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from apps.sandbox.showcase import SCHEMA as SHOWCASE
from apps.sandbox.showcase import Showcase
from apps.sandbox.woocommerce_orders import place_of
from apps.sandbox.words import Article
from apps.sandbox.world import Answer, World

MANY = 100
SCHEMA = f"""{SHOWCASE}
CREATE TABLE IF NOT EXISTS woocommerce_product (
    id INTEGER PRIMARY KEY, parent INTEGER NOT NULL, sku TEXT NOT NULL, has_variations INTEGER NOT NULL,
    is_counted INTEGER NOT NULL DEFAULT 1);
CREATE INDEX IF NOT EXISTS woocommerce_product_parent ON woocommerce_product (parent, id);
CREATE VIEW IF NOT EXISTS woocommerce_shown AS
    SELECT p.*, s.shown, s.card FROM woocommerce_product p
    LEFT JOIN showcase s ON s.channel = 'woocommerce' AND s.sku = p.sku;
"""


def refusal(status: int, code: str, message: str) -> Answer:
    """An error as WordPress writes one."""
    return Answer(status, {"code": code, "message": message, "data": {"status": status}})


class Shelf:
    """Products and their numbers."""

    def __init__(self, world: World) -> None:
        self.db = world.db
        self.showcase = Showcase(world, "woocommerce", edits="woocommerce_edited")

    def list_all(self, articles: list[Article]) -> int:
        """Put articles into the shop, each with what it shows at the start; one that is there keeps its stock."""
        rows = []
        for one in articles:
            product, variation = place_of(one.sku)
            if variation:
                rows.append((product, 0, "", 1))
            rows.append((variation or product, product if variation else 0, one.sku, 0))
        self.db.executemany(
            "INSERT OR IGNORE INTO woocommerce_product (id, parent, sku, has_variations) VALUES (?, ?, ?, ?)", rows
        )
        return self.showcase.list_all(articles)

    def page(self, query: Mapping[str, str], *, parent: int = 0) -> Answer:
        """`/products`, or the variations of one."""
        size, offset = int(query.get("per_page", 10)), int(query.get("offset", 0))
        if not 1 <= size <= MANY:
            return refusal(400, "rest_invalid_param", "Invalid parameter(s): per_page")
        if query.get("orderby", "date") != "id" or query.get("order", "desc") != "asc":
            return refusal(400, "rest_invalid_param", "this stand-in lists products by id, ascending")
        self.showcase.take_effect()
        rows = self.db.execute(
            "SELECT * FROM woocommerce_shown WHERE parent = ? ORDER BY id LIMIT ? OFFSET ?", (parent, size, offset)
        ).fetchall()
        (total,) = self.db.execute("SELECT count(*) FROM woocommerce_product WHERE parent = ?", (parent,)).fetchone()
        wanted = [name for name in query.get("_fields", "").split(",") if name]
        bodies = [self.body(row) for row in rows]
        if wanted:
            bodies = [{name: body[name] for name in wanted if name in body} for body in bodies]
        return Answer(200, bodies, {"X-WP-Total": str(total), "X-WP-TotalPages": str(-(-total // size))})

    def has(self, id: int) -> bool:
        """Whether there is a product that has variations."""
        found = self.db.execute("SELECT 1 FROM woocommerce_product WHERE id = ? AND has_variations", (id,)).fetchone()
        return found is not None

    def body(self, row: sqlite3.Row) -> dict[str, Any]:
        """A product or a variation as the REST API tells it."""
        article = msgspec.json.decode(row["card"], type=Article) if row["card"] else None
        is_counted = bool(row["is_counted"]) and article is not None
        body: dict[str, Any] = {
            "id": row["id"], "sku": row["sku"], "price": str(article.price) if article else "",
            "regular_price": str(article.price) if article else "", "tax_status": "taxable",
            "tax_class": "", "manage_stock": is_counted, "stock_quantity": row["shown"] if is_counted else None,
            "stock_status": "instock" if not is_counted or row["shown"] > 0 else "outofstock", "backorders": "no",
            "weight": "", "global_unique_id": article.barcode if article else "", "status": "publish", "meta_data": [],
        }  # fmt: skip
        if row["parent"]:
            title = article.title if article else ""
            return body | {"parent_id": row["parent"], "attributes": [{"id": 0, "name": "Kind", "option": title}]}
        kind = "variable" if row["has_variations"] else "simple"
        name = article.title if article else f"Product {row['id']}"
        return body | {"name": name, "type": kind, "parent_id": 0, "attributes": [], "variations": self._below(row)}

    def _below(self, row: sqlite3.Row) -> list[int]:
        if not row["has_variations"]:
            return []
        rows = self.db.execute("SELECT id FROM woocommerce_product WHERE parent = ? ORDER BY id", (row["id"],))
        return [found["id"] for found in rows]

    def batch(self, asked: Any, *, parent: int = 0) -> Answer:
        """`…/batch` with updates: each by itself, at most a hundred."""
        items = asked.get("update", []) if isinstance(asked, dict) else []
        if len(items) > MANY:
            said = f"Unable to accept more than {MANY} items for this request."
            return refusal(413, "woocommerce_rest_request_entity_too_large", said)
        kind = "product_variation" if parent else "product"
        return Answer(200, {"update": [self._update(one, parent, kind) for one in items]})

    def _update(self, item: Mapping[str, Any], parent: int, kind: str) -> dict[str, Any]:
        row = self._row(int(item["id"]))
        if row is None or row["parent"] != parent or row["has_variations"]:
            error = {"code": f"woocommerce_rest_{kind}_invalid_id", "message": "Invalid ID.", "data": {"status": 400}}
            return {"id": item["id"], "error": error}
        if "manage_stock" in item:
            self.db.execute(
                "UPDATE woocommerce_product SET is_counted = ? WHERE id = ?", (bool(item["manage_stock"]), row["id"])
            )
        if item.get("stock_quantity") is not None:
            self.showcase.put([(row["sku"], int(item["stock_quantity"]))])
        if "regular_price" in item and row["card"]:
            card = msgspec.structs.replace(
                msgspec.json.decode(row["card"], type=Article), price=Decimal(item["regular_price"])
            )
            self.db.execute(
                "UPDATE showcase SET card = ? WHERE channel = 'woocommerce' AND sku = ?",
                (msgspec.json.encode(card), row["sku"]),
            )
        updated = self._row(row["id"])
        assert updated is not None
        return self.body(updated)

    def _row(self, id: int) -> sqlite3.Row | None:
        found: sqlite3.Row | None = self.db.execute("SELECT * FROM woocommerce_shown WHERE id = ?", (id,)).fetchone()
        return found

    def forget(self, sku: str) -> None:
        """The product is deleted."""
        self.db.execute("DELETE FROM woocommerce_product WHERE sku = ?", (sku,))

    def uncount(self, sku: str) -> None:
        """The shop keeps no number for it any longer."""
        self.db.execute("UPDATE woocommerce_product SET is_counted = 0 WHERE sku = ?", (sku,))
