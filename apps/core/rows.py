"""Many rows at once: new ones in one statement or by COPY, changed ones in one UPDATE from arrays. Models in, models out; no
signal, no `save()`.

What the ORM does a value at a time in Python the driver does in C here: about a quarter of the CPU for a hundred rows.
Constraints, triggers and rights of the table hold as for any other statement.
"""

import contextlib
import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any, TypeVar

import orjson
from django.db import connection, models
from django.db.models.base import ModelState
from psycopg.types.json import Jsonb

M = TypeVar("M", bound=models.Model)

# Up to so many rows go as JSON in one statement; beyond it COPY costs PostgreSQL less (measured, docs/performance.md).
FEW = 300
# What JSON escapes in a string; and a quick look whether any of it may be more than a quote or a backslash.
_ESCAPE, _ODD = re.compile(rb"\\(?:u[0-9a-f]{4}|.)"), re.compile(rb'\\[^"\\]')


class _Sheet(threading.local):
    """What `together` gathers in this thread."""

    rows: "list[models.Model] | None" = None


_sheet = _Sheet()


@contextlib.contextmanager
def together() -> Iterator[None]:
    """New rows of several tables go down as one: what `insert` is given inside is written where the block ends.

    Tables in the order of their first rows, values as they stand by then; until then the database knows nothing of them
    (`is_unwritten`). When the block fails nothing is written.
    """
    if _sheet.rows is not None:
        yield  # the outer block's end is this one's
        return
    gathered: list[models.Model] = []
    _sheet.rows = gathered
    try:
        yield
    finally:
        _sheet.rows = None
    _write(gathered)


def is_unwritten(row: models.Model) -> bool:
    """Whether a new row still waits for the end of `together`."""
    return row._state.adding


def new(model: type[M], **values: Any) -> M:
    """A model as `model(**values)` makes it, for a tenth of the time: the defaults are copied, not asked for field by field.

    Foreign keys are given by id (`order_id=`). Raises `TypeError` for a name that is no column's.
    """
    names, defaults, makers = _blank(model)
    kept = defaults | values
    for name, make in makers:
        if name not in values:
            kept[name] = make()
    if len(kept) != len(names):
        raise TypeError(f"{model.__name__} has no {', '.join(values.keys() - names)}")
    kept["_state"] = ModelState()
    row = model.__new__(model)
    row.__dict__ = kept
    return row


def read(model: type[M], rest: str, params: Sequence[Any]) -> list[M]:
    """Whole rows of one table, where `rest` is what follows its name in SELECT (WHERE, ORDER BY, a lock): for what is read by
    the hundred, at a quarter of what the ORM takes.
    """
    shape = _shape(model)
    if shape.json:
        raise TypeError(f"{model.__name__} has JSON, which comes as text here")
    names, alias, found = shape.names, connection.alias, []
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {shape.columns} FROM {_table(model)} {rest}", params)
        for values in cursor.fetchall():
            row = model.__new__(model)
            row.__dict__.update(zip(names, values, strict=True))
            row._state = state = ModelState()
            state.adding, state.db = False, alias
            found.append(row)
    return found


def insert(wanted: Iterable[M]) -> list[M]:
    """Insert rows of one table whose primary keys are made already; one statement however many.

    Raises Django's `IntegrityError` like any insert.
    """
    rows = list(wanted)
    if _sheet.rows is not None:
        _sheet.rows += rows
    else:
        _write(rows)
    return rows


def _write(rows: Sequence[models.Model]) -> None:
    """New rows of any tables: few as JSON in one statement, many by a COPY a table."""
    if not rows:
        return
    tables: dict[type[models.Model], list[models.Model]] = {}
    for row in rows:
        tables.setdefault(type(row), []).append(row)
    if len(rows) <= FEW:
        with connection.cursor() as cursor:
            cursor.execute(_insert_words(tuple(tables)), [_as_json(model, some) for model, some in tables.items()])
    else:
        for model, some in tables.items():
            _copy(model, some)
    alias = connection.alias
    for row in rows:
        state = row._state
        state.adding, state.db = False, alias


@lru_cache(maxsize=256)
def _insert_words(tables: tuple[type[models.Model], ...]) -> str:
    parts = []
    for model in tables:
        columns = _shape(model).columns
        told = ", ".join(f"{_quoted(f.column)} {_type(f)}" for f in model._meta.concrete_fields)
        parts.append(
            f"INSERT INTO {_table(model)} ({columns}) SELECT {columns} FROM json_to_recordset(%s::json) AS told({told})"
        )
    before = ", ".join(f"part{number} AS ({words})" for number, words in enumerate(parts[:-1]))
    return f"WITH {before} {parts[-1]}" if before else parts[-1]


def _as_json(model: type[models.Model], rows: Iterable[models.Model]) -> str:
    pairs = _shape(model).pairs
    told = [{column: row.__dict__[name] for name, column in pairs} for row in rows]
    return orjson.dumps(told, default=_text).decode()


def _text(value: Any) -> str:
    """What JSON has no word for, as PostgreSQL reads it."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return f"\\x{bytes(value).hex()}"
    raise TypeError(f"no column takes a {type(value).__name__}")


def _copy(model: type[models.Model], rows: Iterable[models.Model]) -> None:
    """COPY reads what orjson writes: a JSON array without its brackets is a line of CSV whose quotes are escaped by backslashes.
    A tenth of what the driver takes to write a row from Python.
    """
    shape = _shape(model)
    words = f"COPY {_table(model)} ({shape.columns}) FROM STDIN (FORMAT csv, NULL 'null', ESCAPE '\\')"
    names, lines = shape.names, []
    for row in rows:
        kept = row.__dict__
        values = [kept[name] for name in names]
        for place in shape.json:
            if values[place] is not None:
                values[place] = orjson.dumps(values[place], default=_text).decode()
        lines.append(orjson.dumps(values, default=_text)[1:-1])
    data = b"\n".join(lines)
    if _ODD.search(data):
        data = _ESCAPE.sub(_as_itself, data)
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(words) as copy:
        copy.write(data)


def _as_itself(found: re.Match[bytes]) -> bytes:
    """A control character as it is; CSV has no other word for it. Quotes and backslashes stay escaped."""
    whole = found[0]
    return whole if whole in (b'\\"', b"\\\\") else bytes(orjson.loads(b'"' + whole + b'"'), "utf-8")


def insert_new(wanted: Iterable[models.Model]) -> None:
    """Insert rows of one table, leaving out those that a unique key knows already."""
    rows = list(wanted)
    if not rows:
        return
    fields = rows[0]._meta.concrete_fields
    types = ", ".join(f"%s::{_type(field)}[]" for field in fields)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {_table(type(rows[0]))} ({_shape(type(rows[0])).columns}) SELECT * FROM unnest({types})"
            " ON CONFLICT DO NOTHING",
            [[_value(row, field) for row in rows] for field in fields],
        )


def update(wanted: Iterable[models.Model], names: Sequence[str]) -> int:
    """Write the named fields of rows of one table as they stand in memory; returns how many rows there were."""
    rows = list(wanted)
    if not rows:
        return 0
    model = type(rows[0])
    words, pairs = _update_words(model, tuple(names))
    told = [{column: row.__dict__[name] for name, column in pairs} for row in rows]
    with connection.cursor() as cursor:
        cursor.execute(words, [orjson.dumps(told, default=_text).decode()])
        return int(cursor.rowcount)


@lru_cache(maxsize=256)
def _update_words(model: type[models.Model], names: tuple[str, ...]) -> tuple[str, tuple[tuple[str, str], ...]]:
    fields: list[Any] = [model._meta.pk, *(model._meta.get_field(name) for name in names)]
    key = _quoted(fields[0].column)
    changes = ", ".join(f"{_quoted(field.column)} = new.{_quoted(field.column)}" for field in fields[1:])
    told = ", ".join(f"{_quoted(field.column)} {_type(field)}" for field in fields)
    words = (
        f"UPDATE {_table(model)} AS row SET {changes} FROM json_to_recordset(%s::json) AS new({told})"
        f" WHERE row.{key} = new.{key}"
    )
    return words, tuple((field.attname, field.column) for field in fields)


class _Shape:
    """A table as these statements need it: quoted columns, (attribute, column), and where JSON is."""

    def __init__(self, model: type[models.Model]) -> None:
        fields = model._meta.concrete_fields
        self.columns = ", ".join(_quoted(field.column) for field in fields)
        self.names = tuple(field.attname for field in fields)
        self.pairs = tuple((field.attname, field.column) for field in fields)
        self.json = tuple(place for place, field in enumerate(fields) if isinstance(field, models.JSONField))


@lru_cache(maxsize=256)
def _shape(model: type[models.Model]) -> _Shape:
    return _Shape(model)


@lru_cache(maxsize=256)
def _blank(model: type[models.Model]) -> tuple[frozenset[str], dict[str, Any], tuple[tuple[str, Any], ...]]:
    """Column attributes of a model, their constant defaults, and those that are made anew for each row."""
    fields = model._meta.concrete_fields
    makers = tuple((field.attname, field.get_default) for field in fields if callable(field.default))
    fresh = {name for name, _ in makers}
    defaults = {field.attname: field.get_default() for field in fields if field.attname not in fresh}
    return frozenset(field.attname for field in fields), defaults, makers


def _table(model: type[models.Model]) -> str:
    return _quoted(model._meta.db_table)


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)


def _type(field: Any) -> str:
    # Without its length: a value that is too long is refused by the column, where a cast would cut it.
    return str(field.db_type(connection)).partition("(")[0]


def _odd(value: Any) -> Any:
    """A member of an enumeration as the driver takes it."""
    return value.value if isinstance(value, Enum) else value


def _value(row: models.Model, field: Any) -> Any:
    """A field's value as the driver takes it."""
    value = _odd(row.__dict__[field.attname])
    return Jsonb(value) if isinstance(field, models.JSONField) and value is not None else value
