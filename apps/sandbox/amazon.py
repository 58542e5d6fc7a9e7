"""A seller's account at Amazon: Login with Amazon, the Selling Partner API, notices, and a ledger of what was sold and told.

Amazon collects the money itself. Its notices only point at orders; they come through the merchant's own queue and show the key
that was told with the hook.
"""

import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qs

import msgspec
import orjson

from apps.sandbox import amazon_orders as orders
from apps.sandbox.amazon_book import SCHEMA as BOOK
from apps.sandbox.amazon_book import Book, Refused, refusal
from apps.sandbox.amazon_goods import SCHEMA as GOODS
from apps.sandbox.amazon_goods import Goods
from apps.sandbox.book import sale_of
from apps.sandbox.words import Article, Sale, sales
from apps.sandbox.world import Answer, Ask, Notice, Standin, World

ORDERS, CONFIRMATIONS = "/orders/2026-01-01/orders", "/orders/v0/orders/"
LISTINGS = "/listings/2021-08-01/items/"
FACTS = "CREATE TABLE IF NOT EXISTS amazon_fact (name TEXT PRIMARY KEY, value TEXT NOT NULL);"
TOKEN_SECONDS = 3600


class Amazon(Standin):
    """One seller in one marketplace."""

    slug = "amazon"
    schema = BOOK + GOODS + FACTS
    faults: Mapping[str, float] = {
        "forgotten": 0.008,  # an order that Amazon knows no longer when the night begins
        "edited": 0.0002,  # a listing of a night whose number somebody changes in Seller Central
        "pending": 0.0,  # a sale whose payment is under way at first
    }
    losable = ("order:",)
    effects = {
        "fulfilment.create": "SELECT tracking, count(*) FROM amazon_package GROUP BY tracking",
    }

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.book = Book(world)
        self.goods = Goods(world)

    # The API

    def handle(self, ask: Ask) -> Answer:
        """Login with Amazon, or one call of the Selling Partner API with its token."""
        if ask.path == "/auth/o2/token":
            return self._log_in(ask)
        if not hmac.compare_digest(ask.headers.get("x-amz-access-token", "").encode(), self._token().encode()):
            return refusal(403, "Unauthorized", "Access to requested resource is denied.")
        try:
            return self._answer(ask)
        except Refused as refused:
            return refused.answer
        except (KeyError, TypeError, ValueError) as error:
            return refusal(400, "InvalidInput", f"Request has missing or invalid parameters: {error!r}")

    def _answer(self, ask: Ask) -> Answer:
        path, method = ask.path, ask.method
        if path == ORDERS and method == "GET":
            return self.book.search(ask)
        if path.startswith(f"{ORDERS}/") and method == "GET":
            return self.book.get(ask, path.removeprefix(f"{ORDERS}/"))
        if path.startswith(CONFIRMATIONS) and path.endswith("/shipmentConfirmation") and method == "POST":
            return self._confirm(ask, path.removeprefix(CONFIRMATIONS).removesuffix("/shipmentConfirmation"))
        if path.startswith(LISTINGS):
            seller, _, sku = path.removeprefix(LISTINGS).partition("/")
            if seller != self._fact("seller_id", seller):
                return refusal(403, "Unauthorized", "Access to requested resource is denied.")
            if method == "PATCH":
                return self.goods.patch(ask, sku)
            return self.goods.get(ask, sku) if sku else self.goods.search(ask)
        if path == "/fba/inventory/v1/summaries":
            return self.goods.summaries(ask)
        if path == "/sellers/v1/marketplaceParticipations":
            return Answer(200, {"payload": [self._participation()]})
        return refusal(404, "NotFound", "The specified resource does not exist.")

    def _log_in(self, ask: Ask) -> Answer:
        said = {name: values[0] for name, values in parse_qs(ask.body.decode()).items()}
        if said.get("grant_type") != "refresh_token":
            return Answer(400, {"error": "unsupported_grant_type", "error_description": "grant_type"})
        for name, error in (
            ("client_id", "invalid_client"),
            ("client_secret", "invalid_client"),
            ("refresh_token", "invalid_grant"),
        ):
            if not said.get(name) or said[name] != self._fact(name, said[name]):
                return Answer(400, {"error": error, "error_description": f"The {name} is not known."})
        token = {"access_token": self._token(), "token_type": "bearer", "expires_in": TOKEN_SECONDS}
        return Answer(200, token | {"refresh_token": said["refresh_token"]})

    def _token(self) -> str:
        """One token for everybody, until it is told to end."""
        return self.world.ident("Atza|", "amazon token", self._fact("token_number", "1"))

    def _fact(self, name: str, default: str) -> str:
        row = self.db.execute("SELECT value FROM amazon_fact WHERE name = ?", (name,)).fetchone()
        return str(row["value"]) if row else default

    def _participation(self) -> dict[str, Any]:
        return {
            "marketplace": {
                "id": orders.MARKETPLACE, "name": "Amazon.co.jp", "countryCode": "JP", "defaultCurrencyCode": "JPY",
                "defaultLanguageCode": "ja_JP", "domainName": "www.amazon.co.jp",
            },
            "storeName": self._fact("name", "Sandbox store"),
            "participation": {"isParticipating": True, "hasSuspendedListings": False},
        }  # fmt: skip

    def _confirm(self, ask: Ask, number: str) -> Answer:
        said = ask.json()
        if said["marketplaceId"] != orders.MARKETPLACE:
            return refusal(400, "InvalidInput", "marketplaceId")
        units = self.book.confirm(number, said)
        if units is not None:
            tracking = said["packageDetail"]["trackingNumber"]
            self.world.log("fulfilled", order=number, reference=tracking, lines=units)
        self._tell(number, self.book.touch(number))
        return Answer(204)

    # Notices

    def sign(self, notice: Notice) -> dict[str, str]:
        """The header that the merchant's own AWS account adds; nothing is signed."""
        return {
            "x-kurogo-key": str(self.world.hooks[notice.hook].get("hook_key", "")),
            "content-type": "application/json",
        }

    def _tell(self, number: str, row: Any, *, at: datetime | None = None) -> None:
        moment = max(at or self.world.now(), self.world.now())
        body = orders.order_change(
            sale_of(row), self.book.state(row), seller=self._fact("seller_id", "A3SANDBOX"), at=moment
        )
        self.world.notify(self.slug, "ORDER_CHANGE", orjson.dumps(body), thing=f"order:{number}", at=moment)

    # Driver and oracle

    def command(self, name: str, args: dict[str, Any]) -> dict[str, Any]:
        """Any of `_COMMANDS`, each described where it is defined."""
        return _COMMANDS[name](self, args)

    def setup(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{client_id?, client_secret?, refresh_token?, seller_id?, name?}: facts of the account; what is not told is taken
        from whoever asks."""
        self.db.executemany("INSERT OR REPLACE INTO amazon_fact VALUES (?, ?)", [(k, str(v)) for k, v in args.items()])
        return {"marketplace_id": orders.MARKETPLACE}

    def expire_tokens(self, _args: Mapping[str, Any]) -> dict[str, Any]:
        """Every access token ends now."""
        number = int(self._fact("token_number", "1")) + 1
        return self.setup({"token_number": number}) | {"token_number": number}

    def list_variants(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{variants: [Article]}: what the seller lists, with shown quantities at the start."""
        return {"listed": self.goods.list_all(msgspec.convert(args["variants"], list[Article]))}

    def store_at_amazon(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{sku, units}: so many units lie in Amazon's warehouse, and Amazon sends them."""
        self.goods.store(args["sku"], int(args["units"]))
        return {"stored": args["sku"]}

    def place_orders(self, args: dict[str, Any]) -> dict[str, Any]:
        """{sales: [Sale], pending?: true}: each is sold and pointed at; one placed before is only told again. `pending`: the
        payment is under way, until `release`. Answers the ids, null where an honest shop had nothing of it to sell.
        """
        return {"placed": [self._place(sale, is_pending=bool(args.get("pending"))) for sale in sales(args)]}

    def place_at_amazon(self, args: dict[str, Any]) -> dict[str, Any]:
        """{sales: [Sale]}: sold from Amazon's own warehouse; sent by `send_from_amazon`."""
        return {"placed": [self._place(sale, is_amazons=True) for sale in sales(args)]}

    def _place(self, sale: Sale, *, is_pending: bool = False, is_amazons: bool = False) -> str | None:
        row = self.book.by_number(sale.number)
        if row is None:
            made = sale if is_amazons else self.goods.showcase.sell(sale)
            if made is None:
                return None
            orders.on_top(made)
            hit = not is_amazons and self.world.plan.hits("pending", sale.number)
            row = self.book.take(made, is_pending=is_pending or hit, is_amazons=is_amazons)
            if hit:
                share = self.world.plan.number("pending_for", sale.number)
                at = datetime.fromtimestamp(row["came"] + 60 + int(share * 3600), UTC)
                self.world.later(self.slug, "release", {"number": sale.number}, at=at)
        self._tell(sale.number, row, at=datetime.fromtimestamp(row["visible"], UTC))
        return sale.number

    def release(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{number}: the payment is there, the order may be packed."""
        row = self.book.known(args["number"])
        if row["cancelled"] is None:
            self._tell(row["number"], self.book.mark(row["number"], "is_pending", 0))
        return {"released": args["number"]}

    def send_from_amazon(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{number}: Amazon has sent an order from its own warehouse."""
        row = self.book.mark(self.book.known(args["number"])["number"], "is_sent", 1)
        self._tell(row["number"], row)
        return {"sent": row["number"]}

    def cancel(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{number}: called off, without showing anything again."""
        row = self.book.touch(self.book.known(args["number"])["number"], is_cancelled=True)
        self._tell(row["number"], row)
        return {"cancelled": row["number"]}

    def edit_stock(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{night}: the edits of that night in Seller Central, by plan; {sku, delta}: this one."""
        if "sku" in args:
            return {"available": self.goods.showcase.edit(args["sku"], int(args["delta"]))}
        return {"edited": self.goods.showcase.edit_by_plan(date.fromisoformat(args["night"]))}

    def forget_order(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{number}: Amazon knows it no longer, though it pointed at it."""
        self.book.forget(self.book.known(args["number"])["id"])
        return {"forgotten": args["number"]}

    def shown(self, _args: Mapping[str, Any]) -> dict[str, Any]:
        """What each listing shows, by SKU."""
        return {"shown": self.goods.showcase.shown()}

    def told(self, _args: Mapping[str, Any]) -> dict[str, Any]:
        """What the product has told it: parcels, in order."""
        return {"fulfilments": self.book.told()}

    def planted(self, night: date) -> dict[str, list[str]]:
        """What this ledger sees unhealed now: each thing on the first night it can be seen, and never again."""
        return {
            "order_missing_here": [f"order:{number}" for number in self.book.missing_here()],
            "order_missing_there": [f"order:{number}" for number in self.book.missing_there()],
            "stock_drift": [f"sku:{sku}" for sku in self.goods.showcase.drifted()],
        }


_COMMANDS: dict[str, Callable[[Amazon, dict[str, Any]], dict[str, Any]]] = {
    one.__name__: one
    for one in (
        Amazon.setup, Amazon.expire_tokens, Amazon.list_variants, Amazon.store_at_amazon, Amazon.place_orders,
        Amazon.place_at_amazon, Amazon.release, Amazon.send_from_amazon, Amazon.cancel, Amazon.edit_stock,
        Amazon.forget_order, Amazon.shown, Amazon.told,
    )
}  # fmt: skip
