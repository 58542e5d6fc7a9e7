"""`manage.py forecast_backtest FILE`: how far off our forecast is on a file of real orders, beside the seasonal naive one.

The file is cut in time. The constants of `inventory/forecasting.py` were chosen on the part before the cut; the figure that counts
is of the part after it, whose days nobody has looked at when choosing. No database is read.
"""

import argparse
import json
import time
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand, CommandError

from apps.inventory import backtesting
from apps.inventory.backtesting import HORIZON, Result
from apps.sandbox import retail
from apps.sandbox.sales_history import Book

LEAST_SALES = 20
CUT = 4 / 7  # of the days


class Command(BaseCommand):
    """Prints both parts; with --json one JSON object alone on stdout."""

    help = "Back-test the demand forecast on a file of orders: WAPE of the sum of 28 days, rolling origin, against seasonal naive."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """The file and where to cut it."""
        parser.add_argument(
            "file", type=Path, help="orders in the columns of the UCI set Online Retail; .gz is read as is"
        )
        parser.add_argument(
            "--cut", type=date.fromisoformat, help="first judged day (default: four sevenths of the days)"
        )
        parser.add_argument(
            "--gross", action="store_true", help="judge by units ordered, those called off later included"
        )
        parser.add_argument("--json", action="store_true", help="one JSON object on stdout")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Read, compare, say."""
        began = time.monotonic()
        try:
            book = Book(retail.read(options["file"], zone=ZoneInfo("UTC")))
        except (OSError, retail.NotThisFile) as error:
            raise CommandError(str(error)) from error
        cut = (options["cut"] - book.first).days if options["cut"] else int(book.days * CUT)
        parts = judged(book, cut=cut, is_gross=options["gross"])
        if options["json"]:
            said = {name: asdict(part) | {"gain": part.gain} for name, part in parts.items()}
            self.stdout.write(json.dumps(said | {"first": str(book.first), "cut": str(book.first + timedelta(cut))}))
            return
        last = book.first + timedelta(book.days - 1)
        self.stdout.write(
            f"{book.first} to {last}, {len(book.codes):,} variants; season 7 days, sum of {HORIZON} days, an origin every"
            f" {backtesting.STEP} days, variants with at least {LEAST_SALES} sales, median WAPE\n\n"
            f"{'':<26}{'origins':>8}{'variants':>9}{'ours':>8}{'naive':>8}{'less by':>9}{'better for':>11}{'bias':>8}"
            f"{'enough':>8}"
        )
        for name, part in parts.items():
            words = f"{'chosen on: before' if name == 'chosen' else 'judged: from'} {book.first + timedelta(cut)}"
            self.stdout.write(
                f"{words:<26}{part.origins:>8}{part.variants:>9,}{part.ours:>8.3f}{part.naive:>8.3f}{part.gain:>9.1%}"
                f"{part.better:>11.1%}{part.bias:>+8.1%}{part.enough:>8.1%}"
            )
        self.stdout.write(
            f"\nenough: the share of times at which demand stayed within what is kept for {backtesting.AIM:.0%} of them."
            f" The file tells no stock, so no day is masked. {time.monotonic() - began:.0f} s"
        )


def judged(book: Book, *, cut: int, is_gross: bool = False) -> dict[str, Result]:
    """`chosen`: origins whose 28 days end before the cut, by what the file held until then; `judged`: those from the cut on.

    Raises `CommandError` where a part has no origin or no variant that was sold often enough.
    """
    asked = book.asked(is_gross=is_gross)
    parts = {
        "chosen": (backtesting.origins(cut), book.sold_often(LEAST_SALES, before=cut)),
        "judged": (backtesting.origins(book.days, first=cut), book.sold_often(LEAST_SALES)),
    }
    for name, (days, variants) in parts.items():
        if not days or not variants:
            raise CommandError(
                f"too little in the file for the part {name!r}: {len(days)} origins, {len(variants)} variants"
            )
    return {
        name: backtesting.compare(book.known, asked, at=days, judged=variants)
        for name, (days, variants) in parts.items()
    }
