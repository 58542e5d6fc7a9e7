"""A shop and a warehouse that speak in files: `/csv/shop/files/…` and `/csv/warehouse/files/…`, each with its own hook.

Files are pushed signed when they are written and lie in the folder afterwards; what the merchant lays down there counts
once a name. The ledger: what was sold, in which file it was told, which files were laid down, and what is shown.
"""

import csv
import hashlib
import hmac
import io
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from itertools import groupby
from typing import Any

import msgspec
import orjson

from apps.core import clock
from apps.sandbox import csvshop_sheets as sheets
from apps.sandbox import csvshop_told
from apps.sandbox.csvshop_parcels import SCHEMA as PARCELS
from apps.sandbox.csvshop_parcels import Parcels
from apps.sandbox.showcase import SCHEMA as SHOWCASE
from apps.sandbox.showcase import Showcase
from apps.sandbox.words import Article, Returned, Sale, StockRow, sales
from apps.sandbox.world import Answer, Ask, Notice, Standin, World, micros, moment

SHOP, WAREHOUSE = "shop", "warehouse"
HOOKS = {SHOP: "csv", WAREHOUSE: "csv:warehouse"}
SCHEMA = """
CREATE TABLE IF NOT EXISTS csv_file (
    seq INTEGER PRIMARY KEY, place TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, thing TEXT NOT NULL,
    changed INTEGER NOT NULL, body BLOB NOT NULL, is_served INTEGER NOT NULL DEFAULT 0, UNIQUE (place, name));
CREATE INDEX IF NOT EXISTS csv_file_changed ON csv_file (place, changed);
CREATE TABLE IF NOT EXISTS csv_order (
    number TEXT PRIMARY KEY, file TEXT NOT NULL, sale BLOB NOT NULL, cancelled TEXT NOT NULL DEFAULT '',
    is_forgotten INTEGER NOT NULL DEFAULT 0, is_weighed INTEGER NOT NULL DEFAULT 0,
    is_named INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS csv_order_file ON csv_order (file);
CREATE INDEX IF NOT EXISTS csv_order_unweighed ON csv_order (number) WHERE is_weighed = 0;
CREATE TABLE IF NOT EXISTS csv_laid (
    place TEXT NOT NULL, name TEXT NOT NULL, body BLOB NOT NULL, answer BLOB NOT NULL, PRIMARY KEY (place, name));
"""
# Files that came up late (lost until night) are listed from that moment on, too.
_CHANGED = """
SELECT f.* FROM csv_file f LEFT JOIN lost l ON l.standin = 'csv' AND l.thing = f.thing
WHERE f.place = ? AND (l.thing IS NULL OR l.until IS NOT NULL)
  AND ((f.changed >= ? AND f.changed < ?) OR (l.until >= ? AND l.until <= ?)) ORDER BY f.changed, f.seq"""
_TAKEN = (
    "SELECT 1 FROM notice WHERE thing = ? AND hook = 'csv' AND state = 'sent' AND status BETWEEN 200 AND 299 LIMIT 1"
)
_FOREVER = 2**62


class CsvShop(Standin):
    """The stand-in behind two connections."""

    slug = "csv"
    schema = SCHEMA + SHOWCASE + PARCELS
    faults: Mapping[str, float] = {
        "csv_forgotten": 0.012,  # an order that the shop knows no longer when the night begins
        "csv_edited": 0.0001,  # an article of a night whose number somebody changes in the shop's console
    }
    losable = ("order:",)  # an order that is lost has a file of its own
    effects = {"fulfilment.create": "SELECT reference, count(*) FROM csv_parcel GROUP BY reference"}

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.shelf = Showcase(world, self.slug, edits="csv_edited")
        self.parcels = Parcels(world)

    # The folder

    def handle(self, ask: Ask) -> Answer:
        """GET /files, GET and PUT /files/<name>, below the place."""
        place, _, path = ask.path.strip("/").partition("/")
        if place not in HOOKS:
            return Answer(404, {"error": "no such folder"})
        wanted = self.world.hooks.get(HOOKS[place], {}).get("token", "")
        given = ask.headers.get("authorization", "").removeprefix("Bearer ")
        if wanted and not hmac.compare_digest(given.encode(), str(wanted).encode()):
            return Answer(401, {"error": "the token is not known"})
        if path == "files" and ask.method == "GET":
            return Answer(200, self._listing(place, ask.query))
        head, _, name = path.partition("/")
        if head != "files" or not name:
            return Answer(404, {"error": "no such address"})
        if ask.method == "GET":
            return self._get(place, name, ask.query)
        if ask.method == "PUT":
            return self._put(place, name, ask)
        return Answer(405, {"error": "GET and PUT only"})

    def _listing(self, place: str, query: Mapping[str, str]) -> list[Any]:
        rows = self._changed(place, query.get("since", ""), "")
        return [
            {"name": row["name"], "kind": row["kind"], "changed_at": moment(row["changed"]).isoformat()} for row in rows
        ]

    def _changed(self, place: str, since: str, until: str) -> list[sqlite3.Row]:
        first = micros(datetime.fromisoformat(since)) if since else 0
        last = micros(datetime.fromisoformat(until)) if until else _FOREVER
        return self.db.execute(_CHANGED, (place, first, last, first, last)).fetchall()

    def _get(self, place: str, name: str, query: Mapping[str, str]) -> Answer:
        own = {"orders-index.json": self._index, "shown.csv": self._shown, "catalogue.csv": self._catalogue}.get(name)
        if own is not None:
            return own(place, query)
        laid = self.db.execute("SELECT body FROM csv_laid WHERE place = ? AND name = ?", (place, name)).fetchone()
        if laid is not None:
            return Answer(200, laid["body"], {"Content-Type": "text/csv"})
        row = self.db.execute("SELECT * FROM csv_file WHERE place = ? AND name = ?", (place, name)).fetchone()
        if row is None:
            return Answer(404, {"error": f"no file {name}"})
        self.db.execute("UPDATE csv_file SET is_served = 1 WHERE seq = ? AND is_served = 0", (row["seq"],))
        return Answer(200, self._as_it_stands(row), {"Content-Type": "text/csv"})

    def _as_it_stands(self, row: sqlite3.Row) -> bytes:
        """A file of orders without those that the shop has forgotten since."""
        if row["kind"] != "orders":
            return bytes(row["body"])
        gone = self.db.execute("SELECT 1 FROM csv_order WHERE file = ? AND is_forgotten LIMIT 1", (row["name"],))
        if gone.fetchone() is None:
            return bytes(row["body"])
        kept = self.db.execute(
            "SELECT * FROM csv_order WHERE file = ? AND NOT is_forgotten ORDER BY rowid", (row["name"],)
        ).fetchall()
        return self._orders_sheet(row["name"], kept)

    def _index(self, place: str, query: Mapping[str, str]) -> Answer:
        """Which file holds which order: those of one number, or of the files changed in [from, to)."""
        if "order" in query:
            found = self.db.execute(
                "SELECT f.* FROM csv_order o JOIN csv_file f ON f.name = o.file AND f.place = ?"
                " WHERE o.number = ? AND NOT o.is_forgotten", (place, query["order"]),
            ).fetchall()  # fmt: skip
        else:
            found = self._changed(place, query.get("from", ""), query.get("to", ""))
        rows = []
        for file in found:
            numbers = self.db.execute(
                "SELECT number FROM csv_order WHERE file = ? AND NOT is_forgotten ORDER BY rowid", (file["name"],)
            )
            changed = moment(file["changed"]).isoformat()
            rows += [
                {"order_number": one["number"], "file": file["name"], "changed_at": changed}
                for one in numbers
                if query.get("order", one["number"]) == one["number"]
            ]
        return Answer(200, rows)

    def _shown(self, place: str, _query: Mapping[str, str]) -> Answer:
        rows = self.shelf.shown() if place == SHOP else {}
        text = "".join(f"{sku},{number}\r\n" for sku, number in rows.items())
        return Answer(200, "sku,quantity\r\n" + text, {"Content-Type": "text/csv; charset=utf-8"})

    def _catalogue(self, place: str, _query: Mapping[str, str]) -> Answer:
        return Answer(200, self._catalogue_sheet(place), {"Content-Type": "text/csv"})

    def _catalogue_sheet(self, place: str) -> bytes:
        how = sheets.dialect(self.world.plan, "catalogue.csv", sheets.CATALOGUE_COLUMNS)
        rows = self.shelf.articles() if place == SHOP else []
        lines = (sheets.catalogue_row(card) | {"shown": str(shown)} for card, shown in rows)
        return sheets.sheet(how, sheets.CATALOGUE_COLUMNS, lines)

    # What the merchant lays down

    def _put(self, place: str, name: str, ask: Ask) -> Answer:
        there = self.db.execute("SELECT * FROM csv_laid WHERE place = ? AND name = ?", (place, name)).fetchone()
        if there is not None:
            if bytes(there["body"]) != ask.body:
                return Answer(409, {"error": f"another file is called {name}"})
            status = 412 if ask.headers.get("if-none-match") == "*" else 200
            return Answer(status, bytes(there["answer"]), {"Content-Type": "application/json"})
        try:
            rows = list(csv.DictReader(io.StringIO(ask.body.decode("utf-8-sig"), newline="")))
            told = self._take(place, name, rows)
        except (LookupError, ValueError) as error:
            return Answer(422, {"error": f"{name} is not taken: {error}"})
        answer = orjson.dumps(told)
        self.db.execute("INSERT INTO csv_laid VALUES (?, ?, ?, ?)", (place, name, ask.body, answer))
        return Answer(201, answer, {"Content-Type": "application/json"})

    def _take(self, place: str, name: str, rows: list[dict[str, str]]) -> dict[str, Any]:
        if place == SHOP and name.startswith("stock-"):
            return csvshop_told.show(self.shelf, rows)
        if name.startswith("shipment-"):
            self.parcels.take(rows)
        return {}

    # Pushes

    def sign(self, notice: Notice) -> dict[str, str]:
        """Signed by wall time with the secret told with the hook."""
        secret = str(self.world.hooks[notice.hook].get("push_secret", ""))
        name, kind = notice.headers["x-kurogo-file"], notice.headers["x-kurogo-kind"]
        stamp = str(int(clock.wall().timestamp()))
        signed = f"{stamp}.{name}.{kind}.".encode() + notice.body
        return {
            "content-type": "text/csv",
            "x-kurogo-timestamp": stamp,
            "x-kurogo-signature": hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest(),
        }

    def _write(
        self,
        place: str,
        name: str,
        kind: str,
        body: bytes,
        things: list[str],
        *,
        thing: str = "",
        at: datetime | None = None,
    ) -> str:
        """Lay a file of theirs into the folder, from `at` on, and push it; the same once more is only pushed again."""
        thing = thing or f"file:{name}"
        self.db.execute(
            "INSERT INTO csv_file (place, name, kind, thing, changed, body) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (place, name) DO UPDATE SET changed = excluded.changed, body = excluded.body"
            " WHERE body != excluded.body",
            (place, name, kind, thing, micros(at or self.world.now()), body),
        )
        self.world.log("file", name=name, kind=kind, things=things)
        headers = {"x-kurogo-file": name, "x-kurogo-kind": kind}
        self.world.notify(HOOKS[place], f"file/{kind}", body, thing=thing, at=at, headers=headers)
        return name

    # Driver and oracle

    def command(self, name: str, args: dict[str, Any]) -> dict[str, Any]:
        """Any of `_COMMANDS`, each described where it is defined."""
        return _COMMANDS[name](self, args)

    def list_variants(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{variants: [Article]}: what the shop lists, with shown quantities at the start."""
        return {"listed": self.shelf.list_all(msgspec.convert(args["variants"], list[Article]))}

    def send_catalogue(self, _args: Mapping[str, Any]) -> dict[str, Any]:
        """Push everything that is listed as one file."""
        body = self._catalogue_sheet(SHOP)
        name = f"catalogue-{hashlib.sha256(body).hexdigest()[:12]}.csv"
        return {"file": self._write(SHOP, name, "catalogue", body, list(self.shelf.shown()))}

    def send_orders(self, args: dict[str, Any]) -> dict[str, Any]:
        """{sales: [Sale]}: what could be sold is sent as a file, in order; each that the plan loses has one of its own."""
        files = []
        for is_lost, run in groupby(sales(args), key=lambda sale: self._will_be_lost(sale.number)):
            for group in ([one] for one in run) if is_lost else (list(run),):
                if numbers := self._sell(group):
                    files.append(self._send(numbers, thing=f"order:{group[0].number}" if is_lost else ""))
        return {"files": files}

    def _will_be_lost(self, number: str) -> bool:
        return self.world.plan.hits("lost", f"csv:order:{number}")

    def _sell(self, group: list[Sale]) -> list[str]:
        """Numbers of the sales that were made, those of an earlier time too."""
        for sale in group:
            known = self.db.execute("SELECT 1 FROM csv_order WHERE number = ?", (sale.number,)).fetchone()
            made = None if known else self.shelf.sell(sale)
            if made:
                self.db.execute(
                    "INSERT INTO csv_order (number, file, sale) VALUES (?, '', ?)",
                    (sale.number, msgspec.json.encode(made)),
                )
        marks = ",".join("?" * len(group))
        there = self.db.execute(
            f"SELECT number FROM csv_order WHERE number IN ({marks})", [sale.number for sale in group]
        )
        made_numbers = {row["number"] for row in there}
        return [sale.number for sale in group if sale.number in made_numbers]

    def _send(self, numbers: list[str], *, thing: str) -> str:
        name = f"orders-{numbers[0]}-{self.world.ident('', *numbers)[:8]}.csv"
        marks = ",".join("?" * len(numbers))
        self.db.execute(f"UPDATE csv_order SET file = ? WHERE number IN ({marks}) AND file = ''", [name, *numbers])
        rows = {
            row["number"]: row for row in self.db.execute(f"SELECT * FROM csv_order WHERE number IN ({marks})", numbers)
        }
        body = self._orders_sheet(name, [rows[number] for number in numbers])
        lag = self.world.lag("order_lag", f"{self.slug}:{name}")
        return self._write(SHOP, name, "orders", body, numbers, thing=thing, at=self.world.now() + lag)

    def _orders_sheet(self, name: str, rows: Iterable[sqlite3.Row]) -> bytes:
        columns = sheets.ORDER_COLUMNS
        how = sheets.dialect(self.world.plan, name, columns)
        lines = (
            line
            for row in rows
            for line in sheets.order_rows(
                msgspec.json.decode(row["sale"], type=Sale), how, cancelled_at=row["cancelled"]
            )
        )
        return sheets.sheet(how, columns, lines)

    def cancel(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{number}: called off in the shop; a file with the one order says so."""
        now, number = self.world.now().isoformat(), str(args["number"])
        name = f"orders-{number}-cancelled.csv"
        row = self.db.execute(
            "UPDATE csv_order SET cancelled = ?, file = ? WHERE number = ? RETURNING *", (now, name, number)
        ).fetchone()
        if row is None:
            raise LookupError(f"the shop knows no order {number}")
        return {"file": self._write(SHOP, name, "orders", self._orders_sheet(name, [row]), [number])}

    def send_returns(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{returns: [Returned]}: cancellation documents as one file; none of them names its sale."""
        documents = msgspec.convert(args["returns"], list[Returned])
        numbers = [one.number for one in documents]
        name = f"returns-{numbers[0]}-{self.world.ident('', *numbers)[:8]}.csv"
        columns = sheets.RETURN_COLUMNS
        rows = (row for one in documents for row in sheets.return_rows(one))
        body = sheets.sheet(sheets.dialect(self.world.plan, name, columns), columns, rows)
        return {"file": self._write(SHOP, name, "returns", body, numbers)}

    def send_stock(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{rows: [StockRow]}: movements of the warehouse as one file."""
        moved = msgspec.convert(args["rows"], list[StockRow])
        names = list(dict.fromkeys(row.document for row in moved))
        told = self.world.ident("", *(f"{row.document}/{row.line}/{row.sku}" for row in moved))
        name = f"movements-{names[0]}-{told[:8]}.csv"
        columns = sheets.STOCK_COLUMNS
        how = sheets.dialect(self.world.plan, name, columns)
        body = sheets.sheet(how, columns, (sheets.stock_row(row, how) for row in moved))
        return {"file": self._write(WAREHOUSE, name, "stock", body, names)}

    def send_file(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{name, kind, text, encoding?, place?}: any file, as it is; for showing what becomes of a bad one."""
        body = str(args["text"]).encode(args.get("encoding", "utf-8"))
        return {"file": self._write(args.get("place", SHOP), args["name"], args["kind"], body, [])}

    def edit_stock(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{night: "YYYY-MM-DD"}: the console edits of that night, by plan; {sku, delta}: this one."""
        if "sku" in args:
            return {"shown": self.shelf.edit(str(args["sku"]), int(args["delta"]))}
        return {"edited": self.shelf.edit_by_plan(date.fromisoformat(str(args["night"])))}

    def forget_order(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{number}: the shop knows it no longer, though its file was sent."""
        if not self._forget(str(args["number"])):
            raise LookupError(f"the shop knows no order {args['number']}")
        return {"forgotten": args["number"]}

    def _forget(self, number: str) -> bool:
        gone = self.db.execute("UPDATE csv_order SET is_forgotten = 1, is_weighed = 1 WHERE number = ?", (number,))
        return bool(gone.rowcount)

    def shown(self, _args: Mapping[str, Any]) -> dict[str, Any]:
        """What the shop shows, by SKU."""
        return {"shown": self.shelf.shown()}

    def told(self, _args: Mapping[str, Any]) -> dict[str, Any]:
        """Every shipment that the shop was told of, in order."""
        return {"fulfilments": self.parcels.told()}

    def laid(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{place?}: names of the files that the merchant laid down, each of which counted once."""
        place = args.get("place", SHOP)
        rows = self.db.execute("SELECT name FROM csv_laid WHERE place = ? ORDER BY rowid", (place,)).fetchall()
        return {"laid": [row["name"] for row in rows]}

    def planted(self, night: date) -> dict[str, list[str]]:
        """What this ledger sees unhealed now: each thing on the first night it can be seen, and never again.

        order_missing_here: in a file that was neither taken nor fetched; order_missing_there: sent, and forgotten when
        the night began; stock_drift: a number that was changed in the console and not overwritten since.
        """
        here: list[str] = []
        for row in self.db.execute(
            "SELECT o.number, f.thing, f.is_served FROM csv_order o JOIN csv_file f ON f.place = 'shop'"
            " AND f.name = o.file WHERE o.is_weighed = 0 ORDER BY o.number"
        ).fetchall():
            number = row["number"]
            if not row["is_served"] and self.db.execute(_TAKEN, (row["thing"],)).fetchone() is None:
                here.append(number)
            elif self.world.plan.hits("csv_forgotten", number):
                self._forget(number)
        self.db.execute("UPDATE csv_order SET is_weighed = 1 WHERE is_weighed = 0")
        gone = self.db.execute(
            "UPDATE csv_order SET is_named = 1 WHERE is_forgotten AND NOT is_named RETURNING number"
        ).fetchall()
        return {
            "order_missing_here": [f"order:{number}" for number in here],
            "order_missing_there": [f"order:{row['number']}" for row in gone],
            "stock_drift": [f"sku:{sku}" for sku in self.shelf.drifted()],
        }


_COMMANDS: dict[str, Callable[[CsvShop, dict[str, Any]], dict[str, Any]]] = {
    one.__name__: one
    for one in (
        CsvShop.list_variants, CsvShop.send_catalogue, CsvShop.send_orders, CsvShop.send_returns, CsvShop.send_stock,
        CsvShop.send_file, CsvShop.cancel, CsvShop.edit_stock, CsvShop.forget_order, CsvShop.shown, CsvShop.told,
        CsvShop.laid,
    )
}  # fmt: skip
