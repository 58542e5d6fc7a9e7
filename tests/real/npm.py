"""Packages of npm for real systems: installed once outside the repository, by their lock file, without running a script of
theirs. Two test runs at a time install once. Where it cannot be done the tests skip and say why.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

# Where installed systems are kept from one run to the next.
CACHE = Path(os.environ.get("KUROGO_REAL_CACHE") or Path.home() / ".cache" / "kurogo")
INSTALL_SECONDS = 600


class NotHere(Exception):
    """It cannot be installed here; the message says why."""


def begin(folder: Path) -> None:
    """Install in the background, while other tests run."""

    def install() -> None:
        with contextlib.suppress(NotHere):
            _modules_of(folder)

    threading.Thread(target=install, daemon=True).start()


def modules_of(folder: Path) -> Path:
    """The `node_modules` with what the folder's package-lock.json names; skips where there is no node, npm or registry."""
    try:
        return _modules_of(folder)
    except NotHere as error:
        pytest.skip(str(error))


def _modules_of(folder: Path) -> Path:
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise NotHere(f"no {program} here: {folder.name} cannot be run")
    lock = (folder / "package-lock.json").read_bytes()
    home = CACHE / f"{folder.name}-{hashlib.sha256(lock).hexdigest()[:12]}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{home.name}.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not home.exists():
            _install(folder, home)
    return home / "node_modules"


def _install(folder: Path, home: Path) -> None:
    part = home.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(folder / name, part)
    words = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"]
    try:
        done = subprocess.run(
            words,
            cwd=part,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as error:
        raise NotHere(f"npm did not install {folder.name} within {INSTALL_SECONDS} s") from error
    if done.returncode:
        raise NotHere(f"npm could not install {folder.name}: {done.stderr.strip()[-300:]}")
    part.rename(home)
