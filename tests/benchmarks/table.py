"""The whole table out of what the parts have kept: on the screen, or into docs/performance.md, so that no figure is typed.

python -m tests.benchmarks.table            shows it
python -m tests.benchmarks.table --write    puts it between the marks of docs/performance.md
"""

import argparse
import sys
import unicodedata
from pathlib import Path
from typing import Any

from tests.benchmarks import parts

PAPER = Path(__file__).resolve().parents[2] / "docs" / "performance.md"
BEGIN, END = "<!-- measured: begin (python -m tests.benchmarks.table --write) -->", "<!-- measured: end -->"
HEAD = (
    "metric", "lines", "ours", "beside", "ratio (range)", "statements", "WAL bytes", "Python ms", "PostgreSQL ms", "target", "",
    "run",
)  # fmt: skip
COSTS = ("statements", "wal_bytes", "python_ms", "postgres_ms")
WIDEST = 56  # a longer cell pushes its own row aside and no other's


def main() -> int:
    """Show or write."""
    parser = argparse.ArgumentParser(prog="table.py", description=__doc__.partition("\n")[0])
    parser.add_argument("--write", action="store_true", help=f"into {PAPER.name}")
    if parser.parse_args().write:
        before, _, rest = PAPER.read_text().partition(BEGIN)
        _, _, after = rest.partition(END)
        PAPER.write_text(f"{before}{BEGIN}\n{as_paper(everything())}\n{END}{after}")
        return 0
    show()
    return 0


def everything() -> list[tuple[parts.Part, dict[str, Any]]]:
    """What was measured, in the order of the table: of each part the small one, then the large one."""
    found = []
    for part in parts.PARTS:
        for path in dict.fromkeys((part.file(full=False), part.file(full=True))):
            if told := parts.kept(path):
                found.append((part, told))
    return found


def show(out: Any = None) -> None:
    """The table for a terminal, then what falls short, what is missing and what was wrong."""
    out = out or sys.stdout
    told = everything()
    table = [HEAD, *(cells(row) for _, one in told for row in one["rows"])]
    widths = [max(wide for line in table if (wide := _width(line[place])) <= WIDEST) for place in range(len(HEAD))]
    for line in table:
        out.write("  ".join(_padded(cell, wide) for cell, wide in zip(line, widths, strict=True)).rstrip() + "\n")
    out.write(
        "Pairs are ours / theirs for one order, event or notice; a ratio's range is over paired, interleaved rounds.\n"
    )
    for sentence in (*_verdict(told), *_missing(told)):
        out.write(sentence + "\n")
    out.flush()


def cells(row: dict[str, Any]) -> tuple[str, ...]:
    """One row as words."""
    pairs = [_pair(row["cost"].get(name), row["beside_cost"].get(name)) for name in COSTS]
    verdict = {None: "", True: "met", False: "MISSED"}[row["is_met"]]
    run = {"full": "bench-full", "peers": "bench-peers"}.get(row["run"], "bench")
    return (
        row["metric"], row["lines"], row["ours"], row["beside"], row["ratio"], *pairs, row["target"], verdict, run,
    )  # fmt: skip


def as_paper(told: list[tuple[parts.Part, dict[str, Any]]]) -> str:
    """The same as Markdown: of a part that was measured in both sizes the large one; and how it was measured."""
    large = {part.name for part, one in told if one["is_full"]}
    chosen = [(part, one) for part, one in told if one["is_full"] or not part.is_sized or part.name not in large]
    lines = ["| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    lines += ["| " + " | ".join(cells(row)) + " |" for _, one in chosen for row in one["rows"]]
    lines += ["", *(f"- {sentence}" for sentence in _verdict(chosen)), "", "How each part was measured:", ""]
    for part, one in chosen:
        machine = one["machine"]
        load = [f"{machine[when][0]:.1f}" for when in ("load_before", "load_after")]
        lines.append(
            f"- {part.name}: {one['at'][:16].replace('T', ' ')} UTC, commit {one['commit']}, {one['rounds']} rounds of"
            f" {one['seconds']:g} s, seed {one['seed']}; load {load[0]} before, {load[1]} after; {one['took']:.0f} s in all;"
            f" {machine['cpus']} × {machine['cpu']}, {machine['postgres']}, Python {machine['python']}."
        )
    return "\n".join(lines)


def _verdict(told: list[tuple[parts.Part, dict[str, Any]]]) -> list[str]:
    judged = [row for _, one in told for row in one["rows"] if row["is_met"] is not None]
    short = [row for row in judged if not row["is_met"]]
    sentences = [f"{len(judged) - len(short)} of {len(judged)} targets met."]
    sentences += [f"Short of its target: {row['metric']}{', ' if row['lines'] else ''}{row['lines']}"
                  f"{' lines' if row['lines'] else ''}: {row['ratio'] or row['ours']}, target {row['target']}."
                  for row in short]  # fmt: skip
    sentences += [f"WRONG, so nothing of {part.name} counts: {one['wrong']}" for part, one in told if one["wrong"]]
    sentences += [f"Not to its end: {part.name}." for part, one in told if not one["is_whole"] and not one["wrong"]]
    if all(one["is_whole"] and not one["wrong"] for _, one in told):
        sentences.append("Sold = reserved = recorded held in every part.")
    return sentences


def _missing(told: list[tuple[parts.Part, dict[str, Any]]]) -> list[str]:
    there = {(part.name, one["is_full"]) for part, one in told}
    commands = {"bench": [], "bench-full": [], "bench-peers": []}  # type: dict[str, list[str]]
    for part in parts.PARTS:
        if part.is_peer and (part.name, False) not in there:
            commands["bench-peers"].append(part.name)
        if not part.is_peer and not part.is_full and (part.name, False) not in there:
            commands["bench"].append(part.name)
        if (part.is_sized or part.is_full) and (part.name, True) not in there:
            commands["bench-full"].append(part.name)
    return [f"Not measured yet (make {word}): {', '.join(names)}." for word, names in commands.items() if names]


def _pair(ours: float | None, theirs: float | None) -> str:
    if ours is None:
        return ""
    return _figure(ours) if theirs is None else f"{_figure(ours)} / {_figure(theirs)}"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.2f}"


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _padded(text: str, wide: int) -> str:
    return text + " " * (wide - _width(text))


if __name__ == "__main__":
    sys.exit(main())
