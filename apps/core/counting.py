"""Counts for screens: many at once, in one statement, each bounded, so that no screen ever counts a whole table.

A count stops at `MOST`: beyond that a person reads "1,000+" and needs no more. The alternative, kept figures with their
time, would need a writer for every change of every row; a bounded count over a partial index is exact at the moment of
looking and costs at most `MOST` index entries.
"""

from collections.abc import Mapping
from typing import Any

from django.db import connection, models

MOST = 1000


def capped(wanted: Mapping[str, "models.QuerySet[Any]"], *, most: int = MOST) -> dict[str, int]:
    """How many rows each query finds, `most + 1` standing for "more"; one round trip for all of them."""
    if not wanted:
        return {}
    parts: list[str] = []
    params: list[Any] = []
    for rows in wanted.values():
        # A constant instead of the key lets the planner stay in the index.
        sql, values = rows.order_by().values_list(models.Value(1))[: most + 1].query.sql_with_params()
        parts.append(f"(SELECT count(*) FROM ({sql}) AS bounded)")
        params += values
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", params)
        row = cursor.fetchone()
    return dict(zip(wanted, row, strict=True))


def shown(count: int, *, most: int = MOST) -> str:
    """The figure as a person reads it: 1,000+ where counting stopped."""
    return f"{most:,}+" if count > most else f"{count:,}"
