"""What the client makes of every kind of answer that a shop, its plugins or something in between may give."""

import json

import pytest

from apps.connectors.woocommerce import client
from apps.connectors.woocommerce.settings import WooCommerceSettings
from apps.core import pace
from apps.core.net import Reply
from apps.hub import errors


def reply(status=200, body=None, **headers):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, raw)


def refused(status, code, message="no"):
    return reply(status, {"code": code, "message": message, "data": {"status": status}})


@pytest.mark.parametrize(
    ("answer", "error", "sent"),
    [
        (reply(429, {}, retry_after="2.0"), errors.RateLimited, False),
        (reply(500, b"oops"), errors.Transient, True),
        (refused(500, "internal_server_error", "There has been a critical error"), errors.Transient, True),
        (reply(503, b"<html>Briefly unavailable for scheduled maintenance"), errors.Transient, True),
        (reply(200, b"<!doctype html>"), errors.Transient, True),
        (reply(200, b"<br />\n<b>Warning</b>: Undefined array key {}"), errors.Transient, True),
        (reply(200, b""), errors.Transient, True),
        (refused(401, "woocommerce_rest_cannot_view"), errors.Misconfigured, False),
        (refused(403, "woocommerce_rest_cannot_edit"), errors.Misconfigured, False),
        (reply(403, b"<html>a firewall"), errors.Misconfigured, False),
        (reply(301, b"", location="https://www.example.com/"), errors.Misconfigured, False),
        (refused(404, "rest_no_route"), errors.Misconfigured, False),
        (reply(404, b"<html>not found"), errors.Misconfigured, False),
        (refused(404, "woocommerce_rest_shop_order_invalid_id"), client.Refused, False),
        (refused(400, "rest_invalid_param"), client.Refused, False),
        (refused(413, "woocommerce_rest_request_entity_too_large"), client.Refused, False),
        (reply(400, b"<html>"), client.Refused, False),
        (reply(422, ["a", "list"]), client.Refused, False),
    ],
)
def test_an_answer_becomes_an_error(answer, error, sent):
    with pytest.raises(error) as caught:
        client._data("GET /orders", answer)
    assert (type(caught.value), caught.value.sent) == (error, sent)
    assert str(caught.value).startswith("GET /orders: ")


def test_a_refusal_waits_for_a_person_with_the_vendor_s_words():
    with pytest.raises(errors.Permanent, match="POST /x: WooCommerce answered 400: Invalid parameter") as caught:
        client._data("POST /x", refused(400, "rest_invalid_param", "Invalid parameter(s): status"))
    assert (caught.value.status, caught.value.word) == (400, "rest_invalid_param")


@pytest.mark.parametrize(("header", "seconds"), [("2.0", 2.0), ("10", 10.0), ("Mon, 23 Nov 2026", None), (None, None)])
def test_retry_after_is_honoured(header, seconds):
    headers = {"retry_after": header} if header else {}
    with pytest.raises(errors.RateLimited) as caught:
        client._data("GET /orders", reply(429, {}, **headers))
    assert caught.value.retry_after == seconds


def test_what_is_not_there_is_none_and_a_wrong_address_is_not(connector, stand):
    assert connector._client.find("/orders/1") is None
    elsewhere = client.Client(WooCommerceSettings(shop_url=stand.url("woocommerce") + "/blog", consumer_key="k"))
    with pytest.raises(errors.Misconfigured, match="no REST API of WooCommerce at this address"):
        elsewhere.find("/orders/1")


@pytest.mark.parametrize(
    ("rows", "total", "offset", "is_last"),
    [
        (100, None, 0, False), (99, None, 0, True), (100, 100, 0, True), (100, 101, 0, False), (98, 120, 0, False),
        (21, 120, 99, True), (0, 0, 0, True),
    ],
)  # fmt: skip
def test_a_page_knows_whether_it_is_the_last(rows, total, offset, is_last):
    assert client.Page([{}] * rows, total).is_last(offset=offset) is is_last


def test_an_address_inside_the_house_is_refused_with_its_reason(settings):
    settings.PRIVATE_PEERS = []
    inside = client.Client(WooCommerceSettings(shop_url="http://127.0.0.1:9"))
    with pytest.raises(errors.Misconfigured, match="an address inside your own network"):
        inside.call("GET", "/orders/1")


def test_nothing_was_sent_when_nobody_listens(settings):
    settings.PRIVATE_PEERS = ["127.0.0.1:9"]
    nobody = client.Client(WooCommerceSettings(shop_url="http://127.0.0.1:9"))
    with pytest.raises(errors.Transient) as caught:
        nobody.call("POST", "/orders/1/notes", body={})
    assert caught.value.sent is False


def test_a_shop_is_asked_no_faster_than_its_settings_say(stand, settings_of_shop, monkeypatch):
    taken = []
    monkeypatch.setattr(pace, "take", lambda account, speed: taken.append((account, speed)))
    slow = client.Client(WooCommerceSettings(shop_url=settings_of_shop.shop_url, calls_a_second=0.5))
    with pytest.raises(errors.Misconfigured):
        slow.find("/orders/1")
    client.Client(settings_of_shop).find("/orders/1")
    account = f"woocommerce {settings_of_shop.shop_url}/wp-json/wc/v3"
    assert taken == [(account, 0.5), (account, 0)]


# Health


def test_a_healthy_shop_says_what_it_is(connector, asked, settings_of_shop):
    host = settings_of_shop.shop_url.removeprefix("http://").partition("/")[0]
    assert connector.check() == {"shop": host, "currency": "JPY"}
    assert [(method, path, query) for method, path, query, _ in asked()] == [
        ("GET", "/data/currencies/current", {}),
        ("GET", "/settings/products/woocommerce_manage_stock", {}),
        ("GET", "/webhooks", {"per_page": "100", "status": "disabled"}),
    ]


def test_wrong_keys_and_what_a_person_must_switch_on_are_told(connector, misconfigured, stand):
    with pytest.raises(errors.Misconfigured, match="401: Sorry, you cannot list resources"):
        misconfigured.check()
    stand.told("woocommerce/setup", manage_stock="no")
    with pytest.raises(errors.Misconfigured, match="the shop manages no stock"):
        connector.check()
    stand.told("woocommerce/setup", manage_stock="yes")


def test_a_webhook_that_the_shop_has_given_up_is_told(connector, stand):
    ours = {"url": f"http://127.0.0.1:1/hooks/{connector.connection_id}/"}
    stand.told("hooks", woocommerce=ours)
    stand.told("woocommerce/setup", webhook_status="disabled")
    with pytest.raises(errors.Misconfigured, match="switched off webhooks after failures: Kurogo orders"):
        connector.check()
    stand.told("hooks", woocommerce={"url": "http://127.0.0.1:1/hooks/somebody-else/"})
    assert connector.check()["currency"] == "JPY"
    stand.told("hooks", woocommerce={})
    stand.told("woocommerce/setup", webhook_status="active")
