"""`./manage.py settle_restored MADE_AT`: called by `restore`, once, before any program of the restored shop runs."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from apps.flows import after_restore


class Command(BaseCommand):
    """Whatever may have happened since the backup is settled."""

    help = "Settle what may have happened since a backup was made; `restore` calls it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """When the backup was made."""
        parser.add_argument("made_at")

    def handle(self, *_args: Any, made_at: str, **_options: Any) -> None:
        """Settle and say how many."""
        settled = after_restore.settle(made_at=made_at)
        self.stdout.write(
            f"{settled.asked:,} calls are asked for or sent under their old key, {settled.waiting:,} wait for a person."
        )
        for name in settled.stopped:
            self.stdout.write(
                f"{name} is stopped where it cannot be asked what it has sent: let it go on when you have looked."
            )
