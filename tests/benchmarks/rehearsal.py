"""The whole product at work: a rehearsal of made-up orders through webhooks, files and nights; orders a second, and where the
time goes. It has a stage of its own and judges itself: what is not as it must be fails the run."""

import json
import os
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
        raise truth.Wrong(f"the rehearsal failed: {done.stderr[-2000:]}")
    told = json.loads(done.stdout)
    spent = next((line for line in done.stderr.splitlines() if "CPU:" in line), "")
    if told["units_oversold"]:
        raise truth.Wrong(f"{told['units_oversold']} units oversold")
    stage.details["rehearsal"] = told | {"spent": spent}
    stage.judge("whole rehearsal", f"{told['orders_per_second']} orders/s", is_full=True)
    stage.judge("  where its time goes", spent, is_full=True)
