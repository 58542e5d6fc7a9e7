"""The process that measures: started by run.py with a database and a broker in its environment.

Ends with 1 when an answer was wrong, however fast; a missed target is printed as a shortfall and ends with 0.
"""

import argparse
import gc
import os
import sys
import time
import traceback

import django

django.setup()

from tests.benchmarks import (  # noqa: E402 - models can be imported only now
    growth,
    intake,
    orderlist,
    orders,
    oscar,
    rehearsal,
    table,
    truth,
    webhooks,
)
from tests.benchmarks.measure import Server  # noqa: E402
from tests.benchmarks.stage import Benchmark, Stage  # noqa: E402

# The small ones first; those whose size `--full` raises are in both.
BENCHMARKS: dict[str, Benchmark] = {
    "orders": orders.run, "webhooks": webhooks.run, "inbox": intake.drained, "backlog": intake.backlog,
    "reservations": growth.reservations, "stored": growth.stored, "list": orderlist.run,
}  # fmt: skip
FULL: dict[str, Benchmark] = {"rehearsal": rehearsal.run}
PEERS: dict[str, Benchmark] = {"oscar": oscar.run}


def main() -> int:
    """Run what was asked for, print the table, keep the JSON."""
    parser = argparse.ArgumentParser()
    for flag in ("--full", "--peers"):
        parser.add_argument(flag, action="store_true")
    for word in ("--only", "--keep"):
        parser.add_argument(word, default="")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0)
    chosen = parser.parse_args()
    wanted = PEERS if chosen.peers else BENCHMARKS | (FULL if chosen.full else {})
    if chosen.only:
        wanted = {name: (BENCHMARKS | FULL | PEERS)[name] for name in chosen.only.split(",")}
    stage = Stage(
        chosen.seed, chosen.rounds, chosen.seconds, chosen.full, Server(int(os.environ["KUROGO_BENCH_POSTMASTER"]))
    )
    gc.collect()
    gc.freeze()  # as the worker does when it starts
    wrong = []
    for name, benchmark in wanted.items():
        started = time.monotonic()
        try:
            benchmark(stage)
        except truth.Wrong as error:
            wrong.append(f"{name}: {error}")
        except Exception:
            traceback.print_exc()
            wrong.append(f"{name}: did not run to its end")
        stage.say(f"{name}: {time.monotonic() - started:.0f} s")
    table.show(stage)
    path = table.keep(stage, "peers" if chosen.peers else "full" if chosen.full else "bench")
    stage.say(f"all figures: {path}")
    for sentence in wrong:
        stage.say(f"WRONG: {sentence}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
