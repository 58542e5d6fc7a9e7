"""A shop at Shopify: Admin GraphQL, signed notices, a checkout, and a ledger of what it sold, shows and was told.

It sells regardless of what it shows. An order's notices and answers are made from the sale as it was placed, so that
what the product reads can be held against what was sold.
"""

import base64
import hashlib
import hmac
import sqlite3
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import msgspec
import orjson

from apps.sandbox import shopify_nodes as nodes
from apps.sandbox import shopify_orders as orders
from apps.sandbox.graphql import Execution, Refused, parsed
from apps.sandbox.shopify_book import SCHEMA as BOOK
from apps.sandbox.shopify_book import Book, priced, times
from apps.sandbox.shopify_bulk import FATES, Bulk
from apps.sandbox.shopify_bulk import SCHEMA as BULK
from apps.sandbox.shopify_door import Door
from apps.sandbox.shopify_orders import gid, number_of
from apps.sandbox.shopify_parcels import SCHEMA as PARCELS
from apps.sandbox.shopify_parcels import Parcels
from apps.sandbox.shopify_stock import LOCATION, LOCATIONS, Stock
from apps.sandbox.shopify_stock import SCHEMA as STOCK
from apps.sandbox.words import Article, Sale, sales
from apps.sandbox.world import Answer, Ask, Notice, Standin, World

PATH = "/admin/api/2026-10/graphql.json"
TOPICS = ("orders/create", "orders/cancelled", "refunds/create")
SCOPES = (
    "read_orders", "read_customers", "read_products", "read_locations", "read_inventory", "write_inventory",
    "read_merchant_managed_fulfillment_orders", "write_merchant_managed_fulfillment_orders",
)  # fmt: skip
SHOP = "CREATE TABLE IF NOT EXISTS shopify_shop (name TEXT PRIMARY KEY, value TEXT NOT NULL);"


class Shopify(Standin):
    """One shop with three locations; it sells from the main one."""

    slug = "shopify"
    schema = BOOK + STOCK + PARCELS + BULK + SHOP
    faults: Mapping[str, float] = {
        "forgotten": 0.008,  # an order that the shop knows no longer when the night begins
        "edited": 0.0002,  # a listing of a night whose number somebody changes in the console
    }
    losable = ("order:",)
    effects = {
        "fulfilment.create": "SELECT number, count(*) FROM shopify_fulfilment WHERE number != '' GROUP BY number"
    }

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.book = Book(world, self.slug)
        self.stock = Stock(world)
        self.parcels = Parcels(world)
        self.bulk = Bulk(world, self.stock)
        self.door = Door(self._fact)
        self.spoiled: list[Answer] = []  # answers to come, told by a command

    # The Admin API

    def handle(self, ask: Ask) -> Answer:
        """One POST with {query, operationName, variables}; refusals come as Shopify's, mostly with status 200."""
        if answer := self.door.handle(ask):
            return answer
        if ask.path.startswith("/bulk/") and ask.method == "GET":
            return self.bulk.file(ask)
        if ask.path != PATH or ask.method != "POST":
            return Answer(404, {"errors": "Not Found"})
        if not self._is_known(ask.headers.get("x-shopify-access-token", "")):
            return Answer(
                401, {"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"}
            )
        try:
            said = orjson.loads(ask.body)
            query, name, variables = said["query"], said["operationName"], said.get("variables") or {}
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return Answer(400, {"errors": {"query": "Required parameter missing or invalid"}})
        self.bulk.host = ask.headers.get("host", "")
        if self.spoiled:
            return self.spoiled.pop(0)
        try:
            return Answer(200, {"data": Execution(parsed(query), name, variables).run(self._root())})
        except Refused as refused:
            return Answer(200, {"errors": [{"message": str(refused), "extensions": {"code": refused.code}}]})

    def _is_known(self, given: str) -> bool:
        token = self._fact("access_token", "") or self.world.hooks.get(self.slug, {}).get("access_token", "")
        return bool(given) and (not token or hmac.compare_digest(given.encode(), str(token).encode()))

    def _root(self) -> dict[str, Callable[[dict[str, Any], dict[str, Any]], Any]]:
        return {
            "orders": lambda args, _: self._orders(args),
            "order": lambda args, _: self._order(_tail(args["id"])),
            "refund": lambda args, _: self._refund(_tail(args["id"])),
            "productVariants": lambda args, _: self.stock.variants(args),
            "productVariantsCount": lambda args, _: self.stock.count(args),
            "nodes": lambda args, _: self.stock.items(args["ids"]),
            "location": lambda args, _: self._location(args["id"]),
            "locations": lambda _args, _: {"nodes": [self._location(gid("Location", id)) for id in LOCATIONS]},
            "shop": lambda _args, _: self._shop(),
            "currentAppInstallation": lambda _args, _: {"accessScopes": [{"handle": one} for one in self._scopes()]},
            "fulfillmentOrder": lambda args, _: self.parcels.order_of(args["id"]),
            "bulkOperation": lambda args, _: self.bulk.state(args),
            "bulkOperationRunQuery": lambda args, _: self.bulk.run_query(args),
            "bulkOperationCancel": lambda args, _: self.bulk.cancel(args),
            "inventorySetQuantities": self.stock.set_quantities,
            "fulfillmentOrderMove": lambda args, _: self.parcels.move(args),
            "productVariantsBulkUpdate": lambda args, _: self.stock.set_prices(args),
            "fulfillmentCreate": lambda args, _: self._fulfil(args["fulfillment"]),
        }

    def _orders(self, args: Mapping[str, Any]) -> dict[str, Any]:
        page, info = self.book.page(args)
        return {"nodes": [self._served(row) for row in page], "pageInfo": info}

    def _order(self, id: int) -> dict[str, Any] | None:
        row = self.book.by_id(id)
        return self._served(row) if row is not None and not row["is_forgotten"] else None

    def _served(self, row: sqlite3.Row) -> dict[str, Any]:
        self.book.serve(row["id"])
        refunds = [{"id": gid("Refund", body["id"])} for body in self.book.refunds(row["id"])]
        node = nodes.graphql_order(priced(row), refunds=refunds, **times(row))
        return node | self.parcels.of(row["id"], is_cancelled=row["cancelled"] is not None)

    def _refund(self, id: int) -> dict[str, Any] | None:
        body = self.book.refund(id)
        return nodes.graphql_refund(body) if body else None

    def _location(self, reference: str) -> dict[str, Any] | None:
        id = _tail(reference)
        if id not in LOCATIONS:
            return None
        levels = partial(self.stock.levels, location=id)
        return {"id": reference, "name": LOCATIONS[id], "isActive": True, "inventoryLevels": levels}

    def _shop(self) -> dict[str, Any]:
        row = self.db.execute("SELECT currency FROM shopify_variant LIMIT 1").fetchone()
        return {
            "name": self._fact("name", "Sandbox shop"),
            "currencyCode": row["currency"] if row else self._fact("currency", "JPY"),
            "taxesIncluded": self._fact("taxes_included", "true") == "true",
        }

    def _scopes(self) -> list[str]:
        return self._fact("scopes", ",".join(SCOPES)).split(",")

    def _fact(self, name: str, default: str) -> str:
        row = self.db.execute("SELECT value FROM shopify_shop WHERE name = ?", (name,)).fetchone()
        return str(row["value"]) if row else default

    def _fulfil(self, wanted: dict[str, Any]) -> dict[str, Any]:
        done = self.parcels.create(wanted)
        if done.order_id:
            row = self.book.touch(done.order_id)
            self.world.log("fulfilled", order=row["number"], reference=done.number, lines=done.units)
        return done.payload

    # Notices

    def sign(self, notice: Notice) -> dict[str, str]:
        """Shopify's headers; the signature is over the body alone, with the secret told with the hook."""
        secret = str(self.world.hooks[notice.hook].get("webhook_secret", ""))
        digest = hmac.new(secret.encode(), notice.body, hashlib.sha256).digest()
        return {
            "x-shopify-topic": notice.topic,
            "x-shopify-hmac-sha256": base64.b64encode(digest).decode(),
            "x-shopify-shop-domain": "sandbox.myshopify.com",
            "x-shopify-api-version": "2026-10",
            "x-shopify-webhook-id": self.world.ident("", "webhook", notice.topic, notice.thing, notice.at),
            "x-shopify-triggered-at": notice.at.isoformat().replace("+00:00", "Z"),
        }

    def _tell(
        self, number: str, topic: str, body: dict[str, Any], *, version: int, at: datetime | None = None
    ) -> None:  # fmt: skip
        if topic not in self.world.hooks.get(self.slug, {}).get("topics", TOPICS):
            return
        headers = {"x-shopify-event-id": self.world.ident("", "event", topic, number, version)}
        self.world.notify(self.slug, topic, orjson.dumps(body), thing=f"order:{number}", at=at, headers=headers)

    # Driver and oracle

    def command(self, name: str, args: dict[str, Any]) -> dict[str, Any]:
        """Any of `_COMMANDS`, each described where it is defined."""
        return _COMMANDS[name](self, args)

    def setup(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{name?, currency?, taxes_included?: "true"|"false", scopes?: "a,b", access_token?}: facts of the shop."""
        self.db.executemany("INSERT OR REPLACE INTO shopify_shop VALUES (?, ?)", [(k, str(v)) for k, v in args.items()])
        return {"location_id": str(LOCATION)}

    def list_variants(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{variants: [Article]}: the catalogue it lists, with shown quantities at the start."""
        return {"listed": self.stock.list_all(msgspec.convert(args["variants"], list[Article]))}

    def place_orders(self, args: dict[str, Any]) -> dict[str, Any]:
        """{sales: [Sale]}: each is sold, paid at the checkout and announced; one placed before is only told again. Answers
        the ids, null where a shop that honours what it shows had nothing of it to sell.
        """
        placed = [self._place(sale) for sale in sales(args)]
        return {"placed": [str(id) if id else None for id in placed]}

    def _place(self, sale: Sale) -> int | None:
        row = self.book.by_number(sale.number)
        if row is None:
            made = self.stock.showcase.sell(sale)
            if made is None:
                return None
            order = orders.priced(made)
            row = self.book.place(order.id, made)
            self.parcels.open(order)
            self._checkout(made)
        order = priced(row)
        body = orders.webhook_body(order, refunds=[], placed=row["placed"], updated=row["came"], cancelled=None)
        self._tell(
            sale.number, "orders/create", body, version=row["came"], at=datetime.fromtimestamp(row["visible"], UTC)
        )
        return order.id

    def _checkout(self, sale: Sale) -> None:
        stripe = self.world.standins.get("stripe")
        if stripe is None or sale.payment not in ("card", "konbini") or sale.total_minor <= 0:
            return
        asked = {"order_number": sale.number, "amount_minor": sale.total_minor, "currency": sale.currency}
        stripe.command("checkout", asked | {"method": sale.payment})

    def cancel(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{number}: called off in the console, without putting anything back on the shelf."""
        row = self.book.touch(self.book.known(args["number"])["id"], is_cancelled=True)
        body = orders.webhook_body(priced(row), refunds=self.book.refunds(row["id"]), **times(row))
        self._tell(row["number"], "orders/cancelled", body, version=row["updated"])
        return {"cancelled": row["number"]}

    def refund(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{number, units: {sku: n}, note?}: taken back in the console; the money is the provider's affair."""
        row = self.book.touch(self.book.known(args["number"])["id"])
        order, left = priced(row), dict(args["units"])
        units: dict[int, int] = {}
        for line in order.lines:
            units[line.id] = min(left.get(line.said.sku, 0), line.said.quantity)
            left[line.said.sku] = left.get(line.said.sku, 0) - units[line.id]
        id = number_of("refund", row["id"], row["updated"])
        body = orders.refund_body(order, id=id, at=row["updated"], note=args.get("note", ""), units=units)
        self.book.keep_refund(row["id"], body)
        self._tell(row["number"], "refunds/create", body, version=row["updated"])
        return {"refund": str(id)}

    def edit_stock(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{night}: the console edits of that night, by plan; {sku, delta, location?}: this one."""
        if "location" in args:
            return {"available": self.stock.edit_at(args["sku"], int(args["location"]), int(args["delta"]))}
        if "sku" in args:
            return {"available": self.stock.showcase.edit(args["sku"], int(args["delta"]))}
        return {"edited": self.stock.showcase.edit_by_plan(date.fromisoformat(args["night"]))}

    def stock_at(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{sku, location, quantity}: an article is kept at another location than the main one, too."""
        self.stock.put_at(args["sku"], int(args["location"]), int(args["quantity"]))
        return {"kept": args["sku"]}

    def forget_order(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{number}: the shop knows it no longer, though it announced it."""
        self.book.forget(self.book.known(args["number"])["id"])
        return {"forgotten": args["number"]}

    def shown(self, _args: Mapping[str, Any]) -> dict[str, Any]:
        """What the shop shows, by SKU."""
        return {"shown": self.stock.showcase.shown()}

    def told(self, _args: Mapping[str, Any]) -> dict[str, Any]:
        """What the product has told it: fulfilments, in order."""
        return {"fulfilments": self.parcels.told()}

    def throttle(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{times}: the bucket is empty for so many queries."""
        self.spoiled += [_throttled() for _ in range(int(args["times"]))]
        return {"spoiled": len(self.spoiled)}

    def be_costly(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{times}: so many queries cost more than one may."""
        self.spoiled += [_too_costly() for _ in range(int(args["times"]))]
        return {"spoiled": len(self.spoiled)}

    def fulfilment_order(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{number, location?, units?: {sku: n}, status?, hold?, is_pinned?}: the merchant assigns an order's newest fulfilment
        order (or so many units of it) to a location, and puts it on hold, schedules, closes it; pinned ones stay there.
        """
        return self.parcels.arrange(self.book.known(args["number"])["id"], args)

    def bulk_operations(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{fates?: [a word of FATES], others?: n}: how the next ones end, and how many of others run."""
        fates = [fate for fate in args.get("fates", ()) if fate in FATES]
        self.bulk.coming, self.bulk.others = fates, int(args.get("others", 0))
        return {"coming": fates, "others": self.bulk.others}

    def planted(self, night: date) -> dict[str, list[str]]:
        """What this ledger sees unhealed now: each thing on the first night it can be seen, and never again.

        order_missing_here: never told and never served; order_missing_there: announced, and forgotten when the night
        began; stock_drift: a number that was changed in the console and not overwritten since.
        """
        return {
            "order_missing_here": [f"order:{number}" for number in self.book.missing_here()],
            "order_missing_there": [f"order:{number}" for number in self.book.missing_there()],
            "stock_drift": [f"sku:{sku}" for sku in self.stock.showcase.drifted()],
        }


_COMMANDS: dict[str, Callable[[Shopify, dict[str, Any]], dict[str, Any]]] = {
    one.__name__: one
    for one in (
        Shopify.setup, Shopify.list_variants, Shopify.place_orders, Shopify.cancel, Shopify.refund, Shopify.edit_stock,
        Shopify.forget_order, Shopify.shown, Shopify.told, Shopify.throttle, Shopify.be_costly,
        Shopify.bulk_operations, Shopify.fulfilment_order,
        Shopify.stock_at,
    )
}  # fmt: skip


def _tail(reference: str) -> int:
    tail = reference.rpartition("/")[2]
    if not tail.isdigit():
        raise Refused(f"Invalid global id '{reference}'")
    return int(tail)


def _too_costly() -> Answer:
    said = "Query cost is 2502, which exceeds the single query max cost limit (1000)."
    return Answer(200, {"errors": [{"message": said, "extensions": {"code": "MAX_COST_EXCEEDED"}}]})


def _throttled() -> Answer:
    cost = {
        "requestedQueryCost": 252,
        "actualQueryCost": None,
        "throttleStatus": {"maximumAvailable": 2000.0, "currentlyAvailable": 52, "restoreRate": 100.0},
    }
    errors = [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]
    return Answer(200, {"errors": errors, "extensions": {"cost": cost}})
