"""`manage.py demo_trade NOTE`: the demo's customers, carriers and packer, until it is ended; `demo` starts it. Before that
somebody of the warehouse begins a stocktake, once.
"""

import argparse
import logging
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.sandbox.demo import counting
from apps.sandbox.demo.trading import Trading
from apps.sandbox.rehearsal.stage import Control


class Command(BaseCommand):
    """Trade against the stand-ins that KUROGO_SANDBOX names, and no others."""

    help = "Let the demo trade by itself (used by demo)."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("note", type=Path, help="JSON file with the next order numbers")

    def handle(self, *_args: Any, note: Path, **_options: Any) -> None:
        port = urlsplit(settings.SANDBOX_ADDRESS).port
        if not (settings.IS_DEMO and port and settings.SANDBOX_TOKEN):
            raise CommandError("This works in a demo alone (KUROGO_DEMO, KUROGO_SANDBOX).")
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
        counting.begin()
        Trading(Control(port, settings.SANDBOX_TOKEN), note).run()
