"""`manage.py demo` as a visitor meets it: an address first, a sign-in that works, a shop in full swing, nothing left behind."""

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from http.cookiejar import CookieJar
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings

from apps.core.ports import any_free_port
from apps.sandbox.demo import goods
from apps.sandbox.demo.baskets import MARKET, will_pay
from apps.sandbox.demo.prologue import Prologue
from apps.sandbox.demo.trading import ODD_EVERY, Trading
from apps.sandbox.rehearsal.stage import Control
from tests.core.test_up import bare_environment, processes_of

DEMO = [sys.executable, str(settings.BASE_DIR / "manage.py"), "demo"]
QUEUES = ("overdue", "new", "held", "unpaid", "short", "ready", "shipped")


# The goods and the days


def test_every_barcode_checks() -> None:
    """The check digit makes the sum of the digits, weighted 1 and 3 from the left, a multiple of ten (GS1)."""
    sums = {
        sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(one.barcode)) % 10 for one in goods.GOODS
    }

    assert sums == {0}
    assert len({one.barcode for one in goods.GOODS}) == len(goods.GOODS)
    assert {one.tax for one in goods.GOODS} == {"standard", "reduced"}


@pytest.mark.parametrize("zone", [MARKET.zone, UTC], ids=["Japan", "UTC"])
@pytest.mark.parametrize("clock", ["00:00", "04:59", "05:00", "06:40", "10:30", "15:00", "23:59"])
@pytest.mark.parametrize("day", ["2026-03-01", "2026-03-03", "2026-11-23"], ids=["Sunday", "Tuesday", "Monday"])
def test_the_prologue_lies_before_now_at_any_hour(day: str, clock: str, zone: tzinfo) -> None:
    now = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=MARKET.zone).astimezone(zone)

    prologue = Prologue(now, size=6)

    slots = [slot for one in prologue.days for slot in one.slots]
    moments = [prologue.start, *(slot.ends_at for slot in slots)]
    nights_over = datetime.combine(prologue.dates[-1], datetime.min.time(), tzinfo=MARKET.zone) + timedelta(hours=29)
    assert [b - a for a, b in pairwise(prologue.dates)] == [timedelta(days=1)] * 2
    assert moments == sorted(moments)
    assert nights_over <= now == prologue.today.ends_at
    assert prologue.today.ends_at not in {slot.ends_at for slot in slots}
    for slot in (*slots, prologue.today):
        told = [sale for _slug, _name, said in prologue.calls(slot) for sale in said.get("sales", ())]
        assert [one["number"] for one in told if datetime.fromisoformat(one["at"]) > slot.ends_at] == []


def test_something_of_every_kind_goes_wrong_and_every_order_is_another() -> None:
    prologue = Prologue(datetime(2026, 11, 23, 20, tzinfo=MARKET.zone), size=6)

    calls = [call for day in prologue.days for slot in day.slots for call in prologue.calls(slot)]
    sales = [sale for _slug, _name, said in calls for sale in said.get("sales", ())]
    unpaid = [one["number"] for one in sales if one["payment"] == "konbini" and not will_pay(one["number"])]
    assert sorted({kind for kind, _ in prologue.mishaps}) == [
        "csv_edited", "csv_forgotten", "edited", "lost", "missing_line", "wrong_amount",
    ]  # fmt: skip
    assert len({one["number"] for one in sales}) == len(sales)
    assert [one["person"]["line1"] for one in sales].count("") == 1
    assert [line["sku"] for one in sales for line in one["lines"]].count("NOSHI-OREI") == 1
    assert len(unpaid) >= 2


class Told(Control):
    """A control address that writes down what it is told."""

    def __init__(self) -> None:
        super().__init__(0, "")
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def tell(self, path: str, args: dict[str, Any] | None = None) -> dict[str, Any]:
        self.calls.append((path, args or {}))
        return {}


def test_trading_goes_on_with_the_next_number_and_is_odd_once_in_a_hundred(tmp_path: Path) -> None:
    note = tmp_path / "trading.json"
    note.write_text(json.dumps({"shop": 4001, "mall": 31}))
    control = Told()

    for _ in range(3):  # it is ended and begins again
        trading = Trading(control, note)
        for _ in range(ODD_EVERY):
            trading.buy_in_the_shop()

    numbers = [said["sales"][0]["number"] for path, said in control.calls if path == "shopify/place_orders"]
    planned = [said["hits"][0][0] for path, said in control.calls if path == "plan"]
    assert numbers == [f"#{4001 + place}" for place in range(3 * ODD_EVERY)]
    assert {kind: planned.count(kind) for kind in sorted(set(planned))} == {"double": 12, "lost": 3, "wrong_amount": 3}


# The whole


class Visitor:
    """A browser without a screen."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def read(self, path: str, **form: str) -> str:
        body = urllib.parse.urlencode(form).encode() if form else None
        request = urllib.request.Request(self.address + path, body, {"Referer": self.address + path})
        with self._opener.open(request, timeout=60) as answer:
            return str(answer.read().decode())

    def sign_in(self, name: str, password: str) -> None:
        page = self.read("accounts/login/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token
        self.read("accounts/login/", csrfmiddlewaretoken=token[1], login=name, password=password)

    def orders_in(self, queue: str) -> int:
        return len(set(re.findall(r'href="(/orders/[0-9a-f-]{36}/)', self.read(f"orders/?queue={queue}"))))


@contextmanager
def demo(home: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """A running demo and what it said on stdout."""
    with (home / "said.txt").open("a") as aside:
        process = subprocess.Popen(
            [*DEMO, *words], env=bare_environment(home), stdout=subprocess.PIPE, stderr=aside, text=True
        )
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line.rstrip())
            if "Ctrl-C" in line:
                break
        assert lines, (home / "said.txt").read_text()
        try:
            yield process, lines
        finally:
            process.kill()
            process.wait()


def database(home: Path) -> psycopg.Connection[Any]:
    secrets = json.loads((home / "demo" / "secrets.json").read_text())
    port = (home / "demo" / "run" / "postgres.port").read_text()
    return psycopg.connect(f"postgres://kurogo:{secrets['application']}@127.0.0.1:{port}/kurogo", autocommit=True)


def gone(home: Path, *, seconds: float = 15) -> list[str]:
    """What still runs after a while."""
    until = time.monotonic() + seconds
    while processes_of(home) and time.monotonic() < until:
        time.sleep(0.05)
    return processes_of(home)


@pytest.fixture
def home() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="kurogo-demo-"))
    path.chmod(0o755)
    yield path
    gone(path)
    shutil.rmtree((path / "demo" / "postgres").resolve(), ignore_errors=True)  # as root it may lie elsewhere
    shutil.rmtree(path)


@pytest.mark.slow
def test_a_demo_opens_in_full_swing_survives_a_kill_and_goes_on(home: Path) -> None:
    port = any_free_port()
    with (
        socket.create_server(("127.0.0.1", port)),
        demo(home, "--orders", "3", "--port", str(port)) as (process, lines),
    ):
        assert re.fullmatch(
            r"http://localhost:\d+/", lines[0]
        )  # the first line of all; the busy port is stepped around
        assert lines[0] != f"http://localhost:{port}/"
        signed_in = re.fullmatch(r"Sign in as (\S+) with (\S+)", lines[1])
        assert signed_in

        visitor = Visitor(lines[0])
        visitor.sign_in(*signed_in.groups())
        assert [queue for queue in QUEUES if not visitor.orders_in(queue)] == []
        assert visitor.read("night/")

        with database(home) as db:
            played = json.loads((home / "demo" / "played.json").read_text())
            planted = {kind: len(things) for kind, things in played["planted"].items() if things}
            found = dict(db.execute("SELECT kind, count(*) FROM reconciliation_difference GROUP BY 1").fetchall())
            assert sorted(planted) == [
                "order_missing_here", "order_missing_there", "payment_amount", "payment_status", "payout_sum", "stock_drift",
            ]  # fmt: skip
            assert found == planted

            until = time.monotonic() + 90
            while not _orders_after(db, played["until"]) and time.monotonic() < until:
                time.sleep(0.2)
            assert _orders_after(db, played["until"]) > 0  # it trades by itself
        process.kill()
        process.wait()
    if sys.platform == "linux":
        assert gone(home) == []

    with demo(home, "--port", str(port)) as (process, again):
        assert again[:2] == [f"http://localhost:{port}/", lines[1]]  # the same sign-in
        with database(home) as db:
            nights = db.execute(
                "SELECT count(*) FROM hub_jobrun WHERE job = 'night' AND due_at < %s", [played["until"]]
            )
            assert nights.fetchone() == (_nights_until(played["until"]),)  # kept, and not played again
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        assert gone(home) == []


def _nights_until(moment: str) -> int:
    """One for each 2 o'clock from the morning on which the prologue begins; between 2 and 5 that is one more than later."""
    until = datetime.fromisoformat(moment).astimezone(MARKET.zone)
    begun = Prologue(until, size=3).start.astimezone(MARKET.zone).date()
    return (until - datetime.combine(begun, datetime.min.time(), tzinfo=MARKET.zone) - timedelta(hours=2)).days + 1


def _orders_after(db: psycopg.Connection[Any], moment: str) -> int:
    row = db.execute("SELECT count(*) FROM orders_order WHERE taken_at > %s", [moment]).fetchone()
    assert row
    return int(row[0])


def test_a_demo_listens_on_this_computer_alone(home: Path) -> None:
    answer = subprocess.run(
        [*DEMO, "--host", "0.0.0.0"], env=bare_environment(home), capture_output=True, text=True, check=False
    )

    assert answer.returncode == 1
    assert answer.stderr.startswith("CommandError: A demo has a password alone, no second factor")
    assert not (home / "demo").exists()
