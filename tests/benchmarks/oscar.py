"""django-oscar's own order placement beside ours, one by one and in batches, on the same PostgreSQL in the same run; and a race.

The comparison is of whole products' ways: Oscar also prices offers and totals in that step and takes no batch; ours also keeps
the channel's id, the movements, the history, the expected payment, the listings and the facts. Oscar lives in an environment of
its own (var/peers) and talks by JSON lines.
"""

import json
import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from django.db import connection

from apps.flows.place_orders import place_orders
from apps.inventory.models import StockLevel
from tests.benchmarks import measure, orders, programs, shop, truth
from tests.benchmarks.measure import Competitor, Cost
from tests.benchmarks.shop import Shop
from tests.benchmarks.stage import Stage, costs, owner_url, with_server

HOME = programs.ROOT / "var" / "peers"
FOLDER = programs.ROOT / "tests" / "benchmarks" / "peers"
THREADS, UNITS, WANTED, RACES = 8, 20, 80, 4
LAST = "LAST"


class Oscar:
    """The other program, asked one thing at a time."""

    def __init__(self, program: "subprocess.Popen[str]") -> None:
        self._program = program

    def __call__(self, do: str, **words: Any) -> dict[str, Any]:
        """Ask and wait for the answer."""
        stdin, stdout = self._program.stdin, self._program.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps({"do": do} | words) + "\n")
        stdin.flush()
        answer = stdout.readline()
        if not answer:
            raise RuntimeError("django-oscar's program has ended; its words are above")
        told: dict[str, Any] = json.loads(answer)
        return told


def run(stage: Stage) -> None:
    """Rates and costs for orders of two lines, then the race."""
    _build(stage)
    with _oscar(stage.fresh_database(is_empty=True)) as oscar:
        stage.say("django-oscar: tables and articles")
        oscar("prepare")
        name = stage.fresh_database()
        place = shop.build(stage.seed, extra_skus=tuple(f"{LAST}{number}" for number in range(RACES)))
        kinds = orders.competitors(place, lines=2, hot="")
        ours = {kind: kinds[kind] for kind in ("story, 1", "story, 50")}
        counted = orders.count_accepted(ours)
        theirs = Competitor("django-oscar", lambda _piece: 0)
        stage.say("orders, ours and django-oscar's in turn")
        theirs.statements = oscar("statements", lines=2)["statements"]
        oscar("turn", seconds=0.5, lines=2)
        measure.rounds(list(ours.values()), stage.server, seed=stage.seed, count=0, seconds=0)
        shuffle = random.Random(stage.seed)
        for _ in range(stage.rounds):
            for competitor in shuffle.sample([*ours.values(), theirs], k=3):
                if competitor is theirs:
                    theirs.turns.append(_turn(stage, oscar))
                else:
                    measure.turn(competitor, stage.server, seconds=stage.seconds)
        truth.check(counted["orders"])
        _audit(stage, oscar)
        stage.details["peers, 2 lines"] = costs([*ours.values(), theirs])
        for kind, metric, least in (("story, 50", "batch of 50", 8), ("story, 1", "one by one", None)):
            stage.compare(metric, ours[kind], theirs, beside="django-oscar", lines=2, least=least, is_peer=True)
        _races(stage, oscar, place, name, counted["orders"])


def _audit(stage: Stage, oscar: Oscar) -> None:
    """The rival's own books hold too: what its lines sold is what it has allocated."""
    told = stage.details["django-oscar's own count"] = oscar("audit")
    if told["units"] != told["allocated"]:
        raise truth.Wrong(f"django-oscar sold {told['units']} units and allocated {told['allocated']}")


def _turn(stage: Stage, oscar: Oscar) -> Cost:
    wal, cpu = stage.server.wal_position(), stage.server.cpu_seconds()
    told = oscar("turn", seconds=stage.seconds, lines=2)
    cost = Cost(units=told["units"], seconds=told["seconds"], python_cpu=told["python_cpu"])
    return with_server(stage.server, cost, wal=wal, cpu=cpu)


def _races(stage: Stage, oscar: Oscar, place: Shop, name: str, count: int) -> None:
    stage.say(f"{RACES} races of {THREADS} threads on the last {UNITS} units")
    beyond = {"ours": [], "django-oscar": []}  # type: dict[str, list[int]]
    for number in range(RACES):
        beyond["django-oscar"].append(oscar("race", threads=THREADS, units=UNITS, wanted=WANTED)["oversold"])
        beyond["ours"].append(_our_race(stage, place, name, f"{LAST}{number}"))
        count += WANTED
    truth.check(count)
    stage.details["races"] = beyond
    stage.judge(
        f"oversold of {UNITS} units, {THREADS} threads, in each of {RACES} races", _listed(beyond["ours"]),
        beside=f"django-oscar {_listed(beyond['django-oscar'])}", lines=1, target="0", is_met=not any(beyond["ours"]),
        is_peer=True,
    )  # fmt: skip


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers))


def _our_race(stage: Stage, place: Shop, name: str, sku: str) -> int:
    """The same with our story: what was promised beyond what was there. Raises `Wrong` where a unit was left unsold."""
    stage.enter(name)
    level = StockLevel.objects.get(variant__sku=sku)
    StockLevel.objects.filter(id=level.id).update(safety=level.on_hand - UNITS)  # the rest is not for sale
    sales = [draft for _ in range(WANTED) for draft in place.sales(1, lines=1, hot=sku)]
    together = threading.Barrier(THREADS)

    def sell(mine: list[Any]) -> None:
        together.wait(30)
        try:
            for draft in mine:
                place_orders([draft], source=place.channel)
        finally:
            connection.close()

    connection.close()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(sell, [sales[number::THREADS] for number in range(THREADS)]))
    promised = StockLevel.objects.get(id=level.id).reserved
    if promised < UNITS:
        raise truth.Wrong(f"{UNITS - promised} units were left although {WANTED} were wanted")
    return max(0, promised - UNITS)


@contextmanager
def _oscar(database: str) -> Iterator[Oscar]:
    env = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    program = subprocess.Popen(
        [str(HOME / "venv" / "bin" / "python"), "oscar_shop.py"], cwd=FOLDER, text=True, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, env=env | {"PEER_DATABASE_URL": owner_url(database)},
    )  # fmt: skip
    try:
        yield Oscar(program)
    finally:
        assert program.stdin is not None
        program.stdin.close()
        try:
            program.wait(timeout=20)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()


def _build(stage: Stage) -> None:
    """The peers' environment, made once; made anew when its pins change."""
    pins = (FOLDER / "requirements.txt").read_text()
    made = HOME / "made-from"
    if made.exists() and made.read_text() == pins:
        return
    stage.say("making var/peers (django-oscar from PyPI; once)")
    HOME.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(HOME / "venv")], check=True)
    words = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(FOLDER / "requirements.txt")]
    subprocess.run([str(HOME / "venv" / "bin" / "python"), *words], check=True)
    made.write_text(pins)
