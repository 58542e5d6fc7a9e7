"""`manage.py rehearse FILE|--synthetic N`: a shop's days from a file of orders, through the real ways in, on a stage of its own.

Nothing of the merchant's is touched: database, broker, ports and folder are made for the run and thrown away after it.
"""

import argparse
import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from datetime import time as clock_time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.core.binaries import NoPostgres
from apps.core.runtime import Runtime, manage_py, opened
from apps.core.supervise import Busy, Unstarted
from apps.sandbox import recount, retail, supply, synthetic
from apps.sandbox.days import Plan
from apps.sandbox.japan import JapaneseMarket
from apps.sandbox.market import Market
from apps.sandbox.rehearsal import figures, honesty
from apps.sandbox.rehearsal.driver import Driver, Stalled
from apps.sandbox.rehearsal.quiet import Rows
from apps.sandbox.rehearsal.stage import HONEST, ControlRefused, Honesty, Stage, cost_of

SWEEP_SECONDS = 0.05
WORKERS = 1
BAR_SECONDS = 1.0
LINE_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Wish:
    """What to rehearse. `count`: orders of a synthetic file, where no file is given."""

    file: Path | None
    count: int = 0
    seed: int = 1
    limit: int | None = None
    is_japan: bool = False
    is_calm: bool = False
    is_again: bool = False
    honesty: Honesty | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The figures, and sentences about what is not as it must be."""

    figures: dict[str, Any]
    faults: list[str]


class Command(BaseCommand):
    """Rehearse, print the figures, exit 1 when anything is not as it must be."""

    help = "Play a file of orders (or made-up ones) through the stand-in channels, with every night, and verify."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument(
            "file", nargs="?", type=Path, metavar="FILE", help="orders in the columns of UCI Online Retail"
        )
        source.add_argument("--synthetic", type=int, metavar="N", help="make N orders up, with the same kinds of dirt")
        parser.add_argument("--seed", type=int, default=1, help="of the supply list and of the vendors' misbehaviour")
        parser.add_argument("--limit", type=int, metavar="INVOICES", help="only the first so many invoices")
        parser.add_argument("--as-japan", action="store_true", help="yen, 10 %% and 8 %%, konbini and 代引")
        parser.add_argument("--calm", action="store_true", help="the vendors behave")
        parser.add_argument("--json", action="store_true", help="one JSON object alone on stdout")
        parser.add_argument("--again", action="store_true", help="send the same file once more; nothing may change")
        parser.add_argument(
            "--honour-shown", action="store_true",
            help="channels sell only what they show, over all channels there are; says which promises were broken",
        )  # fmt: skip
        parser.add_argument(
            "--lag",
            type=int,
            default=15,
            metavar="MINUTES",
            help="orders and numbers of channels are late by up to so much",
        )
        parser.add_argument(
            "--lease-below",
            type=int,
            default=60,
            metavar="UNITS",
            help="articles with no more units than this are leased",
        )
        parser.add_argument(
            "--step",
            type=int,
            default=10,
            choices=[5, 10, 15, 20, 30],
            metavar="MINUTES",
            help="how finely a day goes: the sales of one step come at its end, at once (5, 10, 15, 20 or 30)",
        )
        parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep everything in this folder afterwards")

    def handle(self, *_args: Any, **options: Any) -> None:
        wished = Honesty(lag_minutes=options["lag"], lease_below=options["lease_below"], step_minutes=options["step"])
        wish = Wish(
            options["file"], options["synthetic"] or 0, options["seed"], options["limit"], options["as_japan"],
            options["calm"], options["again"], wished if options["honour_shown"] else None,
        )  # fmt: skip
        try:
            outcome = rehearse(wish, folder=options["keep"], say=_to_stderr)
        except (retail.NotThisFile, FileNotFoundError, Stalled, Unstarted, Busy, NoPostgres, ControlRefused) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            raise CommandError("stopped") from None
        if options["json"]:
            self.stdout.write(json.dumps(outcome.figures, ensure_ascii=False))
        else:
            for name, value in outcome.figures.items():
                self.stdout.write(f"{name:22} {json.dumps(value, ensure_ascii=False)}")
        for fault in outcome.faults:
            _to_stderr(f"NOT AS IT MUST BE: {fault}")
        if outcome.faults:
            sys.exit(1)


def rehearse(
    wish: Wish, *, say: Callable[[str], None], folder: Path | None = None,
    at_stop: Callable[[Driver], None] | None = None,
) -> Outcome:  # fmt: skip
    """One rehearsal from start to figures. `at_stop` is called at every stop of the clock (chaos tests); the database is
    then a durable one, because somebody may kill it.
    """
    with _home(folder) as home:
        market = JapaneseMarket() if wish.is_japan else Market()
        file = wish.file
        if file is None:
            file = home / "orders.csv"
            synthetic.write(file, count=wish.count, seed=wish.seed)
        orders = retail.read(file, zone=market.zone, invoices=wish.limit)
        if not orders.sales:
            raise retail.NotThisFile(f"{file} holds no sale")
        goods = supply.make(orders, market, seed=wish.seed)
        goods.write(home / "supply.csv")
        if wish.honesty:
            plan = Plan(orders, market, goods, channels=HONEST, step=wish.honesty.step_minutes)
        else:
            plan = Plan(orders, market, goods)
        start = datetime.combine(plan.days[0].date, clock_time(3), tzinfo=market.zone)
        with opened(home, say=say, is_apart=True, durable=at_stop is not None) as runtime:
            stage = Stage(
                runtime, market, seed=None if wish.is_calm else wish.seed, start=start, sweep_seconds=SWEEP_SECONDS,
                honesty=wish.honesty,
            )  # fmt: skip
            _raise_curtain(stage, workers=1 if at_stop else WORKERS)
            rows = Rows(runtime.env["DATABASE_URL"])
            bar = _Bar(len(orders.sales), len(plan.days), say)

            def stopped(driver: Driver) -> None:
                bar.show(driver)
                if at_stop:
                    at_stop(driver)

            driver = Driver(stage, plan, rows, at_stop=stopped)
            started = time.monotonic()
            driver.open_shop()
            driver.play()
            seconds = time.monotonic() - started

            (home / "planted.json").write_text(json.dumps(driver.played.planted_things, indent=1))

            def collect() -> Outcome:
                return _outcome(wish, orders, file, driver, rows, seconds=seconds, say=say)

            outcome = collect()
            if wish.is_again:
                say("Sending the same file once more …")
                driver.again()
                second = collect()
                second.faults.extend(_changes(outcome.figures, second.figures))
                outcome = second
            rows.close()
            return outcome


def _outcome(
    wish: Wish, orders: retail.Orders, file: Path, driver: Driver, rows: Rows, *, seconds: float,
    say: Callable[[str], None],
) -> Outcome:  # fmt: skip
    """Count what came of it, twice: from the product's rows and from outside."""
    stage = driver.stage
    cost = cost_of(stage)
    say(_spent(driver, cost.cpu_seconds, seconds))
    given, world, invariants = stage.home / "supply.csv", stage.world, _verify(stage.runtime)
    if wish.honesty:
        shown, kept = honesty.collect(
            rows, file, given, world, invoices=wish.limit, seconds=seconds, memory_mb=cost.peak_memory_mb,
            invariants=invariants,
        )  # fmt: skip
        return Outcome(shown, honesty.faults(shown, kept, is_whole=wish.limit is None and wish.file is not None))
    counted = recount.recount(file, given, world, invoices=wish.limit)
    found = figures.collect(
        rows, orders, counted, driver.played, is_calm=wish.is_calm, seconds=seconds, memory_mb=cost.peak_memory_mb,
        invariants=invariants,
    )  # fmt: skip
    return Outcome(found, figures.faults(found, counted, rows, is_calm=wish.is_calm))


def _raise_curtain(stage: Stage, *, workers: int) -> None:
    runtime = stage.runtime
    runtime.start_services()
    runtime.migrate()
    stage.start_sandbox()
    stage.make_shop(
        company="Kurogo rehearsal", brand="Rehearsal", locale="ja" if stage.market.country == "JP" else "en"
    )
    stage.start_programs(workers=workers)
    stage.connect_hooks()


def _verify(runtime: Runtime) -> list[dict[str, Any]]:
    """The invariants as `manage.py verify --json` says them."""
    done = subprocess.run(
        [*manage_py(), "verify", "--json"], env=runtime.env, capture_output=True, text=True, check=False
    )
    try:
        told = json.loads(done.stdout)
    except ValueError:
        return [{"id": "verify", "ok": False, "checked": 0, "violations": 1, "error": done.stderr[-300:]}]
    return list(told["invariants"] if isinstance(told, dict) else told)


def _spent(driver: Driver, cpu_seconds: dict[str, float], seconds: float) -> str:
    """Where the time went, for whoever wants it faster."""
    cpu = ", ".join(f"{name} {spent:.0f} s" for name, spent in cpu_seconds.items())
    waits = ", ".join(f"{kind} {spent:.0f} s" for kind, spent in driver.played.seconds.most_common())
    slowest = max(driver.played.night_seconds, default=0.0)
    quickest = min(driver.played.night_seconds, default=0.0)
    return (
        f"{seconds:.0f} s in {driver.played.stops} stops ({waits}); nights {quickest:.2f}-{slowest:.2f} s; CPU: {cpu}"
    )


def _changes(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """What the same file once more has changed."""
    return [
        f"the same file once more changed {name}: {before[name]} -> {after[name]}"
        for name in before
        if name not in figures.VOLATILE and before[name] != after[name]
    ]


@contextlib.contextmanager
def _home(folder: Path | None) -> Iterator[Path]:
    """The stage's folder: thrown away at the end, unless it was named."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder.resolve()
        return
    made = Path(tempfile.mkdtemp(prefix="kurogo-rehearsal-"))
    made.chmod(0o711)  # the database's account passes through
    try:
        yield made
    finally:
        shutil.rmtree((made / "postgres").resolve(), ignore_errors=True)  # as root it may lie elsewhere
        shutil.rmtree(made, ignore_errors=True)


class _Bar:
    """How far it is, on stderr: one line that moves on a terminal, a line now and then elsewhere."""

    def __init__(self, orders: int, days: int, say: Callable[[str], None]) -> None:
        self.orders = orders
        self.days = days
        self.say = say
        self.is_terminal = sys.stderr.isatty()
        self.started = self.shown = time.monotonic()

    def show(self, driver: Driver) -> None:
        now = time.monotonic()
        if now - self.shown < (BAR_SECONDS if self.is_terminal else LINE_SECONDS):
            return
        self.shown = now
        done = driver.played.nights
        filled = "█" * (24 * done // self.days)
        day = f"{driver.day.date}" if driver.day else "opening"
        words = f"{filled:░<24} night {done}/{self.days}  {day}  {now - self.started:.0f} s"
        if self.is_terminal:
            sys.stderr.write("\r" + words)
            sys.stderr.flush()
        else:
            self.say(words)


def _to_stderr(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
