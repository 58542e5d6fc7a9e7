"""What a GraphQL vendor's schema says of exactly the fields, arguments and inputs that our documents use.

`drawn` makes the small shape from documents and a schema, `schema_of` a schema from a shape, so that documents and answers
can be checked where the vendor's own schema is not at hand.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from graphql import (
    DirectiveNode,
    FieldNode,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    TypeInfo,
    TypeInfoVisitor,
    VariableDefinitionNode,
    Visitor,
    build_schema,
    get_named_type,
    parse,
    print_ast,
    validate,
    visit,
)
from graphql.language import FragmentDefinitionNode, InlineFragmentNode, SelectionSetNode

BUILT_IN = {"Int", "Float", "String", "Boolean", "ID"}


@lru_cache(maxsize=2)
def vendor_schema(path: Path) -> GraphQLSchema:
    """A vendor's SDL; assumed valid, for vendors bend the rules of names."""
    return build_schema(path.read_text(), assume_valid=True)


def faults_of(schema: GraphQLSchema, documents: Mapping[str, str]) -> list[str]:
    """What is wrong with each document."""
    return [f"{name}: {error.message}" for name, text in documents.items() for error in validate(schema, parse(text))]


class _Used(Visitor):
    """Collects (type, field) with the arguments that were given, inputs and directives."""

    def __init__(self, info: TypeInfo) -> None:
        super().__init__()
        self.info = info
        self.types: dict[str, dict[str, Any]] = {}
        self.inputs: set[str] = set()
        self.directives: dict[str, dict[str, str]] = {}

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        parent, found = self.info.get_parent_type(), self.info.get_field_def()
        assert parent is not None
        assert found is not None
        args = {one.name.value: str(found.args[one.name.value].type) for one in node.arguments or ()}
        fields = self.types.setdefault(parent.name, {})
        known = fields.setdefault(node.name.value, {"type": str(found.type), "args": {}})
        known["args"] |= args  # several documents may give different ones

    def enter_variable_definition(self, node: VariableDefinitionNode, *_: Any) -> None:
        kind = self.info.get_input_type()
        if kind is not None:
            self.inputs.add(get_named_type(kind).name)

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        found = self.info.get_directive()
        assert found is not None
        self.directives[node.name.value] = {name: str(one.type) for name, one in found.args.items()}


def drawn(schema: GraphQLSchema, documents: Iterable[str]) -> dict[str, Any]:
    """{types: {type: {field: "(arg: Kind): Kind"}}, interfaces, implements: {type: [interface]}, inputs, directives}."""
    info = TypeInfo(schema)
    used = _Used(info)
    for text in documents:
        visit(parse(text), TypeInfoVisitor(info, used))
    inputs: dict[str, dict[str, str]] = {}
    waiting = sorted(used.inputs)
    while waiting:
        kind = schema.type_map[waiting.pop()]
        if isinstance(kind, GraphQLInputObjectType) and kind.name not in inputs:
            inputs[kind.name] = {name: str(one.type) for name, one in kind.fields.items()}
            waiting += [get_named_type(one.type).name for one in kind.fields.values()]
    implements = {}
    for name in used.types:
        kind = schema.type_map[name]
        if isinstance(kind, GraphQLObjectType):
            above = sorted(one.name for one in kind.interfaces if one.name in used.types or one.name == "Node")
            if above:
                implements[name] = above
    return {
        "types": {
            name: {field: _said(said) for field, said in sorted(fields.items())}
            for name, fields in sorted(used.types.items())
        },
        "interfaces": sorted(n for n in used.types if isinstance(schema.type_map[n], GraphQLInterfaceType)),
        "implements": dict(sorted(implements.items())),
        "inputs": dict(sorted(inputs.items())),
        "directives": used.directives,
    }


def _said(field: Mapping[str, Any]) -> str:
    args = ", ".join(f"{name}: {kind}" for name, kind in sorted(field["args"].items()))
    return f"({args}): {field['type']}" if args else field["type"]


def schema_of(shape: Mapping[str, Any]) -> GraphQLSchema:
    """A schema with what the shape says and nothing else; every scalar and enum of the vendor's is an open scalar."""
    interfaces, roots = set(shape["interfaces"]), {"QueryRoot": "query", "Mutation": "mutation"}
    known = set(shape["types"]) | set(shape["inputs"])
    above = {one for names in shape["implements"].values() for one in names}
    lines, scalars = [], set()

    def named(text: str) -> str:
        bare = text.strip("[]!")
        if bare not in known and bare not in above and bare not in BUILT_IN:
            scalars.add(bare)
        return text

    for name, fields in shape["types"].items():
        rows = []
        for field, said in fields.items():
            for kind in re.findall(r":? ?([\[\]!\w]+)(?:[,)]|$)", said):
                named(kind)
            rows.append(f"  {field}{'' if said.startswith('(') else ': '}{said}")
        word = "interface" if name in interfaces else "type"
        behind = " & ".join(shape["implements"].get(name, ()))
        lines.append(f"{word} {name}{f' implements {behind}' if behind else ''} {{\n" + "\n".join(rows) + "\n}")
    for name, fields in shape["inputs"].items():
        lines.append(
            f"input {name} {{\n" + "\n".join(f"  {field}: {named(kind)}" for field, kind in fields.items()) + "\n}"
        )
    for name in sorted(above - set(shape["types"])):
        lines.append(f"interface {name} {{ id: ID }}")
    for name, args in shape["directives"].items():
        said = ", ".join(f"{arg}: {named(kind)}" for arg, kind in args.items())
        lines.append(f"directive @{name}({said}) on FIELD")
    lines += [f"scalar {name}" for name in sorted(scalars)]
    starts = [f"  {word}: {name}" for name, word in roots.items() if name in shape["types"]]
    lines.append("schema {\n" + "\n".join(starts) + "\n}")
    return build_schema("\n".join(lines), assume_valid=True)


def answer_faults(schema: GraphQLSchema, text: str, data: Mapping[str, Any]) -> list[str]:
    """Where an answer is not what the schema promises for the document: nulls, lists, kinds, missing or extra fields."""
    document = parse(text)
    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
    operation = next(one for one in document.definitions if not isinstance(one, FragmentDefinitionNode))
    root = schema.query_type if operation.operation.value == "query" else schema.mutation_type
    faults: list[str] = []
    _Checked(schema, fragments, faults).thing(root, operation.selection_set, data, "")
    return faults


class _Checked:
    def __init__(
        self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode], faults: list[str]
    ) -> None:
        self.schema, self.fragments, self.faults = schema, fragments, faults

    def thing(self, kind: Any, selection: SelectionSetNode, data: Any, path: str) -> None:
        if not isinstance(data, dict):
            self.faults.append(f"{path}: {data!r} is no object")
            return
        left = set(data)
        for owner, field in self._fields(kind, selection):
            name = field.alias.value if field.alias else field.name.value
            if name in data:
                left.discard(name)
                self.value(owner.fields[field.name.value].type, field, data[name], f"{path}.{name}")
            elif owner is kind and not isinstance(kind, GraphQLInterfaceType):
                self.faults.append(f"{path}.{name} is missing")
        self.faults += [f"{path}.{name} was not asked for" for name in sorted(left)]

    def _fields(self, kind: Any, selection: SelectionSetNode) -> Iterable[tuple[Any, FieldNode]]:
        for one in selection.selections:
            if isinstance(one, FieldNode):
                yield kind, one
                continue
            fragment = one if isinstance(one, InlineFragmentNode) else self.fragments[one.name.value]
            condition = fragment.type_condition
            owner = self.schema.type_map[condition.name.value] if condition else kind
            yield from self._fields(owner, fragment.selection_set)

    def value(self, kind: Any, field: FieldNode, data: Any, path: str) -> None:
        if isinstance(kind, GraphQLNonNull):
            if data is None:
                self.faults.append(f"{path} is null and must not be")
                return
            kind = kind.of_type
        if data is None:
            return
        if isinstance(kind, GraphQLList):
            if not isinstance(data, list):
                self.faults.append(f"{path}: {data!r} is no list")
                return
            for number, one in enumerate(data):
                self.value(kind.of_type, field, one, f"{path}[{number}]")
        elif field.selection_set:
            self.thing(kind, field.selection_set, data, path)
        elif not _fits(kind.name, data):
            self.faults.append(f"{path}: {data!r} is no {print_ast(field)} of kind {kind.name}")


def _fits(kind: str, data: Any) -> bool:
    if kind == "Int":
        return type(data) is int
    if kind == "Float":
        return type(data) in (int, float)
    if kind == "Boolean":
        return type(data) is bool
    return type(data) is str
