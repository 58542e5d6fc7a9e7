"""A vendor's OpenAPI file made usable: references resolved, `allOf` merged, nullable honoured; and what it says of a path.

Many vendors close objects (`additionalProperties: false`) beside `allOf`, which no validator can satisfy: merging first is
what they mean. Nothing else is changed here; a vendor's other faults are named in its shape file.
"""

import copy
import os
from pathlib import Path
from typing import Any

import pytest

Schema = dict[str, Any]


def contract(relative: str) -> Path:
    """The vendor's file in the folder of KUROGO_CONTRACTS; skips where the variable or the file is missing."""
    folder = os.environ.get("KUROGO_CONTRACTS", "")
    if not folder:
        pytest.skip("KUROGO_CONTRACTS is not set: the vendor's own specification is not here")
    path = Path(folder) / relative
    if not path.is_file():
        pytest.skip(f"{relative} is not in the folder of KUROGO_CONTRACTS")
    return path


class Merged:
    """Schemas of one document as single plain objects."""

    def __init__(self, document: Schema) -> None:
        self.document = document

    def schema(self, schema: Schema) -> Schema:
        """Resolved and merged, all the way down. Recursive schemas end in an open object."""
        return self._merged(schema, ())

    def operation(self, name: str) -> tuple[Schema, Schema]:
        """Merged request body ({} for none) and merged answer of success of `POST /v1/labels`."""
        method, path = name.split(" ")
        operation = self.document["paths"][path][method.lower()]
        body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
        answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
        return (self.schema(body) if body else {}), self.schema(answer)

    def _merged(self, schema: Schema, seen: tuple[str, ...]) -> Schema:
        if "$ref" in schema:
            name = schema["$ref"]
            if name in seen:
                return {"type": "object"}
            return self._merged(self._at(name), (*seen, name))
        whole: Schema = {}
        for part in (*schema.get("allOf", ()), {k: v for k, v in schema.items() if k != "allOf"}):
            merged = self._merged(part, seen) if "$ref" in part or "allOf" in part else part
            whole = _joined(whole, merged)
        if "properties" in whole:
            whole["properties"] = {name: self._merged(one, seen) for name, one in whole["properties"].items()}
        if isinstance(whole.get("items"), dict):
            whole["items"] = self._merged(whole["items"], seen)
        for several in ("oneOf", "anyOf"):
            if several in whole:
                whole[several] = [self._merged(one, seen) for one in whole[several]]
        return whole

    def _at(self, reference: str) -> Schema:
        found: Any = self.document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        return found


def _joined(first: Schema, second: Schema) -> Schema:
    joined = copy.copy(first)
    for word, value in second.items():
        if word == "properties":
            joined[word] = {**first.get(word, {}), **value}
        elif word == "required":
            joined[word] = sorted({*first.get(word, ()), *value})
        else:
            joined[word] = value
    return joined


def said_of(schema: Schema, path: str) -> str:
    """What a merged schema says of a dotted path (`packages[].weight.value`), in the notation of our shape files."""
    required = False
    for step in path.split("."):
        name, brackets, _ = step.partition("[]")
        properties = _properties(schema)
        if name not in properties:
            raise KeyError(f"{path}: no {name}")
        required = name in schema.get("required", ())
        schema = properties[name]
        if brackets:
            schema, required = schema["items"], True
    return _notation(schema, required=required)


def _notation(schema: Schema, *, required: bool) -> str:
    said = schema.get("type", "any") + ("!" if required else "") + ("?" if schema.get("nullable") else "")
    if schema.get("minLength"):
        said += f" >={schema['minLength']}"
    if "maxLength" in schema:
        said += f" <={schema['maxLength']}"
    if "enum" in schema:
        said += " " + "|".join(sorted({str(word) for word in schema["enum"] if word is not None}))
    return said


def _properties(schema: Schema) -> Schema:
    found = dict(schema.get("properties", {}))
    for one in (*schema.get("oneOf", ()), *schema.get("anyOf", ())):
        found.update(one.get("properties", {}))
    return found
