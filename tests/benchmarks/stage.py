"""What every benchmark gets: a database of its own for each scene, the server's figures, and where results go.

A scene's database is copied from the one that was migrated, so that none has another's rows; whoever connects to it does so
with the application's rights, as in production. Every row is kept on disk and told on stderr the moment it is known.
"""

import itertools
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from django.db import connection
from psycopg import sql

from apps.core.runtime import DATABASE, LOGIN, OWNER
from apps.flows import wiring
from apps.hub import connections
from apps.ledger import tax
from tests.benchmarks import measure, table
from tests.benchmarks.measure import Competitor, Cost, Ratio, Server


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table, in words; `cost` and `beside_cost` are what a unit cost (statements, wal_bytes, python_ms,
    postgres_ms). `is_met` is None for a figure without a target; a missed one is a shortfall, not a failure."""

    metric: str
    lines: str
    ours: str
    beside: str
    ratio: str
    target: str
    is_met: bool | None
    run: str
    cost: dict[str, float | None] = field(default_factory=dict)
    beside_cost: dict[str, float | None] = field(default_factory=dict)


@dataclass
class Stage:
    """One part's run. `details` is everything that was measured, for the file."""

    part: str
    path: Path
    seed: int
    rounds: int
    seconds: float
    is_full: bool
    server: Server
    facts: dict[str, Any]
    rows: list[Row] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)
    _scenes: list[str] = field(default_factory=list)
    _names: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def fresh_database(self, *, name: str = "", is_empty: bool = False) -> str:
        """A copy of the migrated database, connected from here on; its name. `is_empty`: without any table, for a peer.
        One that is given a name outlives the part."""
        if not name:
            name = f"{self.part}{next(self._names)}"
            self._scenes.append(name)
        connection.close()
        with _boss() as boss:
            template = "template1" if is_empty else DATABASE
            words = {"name": sql.Identifier(name), "template": sql.Identifier(template), "owner": sql.Identifier(OWNER)}
            boss.execute(sql.SQL("DROP DATABASE IF EXISTS {name} WITH (FORCE)").format(**words))
            boss.execute(sql.SQL("CREATE DATABASE {name} TEMPLATE {template} OWNER {owner}").format(**words))
            boss.execute(
                sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(words["name"], sql.Identifier(LOGIN))
            )
        self.enter(name)
        return name

    def has_database(self, name: str) -> bool:
        """Whether an earlier part of this run has left a database of this name."""
        with _boss() as boss:
            return boss.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None

    def close(self) -> None:
        """The part's scenes are dropped: a million orders take gigabytes."""
        connection.close()
        with _boss() as boss:
            for name in self._scenes:
                boss.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def enter(self, name: str) -> None:
        """Connect to a scene's database from here on."""
        connection.close()
        connection.settings_dict["NAME"] = name
        wiring.forget()
        connections.forget()
        tax.forget_rates()

    def enter_if_elsewhere(self, name: str) -> None:
        """Connect to a scene's database unless that is where we are."""
        if connection.settings_dict["NAME"] != name:
            self.enter(name)

    def compare(
        self, metric: str, ours: Competitor, theirs: Competitor, *, beside: str, lines: int | str = "",
        figure: Callable[[Competitor], list[float]] = measure.rates, unit: str = "/s", least: float | None = None,
        most: float | None = None, is_full: bool = False, is_peer: bool = False,
    ) -> Ratio:  # fmt: skip
        """A row of two competitors, held against its target where there is one. `figure` gives a number a round."""
        ratio = measure.ratio(figure(ours), figure(theirs))
        target, is_met = "", None
        if least is not None:
            target, is_met = f"≥ {least:g}", ratio.median >= least
        elif most is not None:
            target, is_met = f"≤ {most:g}", ratio.median <= most
        told = [f"{measure.words(measure.middle(figure(one)))}{unit}" for one in (ours, theirs)]
        self._add(
            Row(
                metric, str(lines), told[0], f"{beside} {told[1]}", str(ratio), target, is_met,
                "full" if is_full else "peers" if is_peer else "", unit_cost(ours), unit_cost(theirs),
            )
        )  # fmt: skip
        return ratio

    def judge(
        self, metric: str, ours: str, *, beside: str = "", lines: int | str = "", ratio: str = "", target: str = "",
        is_met: bool | None = None, is_full: bool = False, is_peer: bool = False,
    ) -> None:  # fmt: skip
        """A row that is no ratio of two competitors."""
        run = "full" if is_full else "peers" if is_peer else ""
        self._add(Row(metric, str(lines), ours, beside, ratio, target, is_met, run))

    def _add(self, row: Row) -> None:
        self.rows.append(row)
        self.say("   ".join(cell for cell in table.cells(asdict(row)) if cell))
        self.keep()

    def keep(self, *, is_whole: bool = False, wrong: str = "", **facts: Any) -> None:
        """What is known so far, in the part's file: written beside it and put in its place, so that it is never half."""
        self.facts |= facts
        told = self.facts | {
            "part": self.part, "is_full": self.is_full, "seed": self.seed, "rounds": self.rounds, "seconds": self.seconds,
            "is_whole": is_whole, "wrong": wrong, "rows": [asdict(row) for row in self.rows], "details": self.details,
        }  # fmt: skip
        self.path.parent.mkdir(parents=True, exist_ok=True)
        making = self.path.with_suffix(".new")
        making.write_text(json.dumps(told, indent=1, ensure_ascii=False, default=str) + "\n")
        making.replace(self.path)

    @staticmethod
    def say(line: str) -> None:
        """How far it is, on stderr."""
        sys.stderr.write(f"  {line}\n")
        sys.stderr.flush()


def unit_cost(competitor: Competitor) -> dict[str, float | None]:
    """What one unit cost: median over the rounds (WAL: the least)."""
    return {
        "statements": _rounded(competitor.statements, 2),
        "wal_bytes": _rounded(measure.median(competitor, "wal_bytes"), 0),
        "python_ms": _rounded(measure.median(competitor, "python_cpu"), 3),
        "postgres_ms": _rounded(measure.median(competitor, "postgres_cpu"), 3),
    }


def costs(competitors: Sequence[Competitor]) -> dict[str, dict[str, Any]]:
    """For the file: every round's rate and what a unit cost, by name."""
    return {
        one.name: {"a_second": [round(rate, 1) for rate in measure.rates(one)]} | unit_cost(one) for one in competitors
    }


def with_server(server: Server, cost: Cost, *, wal: int, cpu: float | None) -> Cost:
    """PostgreSQL's part since these figures were read."""
    after = server.cpu_seconds()
    cost.postgres_cpu = None if cpu is None or after is None else after - cpu
    cost.wal_bytes = server.wal_position() - wal
    return cost


def _rounded(value: float | None, places: int) -> float | None:
    return None if value is None else round(value, places)


def _boss() -> "psycopg.Connection[Any]":
    url = os.environ["KUROGO_BENCH_SUPERUSER_URL"].replace(f"/{DATABASE}", "/postgres")
    return psycopg.connect(url, autocommit=True)


def owner_url(database: str) -> str:
    """The owner's address of a scene's database."""
    return _named(os.environ["KUROGO_BENCH_OWNER_URL"], database)


def application_url(database: str) -> str:
    """The application's address of a scene's database, for a program of the scene."""
    return _named(os.environ["DATABASE_URL"], database)


def _named(url: str, database: str) -> str:
    return f"{url.rpartition('/')[0]}/{database}"


Benchmark = Callable[[Stage], None]
