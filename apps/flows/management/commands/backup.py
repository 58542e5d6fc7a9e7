"""`./manage.py backup FILE`: the whole database into one encrypted file, while the shop goes on."""

import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, NoReturn

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.core import audit, backups, clock, runtime


class Command(BaseCommand):
    """Writes FILE, or a file named after the moment into FOLDER, and drops the oldest beyond --keep."""

    help = "Back the database up into one encrypted file. The keyset is not in it: keep KUROGO_KEYSET apart."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to, and how many."""
        parser.add_argument("path", type=Path, metavar="FILE_OR_FOLDER")
        parser.add_argument("--keep", type=int, metavar="N", help="in a folder: only the newest N stay")

    def handle(self, *_args: Any, path: Path, keep: int | None, **_options: Any) -> None:
        """Write it, and say what opens it."""
        if "NAME" not in settings.DATABASES["default"]:
            self._become_one_beside_up()
        folder = path if path.is_dir() else None
        if folder:
            path = folder / f"kurogo-{clock.wall():%Y%m%dT%H%M%SZ}.backup"
        if keep is not None and (folder is None or keep < 1):
            raise CommandError("--keep wants a folder and at least 1.")
        try:
            header = backups.write(runtime.url_of(settings.DATABASES["default"]), path)
        except backups.BackupRefused as refused:
            raise CommandError(str(refused)) from refused
        audit.record("database.backed_up", actor="backup", detail={"id": header.id, "bytes": path.stat().st_size})
        for old in sorted(folder.glob("kurogo-*.backup"))[:-keep] if folder and keep else []:
            old.unlink()
        self.stdout.write(f"{path} ({path.stat().st_size:,} bytes)")
        self.stderr.write(f"It opens with key {header.keys[0]} of KUROGO_KEYSET, and with nothing else.")

    def _become_one_beside_up(self) -> NoReturn:
        """The same command once more, with the address of the database that `manage.py up` runs."""
        env = runtime.environment_of_running(Path(settings.DATA_DIR))
        if env is None or os.environ.get("DATABASE_URL"):
            raise CommandError(f"DATABASE_URL is not set, and no `manage.py up` has run in {settings.DATA_DIR}.")
        os.execve(sys.executable, [sys.executable, *sys.argv], env)  # noqa: S606 - this very command
