"""`manage.py demo`: a Japanese shop that trades by itself against the stand-in vendors, on loopback only.

The first line once all is ready is the address. Everything it keeps lies in the data folder's `demo`.
"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    """Make the shop, play three business days, then let it trade until Ctrl-C."""

    help = "Start a demo shop: three business days of orders at once, then a few orders a minute."
    requires_system_checks: list[str] = []

    def handle(self, *_args: Any, **_options: Any) -> None:
        raise CommandError("The demo is being built.")
