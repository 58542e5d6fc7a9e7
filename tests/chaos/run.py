"""`make chaos`: a shop trades on five channels while its programs are killed and its vendors misbehave; then it is counted.

Business time runs some hundred times faster than the clock on the wall, so that slips run out, orders are polled, parcels
leave and nights are compared meanwhile. Nothing is asked of the product but its rows at the end: what the stand-ins sold and
did is counted by their own ledgers. The last line is the tally; the exit code says whether it is as it must be.
"""

import argparse
import contextlib
import os
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
for name in ("DATABASE_URL", "BROKER_URL", "KUROGO_CLOCK_FILE"):
    os.environ.pop(name, None)  # nothing of the developer's is killed

import django  # noqa: E402 - the environment is made first

from apps.core.runtime import opened  # noqa: E402

os.environ.setdefault("SECRET_KEY", secrets.token_urlsafe(48))
django.setup()

from tests.chaos import plan as planning  # noqa: E402 - models need their settings
from tests.chaos import tally  # noqa: E402
from tests.chaos.trade import Trade  # noqa: E402


def main() -> int:
    """Play the plan of a seed; 0 when everything is as it must be."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--orders", type=int, help="sales in all (60 a minute)")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep everything in this folder afterwards")
    wish = parser.parse_args()
    plan = planning.make(seed=wish.seed, minutes=wish.minutes, orders=wish.orders)
    _say(
        f"seed {plan.seed}, plan {plan.digest()}: {plan.orders} orders, {len(plan.kills)} kills,"
        f" {len(plan.faults)} faults in {plan.minutes:g} minutes"
    )
    with _home(wish.keep) as home, contextlib.suppress(KeyboardInterrupt):
        told = play(plan, home)
        for line in told.wrong:
            _say(f"NOT AS IT MUST BE: {line}")
        sys.stdout.write(told.line() + "\n")
        return 1 if told.wrong else 0
    return 130


def play(plan: planning.Plan, home: Path) -> tally.Tally:
    """One run on a stage of its own."""
    with opened(home, say=_say, is_apart=True) as runtime:
        trade = Trade(plan, runtime, say=_say)
        trade.open()
        trade.play()
        trade.calm_down()
        return tally.count(trade)


@contextlib.contextmanager
def _home(folder: Path | None):
    """The run's folder: thrown away at the end, unless it was named."""
    home = folder or Path(tempfile.mkdtemp(prefix="kurogo-chaos-"))
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o711)  # the database's account passes through
    try:
        yield home.resolve()
    finally:
        if folder is None:
            shutil.rmtree((home / "postgres").resolve(), ignore_errors=True)  # as root it may lie elsewhere
            shutil.rmtree(home, ignore_errors=True)


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
