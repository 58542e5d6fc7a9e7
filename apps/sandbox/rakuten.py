"""A shop at Rakuten: RMS order API v7, inventory 2.1, items 2.0, and a ledger of what it sold, shows and was told.

It calls nobody. It sells regardless of what it shows, unless channels are to be honest. An order waits at 100 until the shop
confirms it, is Rakuten's affair at 200, and may be packed from 300 on. Made from a public client's structs and from what
public clients write of the answers; the vendor's own reference is behind the merchant's login.
"""

import base64
import hmac
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import orjson

from apps.sandbox import rakuten_book, rakuten_orders, rakuten_stock
from apps.sandbox.rakuten_book import Book, Said
from apps.sandbox.rakuten_stock import Refused, Stock
from apps.sandbox.words import Article, Sale, sales
from apps.sandbox.world import Answer, Ask, Standin, World

CONTENT_TYPE = "application/json;charset=utf-8"
EXPIRY = "/es/1.0/license-management/license-key/expiry-date"
KEY_LIVES = timedelta(days=90)
WIDEST = 63 * 86_400
ORDERS_A_CALL, NUMBERS_A_PAGE = 100, 1000
SHOP = "CREATE TABLE IF NOT EXISTS rakuten_shop (name TEXT PRIMARY KEY, value TEXT NOT NULL);"


class Rakuten(Standin):
    """One shop of the mall."""

    slug = "rakuten"
    schema = rakuten_book.SCHEMA + rakuten_stock.SCHEMA + SHOP
    faults: Mapping[str, float] = {
        "rakuten_forgotten": 0.008,  # an order that the mall knows no longer when the night begins
        "rakuten_edited": 0.0002,  # a listing of a night whose number somebody changes in RMS
    }
    effects = {"fulfilment.create": "SELECT number, count(*) FROM rakuten_shipment GROUP BY number"}

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.book = Book(world, self.slug, forgets="rakuten_forgotten")
        self.stock = Stock(world)

    # RMS WEB SERVICE

    def handle(self, ask: Ask) -> Answer:
        """One function by its path; each refuses in its own form."""
        function = _FUNCTIONS.get((ask.method, ask.path.rstrip("/")))
        if function is None:
            return _gateway(404, "ES04-02", "Not Found")
        if not self._is_known(ask.headers.get("authorization", "")):
            return _gateway(401, "ES04-01", "Un-Authorised")
        if ask.method == "GET":
            return self._answered(function, ask.query)
        if ask.headers.get("content-type") != CONTENT_TYPE:
            return _gateway(415, "ES04-03", "Unsupported Media Type")
        try:
            said = orjson.loads(ask.body)
        except orjson.JSONDecodeError:
            said = None
        if not isinstance(said, dict):
            return _gateway(400, "ES01-01", "Bad Request")
        return self._answered(function, said)

    def _answered(self, function: Callable[["Rakuten", Any], Answer], said: Mapping[str, Any]) -> Answer:
        try:
            return function(self, said)
        except Refused as refused:
            error = {"code": refused.code, "message": str(refused), "metadata": {"propertyPath": refused.path}}
            return Answer(400, {"errors": [error]})
        except (KeyError, TypeError, ValueError) as error:
            return _messages(400, [_message(Said(True, "ERROR_011", f"書式が不正です。({error})"))])

    def _is_known(self, given: str) -> bool:
        scheme, _, coded = given.partition(" ")
        told = self.world.hooks.get(self.slug, {})
        secret = self._fact("service_secret") or told.get("service_secret", "")
        key = self._fact("license_key") or told.get("license_key", "")
        if scheme != "ESA" or not coded:
            return False
        wanted = base64.b64encode(f"{secret}:{key}".encode()).decode()
        return not (secret or key) or hmac.compare_digest(coded.encode(), wanted.encode())

    def _fact(self, name: str) -> str:
        row = self.db.execute("SELECT value FROM rakuten_shop WHERE name = ?", (name,)).fetchone()
        return str(row["value"]) if row else ""

    def search_order(self, said: Mapping[str, Any]) -> Answer:
        """searchOrder: numbers by a date and by progress."""
        if said.get("dateType") not in rakuten_book.DATES:
            return _refusal("SEARCH_ORDER_ERROR_009", "dateTypeの項目を指定して下さい。")
        since, until = rakuten_book.seconds(said["startDatetime"]), rakuten_book.seconds(said["endDatetime"])
        pages = said.get("PaginationRequestModel") or {"requestRecordsAmount": 30, "requestPage": 1}
        size, page = pages["requestRecordsAmount"], pages["requestPage"]
        if not 0 <= until - since <= WIDEST or not 1 <= size <= NUMBERS_A_PAGE or page < 1:
            return _refusal("SEARCH_ORDER_ERROR_011", "検索期間または件数の指定が不正です。")
        numbers, total = self.book.search(
            date=said["dateType"], since=since, until=until, progress=said.get("orderProgressList") or (), page=page,
            size=size,
        )  # fmt: skip
        words = "注文検索に成功しました。" + ("" if total else "(検索結果０件)")
        told = {"totalRecordsAmount": total, "totalPages": -(-total // size), "requestPage": page}
        return _messages(
            200,
            [_message(Said(False, f"SEARCH_ORDER_INFO_{101 if total else 102}", words))],
            orderNumberList=numbers,
            PaginationResponseModel=told if total else dict.fromkeys(told),
        )

    def get_order(self, said: Mapping[str, Any]) -> Answer:
        """getOrder, version 7: what is known of each number."""
        numbers = said["orderNumberList"]
        if not 1 <= len(numbers) <= ORDERS_A_CALL or int(said["version"]) < 7:
            return _refusal("GET_ORDER_ERROR_011", "orderNumberListまたはversionの指定が不正です。")
        found = [model for number in numbers if (model := self.book.model(str(number)))]
        words = f"受注情報取得に成功しました。(取得件数{len(found)}件)"
        told = [_message(Said(False, f"GET_ORDER_INFO_{101 if found else 102}", words))]
        return _messages(200, told, OrderModelList=found, version=7)

    def confirm_order(self, said: Mapping[str, Any]) -> Answer:
        """confirmOrder: a message for each number."""
        numbers = said["orderNumberList"]
        if not 1 <= len(numbers) <= ORDERS_A_CALL:
            return _refusal("CONFIRM_ORDER_ERROR_011", "orderNumberListの指定が不正です。")
        return _messages(200, [_message(self.book.confirm(str(one))) | {"orderNumber": one} for one in numbers])

    def update_order_shipping(self, said: Mapping[str, Any]) -> Answer:
        """updateOrderShipping: shipments of the order's one destination."""
        number = said["orderNumber"]
        (basket,) = said["BasketidModelList"]
        wanted = basket["ShippingModelList"]
        if basket["basketId"] != rakuten_orders.number_of("basket", number) or not 1 <= len(wanted) <= 20:
            return _refusal("UPDATE_ORDERSHIPPING_ERROR_011", "basketIdの指定が不正です。")
        told = self.book.ship(number, wanted)
        messages = [
            _message(one) | {"dataNumber": place if id else None, "shippingDetailId": id}
            for place, (one, id) in enumerate(told, start=1)
        ]
        done = [
            one["shippingNumber"] for one, (told_of, _id) in zip(wanted, told, strict=False) if not told_of.is_error
        ]
        for reference in done:
            self.world.log("fulfilled", order=number, reference=reference, lines={})
        return _messages(200 if done else 400, messages)

    def bulk_get(self, said: Mapping[str, Any]) -> Answer:
        """inventories.bulk.get."""
        return Answer(200, {"inventories": self.stock.read(said["inventories"])})

    def bulk_upsert(self, said: Mapping[str, Any]) -> Answer:
        """inventories.bulk.upsert: nothing is answered."""
        self.stock.set(said["inventories"])
        return Answer(204)

    def items_search(self, query: Mapping[str, str]) -> Answer:
        """items.search."""
        return Answer(200, self.stock.search(query))

    def key_expiry(self, _query: Mapping[str, str]) -> Answer:
        """The end of the license key, in Japan's time."""
        ends = self._fact("expires_at") or (self.world.now() + KEY_LIVES).isoformat()
        at = datetime.fromisoformat(ends).astimezone(rakuten_orders.JST)
        return Answer(200, {"expiryDate": at.strftime("%Y-%m-%dT%H:%M:%S")})

    # Driver and oracle

    def command(self, name: str, args: dict[str, Any]) -> dict[str, Any]:
        """Any of `_COMMANDS`, each described where it is defined."""
        return _COMMANDS[name](self, args)

    def setup(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{service_secret?, license_key?, expires_at?: ISO 8601}: the keys that the shop is known by."""
        self.db.executemany("INSERT OR REPLACE INTO rakuten_shop VALUES (?, ?)", [(k, str(v)) for k, v in args.items()])
        return {}

    def list_variants(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{variants: [Article]}: the catalogue it lists, with shown quantities at the start."""
        return {"listed": self.stock.list_all(msgspec.convert(args["variants"], list[Article]))}

    def unlist(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{sku}: the shop has deleted the item."""
        self.stock.unlist(args["sku"])
        return {"unlisted": args["sku"]}

    def place_orders(self, args: dict[str, Any]) -> dict[str, Any]:
        """{sales: [Sale]}: each is sold and waits to be confirmed; one placed before stays as it is. Answers the numbers,
        null where a shop that honours what it shows had nothing of it to sell.
        """
        return {"placed": [self._place(sale) for sale in sales(args)]}

    def _place(self, sale: Sale) -> str | None:
        if self.book.by_number(sale.number) is None:
            rakuten_orders.Priced(sale)  # refused before anything is sold
            made = self.stock.showcase.sell(sale)
            if made is None:
                return None
            self.book.open(made)
        return sale.number

    def pay(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{number}: Rakuten is sure of the money, which it is by itself some minutes after the confirmation."""
        return {"paid": self.book.pay(args["number"])}

    def leave_open(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{number, is_open?}: carriage of an order is not fixed yet (-9999), or the shop has fixed it now."""
        self.book.known(args["number"])
        self.book.leave_open(args["number"], is_open=bool(args.get("is_open", True)))
        return {}

    def cancel(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{number}: called off in RMS, without putting anything back on the shelf."""
        self.book.cancel(args["number"])
        return {"cancelled": args["number"]}

    def edit_stock(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{night}: the edits of that night in RMS, by plan; {sku, delta}: this one."""
        if "sku" in args:
            return {"available": self.stock.showcase.edit(args["sku"], int(args["delta"]))}
        return {"edited": self.stock.showcase.edit_by_plan(date.fromisoformat(args["night"]))}

    def forget_order(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{number}: the mall knows it no longer, though it told of it."""
        self.book.forget(self.book.known(args["number"])["id"])
        return {"forgotten": args["number"]}

    def shown(self, _args: Mapping[str, Any]) -> dict[str, Any]:
        """What the shop shows, by SKU."""
        return {"shown": self.stock.showcase.shown()}

    def told(self, _args: Mapping[str, Any]) -> dict[str, Any]:
        """What the product has told it: shipments, in order."""
        return {"fulfilments": self.book.told()}

    def planted(self, night: date) -> dict[str, list[str]]:
        """What this ledger sees unhealed now: each thing on the first night it can be seen, and never again.

        order_missing_here: never served to anybody; order_missing_there: served, and forgotten when the night began;
        stock_drift: a number that was changed in RMS and not overwritten since.
        """
        return {
            "order_missing_here": [f"order:{number}" for number in self.book.missing_here()],
            "order_missing_there": [f"order:{number}" for number in self.book.missing_there()],
            "stock_drift": [f"sku:{sku}" for sku in self.stock.showcase.drifted()],
        }


_FUNCTIONS: dict[tuple[str, str], Callable[[Rakuten, Any], Answer]] = {
    ("POST", "/es/2.0/order/searchOrder"): Rakuten.search_order,
    ("POST", "/es/2.0/order/getOrder"): Rakuten.get_order,
    ("POST", "/es/2.0/order/confirmOrder"): Rakuten.confirm_order,
    ("POST", "/es/2.0/order/updateOrderShipping"): Rakuten.update_order_shipping,
    ("POST", "/es/2.1/inventories/bulk-get"): Rakuten.bulk_get,
    ("POST", "/es/2.1/inventories/bulk-upsert"): Rakuten.bulk_upsert,
    ("GET", "/es/2.0/items/search"): Rakuten.items_search,
    ("GET", EXPIRY): Rakuten.key_expiry,
}
_COMMANDS: dict[str, Callable[[Rakuten, dict[str, Any]], dict[str, Any]]] = {
    one.__name__: one
    for one in (
        Rakuten.setup, Rakuten.list_variants, Rakuten.unlist, Rakuten.place_orders, Rakuten.pay, Rakuten.leave_open,
        Rakuten.cancel, Rakuten.edit_stock, Rakuten.forget_order, Rakuten.shown, Rakuten.told,
    )
}  # fmt: skip


def _message(said: Said) -> dict[str, Any]:
    return {
        "messageType": "ERROR" if said.is_error else "INFO",
        "messageCode": f"ORDER_EXT_API_{said.code}",
        "message": said.words,
    }


def _messages(status: int, messages: list[dict[str, Any]], **more: Any) -> Answer:
    return Answer(status, {"MessageModelList": messages} | more)


def _refusal(code: str, words: str) -> Answer:
    return _messages(400, [_message(Said(True, code, words))])


def _gateway(status: int, code: str, words: str) -> Answer:
    return Answer(status, {"Results": {"errorCode": code, "message": words}})
