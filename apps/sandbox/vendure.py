"""A shop on Vendure: its Admin API, its checkout, and a ledger of what it sold, shows and was told. It calls nobody.

Its clock ticks in whole seconds, as Vendure's does on SQLite. It sells regardless of what it shows unless it is told to be
honest; an order that is called off there is for sale again at once, as Vendure has it.
"""

import hmac
import sqlite3
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import msgspec
import orjson

from apps.sandbox.graphql import Document, Execution, Field, Refused, parsed
from apps.sandbox.shopify_orders import priced
from apps.sandbox.vendure_book import SCHEMA as BOOK
from apps.sandbox.vendure_book import Book, order_of
from apps.sandbox.vendure_money import Scale
from apps.sandbox.vendure_orders import node
from apps.sandbox.vendure_stock import LOCATION, Stock
from apps.sandbox.vendure_stock import SCHEMA as STOCK
from apps.sandbox.words import Article, Sale, sales
from apps.sandbox.world import Answer, Ask, Standin, World

PATH = "/admin-api"
SHOP = "CREATE TABLE IF NOT EXISTS vendure_shop (name TEXT PRIMARY KEY, value TEXT NOT NULL);"
PLACES = 4  # finer than Vendure's own two: the sales of a file have unit prices of a tenth of a penny
ERROR = ("ErrorResult",)


class Vendure(Standin):
    """One channel with one stock location."""

    slug = "vendure"
    schema = BOOK + STOCK + SHOP
    faults: Mapping[str, float] = {
        "vendure_forgotten": 0.008,  # an order that the shop knows no longer when the night begins
        "vendure_edited": 0.0002,  # a variant of a night whose number somebody changes in the dashboard
    }
    effects = {
        "fulfilment.create": "SELECT number, count(*) FROM vendure_fulfilment WHERE number != '' GROUP BY number"
    }

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.book = Book(world, self.slug, forgets="vendure_forgotten")
        self.stock = Stock(world)

    # The Admin API

    def handle(self, ask: Ask) -> Answer:
        """One POST with {query, operationName, variables}; refusals come as Vendure's, mostly with status 200."""
        if ask.path != PATH or ask.method != "POST":
            return Answer(404, {"message": "Not Found"})
        try:
            said = orjson.loads(ask.body)
            document, name, variables = parsed(said["query"]), said["operationName"], said.get("variables") or {}
            execution = Execution(document, name, variables)
        except (orjson.JSONDecodeError, KeyError, TypeError, Refused) as error:
            return Answer(400, _errors(str(error), "GRAPHQL_VALIDATION_FAILED", ""))
        first = _first_field(document, name)
        if not self._is_known(ask.headers.get("vendure-api-key", "")):
            return Answer(200, _errors("You are not currently authorized to perform this action", "FORBIDDEN", first))
        try:
            return Answer(200, {"data": execution.run(self._root())})
        except Refused as refused:
            if refused.code in ("undefinedField", "variableNotDefined", "selectionMismatch"):
                return Answer(400, _errors(str(refused), "GRAPHQL_VALIDATION_FAILED", ""))
            return Answer(200, _errors(str(refused), refused.code, first))

    def _is_known(self, given: str) -> bool:
        key = self._fact("api_key", "")
        return bool(given) and (not key or hmac.compare_digest(given.encode(), key.encode()))

    def _root(self) -> dict[str, Callable[[dict[str, Any], dict[str, Any]], Any]]:
        threshold = int(self._fact("threshold", "0"))
        return {
            "activeChannel": lambda _args, _: self._channel(),
            "globalSettings": lambda _args, _: {
                "trackInventory": self._fact("track_inventory", "true") == "true",
                "outOfStockThreshold": threshold,
                "serverConfig": {"moneyStrategyPrecision": self._scale().places},
            },
            "stockLocations": lambda _args, _: {"items": [{"id": LOCATION, "name": "Main warehouse"}]},
            "orders": lambda args, _: {
                "items": [self._served(row) for row in self.book.page(args.get("options") or {})]
            },
            "order": lambda args, _: self._order(args["id"]),
            "productVariants": lambda args, _: self.stock.variants(args, self._scale(), threshold),
            "updateProductVariants": lambda args, _: self.stock.update(args, threshold),
            "addFulfillmentToOrder": lambda args, _: self._fulfil(args["input"], threshold),
            "transitionFulfillmentToState": lambda args, _: self._move(args["id"], args["state"]),
        }

    def _channel(self) -> dict[str, Any]:
        row = self.db.execute("SELECT card FROM vendure_shown LIMIT 1").fetchone()
        listed = msgspec.json.decode(row["card"], type=Article).currency if row else ""
        return {
            "code": "__default_channel__",
            "defaultCurrencyCode": listed or self._fact("currency", "JPY"),
            "pricesIncludeTax": self._scale().includes_tax,
        }

    def _scale(self) -> Scale:
        return Scale(int(self._fact("precision", str(PLACES))), self._fact("prices_include_tax", "true") == "true")

    def _served(self, row: sqlite3.Row) -> dict[str, Any]:
        self.book.serve(row["id"])
        return node(order_of(row), self.book.state(row), self._scale())

    def _order(self, id: str) -> dict[str, Any] | None:
        row = self.book.by_id(int(id)) if id.isdigit() else None
        return self._served(row) if row is not None and not row["is_forgotten"] else None

    def _fact(self, name: str, default: str) -> str:
        row = self.db.execute("SELECT value FROM vendure_shop WHERE name = ?", (name,)).fetchone()
        return str(row["value"]) if row else default

    def _fulfil(self, wanted: dict[str, Any], threshold: int) -> dict[str, Any]:
        if not wanted["lines"]:
            return _refusal("EmptyOrderLineSelectionError", "EMPTY_ORDER_LINE_SELECTION_ERROR", "No lines are selected")
        if wanted["handler"]["code"] != "manual-fulfillment":
            said = "There is no FulfillmentHandler of that code"
            return _refusal("InvalidFulfillmentHandlerError", "INVALID_FULFILLMENT_HANDLER_ERROR", said)
        lines = []
        for one in wanted["lines"]:
            row = self.db.execute("SELECT * FROM vendure_line WHERE id = ?", (int(one["orderLineId"]),)).fetchone()
            if row is None:
                raise Refused(f'No OrderLine with the id "{one["orderLineId"]}" could be found', "ENTITY_NOT_FOUND")
            if row["fulfilled"] + one["quantity"] > row["quantity"]:
                said = "One or more OrderItems are already part of a Fulfillment"
                return _refusal("ItemsAlreadyFulfilledError", "ITEMS_ALREADY_FULFILLED_ERROR", said)
            # A shop that sells more than it shows has less than it sold, which Vendure's own checkout does not let happen.
            if self.stock.showcase.shows(row["sku"]) is not None and (
                self.stock.on_hand(row["sku"], threshold) < one["quantity"] and threshold < 0
            ):
                said = f"Cannot create a Fulfillment as there is insufficient stock on hand of {row['sku']}"
                return _refusal("InsufficientStockOnHandError", "INSUFFICIENT_STOCK_ON_HAND_ERROR", said)
            lines.append(row)
        done = self.book.fulfil(wanted, lines)
        self.stock.ship(done["units"])
        return done

    def _move(self, id: str, state: str) -> dict[str, Any]:
        row = self.db.execute("SELECT * FROM vendure_fulfilment WHERE id = ?", (int(id),)).fetchone()
        if row is None:
            raise Refused(f'No Fulfillment with the id "{id}" could be found', "ENTITY_NOT_FOUND")
        if (row["state"], state) not in {("Pending", "Shipped"), ("Shipped", "Delivered")}:
            said = f"Cannot transition Fulfillment from {row['state']} to {state}"
            return _refusal("FulfillmentStateTransitionError", "FULFILLMENT_STATE_TRANSITION_ERROR", said)
        self.db.execute("UPDATE vendure_fulfilment SET state = ? WHERE id = ?", (state, row["id"]))
        order = self.book.touch(row["order_id"])
        if state == "Shipped":
            units = orjson.loads(row["units"])
            self.world.log("fulfilled", order=order["number"], reference=row["number"], lines=units)
        return {"__typename": "Fulfillment", "id": id, "state": state}

    # Driver and oracle

    def command(self, name: str, args: dict[str, Any]) -> dict[str, Any]:
        """Any of `_COMMANDS`, each described where it is defined."""
        return _COMMANDS[name](self, args)

    def setup(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{api_key?, currency?, prices_include_tax?: "true"|"false", precision?, threshold?, track_inventory?}: facts of
        the shop.
        """
        self.db.executemany("INSERT OR REPLACE INTO vendure_shop VALUES (?, ?)", [(k, str(v)) for k, v in args.items()])
        return {"location_id": LOCATION}

    def list_variants(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{variants: [Article]}: the catalogue it lists, with shown quantities at the start."""
        return {"listed": self.stock.list_all(msgspec.convert(args["variants"], list[Article]))}

    def place_orders(self, args: dict[str, Any]) -> dict[str, Any]:
        """{sales: [Sale]}: each is sold and paid at the checkout; one placed before is as it was. Answers the ids, null
        where a shop that honours what it shows had nothing of it to sell.
        """
        placed = [self._place(sale) for sale in sales(args)]
        return {"placed": [str(id) if id else None for id in placed]}

    def _place(self, sale: Sale) -> int | None:
        known = self.book.by_number(sale.number)
        if known is not None:
            return int(known["id"])
        made = self.stock.showcase.sell(sale)
        if made is None:
            return None
        order = priced(made)
        row = self.book.place(order.id, made)
        self.book.open(order)
        node(order, self.book.state(row), self._scale())  # an order that this shop cannot tell of is not taken
        self.stock.allocate(made.units())
        self._checkout(made)
        return order.id

    def _checkout(self, sale: Sale) -> None:
        stripe = self.world.standins.get("stripe")
        if stripe is None or sale.payment not in ("card", "konbini") or sale.total_minor <= 0:
            return
        asked = {"order_number": sale.number, "amount_minor": sale.total_minor, "currency": sale.currency}
        stripe.command("checkout", asked | {"method": sale.payment})

    def cancel(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{number, reason?}: called off in the dashboard as a whole; what had not left is for sale again."""
        row = self.book.known(args["number"])
        order = order_of(row)
        units = {line.id: line.said.quantity for line in order.lines}
        self.stock.release(self.book.call_off(order, units, args.get("reason", "")))
        self.book.touch(row["id"], is_cancelled=True)
        return {"cancelled": row["number"]}

    def refund(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{number, units: {sku: n}, note?, is_refunded?: false}: units are called off, and their money is given back."""
        row = self.book.known(args["number"])
        order, left = order_of(row), dict(args["units"])
        units: dict[int, int] = {}
        worth = 0
        for line in order.lines:
            units[line.id] = min(left.get(line.said.sku, 0), line.said.quantity)
            left[line.said.sku] = left.get(line.said.sku, 0) - units[line.id]
            paid = line.total - line.discount + (0 if order.sale.prices_include_tax else line.tax)
            worth += paid * units[line.id] // line.said.quantity
        self.stock.release(self.book.call_off(order, units, args.get("note", "")))
        self.book.touch(row["id"])
        return {"refund": self.book.refund(row["id"], worth) if args.get("is_refunded", True) else None}

    def edit_stock(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{night}: the dashboard edits of that night, by plan; {sku, delta}: this one."""
        if "sku" in args:
            return {"available": self.stock.showcase.edit(args["sku"], int(args["delta"]))}
        return {"edited": self.stock.showcase.edit_by_plan(date.fromisoformat(args["night"]))}

    def forget_order(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{number}: the shop knows it no longer, though it told of it."""
        self.book.forget(self.book.known(args["number"])["id"])
        return {"forgotten": args["number"]}

    def shown(self, _args: Mapping[str, Any]) -> dict[str, Any]:
        """What a shopper may buy, by SKU."""
        return {"shown": self.stock.showcase.shown()}

    def told(self, _args: Mapping[str, Any]) -> dict[str, Any]:
        """What the product has told it: fulfilments, in order."""
        return {"fulfilments": self.book.told()}

    def planted(self, night: date) -> dict[str, list[str]]:
        """What this ledger sees unhealed now: each thing on the first night it can be seen, and never again.

        order_missing_here: never served; order_missing_there: served, and forgotten when the night began; stock_drift: a
        number that was changed in the dashboard and not overwritten since.
        """
        return {
            "order_missing_here": [f"order:{number}" for number in self.book.missing_here()],
            "order_missing_there": [f"order:{number}" for number in self.book.missing_there()],
            "stock_drift": [f"sku:{sku}" for sku in self.stock.showcase.drifted()],
        }


_COMMANDS: dict[str, Callable[[Vendure, dict[str, Any]], dict[str, Any]]] = {
    one.__name__: one
    for one in (
        Vendure.setup, Vendure.list_variants, Vendure.place_orders, Vendure.cancel, Vendure.refund, Vendure.edit_stock,
        Vendure.forget_order, Vendure.shown, Vendure.told,
    )
}  # fmt: skip


def _first_field(document: Document, name: str) -> str:
    """The root field that Vendure names in a refusal's path."""
    selection = document.operations[name].selection
    return selection[0].name if selection and isinstance(selection[0], Field) else ""


def _errors(message: str, code: str, path: str) -> dict[str, Any]:
    return {"errors": [{"message": message, "path": [path], "extensions": {"code": code}}], "data": None}


def _refusal(kind: str, code: str, message: str) -> dict[str, Any]:
    return {"__typename": kind, "__interfaces": ERROR, "errorCode": code, "message": message}
