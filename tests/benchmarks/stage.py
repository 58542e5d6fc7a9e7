"""What every benchmark gets: a database of its own for each scene, the server's figures, and where results go.

A scene's database is copied from the one that was migrated, so that none has another's rows; whoever connects to it does so
with the application's rights, as in production.
"""

import itertools
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import psycopg
from django.db import connection
from psycopg import sql

from apps.core.runtime import DATABASE, LOGIN, OWNER
from apps.flows import wiring
from apps.hub import connections
from apps.ledger import tax
from tests.benchmarks.measure import Ratio, Server

_names = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `is_met` is None for a figure without a target; a missed one is a shortfall, not a failure."""

    metric: str
    value: str
    target: str = ""
    is_met: bool | None = None
    is_full: bool = False


@dataclass
class Stage:
    """One run. `details` is everything that was measured, for the JSON."""

    seed: int
    rounds: int
    seconds: float
    is_full: bool
    server: Server
    rows: list[Row] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)

    def fresh_database(self, *, is_empty: bool = False) -> str:
        """A copy of the migrated database, connected from here on; its name. `is_empty`: without any table, for a peer."""
        name = f"scene{next(_names)}"
        connection.close()
        with psycopg.connect(os.environ["KUROGO_BENCH_SUPERUSER_URL"].replace(f"/{DATABASE}", "/postgres")) as boss:
            boss.autocommit = True
            template = "template1" if is_empty else DATABASE
            words = {"name": sql.Identifier(name), "template": sql.Identifier(template), "owner": sql.Identifier(OWNER)}
            boss.execute(sql.SQL("CREATE DATABASE {name} TEMPLATE {template} OWNER {owner}").format(**words))
            boss.execute(
                sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(words["name"], sql.Identifier(LOGIN))
            )
        self.enter(name)
        return name

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

    def add(
        self, metric: str, value: Ratio | str, *, least: float | None = None, most: float | None = None,
        is_full: bool = False,
    ) -> None:  # fmt: skip
        """A row, held against its target where there is one."""
        target, is_met = "", None
        if isinstance(value, Ratio):
            if least is not None:
                target, is_met = f"≥ {least:g}", value.median >= least
            elif most is not None:
                target, is_met = f"≤ {most:g}", value.median <= most
        self.rows.append(Row(metric, str(value), target, is_met, is_full))

    def judge(self, metric: str, value: str, *, target: str, is_met: bool, is_full: bool = False) -> None:
        """A row whose target is no ratio."""
        self.rows.append(Row(metric, value, target, is_met, is_full))

    @staticmethod
    def say(line: str) -> None:
        """How far it is, on stderr."""
        sys.stderr.write(f"  {line}\n")
        sys.stderr.flush()


def owner_url(database: str) -> str:
    """The owner's address of a scene's database."""
    return _named(os.environ["KUROGO_BENCH_OWNER_URL"], database)


def application_url(database: str) -> str:
    """The application's address of a scene's database, for a program of the scene."""
    return _named(os.environ["DATABASE_URL"], database)


def _named(url: str, database: str) -> str:
    return f"{url.rpartition('/')[0]}/{database}"


Benchmark = Callable[[Stage], None]
