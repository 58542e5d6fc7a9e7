"""`make bench`, `bench-full`, `bench-peers`: a PostgreSQL of its own with its real commit mode, and the benchmarks in it.

This process starts what is needed and thinks of the end; the measuring is done by another one (drive.py), which gets its
database from the environment like every program of the house. Its exit code is ours.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
for name in ("DATABASE_URL", "BROKER_URL", "KUROGO_CLOCK_FILE"):
    os.environ.pop(name, None)  # nothing of the developer's is measured, or filled with a million orders

from apps.core.runtime import DATABASE, Runtime, opened  # noqa: E402 - the environment is made first

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Start, measure, stop."""
    parser = argparse.ArgumentParser(prog="run.py", description=__doc__)
    parser.add_argument("--full", action="store_true", help="the large ones too")
    parser.add_argument("--peers", action="store_true", help="django-oscar beside ours, and nothing else")
    parser.add_argument("--only", default="", metavar="NAME,NAME", help="only these benchmarks")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each turn")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the cluster in this folder")
    chosen = parser.parse_args()
    home = chosen.keep or Path(tempfile.mkdtemp(prefix="kurogo-bench-"))
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o711)  # the database's account passes through
    started = time.monotonic()
    try:
        with opened(home, say=_say, is_apart=True) as runtime:
            runtime.start_services()
            runtime.migrate()
            return _measure(runtime)
    except KeyboardInterrupt:
        return 130
    finally:
        if chosen.keep is None:
            shutil.rmtree((home / "postgres").resolve(), ignore_errors=True)  # as root it may lie elsewhere
            shutil.rmtree(home, ignore_errors=True)
        _say(f"{time.monotonic() - started:.0f} s in all")


def _measure(runtime: Runtime) -> int:
    postgres = runtime.postgres
    assert postgres is not None
    env = runtime.env | {
        "KUROGO_BENCH_POSTMASTER": str(runtime.supervisor.pid("postgres")),
        "KUROGO_BENCH_SUPERUSER_URL": postgres.url(database=DATABASE),
        "KUROGO_BENCH_OWNER_URL": runtime.owner_url,
    }
    words = [sys.executable, "-m", "tests.benchmarks.drive", *sys.argv[1:]]
    driver = subprocess.Popen(words, env=env, cwd=ROOT)
    try:
        return driver.wait()
    finally:
        if driver.poll() is None:
            driver.kill()
            driver.wait()


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
