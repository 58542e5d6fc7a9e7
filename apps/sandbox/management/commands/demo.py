"""`manage.py demo`: a Japanese shop that trades by itself against the stand-in vendors, on this computer alone.

Its first line on stdout is the address, when all is ready; what goes on before is said on stderr. It keeps everything in
the folder `demo` of the data folder and touches nothing of the merchant's installation, whatever the environment names.
"""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.core import runtime
from apps.core.binaries import NoPostgres
from apps.core.supervise import Busy, Unstarted
from apps.sandbox.demo.opening import open_demo
from apps.sandbox.demo.stage import USER
from apps.sandbox.rehearsal.driver import Stalled
from apps.sandbox.rehearsal.stage import ControlRefused

LOOPBACK = ("127.0.0.1", "localhost", "::1")
# A merchant's own settings: none of them is a demo's.
MERCHANTS = (
    "DATABASE_URL", "KUROGO_OWNER_DATABASE_URL", "BROKER_URL", "SECRET_KEY", "KUROGO_KEYSET", "PUBLIC_ADDRESS",
    "ALLOWED_HOSTS", "STATIC_ROOT", "KUROGO_CLOCK_FILE", "KUROGO_PRIVATE_PEERS", "KUROGO_SANDBOX", "KUROGO_WORKER",
)  # fmt: skip
SIGHTS = (
    "受注   The desk: what to check, what waits for money or stock, what can leave. An order shows all that ever happened.",
    "在庫   Stock: every number says why it is what it is, from the opening receipt to the cup that broke.",
    "棚卸   Stocktakes: one is half counted, blind; go on, hand it over, and approve what somebody else counted.",
    "夜間照合 Nights: three of them, with differences planted; the button runs tonight's reconciliation now.",
    "連携   Connections: vendors fail now and then (429, 500, no answer); watch calls find their way all the same.",
)


class Command(BaseCommand):
    """Make the shop, play three business days, then let it trade until Ctrl-C; a second start keeps what there is."""

    help = "Start a demo shop: three business days of orders at once, then a few orders a minute."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="loopback only: a demo has no second factor")
        parser.add_argument(
            "--port", type=int, default=runtime.FIRST_PORT, help="web port; a busy one is stepped around"
        )
        parser.add_argument("--orders", type=int, default=12, help="ordinary orders of each day before today (3-60)")
        parser.add_argument("--fresh", action="store_true", help="throw the demo's data away and begin anew")

    def handle(self, *_args: Any, host: str, port: int, orders: int, fresh: bool, **_options: Any) -> None:
        if host not in LOOPBACK:
            raise CommandError(
                f"A demo has a password alone, no second factor, so it listens on this computer only, not on {host}."
                " To be reachable from elsewhere, set up your own with `make up`."
            )
        if not 3 <= orders <= 60:
            raise CommandError("--orders may be 3 to 60.")
        for name in MERCHANTS:
            os.environ.pop(name, None)
        _to_stderr("Opening the demo shop")
        try:
            with runtime.opened(Path(settings.DATA_DIR) / "demo", say=_to_stderr, is_apart=True) as kurogo:
                stage = open_demo(kurogo, port=port, orders=orders, is_fresh=fresh)
                self._welcome(kurogo, stage.password())
                kurogo.supervisor.run_until_signal()
        except KeyboardInterrupt:
            _to_stderr("Stopped before it was ready.")
        except (Busy, NoPostgres, Unstarted, Stalled, ControlRefused) as error:
            raise CommandError(str(error)) from error

    def _welcome(self, kurogo: runtime.Runtime, password: str) -> None:
        self.stdout.write(f"{kurogo.env['PUBLIC_ADDRESS']}/")
        self.stdout.write(f"Sign in as {USER} with {password}")
        for line in SIGHTS:
            self.stdout.write(f"  {line}")
        self.stdout.write(
            f"Data and logs are in {kurogo.home}. Ctrl-C stops everything; the next start goes on from there."
        )
        sys.stdout.flush()


def _to_stderr(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
