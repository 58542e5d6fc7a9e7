"""Slack on its stand-in: the suite of its ability, and how it is called and refused."""

import json
from uuid import uuid4

import pytest

from apps.connectors.slack.settings import SlackSettings
from apps.hub import contracts as c
from apps.hub import errors
from apps.hub.registry import connect, manifest
from apps.sandbox.slack import KEY, PATH
from tests.connectors.suites.notice import AWKWARD, NoticeSuite

WRONG = "wrongwrongwrongwrongwron"


def connected(stand, path: str, **more) -> object:
    base = stand.url("slack")
    return connect("slack", SlackSettings(base_url=base, webhook_url=f"{base}{path}", **more), uuid4())


@pytest.fixture
def connector(stand):
    return connected(stand, f"{PATH}/{KEY}")


class TestNoticeSuite(NoticeSuite):
    slug = "slack"

    @pytest.fixture
    def misconfigured(self, stand):
        return connected(stand, f"{PATH}/{WRONG}")

    @pytest.fixture
    def said(self, stand):
        return lambda: stand.told("slack/said")["said"]

    @pytest.fixture
    def busy(self, stand):
        return lambda: stand.told("misbehave", slug="slack", what="limited")

    @pytest.fixture
    def cut(self, stand):
        return lambda: stand.told("misbehave", slug="slack", what="cut")

    @pytest.fixture(params=[KEY, WRONG])
    def secret(self, request):
        return request.param


def notice(text: str = "本文", **more) -> c.Notice:
    return c.Notice(**{"reference": "r-1", "to": "", "subject": "件名", "text": text} | more)


def test_it_is_called_so(connector, stand):
    assert connector.tell(notice(), "key-1") == c.Sent(reference="r-1", external_id="")
    (ask,) = stand.heard
    assert (ask.method, ask.path, ask.query) == ("POST", f"{PATH}/{KEY}", {})
    assert json.loads(ask.body) == {"text": "*件名*\n本文", "unfurl_links": False, "unfurl_media": False}


def test_an_article_s_name_calls_nobody(connector, stand):
    connector.tell(notice(AWKWARD, subject="<!here> *sale*"), "key-2")
    assert stand.told("slack/said")["called"][-1] == []


@pytest.mark.parametrize("what", ["failed", "html", "garbage"])
def test_a_doubtful_answer_is_transient_and_perhaps_took_effect(connector, stand, what):
    stand.told("misbehave", slug="slack", what=what)
    with pytest.raises(errors.Transient) as caught:
        connector.tell(notice(), "key-3")
    assert (type(caught.value), caught.value.sent) == (errors.Transient, True)


@pytest.mark.parametrize(("path", "word"), [("/services/T9/B9/x", "no_service"), (f"{PATH}/{WRONG}", "invalid_token")])
def test_a_webhook_that_is_gone_asks_for_a_person_and_is_not_named(stand, path, word):
    with pytest.raises(errors.Misconfigured) as caught:
        connected(stand, path).tell(notice(), "key-4")
    assert str(caught.value) == f"the webhook does not work any more: {word}"


def test_a_webhook_of_another_host_is_not_called(stand):
    settings = SlackSettings(webhook_url=f"{stand.url('slack')}{PATH}/{KEY}")
    with pytest.raises(errors.Misconfigured, match=r"does not begin with https://hooks\.slack\.com/$"):
        connect("slack", settings, uuid4()).tell(notice(), "key-5")
    assert stand.heard == []


@pytest.mark.parametrize("peers", [[], ["127.0.0.1:1"]])
def test_no_error_of_the_network_names_the_address(stand, settings, peers):
    settings.PRIVATE_PEERS = peers
    base = "http://127.0.0.1:1"
    one = connect("slack", SlackSettings(base_url=base, webhook_url=f"{base}{PATH}/{KEY}"), uuid4())
    with pytest.raises(errors.VendorError) as caught:
        one.tell(notice(), "key-6")
    assert KEY not in f"{caught.value!r} {caught.value.__cause__!r}"
    assert caught.value.__suppress_context__


def test_its_health_says_nothing_in_the_channel(connector, stand):
    before = len(stand.told("slack/said")["said"])
    assert connector.check() == {"channel": "reachable"}
    assert len(stand.told("slack/said")["said"]) == before


@pytest.mark.parametrize("path", ["/services/T9/B9/x", f"{PATH}/{WRONG}"])
def test_its_health_misses_a_webhook_that_is_gone(stand, path):
    with pytest.raises(errors.Misconfigured):
        connected(stand, path).check()


def test_the_manifest_says_that_a_notice_may_come_twice():
    assert dict(manifest("slack").once) == {"notice.send": "neither"}
