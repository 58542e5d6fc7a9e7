"""Our shape files: what we know of a vendor's fields, in our own writing, and whether a document keeps to it.

A shape maps a dotted path (`packages[].weight.value`) to a word: the type, `!` required within its parent, `?` may be null,
`>=1` and `<=50` the length of a text, `a|b` the words that are allowed.
"""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

Shape = dict[str, str]
_WORD = re.compile(
    r"(?P<type>\w+)(?P<required>!?)(?P<null>\??)(?: >=(?P<least>\d+))?(?: <=(?P<most>\d+))?(?: (?P<words>.+))?"
)
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,), "number": (int, float, Decimal), "integer": (int,), "boolean": (bool,), "object": (dict,),
    "array": (list,), "any": (object,),
}  # fmt: skip


def load(vendor: str) -> dict[str, Any]:
    """A vendor's shape file."""
    return json.loads((Path(__file__).parent / f"{vendor}.json").read_text())


def operation(operations: Mapping[str, Any], method: str, path: str) -> tuple[str, dict[str, str]]:
    """Which operation (`GET /v1/labels/{label_id}`) a request is, and the parts of its path. Raises `LookupError`."""
    for name in operations:
        known, template = name.split(" ")
        steps, parts = template.split("/"), path.split("/")
        if known == method and len(steps) == len(parts):
            pairs = list(zip(steps, parts, strict=True))
            if all(step == part or step.startswith("{") for step, part in pairs):
                return name, {step.strip("{}"): part for step, part in pairs if step.startswith("{")}
    raise LookupError(f"{method} {path} is not in the shape file")


def problems(document: Any, shape: Shape, *, closed: bool) -> list[str]:
    """Where a document leaves its shape; `closed` (for what we send): a path that the shape does not name is one, too."""
    found: list[str] = []
    _walk(document, "", shape, found, closed=closed)
    return found


def _walk(value: Any, path: str, shape: Shape, found: list[str], *, closed: bool) -> None:
    if path and path not in shape:
        if closed:
            found.append(f"{path} is not in the shape")
        return
    if path and not _fits(value, path, shape[path], found):
        return
    if isinstance(value, dict):
        prefix = f"{path}." if path else ""
        for name, sub in value.items():
            _walk(sub, prefix + name, shape, found, closed=closed)
        found += [
            f"{known} is missing"
            for known, word in shape.items()
            if "!" in word.split(" ")[0]
            and known.startswith(prefix)
            and re.fullmatch(r"[^.\[\]]+", known.removeprefix(prefix))
            and known.removeprefix(prefix) not in value
        ]
    elif isinstance(value, list):
        for sub in value:
            _walk(sub, f"{path}[]", shape, found, closed=closed)


def _fits(value: Any, path: str, word: str, found: list[str]) -> bool:
    read = _WORD.fullmatch(word)
    assert read, f"{path}: {word} is no word of a shape"
    if value is None:
        if not read["null"]:
            found.append(f"{path} is null")
        return False
    is_right = isinstance(value, _TYPES[read["type"]]) and not (
        isinstance(value, bool) and read["type"] not in ("boolean", "any")
    )
    if not is_right:
        found.append(f"{path} is {value!r}, not a {read['type']}")
        return False
    if read["words"] and str(value) not in read["words"].split("|"):
        found.append(f"{path} is {value!r}, not one of {read['words']}")
    if isinstance(value, str) and not int(read["least"] or 0) <= len(value) <= int(read["most"] or 10**9):
        found.append(f"{path} has {len(value)} characters")
    return True
