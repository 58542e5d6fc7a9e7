"""What others may call says what it does: every module, and every public class and function of a module."""

import ast

from tests.house.sources import python, tree

# Django's own words need none: an app's config, a list of choices named by its members, a model's room in the admin.
BASES_WITHOUT = {
    "AppConfig",
    "TextChoices",
    "StrEnum",
    "ModelAdmin",
    "TabularInline",
    "Room",
    "ReadOnlyRoom",
    "ReadOnlyTable",
    "SealedRoom",
}


def _bases(node: ast.ClassDef) -> set[str]:
    return {base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "") for base in node.bases}


def _silent(module: ast.Module) -> list[str]:
    """What should speak and does not."""
    if not module.body:
        return []
    found = [] if ast.get_docstring(module) else ["the module"]
    for node in module.body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
            continue
        if isinstance(node, ast.ClassDef) and _bases(node) & BASES_WITHOUT:
            continue
        if not ast.get_docstring(node):
            found.append(node.name)
    return found


def test_everything_public_says_what_it_does():
    found = {path: silent for path in python("apps", "config") if (silent := _silent(tree(path)))}

    assert found == {}


def test_silence_would_be_heard():
    assert _silent(ast.parse("def f(): pass")) == ["the module", "f"]
    assert _silent(ast.parse('"""M."""\nclass C:\n    pass\ndef _g(): pass')) == ["C"]
