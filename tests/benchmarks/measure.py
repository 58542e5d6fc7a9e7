"""What work costs, so that two ways of doing it can be compared on a machine that is not quiet.

Competitors take turns within one run, in an order that a seed shuffles, and only ratios inside a round are believed. Seconds
and CPU are added up around the calls alone: what is prepared between two calls is nobody's cost.
"""

import contextlib
import os
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from django.db import connection

_TICK = os.sysconf("SC_CLK_TCK")
_HAS_PROC = Path("/proc/self/stat").exists()


@dataclass(slots=True)
class Cost:
    """Sums over one turn; `units` is what was worked off (orders, events, requests). CPU in seconds, None where the
    system does not tell."""

    units: int = 0
    seconds: float = 0.0
    python_cpu: float = 0.0
    postgres_cpu: float | None = None
    wal_bytes: int = 0

    @property
    def rate(self) -> float:
        """Units a second."""
        return self.units / self.seconds if self.seconds else 0.0

    def each(self, figure: str) -> float | None:
        """A figure for one unit; CPU in milliseconds."""
        value = getattr(self, figure)
        if value is None or not self.units:
            return None
        return value / self.units * (1 if figure == "wal_bytes" else 1000)


@dataclass(slots=True)
class Competitor:
    """One way of doing the work: `work` does one piece and says how many units it was; `prepare` makes pieces, unmeasured."""

    name: str
    work: Callable[[Any], int]
    prepare: Callable[[], Any] = lambda: None
    turns: list[Cost] = field(default_factory=list)
    statements: float | None = None  # a unit, counted in a turn of its own


class Server:
    """The PostgreSQL of this run: how much CPU its processes have used, and how much WAL was written."""

    def __init__(self, postmaster: int) -> None:
        self.postmaster = postmaster

    def cpu_seconds(self) -> float | None:
        """Of the postmaster, its children, and those that have ended; None where there is no /proc."""
        if not _HAS_PROC:
            return None
        ticks = sum(_ticks(Path(f"/proc/{self.postmaster}/stat"), 11, 15))
        for pid in Path(f"/proc/{self.postmaster}/task/{self.postmaster}/children").read_text().split():
            with contextlib.suppress(OSError):
                ticks += sum(_ticks(Path(f"/proc/{pid}/stat"), 11, 13))
        return ticks / _TICK

    @staticmethod
    def wal_position() -> int:
        """How many bytes of WAL were ever inserted."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")
            return int(cursor.fetchone()[0])


def _ticks(path: Path, first: int, last: int) -> list[int]:
    words = path.read_text().rpartition(")")[2].split()
    return [int(word) for word in words[first:last]]


def process_cpu(pids: Sequence[int]) -> float:
    """CPU seconds of these processes and all below them."""
    total, waiting, seen = 0, list(pids), set()
    while waiting:
        pid = waiting.pop()
        if pid in seen:
            continue
        seen.add(pid)
        with contextlib.suppress(OSError):
            total += sum(_ticks(Path(f"/proc/{pid}/stat"), 11, 15))
            for task in Path(f"/proc/{pid}/task").iterdir():
                waiting += [int(word) for word in (task / "children").read_text().split()]
    return total / _TICK


def turn(
    competitor: Competitor, server: Server, *, seconds: float = 0.0, pieces: int = 0, is_counted: bool = True
) -> Cost:
    """One competitor's turn: for so many seconds of work, or so many pieces. PostgreSQL's part is the whole turn's."""
    cost = Cost()
    wal, cpu = server.wal_position(), server.cpu_seconds()
    done = 0
    while cost.seconds < seconds or done < pieces:
        piece = competitor.prepare()
        wall, used = time.perf_counter(), time.process_time()
        cost.units += competitor.work(piece)
        cost.python_cpu += time.process_time() - used
        cost.seconds += time.perf_counter() - wall
        done += 1
    after = server.cpu_seconds()
    cost.postgres_cpu = None if after is None or cpu is None else after - cpu
    cost.wal_bytes = server.wal_position() - wal
    if is_counted:
        competitor.turns.append(cost)
    return cost


def rounds(
    competitors: Sequence[Competitor], server: Server, *, seed: int, count: int, seconds: float, warm: float = 0.0,
) -> None:  # fmt: skip
    """Every competitor once a round, in a shuffled order; before the first a turn each (`warm` seconds) that is not counted."""
    shuffle = random.Random(seed)
    for competitor in competitors:
        turn(competitor, server, pieces=3, seconds=warm, is_counted=False)
        competitor.statements = _statements(competitor)
    for _ in range(count):
        order = list(competitors)
        shuffle.shuffle(order)
        for competitor in order:
            turn(competitor, server, seconds=seconds)


def _statements(competitor: Competitor) -> float | None:
    """Statements a unit, of the piece of six that took the most: by chance a customer is known, or a shelf is empty."""
    most: float | None = None
    for _ in range(6):
        piece = competitor.prepare()
        with counted_statements() as seen:
            units = competitor.work(piece)
        if units:
            most = max(most or 0.0, seen.statements / units)
    return most


@dataclass(frozen=True, slots=True)
class Ratio:
    """One way against another, round by round: the median, and the least and the most of any round."""

    median: float
    least: float
    most: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.least:.2f}-{self.most:.2f})"


def ratio(of: Sequence[float], to: Sequence[float]) -> Ratio:
    """Paired: the first round's with the first round's, and so on."""
    pairs = [a / b for a, b in zip(of, to, strict=True) if b]
    return Ratio(statistics.median(pairs), min(pairs), max(pairs))


def rates(competitor: Competitor) -> list[float]:
    """Units a second, round by round."""
    return [cost.rate for cost in competitor.turns]


def median(competitor: Competitor, figure: str) -> float | None:
    """A figure's median over the rounds; the least for WAL, which autovacuum adds to."""
    values = [value for cost in competitor.turns if (value := cost.each(figure)) is not None]
    if not values:
        return None
    return min(values) if figure == "wal_bytes" else statistics.median(values)


def cpu(competitor: Competitor) -> list[float]:
    """CPU milliseconds of Python and PostgreSQL together for a unit, round by round."""
    return [(cost.each("python_cpu") or 0.0) + (cost.each("postgres_cpu") or 0.0) for cost in competitor.turns]


def middle(values: Sequence[float]) -> float:
    """The median."""
    return statistics.median(values)


def words(value: float) -> str:
    """A figure for people: three digits that mean something."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of them does not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, int(len(ordered) * share + 0.5) - 1))]


@dataclass
class Seen:
    """Statements that went to the database, with their text."""

    statements: int = 0
    texts: list[str] = field(default_factory=list)

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        """Django's wrapper of every `execute`."""
        self.statements += 1
        self.texts.append(sql)
        return execute(sql, params, many, context)


@contextlib.contextmanager
def counted_statements() -> Iterator[Seen]:
    """Count what Django's wrapper sees, and COPY, which it does not. BEGIN and COMMIT are in neither."""
    seen, copy = Seen(), psycopg.Cursor.copy

    def counted_copy(self: Any, statement: Any, *args: Any, **options: Any) -> Any:
        seen.statements += 1
        seen.texts.append(str(statement))
        return copy(self, statement, *args, **options)

    psycopg.Cursor.copy = counted_copy  # type: ignore[method-assign]
    try:
        with connection.execute_wrapper(seen):
            yield seen
    finally:
        psycopg.Cursor.copy = copy  # type: ignore[method-assign]
