"""Time comes from `core.clock` alone, so that a rehearsal can drive it; no column fills itself with the wall's."""

import ast

import pytest

from tests.house.sources import dotted, python, tree

CLOCK = "apps/core/clock.py"
TELLERS = {
    "datetime.now", "datetime.utcnow", "datetime.today", "datetime.datetime.now", "datetime.datetime.utcnow", "date.today",
    "datetime.date.today", "timezone.now", "django.utils.timezone.now", "time.time", "timezone.localdate", "timezone.localtime",
}  # fmt: skip
# Whoever lives apart from the shop and its clock, and why.
APART = {
    "apps/sandbox/recount.py": "imports nothing of ours",
}


def _told(module: ast.Module) -> list[str]:
    """Where a file asks somebody else for the time, or lets a column ask."""
    found = []
    for node in ast.walk(module):
        if isinstance(node, ast.Attribute) and dotted(node) in TELLERS:
            found.append(f"{node.lineno}: {dotted(node)}")
        if isinstance(node, ast.keyword) and node.arg in {"auto_now", "auto_now_add"}:
            found.append(f"{node.value.lineno}: {node.arg}")
        if isinstance(node, ast.Call) and dotted(node.func) in {"Now", "functions.Now"}:
            found.append(f"{node.lineno}: the database's now()")
    return found


def test_nobody_but_the_clock_tells_the_time():
    found = {
        path: told for path in python("apps", "config") if path not in {CLOCK, *APART} and (told := _told(tree(path)))
    }

    assert found == {}


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("datetime.now(UTC)", 1), ("timezone.now()", 1), ("models.DateTimeField(auto_now=True)", 1), ("time.time()", 1),
        ("default=timezone.now", 1), ("clock.now()", 0), ("time.monotonic()", 0),
    ],
)  # fmt: skip
def test_another_teller_would_be_seen(text, count):
    assert len(_told(ast.parse(text))) == count


def test_no_statement_asks_the_database_for_the_time():
    asking = [
        f"{path}:{node.lineno}"
        for path in python("apps", "config")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if any(word in node.value.lower() for word in ("now()", "current_timestamp", "current_date"))
        if any(verb in node.value for verb in ("SELECT", "UPDATE", "INSERT"))
    ]

    assert asking == []
