"""What the mall lists and shows: items 2.0 and inventory 2.1. A number for what is not listed is taken without a word."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from apps.core.money import to_minor
from apps.sandbox.rakuten_orders import manage_number, variant_id, written
from apps.sandbox.showcase import SCHEMA as SHOWCASE
from apps.sandbox.showcase import Showcase
from apps.sandbox.words import Article
from apps.sandbox.world import World

READ, SET, MOST, HITS = 1000, 400, 99_999, 100
SCHEMA = f"""{SHOWCASE}
CREATE TABLE IF NOT EXISTS rakuten_sku (
    manage_number TEXT NOT NULL, variant_id TEXT NOT NULL, sku TEXT NOT NULL UNIQUE,
    PRIMARY KEY (manage_number, variant_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rakuten_orphan (
    manage_number TEXT NOT NULL, variant_id TEXT NOT NULL, quantity INTEGER NOT NULL,
    PRIMARY KEY (manage_number, variant_id)) WITHOUT ROWID;
"""
BORN = 1_767_193_200  # 2026-01-01 in Japan


class Refused(Exception):
    """400 with `errors`: code, words, and where in the request."""

    def __init__(self, code: str, words: str, path: str = "") -> None:
        super().__init__(words)
        self.code = code
        self.path = path


class Stock:
    """The items, and what each SKU shows."""

    def __init__(self, world: World) -> None:
        self.db = world.db
        self.showcase = Showcase(world, "rakuten", edits="rakuten_edited")

    def list_all(self, articles: list[Article]) -> int:
        """Put articles in, one item and one SKU each."""
        self.db.executemany(
            "INSERT INTO rakuten_sku VALUES (?, ?, ?) ON CONFLICT (sku) DO NOTHING",
            [(manage_number(one.sku), variant_id(one.sku), one.sku) for one in articles],
        )
        return self.showcase.list_all(articles)

    def unlist(self, sku: str) -> None:
        """The item is deleted: its numbers go with it, and the search still tells its name for a while."""
        self.db.execute("DELETE FROM rakuten_sku WHERE sku = ?", (sku,))

    # items/search

    def search(self, query: Mapping[str, str]) -> dict[str, Any]:
        """A page of items by 商品管理番号; the last page's cursor is the one that was asked by."""
        hits, cursor = int(query.get("hits", 10)), query.get("cursorMark", "*")
        if not 1 <= hits <= HITS:
            raise Refused("IE0003", f"hits must be between 1 and {HITS}.", "hits")
        rows = self.db.execute(
            "SELECT * FROM rakuten_sku WHERE manage_number > ? ORDER BY manage_number LIMIT ?",
            ("" if cursor == "*" else cursor, hits),
        ).fetchall()
        known = {article.sku: article for article, _shown in self.showcase.articles([row["sku"] for row in rows])}
        return {
            "numFound": self.db.execute("SELECT count(*) FROM rakuten_sku").fetchone()[0],
            "offset": 0,
            "nextCursorMark": rows[-1]["manage_number"] if rows else cursor,
            "results": [{"item": _item(row, known[row["sku"]])} for row in rows],
        }

    # inventories

    def read(self, wanted: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """bulk-get: what is kept of these; the others are left out."""
        if not 1 <= len(wanted) <= READ:
            raise Refused("IE0121", f"inventories must have 1 to {READ} records.", "inventories")
        found = []
        for one in wanted:
            key = (one["manageNumber"].lower(), one["variantId"])
            sku = self._sku(key)
            if sku is not None:
                found.append(_level(key, max(0, self.showcase.shows(sku) or 0)))
            elif orphan := self.db.execute(
                "SELECT quantity FROM rakuten_orphan WHERE manage_number = ? AND variant_id = ?", key
            ).fetchone():
                found.append(_level(key, orphan["quantity"]))
        return found

    def set(self, wanted: Sequence[Mapping[str, Any]]) -> None:
        """bulk-upsert: all or nothing; an item that is not there gets a number all the same, which nobody sees."""
        if not 1 <= len(wanted) <= SET:
            raise Refused("IE0121", f"inventories must have 1 to {SET} records.", "inventories")
        for place, one in enumerate(wanted):
            self._check(one, f"inventories[{place}]")
        absolute, relative = [], []
        for one in wanted:
            key = (one["manageNumber"].lower(), one["variantId"])
            sku = self._sku(key)
            if sku is None:
                self.db.execute("INSERT OR REPLACE INTO rakuten_orphan VALUES (?, ?, ?)", (*key, one["quantity"]))
            else:
                (absolute if one["mode"] == "ABSOLUTE" else relative).append((sku, one["quantity"]))
        self.showcase.put(absolute)
        self.showcase.add(relative)

    def _check(self, one: Mapping[str, Any], path: str) -> None:
        for name in ("manageNumber", "variantId"):
            if not isinstance(one.get(name), str) or not 1 <= len(one[name].encode()) <= 32:
                raise Refused("IE0004", f"Max length of {name} must be within 32 bytes.", f"{path}.{name}")
        if one.get("mode") not in ("ABSOLUTE", "RELATIVE"):
            raise Refused("IE0002", f"mode has an invalid value : {one.get('mode')}.", f"{path}.mode")
        least = 0 if one["mode"] == "ABSOLUTE" else -MOST
        if not isinstance(one.get("quantity"), int) or not least <= one["quantity"] <= MOST:
            raise Refused("IE0003", f"quantity must be between {least} and {MOST}.", f"{path}.quantity")

    def _sku(self, key: tuple[str, str]) -> str | None:
        row: sqlite3.Row | None = self.db.execute(
            "SELECT sku FROM rakuten_sku WHERE manage_number = ? AND variant_id = ?", key
        ).fetchone()
        return row["sku"] if row else None


def _level(key: tuple[str, str], quantity: int) -> dict[str, Any]:
    at = (written(BORN) or "").replace("+0900", "+09:00")
    return {"manageNumber": key[0], "variantId": key[1], "quantity": quantity, "created": at, "updated": at}


def _item(row: sqlite3.Row, article: Article) -> dict[str, Any]:
    at = (written(BORN) or "").replace("+0900", "+09:00")
    return {
        "manageNumber": row["manage_number"],
        "itemNumber": article.sku[:32],
        "title": article.title,
        "itemType": "NORMAL",
        "genreId": "100000",
        "hideItem": False,
        "unlimitedInventoryFlag": False,
        "itemDisplaySequence": 999_999_999,
        "features": {"searchVisibility": "ALWAYS_VISIBLE", "inventoryDisplay": "HIDDEN_STOCK"},
        "payment": {"taxIncluded": True, "taxRate": None, "cashOnDeliveryFeeIncluded": False},
        "layout": {"itemLayoutId": 1},
        "variants": {
            row["variant_id"]: {
                "merchantDefinedSkuId": article.sku,
                "restockOnCancel": False,
                "backOrderFlag": False,
                "hidden": False,
                "standardPrice": str(to_minor(article.price, article.currency)),
                "articleNumber": {"value": article.barcode} if article.barcode else {"exemptionReason": 5},
            }
        },
        "created": at,
        "updated": at,
    }
