"""The process that measures one part: started by run.py with a database and a broker in its environment.

Ends with 1 when an answer was wrong, however fast, and with 2 when the part did not come to its end; a missed target is
printed as a shortfall and ends with 0. Asked to stop it ends what it started and leaves the rows that it had.
"""

import argparse
import gc
import importlib
import os
import platform
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import django

django.setup()

from django.db import connection  # noqa: E402 - models can be imported only now

from apps.core import clock  # noqa: E402
from tests.benchmarks import parts, truth  # noqa: E402
from tests.benchmarks.measure import Server  # noqa: E402
from tests.benchmarks.stage import Benchmark, Stage  # noqa: E402


def main() -> int:
    """Measure one part, keep its file."""
    parser = argparse.ArgumentParser()
    parser.add_argument("part", choices=parts.BY_NAME)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))
    part = parts.BY_NAME[chosen.part]
    full = chosen.full and (part.is_sized or part.is_full)
    stage = Stage(
        part.name, part.file(full=full), chosen.seed, chosen.rounds, chosen.seconds, full,
        Server(int(os.environ["KUROGO_BENCH_POSTMASTER"])), {"at": clock.wall().isoformat(), "took": 0.0, "commit": _commit(),
                                                             "machine": _machine()},
    )  # fmt: skip
    gc.collect()
    gc.freeze()  # as the worker does when it starts
    module, _, function = part.run.partition(":")
    benchmark: Benchmark = getattr(importlib.import_module(f"tests.benchmarks.{module}"), function)
    started = time.monotonic()
    is_whole, wrong = False, ""
    try:
        benchmark(stage)
        is_whole = True
    except truth.Wrong as error:
        wrong = str(error)
    except Exception:
        traceback.print_exc()
    finally:
        machine = stage.facts["machine"] | {"load_after": os.getloadavg()}
        stage.keep(is_whole=is_whole, wrong=wrong, took=round(time.monotonic() - started, 1), machine=machine)
    stage.close()
    stage.say(f"{part.name}: {stage.facts['took']:.0f} s{f', WRONG: {wrong}' if wrong else ''}")
    return 1 if wrong else 0 if is_whole else 2


def _machine() -> dict[str, Any]:
    cpu = platform.processor() or platform.machine()
    about = Path("/proc/cpuinfo")
    if about.exists():
        cpu = next(
            (line.partition(":")[2].strip() for line in about.read_text().splitlines() if "model name" in line), cpu
        )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('server_version'), current_setting('synchronous_commit'), current_setting('fsync')"
        )
        version, commit, fsync = cursor.fetchone()
    return {
        "cpus": os.cpu_count(), "cpu": cpu, "load_before": os.getloadavg(), "load_after": os.getloadavg(),
        "python": platform.python_version(),
        "postgres": f"PostgreSQL {version.split()[0]} (synchronous_commit {commit}, fsync {fsync})",
    }  # fmt: skip


def _commit() -> str:
    """The code that was measured; a star where the tree was changed since."""
    try:
        words = ["git", "describe", "--always", "--dirty=*", "--exclude=*"]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


if __name__ == "__main__":
    sys.exit(main())
