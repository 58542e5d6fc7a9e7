"""The bodies in which notices come, and what they become."""

import json

import pytest

from apps.connectors.amazon import webhook
from apps.core import clock
from apps.hub import contracts as c
from apps.hub import errors
from tests.connectors.amazon.conftest import SELLER

NOTICE = {
    "NotificationType": "ORDER_CHANGE",
    "EventTime": "2026-11-23T01:00:00.109Z",
    "Payload": {"OrderChangeNotification": {"SellerId": SELLER, "AmazonOrderId": "250-1"}},
    "NotificationMetadata": {"NotificationId": "n-1"},
}
EVENTBRIDGE = {
    "version": "0", "id": "e-1", "detail-type": "LISTINGS_ITEM_MFN_QUANTITY_CHANGE",
    "source": "aws.partner/sellingpartnerapi.amazon.com/1/app", "detail": NOTICE,
}  # fmt: skip


def events(body):
    return webhook.events({}, json.dumps(body).encode(), received_at=clock.now())


@pytest.mark.parametrize(
    "body",
    [
        NOTICE,
        EVENTBRIDGE,
        {"messageId": "m", "body": json.dumps(NOTICE)},
        [{"messageId": "m", "body": json.dumps(NOTICE)}],
        {"Records": [{"messageId": "m", "body": json.dumps(EVENTBRIDGE)}]},
        {name[0].lower() + name[1:]: value for name, value in NOTICE.items()}
        | {"notificationMetadata": {"notificationId": "n-1"}},
    ],
)
def test_a_notice_is_found_in_whatever_carries_it(body):
    (event,) = events(body)
    assert (event.id, event.topic, event.subject) == ("ORDER_CHANGE:n-1", "ORDER_CHANGE", "order:250-1")
    assert event.at.isoformat() == "2026-11-23T01:00:00.109000+00:00"


def test_a_body_may_carry_several():
    other = NOTICE | {"NotificationMetadata": {"NotificationId": "n-2"}}
    assert [event.id for event in events([NOTICE, {"body": json.dumps(other)}])] == [
        "ORDER_CHANGE:n-1",
        "ORDER_CHANGE:n-2",
    ]


def test_one_without_a_time_came_when_it_came():
    now = clock.now()
    (event,) = webhook.events({}, json.dumps(NOTICE | {"EventTime": "soon"}).encode(), received_at=now)
    assert event.at == now


@pytest.mark.parametrize(
    "body", [b"", b"{", b"1", b"{}", b'"text"', b'[{"body":"{"}]', b'{"NotificationType":"X"}', b"\xff"]
)
def test_what_is_no_notice_is_unreadable(body):
    with pytest.raises(errors.Unreadable):
        webhook.events({}, body, received_at=clock.now())


def test_a_changed_quantity_is_told_for_the_own_shelf_alone(connector):
    def told(code, seller=SELLER):
        payload = {"SellerId": seller, "FulfillmentChannelCode": code, "Sku": "TEA", "Quantity": 99}
        return list(connector.read("LISTINGS_ITEM_MFN_QUANTITY_CHANGE", json.dumps({"Payload": payload}).encode()))

    assert told("DEFAULT") == [
        c.StockQuantity(external_id="TEA", quantity=99, sku="TEA", location_external_id="DEFAULT")
    ]
    assert told("AMAZON_JP") == []
    with pytest.raises(errors.Unreadable):
        told("DEFAULT", "A3STRANGER")


def test_what_has_nothing_to_say_says_nothing(connector):
    assert list(connector.read("LISTINGS_ITEM_STATUS_CHANGE", b"{}")) == []
