"""A notice accepted, durable before the answer: our hook beside a bare view, on the same server with the same workers.

Each is loaded in turn over loopback by a process of its own on 16 open connections; one request in five comes twice. What was
answered 200 must lie in the inbox once, no more and no less.
"""

import json
import os
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from apps.core import runtime
from apps.core.ports import next_free_port
from apps.hub.models import InboxEntry, InboxEvent
from tests.benchmarks import load, measure, notices, programs, shop, truth
from tests.benchmarks.measure import Competitor, Cost
from tests.benchmarks.shop import Shop
from tests.benchmarks.stage import Stage, costs, with_server

CONNECTIONS = 16
AT_MOST = 4_000  # requests a second that a turn is stocked for
BARE, OURS = "bare view", "our hook"
_APPLICATIONS = {BARE: "tests.benchmarks.bare_web:application", OURS: "config.wsgi:application"}


def run(stage: Stage) -> None:
    """The two servers stand side by side; only one is loaded at a time."""
    stage.say("webhooks accepted, beside a bare view")
    name = stage.fresh_database()
    place = shop.build(stage.seed)
    os.environ["KUROGO_BENCH_HOOK_SECRET"] = shop.HOOK_SECRET
    with tempfile.TemporaryDirectory() as folder:
        files, ports = Path(folder), dict(zip(_APPLICATIONS, _two_ports(), strict=True))
        with (
            programs.running(
                _web(BARE, ports), database=name, log=files / "bare.log", is_ready=_up(ports[BARE])
            ) as bare,
            programs.running(
                _web(OURS, ports), database=name, log=files / "ours.log", is_ready=_up(ports[OURS])
            ) as ours,
        ):
            kinds = {kind: Competitor(kind, lambda _piece: 0) for kind in _APPLICATIONS}
            pids, tails = {BARE: bare, OURS: ours}, {kind: [] for kind in _APPLICATIONS}
            kept = 0
            for number in range(stage.rounds + 1):  # the first is to warm up
                for kind in list(_APPLICATIONS) if number % 2 else list(reversed(_APPLICATIONS)):
                    cost, told = _turn(stage, place, files, port=ports[kind], pid=pids[kind])
                    kept += told["fresh"]
                    _check(told, kept, kind)
                    if number:
                        kinds[kind].turns.append(cost)
                        tails[kind].append(measure.percentile(told["times"], 0.99))
    for kind, one in kinds.items():
        one.statements = 1  # each stores both rows in one; the hooks' tests count it
        stage.details[kind] = costs([one]) | {"p99_ms": [round(tail * 1000, 1) for tail in tails[kind]]}
    stage.compare("webhook accepted, durable before the answer", kinds[OURS], kinds[BARE], beside=BARE, least=0.6)
    middles = {kind: f"{measure.middle(tail) * 1000:.1f} ms" for kind, tail in tails.items()}
    ratio = measure.ratio(tails[OURS], tails[BARE])
    stage.judge(
        "webhook's p99", middles[OURS], beside=f"{BARE} {middles[BARE]}", ratio=str(ratio), target="≤ 2",
        is_met=ratio.median <= 2,
    )  # fmt: skip


def _turn(stage: Stage, place: Shop, files: Path, *, port: int, pid: int) -> tuple[Cost, dict[str, Any]]:
    path = f"/hooks/{place.channel.id}/"
    load.write(
        files / "requests", [_request(path, notice) for notice in notices.make(place, int(stage.seconds * AT_MOST))]
    )
    asked = {"port": port, "connections": CONNECTIONS, "seconds": stage.seconds, "file": str(files / "requests")}
    wal, cpu, python = stage.server.wal_position(), stage.server.cpu_seconds(), measure.process_cpu([pid])
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.load"], input=json.dumps(asked) + "\n", cwd=programs.ROOT, text=True,
        capture_output=True, check=True,
    )  # fmt: skip
    told = json.loads(done.stdout)
    cost = Cost(
        units=told["fresh"] + told["repeated"], seconds=told["seconds"], python_cpu=measure.process_cpu([pid]) - python
    )
    with_server(stage.server, cost, wal=wal, cpu=cpu)
    return cost, told


def _check(told: dict[str, Any], kept: int, kind: str) -> None:
    if told["refused"]:
        raise truth.Wrong(f"{kind}: {told['refused']} requests were not answered 200")
    rows = InboxEvent.objects.count(), InboxEntry.objects.count()
    if rows != (kept, kept):
        raise truth.Wrong(f"{kind}: {kept} notices were accepted, events and entries are {rows}")


def _request(path: str, notice: notices.Notice) -> bytes:
    head = [f"POST {path} HTTP/1.1", "host: localhost", f"content-length: {len(notice.body)}"]
    head += [f"{name}: {value}" for name, value in notice.headers.items()]
    return "\r\n".join([*head, "", ""]).encode() + notice.body


def _web(kind: str, ports: dict[str, int]) -> list[str]:
    return [*runtime.web_argv(host="127.0.0.1", port=ports[kind])[:-1], _APPLICATIONS[kind]]


def _two_ports() -> tuple[int, int]:
    first = next_free_port(18000)
    return first, next_free_port(first + 1)


def _up(port: int) -> Any:
    def answers() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=1):
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False

    return answers
