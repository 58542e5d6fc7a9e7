"""The parts of the table, in its order, and where each keeps what it measured. Nothing of Django's: the table can be shown
without a database.

A part is measured by a process of its own and keeps its file after every row, so that a run that is stopped or breaks leaves
what it had, and one part can be measured again without the others.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "var" / "bench"


@dataclass(frozen=True, slots=True)
class Part:
    """`run` is "module:function"; `is_sized` where `--full` measures a larger shop; limits in seconds, of `bench` and of
    `bench-full`."""

    name: str
    run: str
    limit: int
    full_limit: int = 0
    is_sized: bool = False
    is_full: bool = False
    is_peer: bool = False

    def file(self, *, full: bool) -> Path:
        """Where what it measured is kept."""
        return FOLDER / f"{self.name}{'-full' if full and (self.is_sized or self.is_full) else ''}.json"


PARTS = (
    Part("orders", "orders:run", 400, 900),
    Part("reservations", "growth:reservations", 150, 1200, is_sized=True),
    Part("stored", "growth:stored", 150, 3000, is_sized=True),
    Part("inbox", "intake:drained", 150, 300),
    Part("backlog", "intake:backlog", 150, 1800, is_sized=True),
    Part("webhooks", "webhooks:run", 100, 300),
    Part("push", "pushing:run", 150, 300),
    Part("list", "orderlist:run", 200, 3000, is_sized=True),
    Part("rehearsal", "rehearsal:run", 0, 1800, is_full=True),
    Part("oscar", "oscar:run", 600, is_peer=True),
)
BY_NAME = {part.name: part for part in PARTS}


def kept(path: Path) -> dict[str, Any] | None:
    """What a part's file says; None where there is none, or no whole one."""
    try:
        told: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return told
