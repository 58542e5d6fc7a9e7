"""After a test that commits, the house is as empty as Django's own `flush` leaves it, for a tenth of its time.

`flush` truncates every table and lets every app fill in its own again. Here only tables that hold something are emptied: those that
refuse a DELETE by TRUNCATE, together with what points at them; the others, of a few rows each, by DELETE. What the apps fill in
(`FILLED_IN`) stays as it is; where a test has touched it, the whole flush is done.
"""

from functools import cache

from django.core.management import call_command
from django.db import connection, transaction

FILLED_IN = (
    "auth_group", "auth_group_permissions", "auth_permission", "django_content_type", "ledger_account", "ledger_postingrule",
    "ledger_taxcode", "ledger_taxrate",
)  # fmt: skip
_filled_in: str | None = None


def empty() -> bool:
    """Empty the database; whether the short way was enough."""
    global _filled_in
    if _filled_in is not None and _filled_in == filled_in():
        full = _full()
        refusing = _with_what_points_at({name for name in full if name in _append_only()})
        if not refusing & {*FILLED_IN}:
            _take_away(refusing, [name for name in full if name not in refusing])
            return True
    call_command("flush", verbosity=0, interactive=False)
    _filled_in = filled_in()
    return False


def filled_in() -> str:
    """A digest of what the apps filled in."""
    rows = " || ".join(
        f"(SELECT coalesce(md5(string_agg(t::text, '' ORDER BY t::text)), '') FROM {t} AS t)" for t in FILLED_IN
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {rows}")
        return str(cursor.fetchone()[0])


def _take_away(refusing: set[str], others: list[str]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        if refusing:
            cursor.execute(f"TRUNCATE {', '.join(sorted(refusing))}")
        cursor.execute("SELECT set_config('pgtrigger.ignore', %s, true)", [_histories()])
        if others:
            cursor.execute("; ".join(f"DELETE FROM {name}" for name in others))


def _full() -> list[str]:
    """Tables of models that hold a row, but what the apps fill in."""
    with connection.cursor() as cursor:
        cursor.execute(_looking())
        return [row[0] for row in cursor.fetchall()]


@cache
def _looking() -> str:
    known = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return " UNION ALL ".join(f"SELECT '{t}' WHERE EXISTS (SELECT FROM {t})" for t in sorted({*known} - {*FILLED_IN}))


@cache
def _append_only() -> frozenset[str]:
    return frozenset(
        _read("SELECT relname FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid WHERE tgname = 'append_only'")
    )


@cache
def _histories() -> str:
    """The triggers that write history: there is none of what never was."""
    return "{" + ",".join(_read("SELECT DISTINCT tgname FROM pg_trigger WHERE tgname LIKE 'pgtrigger_%'")) + "}"


@cache
def _pointing() -> dict[str, set[str]]:
    """table -> tables with a foreign key to it."""
    found: dict[str, set[str]] = {}
    words = "SELECT confrelid::regclass::text || ' ' || conrelid::regclass::text FROM pg_constraint WHERE contype = 'f'"
    for pair in _read(words):
        at, by = pair.split()
        found.setdefault(at, set()).add(by)
    return found


def _with_what_points_at(names: set[str]) -> set[str]:
    found, left = set(names), [*names]
    while left:
        fresh = _pointing().get(left.pop(), set()) - found
        found |= fresh
        left += fresh
    return found


def _read(words: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(words)
        return [row[0] for row in cursor.fetchall()]
