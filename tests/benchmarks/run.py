"""`make bench`, `bench-full`, `bench-peers`: a PostgreSQL of its own with its real commit mode, and the parts of the table in it.

This process starts what is needed, gives each part a process and a time limit of its own, prints the table at the end, also
of a run that is stopped on its way, and thinks of the end. `--only` measures some parts anew, `--resume` goes on where a run
was stopped; the table always shows the newest of every part.
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
from tests.benchmarks import parts, table  # noqa: E402
from tests.benchmarks.parts import Part  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
RESUME_HOURS = 12
GRACE_SECONDS = 30


def main() -> int:
    """Start, measure, show, stop."""
    chosen = _asked()
    wanted = _wanted(chosen)
    if chosen.resume:
        wanted = [part for part in wanted if not _is_measured(part.file(full=chosen.full))]
    home = chosen.keep or Path(tempfile.mkdtemp(prefix="kurogo-bench-"))
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o711)  # the database's account passes through
    started = time.monotonic()
    code = 0
    try:
        if wanted:
            with opened(home, say=_say, is_apart=True) as runtime:
                runtime.start_services()
                runtime.migrate()
                for part in wanted:
                    code = max(code, _measure(runtime, part, chosen))
    except KeyboardInterrupt:
        code = 130
    finally:
        if chosen.keep is None:
            shutil.rmtree((home / "postgres").resolve(), ignore_errors=True)  # as root it may lie elsewhere
            shutil.rmtree(home, ignore_errors=True)
        table.show()
        _say(f"{time.monotonic() - started:.0f} s in all; every figure: {parts.FOLDER}")
    return code


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="run.py", description=__doc__)
    parser.add_argument("--full", action="store_true", help="the large shops and the whole rehearsal too")
    parser.add_argument("--peers", action="store_true", help="django-oscar beside ours, and nothing else")
    parser.add_argument("--only", default="", metavar="PART,PART", help=f"of {', '.join(parts.BY_NAME)}")
    parser.add_argument(
        "--resume", action="store_true", help=f"not what the last {RESUME_HOURS} hours have measured whole"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each turn")
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="keep the cluster, with its shops of a million orders, here"
    )
    return parser.parse_args()


def _wanted(chosen: argparse.Namespace) -> list[Part]:
    if chosen.only:
        return [parts.BY_NAME[name] for name in chosen.only.split(",")]
    return [part for part in parts.PARTS if part.is_peer == chosen.peers and (chosen.full or not part.is_full)]


def _is_measured(path: Path) -> bool:
    told = parts.kept(path)
    return bool(told and told["is_whole"] and time.time() - path.stat().st_mtime < RESUME_HOURS * 3600)


def _measure(runtime: Runtime, part: Part, chosen: argparse.Namespace) -> int:
    """One part in a process of its own; 3 when its time was up."""
    postgres = runtime.postgres
    assert postgres is not None
    env = runtime.env | {
        "KUROGO_BENCH_POSTMASTER": str(runtime.supervisor.pid("postgres")),
        "KUROGO_BENCH_SUPERUSER_URL": postgres.url(database=DATABASE),
        "KUROGO_BENCH_OWNER_URL": runtime.owner_url,
    }
    words = [sys.executable, "-m", "tests.benchmarks.drive", part.name, "--seed", str(chosen.seed)]
    words += ["--rounds", str(chosen.rounds), "--seconds", str(chosen.seconds), *(["--full"] if chosen.full else [])]
    driver = subprocess.Popen(words, env=env, cwd=ROOT, start_new_session=True)
    try:
        return driver.wait(timeout=part.full_limit if chosen.full and part.full_limit else part.limit)
    except subprocess.TimeoutExpired:
        _say(f"{part.name}: its time is up")
        return 3
    finally:
        if driver.poll() is None:
            driver.terminate()
            try:
                driver.wait(timeout=GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                driver.kill()
                driver.wait()


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
