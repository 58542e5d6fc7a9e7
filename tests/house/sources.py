"""The project's own text, as the house tests read it: parsed once, named by its path from the root."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GENERATED = "/migrations/"


@cache
def committed() -> tuple[str, ...]:
    """Paths of everything that is committed; a file that somebody is still writing is not yet the house's."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return tuple(path for path in listed.stdout.splitlines() if (ROOT / path).is_file())


def python(*folders: str) -> list[str]:
    """Paths of Python files in these folders, without migrations."""
    return [
        path
        for path in committed()
        if path.startswith(folders) and path.endswith(".py") and GENERATED not in f"/{path}"
    ]


@cache
def tree(path: str) -> ast.Module:
    """A file, parsed."""
    return ast.parse((ROOT / path).read_text())


def functions(module: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method, wherever it is."""
    return (node for node in ast.walk(module) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def dotted(node: ast.expr) -> str:
    """`a.b.c` of an attribute or name; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return ""


def imports(module: ast.AST) -> set[str]:
    """Every module that is imported, and every name that is imported from one, dotted."""
    found: set[str] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found
