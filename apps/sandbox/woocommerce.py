"""A shop on WooCommerce: REST wc/v3, signed notices, a checkout, and a ledger of what it sold, shows and was told.

A sale lowers what is shown by itself, and an order that is called off raises it again, as WooCommerce does. An order's
notices and answers are made from the sale as it was placed, so that what the product reads can be held against it.
"""

import base64
import hashlib
import hmac
import sqlite3
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import orjson

from apps.sandbox import book as books
from apps.sandbox.woocommerce_book import SCHEMA as BOOK
from apps.sandbox.woocommerce_book import STATUSES, Book, sold
from apps.sandbox.woocommerce_shelf import SCHEMA as SHELF
from apps.sandbox.woocommerce_shelf import Shelf, refusal
from apps.sandbox.words import Article, Sale, sales
from apps.sandbox.world import Answer, Ask, Notice, Standin, World

ROOT = "/wp-json/wc/v3"
TOPICS = ("order.created", "order.updated", "order.deleted")
WEBHOOKS = {"order.created": 11, "order.updated": 12, "order.deleted": 13, "product.updated": 14, "ping": 11}
SHOP = "CREATE TABLE IF NOT EXISTS woocommerce_shop (name TEXT PRIMARY KEY, value TEXT NOT NULL);"
SETTINGS = {
    "tax/woocommerce_prices_include_tax": ("prices_include_tax", "yes"),
    "products/woocommerce_weight_unit": ("weight_unit", "kg"),
    "products/woocommerce_manage_stock": ("manage_stock", "yes"),
}


class WooCommerce(Standin):
    """One shop."""

    slug = "woocommerce"
    schema = BOOK + SHELF + SHOP
    faults: Mapping[str, float] = {
        "woocommerce_forgotten": 0.008,  # an order that the shop knows no longer when the night begins
        "woocommerce_edited": 0.0002,  # a listing of a night whose number somebody changes in the console
    }
    losable = ("order:",)
    effects = {"fulfilment.create": "SELECT reference, count(*) FROM woocommerce_parcel GROUP BY reference"}

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.book = Book(world, self.slug, forgets="woocommerce_forgotten")
        self.shelf = Shelf(world)

    # The REST API

    def handle(self, ask: Ask) -> Answer:
        """Refusals come as WordPress's {code, message, data}."""
        if not ask.path.startswith(f"{ROOT}/"):
            return refusal(404, "rest_no_route", "No route was found matching the URL and request method.")
        if not self._is_known(ask.headers.get("authorization", "")):
            return refusal(401, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
        match ask.method, *ask.path.removeprefix(f"{ROOT}/").split("/"):
            case "GET", "orders":
                return self._orders(ask.query)
            case _, "orders", id, *rest if id.isdigit():
                return self._order(ask, int(id), rest)
            case "GET", "products":
                return self.shelf.page(ask.query)
            case "POST", "products", "batch":
                return self.shelf.batch(ask.json())
            case "GET", "products", id, "variations" if id.isdigit() and self.shelf.has(int(id)):
                return self.shelf.page(ask.query, parent=int(id))
            case "POST", "products", id, "variations", "batch" if id.isdigit():
                return self.shelf.batch(ask.json(), parent=int(id))
            case "GET", "data", "currencies", "current":
                return Answer(200, {"code": self._fact("currency", "JPY"), "name": "", "symbol": ""})
            case "GET", "settings", group, name if f"{group}/{name}" in SETTINGS:
                value = self._fact(*SETTINGS[f"{group}/{name}"])
                return Answer(200, {"id": name, "type": "checkbox", "value": value, "group_id": group})
            case "GET", "webhooks":
                return Answer(200, self._webhooks(ask.query.get("status", "all")), {"X-WP-Total": "1"})
        return refusal(404, "rest_no_route", "No route was found matching the URL and request method.")

    def _is_known(self, given: str) -> bool:
        facts = self.world.hooks.get(self.slug, {})
        key = self._fact("consumer_key", "") or facts.get("consumer_key", "")
        secret = self._fact("consumer_secret", "") or facts.get("consumer_secret", "")
        wanted = f"Basic {base64.b64encode(f'{key}:{secret}'.encode()).decode()}"
        return given.startswith("Basic ") and (not key or hmac.compare_digest(given.encode(), wanted.encode()))

    def _orders(self, query: Mapping[str, str]) -> Answer:
        rows, answer = self.book.page(query)
        if answer.status == 200:
            answer.body = [self._served(row) for row in rows]
        return answer

    def _order(self, ask: Ask, id: int, rest: list[str]) -> Answer:
        found = self.book.by_id(id)
        if found is None or found["is_forgotten"]:
            return refusal(404, "woocommerce_rest_shop_order_invalid_id", "Invalid ID.")
        row = self.book.order(id)
        match ask.method, *rest:
            case ("GET",):
                return Answer(200, self._served(row))
            case ("PUT",):
                return self._become(row, str(ask.json().get("status", "")))
            case "GET", "refunds":
                return Answer(200, self.book.refunds(id))
            case "GET", "notes":
                return Answer(200, self.book.notes(id))
            case "POST", "notes":
                return self._note(row, ask.json())
        return refusal(404, "rest_no_route", "No route was found matching the URL and request method.")

    def _served(self, row: sqlite3.Row) -> dict[str, Any]:
        self.book.serve(row["id"])
        return self.book.body(row)

    def _become(self, row: sqlite3.Row, status: str) -> Answer:
        if status not in STATUSES:
            return refusal(400, "rest_invalid_param", "Invalid parameter(s): status")
        if status != row["status"]:
            row = self.book.become(row["id"], status)
            self._tell(row, "order.updated")
        return Answer(200, self.book.body(row))

    def _note(self, row: sqlite3.Row, asked: dict[str, Any]) -> Answer:
        if not asked.get("note"):
            return refusal(400, "rest_missing_callback_param", "Missing parameter(s): note")
        note, parcel = self.book.note(row, asked["note"], is_customers=bool(asked.get("customer_note")))
        if parcel:
            self.world.log("fulfilled", order=row["number"], reference=parcel["reference"], lines=parcel["units"])
        return Answer(201, note)

    def _webhooks(self, status: str) -> list[dict[str, Any]]:
        url = self.world.hooks.get(self.slug, {}).get("url", "")
        now = self._fact("webhook_status", "active")
        hook = {"id": 12, "name": "Kurogo orders", "status": now, "topic": "order.updated", "delivery_url": url}
        return [hook] if status in ("all", now) else []

    def _fact(self, name: str, default: str) -> str:
        row = self.db.execute("SELECT value FROM woocommerce_shop WHERE name = ?", (name,)).fetchone()
        return str(row["value"]) if row else default

    # Notices

    def sign(self, notice: Notice) -> dict[str, str]:
        """WooCommerce's headers; a ping has none. The delivery id is made when sending, of the webhook and the second."""
        if notice.topic == "ping":
            return {}
        secret = str(self.world.hooks[notice.hook].get("webhook_secret", ""))
        digest = hmac.new(secret.encode(), notice.body, hashlib.sha256).digest()
        resource, _, event = notice.topic.partition(".")
        webhook = WEBHOOKS[notice.topic]
        return {
            "x-wc-webhook-source": "https://sandbox.invalid/",
            "x-wc-webhook-topic": notice.topic,
            "x-wc-webhook-resource": resource,
            "x-wc-webhook-event": event,
            "x-wc-webhook-signature": base64.b64encode(digest).decode(),
            "x-wc-webhook-id": str(webhook),
            "x-wc-webhook-delivery-id": self.world.ident("", webhook, int(self.world.now().timestamp())),
        }

    def _tell(self, row: sqlite3.Row, topic: str, *, at: datetime | None = None) -> None:
        if topic not in self.world.hooks.get(self.slug, {}).get("topics", TOPICS):
            return
        body = {"id": row["id"]} if topic == "order.deleted" else self.book.body(row)
        self.world.notify(self.slug, topic, orjson.dumps(body), thing=f"order:{row['number']}", at=at)

    # Driver and oracle

    def command(self, name: str, args: dict[str, Any]) -> dict[str, Any]:
        """Any of `_COMMANDS`, each described where it is defined."""
        return _COMMANDS[name](self, args)

    def setup(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{consumer_key?, consumer_secret?, currency?, prices_include_tax?: yes|no, weight_unit?, manage_stock?: yes|no,
        webhook_status?: active|disabled}: facts of the shop.
        """
        rows = [(name, str(value)) for name, value in args.items()]
        self.db.executemany("INSERT OR REPLACE INTO woocommerce_shop VALUES (?, ?)", rows)
        return {}

    def list_variants(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{variants: [Article]}: the catalogue it lists, with shown quantities at the start; SKUs such as 10001A are
        variations of one product.
        """
        return {"listed": self.shelf.list_all(msgspec.convert(args["variants"], list[Article]))}

    def place_orders(self, args: dict[str, Any]) -> dict[str, Any]:
        """{sales: [Sale]}: each is sold, paid at the checkout and announced; one placed before is only told again. Answers
        the ids, null where a shop that honours what it shows had nothing of it to sell.
        """
        return {"placed": [self._place(sale) for sale in sales(args)]}

    def _place(self, sale: Sale) -> str | None:
        known = self.book.by_number(sale.number)
        if known is None:
            made = self.shelf.showcase.sell(sale)
            if made is None:
                return None
            row = self.book.open(made)
            self._checkout(made)
        else:
            row = self.book.order(known["id"])
        self._tell(row, "order.created", at=datetime.fromtimestamp(row["visible"], UTC))
        return str(row["id"])

    def _checkout(self, sale: Sale) -> None:
        stripe = self.world.standins.get("stripe")
        if stripe is None or sale.payment not in ("card", "konbini") or sale.total_minor <= 0:
            return
        asked = {"order_number": sale.number, "amount_minor": sale.total_minor, "currency": sale.currency}
        stripe.command("checkout", asked | {"method": sale.payment})

    def cancel(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{number}: called off in the console; the shop shows its units again by itself."""
        row = self._known(args)
        if row["status"] != "cancelled":
            given = self.book.given(row["id"])
            units = books.sale_of(row).units()
            for line in sold(row).lines:
                if line.id in given:
                    units[line.said.sku] -= given[line.id]
            self.shelf.showcase.give_back(units)
            row = self.book.become(row["id"], "cancelled")
        self._tell(row, "order.updated")
        return {"cancelled": row["number"]}

    def refund(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{number, units: {sku: n}, note?, restock?: bool}: taken back in the console; the money is the provider's affair."""
        row, back, id = self.book.refund(self._known(args), args["units"], args.get("note", ""))
        if args.get("restock", True):
            self.shelf.showcase.give_back(back)
        self._tell(row, "order.updated")
        return {"refund": str(id)}

    def become(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{number, status}: somebody chooses a status in the console; "trash" puts the order into the bin."""
        row = self.book.become(self._known(args)["id"], args["status"])
        self._tell(row, "order.deleted" if args["status"] == "trash" else "order.updated")
        return {"status": row["status"]}

    def _known(self, args: Mapping[str, Any]) -> sqlite3.Row:
        return self.book.order(self.book.known(args["number"])["id"])

    def edit_stock(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{night}: the console edits of that night, by plan; {sku, delta}: this one."""
        if "sku" in args:
            return {"available": self.shelf.showcase.edit(args["sku"], int(args["delta"]))}
        return {"edited": self.shelf.showcase.edit_by_plan(date.fromisoformat(args["night"]))}

    def forget_order(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{number}: the shop knows it no longer, though it announced it."""
        self.book.forget(self.book.known(args["number"])["id"])
        return {"forgotten": args["number"]}

    def forget_product(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{sku}: deleted in the console."""
        self.shelf.forget(args["sku"])
        return {"forgotten": args["sku"]}

    def uncount(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{sku}: somebody switches stock management off for one article."""
        self.shelf.uncount(args["sku"])
        return {"uncounted": args["sku"]}

    def ping(self, _args: Mapping[str, Any]) -> dict[str, Any]:
        """A webhook is made: the shop asks whether anybody is there, unsigned and form-encoded."""
        form = {"content-type": "application/x-www-form-urlencoded"}
        self.world.notify(self.slug, "ping", b"webhook_id=11", thing="ping", headers=form)
        return {}

    def shown(self, _args: Mapping[str, Any]) -> dict[str, Any]:
        """What the shop shows, by SKU."""
        return {"shown": self.shelf.showcase.shown()}

    def told(self, _args: Mapping[str, Any]) -> dict[str, Any]:
        """What the product has told it: parcels, in order."""
        return {"fulfilments": self.book.told()}

    def planted(self, night: date) -> dict[str, list[str]]:
        """What this ledger sees unhealed now: each thing on the first night it can be seen, and never again.

        order_missing_here: never told and never served; order_missing_there: announced, and forgotten when the night
        began; stock_drift: a number that was changed in the console and not overwritten since.
        """
        return {
            "order_missing_here": [f"order:{number}" for number in self.book.missing_here()],
            "order_missing_there": [f"order:{number}" for number in self.book.missing_there()],
            "stock_drift": [f"sku:{sku}" for sku in self.shelf.showcase.drifted()],
        }


_COMMANDS: dict[str, Callable[[WooCommerce, dict[str, Any]], dict[str, Any]]] = {
    one.__name__: one
    for one in (
        WooCommerce.setup, WooCommerce.list_variants, WooCommerce.place_orders, WooCommerce.cancel, WooCommerce.refund,
        WooCommerce.become, WooCommerce.edit_stock, WooCommerce.forget_order, WooCommerce.forget_product,
        WooCommerce.uncount, WooCommerce.ping, WooCommerce.shown, WooCommerce.told,
    )
}  # fmt: skip
