"""The stand-ins' reader of GraphQL: answers what is selected, refuses what it does not know."""

import pytest

from apps.sandbox.graphql import Execution, Nodes, Refused, parsed

TEAS = [{"__typename": "Tea", "name": f"tea {number}", "tags": ["a", "b"]} for number in range(5)]
ROOT = {
    "shop": lambda _args, _directives: {
        "__typename": "Shop",
        "name": "くろこ",
        "teas": Nodes(TEAS),
        "sold": lambda args: args,
    },
    "tea": lambda args, directives: {"args": str(args), "directives": str(directives)},
    "nothing": lambda _args, _directives: None,
}


def run(text, name="Q", **variables):
    return Execution(parsed(text), name, variables).run(ROOT)


def test_only_what_is_selected_is_answered():
    assert run("query Q { shop { name } nothing { name } }") == {"shop": {"name": "くろこ"}, "nothing": None}


def test_aliases_comments_and_commas():
    text = """
    # a comment
    query Q { mine: shop { called: name, } }
    """
    assert run(text) == {"mine": {"called": "くろこ"}}


def test_connections_page_by_page():
    text = "query Q($first: Int!, $after: String) { shop { teas(first: $first, after: $after)" \
        " { nodes { name } pageInfo { hasNextPage endCursor } } } }"  # fmt: skip
    seen, after = [], None
    while True:
        page = run(text, first=2, after=after)["shop"]["teas"]
        seen += [node["name"] for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert seen == [tea["name"] for tea in TEAS]


def test_fragments_by_name_and_by_type():
    text = """query Q { shop { ...Names teas(first: 1) { nodes { ... on Tea { name } ... on Cup { handle } } } } }
    fragment Names on Shop { name }"""
    assert run(text) == {"shop": {"name": "くろこ", "teas": {"nodes": [{"name": "tea 0"}]}}}


def test_arguments_and_directives_of_every_kind():
    text = 'mutation M($input: Input!, $key: String!) { tea(input: $input, kind: GREEN, n: -2, deep: {a: [1, "x", true, null]})' \
        " @idempotent(key: $key) { args directives } }"  # fmt: skip
    told = run(text, "M", input={"q": 1}, key="k")["tea"]
    assert told == {
        "args": str({"input": {"q": 1}, "kind": "GREEN", "n": -2, "deep": {"a": [1, "x", True, None]}}),
        "directives": str({"idempotent": {"key": "k"}}),
    }


@pytest.mark.parametrize(
    ("text", "variables", "words"),
    [
        ("query Q { shop { name", {}, "syntax error"),
        ("query Q { shop ; }", {}, "syntax error"),
        ("{ shop { name } }", {}, "No operation named 'Q'"),
        ("query P { shop { name } }", {}, "No operation named 'Q'"),
        ("query Q { moon { name } }", {}, "Field 'moon' doesn't exist"),
        ("query Q { shop { moon } }", {}, "Field 'moon' doesn't exist on type 'Shop'"),
        ("query Q { shop }", {}, "must have selections"),
        ("query Q { shop { ...Gone } }", {}, "Gone was used, but not defined"),
        ("query Q { shop { teas(first: 251) { nodes { name } } } }", {}, "1 to 250"),
        ("query Q { shop { teas { nodes { name } } } }", {}, "1 to 250"),
        ('query Q { shop { teas(first: 1, after: "?") { nodes { name } } } }', {}, "Invalid cursor"),
        ("query Q($n: Int!) { shop { name } }", {}, "of type Int!"),
        ("query Q($n: Int!) { shop { name } }", {"n": "1"}, "invalid value"),
        ("query Q($n: Int) { shop { name } }", {"n": True}, "invalid value"),
        ("query Q($n: [ID!]!) { shop { name } }", {"n": "1"}, "invalid value"),
        ("query Q { shop { name } }", {"n": 1}, "not declared"),
        ("query Q { shop { teas(first: $n) { nodes { name } } } }", {}, "not declared"),
    ],
)
def test_what_is_wrong_is_refused(text, variables, words):
    with pytest.raises(Refused) as caught:
        run(text, **variables)
    assert words in str(caught.value)
