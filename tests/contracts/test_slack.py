"""Slack: connector and stand-in keep to our shape file. There is no machine-readable contract of the vendor's for webhooks."""

import json
from uuid import uuid4

import pytest

from apps.connectors.slack import codes
from apps.connectors.slack.settings import SlackSettings
from apps.core import net
from apps.hub import contracts as c
from apps.hub.registry import connect
from apps.sandbox.slack import KEY, PATH
from tests.connectors.stand import Stand
from tests.contracts import shape

SHAPE = shape.load("slack")


@pytest.fixture
def stand(tmp_path, settings):
    with Stand(tmp_path) as stand:
        settings.PRIVATE_PEERS = stand.peers()
        yield stand
        net.close()


def test_what_we_send_and_hear_keeps_to_the_shape(stand):
    base = stand.url("slack")
    connector = connect("slack", SlackSettings(base_url=base, webhook_url=f"{base}{PATH}/{KEY}"), uuid4())
    connector.tell(c.Notice(reference="shape-1", to="", subject="件名", text="本文\n" * 20_000), "key")
    connector.check()
    assert [(answer.status, answer.body) for answer in stand.answered] == [(200, codes.SAID), (400, "no_text")]
    for ask in stand.heard:
        name, _ = shape.operation(SHAPE["operations"], ask.method, ask.path)
        assert shape.problems(json.loads(ask.body), SHAPE["operations"][name]["sent"], closed=True) == []


def test_every_word_of_a_refusal_that_the_shape_names_is_sorted():
    (words,) = [fact for fact in SHAPE["facts"] if fact.startswith("A refusal is one plain word")]
    named = set(words.partition(": ")[2].replace("(", "").replace(")", "").replace(".", "").replace(",", "").split())
    known = {word for word in named if "_" in word} - {"invalid_payload", "rollup_error"}  # our fault, and theirs
    assert sorted(known - codes.OURS) == []


def test_the_shape_says_where_it_comes_from():
    assert [word for word in ("version", "read", "facts") if not SHAPE[word]] == []
