"""A backup: one encrypted file that holds the whole database, written and read as a stream, whole or not at all.

pg_dump's custom format, encrypted by Tink's streaming AEAD under a key of the backup's own, which is sealed with KUROGO_KEYSET
and lies in the header. The header is bound to the body: whatever is cut, swapped or altered does not open. The keyset itself is
never in it: who has the file alone has nothing, and who lost the keyset has lost the backup.
"""

import base64
import io
import json
import os
import subprocess
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

import psycopg
import tink
from django.conf import settings
from psycopg.conninfo import conninfo_to_dict
from tink import cleartext_keyset_handle, streaming_aead

from apps.core import clock, crypto
from apps.core.binaries import NoPostgres, find_postgres
from apps.core.ids import uuid7

streaming_aead.register()

MAGIC = b"KUROGO BACKUP\n"
FORMAT = 1
PIECE = 1024 * 1024
MOST_HEADER = 1024 * 1024


class BackupRefused(Exception):
    """A sentence for the operator: why there is no backup, or why nothing was restored."""


@dataclass(frozen=True, kw_only=True)
class Header:
    """What can be read without a key: what made it and when, and which keys of the keyset open it."""

    id: str
    format: int = FORMAT
    made_at: str = ""
    product: str = ""
    server: str = ""
    migrations: dict[str, list[str]] = field(default_factory=dict)
    keys: list[int] = field(default_factory=list)
    wrapped: str = ""


# Writing


def write(url: str, path: Path) -> Header:
    """Back the database up into a new file. Raises `BackupRefused`; then there is no file."""
    if path.exists():
        raise BackupRefused(f"{path} is there already; a backup is never written over another.")
    header, body_key = _new_header(url)
    told = json.dumps(asdict(header)).encode()
    fresh = path.with_name(f"{path.name}.new")
    try:
        fresh.touch(mode=0o600, exist_ok=False)
        with fresh.open("wb") as file:
            file.write(MAGIC + len(told).to_bytes(4, "big") + told)
            with body_key.new_encrypting_stream(_Kept(file), told) as sealed:
                _dump(url, sealed)
            file.flush()
            os.fsync(file.fileno())
        fresh.rename(path)
    finally:
        fresh.unlink(missing_ok=True)
    return header


def _new_header(url: str) -> tuple[Header, streaming_aead.StreamingAead]:
    id_ = uuid7()
    handle = tink.new_keyset_handle(streaming_aead.streaming_aead_key_templates.AES256_GCM_HKDF_1MB)
    plain = io.StringIO()
    cleartext_keyset_handle.write(tink.JsonKeysetWriter(plain), handle)
    wrapped = crypto.seal(plain.getvalue().encode(), table="backup", row=id_, field="key")
    with _connected(url) as db:
        server = db.info.server_version
        rows = db.execute("SELECT app, name FROM django_migrations ORDER BY app, name").fetchall()
    migrations: dict[str, list[str]] = {}
    for app, name in rows:
        migrations.setdefault(app, []).append(name)
    header = Header(
        id=str(id_), made_at=clock.wall().isoformat(), product=product_version(), server=str(server // 10_000),
        migrations=migrations, keys=[crypto.sealed_with(wrapped)], wrapped=base64.b64encode(wrapped).decode(),
    )  # fmt: skip
    return header, handle.primitive(streaming_aead.StreamingAead)


def _dump(url: str, into: BinaryIO) -> None:
    words = [_program("pg_dump"), "--format=custom", "--no-owner", "--no-privileges"]
    with subprocess.Popen(words, env=_environment(url), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        while piece := run.stdout.read(PIECE):
            into.write(piece)
        said = run.stderr.read().decode(errors="replace")
    if run.returncode:
        raise BackupRefused(f"pg_dump did not come to its end: {_last(said)}")


class _Kept(io.RawIOBase):
    """Hands on what is written and stays open when the encrypting stream closes."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def writable(self) -> bool:
        """It is written to."""
        return True

    def write(self, data: Any) -> int:
        """All of it."""
        return self._file.write(data)


# Reading


def header_of(path: Path) -> Header:
    """What a backup says of itself. Raises `BackupRefused`."""
    with _opened(path) as file:
        return _header(file)[0]


def look_through(path: Path) -> int:
    """Read a backup to its end without writing anything; the bytes of the dump. Raises `BackupRefused`."""
    size = 0
    with _plain(path) as dump:
        while piece := _read(dump):
            size += len(piece)
    return size


def restore(path: Path, url: str) -> Header:
    """Fill an empty database, as its owner, in one transaction. Raises `BackupRefused`; then nothing was restored."""
    header = header_of(path)
    _refuse_newer(header)
    look_through(path)
    with _connected(url) as db:
        tables = db.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
        if tables is None or tables[0]:
            raise BackupRefused(
                "The database is not empty. A backup is restored into an empty one and never over another."
            )
        # Whoever made the roles of this cluster need not have known this one; grants are written by the migration.
        if db.execute("SELECT 1 FROM pg_roles WHERE rolname = 'kurogo_app'").fetchone() is None:
            db.execute("CREATE ROLE kurogo_app NOLOGIN")
    name = conninfo_to_dict(url)["dbname"]
    words = [_program("pg_restore"), "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]
    words += ["--dbname", str(name)]
    with subprocess.Popen(words, env=_environment(url), stdin=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        assert run.stdin is not None
        assert run.stderr is not None
        try:
            with _plain(path) as dump:
                while piece := _read(dump):
                    run.stdin.write(piece)
            run.stdin.close()
        except BrokenPipeError:
            pass  # pg_restore says why, below
        said = run.stderr.read().decode(errors="replace")
    if run.returncode:
        raise BackupRefused(f"pg_restore did not come to its end, and nothing was restored: {_last(said)}")
    return header


def _refuse_newer(header: Header) -> None:
    for app, names in header.migrations.items():
        folder = settings.BASE_DIR / "apps" / app / "migrations"
        unknown = [name for name in names if folder.is_dir() and not (folder / f"{name}.py").exists()]
        if unknown:
            raise BackupRefused(
                f"The backup was made by a newer Kurogo ({header.product}): {app}.{unknown[0]} is not known here."
                " Restore it with that version or a later one."
            )


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise BackupRefused(f"{path} cannot be read: {error.strerror}.") from error


def _header(file: BinaryIO) -> tuple[Header, bytes]:
    if file.read(len(MAGIC)) != MAGIC:
        raise BackupRefused("This is no backup of Kurogo.")
    size = int.from_bytes(file.read(4), "big")
    told = file.read(size) if size <= MOST_HEADER else b""
    try:
        said = json.loads(told)
        known = {name: said[name] for name in Header.__dataclass_fields__ if name in said}
        header = Header(**known)
    except (ValueError, TypeError) as error:
        raise BackupRefused("The backup is cut short, or its beginning was altered.") from error
    if header.format > FORMAT:
        raise BackupRefused(
            f"The backup was made by a newer Kurogo: its format is {header.format}, this one reads up to {FORMAT}."
        )
    return header, told


@contextmanager
def _plain(path: Path) -> Iterator[BinaryIO]:
    with _opened(path) as file:
        header, told = _header(file)
        try:
            sealed = base64.b64decode(header.wrapped)
            plain = crypto.unseal(sealed, table="backup", row=UUID(header.id), field="key")
        except (crypto.SealBroken, ValueError) as error:
            keys = ", ".join(str(key) for key in header.keys)
            raise BackupRefused(
                f"The backup is sealed with key {keys}, and KUROGO_KEYSET here does not open it. Give the keyset of"
                " the installation that made it."
            ) from error
        handle = cleartext_keyset_handle.read(tink.JsonKeysetReader(plain.decode()))
        with handle.primitive(streaming_aead.StreamingAead).new_decrypting_stream(file, told) as dump:
            yield dump


def _read(dump: BinaryIO) -> bytes:
    try:
        return dump.read(PIECE)
    except (tink.TinkError, OSError, ValueError) as error:
        raise BackupRefused("The backup is cut short or was altered. Nothing was restored.") from error


# What both need


def product_version() -> str:
    """Kurogo's own version."""
    told = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())
    return str(told["project"]["version"])


def _connected(url: str) -> psycopg.Connection[Any]:
    try:
        return psycopg.connect(url, autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as error:
        raise BackupRefused(f"The database does not answer: {_last(str(error))}") from error


def _program(name: str) -> str:
    try:
        found = find_postgres().bin / name
    except NoPostgres as error:
        raise BackupRefused(str(error)) from error
    if not found.exists():
        raise BackupRefused(f"{name} is not beside the other programs of PostgreSQL in {found.parent}.")
    return str(found)


def _environment(url: str) -> dict[str, str]:
    """Where the server is, for its programs: a password never stands among the words of a command."""
    told = conninfo_to_dict(url)
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE",
             "sslmode": "PGSSLMODE"}  # fmt: skip
    known = {variable: str(told[name]) for name, variable in names.items() if told.get(name)}
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return ours | {"LC_ALL": "C"} | known


def _last(said: str) -> str:
    return (said.strip().splitlines() or ["it says nothing"])[-1][:300]
