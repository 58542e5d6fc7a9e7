"""The whole product at work: a rehearsal of made-up orders through webhooks, files and nights; orders a second, and where the
time goes. It has a stage of its own and judges itself: what is not as it must be fails the run."""

import json
import os
import re
import subprocess
import sys

from tests.benchmarks import programs, truth
from tests.benchmarks.stage import Stage

ORDERS = 1_000


def run(stage: Stage) -> None:
    """`manage.py rehearse --synthetic`; its last line on stderr says where the time went."""
    stage.say(f"a rehearsal of {ORDERS:,} orders")
    words = [sys.executable, "manage.py", "rehearse", "--synthetic", str(ORDERS), "--seed", str(stage.seed), "--json"]
    env = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "BROKER_URL"}}
    done = subprocess.run(words, cwd=programs.ROOT, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise truth.Wrong(f"the rehearsal failed: {' '.join(done.stderr.splitlines()[-2:])}")
    told = json.loads(done.stdout)
    spent = next((line for line in done.stderr.splitlines() if "CPU:" in line), "")
    if told["units_oversold"]:
        raise truth.Wrong(f"{told['units_oversold']} units oversold")
    stage.details["rehearsal"] = told | {"spent": spent}
    stage.judge(
        f"whole rehearsal of {told['orders_placed']:,} orders", f"{told['orders_per_second']} orders/s", is_full=True
    )
    clock, _, cpu = spent.partition("; CPU: ")
    stage.judge("  CPU an order", _shares(cpu, 1000 / told["orders_placed"], " ms"), is_full=True)
    stops = clock.partition("(")[2].partition(")")[0]
    stage.judge("  the clock's hours in it", _shares(stops, 100 / told["seconds"], " %"), is_full=True)


def _shares(words: str, factor: float, unit: str) -> str:
    """ "worker 69 s, web 7 s" by a factor, the largest first; what rounds to nothing is left out."""
    found = [(float(seconds), name) for name, seconds in re.findall(r"([^,]+?) (\d+) s", words)]
    told = [f"{name.strip()} {seconds * factor:.0f}{unit}" for seconds, name in sorted(found, reverse=True)]
    return ", ".join(
        word for word, (seconds, _) in zip(told, sorted(found, reverse=True), strict=True) if seconds * factor >= 0.5
    )
