"""LINE: connector and stand-in keep to our shape file, and the shape file says what the vendor's own file says."""

import json
from typing import Any
from uuid import UUID, uuid4

import jsonschema
import pytest

from apps.connectors.line import codes
from apps.connectors.line.settings import LineSettings
from apps.hub import contracts as c
from apps.hub import errors
from apps.hub.registry import connect
from apps.sandbox import line as standin
from tests.connectors.stand import Stand
from tests.contracts import shape
from tests.contracts.openapi import Merged, contract, said_of

SHAPE = shape.load("line")
OPERATIONS = SHAPE["operations"]
NOTICE = c.Notice(reference="shape-1", to=standin.HANAKO, subject="件名", text="本文\n" * 5000)


@pytest.fixture(scope="module")
def spoken(tmp_path_factory) -> list[tuple[str, Any, int, Any, dict[str, str]]]:
    """What the real connector asked and the real stand-in answered: (operation, sent, status, answered, headers)."""
    with pytest.MonkeyPatch.context() as patch, Stand(tmp_path_factory.mktemp("world")) as stand:
        patch.setattr("django.conf.settings.PRIVATE_PEERS", stand.peers())
        base = stand.url("line")
        connector = connect("line", LineSettings(base_url=base, channel_access_token=standin.KEY), uuid4())
        connector.tell(NOTICE, "key")
        connector.tell(NOTICE, "key")
        connector.check()
        with pytest.raises(errors.Misconfigured):
            connect("line", LineSettings(base_url=base, channel_access_token="x"), uuid4()).check()
        return [
            (
                shape.operation(OPERATIONS, ask.method, ask.path)[0], json.loads(ask.body) if ask.body else None,
                answer.status, answer.body, ask.headers,
            )
            for ask, answer in zip(stand.heard, stand.answered, strict=True)
        ]  # fmt: skip


def test_what_we_send_and_hear_keeps_to_the_shape(spoken):
    assert [(name, status) for name, _, status, _, _ in spoken] == [
        ("POST /v2/bot/message/push", 200), ("POST /v2/bot/message/push", 409), ("GET /v2/bot/info", 200),
        ("GET /v2/bot/info", 401),
    ]  # fmt: skip
    for name, sent, status, answered, headers in spoken:
        assert sent is None or shape.problems(sent, OPERATIONS[name]["sent"], closed=True) == []
        known = SHAPE["error"] if status >= 400 else OPERATIONS[name]["answered"]
        assert shape.problems(answered, known, closed=True) == []
        assert sent is None or str(UUID(headers["x-line-retry-key"])) == headers["x-line-retry-key"]


def test_both_sides_know_the_same_length():
    assert standin.MOST == codes.MOST == 5000
    assert OPERATIONS["POST /v2/bot/message/push"]["sent"]["messages[].text"].endswith(f"<={codes.MOST}")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return json.loads(contract(SHAPE["specification"]).read_text())


def test_the_shape_is_the_vendor_s(document):
    assert document["info"]["version"] == SHAPE["version"]
    merged = Merged(document)
    for name, known in OPERATIONS.items():
        sent, answered = merged.operation(name)
        for path, word in known["answered"].items():
            if not path.endswith("[]"):
                assert said_of(answered, path) == word, path
        for path, word in known["sent"].items():
            if path in ("to", "messages", "messages[].type"):
                assert said_of(sent, path) == word, path
    text = merged.schema({"$ref": "#/components/schemas/TextMessage"})
    assert said_of(text, "text") == "string!"
    error = merged.schema({"$ref": "#/components/schemas/ErrorResponse"})
    for path, word in SHAPE["error"].items():
        if not path.endswith("[]"):
            assert said_of(error, path) == word, path


def test_what_was_spoken_fits_the_vendor_s_own_schemas(document, spoken):
    merged = Merged(document)
    for name, sent, status, answered, _ in spoken:
        wanted, told = merged.operation(name)
        if sent is not None:
            jsonschema.validate(sent, wanted)
            jsonschema.validate(sent["messages"][0], merged.schema({"$ref": "#/components/schemas/TextMessage"}))
        schema = told if status < 400 else merged.schema({"$ref": "#/components/schemas/ErrorResponse"})
        jsonschema.validate(answered, schema)


def test_what_would_not_fit_is_seen(document):
    """The negative control."""
    merged = Merged(document)
    wanted, _ = merged.operation("POST /v2/bot/message/push")
    for wrong in ({"to": standin.HANAKO}, {"to": standin.HANAKO, "messages": []}, {"messages": [{"type": "text"}]}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, wanted)
    (parameter,) = document["paths"]["/v2/bot/message/push"]["post"]["parameters"]
    assert (parameter["name"], parameter["in"], parameter["schema"]["format"]) == ("X-Line-Retry-Key", "header", "uuid")


def test_the_shape_says_where_it_comes_from():
    assert [word for word in ("version", "read", "facts") if not SHAPE[word]] == []
