"""From the commit of a stock change to the moment when a healthy channel shows the new number, by the channel's own ledger.

A worker of the product and the stand-ins run as programs of their own; changes are committed here, a few a second, each of another
article, so that every number that a channel was told belongs to one change. Beside it a burst on few articles: the rows told are
articles times channels, not orders times channels.
"""

import itertools
import json
import os
import random
import sqlite3
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection as database
from django.db.models import Sum

from apps.catalog.models import Product, Variant
from apps.core import clock
from apps.core.ids import uuid7
from apps.core.models import Brand, Company
from apps.core.ports import next_free_port
from apps.flows import take_listings
from apps.flows.place_orders import place_orders
from apps.hub import connections
from apps.hub.contracts import Address, CustomerCard, LineDraft, OrderDraft
from apps.hub.models import Connection, Delivery
from apps.inventory import shelf
from apps.inventory.models import Location
from apps.inventory.shelf import ReceiptRow
from apps.sandbox.shopify_stock import LOCATION
from apps.sandbox.words import Article, plain
from tests.benchmarks import measure, programs, truth
from tests.benchmarks.stage import Stage

ARTICLES, SHELF = 60, 1000
CHANGES, EVERY_SECONDS = 120, 0.15
BURST, ON = 200, 5
MEDIAN_SECONDS, P99_SECONDS = 2.0, 10.0
PATIENCE_SECONDS = 60.0
SECRETS: dict[str, dict[str, str]] = {
    "shopify": {"access_token": "shpat_0123456789"},
    "woocommerce": {"consumer_key": "ck_1", "consumer_secret": "cs_1"},
}
_documents = itertools.count(1)


@dataclass(frozen=True)
class Market:
    """The stand-ins as they run."""

    port: int
    token: str
    folder: Path

    def told(self, path: str, **args: Any) -> dict[str, Any]:
        """One call of the control address."""
        call = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/control/{path}", data=json.dumps(args).encode(),
            headers={"X-Sandbox-Token": self.token},
        )  # fmt: skip
        with urllib.request.urlopen(call, timeout=30) as answer:
            told: dict[str, Any] = json.load(answer)
        return told

    def is_up(self) -> bool:
        """Whether it answers."""
        try:
            return bool(self.told("status"))
        except (urllib.error.URLError, OSError):
            return False

    def shown(self) -> dict[tuple[str, str, int], float]:
        """(channel, SKU, number) -> when it began to show it, seconds of wall time."""
        with sqlite3.connect(f"file:{self.folder}/world.sqlite?mode=ro", uri=True) as db:
            rows = db.execute("SELECT at, facts FROM dispatch WHERE kind = 'shown' ORDER BY seq").fetchall()
        found: dict[tuple[str, str, int], float] = {}
        for at, facts in rows:
            said = json.loads(facts)
            found.setdefault((said["channel"], said["sku"], said["shown"]), at / 1e6)
        return found


def run(stage: Stage) -> None:
    """Two healthy channels, one worker."""
    stage.say("from a stock change to the channel's receipt")
    name = stage.fresh_database()
    token, port = "bench", next_free_port(18200)
    os.environ |= {"KUROGO_SANDBOX_TOKEN": token, "KUROGO_PRIVATE_PEERS": f"127.0.0.1:{port}"}
    settings.PRIVATE_PEERS = [f"127.0.0.1:{port}"]
    with tempfile.TemporaryDirectory() as home:
        market = Market(port, token, Path(home) / "world")
        sandbox = [
            sys.executable,
            "-m",
            "apps.sandbox.server",
            "--port",
            str(port),
            "--data",
            str(market.folder),
            "--calm",
        ]
        worker = [sys.executable, "manage.py", "work"]
        with programs.running(sandbox, database=name, log=Path(home) / "sandbox.log", is_ready=market.is_up):
            variants, channels = _open(market)
            ready = programs.running(
                worker, database=name, log=Path(home) / "work.log", is_ready=lambda: _is_told(variants, channels)
            )
            with ready as pid:
                cpu = measure.process_cpu([pid])
                spans = _changes(stage, market, variants, channels)
                stage.details["worker_cpu_seconds"] = round(measure.process_cpu([pid]) - cpu, 2)
                rows, pushes, seconds = _burst(variants, channels)
    middle, tail = measure.middle(spans), measure.percentile(spans, 0.99)
    stage.details["push"] = {"samples": len(spans), "median": middle, "p99": tail, "most": max(spans), "rows": rows}
    stage.judge(
        "a stock change at a healthy channel, median", f"{middle:.2f} s", beside=f"{len(spans)} numbers, 2 channels",
        target=f"≤ {MEDIAN_SECONDS:g} s", is_met=middle <= MEDIAN_SECONDS,
    )  # fmt: skip
    stage.judge(
        "a stock change at a healthy channel, p99", f"{tail:.2f} s", beside=f"the latest {max(spans):.2f} s",
        target=f"≤ {P99_SECONDS:g} s", is_met=tail <= P99_SECONDS,
    )  # fmt: skip
    # A channel is told when the burst begins, then at most once a second (worker.TELL_SECONDS), then of what is left.
    most = ON * len(channels) * (2 + int(seconds))
    stage.judge(
        f"rows told of {BURST} orders on {ON} articles", str(rows),
        beside=f"{pushes} calls, 2 channels, {seconds:.1f} s; an order each: {BURST * len(channels)}", target=f"≤ {most}",
        is_met=rows <= most,
    )  # fmt: skip


def _open(market: Market) -> tuple[list[Variant], list[Connection]]:
    """Articles on one shelf, listed by two channels that show what they are told at once and say when."""
    Company.objects.create(name="bench", currency="JPY", lease_below=0)
    brand = Brand.objects.create(code="bench", name="bench")
    place = Location.objects.create(code="main", name="main", is_default=True)
    product = Product.objects.create(brand=brand, title="bench")
    variants = [
        Variant(id=uuid7(), product=product, sku=f"A{n}", title=f"A{n}", tax_code_id="standard")
        for n in range(ARTICLES)
    ]
    Variant.objects.bulk_create(variants)
    _receive(place, [(one, SHELF) for one in variants])
    articles = [Article(sku=one.sku, title=one.title, price=Decimal(1200), currency="JPY") for one in variants]
    market.told("manners", honest=1)
    made = []
    for slug, secrets in SECRETS.items():
        market.told(f"{slug}/setup", **secrets)
        market.told(f"{slug}/list_variants", variants=plain(articles))
        own = {"location_id": str(LOCATION)} if slug == "shopify" else {}
        made.append(
            connections.create(
                brand=brand, connector=slug, name=slug, settings={"shop_url": f"http://127.0.0.1:{market.port}/{slug}", **own},
                secrets=secrets,
            )
        )  # fmt: skip
        take_listings.refresh(made[-1])
    return variants, made


def _receive(place: Location, rows: list[tuple[Variant, int]]) -> None:
    wanted = [
        ReceiptRow(number=n, variant=one.id, quantity=units, unit_cost=Decimal(1))
        for n, (one, units) in enumerate(rows, 1)
    ]
    shelf.receive(
        f"R{next(_documents)}", wanted, location=place, source=None, at=clock.now(), currency="JPY", actor="bench"
    )


def _is_told(variants: list[Variant], channels: list[Connection]) -> bool:
    """Whether everything is told and acknowledged."""
    database.close()
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM channels_listing WHERE NOT is_dirty AND pushing IS NULL AND set_at IS NOT NULL"
        )
        return bool(cursor.fetchone()[0] == len(variants) * len(channels))


def _changes(stage: Stage, market: Market, variants: list[Variant], channels: list[Connection]) -> list[float]:
    """Seconds from the commit of each change to each channel's showing it."""
    dice, place = random.Random(stage.seed), Location.objects.get()
    units = {one.sku: SHELF for one in variants}
    committed: list[tuple[str, int, float]] = []
    for number in range(CHANGES):
        one = variants[number % len(variants)]
        _receive(place, [(one, 1)])
        committed.append((one.sku, units[one.sku] + 1, time.time()))
        units[one.sku] += 1
        time.sleep(dice.uniform(0, 2 * EVERY_SECONDS))
    wanted = {(channel.connector, sku, count): at for channel in channels for sku, count, at in committed}
    until = time.monotonic() + PATIENCE_SECONDS
    while not wanted.keys() <= (shown := market.shown()).keys():
        if time.monotonic() > until:
            raise truth.Wrong(f"{len(wanted.keys() - shown.keys())} of {len(wanted)} numbers never showed")
        time.sleep(0.2)
    return [max(0.0, shown[key] - at) for key, at in wanted.items()]


def _burst(variants: list[Variant], channels: list[Connection]) -> tuple[int, int, float]:
    """(rows, calls) that a burst of orders on a few articles needed, once everything is told, and how long it took to come."""
    _wait_until_told(variants, channels)
    before = set(Delivery.objects.filter(operation="stock.set").values_list("id", flat=True))
    some, started = variants[:ON], time.monotonic()
    for start in range(0, BURST, 20):
        place_orders([_sale(n, some[n % ON]) for n in range(start, start + 20)], source=channels[0])
    seconds = time.monotonic() - started
    _wait_until_told(variants, channels)
    told = Delivery.objects.filter(operation="stock.set").exclude(id__in=before)
    return told.aggregate(rows=Sum("size"))["rows"] or 0, told.count(), seconds


def _wait_until_told(variants: list[Variant], channels: list[Connection]) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not _is_told(variants, channels) or _has_facts():
        if time.monotonic() > until:
            raise truth.Wrong("not everything was told")
        time.sleep(0.1)


def _has_facts() -> bool:
    with database.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM hub_outboxfact WHERE announced_at IS NULL)")
        return bool(cursor.fetchone()[0])


def _sale(number: int, variant: Variant) -> OrderDraft:
    line = LineDraft(
        number=1,
        kind="item",
        title=variant.title,
        quantity=1,
        total_minor=1200,
        unit_price=Decimal(1200),
        sku=variant.sku,
    )
    return OrderDraft(
        external_id=f"b{number}", number=f"#{number}", version=1, placed_at=clock.now(), currency="JPY", total_minor=1200,
        lines=(line,), payment_method="prepaid", customer=CustomerCard(name="bench"),
        ship_to=Address(name="bench", country="JP", line1="1-2-3"),
    )  # fmt: skip
