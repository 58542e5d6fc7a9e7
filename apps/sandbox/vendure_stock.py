"""What the shop lists and how it counts: a shopper may buy what lies there, less what is allocated, less the threshold.

An order raises what is allocated, a fulfilment lowers both, and a number that was set is what lies there.
"""

import sqlite3
from collections.abc import Mapping
from typing import Any

import msgspec
import orjson

from apps.sandbox.graphql import Refused
from apps.sandbox.shopify_orders import number_of
from apps.sandbox.showcase import SCHEMA as SHOWCASE
from apps.sandbox.showcase import Showcase
from apps.sandbox.vendure_money import Scale
from apps.sandbox.words import Article
from apps.sandbox.world import World

LOCATION = "1"
MOST_ROWS = 1000
SCHEMA = f"""{SHOWCASE}
CREATE TABLE IF NOT EXISTS vendure_variant (
    id INTEGER PRIMARY KEY, sku TEXT NOT NULL UNIQUE, allocated INTEGER NOT NULL DEFAULT 0);
CREATE VIEW IF NOT EXISTS vendure_shown AS
    SELECT v.*, s.card, s.shown FROM vendure_variant v JOIN showcase s ON s.channel = 'vendure' AND s.sku = v.sku;
"""


class Stock:
    """The variants and what is allocated of each; what is shown lies in the showcase."""

    def __init__(self, world: World) -> None:
        self.db = world.db
        self.showcase = Showcase(world, "vendure", edits="vendure_edited")

    def list_all(self, articles: list[Article]) -> int:
        """Put articles into the shop; one that is there keeps its stock."""
        self.db.executemany(
            "INSERT INTO vendure_variant (id, sku) VALUES (?, ?) ON CONFLICT (sku) DO NOTHING",
            [(number_of("vendure variant", one.sku), one.sku) for one in articles],
        )
        return self.showcase.list_all(articles)

    def allocate(self, units: Mapping[str, int]) -> None:
        """An order wants these units; the showcase shows them no more already."""
        self.db.executemany(
            "UPDATE vendure_variant SET allocated = allocated + ? WHERE sku = ?",
            [(count, sku) for sku, count in units.items()],
        )

    def release(self, units: Mapping[str, int]) -> None:
        """Units of an order that was called off can be bought again."""
        self.allocate({sku: -count for sku, count in units.items()})
        self.showcase.give_back(units)

    def ship(self, units: Mapping[str, int]) -> None:
        """Units leave: neither here nor allocated any more, so that what is shown stays as it was."""
        self.allocate({sku: -count for sku, count in units.items()})

    def on_hand(self, sku: str, threshold: int) -> int:
        """What lies there."""
        row = self.db.execute("SELECT * FROM vendure_shown WHERE sku = ?", (sku,)).fetchone()
        return int(row["shown"] + row["allocated"] + threshold) if row else 0

    # The Admin API

    def variants(self, args: Mapping[str, Any], scale: Scale, threshold: int) -> dict[str, Any]:
        """`productVariants`: a page by id, or those of some ids."""
        self.showcase.take_effect()
        options = args.get("options") or {}
        take, skip = int(options.get("take", MOST_ROWS)), int(options.get("skip", 0))
        if take > MOST_ROWS:
            raise Refused(f"Cannot take more than {MOST_ROWS} results from a list query", "USER_INPUT_ERROR")
        wanted = ((options.get("filter") or {}).get("id") or {}).get("in")
        rows = self.db.execute(
            "SELECT * FROM vendure_shown WHERE :ids IS NULL OR id IN (SELECT value FROM json_each(:ids))"
            " ORDER BY id LIMIT :take OFFSET :skip",
            {
                "ids": None if wanted is None else orjson.dumps([int(one) for one in wanted if one.isdigit()]).decode(),
                "take": take, "skip": skip,
            },
        ).fetchall()  # fmt: skip
        return {"items": [_variant(row, scale, threshold) for row in rows]}

    def update(self, args: Mapping[str, Any], threshold: int) -> list[dict[str, Any]]:
        """`updateProductVariants`: all of it or nothing."""
        skus: dict[str, str] = {}
        for one in args["input"]:
            row = self.db.execute("SELECT sku FROM vendure_variant WHERE id = ?", (int(one["id"]),)).fetchone()
            if row is None:
                raise Refused(f'No ProductVariant with the id "{one["id"]}" could be found', "ENTITY_NOT_FOUND")
            if any(level["stockLocationId"] != LOCATION for level in one["stockLevels"]):
                raise Refused("No StockLocation with that id could be found", "ENTITY_NOT_FOUND")
            skus[one["id"]] = row["sku"]
        for one in args["input"]:
            sku, (level,) = skus[one["id"]], one["stockLevels"]
            row = self.db.execute("SELECT allocated FROM vendure_variant WHERE sku = ?", (sku,)).fetchone()
            self.showcase.put([(sku, level["stockOnHand"] - row["allocated"] - threshold)])
        marks = ",".join("?" * len(skus))
        rows = self.db.execute(f"SELECT * FROM vendure_shown WHERE sku IN ({marks})", list(skus.values())).fetchall()
        found = {str(row["id"]): {"id": str(row["id"]), "stockLevels": _levels(row, threshold)} for row in rows}
        return [found[one["id"]] for one in args["input"]]


def _levels(row: sqlite3.Row, threshold: int) -> list[dict[str, Any]]:
    on_hand = row["shown"] + row["allocated"] + threshold
    return [{"stockLocationId": LOCATION, "stockOnHand": on_hand, "stockAllocated": row["allocated"]}]


def _variant(row: sqlite3.Row, scale: Scale, threshold: int) -> dict[str, Any]:
    article = msgspec.json.decode(row["card"], type=Article)
    listed = scale.units(article.price)
    net, gross = scale.both(listed, article.tax_rate_bp)
    return {
        "__typename": "ProductVariant",
        "id": str(row["id"]),
        "sku": article.sku,
        "name": article.title,
        "price": net,
        "priceWithTax": gross,
        "currencyCode": article.currency,
        "trackInventory": "INHERIT",
        "outOfStockThreshold": 0,
        "useGlobalOutOfStockThreshold": True,
        "stockLevels": _levels(row, threshold),
        "product": {"id": str(number_of("vendure product", article.sku)), "name": article.title},
    }
