"""`./manage.py verify [--json]`: check every invariant over the whole database; exit 1 when one does not hold."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from apps.flows.verify import verify


class Command(BaseCommand):
    """Prints what was checked and what breaks it; with --json one JSON object alone on stdout."""

    help = "Check every invariant over the whole database: rows checked, violations, and which; exit 1 on any."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--json for programs."""
        parser.add_argument("--json", action="store_true", help="one JSON object on stdout")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Check and say."""
        findings = verify()
        is_ok = all(finding.is_ok for finding in findings)
        if options["json"]:
            said = {"invariants": [finding.as_json() for finding in findings], "ok": is_ok}
            self.stdout.write(json.dumps(said, ensure_ascii=False))
        else:
            for finding in findings:
                verdict = "ok" if finding.is_ok else f"{finding.violations:,} violations"
                self.stdout.write(f"{finding.id:<4} {finding.checked:>11,} rows  {verdict}")
                for example in finding.examples:
                    self.stdout.write(f"       {example}")
        if not is_ok:
            raise SystemExit(1)
