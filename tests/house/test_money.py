"""Money is never a float: not as a number in the text, not by `float()`, not by a column."""

import ast
import re

import pytest
from django.apps import apps
from django.db import models

from tests.house.sources import ROOT, dotted, python, tree

WHERE = (
    "apps/ledger", "apps/payments", "apps/orders", "apps/core/money.py", "apps/catalog", "apps/reconciliation",
    "apps/inventory", "apps/shipping", "apps/flows/verifying",
)  # fmt: skip
# Statistics of units: shares, rates, deviations. They know nothing of what a unit costs, and a test watches that.
STATISTICS = (
    "apps/inventory/forecasting.py", "apps/inventory/backtesting.py", "apps/inventory/reordering.py",
    "apps/inventory/histories.py",
)  # fmt: skip


def _floats(module: ast.Module) -> list[int]:
    """Lines with a float in them. `isinstance(x, float)`, which keeps floats out, is no float."""
    refusals = {
        id(word)
        for node in ast.walk(module)
        if isinstance(node, ast.Call) and dotted(node.func) == "isinstance"
        for word in node.args
    }
    return [
        node.lineno
        for node in ast.walk(module)
        if (isinstance(node, ast.Constant) and isinstance(node.value, float))
        or (isinstance(node, ast.Name) and node.id == "float" and id(node) not in refusals)
    ]


def test_money_is_never_a_float():
    found = {path: lines for path in python(*WHERE) if path not in STATISTICS and (lines := _floats(tree(path)))}

    assert found == {}


def test_statistics_know_no_money():
    words = {path: re.findall(r"money|minor|price|cost|currency", (ROOT / path).read_text()) for path in STATISTICS}

    assert words == {path: [] for path in STATISTICS}


@pytest.mark.parametrize(
    ("text", "count"), [("x = 0.1", 1), ("x = float('1')", 1), ("isinstance(x, float)", 0), ("x = 10", 0)]
)
def test_a_float_would_be_seen(text, count):
    assert len(_floats(ast.parse(text))) == count


def test_no_column_is_a_float():
    columns = [
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        if model.__module__.startswith("apps.")
        for field in model._meta.get_fields()
        if isinstance(field, models.FloatField)
    ]

    assert columns == []
