"""`./manage.py rotate_keys`: change the key that seals credentials and payloads, without stopping the shop.

Three keysets are handed out one after the other, each to be put into KUROGO_KEYSET of every program before the next step:
`--add` (a new key that opens), `--promote` (it seals from now on), then without a word everything is sealed anew, and
`--drop` (the old keys go). Where `manage.py up` keeps the keyset, it is changed there, and a restart of `up` is a step.
"""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.core import crypto, resealing, runtime


class Command(BaseCommand):
    """One step of a rotation."""

    help = "Change the sealing key in steps: --add, --promote, (seal everything anew), --drop."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """At most one step; none seals anew."""
        step = parser.add_mutually_exclusive_group()
        step.add_argument("--add", action="store_true", help="hand out the keyset with one more key, which only opens")
        step.add_argument("--promote", action="store_true", help="hand out the keyset whose newest key seals")
        step.add_argument(
            "--drop", action="store_true", help="hand out the keyset without old keys, once nothing needs them"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Take the step."""
        if options["add"]:
            self._hand_out(crypto.with_new_key(settings.KEYSET), "--promote")
        elif options["promote"]:
            self._hand_out(crypto.with_newest_primary(settings.KEYSET), "no option, to seal everything anew")
        elif options["drop"]:
            self._drop()
        else:
            self._reseal()

    def _hand_out(self, keyset: str, then: str) -> None:
        if runtime.keep_keyset(settings.DATA_DIR, was=settings.KEYSET, now=keyset):
            self.stderr.write(
                f"Kept in {settings.DATA_DIR / 'secrets.json'}. Restart `manage.py up`, then call this with {then}."
            )
        else:
            self.stderr.write(
                f"Put this into KUROGO_KEYSET of every program, restart them, then call this with {then}."
            )
            self.stdout.write(keyset)

    def _reseal(self) -> None:
        broken = 0
        for table in resealing.sealed_tables():
            done = resealing.reseal(table)
            broken += len(done.broken)
            self.stdout.write(f"{table}: {done.rows:,} sealed anew, {len(done.broken):,} that no key opens")
            for row in done.broken[:10]:
                self.stdout.write(f"  {row}")
        if broken:
            raise CommandError(
                "some rows are sealed with a key that is not in KUROGO_KEYSET; they were left as they are"
            )

    def _drop(self) -> None:
        left = {table: count for table in resealing.sealed_tables() if (count := resealing.left_over(table))}
        if left:
            raise CommandError(f"old keys are still needed: {left}; seal everything anew first")
        self._hand_out(crypto.with_primary_alone(settings.KEYSET), "nothing more")
