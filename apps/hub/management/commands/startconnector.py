"""`manage.py startconnector NAME --kind carrier|channel|payment|mail|notice`: a connector's folder, stand-in and failing tests.

Everything is new and nothing is edited: a file that is already there stops the command before it has written any.
"""

import shutil
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.core.management.templates import TemplateCommand

TEMPLATES = Path(__file__).resolve().parents[2] / "connector_template"
# kind -> folders of templates, abilities, and each write with the way in which it is kept from happening twice.
KINDS: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[tuple[str, str], ...]]] = {
    "carrier": (
        ("common", "signed", "carrier"),
        ("label", "tracking"),
        (("label.buy", "NATURAL_KEY"), ("label.void", "NATURAL_KEY")),
    ),
    "channel": (
        ("common", "signed", "channel"),
        ("orders", "fulfilment"),
        (("fulfilment.create", "NATURAL_KEY"),),
    ),
    "payment": (
        ("common", "signed", "payment"),
        ("payment", "payment.read"),
        tuple((f"payment.{verb}", "KEY") for verb in ("request", "capture", "void", "refund")),
    ),
    "mail": (("common", "mail"), ("message",), (("message.send", "KEY"),)),
    "notice": (("common", "notice"), ("notice",), (("notice.send", "KEY"),)),
}


class Command(TemplateCommand):
    """See the module's docstring."""

    help = "Writes the folder, the stand-in and the failing tests of a new connector."
    missing_args_message = (
        "You must name the connector, in small letters: ./manage.py startconnector sagawa --kind carrier"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name and kind."""
        parser.add_argument("name", help="the connector's slug: small letters, digits and underscores")
        parser.add_argument("--kind", required=True, choices=sorted(KINDS))
        parser.add_argument("--label", default="", help="the vendor's name as people write it (default: from the slug)")
        parser.add_argument("--into", type=Path, default=settings.BASE_DIR, help="the project's folder")

    def handle(self, *args: Any, **options: Any) -> None:
        """Render aside, look for conflicts, then put in place."""
        name, kind, into = options["name"], options["kind"], options["into"]
        if not name.isidentifier() or name != name.lower() or name.startswith("_"):
            raise CommandError(
                f"'{name}' is no slug: small letters, digits and underscores, such as sagawa or japan_post"
            )
        label = options["label"] or name.replace("_", " ").title()
        if any(mark in label for mark in "\"'\\{}") or not label.isprintable():
            raise CommandError("a label has no quotes, braces or backslashes")
        with tempfile.TemporaryDirectory() as folder:
            aside = Path(folder) / "made"
            aside.mkdir()
            self._render(name, kind, label, aside)
            made = sorted(path.relative_to(aside) for path in aside.rglob("*") if path.is_file())
            there = [str(path) for path in made if (into / path).exists()]
            if there or (into / "apps" / "connectors" / name).exists():
                raise CommandError(f"there is something of that name already: {', '.join(there) or name}")
            for path in made:
                (into / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(aside / path, into / path)
        _format([into / path for path in made if path.suffix == ".py"])
        for path in made:
            self.stdout.write(f"  {path}")
        if not options["label"]:
            self.stdout.write(f'Screens will call it "{label}"; --label "Another Name" says otherwise.')
        self.stdout.write(f"Next: read apps/connectors/{name}/README.md; to drop it all, delete these files.")

    def _render(self, name: str, kind: str, label: str, into: Path) -> None:
        folders, abilities, once = KINDS[kind]
        for folder in folders:
            super().handle(
                "connector", name, str(into), template=str(TEMPLATES / folder), extensions=["py", "md", "json"], files=[],
                verbosity=0, kind=kind, label=label, abilities=abilities, once=once, is_signed="signed" in folders,
            )  # fmt: skip

    def validate_name(self, name: str, name_or_dir: str = "name") -> None:
        """Django refuses names of installed modules; a connector lives in a package of its own and may be called so."""


def _format(files: list[Path]) -> None:
    """Where lines break depends on the name's length; without ruff (no workshop here) they stay as they are."""
    ruff = Path(sys.executable).with_name("ruff")
    if ruff.exists():
        subprocess.run(
            [ruff, "format", "--quiet", "--config", settings.BASE_DIR / "pyproject.toml", *files], check=False
        )
