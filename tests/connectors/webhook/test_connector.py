"""The connector on its stand-in, which verifies by the standard's own library: what leaves, and what an answer means."""

import base64
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import msgspec
import orjson
import pytest
from standardwebhooks import webhooks

from apps.connectors.webhook import mapping
from apps.connectors.webhook.connector import WebhookConnector
from apps.connectors.webhook.settings import WebhookSettings
from apps.core import clock
from apps.hub import errors
from tests.connectors.suites.calls import CallSuite
from tests.connectors.suites.facts import FactSuite, fact

SECRET = "whsec_" + base64.b64encode(b"canary-of-the-signing-secret-001").decode()
OTHER = "whsec_" + base64.b64encode(b"canary-of-another-signing-secret").decode()
# Published with the standard's libraries: secret, id, timestamp, body, signature.
VECTOR = (
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}',
    "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
)  # fmt: skip


@pytest.fixture
def settings_of_program(stand):
    stand.told("webhook/setup", secret=SECRET)
    stand.told("webhook/answer")
    return WebhookSettings(url=stand.url("webhook") + "/events", signing_secret=SECRET)


@pytest.fixture
def connector(settings_of_program):
    return WebhookConnector(settings_of_program, uuid4())


@pytest.fixture
def taken(stand, connector):
    before = len(stand.told("webhook/count")["events"])
    return lambda: [id for id, _topic in stand.told("webhook/count")["events"][before:]]


class TestFactSuite(FactSuite):
    slug = "webhook"


class TestCallSuite(CallSuite):
    @pytest.fixture
    def misconfigured(self, settings_of_program):
        return WebhookConnector(msgspec.structs.replace(settings_of_program, signing_secret=""), uuid4())

    @pytest.fixture
    def misbehave(self, stand):
        return lambda what: stand.told("misbehave", slug="webhook", what=what)

    @pytest.fixture
    def call(self):
        return lambda one: one.tell(fact(str(uuid4())), "key")

    @pytest.fixture
    def secret(self):
        return SECRET.removeprefix("whsec_")

    @pytest.mark.parametrize("fault", ["failed", "cut"])
    def test_a_doubtful_answer_is_transient_and_perhaps_took_effect(self, connector, misbehave, call, fault):
        """What the body of a 2xx says is nobody's business here: a page of HTML is success."""
        super().test_a_doubtful_answer_is_transient_and_perhaps_took_effect(connector, misbehave, call, fault)

    def test_no_secret_reaches_a_log_or_an_error(self, connector, misconfigured, misbehave, call, secret, caplog):
        for fault in ("failed", "cut"):
            misbehave(fault)
            with pytest.raises(errors.VendorError) as caught:
                call(connector)
            assert secret not in f"{caught.value!r} {caught.value} {caught.value.__cause__!r}" + caplog.text


def test_the_body_is_thin_and_the_same_on_each_try():
    first, again = mapping.body(fact("f")), mapping.body(fact("f"))
    assert first == again
    assert orjson.loads(first) == {
        "type": "order.placed",
        "timestamp": "2026-11-23T01:02:03+00:00",
        "data": {"kind": "order", "id": "o-1", "sequence": 1, "number": "K-1", "total_minor": 1200, "currency": "JPY"},
    }


def test_it_signs_as_the_standard_says():
    secret, id, at, body, signature = VECTOR
    told = mapping.headers(id, body, [secret], at=datetime.fromtimestamp(at, UTC))
    assert (told["webhook-id"], told["webhook-timestamp"], told["webhook-signature"]) == (id, str(at), signature)


def test_a_former_secret_signs_beside_the_new_one_until_its_end(settings_of_program):
    now = clock.wall()
    both = msgspec.structs.replace(
        settings_of_program, signing_secret=OTHER, former_secret=SECRET, former_until=now + timedelta(minutes=1)
    )
    told = mapping.headers("f", b"{}", mapping.secrets_at(both, now), at=now)
    for one in (SECRET, OTHER):
        webhooks.Webhook(one).verify(b"{}", told)
    later = now + timedelta(minutes=1)
    told = mapping.headers("f", b"{}", mapping.secrets_at(both, later), at=now)
    with pytest.raises(webhooks.WebhookVerificationError):
        webhooks.Webhook(SECRET).verify(b"{}", told)


def test_another_secret_is_refused_by_the_program_and_tried_again(connector, stand, taken):
    stand.told("webhook/setup", secret=OTHER)
    with pytest.raises(errors.Transient):
        connector.tell(fact("f"), "key")
    assert taken() == []


@pytest.mark.parametrize("secret", ["whsec_", "whsec_???", "é"])
def test_a_secret_that_is_none_is_misconfigured(settings_of_program, secret):
    wrong = msgspec.structs.replace(settings_of_program, signing_secret=secret)
    with pytest.raises(errors.Misconfigured):
        WebhookConnector(wrong, uuid4()).tell(fact("f"), "key")


def test_a_redirect_is_not_followed_wherever_it_leads(connector, stand):
    stand.forget()
    stand.told("webhook/answer", status=307, where=stand.url("webhook") + "/elsewhere")
    with pytest.raises(errors.Misconfigured) as caught:
        connector.tell(fact("f"), "key")
    assert (str(caught.value).split(":")[0], [ask.path for ask in stand.heard]) == (
        "the program answers 307, a redirect, which is not followed", ["/events"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("status", "error"),
    [(410, errors.Misconfigured), (404, errors.Transient), (500, errors.Transient), (429, errors.RateLimited)],
)
def test_what_an_answer_means(connector, stand, status, error):
    stand.told("webhook/answer", status=status)
    with pytest.raises(errors.VendorError) as caught:
        connector.tell(fact("f"), "key")
    assert type(caught.value) is error
