"""Every answer that is no answer has one of the hub's words, whatever its body, and no word shows a secret."""

import pytest
from msgspec.structs import replace

from apps.connectors.stripe.client import Refused
from apps.connectors.stripe.connector import StripeConnector
from apps.connectors.stripe.settings import StripeSettings
from apps.hub import contracts as c
from apps.hub import errors
from tests.connectors.stripe.conftest import API_KEY, CONNECTION


def test_no_key_is_misconfigured_before_anything_is_sent(settings_of_stripe, stand):
    with pytest.raises(errors.Misconfigured):
        StripeConnector(replace(settings_of_stripe, api_key=""), CONNECTION).check()
    assert stand.heard == []


def test_an_address_that_may_not_be_called_is_misconfigured(connector, settings):
    settings.PRIVATE_PEERS = []
    with pytest.raises(errors.Misconfigured):
        connector.check()


def test_the_key_is_never_in_what_stripe_is_quoted_with(scripted):
    with pytest.raises(errors.Permanent) as caught:
        scripted(400, {}, b'{"error": {"message": "bad key %b here"}}' % API_KEY.encode()).check()
    assert str(caught.value) == "bad key ••• here"


@pytest.mark.parametrize(
    ("status", "kind", "is_sent"),
    [
        (302, errors.Misconfigured, False),
        (400, Refused, False),
        (401, errors.Misconfigured, False),
        (402, Refused, False),
        (403, errors.Misconfigured, False),
        (404, Refused, False),
        (409, errors.Transient, True),
        (429, errors.RateLimited, False),
        (500, errors.Transient, True),
        (503, errors.Transient, True),
    ],
)
def test_every_status_has_one_word_whatever_its_body(scripted, status, kind, is_sent):
    for body in (b'{"error": {"message": "no", "type": "x"}}', b"<html>", b"", b"[]", b'{"error": 1}'):
        with pytest.raises(errors.VendorError) as caught:
            scripted(status, {}, body).check()
        assert (type(caught.value), caught.value.sent) == (kind, is_sent)


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("", None), ("soon", None), ("-1", None)])
def test_the_wait_that_stripe_asks_for_is_honoured(scripted, header, seconds):
    with pytest.raises(errors.RateLimited) as caught:
        scripted(429, {"Retry-After": header}, b"").check()
    assert caught.value.retry_after == seconds


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"{}", b'{"object": "payment_intent"}', b"\xff\xfe"])
def test_an_answer_that_is_no_payment_leaves_the_outcome_unknown(scripted, body):
    with pytest.raises(errors.Transient) as caught:
        scripted(200, {}, body).capture(c.CaptureRequest(provider_id="pi_1", amount_minor=1, currency="JPY"), "k")
    assert caught.value.sent


def test_no_answer_at_all_says_whether_the_request_had_left(scripted, settings):
    with pytest.raises(errors.Transient) as cut:
        scripted(0, {}, b"").check()
    settings.PRIVATE_PEERS = ["127.0.0.1:9"]
    nobody = StripeConnector(StripeSettings(api_key=API_KEY, api_base="http://127.0.0.1:9"), CONNECTION)
    with pytest.raises(errors.Transient) as refused:
        nobody.check()
    assert (cut.value.sent, refused.value.sent) == (True, False)


def test_what_is_fetched_is_missing_only_when_stripe_says_so(scripted):
    missing = b'{"error": {"code": "resource_missing", "message": "No such payment_intent"}}'
    assert scripted(404, {}, missing).fetch_payment("pi_1") is None
    with pytest.raises(errors.Permanent):
        scripted(404, {}, b"<html>not here").fetch_payment("pi_1")
