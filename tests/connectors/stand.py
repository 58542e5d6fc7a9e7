"""The real stand-ins on a loopback port, in a thread of their own: what connectors are tested against; and who buys there.

What differs between vendors (ids, how a request reads) stays with each one's own fixtures.
"""

import asyncio
import json
import sqlite3
import threading
import urllib.request
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

from aiohttp import web

from apps.core import clock
from apps.hub import contracts as c
from apps.sandbox.faults import Told
from apps.sandbox.server import Sandbox, find_standins
from apps.sandbox.words import Article, Person, Sale, SaleLine, plain
from apps.sandbox.world import Answer, Ask, Plan, World

TOKEN = "the-token"
WAIT_SECONDS = 10
HANAKO = Person(
    id="7", email="hanako@example.jp", name="山田 花子", phone="0312345678", country="JP", postal_code="100-0001",
    region="東京都", city="千代田区", line1="千代田1-1", line2="くろこビル",
)  # fmt: skip
_numbers = count(1001)


def fresh() -> int:
    """A number that nothing else has here."""
    return next(_numbers)


def line(
    sku: str = "TEA", quantity: int = 1, price: str = "1200", *, kind: str = "item", rate: int = 1000, title: str = ""
) -> SaleLine:
    """What somebody buys of one article; `price` in major units, `rate` in basis points."""
    return SaleLine(
        sku=sku, title=title or f"{sku} の品", quantity=quantity, unit_price=Decimal(price), kind=kind, tax_rate_bp=rate
    )


def sale_of(
    *lines: SaleLine, written: str, number: str = "", total: int | None = None, currency: str = "JPY", payment: str = "cod",
    person: Person = HANAKO, includes_tax: bool = True,
) -> Sale:  # fmt: skip
    """Somebody's order. `written` is how this vendor writes its numbers, with a place for ours."""
    lines = lines or (line(),)
    sums = sum(int(one.unit_price * one.quantity * (1 if currency == "JPY" else 100)) for one in lines)
    return Sale(
        number=number or written.format(fresh()), at=clock.now().isoformat(), currency=currency, payment=payment,
        total_minor=sums if total is None else total, lines=lines, person=person, prices_include_tax=includes_tax,
    )  # fmt: skip


def parcel_of(connector: Any, sale: Sale, id: str, **facts: Any) -> c.Fulfilment:
    """Everything of an order, as the channel itself tells it, as one parcel."""
    event = connector.fetch_order(id)
    (draft, *_) = connector.read(event.topic, event.raw)
    lines = tuple(
        c.FulfilmentLine(line_external_id=one.external_id, sku=one.sku, quantity=one.quantity)
        for one in draft.lines
        if one.kind == "item"
    )
    told = {"reference": f"S-{fresh()}", "tracking_number": f"4000{fresh():08}", "carrier": "ヤマト運輸"}
    return c.Fulfilment(
        order_external_id=id, order_number=sale.number, lines=lines, shipped_at=clock.now(), **(told | facts)
    )


class Stand:
    """One sandbox. `heard` and `answered` hold every request to a vendor and its answer; `told` speaks to its control."""

    def __init__(self, folder: Path, *, seed: int | None = None) -> None:
        self.folder, self.seed = folder, seed
        self.heard: list[Ask] = []
        self.answered: list[Answer] = []
        self.port = 0
        self._told = Told()
        self._loop = asyncio.new_event_loop()
        self._ended: asyncio.Event | None = None
        self._ready = threading.Event()
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Stand":
        self._thread.start()
        assert self._ready.wait(WAIT_SECONDS)
        if self._failed:
            raise self._failed
        return self

    def __exit__(self, *_exc: object) -> None:
        assert self._ended is not None
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(WAIT_SECONDS)

    def url(self, slug: str) -> str:
        """The vendor's base address."""
        return f"http://127.0.0.1:{self.port}/{slug}"

    def peers(self) -> list[str]:
        """Everything that listens here, as the operator's list of private peers."""
        return [f"127.0.0.1:{self.port}", *self.told("status")["addresses"].values()]

    def told(self, path: str, **args: Any) -> dict[str, Any]:
        """One call of the control address: `told("misbehave", slug=…)`, `told("smtp/count")`."""
        call = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/control/{path}",
            data=json.dumps(args).encode(),
            headers={"X-Sandbox-Token": TOKEN},
        )
        with urllib.request.urlopen(call, timeout=WAIT_SECONDS) as answer:
            return json.load(answer)

    def place(self, slug: str, sale: Sale, *, at: str = "place_orders", **args: Any) -> str:
        """Somebody buys; the vendor's id of the order."""
        (id,) = self.told(f"{slug}/{at}", sales=plain([sale]), **args)["placed"]
        return str(id)

    def put_up(self, slug: str, sku: str = "", *, shown: int = 50, **facts: Any) -> str:
        """A fresh article stands in the shop; its SKU."""
        sku = sku or f"SKU-{fresh()}"
        article = Article(sku=sku, title=f"{sku} の品", price=Decimal("1200"), currency="JPY", shown=shown, **facts)
        self.told(f"{slug}/list_variants", variants=plain([article]))
        return sku

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of the stand-ins' own file, read only."""
        with sqlite3.connect(f"file:{self.folder}/world.sqlite?mode=ro", uri=True) as db:
            return db.execute(sql, values).fetchall()

    def forget(self) -> None:
        """Nothing was heard, and nothing is told to go wrong."""
        self.heard.clear()
        self.answered.clear()
        self._told.clear()

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        except BaseException as error:
            self._failed = error
        finally:
            self._ready.set()
            self._loop.close()

    async def _serve(self) -> None:
        self._ended = asyncio.Event()
        world = World(self.folder, Plan(self.seed))
        world.settle(find_standins())
        sandbox = Sandbox(world, token=TOKEN)
        self._told = sandbox.told
        answer = sandbox.answer

        def listened(standin: Any, ask: Ask) -> Answer:
            self.heard.append(ask)
            self.answered.append(answer(standin, ask))
            return self.answered[-1]

        sandbox.answer = listened  # type: ignore[method-assign]
        runner = web.AppRunner(sandbox.application(), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.port = runner.addresses[0][1]
        self._ready.set()
        await self._ended.wait()
        await runner.cleanup()
