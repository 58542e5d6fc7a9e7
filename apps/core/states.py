"""The only way a state changes: compare-and-set on the old state, and a history row in the same transaction.

A `Moves` table is the drawing of a state machine: from each state the states that may follow. The loser of a race gets
`Overtaken`; a move that the drawing does not know gets `IllegalMove`. Both leave nothing behind.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import orjson
from django.db import connection, models

from apps.core import clock, rows
from apps.core.ids import uuid7
from apps.core.models import StateMove

Moves = Mapping[str, frozenset[str]]


class IllegalMove(Exception):
    """The drawing has no such arrow."""


class Overtaken(Exception):
    """Somebody else changed the state first; read again and decide again."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something changed: `actor` a person or a part of the system, `reason` in a few words, `source` what led to it."""

    actor: str
    reason: str = ""
    source_kind: str = ""
    source_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One wanted move of one row."""

    id: UUID
    old: str
    new: str


def move(row: models.Model, axis: str, to: str, *, moves: Moves, cause: Cause) -> None:
    """Move one row's `axis` to `to` and refresh the row in hand. Raises `IllegalMove`, `Overtaken`."""
    old = getattr(row, axis)
    move_all(type(row), axis, [Change(row.pk, old, to)], moves=moves, cause=cause)
    setattr(row, axis, to)


def move_all(
    model: type[models.Model], axis: str, changes: Sequence[Change], *, moves: Moves, cause: Cause,
    unwritten: Collection[UUID] = (),
) -> None:  # fmt: skip
    """Move many rows of one table in two statements; all or none (run inside the caller's transaction).

    A change whose old and new state are equal is left out. `unwritten` are new rows that nobody else can see yet
    (`rows.together`): the caller writes their state with them. Raises `IllegalMove`, `Overtaken`.
    """
    wanted = [change for change in changes if change.old != change.new]
    for change in wanted:
        if change.new not in moves.get(change.old, frozenset()):
            raise IllegalMove(f"{model._meta.label} {axis}: {change.old} -> {change.new}")
    if not wanted:
        return
    _compare_and_set(model, axis, [change for change in wanted if change.id not in unwritten])
    at = clock.now()
    rows.insert(
        rows.new(
            StateMove, id=uuid7(), kind=model._meta.label_lower, subject=c.id, axis=axis, old=c.old, new=c.new, at=at,
            actor=cause.actor, reason=cause.reason, source_kind=cause.source_kind, source_id=cause.source_id,
        )
        for c in wanted
    )  # fmt: skip


def _compare_and_set(model: type[models.Model], axis: str, wanted: Sequence[Change]) -> None:
    if not wanted:
        return
    table, column = connection.ops.quote_name(model._meta.db_table), connection.ops.quote_name(axis)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} AS row SET {column} = wanted.new"
            " FROM json_to_recordset(%s::json) AS wanted(id uuid, old text, new text)"
            f" WHERE row.id = wanted.id AND row.{column} = wanted.old",
            [orjson.dumps([{"id": c.id, "old": c.old, "new": c.new} for c in wanted]).decode()],
        )
        if cursor.rowcount != len(wanted):
            raise Overtaken(
                f"{model._meta.label} {axis}: {len(wanted) - cursor.rowcount} of {len(wanted)} had moved on"
            )
