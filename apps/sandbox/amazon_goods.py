"""What the seller lists: numbers of the own shelf, which are set and take effect later, and what lies at Amazon.

A patch is accepted at once. Two patches of one listing take effect in the order in which they came.
"""

import base64
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from apps.sandbox.amazon_book import Refused
from apps.sandbox.amazon_orders import MARKETPLACE
from apps.sandbox.showcase import SCHEMA as SHOWCASE
from apps.sandbox.showcase import Showcase
from apps.sandbox.words import Article
from apps.sandbox.world import Answer, Ask, World, ident, micros, moment

SCHEMA = f"""{SHOWCASE}
CREATE TABLE IF NOT EXISTS amazon_listing (sku TEXT PRIMARY KEY, made INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS amazon_warehouse (sku TEXT PRIMARY KEY, units INTEGER NOT NULL);
CREATE VIEW IF NOT EXISTS amazon_shown AS SELECT sku, shown FROM showcase WHERE channel = 'amazon';
"""
MOST = 1000
_SPAN = {"since": "createdAfter", "until": "createdBefore"}
_WANTED = """WHERE (:skus IS NULL OR l.sku IN (SELECT value FROM json_each(:skus)))
 AND l.made BETWEEN :since AND :until"""
PATHS = ("/attributes/fulfillment_availability",)


class Goods:
    """Listings and quantities."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.db = world.db
        self.showcase = Showcase(world, "amazon")

    def list_all(self, articles: list[Article]) -> int:
        """Put articles in, each with what it shows at the start; one that is there keeps its number."""
        now = micros(self.world.now()) // 1000
        self.db.executemany(
            "INSERT OR IGNORE INTO amazon_listing VALUES (?, ?)",
            [(one.sku, now + place) for place, one in enumerate(articles)],
        )
        return self.showcase.list_all(articles)

    def store(self, sku: str, units: int) -> None:
        """So many units lie in Amazon's warehouse: from now on it sends them itself."""
        self.db.execute("INSERT OR REPLACE INTO amazon_warehouse VALUES (?, ?)", (sku, units))

    # Listings items

    def search(self, ask: Ask) -> Answer:
        """`GET /listings/2021-08-01/items/{sellerId}`: by SKUs or by the time they were made; 1,000 at most."""
        query = ask.query
        _here(query)
        wanted = query["identifiers"].split(",") if query.get("identifiers") else None
        if wanted and (len(wanted) > 20 or query.get("identifiersType") != "SKU"):
            raise Refused(400, "InvalidInput", "identifiers: 20 at most, of the type SKU here")
        size, start = int(query.get("pageSize", 10)), _start(query.get("pageToken", ""))
        if not 1 <= size <= 20:
            raise Refused(400, "InvalidInput", "pageSize: 20 at most")
        span = {name: _millis(query[key]) for name, key in _SPAN.items() if query.get(key)}
        page, total = self._rows(wanted, **span, size=size, start=start)
        answer: dict[str, Any] = {"numberOfResults": total, "items": [self._item(row, query) for row in page]}
        if start + size < min(total, MOST):
            answer["pagination"] = {"nextToken": base64.urlsafe_b64encode(str(start + size).encode()).decode()}
        return Answer(200, answer)

    def get(self, ask: Ask, sku: str) -> Answer:
        """`GET /listings/2021-08-01/items/{sellerId}/{sku}`."""
        _here(ask.query)
        rows, _total = self._rows([sku])
        if not rows:
            raise Refused(404, "NOT_FOUND", f"SKU '{sku}' not found in marketplace {MARKETPLACE}")
        return Answer(200, self._item(rows[0], ask.query))

    def patch(self, ask: Ask, sku: str) -> Answer:
        """`PATCH /listings/2021-08-01/items/{sellerId}/{sku}`: the quantity of the own shelf, and nothing else."""
        _here(ask.query)
        said = ask.json()
        (one,) = said["patches"]
        if not said.get("productType") or one["path"] not in PATHS or one["op"] not in ("merge", "replace"):
            raise Refused(400, "InvalidInput", "This stand-in takes the availability of a product type alone.")
        (value,) = one["value"]
        if value["fulfillment_channel_code"] != "DEFAULT" or type(value["quantity"]) is not int:
            raise Refused(400, "InvalidInput", "fulfillment_availability")
        id = ident("", "submission", sku, value["quantity"], self.world.now())
        answer: dict[str, Any] = {"sku": sku, "status": "ACCEPTED", "submissionId": id, "issues": []}
        if value["quantity"] < 0:
            issue = {"code": "4000003", "message": "The quantity is below 0.", "severity": "ERROR", "categories": []}
            return Answer(200, answer | {"status": "INVALID", "issues": [issue]})
        # Amazon takes numbers for SKUs that it does not know, too; nothing comes of them.
        self.db.execute("DELETE FROM amazon_warehouse WHERE sku = ?", (sku,))
        self.showcase.put([(sku, value["quantity"])], lag=self._lag(sku))
        return Answer(200, answer)

    def _lag(self, sku: str) -> timedelta:
        """How late a number takes effect: by plan, and never before an earlier one of the same listing."""
        now = self.world.now()
        lag = self.world.lag("write_lag", f"amazon:{sku}:{micros(now)}")
        last = self.db.execute(
            "SELECT max(at) FROM showcase_coming WHERE channel = 'amazon' AND sku = ?", (sku,)
        ).fetchone()[0]
        return max(lag, moment(last) - now) if last is not None else lag

    def _rows(
        self, skus: Sequence[str] | None, *, since: int = 0, until: int = 1 << 62, size: int = 1, start: int = 0
    ) -> tuple[list[sqlite3.Row], int]:  # fmt: skip
        """A page of those of these SKUs, or of all, that were made in a time (milliseconds), and how many there are."""
        self.showcase.take_effect()
        asked = {
            "skus": None if skus is None else msgspec.json.encode(skus).decode(), "since": since, "until": until,
            "size": size, "start": start,
        }  # fmt: skip
        (total,) = self.db.execute(f"SELECT count(*) FROM amazon_listing l {_WANTED}", asked).fetchone()
        page = self.db.execute(
            "SELECT l.sku, l.made, s.shown, s.card, w.units FROM amazon_listing l"
            " JOIN showcase s ON s.channel = 'amazon' AND s.sku = l.sku LEFT JOIN amazon_warehouse w ON w.sku = l.sku"
            f" {_WANTED} ORDER BY l.sku LIMIT :size OFFSET :start",
            asked,
        ).fetchall()
        return page, total

    def _item(self, row: sqlite3.Row, query: Mapping[str, str]) -> dict[str, Any]:
        data = query.get("includedData", "summaries").split(",")
        card = msgspec.json.decode(row["card"], type=Article)
        made = moment(row["made"] * 1000).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        item: dict[str, Any] = {"sku": row["sku"]}
        if "summaries" in data:
            item["summaries"] = [
                {
                    "marketplaceId": MARKETPLACE, "asin": ident("B0", "asin", row["sku"])[:10].upper(),
                    "productType": "HOME", "conditionType": "new_new", "status": ["BUYABLE", "DISCOVERABLE"],
                    "itemName": card.title, "createdDate": made, "lastUpdatedDate": made,
                }
            ]  # fmt: skip
        if "offers" in data:
            price = {"currencyCode": card.currency, "amount": str(card.price)}
            item["offers"] = [{"marketplaceId": MARKETPLACE, "offerType": "B2C", "price": price}]
        if "fulfillmentAvailability" in data:
            own = {"fulfillmentChannelCode": "DEFAULT", "quantity": row["shown"]}
            item["fulfillmentAvailability"] = [own if row["units"] is None else {"fulfillmentChannelCode": "AMAZON_JP"}]
        return item

    # FBA inventory

    def summaries(self, ask: Ask) -> Answer:
        """`GET /fba/inventory/v1/summaries`."""
        if ask.query.get("granularityType") != "Marketplace" or ask.query.get("granularityId") != MARKETPLACE:
            raise Refused(400, "InvalidInput", "granularity")
        _here(ask.query)
        rows = self.db.execute("SELECT * FROM amazon_warehouse ORDER BY sku").fetchall()
        start = _start(ask.query.get("nextToken", ""))
        page = rows[start : start + 50]
        summaries = [
            {
                "sellerSku": row["sku"], "asin": ident("B0", "asin", row["sku"])[:10].upper(), "totalQuantity": row["units"],
                "inventoryDetails": {"fulfillableQuantity": row["units"]},
            }
            for row in page
        ]  # fmt: skip
        answer: dict[str, Any] = {
            "payload": {
                "granularity": {"granularityType": "Marketplace", "granularityId": MARKETPLACE},
                "inventorySummaries": summaries,
            }
        }
        if start + 50 < len(rows):
            answer["pagination"] = {"nextToken": base64.urlsafe_b64encode(str(start + 50).encode()).decode()}
        return Answer(200, answer)


def _here(query: Mapping[str, str]) -> None:
    if query.get("marketplaceIds") != MARKETPLACE:
        raise Refused(400, "InvalidInput", "marketplaceIds")


def _millis(text: str) -> int:
    return micros(datetime.fromisoformat(text)) // 1000


def _start(token: str) -> int:
    return int(base64.urlsafe_b64decode(token)) if token else 0
