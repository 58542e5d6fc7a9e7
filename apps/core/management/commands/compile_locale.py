"""Translations become binary without the gettext programs, so that `make setup` needs nothing installed."""

import argparse
from pathlib import Path
from typing import Any

import polib
from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Compile .po files (the named ones, else all of LOCALE_PATHS) to .mo beside them; fuzzy entries are left out."""

    help = "Compile translations (.po to .mo) without gettext."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("files", nargs="*", type=Path)

    def handle(self, *_args: Any, files: list[Path], **_options: Any) -> None:
        for path in files or [
            po for root in settings.LOCALE_PATHS for po in sorted(Path(root).glob("*/LC_MESSAGES/*.po"))
        ]:
            catalogue = polib.pofile(str(path))
            compiled = path.with_suffix(".mo")
            making = path.with_suffix(".mo.new")  # a reader never sees half a file
            catalogue.save_as_mofile(str(making))
            making.replace(compiled)
            self.stdout.write(f"{path}: {len(catalogue.translated_entries())} translations")
