"""`manage.py up` as a newcomer meets it: an address that answers, one Ctrl-C, and no process left by a kill -9."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from django.conf import settings

from apps.core import runtime
from apps.core.ports import any_free_port
from apps.core.supervise import http_status

MANAGE = [sys.executable, str(settings.BASE_DIR / "manage.py")]
OURS = ("DATABASE_URL", "BROKER_URL", "SECRET_KEY", "KUROGO_KEYSET", "PUBLIC_ADDRESS")


@dataclass
class Up:
    """A running `manage.py up`: its process, what it said until it was ready, and its longest silence in seconds."""

    process: subprocess.Popen[str]
    lines: list[str]
    silence: float

    @property
    def address(self) -> str:
        return next(line for line in self.lines if line.startswith("http"))


def bare_environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in OURS and not name.startswith("PYTEST")}
    return kept | {"KUROGO_DATA": str(home), "KUROGO_TETHERED": "1"}  # nothing is left should pytest be killed


def up(home: Path, *words: str) -> Up:
    """Start and read until the line after the address."""
    process = subprocess.Popen(
        [*MANAGE, "up", *words], env=bare_environment(home), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    lines, silence, before = [], 0.0, time.monotonic()
    for line in process.stdout:
        now = time.monotonic()
        lines, silence, before = [*lines, line.rstrip()], max(silence, now - before), now
        if line.startswith("Logs are in"):
            return Up(process, lines, silence)
    raise AssertionError("up ended before it was ready:\n" + "\n".join(lines))


def processes_of(home: Path) -> list[str]:
    """Command lines of all processes that were started with this data folder."""
    if sys.platform != "linux":
        told = subprocess.run(
            ["/bin/ps", "-axwwE", "-o", "command="], capture_output=True, text=True, check=True
        ).stdout
        return [line for line in told.splitlines() if str(home) in line and "/bin/ps" not in line]
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words, environment = (entry / "cmdline").read_bytes(), (entry / "environ").read_bytes()
        except OSError:
            continue
        if words and str(home).encode() in words + environment:
            found.append(words.replace(b"\0", b" ").decode())
    return found


@pytest.fixture
def home() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="kurogo-up-"))
    path.chmod(0o755)
    yield path
    until = time.monotonic() + 10
    while processes_of(path) and time.monotonic() < until:
        time.sleep(0.05)
    shutil.rmtree(path)


@pytest.mark.slow
def test_up_answers_survives_a_kill_and_stops_on_interrupt(home: Path) -> None:
    port = any_free_port()
    with socket.create_server(("127.0.0.1", port)):  # busy: stepped around
        first = up(home, "--port", str(port))
    secrets = (home / "secrets.json").read_text()

    assert re.fullmatch(r"http://localhost:\d+/", first.address)
    assert first.address != f"http://localhost:{port}/"
    assert 0 < http_status(first.address) < 500
    assert first.silence < 5
    assert (home / "secrets.json").stat().st_mode & 0o777 == 0o600

    first.process.kill()
    first.process.wait()
    if sys.platform == "linux":
        until = time.monotonic() + 10
        while processes_of(home) and time.monotonic() < until:
            time.sleep(0.05)
        assert processes_of(home) == []

    second = up(home, "--port", str(port))  # what was killed is recovered; the free port is taken now
    assert second.address == f"http://localhost:{port}/"
    assert (home / "secrets.json").read_text() == secrets
    third = subprocess.run([*MANAGE, "up"], env=bare_environment(home), capture_output=True, text=True, check=False)
    assert (third.returncode, third.stderr.count("already running")) == (1, 1)

    second.process.send_signal(signal.SIGINT)
    assert second.process.wait(20) == 0
    assert processes_of(home) == []


def test_only_says_what_it_needs(home: Path) -> None:
    answer = subprocess.run(
        [*MANAGE, "up", "--only", "beat"], env=bare_environment(home), capture_output=True, text=True, check=False
    )

    assert answer.returncode == 1
    assert answer.stderr.strip() == (
        "CommandError: --only beat needs DATABASE_URL and BROKER_URL and SECRET_KEY and KUROGO_KEYSET"
        " in the environment."
    )


def test_the_application_role_works_on_the_tables_and_owns_none(home: Path) -> None:
    with runtime.Runtime(home, say=lambda _line: None, is_apart=True, durable=False) as kurogo:
        kurogo.start_services()
        kurogo.migrate()

        with psycopg.connect(kurogo.env["DATABASE_URL"], autocommit=True) as application:
            assert application.execute("SELECT current_user, current_database()").fetchone() == ("kurogo", "kurogo")
            assert application.execute("SELECT count(*) FROM core_company").fetchone() == (0,)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                application.execute("CREATE TABLE mine ()")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                application.execute("ALTER TABLE core_company ADD mine int")
        with psycopg.connect(kurogo.owner_url) as owner:  # the control: the owner may
            owner.execute("ALTER TABLE core_company ADD mine int")
