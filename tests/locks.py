"""Which tables a transaction locks, in which order: seen from the statements themselves, whoever wrote them.

A lock is what an UPDATE, a DELETE, a `SELECT … FOR NO KEY UPDATE` or an upsert takes. Statements outside a transaction hold nothing
past their end. The transaction that a test wraps around everything does not count.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

_NAME = r'(?:ONLY\s+)?"?(\w+)"?'
_LOCKING = re.compile(r"\bFOR (?:NO KEY )?UPDATE(?:\s+OF\s+\"?(\w+)\"?)?", re.IGNORECASE)
_FROM = re.compile(rf"\bFROM\s+{_NAME}(?:\s+(?:AS\s+)?\"?(\w+)\"?)?", re.IGNORECASE)
_JOIN = re.compile(rf"\bJOIN\s+{_NAME}(?:\s+(?:AS\s+)?\"?(\w+)\"?)?", re.IGNORECASE)
_WRITING = re.compile(rf"(?<!DO )(?<!KEY )\b(?:UPDATE|DELETE\s+FROM)\s+{_NAME}", re.IGNORECASE)
_UPSERT = re.compile(rf"\bINSERT\s+INTO\s+{_NAME}.*\bON\s+CONFLICT\b.*\bDO\s+UPDATE\b", re.IGNORECASE | re.DOTALL)
_OURS = re.compile(r"/((?:apps|tests)/.*)$")
PAPER = Path(__file__).resolve().parents[1] / "docs" / "locks.md"


@dataclass(slots=True)
class Taken:
    """One lock: the table, and the lines of ours that took it, innermost last."""

    table: str
    where: str


@dataclass
class Locks:
    """The locks of every transaction, in order."""

    transactions: list[list[Taken]] = field(default_factory=list)
    _block: Any = None

    def __call__(self, execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        done = execute(sql, params, many, context)
        block = _outermost()
        if block is not None and isinstance(sql, str) and context["cursor"].rowcount != 0:
            tables = locked_by(sql)
            where = _where() if tables else ""
            if tables and not where.startswith("tests/"):  # what a test itself does to the rows is no story
                if block is not self._block:
                    self._block = block
                    self.transactions.append([])
                self.transactions[-1] += [Taken(table, where) for table in tables]
        return done


@contextmanager
def watched() -> Iterator[Locks]:
    """Watch this thread's connection."""
    locks = Locks()
    with connection.execute_wrapper(locks):
        yield locks


def locked_by(sql: str) -> list[str]:
    """Tables whose rows a statement locks, in the order of its text."""
    found = [
        (match.start(), match[1]) for match in _WRITING.finditer(sql) if match[1].upper() not in {"SET", "SKIP", "OF"}
    ]
    if upsert := _UPSERT.search(sql):
        found.append((upsert.start(), upsert[1]))
    for match in _LOCKING.finditer(sql):
        before = sql[: match.start()]
        names = {alias or table: table for table, alias in (*_FROM.findall(before), *_JOIN.findall(before))}
        tables = [(one.start(), one[1]) for one in _FROM.finditer(before)]
        if match[1]:
            found.append((match.start(), names.get(match[1], match[1])))
        elif tables:
            found.append(tables[0])
    return [table for _, table in sorted(found)]


def _outermost() -> Any:
    blocks = [block for block in connection.atomic_blocks if not getattr(block, "_from_testcase", False)]
    return blocks[0] if blocks else None


def _where() -> str:
    frame, lines = sys._getframe(1), []
    while frame is not None and len(lines) < 6:
        if frame.f_code.co_filename != __file__ and (ours := _OURS.search(frame.f_code.co_filename)):
            lines.append(f"{ours[1]}:{frame.f_lineno}")
        frame = frame.f_back
    return " < ".join(lines)


# The order that was declared


@cache
def declared() -> tuple[dict[str, int], frozenset[str]]:
    """table -> step, and the tables that belong to rows of others, as docs/locks.md says."""
    steps: dict[str, int] = {}
    owned: set[str] = set()
    for line in PAPER.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        tables = re.findall(r"`([a-z_]+)`", cells[1]) if line.startswith("|") and len(cells) > 1 else []
        if step := re.match(r"(\d) ", cells[0]):
            steps |= dict.fromkeys(tables, int(step[1]))
        else:
            owned.update(tables)
    return steps, frozenset(owned)


def out_of_order(transactions: list[list[Taken]]) -> list[str]:
    """Locks that were taken after those of a later step, or that docs/locks.md does not know."""
    steps, owned = declared()
    found = []
    for taken in transactions:
        held: dict[str, Taken] = {}
        for one in taken:
            if one.table in held or one.table in owned:
                continue
            if one.table not in steps:
                found.append(f"{one.table} has no place in docs/locks.md: {one.where}")
                continue
            later = [other for name, other in held.items() if steps[name] > steps[one.table]]
            if later:
                found.append(f"{one.table} at {one.where} after {later[0].table} at {later[0].where}")
            held[one.table] = one
    return found


@pytest.fixture(autouse=True)
def _locks_are_taken_in_order() -> Iterator[None]:
    """Import it into a conftest: whatever its tests play is held to docs/locks.md."""
    with watched() as locks:
        yield
    if found := out_of_order(locks.transactions):
        pytest.fail("\n".join(found), pytrace=False)
