"""`manage.py sandbox_shop WANTED MADE`: make the shop of a rehearsal or demo; their own child, because it needs the database.

Both are JSON files: what is wanted ({"shop": …, "connections": […]}), and what came of it ({connection name: id}).
"""

import argparse
import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from apps.flows.setup_shop import Shop, Wanted, set_up


class Command(BaseCommand):
    """Company, brand, warehouse and connections; running it again changes nothing that is there."""

    help = "Make a shop from a JSON file (used by rehearse and demo)."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("wanted", type=Path)
        parser.add_argument("made", type=Path)

    def handle(self, *_args: Any, wanted: Path, made: Path, **_options: Any) -> None:
        told = json.loads(wanted.read_text())
        shop = Shop(connections=[Wanted(**one) for one in told["connections"]], **told["shop"])
        connections = set_up(shop)
        made.write_text(json.dumps({name: str(row.id) for name, row in connections.items()}))
        self.stdout.write(f"{len(connections)} connections")
