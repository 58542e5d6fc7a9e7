"""Tokens, rates and refusals: what every call has in common."""

import json
from datetime import timedelta

import pytest

from apps.connectors.amazon import CONNECTOR, client, tokens
from apps.connectors.amazon.client import Client
from apps.connectors.amazon.connector import AmazonConnector
from apps.core import clock, net
from apps.hub import errors
from tests.connectors.amazon.conftest import CONNECTION, REFRESH, SECRET


def changed(account, **facts):
    return type(account)(**{name: getattr(account, name) for name in account.__struct_fields__} | facts)


def reply(status, body="", **headers):
    said = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return net.Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, said)


# Login with Amazon


def test_a_token_is_asked_for_once_and_kept(stand, account, asked):
    client.forget()
    connector = AmazonConnector(account, CONNECTION)
    connector.check()
    connector.check()

    login, *calls = asked()
    assert (login.method, login.path, login.headers["content-type"]) == (
        "POST", "/auth/o2/token", "application/x-www-form-urlencoded;charset=UTF-8",
    )  # fmt: skip
    assert sorted(part.partition("=")[0] for part in login.body.decode().split("&")) == [
        "client_id", "client_secret", "grant_type", "refresh_token",
    ]  # fmt: skip
    assert [ask.path for ask in calls] == ["/sellers/v1/marketplaceParticipations"] * 2


def test_a_token_is_asked_for_again_before_it_ends(account, asked, stand, monkeypatch):
    connector = AmazonConnector(account, CONNECTION)
    connector.check()
    stand.forget()
    now = clock.wall()
    for minutes, paths in ((57, 1), (58, 2)):
        monkeypatch.setattr(clock, "wall", lambda minutes=minutes: now + timedelta(minutes=minutes, seconds=30))
        connector.check()
        assert len(asked()) == paths
        stand.forget()


def test_a_token_that_ended_early_is_replaced_and_the_call_made_again(stand, connector, asked):
    stand.told("amazon/expire_tokens")
    connector.check()
    assert [ask.path for ask in asked()] == [
        "/sellers/v1/marketplaceParticipations", "/auth/o2/token", "/sellers/v1/marketplaceParticipations",
    ]  # fmt: skip


def test_another_account_has_a_token_of_its_own(account):
    first = tokens.access(account)
    with pytest.raises(errors.Misconfigured):
        tokens.access(changed(account, refresh_token="Atzr|another"))
    assert tokens.access(account) == first


@pytest.mark.parametrize(("field", "word"), [("client_secret", "invalid_client"), ("refresh_token", "invalid_grant")])
def test_a_login_that_is_refused_waits_for_a_person_and_tells_no_secret(account, field, word):
    with pytest.raises(errors.Misconfigured) as caught:
        tokens.access(changed(account, **{field: "Atzr|nonsense"}))
    assert str(caught.value) == f"Login with Amazon answered 400: {word}; connect the account again"
    assert [secret for secret in (REFRESH, SECRET, "nonsense") if secret in repr(caught.value)] == []


@pytest.mark.parametrize(
    ("fault", "error", "said"),
    [
        ("limited", errors.RateLimited, "Login with Amazon answered 429"),
        ("failed", errors.Transient, "Login with Amazon answered 500"),
        ("html", errors.Transient, "Login with Amazon answered something that is no token"),
        ("cut", errors.Transient, "Login with Amazon: "),
    ],
)
def test_a_login_that_fails_has_told_the_api_nothing(account, misbehave, fault, error, said):
    misbehave(fault)
    with pytest.raises(error, match=said) as caught:
        AmazonConnector(account, CONNECTION).check()
    assert (type(caught.value), caught.value.sent) == (error, False)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"access_token": "x"}', b'{"access_token": "x", "expires_in": "soon"}'])
def test_an_answer_that_is_no_token_is_asked_again(account, monkeypatch, body):
    monkeypatch.setattr(net, "request", lambda *_, **__: net.Reply(200, {}, body))
    with pytest.raises(errors.Transient):
        tokens.access(account)


# Rates


def test_each_kind_of_call_keeps_to_its_documented_rate_and_says_when_its_turn_is(account):
    slow = AmazonConnector(changed(account, pace=1.0, seller_id="A3CANARYSELLER"), CONNECTION)
    for _ in range(15):
        slow.check()
    with pytest.raises(errors.RateLimited, match="getMarketplaceParticipations: Amazon's rate is used up") as caught:
        slow.check()
    assert (caught.value.sent, 800 < caught.value.retry_after <= 940) == (False, True)


def test_a_rate_that_amazon_grants_counts_from_then_on(account, monkeypatch):
    speaker = Client(changed(account, pace=1.0))
    monkeypatch.setattr(speaker, "_send", lambda *_: reply(200, {}, x_amzn_ratelimit_limit="7.5"))
    speaker.get("getOrder", "/x", {})
    taken = []
    monkeypatch.setattr(client.pace, "take", lambda account, rate, **more: taken.append((rate, more["burst"])))
    speaker.get("getOrder", "/x", {})
    assert taken == [(7.5, 30)]


# Refusals


def said(code, message):
    return {"errors": [{"code": code, "message": message, "details": "never told on"}]}


@pytest.mark.parametrize(
    ("told", "error", "words"),
    [
        (reply(400, said("InvalidInput", "no")), errors.Permanent, "400: InvalidInput no"),
        (reply(404, said("NotFound", "gone")), client.NotThere, "404: NotFound gone"),
        (reply(403, said("Unauthorized", "role")), errors.Misconfigured, "403: Unauthorized role"),
        (reply(302, ""), errors.Misconfigured, "302"),
        (reply(413, "too much"), errors.Permanent, "413"),
        (reply(503, ""), errors.Transient, "503"),
    ],
)
def test_a_refusal_is_one_of_ours(told, error, words):
    found = client._refusal("x", told)
    assert (type(found), str(found)) == (error, f"x: Amazon answered {words}")


def test_when_to_come_back_is_read_or_worked_out():
    waits = [
        client._refusal("x", reply(429, "", **headers)).retry_after
        for headers in ({"retry_after": "3"}, {"x_amzn_ratelimit_limit": "0.5"}, {"retry_after": "soon"}, {})
    ]
    assert waits == [3.0, 2.0, None, None]


def test_a_write_that_is_not_answered_as_a_write_is_in_doubt(account, monkeypatch):
    speaker = Client(account)
    monkeypatch.setattr(speaker, "_send", lambda *_: reply(200, "<html>"))
    with pytest.raises(errors.Transient) as caught:
        speaker.post("confirmShipment", "/x", {})
    assert caught.value.sent


def test_an_address_inside_the_own_network_is_refused(account):
    with pytest.raises(errors.Misconfigured, match="inside your own network"):
        tokens.access(changed(account, token_url="http://127.0.0.1:1/token"))


# Health


def test_the_store_is_named(connector):
    assert connector.check() == {"store": "Sandbox store", "marketplace": "Amazon.co.jp", "state": "selling"}


def test_a_seller_that_is_not_in_the_marketplace_is_told_where_it_is(account):
    wrong = AmazonConnector(changed(account, marketplace_id="ATVPDKIKX0DER"), CONNECTION)
    with pytest.raises(errors.Misconfigured, match="the seller is not in ATVPDKIKX0DER, but in A1VC38T7YXB528"):
        wrong.check()


def test_the_account_s_secrets_are_kept_for_both_addresses():
    assert CONNECTOR.hosts == ("api_url", "token_url")
    assert set(CONNECTOR.secrets) == {"client_secret", "refresh_token", "hook_key", "hook_key_old"}
