"""LINE on its stand-in: the suite of its ability, and how each operation is called, parsed and refused."""

import json
from uuid import UUID, uuid4

import pytest

from apps.connectors.line.client import retry_key
from apps.connectors.line.settings import LineSettings
from apps.hub import contracts as c
from apps.hub import errors
from apps.hub.registry import connect, manifest
from apps.sandbox.line import HANAKO, KEY
from tests.connectors.suites.notice import NoticeSuite

WRONG = "wrong-but-secret"


@pytest.fixture
def connector(stand):
    stand.told("line/month", used_up=False)
    return connect("line", LineSettings(base_url=stand.url("line"), channel_access_token=KEY), uuid4())


class TestNoticeSuite(NoticeSuite):
    slug = "line"
    to = HANAKO

    @pytest.fixture
    def misconfigured(self, stand):
        return connect("line", LineSettings(base_url=stand.url("line"), channel_access_token=WRONG), uuid4())

    @pytest.fixture
    def said(self, stand):
        return lambda: stand.told("line/said", to=HANAKO)["said"]

    @pytest.fixture
    def busy(self, stand):
        return lambda: stand.told("misbehave", slug="line", what="limited")

    @pytest.fixture
    def cut(self, stand):
        return lambda: stand.told("misbehave", slug="line", what="cut")

    @pytest.fixture(params=[KEY, WRONG])
    def secret(self, request):
        return request.param


def notice(text: str = "本文", **more) -> c.Notice:
    return c.Notice(**{"reference": "r-1", "to": HANAKO, "subject": "件名", "text": text} | more)


def test_it_is_called_so(connector, stand):
    sent = connector.tell(notice(), "key-call")
    (ask,) = stand.heard
    assert (ask.method, ask.path, ask.query, ask.headers["x-line-retry-key"]) == (
        "POST", "/v2/bot/message/push", {}, retry_key("key-call"),
    )  # fmt: skip
    assert json.loads(ask.body) == {"to": HANAKO, "messages": [{"type": "text", "text": "件名\n本文"}]}
    assert (sent.reference, sent.external_id.isdigit()) == ("r-1", True)


def test_a_key_is_a_uuid_of_its_own():
    assert len({retry_key(key) for key in ("notice.send:a", "notice.send:b", "notice.send:a")}) == 2
    assert str(UUID(retry_key("notice.send:a"))) == retry_key("notice.send:a")


def test_what_was_cut_off_is_said_once_by_the_same_key(connector, stand):
    before = len(stand.told("line/said")["said"])
    stand.told("misbehave", slug="line", what="cut")
    with pytest.raises(errors.Transient) as caught:
        connector.tell(notice(), "key-cut")
    again = connector.tell(notice(), "key-cut")
    assert (caught.value.sent, stand.answered[-1].status) == (True, 409)
    assert (again.reference, again.external_id.isdigit()) == ("r-1", True)
    assert len(stand.told("line/said")["said"]) - before == 1


@pytest.mark.parametrize("what", ["failed", "html", "garbage"])
def test_a_doubtful_answer_is_transient_and_perhaps_took_effect(connector, stand, what):
    stand.told("misbehave", slug="line", what=what)
    with pytest.raises(errors.Transient) as caught:
        connector.tell(notice(), f"key-{what}")
    assert (type(caught.value), caught.value.sent) == (errors.Transient, True)


def test_a_month_that_is_used_up_waits_for_a_person(connector, stand):
    stand.told("line/month", used_up=True)
    with pytest.raises(errors.Permanent, match="You have reached your monthly limit"):
        connector.tell(notice(), "key-month")


def test_somebody_who_is_nobody_is_not_asked_for(connector, stand):
    with pytest.raises(errors.Permanent, match="no ID of a LINE user"):
        connector.tell(notice(to="hanako"), "key-nobody")
    assert stand.heard == []


def test_its_health_names_the_account(connector):
    assert connector.check() == {"account": "青葉堂"}


def test_the_manifest_says_how_long_a_key_lives():
    told = manifest("line")
    assert (dict(told.once), told.keys_live.total_seconds()) == ({"notice.send": "key"}, 24 * 3600)
