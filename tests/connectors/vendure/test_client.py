"""What the client makes of every kind of answer that the Admin API, or something in between, may give."""

import contextlib
import json

import pytest

from apps.connectors.vendure import client
from apps.connectors.vendure.settings import VendureSettings
from apps.core.net import Reply
from apps.hub import errors


def reply(status=200, body=None, **headers):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, raw)


def refused(code, path="orders", **more):
    errors = [{"message": "no", "path": [path], "extensions": {"code": code}}]
    return reply(body={"errors": errors, "data": None, **more})


@pytest.mark.parametrize(
    ("answer", "error", "sent"),
    [
        (reply(429, {}, retry_after="2.0"), errors.RateLimited, False),
        (reply(500, b"oops"), errors.Transient, True),
        (reply(503, b"<html>"), errors.Transient, True),
        (reply(200, b"<!doctype html>"), errors.Transient, True),
        (reply(200, b""), errors.Transient, True),
        (reply(200, [1]), errors.Transient, True),
        (reply(200, {}), errors.Transient, True),
        (reply(200, {"data": None}), errors.Transient, True),
        (reply(401, {}), errors.Misconfigured, False),
        (reply(403, b"no"), errors.Misconfigured, False),
        (reply(404, {"message": "Cannot POST /admin"}), errors.Misconfigured, False),
        (reply(301, b""), errors.Permanent, False),
        (reply(413, b"too much"), errors.Permanent, False),
        (refused("FORBIDDEN"), errors.Misconfigured, False),
        (refused("UNAUTHORIZED"), errors.Misconfigured, False),
        (refused("CHANNEL_NOT_FOUND"), errors.Misconfigured, False),
        (refused("INTERNAL_SERVER_ERROR"), errors.Transient, True),
        (refused("ENTITY_NOT_FOUND"), client.NotFound, False),
        (refused("USER_INPUT_ERROR"), errors.Permanent, False),
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


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("orders", r"no \(the key is wrong, or its role lacks ReadOrder\)"),
        ("updateProductVariants", r"lacks UpdateProduct\)"),
        ("activeChannel", r"no \(the key is wrong\)"),
    ],
)
def test_the_right_that_is_missing_is_named(path, words):
    with pytest.raises(errors.Misconfigured, match=words):
        client._data("Orders", refused("FORBIDDEN", path))


def test_a_part_that_failed_fails_the_whole():
    with pytest.raises(errors.Misconfigured):
        client._data("Orders", refused("FORBIDDEN", data={"activeChannel": {"code": "x"}, "orders": None}))


def test_a_query_that_the_server_s_version_does_not_know_says_what():
    answer = reply(400, {"errors": [{"message": 'Cannot query field "orderPlacedQuantity" on type "OrderLine".'}]})
    with pytest.raises(errors.Permanent, match='Orders: Vendure answered 400: Cannot query field "orderPlacedQ'):
        client._data("Orders", answer)


@pytest.mark.parametrize(
    ("typed", "header", "value"),
    [
        ({"api_key": "a:b"}, "vendure-api-key", "a:b"),
        ({"session_token": "t"}, "authorization", "Bearer t"),
        ({"api_key": "a:b", "session_token": "t"}, "authorization", None),
        ({"channel_token": "b2b"}, "vendure-token", "b2b"),
        ({}, "vendure-token", None),
    ],
)
def test_who_asks_and_for_which_channel(stand, typed, header, value):
    address = f"{stand.url('vendure')}/admin-api"
    with contextlib.suppress(errors.Misconfigured):
        client.Client(VendureSettings(api_url=address, **typed)).call("Health")
    assert stand.heard[-1].headers.get(header) == value


def test_an_address_inside_the_house_is_refused_with_its_reason(settings):
    settings.PRIVATE_PEERS = []
    inside = client.Client(VendureSettings(api_url="http://127.0.0.1:9/admin-api", api_key="k"))
    with pytest.raises(errors.Misconfigured, match="an address inside your own network"):
        inside.call("Health")


def test_nothing_was_sent_when_nobody_listens(settings):
    settings.PRIVATE_PEERS = ["127.0.0.1:9"]
    nobody = client.Client(VendureSettings(api_url="http://127.0.0.1:9/admin-api", api_key="k"))
    with pytest.raises(errors.Transient) as caught:
        nobody.call("SetStock", {})
    assert caught.value.sent is False
