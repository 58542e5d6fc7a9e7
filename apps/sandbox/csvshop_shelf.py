"""What the shop that speaks in files lists and shows. `shown` may go below zero: people buy whatever it shows.

A number is set only where the shop still shows what the merchant expects, row by row. Drift is what neither a push nor a
sale explains: shown ≠ base - sold.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from apps.sandbox.words import Article, Sale
from apps.sandbox.world import Plan

SCHEMA = """
CREATE TABLE IF NOT EXISTS csv_article (
    sku TEXT PRIMARY KEY, card BLOB NOT NULL, shown INTEGER NOT NULL, base INTEGER NOT NULL,
    sold INTEGER NOT NULL DEFAULT 0, is_named INTEGER NOT NULL DEFAULT 0);
"""


class Shelf:
    """The articles table."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db

    def list_all(self, articles: list[Article]) -> int:
        """Put articles into the shop with what they show at the start; one that is there keeps its number."""
        self.db.executemany(
            "INSERT INTO csv_article (sku, card, shown, base) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (sku) DO UPDATE SET card = excluded.card",
            [(one.sku, msgspec.json.encode(one), one.shown, one.shown) for one in articles],
        )
        return len(articles)

    def articles(self) -> list[tuple[Article, int]]:
        """Everything listed, with what it shows now."""
        rows = self.db.execute("SELECT card, shown FROM csv_article ORDER BY sku").fetchall()
        return [(msgspec.json.decode(row["card"], type=Article), row["shown"]) for row in rows]

    def shown(self) -> dict[str, int]:
        """What the shop shows, by SKU."""
        return dict(self.db.execute("SELECT sku, shown FROM csv_article ORDER BY sku").fetchall())

    def sell(self, sale: Sale) -> None:
        """Lower what is shown, below zero too; an SKU that the shop does not list shows nothing."""
        units = [(line.quantity, line.quantity, line.sku) for line in sale.lines if line.kind == "item"]
        self.db.executemany("UPDATE csv_article SET shown = shown - ?, sold = sold + ? WHERE sku = ?", units)

    def set_numbers(self, rows: Iterable[Mapping[str, str]]) -> dict[str, Any]:
        """Compare and set: a row that finds another number than it expects is told, and changes nothing."""
        stale, refused = [], []
        for row in rows:
            sku, quantity, expected = row["sku"], int(row["quantity"]), row["expected"]
            article = self.db.execute("SELECT shown FROM csv_article WHERE sku = ?", (sku,)).fetchone()
            if article is None:
                refused.append({"sku": sku, "error": "this shop does not list it"})
            elif expected and int(expected) != article["shown"]:
                stale.append({"sku": sku, "shown": article["shown"]})
            else:
                self.db.execute(
                    "UPDATE csv_article SET shown = ?, base = ?, sold = 0, is_named = 0 WHERE sku = ?",
                    (quantity, quantity, sku),
                )
        return {"stale": stale, "refused": refused}

    def edit(self, sku: str, delta: int) -> int:
        """Somebody changes the number in the shop's console. Raises LookupError."""
        row = self.db.execute(
            "UPDATE csv_article SET shown = shown + ?, is_named = 0 WHERE sku = ? RETURNING shown", (delta, sku)
        ).fetchone()
        if row is None:
            raise LookupError(f"the shop lists no {sku}")
        return int(row["shown"])

    def edit_by(self, plan: Plan, night: str) -> list[str]:
        """The console edits of a night, by plan."""
        if plan.is_calm:
            return []
        hit = [sku for sku in self.shown() if plan.hits("csv_edited", f"{night}:{sku}")]
        for sku in hit:
            size = 1 + int(plan.number("csv_edited_by", f"{night}:{sku}") * 9)
            self.edit(sku, size if plan.number("csv_edited_up", f"{night}:{sku}") < 0.5 else -size)
        return hit

    def drifted(self) -> list[str]:
        """SKUs that show what nobody set and nobody bought; each is named on the first night that sees it."""
        rows = self.db.execute(
            "UPDATE csv_article SET is_named = 1 WHERE shown != base - sold AND NOT is_named RETURNING sku"
        ).fetchall()
        return sorted(row["sku"] for row in rows)
