"""Kurogo's own services and programs in one folder: what `up`, `demo` and `rehearse` start, each with its own folder.

The folder keeps everything: secrets (made once, mode 0600), the database, ports and logs. DATABASE_URL and BROKER_URL
of the environment switch the embedded servers off. The application connects as a role that owns nothing; only
migrations use the owner's.
"""

import contextlib
import json
import os
import secrets
import signal
import sys
import threading
import time
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import psycopg
from django.conf import settings
from psycopg import sql

from apps.core import crypto
from apps.core.binaries import find_valkey
from apps.core.embedded import Postgres, Valkey
from apps.core.ports import next_free_port
from apps.core.spawn import die_with_parent, spawn
from apps.core.supervise import Supervisor, Unstarted, stop_signals, tail

DATABASE = "kurogo"
OWNER = "kurogo_owner"  # migrates
LOGIN = "kurogo"  # works, as a member of
GROUP = "kurogo_app"  # whose rights the migrations set
FIRST_PORT = 8000
HEARTBEAT_SECONDS = 2.0


@dataclass(frozen=True)
class Secrets:
    """What one installation keeps to itself; lose it and sealed credentials cannot be read again."""

    secret_key: str
    keyset: str
    superuser: str
    owner: str
    application: str
    broker: str

    @classmethod
    def kept_in(cls, home: Path) -> Self:
        """Read `home/secrets.json`, made on first use with mode 0600."""
        path = home / "secrets.json"
        if path.exists():
            return cls(**json.loads(path.read_text()))
        fresh = cls(
            secret_key=secrets.token_urlsafe(48),
            keyset=crypto.new_keyset(),
            superuser=secrets.token_hex(16),
            owner=secrets.token_hex(16),
            application=secrets.token_hex(16),
            broker=secrets.token_hex(16),
        )
        fresh._keep(path)
        return fresh

    def _keep(self, path: Path) -> None:
        making = path.with_suffix(".new")
        making.unlink(missing_ok=True)
        making.touch(mode=0o600)
        making.write_text(json.dumps(asdict(self), indent=1))
        making.replace(path)


def url_of(told: Mapping[str, Any]) -> str:
    """A DATABASE_URL out of Django's words for a database."""
    where = f"{told.get('HOST') or 'localhost'}:{told.get('PORT') or 5432}"
    return f"postgres://{quote(told['USER'])}:{quote(str(told.get('PASSWORD', '')))}@{where}/{told['NAME']}"


def environment_of_running(home: Path) -> dict[str, str] | None:
    """What a program needs that works beside a running `up` of this folder; None where none was ever started there."""
    port = home / "run" / "postgres.port"
    if not (port.exists() and (home / "secrets.json").exists()):
        return None
    kept = Secrets.kept_in(home)
    url = f"postgres://{LOGIN}:{quote(kept.application)}@127.0.0.1:{port.read_text().strip()}/{DATABASE}"
    return program_environment(home, kept) | {"DATABASE_URL": url}


def keep_keyset(home: Path, *, was: str, now: str) -> bool:
    """Change the keyset in `home/secrets.json`; False where another one, or none, is kept there."""
    path = home / "secrets.json"
    if not path.exists():
        return False
    kept = Secrets.kept_in(home)
    if kept.keyset != was:
        return False
    replace(kept, keyset=now)._keep(path)
    return True


class Runtime:
    """The services and programs of one installation; use it as a context manager, it stops what it started.

    `env` is what its programs get; add to it before starting them. `is_apart=True` (rehearsals, tests) ignores
    DATABASE_URL and BROKER_URL of the environment; `durable=False` makes the database fast and careless of power
    cuts.
    """

    def __init__(self, home: Path, *, say: Callable[[str], None], is_apart: bool = False, durable: bool = True) -> None:
        home.mkdir(parents=True, exist_ok=True, mode=0o711)  # the database's account passes through
        self.home = home.resolve()
        self.supervisor = Supervisor(self.home, say=say)
        self.say = self.supervisor.say
        self.secrets = Secrets.kept_in(self.home)
        self.durable = durable
        self.postgres: Postgres | None = None
        self.valkey: Valkey | None = None
        self.env = program_environment(self.home, self.secrets)
        if is_apart:
            for name in ("DATABASE_URL", "KUROGO_OWNER_DATABASE_URL", "BROKER_URL"):
                self.env.pop(name, None)
        self.owner_url = self.env.pop("KUROGO_OWNER_DATABASE_URL", "") or self.env.get("DATABASE_URL", "")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.supervisor.stop_all()

    # Services

    def start_services(self) -> None:
        """PostgreSQL and the broker, unless the environment names its own; afterwards `env` names both."""
        if not self.env.get("DATABASE_URL"):
            with heartbeat(self.say, "starting PostgreSQL"):
                self._start_postgres()
        if not self.env.get("BROKER_URL"):
            with heartbeat(self.say, "starting Valkey"):
                self._start_broker()

    def migrate(self) -> None:
        """Bring the database's shape up to date as its owner, then let the application in."""
        self.manage("migrate", "--no-input", DATABASE_URL=self.owner_url)
        if self.postgres is not None:
            with psycopg.connect(self.postgres.url(database=DATABASE), autocommit=True) as connection:
                if _role_exists(connection, GROUP):
                    connection.execute(f"GRANT {GROUP} TO {LOGIN}")
        self.say("The database is up to date.")

    def manage(self, *words: str, **env: str) -> None:
        """Run `manage.py WORDS` to its end, with signs of life; `Unstarted` with the end of its log when it fails."""
        title, log = words[0], self.home / "log" / f"{words[0]}.log"
        with heartbeat(self.say, title, log=log):
            process = spawn([*manage_py(), *words], {**self.env, **env}, log=log, death_signal=signal.SIGKILL)
            try:
                code = process.wait()
            except BaseException:
                process.kill()
                process.wait()
                raise
        if code:
            raise Unstarted(f"manage.py {title} failed; its log ({log}) ends with:\n{tail(log, lines=25)}")

    # Programs

    def start_web(self, *, host: str = "127.0.0.1", port: int = FIRST_PORT, seconds: float = 60.0) -> str:
        """Start the web server on `port` or the next free one, wait for its first answer, return the address."""
        port = self.choose_port(port)
        self.supervisor.start("web", web_argv(host=host, port=port), self.env)
        with heartbeat(self.say, "starting the web server", log=self.supervisor.log("web")):
            probe = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104  (compared, not bound)
            self.supervisor.wait_http(f"http://{probe}:{port}/", name="web", seconds=seconds)
        return f"http://localhost:{port}/" if probe == "127.0.0.1" else f"http://{host}:{port}/"

    def choose_port(self, port: int = FIRST_PORT) -> int:
        """A free web port, `port` if it can be, told to all programs that start from now on as PUBLIC_ADDRESS."""
        port = next_free_port(port)
        self.env.setdefault("PUBLIC_ADDRESS", f"http://localhost:{port}")
        return port

    def start_worker(self) -> None:
        """Celery when there is a broker, else the loop alone."""
        self.supervisor.start(
            "worker", worker_argv(broker=self.env.get("BROKER_URL", "")), self.env, death_signal=signal.SIGKILL
        )

    def start_beat(self) -> None:
        """The timetable's bell; without a broker the worker's loop looks at the timetable itself."""
        if self.env.get("BROKER_URL"):
            self.supervisor.start("beat", beat_argv(), self.env, death_signal=signal.SIGKILL)

    # Inside

    def _start_postgres(self) -> None:
        self.postgres = Postgres(self.home, password=self.secrets.superuser, durable=self.durable)
        self.postgres.start(self.supervisor)
        self.say(f"PostgreSQL {self.postgres.binaries.version} ({self.postgres.binaries.origin}) is up.")
        passwords = {OWNER: self.secrets.owner, LOGIN: self.secrets.application}
        with psycopg.connect(self.postgres.url(), autocommit=True) as connection:
            for role, password in passwords.items():
                if not _role_exists(connection, role):
                    statement = sql.SQL("CREATE ROLE {} LOGIN {} PASSWORD {}").format(
                        sql.Identifier(role), sql.SQL("CREATEROLE" if role == OWNER else ""), sql.Literal(password)
                    )
                    connection.execute(statement)
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone() is None:
                connection.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")
            connection.execute(f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC")
            connection.execute(f"GRANT CONNECT, TEMPORARY ON DATABASE {DATABASE} TO {LOGIN}")
        urls = {role: self.postgres.url(role=role, password=passwords[role], database=DATABASE) for role in passwords}
        self.owner_url, self.env["DATABASE_URL"] = urls[OWNER], urls[LOGIN]
        self.env.setdefault("CONN_MAX_AGE", "60")  # no pooler in between

    def _start_broker(self) -> None:
        binary = find_valkey()
        if binary is None:
            self.say("No Valkey or Redis for this machine: everything works without, up to a second later.")
            return
        self.valkey = Valkey(self.home, password=self.secrets.broker, binary=binary)
        self.valkey.start(self.supervisor)
        self.env["BROKER_URL"] = self.valkey.url
        self.say("Valkey is up.")


@contextlib.contextmanager
def opened(
    home: Path, *, say: Callable[[str], None], is_apart: bool = False, durable: bool = True
) -> Iterator[Runtime]:
    """A Runtime for a command in a terminal (main thread): Ctrl-C, SIGTERM and a closed terminal stop all in order.

    During the block the signals raise KeyboardInterrupt; while the programs stop they are ignored. Run by make, the
    command ends with make.
    """
    if os.environ.get("KUROGO_TETHERED"):
        die_with_parent()
    before = {number: signal.signal(number, _interrupt) for number in stop_signals()}
    try:
        with Runtime(home, say=say, is_apart=is_apart, durable=durable) as runtime:
            try:
                yield runtime
            finally:
                for number in before:
                    signal.signal(number, signal.SIG_IGN)
    finally:
        for number, former in before.items():
            signal.signal(number, former)


def _interrupt(_number: int, _frame: types.FrameType | None) -> None:
    raise KeyboardInterrupt


def program_environment(home: Path, kept: Secrets) -> dict[str, str]:
    """Our environment plus what every program of the installation needs; words already set from outside win."""
    env = {name: value for name, value in os.environ.items() if name != "KUROGO_TETHERED"}
    env.setdefault("SECRET_KEY", kept.secret_key)
    env.setdefault("KUROGO_KEYSET", kept.keyset)
    env.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    return env | {"KUROGO_DATA": str(home), "PYTHONUNBUFFERED": "1"}


def manage_py() -> list[str]:
    """How to call manage.py from anywhere."""
    return [sys.executable, str(settings.BASE_DIR / "manage.py")]


def web_argv(*, host: str, port: int) -> list[str]:
    """granian, WSGI; KUROGO_WEB_WORKERS processes (1)."""
    words = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", host, "--port", str(port)]
    words += ["--workers", os.environ.get("KUROGO_WEB_WORKERS", "1"), "--blocking-threads", "4", "--no-ws"]
    words += ["--workers-kill-timeout", "5", "--respawn-failed-workers", "--working-dir", str(settings.BASE_DIR)]
    return [*words, "config.wsgi:application"]


def worker_argv(*, broker: str) -> list[str]:
    """Celery with four threads, for calls to the outside; without a broker the loop that looks for due rows."""
    if not broker:
        return [*manage_py(), "work"]
    words = [sys.executable, "-m", "celery", "--workdir", str(settings.BASE_DIR), "-A", "config", "worker"]
    return [*words, "-P", "threads", "-c", "4", "--without-gossip", "--without-mingle", "-l", "info"]


def beat_argv() -> list[str]:
    """Celery beat with the timetable in the database."""
    words = [sys.executable, "-m", "celery", "--workdir", str(settings.BASE_DIR), "-A", "config", "beat"]
    return [*words, "-S", "django", "-l", "info", "--pidfile", ""]


@contextlib.contextmanager
def heartbeat(say: Callable[[str], None], title: str, *, log: Path | None = None) -> Iterator[None]:
    """Say every few seconds that something still goes on, with the last line of its log: a terminal is never silent."""
    done = threading.Event()
    started = time.monotonic()

    def beat() -> None:
        while not done.wait(HEARTBEAT_SECONDS):
            last = tail(log, lines=1).strip()[:90] if log is not None and log.exists() else ""
            say(f"  … {title}, {time.monotonic() - started:.0f} s {last}".rstrip(" -"))

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _role_exists(connection: psycopg.Connection[tuple[object, ...]], role: str) -> bool:
    return connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone() is not None
