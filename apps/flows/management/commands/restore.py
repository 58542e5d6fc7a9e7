"""`./manage.py restore FILE`: a shop out of a backup, in an empty place; then migrations, what must not happen twice, verify.

The place is KUROGO_DATA with its own PostgreSQL, or the database of DATABASE_URL (KUROGO_OWNER_DATABASE_URL where another role
owns it). Nothing is ever restored over anything.
"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.core import backups, runtime
from apps.core.binaries import NoPostgres
from apps.core.supervise import Busy, Unstarted


class Command(BaseCommand):
    """Restore, migrate, settle, verify; each step is said."""

    help = "Restore a backup into an empty place. KUROGO_KEYSET must be the one of the installation that made it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which file."""
        parser.add_argument("path", type=Path, metavar="FILE")
        parser.add_argument("--look", action="store_true", help="only read it to its end and say what it is")

    def handle(self, *_args: Any, path: Path, look: bool, **_options: Any) -> None:
        """Nothing is touched before the whole file has been read."""
        if not settings.KEYSET:
            raise CommandError("KUROGO_KEYSET is not set. Give the keyset of the installation that made the backup.")
        try:
            header = backups.header_of(path)
            size = backups.look_through(path)
            self.stderr.write(f"Made {header.made_at} by Kurogo {header.product}; whole, {size:,} bytes of dump.")
            if not look:
                self._restore(path)
        except (backups.BackupRefused, NoPostgres, Busy, Unstarted) as refused:
            raise CommandError(str(refused)) from refused

    def _restore(self, path: Path) -> None:
        home = Path(settings.DATA_DIR)
        with runtime.opened(home, say=self.stderr.write) as kurogo:
            runtime.keep_keyset(home, was=kurogo.secrets.keyset, now=settings.KEYSET)
            kurogo.env["KUROGO_KEYSET"] = settings.KEYSET
            kurogo.start_services()
            header = backups.restore(path, kurogo.owner_url)
            self.stderr.write("Restored.")
            kurogo.migrate()
            kurogo.manage("settle_restored", header.made_at)
            kurogo.manage("verify")
        self.stdout.write(
            "Restored and verified. Nothing was sent yet. Look at the calls that wait for a person, then start `manage.py up`."
        )
