"""Rows are locked against other writers, never against those who only point at them.

A foreign key takes `FOR KEY SHARE` on the row that it points at, at COMMIT (Django's keys are deferred), long after every lock
that was thought of. `FOR UPDATE` would make it wait, and with it everything that the ending transaction holds: a ring.
"""

import ast
import re

import pytest

from tests.house.sources import python, tree

_PLAIN = re.compile(r"\bFOR\s+(UPDATE|SHARE)\b")


def _too_strong(module: ast.Module) -> list[str]:
    """Locks of a file that keep foreign keys waiting."""
    found = []
    for node in ast.walk(module):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "select_for_update"
        ):
            said = {word.arg: word.value for word in node.keywords}
            no_key = said.get("no_key")
            if not (isinstance(no_key, ast.Constant) and no_key.value is True):
                found.append(f"line {node.lineno}: select_for_update without no_key=True")
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _PLAIN.search(node.value):
            found.append(f"line {node.lineno}: {_PLAIN.search(node.value)[0]}")
    return found


def test_no_lock_keeps_a_foreign_key_waiting():
    found = {path: strong for path in python("apps") if (strong := _too_strong(tree(path)))}

    assert found == {}


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("rows.select_for_update()", 1),
        ("rows.select_for_update(of=('self',), no_key=False)", 1),
        ("'SELECT 1 FROM a FOR UPDATE'", 1),
        ("f'SELECT 1 FROM {a} FOR  SHARE'", 1),
        ("rows.select_for_update(no_key=True, skip_locked=True)", 0),
        ("'SELECT 1 FROM a FOR NO KEY UPDATE OF a'", 0),
    ],
)
def test_a_strong_lock_would_be_seen(text, count):
    assert len(_too_strong(ast.parse(text))) == count
