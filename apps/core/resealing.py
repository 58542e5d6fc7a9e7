"""Everything sealed is sealed anew with the primary key, while the shop goes on: small steps, each its own transaction.

Sealed is every `BinaryField` called `sealed`, bound to its table, row and field. A row that somebody writes meanwhile is
left as they wrote it (compare-and-set on the old ciphertext): it bears the primary key already. Begun again, it goes on.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from django.apps import apps
from django.db import connection as database
from django.db import models

from apps.core import crypto

FIELD = "sealed"
ROWS, BYTES = 500, 16 * 1024 * 1024  # a step holds at most so many rows, and about so much in memory


@dataclass(slots=True)
class Resealed:
    """What became of one table: rows sealed anew, and the ids of those that no key opens."""

    table: str
    rows: int = 0
    broken: list[UUID] = field(default_factory=list)


def sealed_tables() -> list[str]:
    """Every table with a sealed field."""
    return sorted(
        model._meta.db_table
        for model in apps.get_models()
        if any(isinstance(one, models.BinaryField) and one.name == FIELD for one in model._meta.get_fields())
    )


def left_over(table: str) -> int:
    """How many rows of a table bear another key than the primary."""
    with database.cursor() as cursor:
        cursor.execute(f'SELECT count(*) FROM "{table}" WHERE {_IS_OLD}', [_primary()])
        count: int = cursor.fetchone()[0]
    return count


def reseal(table: str) -> Resealed:
    """Seal the old rows of one table with the primary key."""
    done = Resealed(table)
    for step in _steps(table):
        with database.cursor() as cursor:
            cursor.execute(f'SELECT id, {FIELD} FROM "{table}" WHERE id = ANY(%s) AND {_IS_OLD}', [step, _primary()])
            rows = [(row, bytes(sealed)) for row, sealed in cursor.fetchall()]
            anew = [(row, old, new) for row, old in rows if (new := _anew(table, row, old, done)) is not None]
            if anew:
                cursor.execute(
                    f'UPDATE "{table}" AS row SET {FIELD} = wanted.new'
                    " FROM unnest(%s::uuid[], %s::bytea[], %s::bytea[]) AS wanted(id, old, new)"
                    f" WHERE row.id = wanted.id AND row.{FIELD} = wanted.old",
                    [list(column) for column in zip(*anew, strict=True)],
                )
                done.rows += cursor.rowcount
    return done


# Tink's prefix: a version byte, then four bytes of key id. An empty field is a row that is just being made.
_IS_OLD = f"length({FIELD}) > 0 AND substr({FIELD}, 2, 4) <> %s"


def _primary() -> bytes:
    return crypto.primary_key_id().to_bytes(4, "big")


def _anew(table: str, row: UUID, sealed: bytes, done: Resealed) -> bytes | None:
    try:
        plain = crypto.unseal(sealed, table=table, row=row, field=FIELD)
    except crypto.SealBroken:
        done.broken.append(row)
        return None
    return crypto.seal(plain, table=table, row=row, field=FIELD)


def _steps(table: str) -> Iterator[list[UUID]]:
    """Ids of old rows in steps, in the order of their birth."""
    last = UUID(int=0)
    while True:
        with database.cursor() as cursor:
            cursor.execute(
                f'SELECT id, length({FIELD}) FROM "{table}" WHERE id > %s AND {_IS_OLD} ORDER BY id LIMIT {ROWS}',
                [last, _primary()],
            )
            found = cursor.fetchall()
        if not found:
            return
        step: list[UUID] = []
        size = 0
        for row, length in found:
            if step and size + length > BYTES:
                yield step
                step, size = [], 0
            step.append(row)
            size += length
        yield step
        last = found[-1][0]
