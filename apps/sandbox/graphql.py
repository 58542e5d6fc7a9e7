"""Reads GraphQL documents and answers exactly what they select, no more: enough of the language for a stand-in.

A field that the stand-in's answer does not have is an error, as is a variable of the wrong kind, so that a connector
which asks for something that it was not built for is told so.
"""

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

_TOKEN = re.compile(r'[\s,]+|#[^\n]*|(\.\.\.|[!$():=@\[\]{}])|("(?:[^"\\]|\\.)*")|(-?\d+(?:\.\d+)?)|([_A-Za-z]\w*)')
_KINDS: dict[str, tuple[type, ...]] = {
    "Int": (int,),
    "String": (str,),
    "ID": (str,),
    "Boolean": (bool,),
}
MAX_FIRST = 250


class Refused(Exception):
    """The document or its variables are wrong; `code` as in `errors[].extensions.code`."""

    def __init__(self, message: str, code: str = "BAD_REQUEST") -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Variable:
    """`$name` in a document."""

    name: str


@dataclass(slots=True)
class Field:
    """One selected field; `args` and `directives` may hold `Variable`s."""

    name: str
    alias: str
    args: dict[str, Any] = field(default_factory=dict)
    directives: dict[str, dict[str, Any]] = field(default_factory=dict)
    selection: list[Any] | None = None


@dataclass(slots=True)
class Spread:
    """`... on Type { }` or `...Name`."""

    on: str = ""
    name: str = ""
    selection: list[Any] | None = None


@dataclass(slots=True)
class Operation:
    """One operation: its declared variables as (type, is_list, is_required)."""

    kind: str
    variables: dict[str, tuple[str, bool, bool]]
    selection: list[Any]


@dataclass(slots=True)
class Document:
    """A parsed document."""

    operations: dict[str, Operation] = field(default_factory=dict)
    fragments: dict[str, Spread] = field(default_factory=dict)


class Nodes:
    """A connection over a list that is at hand; its cursors are positions."""

    def __init__(self, things: Sequence[Any]) -> None:
        self.things = things

    def page(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """`nodes` and `pageInfo` after `args`."""
        start, first = position(args.get("after")), first_of(args)
        end = start + first
        return {
            "nodes": self.things[start:end],
            "pageInfo": {"hasNextPage": end < len(self.things), "endCursor": cursor(end)},
        }


class Json(dict[str, Any]):
    """A scalar that holds an object: answered whole, nothing is selected of it."""


def cursor(place: object) -> str:
    """An opaque word for a place."""
    return base64.urlsafe_b64encode(str(place).encode()).decode()


def place_of(after: str | None) -> str:
    """The way back; empty for the beginning."""
    if not after:
        return ""
    try:
        return base64.b64decode(after, altchars=b"-_", validate=True).decode()
    except ValueError:
        raise Refused("Invalid cursor for current pagination sort.") from None


def position(after: str | None) -> int:
    """A numbered place."""
    place = place_of(after)
    if place and not place.isdigit():
        raise Refused("Invalid cursor for current pagination sort.")
    return int(place or 0)


def first_of(args: Mapping[str, Any]) -> int:
    """`first`, which a connection must be given."""
    first = args.get("first")
    if not isinstance(first, int) or not 1 <= first <= MAX_FIRST:
        raise Refused(f"you must provide one of first or last, 1 to {MAX_FIRST}")
    return first


class _Reader:
    def __init__(self, text: str) -> None:
        self.tokens: list[str] = []
        place = 0
        while place < len(text):
            match = _TOKEN.match(text, place)
            if match is None:
                raise Refused(f"syntax error near {text[place : place + 20]!r}")
            token = match[1] or match[2] or match[3] or match[4]
            if token:
                self.tokens.append(token)
            place = match.end()
        self.place = 0

    def peek(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self, expected: str = "") -> str:
        token = self.peek()
        if not token or (expected and token != expected):
            raise Refused(f"syntax error: expected {expected or 'more'}, got {token or 'the end'}")
        self.place += 1
        return token

    def document(self) -> Document:
        document = Document()
        while self.peek():
            word = self.take()
            if word == "{":  # the short form: one query without a name
                self.place -= 1
                document.operations[""] = Operation("query", {}, self.selection())
            elif word == "fragment":
                name = self.take()
                self.take("on")
                document.fragments[name] = Spread(on=self.take(), selection=self.selection())
            elif word in ("query", "mutation"):
                name = self.take()
                document.operations[name] = Operation(word, self.declarations(), self.selection())
            else:
                raise Refused(f"syntax error: {word} begins no operation with a name")
        return document

    def declarations(self) -> dict[str, tuple[str, bool, bool]]:
        found: dict[str, tuple[str, bool, bool]] = {}
        if self.peek() != "(":
            return found
        self.take("(")
        while self.peek() != ")":
            self.take("$")
            name = self.take()
            self.take(":")
            found[name] = self.kind()
        self.take(")")
        return found

    def kind(self) -> tuple[str, bool, bool]:
        is_list = self.peek() == "["
        if is_list:
            self.take("[")
        name = self.take()
        if is_list:
            if self.peek() == "!":
                self.take("!")
            self.take("]")
        is_required = self.peek() == "!"
        if is_required:
            self.take("!")
        return name, is_list, is_required

    def selection(self) -> list[Any]:
        self.take("{")
        found: list[Any] = []
        while self.peek() != "}":
            found.append(self.spread() if self.peek() == "..." else self.field())
        self.take("}")
        return found

    def spread(self) -> Spread:
        self.take("...")
        if self.peek() == "on":
            self.take("on")
            return Spread(on=self.take(), selection=self.selection())
        return Spread(name=self.take())

    def field(self) -> Field:
        alias = name = self.take()
        if self.peek() == ":":
            self.take(":")
            name = self.take()
        found = Field(name, alias, args=self.arguments())
        while self.peek() == "@":
            self.take("@")
            directive = self.take()
            found.directives[directive] = self.arguments()
        if self.peek() == "{":
            found.selection = self.selection()
        return found

    def arguments(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self.peek() == "(":
            self.take("(")
            while self.peek() != ")":
                name = self.take()
                self.take(":")
                found[name] = self.value()
            self.take(")")
        return found

    def value(self) -> Any:
        word = self.take()
        if word == "$":
            return Variable(self.take())
        if word == "[":
            things = []
            while self.peek() != "]":
                things.append(self.value())
            self.take("]")
            return things
        if word == "{":
            said = {}
            while self.peek() != "}":
                name = self.take()
                self.take(":")
                said[name] = self.value()
            self.take("}")
            return said
        if word[0] == '"':
            return word[1:-1]
        if word in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[word]
        return int(word) if word.lstrip("-").isdigit() else word


@lru_cache(maxsize=64)
def parsed(text: str) -> Document:
    """A document. Raises `Refused`."""
    return _Reader(text).document()


Root = Mapping[str, Callable[[dict[str, Any], dict[str, dict[str, Any]]], Any]]


class Execution:
    """One operation of a document with its variables."""

    def __init__(self, document: Document, name: str, variables: Mapping[str, Any]) -> None:
        if name not in document.operations:
            raise Refused(f"No operation named {name!r}")
        self.operation = document.operations[name]
        self.fragments = document.fragments
        self.variables = variables
        self._known: dict[int, dict[str, Any]] = {}
        _check(self.operation, variables)

    def run(self, root: Root) -> dict[str, Any]:
        """The `data`: each root field is resolved by `root[name](args, directives)` and cut to its selection."""
        data: dict[str, Any] = {}
        for one in self.operation.selection:
            resolve = root.get(one.name)
            if resolve is None:
                raise Refused(f"Field '{one.name}' doesn't exist on type 'QueryRoot'", "undefinedField")
            directives = {name: self._filled(args) for name, args in one.directives.items()}
            data[one.alias] = self._cut(resolve(self._filled(one.args), directives), one)
        return data

    def _filled(self, value: Any) -> Any:
        if isinstance(value, Variable):
            if value.name not in self.operation.variables:
                raise Refused(f"Variable ${value.name} is used but not declared", "variableNotDefined")
            return self.variables.get(value.name)
        if isinstance(value, dict):
            return {name: self._filled(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self._filled(one) for one in value]
        return value

    def _args(self, wanted: Field) -> dict[str, Any]:
        """The arguments of a field, filled once: a page asks the same of each of its things."""
        found = self._known.get(id(wanted))
        if found is None:
            found = self._known[id(wanted)] = self._filled(wanted.args)
        return found

    def _cut(self, value: Any, wanted: Field) -> Any:
        if callable(value):
            value = value(self._args(wanted))
        elif type(value) is Nodes:
            value = value.page(self._args(wanted))
        if type(value) is list:
            if wanted.args:
                value = value[: self._args(wanted).get("first", len(value))]
            return [self._whole(one, wanted) for one in value]
        return self._whole(value, wanted)

    def _whole(self, value: Any, wanted: Field) -> Any:
        if type(value) is not dict:
            return value
        if wanted.selection is None:
            raise Refused(f"Field must have selections (field '{wanted.name}')", "selectionMismatch")
        return self._project(value, wanted.selection)

    def _project(self, thing: dict[str, Any], selection: list[Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for one in selection:
            if type(one) is Field:
                try:
                    value = thing[one.name]
                except KeyError:
                    kind = thing.get("__typename", "?")
                    raise Refused(f"Field '{one.name}' doesn't exist on type '{kind}'", "undefinedField") from None
                kind = type(value)
                found[one.alias] = value if kind is str or kind is int or value is None else self._cut(value, one)
                continue
            spread = self.fragments.get(one.name) if one.name else one
            if spread is None:
                raise Refused(f"Fragment {one.name} was used, but not defined")
            if thing.get("__typename", spread.on) == spread.on or spread.on in thing.get("__interfaces", ()):
                found |= self._project(thing, spread.selection or [])
        return found


def _check(operation: Operation, variables: Mapping[str, Any]) -> None:
    for name in variables:
        if name not in operation.variables:
            raise Refused(f"Variable ${name} is not declared by the operation")
    for name, (kind, is_list, is_required) in operation.variables.items():
        value = variables.get(name)
        if value is None:
            if is_required:
                raise Refused(f"Variable ${name} of type {kind}! was provided invalid value", "INVALID_VARIABLE")
            continue
        things = value if is_list else [value]
        allowed = _KINDS.get(kind, (dict, str))
        if not isinstance(things, list) or not all(type(thing) in allowed for thing in things):
            raise Refused(f"Variable ${name} of type {kind} was provided invalid value", "INVALID_VARIABLE")
