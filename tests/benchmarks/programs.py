"""Programs beside the driver: a web server, a Celery worker. Each is ended by its own process id, whatever happens."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from apps.core.spawn import spawn
from tests.benchmarks.stage import application_url

ROOT = Path(__file__).resolve().parents[2]


@contextlib.contextmanager
def running(
    words: Sequence[str], *, database: str, log: Path, is_ready: Callable[[], bool], seconds: float = 60
) -> Iterator[int]:
    """A program on a scene's database, from when it is ready; its process id."""
    env = os.environ | {"DATABASE_URL": application_url(database), "CONN_MAX_AGE": "60"}
    program = spawn(words, env, log=log)  # ends with us, however we end
    try:
        until = time.monotonic() + seconds
        while not is_ready():
            if program.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{words[2]} did not start: {log.read_text()[-2000:]}")
            time.sleep(0.1)
        yield program.pid
    finally:
        if program.poll() is None:
            os.killpg(program.pid, signal.SIGTERM)
            try:
                program.wait(timeout=15)
            except subprocess.TimeoutExpired:
                os.killpg(program.pid, signal.SIGKILL)
                program.wait()
