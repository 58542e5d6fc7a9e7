"""SQL by hand that keeps up with the models: what an INSERT does not name is written with the model's own default.

In a file, `INSERT INTO table (:rest, id, …) SELECT :nothing, …` names only what matters; `:free(alias)` is what a level may
still promise. So the yardsticks write whole rows, also after a model has got another column.
"""

import json
import re
from typing import Any

from django.apps import apps
from django.db import connection
from django.db.models import Field
from django.db.models.fields import NOT_PROVIDED

from apps.inventory.models import free_sql

_INSERT = re.compile(r"INSERT INTO (\w+) \(:rest,([^)]*)\)")
_TABLES = {model._meta.db_table: model for model in apps.get_models()}


def completed(text: str) -> str:
    """The text with every `:rest`, `:nothing` and `:free(…)` filled in."""
    text = re.sub(r":free\((\w+)\)", lambda found: free_sql(found[1]), text)
    done, place, nothing = [], 0, ""
    for found in _INSERT.finditer(text):
        done.append(text[place : found.start()].replace(":nothing", nothing))
        table, named = found[1], {name.strip().strip('"') for name in found[2].split(",")}
        rest = [field for field in _TABLES[table]._meta.concrete_fields if field.column not in named]
        names = ", ".join([f'"{field.column}"' for field in rest])
        nothing = ", ".join(_default(field) for field in rest)
        done.append(f"INSERT INTO {table} ({names},{found[2]})")
        place = found.end()
    done.append(text[place:].replace(":nothing", nothing))
    return "".join(done)


def _default(field: "Field[Any, Any]") -> str:
    if field.default is NOT_PROVIDED:
        if field.null:
            return _null(field)
        if field.empty_strings_allowed and field.get_internal_type() in {"CharField", "TextField"}:
            return "''"
        raise ValueError(f"{field.model._meta.db_table}.{field.column} has no default: name it")
    value = field.default() if callable(field.default) else field.default
    if isinstance(value, list | dict):
        return f"'{json.dumps(value)}'::jsonb"
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return _null(field)
    return str(value) if isinstance(value, int) else f"'{value}'"


def _null(field: "Field[Any, Any]") -> str:
    """With its type, because a UNION asks for one."""
    return f"NULL::{field.db_type(connection)}"
