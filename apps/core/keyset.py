"""Pages by the last row's key, never by number: the thousandth page costs what the first one does, and no total is counted.

A place in a list is a token of the row's key values; a token that cannot be read leads to the first page, never to an error.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Field, Model, Q, QuerySet

SIZE = 50


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of one page, in the list's order; `after` and `before` lead to the neighbours, empty where there is none."""

    rows: Sequence[Any]
    after: str
    before: str


def page(
    rows: "QuerySet[Any]", keys: Sequence[str], *, after: str = "", before: str = "", newest_first: bool = False,
    size: int = SIZE,
) -> Page:  # fmt: skip
    """One page of `rows` ordered by `keys`, the last of which is unique. `after` wins where both places are given."""
    place = _read(after, rows.model, keys)
    is_back = place is None and (place := _read(before, rows.model, keys)) is not None
    descends = newest_first != is_back
    wanted = rows if place is None else rows.filter(_beyond(keys, place, descends=descends))
    found = list(wanted.order_by(*(f"-{key}" if descends else key for key in keys))[: size + 1])
    has_more, found = len(found) > size, found[:size]
    if is_back:
        found.reverse()
    has_next, has_previous = (True, has_more) if is_back else (has_more, place is not None)
    return Page(
        found,
        _token(found[-1], keys) if found and has_next else "",
        _token(found[0], keys) if found and has_previous else "",
    )


def _beyond(keys: Sequence[str], place: Sequence[Any], *, descends: bool) -> Q:
    """(a, b) > (x, y), with the first key's bound said apart, so that an index on it can start there."""
    step = "lt" if descends else "gt"
    beyond = Q()
    for depth in reversed(range(len(keys))):
        here = Q(**{f"{keys[depth]}__{step}": place[depth]})
        beyond = here if depth == len(keys) - 1 else here | (Q(**{keys[depth]: place[depth]}) & beyond)
    return Q(**{f"{keys[0]}__{step}e": place[0]}) & beyond


def _token(row: Model, keys: Sequence[str]) -> str:
    values = []
    for key in keys:
        value: Any = row
        for name in key.split("__"):
            value = getattr(value, name)
        values.append(value.isoformat() if hasattr(value, "isoformat") else str(value))
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def _read(token: str, model: type[Model], keys: Sequence[str]) -> list[Any] | None:
    if not token:
        return None
    try:
        values = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        if not isinstance(values, list) or len(values) != len(keys):
            return None
        return [_field(model, key).to_python(value) for key, value in zip(keys, values, strict=True)]
    except (binascii.Error, ValueError, ValidationError, FieldDoesNotExist):
        return None


def _field(model: Any, key: str) -> "Field[Any, Any]":
    *path, last = key.split("__")
    for name in path:
        model = model._meta.get_field(name).related_model
    field: Field[Any, Any] = model._meta.get_field(last)
    return field
