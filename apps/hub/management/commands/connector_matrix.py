"""`manage.py connector_matrix [--check]`: docs/connectors.md from the manifests, so that it cannot say more than the code does."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.hub.abilities import ABILITIES, ABILITY_OF, Once
from apps.hub.registry import Manifest, manifests

PLACE = Path(settings.BASE_DIR) / "docs" / "connectors.md"
_ONCE = {
    Once.KEY: "the vendor's idempotency key, the same on each try",
    Once.NATURAL_KEY: "a reference of ours that the vendor lets us ask by before trying again",
    Once.LAPSES: "never tried again when in doubt: the state is told anew",
    Once.NEITHER: "neither: sent again or left to a person by a visible setting, and counted apart",
}
_HARMLESS = {
    "label.void": "harmless to repeat: given back twice is given back once",
    "order.confirm": "harmless to repeat: an order that is confirmed already is left as it is",
}
_HEAD = """# Connectors

What each connector can do. Written by `./manage.py connector_matrix` from the manifests in `apps/connectors/*/__init__.py`; a test
fails when it is out of date. What works in detail, and what does not, is in each folder's README.
"""


class Command(BaseCommand):
    """See the module's docstring."""

    help = "Writes docs/connectors.md from the manifests; with --check only says whether it is current."

    def add_arguments(self, parser: CommandParser) -> None:
        """One switch."""
        parser.add_argument("--check", action="store_true", help="write nothing, exit 1 when it is out of date")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write, or compare."""
        wanted = matrix(manifests())
        if not options["check"]:
            PLACE.write_text(wanted)
            self.stdout.write(f"{PLACE.relative_to(settings.BASE_DIR)} written")
        elif not PLACE.is_file() or PLACE.read_text() != wanted:
            raise CommandError("docs/connectors.md is out of date: run ./manage.py connector_matrix")


def matrix(known: dict[str, Manifest]) -> str:
    """The whole page."""
    shown = sorted(known.values(), key=lambda one: (one.kind, one.slug))
    return "\n".join((_HEAD, *_abilities(shown), "", *_writes(shown), "", *_sources(shown), *_unused(shown), ""))


def _abilities(shown: list[Manifest]) -> list[str]:
    heads = ["ability", *(f"[{one.label}](../apps/connectors/{one.slug}/README.md)" for one in shown)]
    rows = [[f"`{ability}`", *("✓" if ability in one.abilities else "" for one in shown)] for ability in ABILITIES]
    rows.append(["notices from the vendor", *("✓" if one.webhook else "" for one in shown)])
    return ["## Abilities", "", *_table(heads, rows)]


def _writes(shown: list[Manifest]) -> list[str]:
    rows = [
        [f"`{operation}`", one.label, _by(operation, one.once.get(operation))]
        for operation, ability in ABILITY_OF.items()
        for one in shown
        if ability in one.abilities
    ]
    return ["## How a write is kept from happening twice", "", *_table(["write", "connector", "by"], rows)]


def _by(operation: str, once: Once | None) -> str:
    if once is None:
        return "not declared"
    return _HARMLESS.get(operation, _ONCE[once]) if once is Once.NATURAL_KEY else _ONCE[once]


def _sources(shown: list[Manifest]) -> list[str]:
    rows = [
        [one.label, one.kind, one.api_version, one.verified_against, f"<{one.docs_url}>" if one.docs_url else ""]
        for one in shown
    ]
    heads = ["connector", "kind", "version", "verified against", "documentation"]
    return ["## What each was verified against", "", *_table(heads, rows)]


def _unused(shown: list[Manifest]) -> list[str]:
    rows = [[one.label, one.unused] for one in shown if one.unused]
    return ["", "## What is there and not used yet", "", *_table(["connector", "what"], rows)] if rows else []


def _table(heads: list[str], rows: list[list[str]]) -> list[str]:
    lines = [heads, ["---"] * len(heads), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
