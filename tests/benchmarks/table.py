"""The table on the screen, and the same as JSON."""

import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

from apps.core import clock
from tests.benchmarks.stage import Stage

FOLDER = Path(__file__).resolve().parents[2] / "var" / "bench"
_COST = ("a_second", "statements", "python_ms", "postgres_ms", "wal_bytes")


def show(stage: Stage, out: Any = sys.stdout) -> None:
    """Costs first, then every metric beside its target; what falls short is named as such at the end."""
    for scene, kinds in stage.details.items():
        if not _is_costs(kinds):
            continue
        out.write(
            f"\n{scene}\n  {'':24}{'a second':>10}{'statements':>12}{'Python ms':>11}{'PG ms':>9}{'WAL bytes':>11}\n"
        )
        for name, cost in kinds.items():
            rates = cost["a_second"]
            out.write(
                f"  {name:24}{sorted(rates)[len(rates) // 2]:>10,.0f}{_figure(cost['statements']):>12}"
                f"{_figure(cost['python_ms']):>11}{_figure(cost['postgres_ms']):>9}{_figure(cost['wal_bytes']):>11}\n"
            )
    wide = max((len(row.metric) for row in stage.rows), default=0) + 2
    out.write(f"\n{'metric':{wide}}{'median (least-most)':24}{'target':10}{'':12}run\n")
    for row in stage.rows:
        verdict = "" if row.is_met is None else "met" if row.is_met else "FALLS SHORT"
        run = "bench-full" if row.is_full else "bench"
        out.write(f"{row.metric:{wide}}{row.value:24}{row.target:10}{verdict:12}{run}\n")
    short = [row.metric.strip() for row in stage.rows if row.is_met is False]
    judged = [row for row in stage.rows if row.is_met is not None]
    out.write(
        f"\n{len(judged) - len(short)} of {len(judged)} targets met; sold = reserved = recorded held throughout.\n"
    )
    for metric in short:
        out.write(f"  short of its target: {metric}\n")
    out.flush()


def _is_costs(kinds: Any) -> bool:
    return isinstance(kinds, dict) and all(isinstance(one, dict) and set(_COST) <= set(one) for one in kinds.values())


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:,.2f}"


def keep(stage: Stage, name: str) -> Path:
    """Everything that was measured, in `var/bench/`; returns the file."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    at = clock.wall()
    path = FOLDER / f"{at:%Y%m%d-%H%M%S}-{name}.json"
    told = {
        "at": at.isoformat(),
        "seed": stage.seed,
        "rounds": stage.rounds,
        "seconds": stage.seconds,
        "machine": {"cpus": os.cpu_count(), "load": os.getloadavg(), "python": platform.python_version()},
        "rows": [
            {
                "metric": row.metric,
                "value": row.value,
                "target": row.target,
                "is_met": row.is_met,
                "is_full": row.is_full,
            }
            for row in stage.rows
        ],
        "details": stage.details,
    }
    path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")
    return path
