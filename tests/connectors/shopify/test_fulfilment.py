"""Telling of parcels: request built so, called so, answer parsed so, error parsed so."""

from dataclasses import replace

import pytest

from apps.connectors.shopify import mapping_stock
from apps.core import clock
from apps.hub import contracts as c
from apps.hub import errors
from tests.connectors.shopify.conftest import line

PARCEL = c.Fulfilment(
    reference="S-1", order_external_id="1", order_number="#1001", tracking_number="400012345678", carrier="ヤマト運輸",
    lines=(c.FulfilmentLine(line_external_id="11", sku="TEA", quantity=3),), shipped_at=clock.wall(),
)  # fmt: skip


def fulfilment_order(*lines, id=7, status="OPEN", location="70001"):
    return {
        "id": f"gid://shopify/FulfillmentOrder/{id}",
        "status": status,
        "assignedLocation": {"name": "東京倉庫", "location": {"id": f"gid://shopify/Location/{location}"}},
        "lineItems": {
            "nodes": [
                {
                    "id": f"gid://shopify/FulfillmentOrderLineItem/{id}{number}",
                    "remainingQuantity": left,
                    "lineItem": {"id": f"gid://shopify/LineItem/{number}"},
                }
                for number, left in lines
            ]
        },
    }


def order(*nodes, cancelled=None, fulfilments=()):
    return {"cancelledAt": cancelled, "fulfillmentOrders": {"nodes": list(nodes)}, "fulfillments": list(fulfilments)}


def told(number, *, id=5, status="SUCCESS"):
    return {"id": f"gid://shopify/Fulfillment/{id}", "status": status, "trackingInfo": [{"number": number}]}


def test_the_request_is_built_so():
    wanted = mapping_stock.fulfilment_input(
        replace(PARCEL, tracking_url="https://example.jp/400012345678"),
        order(fulfilment_order((11, 2), (12, 1)), fulfilment_order((11, 4), id=8)),
        location="gid://shopify/Location/70001",
    )
    assert wanted == {
        "lineItemsByFulfillmentOrder": [
            {
                "fulfillmentOrderId": "gid://shopify/FulfillmentOrder/7",
                "fulfillmentOrderLineItems": [{"id": "gid://shopify/FulfillmentOrderLineItem/711", "quantity": 2}],
            },
            {
                "fulfillmentOrderId": "gid://shopify/FulfillmentOrder/8",
                "fulfillmentOrderLineItems": [{"id": "gid://shopify/FulfillmentOrderLineItem/811", "quantity": 1}],
            },
        ],
        "notifyCustomer": False,
        "trackingInfo": {
            "number": "400012345678",
            "company": "ヤマト運輸",
            "url": "https://example.jp/400012345678",
        },
    }


def test_it_is_called_after_the_order_was_looked_at(connector, place, asked):
    sale, id = place(line("TEA", 3))
    event = connector.fetch_order(id)
    (draft,) = connector.read(event.topic, event.raw)
    parcel = replace(
        PARCEL, order_external_id=id, order_number=sale.number,
        lines=(c.FulfilmentLine(line_external_id=draft.lines[0].external_id, sku="TEA", quantity=3),),
    )  # fmt: skip
    receipt = connector.create_fulfilment(parcel, "key")
    again = connector.create_fulfilment(parcel, "key")
    assert [name for name, _ in asked()] == ["Order", "Fulfilments", "CreateFulfilment", "Fulfilments"]
    assert (again, receipt.reference) == (receipt, "S-1")


def test_an_order_of_many_lines_is_looked_at_whole(connector, place, asked):
    sale, id = place(*[line(f"SKU{number}", 1) for number in range(300)])
    event = connector.fetch_order(id)
    (draft,) = connector.read(event.topic, event.raw)
    parcel = replace(
        PARCEL, order_external_id=id, order_number=sale.number,
        lines=tuple(c.FulfilmentLine(line_external_id=one.external_id, sku=one.sku, quantity=1) for one in draft.lines),
    )  # fmt: skip
    connector.create_fulfilment(parcel, "key")
    assert [name for name, _ in asked()][2:] == ["Fulfilments", "FulfilmentLines", "CreateFulfilment"]


def test_an_answer_is_parsed_so():
    for number, found in (("400012345678", c.FulfilmentReceipt(reference="S-1", external_id="5")), ("4", None)):
        assert mapping_stock.fulfilment_of(order(fulfilments=[told("1", id=4), told(number)]), PARCEL) == found


def test_a_parcel_without_a_tracking_number_is_known_by_ours():
    parcel = replace(PARCEL, tracking_number="")
    wanted = mapping_stock.fulfilment_input(parcel, order(fulfilment_order((11, 3))), location="")
    assert wanted["trackingInfo"]["number"] == "S-1"
    assert mapping_stock.fulfilment_of(order(fulfilments=[told("S-1")]), parcel).external_id == "5"


def test_a_fulfilment_that_was_called_off_does_not_count():
    for status in ("CANCELLED", "ERROR", "FAILURE"):
        assert mapping_stock.fulfilment_of(order(fulfilments=[told("400012345678", status=status)]), PARCEL) is None


@pytest.mark.parametrize(
    ("node", "cancelled", "words"),
    [
        (fulfilment_order((11, 2)), None, "1 of line 11; they are not open there"),
        (fulfilment_order((11, 3), status="ON_HOLD"), None, "3 of line 11; they are not open there"),
        (fulfilment_order((11, 3), status="CANCELLED"), "2026-11-23T00:00:00Z", "the order was cancelled there"),
        (fulfilment_order((11, 3), location="4"), None, "Shopify has assigned them to 東京倉庫"),
    ],
)
def test_an_error_is_parsed_so(node, cancelled, words):
    with pytest.raises(errors.Permanent) as caught:
        mapping_stock.fulfilment_input(PARCEL, order(node, cancelled=cancelled), location="70001")
    assert words in str(caught.value)


def test_a_refusal_of_the_shop_is_permanent(connector, stand, place):
    sale, id = place(line("TEA", 3))
    stand.told("shopify/cancel", number=sale.number)
    with pytest.raises(errors.Permanent, match="cancelled there"):
        connector.create_fulfilment(replace(PARCEL, order_external_id=id, order_number=sale.number), "key")
