"""What the client makes of every kind of answer that the Admin API, or something in between, may give."""

import json

import pytest

from apps.connectors.shopify import client
from apps.connectors.shopify.settings import ShopifySettings
from apps.core.net import Reply
from apps.hub import errors


def reply(status=200, body=None, **headers):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, raw)


def refused(code, **more):
    return reply(body={"errors": [{"message": "no", "extensions": {"code": code}}], **more})


@pytest.mark.parametrize(
    ("answer", "error", "sent"),
    [
        (reply(429, {}, retry_after="2.0"), errors.RateLimited, False),
        (reply(430, {}), errors.RateLimited, False),
        (reply(500, b"oops"), errors.Transient, True),
        (reply(503, b"<html>"), errors.Transient, True),
        (reply(200, b"<!doctype html>"), errors.Transient, True),
        (reply(200, b""), errors.Transient, True),
        (reply(200, [1]), errors.Transient, True),
        (reply(200, {}), errors.Transient, True),
        (reply(200, {"data": None}), errors.Transient, True),
        (reply(401, {"errors": "[API] Invalid API key"}), errors.Misconfigured, False),
        (reply(402, {"errors": "frozen"}), errors.Misconfigured, False),
        (reply(403, b"no"), errors.Misconfigured, False),
        (reply(404, {"errors": "Not Found"}), errors.Misconfigured, False),
        (reply(423, {}), errors.Misconfigured, False),
        (reply(301, b""), errors.Permanent, False),
        (reply(400, {"errors": {"query": "Required parameter missing"}}), errors.Permanent, False),
        (reply(422, {"errors": ["one", {"message": "two"}]}), errors.Permanent, False),
        (refused("THROTTLED"), errors.RateLimited, False),
        (refused("ACCESS_DENIED"), client.Denied, False),
        (refused("SHOP_INACTIVE"), errors.Misconfigured, False),
        (refused("INTERNAL_SERVER_ERROR"), errors.Transient, True),
        (refused("TIMEOUT"), errors.Transient, True),
        (refused("undefinedField"), errors.Permanent, False),
        (refused("MAX_COST_EXCEEDED"), client.TooCostly, False),
        (reply(body={"errors": "just words"}), errors.Permanent, False),
        (reply(body={"errors": [{"message": "no code"}]}), errors.Permanent, False),
    ],
)
def test_an_answer_becomes_an_error(answer, error, sent):
    with pytest.raises(error) as caught:
        client._data("Orders", answer)
    assert (type(caught.value), getattr(caught.value, "sent", False)) == (error, sent)
    assert str(caught.value).startswith("Orders: ")


@pytest.mark.parametrize(("header", "seconds"), [("2.0", 2.0), ("10", 10.0), ("Mon, 23 Nov 2026", None), (None, None)])
def test_retry_after_is_honoured(header, seconds):
    headers = {"retry_after": header} if header else {}
    with pytest.raises(errors.RateLimited) as caught:
        client._data("Orders", reply(429, {}, **headers))
    assert caught.value.retry_after == seconds


def test_the_vendor_s_words_are_kept():
    with pytest.raises(errors.Permanent, match="Orders: Shopify answered 422: one; two"):
        client._data("Orders", reply(422, {"errors": ["one", {"message": "two"}]}))


def test_an_address_inside_the_house_is_refused_with_its_reason(settings):
    settings.PRIVATE_PEERS = []
    inside = client.Client(ShopifySettings(shop_url="http://127.0.0.1:9", access_token="t"))
    with pytest.raises(errors.Misconfigured, match="an address inside your own network"):
        inside.call("Order", {"id": "gid://shopify/Order/1"})


def test_nothing_was_sent_when_nobody_listens(settings):
    settings.PRIVATE_PEERS = ["127.0.0.1:9"]
    nobody = client.Client(ShopifySettings(shop_url="http://127.0.0.1:9", access_token="t"))
    with pytest.raises(errors.Transient) as caught:
        nobody.call("SetStock", {})
    assert caught.value.sent is False
