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
    GraphQLUnionType,
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


_SCALARS: dict[str, type] = {"Int": int, "Boolean": bool}


class _Used(Visitor):
    """Collects (type, field) with the arguments that were given, inputs and directives."""

    def __init__(self, info: TypeInfo) -> None:
        super().__init__()
        self.info = info
        self.types: dict[str, dict[str, Any]] = {}
        self.answers: set[str] = set()
        self.inputs: set[str] = set()
        self.directives: dict[str, dict[str, str]] = {}

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        parent, found = self.info.get_parent_type(), self.info.get_field_def()
        assert found is not None
        self.answers.add(get_named_type(found.type).name)
        if node.name.value == "__typename":
            return
        assert parent is not None
        args = {one.name.value: str(found.args[one.name.value].type) for one in node.arguments or ()}
        self.inputs |= {get_named_type(found.args[name].type).name for name in args}
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
    """{types: {type: {field: "(arg: Kind): Kind"}}, interfaces, implements: {type: [interface]}, inputs, directives}, and
    {unions: {union: [type]}} where there are any: all of a union's types, for any of them may be answered.
    """
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
    unions = {
        name: sorted(one.name for one in kind.types)
        for name, kind in sorted(schema.type_map.items())
        if isinstance(kind, GraphQLUnionType) and name in used.answers
    }
    for one in {one for names in unions.values() for one in names}:
        above = {each.name for each in schema.type_map[one].interfaces} & set(used.types)
        if above:
            implements[one] = sorted(set(implements.get(one, ())) | above)
    return {
        "types": {
            name: {field: _said(said) for field, said in sorted(fields.items())}
            for name, fields in sorted(used.types.items())
        },
        "interfaces": sorted(n for n in used.types if isinstance(schema.type_map[n], GraphQLInterfaceType)),
        "implements": dict(sorted(implements.items())),
        "inputs": dict(sorted(inputs.items())),
        "directives": used.directives,
    } | ({"unions": unions} if unions else {})


def _said(field: Mapping[str, Any]) -> str:
    args = ", ".join(f"{name}: {kind}" for name, kind in sorted(field["args"].items()))
    return f"({args}): {field['type']}" if args else field["type"]


def schema_of(shape: Mapping[str, Any]) -> GraphQLSchema:
    """A schema with what the shape says and nothing else; every scalar and enum of the vendor's is an open scalar."""
    interfaces, roots = set(shape["interfaces"]), {"QueryRoot": "query", "Query": "query", "Mutation": "mutation"}
    unions = shape.get("unions", {})
    members = {one for names in unions.values() for one in names} - set(shape["types"])
    known = set(shape["types"]) | set(shape["inputs"]) | set(unions)
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
    for name in sorted(members):
        behind = [one for one in shape["implements"].get(name, ()) if one in shape["types"]]
        fields = {field: kind for one in behind for field, kind in shape["types"][one].items()} or {"id": "ID"}
        rows = [f"  {field}: {named(kind)}" for field, kind in fields.items()]
        above_it = f" implements {' & '.join(behind)}" if behind else ""
        lines.append(f"type {name}{above_it} {{\n" + "\n".join(rows) + "\n}")
    lines += [f"union {name} = {' | '.join(names)}" for name, names in unions.items()]
    for name in sorted(above - set(shape["types"])):
        lines.append(f"interface {name} {{ id: ID }}")
    for name, args in shape["directives"].items():
        said = ", ".join(f"{arg}: {named(kind)}" for arg, kind in args.items())
        lines.append(f"directive @{name}({said}) on FIELD")
    lines += [f"scalar {name}" for name in sorted(scalars)]
    starts = [f"  {word}: {name}" for name, word in roots.items() if name in shape["types"]]
    lines.append("schema {\n" + "\n".join(starts) + "\n}")
    return build_schema("\n".join(lines), assume_valid=True)


def answer_faults(
    schema: GraphQLSchema, text: str, data: Mapping[str, Any], *, scalars: Mapping[str, type] | None = None
) -> list[str]:
    """Where an answer is not what the schema promises for the document: nulls, lists, kinds, missing or extra fields.

    `scalars`: what the vendor's own scalars are in JSON, where they are no texts.
    """
    document = parse(text)
    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
    operation = next(one for one in document.definitions if not isinstance(one, FragmentDefinitionNode))
    root = schema.query_type if operation.operation.value == "query" else schema.mutation_type
    faults: list[str] = []
    _Checked(schema, fragments, faults, _SCALARS | dict(scalars or {})).thing(root, operation.selection_set, data, "")
    return faults


class _Checked:
    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDefinitionNode],
        faults: list[str],
        scalars: Mapping[str, type],
    ) -> None:
        self.schema, self.fragments, self.faults, self.scalars = schema, fragments, faults, scalars

    def thing(self, kind: Any, selection: SelectionSetNode, data: Any, path: str) -> None:
        if not isinstance(data, dict):
            self.faults.append(f"{path}: {data!r} is no object")
            return
        if isinstance(kind, GraphQLUnionType):
            known = {one.name: one for one in kind.types}
            if data.get("__typename") not in known:
                self.faults.append(f"{path}: {data.get('__typename')} is none of {kind.name}")
                return
            kind = known[data["__typename"]]
        left = set(data) - {"__typename"}
        for owner, field in self._fields(kind, selection):
            if field.name.value == "__typename":
                continue
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
            if isinstance(kind, GraphQLObjectType) and owner is not kind:
                if owner not in kind.interfaces:
                    continue  # a part of the union that this answer is not
                owner = kind
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
        elif not self._fits(kind.name, data):
            self.faults.append(f"{path}: {data!r} is no {print_ast(field)} of kind {kind.name}")

    def _fits(self, kind: str, data: Any) -> bool:
        if kind == "Float":
            return type(data) in (int, float)
        return isinstance(data, wanted := self.scalars.get(kind, str)) and (wanted is not int or type(data) is int)
