"""Notices before they are read: what makes one of them itself, when it happened, the ping, and the way in as a whole."""

import base64
import hashlib
import hmac
import io
import json
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from django.db import connection as database

from apps.connectors.woocommerce import webhook
from apps.connectors.woocommerce.settings import WooCommerceSettings
from apps.hub import connections, hooks
from apps.hub.errors import BadSignature
from apps.hub.models import InboxEvent
from tests import builders

HEADERS = {"x-wc-webhook-topic": "order.updated", "x-wc-webhook-delivery-id": "d-1"}
NOW = datetime(2026, 11, 23, 1, 0, tzinfo=timezone(timedelta(hours=9)))
BODY = b'{"id":727,"number":"A-727","status":"processing","date_modified_gmt":"2026-11-23T01:00:05"}'
PING = b"webhook_id=11"
FORM = {"content-type": "application/x-www-form-urlencoded"}


def event(headers=HEADERS, body=BODY):
    (found,) = webhook.events(headers, body, received_at=NOW)
    return found


def test_an_event_is_its_thing_and_its_body_whoever_carries_it():
    assert event().id == f"order:727:{hashlib.sha256(BODY).hexdigest()}"
    assert event(HEADERS | {"x-wc-webhook-delivery-id": "d-2"}).id == event().id
    assert event(HEADERS | {"x-wc-webhook-topic": "order.created"}).id == event().id
    assert event(HEADERS | {"x-wc-webhook-topic": "product.updated"}).id != event().id


def test_two_notices_of_one_second_share_the_vendor_s_id_and_are_two_events():
    """The delivery id is a hash of the webhook and the second: asking it alone would lose one of them."""
    assert event(body=BODY.replace(b"727", b"728")).id != event().id
    assert event(body=BODY.replace(b"processing", b"completed")).id != event().id


def test_an_event_knows_when_and_about_what():
    assert (event().at, event().subject, event().topic) == (
        datetime(2026, 11, 23, 1, 0, 5, tzinfo=UTC),
        "order:A-727",
        "order.updated",
    )
    assert (event(body=b'{"id":727}').at, event(body=b'{"id":727}').subject) == (NOW, "order:727")
    for said in (b'"yesterday"', b"null"):
        assert event(body=b'{"id":727,"date_modified_gmt":' + said + b"}").at == NOW
    assert event(HEADERS | {"x-wc-webhook-topic": "product.updated"}).subject == ""


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b'{"number": 5}', b"null"])
def test_a_signed_body_that_is_no_order_is_an_event_all_the_same(body):
    assert (event(body=body).raw, event(body=body).subject) == (body, "")


def test_a_ping_is_let_through_and_says_nothing():
    assert webhook.verify(FORM, PING, WooCommerceSettings(webhook_secret="hush"), now=NOW) is None
    assert webhook.events(FORM, PING, received_at=NOW) == []


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (HEADERS, PING), (FORM, PING + b"&id=1"), (FORM, b"webhook_id="), (FORM, b"webhook_id=x"), (FORM, b" " + PING),
        (FORM, PING + b"\n"), (FORM, b""), (FORM, b'{"id":1}'),
    ],
)  # fmt: skip
def test_nothing_else_comes_in_without_a_signature(headers, body):
    with pytest.raises(BadSignature):
        webhook.verify(headers, body, WooCommerceSettings(webhook_secret="hush"), now=NOW)


def test_an_empty_secret_signs_nothing():
    digest = base64.b64encode(hmac.new(b"", BODY, hashlib.sha256).digest()).decode()
    with pytest.raises(BadSignature):
        webhook.verify(HEADERS | {"x-wc-webhook-signature": digest}, BODY, WooCommerceSettings(), now=NOW)


# The way in


@pytest.fixture
def post(db, monkeypatch):
    """POST to the hook of a shop; the status and what was answered."""
    monkeypatch.setattr(database, "close_if_unusable_or_obsolete", lambda: None)
    monkeypatch.setattr(database, "close", lambda: None)
    connections.forget()
    shop = builders.connection("woocommerce")
    connections.set_secret(shop, "webhook_secret", "hush")

    def call(body, headers):
        names = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
        environ = {
            "REQUEST_METHOD": "POST", "PATH_INFO": f"/hooks/{shop.id}/", "wsgi.input": io.BytesIO(body),
            "CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": headers.get("content-type", "application/json"), **names,
        }  # fmt: skip
        statuses = []
        answer = b"".join(hooks.application(environ, lambda status, _headers: statuses.append(status)))
        return statuses[0], answer.decode()

    return call


def signed(body, topic="order.updated"):
    digest = base64.b64encode(hmac.new(b"hush", body, hashlib.sha256).digest()).decode()
    return {"x-wc-webhook-topic": topic, "x-wc-webhook-signature": digest}


def test_a_shop_that_makes_a_webhook_hears_200_and_nothing_is_stored(post):
    assert post(PING, FORM) == ("200 OK", "nothing in it")
    assert InboxEvent.objects.count() == 0


def test_a_notice_is_kept_once_and_an_unsigned_one_not(post):
    assert post(BODY, signed(BODY)) == ("200 OK", "kept")
    assert post(BODY, signed(BODY, "order.created") | {"x-wc-webhook-delivery-id": "another"}) == (
        "200 OK",
        "kept before",
    )
    assert post(BODY, {"x-wc-webhook-topic": "order.updated"}) == ("401 Unauthorized", "signature refused")
    assert [row.subject for row in InboxEvent.objects.all()] == ["order:A-727"]


def test_the_stand_in_s_notices_pass(stand, connector, place, ledger):
    """What the shop queues, signed as it signs, is believed and read."""
    sale, id = place()
    (topic, body), *_ = ledger("SELECT topic, body FROM notice WHERE thing = ?", f"order:{sale.number}")
    webhook.verify(signed(body, topic), body, WooCommerceSettings(webhook_secret="hush"), now=NOW)
    (found,) = webhook.events(signed(body, topic), body, received_at=NOW)
    (draft,) = connector.read(found.topic, found.raw)
    assert (draft.external_id, json.loads(body)["id"], connector.connection_id) == (id, int(id), UUID(int=9))
