"""Reading notices: what the tables make of words, amounts and forms that the shop may send."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from apps.connectors.shopify import codes, mapping, webhook
from apps.hub import contracts as c
from apps.hub.errors import Unreadable

LINE = {
    "admin_graphql_api_id": "gid://shopify/LineItem/11",
    "id": 11,
    "sku": "TEA",
    "name": "Tea",
    "title": "Tea",
    "quantity": 2,
    "price": "10.00",
    "requires_shipping": True,
    "variant_id": 5,
    "tax_lines": [],
    "discount_allocations": [],
}
ORDER = {
    "admin_graphql_api_id": "gid://shopify/Order/820982911946154508",
    "id": 820982911946154500,
    "name": "#1001",
    "created_at": "2026-11-23T10:00:00+09:00",
    "processed_at": None,
    "updated_at": "2026-11-23T10:00:01+09:00",
    "currency": "USD",
    "taxes_included": True,
    "total_price": "20.00",
    "payment_gateway_names": ["shopify_payments"],
    "line_items": [LINE],
    "shipping_lines": [],
}


def order(**changes):
    return ORDER | changes


def read(connector, body, topic="orders/updated"):
    return connector.read(topic, json.dumps(body).encode())


def test_ids_come_from_the_gid_because_numbers_may_have_been_rounded():
    assert mapping.order_draft(ORDER).external_id == "820982911946154508"


def test_times_are_utc_whatever_the_shop_s_zone():
    draft = mapping.order_draft(ORDER)
    assert draft.placed_at == datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
    assert draft.placed_at.tzinfo is UTC
    assert draft.version == int(datetime(2026, 11, 23, 1, 0, 1, tzinfo=UTC).timestamp()) * 1000


def test_an_order_without_customer_or_address_is_read(connector):
    (draft,) = read(connector, ORDER)
    assert (draft.customer, draft.ship_to) == (None, None)


def test_amounts_that_do_not_add_up_are_unreadable_and_both_are_named(connector):
    with pytest.raises(Unreadable, match=r"says 2001 USD .* add up to 2000"):
        read(connector, order(total_price="20.01"))


def test_added_taxes_count_and_included_ones_do_not(connector):
    tax = [{"rate": 0.0825, "price": "1.65"}, {"rate": 0.01, "price": "0.20"}]
    (added,) = read(connector, order(taxes_included=False, total_price="21.85", line_items=[LINE | {"tax_lines": tax}]))
    (included,) = read(connector, order(line_items=[LINE | {"tax_lines": tax}]))
    assert [(one.total_minor, one.tax_minor, one.tax_rate_bp) for one in added.lines] == [(2000, 185, 925)]
    assert (added.total_minor, included.total_minor) == (2185, 2000)


def test_a_discount_without_lines_of_its_own_is_the_order_s(connector):
    (draft,) = read(connector, order(total_discounts="5.00", total_price="15.00"))
    assert [(one.kind, one.total_minor, one.unit_price) for one in draft.lines] == [
        ("item", 2000, Decimal("10.00")),
        ("discount", -500, Decimal("-5.00")),
    ]


def test_discounts_are_named_by_their_code_and_kept_apart_by_rate(connector):
    parts = [{"discount_application_index": 0, "amount": "1.00"}, {"discount_application_index": 1, "amount": "0.50"}]
    lines = [
        LINE | {"discount_allocations": parts, "tax_lines": [{"rate": 0.1, "price": "1.68"}]},
        LINE | {"id": 12, "admin_graphql_api_id": "gid://shopify/LineItem/12", "discount_allocations": parts[:1]},
    ]
    said = [{"code": "AKI"}, {"title": "会員割引"}]
    body = order(line_items=lines, discount_applications=said, total_discounts="2.50", total_price="37.50")
    (draft,) = read(connector, body)
    assert [(one.title, one.total_minor, one.tax_rate_bp) for one in draft.lines if one.kind == "discount"] == [
        ("AKI", -100, None),
        ("AKI", -100, 1000),
        ("会員割引", -50, 1000),
    ]


def test_tips_duties_and_further_fees_are_fees(connector):
    bag = {"shop_money": {"amount": "3.00", "currency_code": "USD"}}
    body = order(
        total_tip_received="2.00", original_total_duties_set=bag, original_total_additional_fees_set=bag,
        total_price="28.00",
    )  # fmt: skip
    (draft,) = read(connector, body)
    assert [(one.external_id, one.total_minor) for one in draft.lines if one.kind == "fee"] == [
        ("additional_fees", 300), ("duties", 300), ("tip", 200),
    ]  # fmt: skip


def test_a_shipping_line_that_was_taken_off_does_not_count(connector):
    shipping = {"id": 1, "title": "Post", "price": "4.00", "tax_lines": [], "discount_allocations": []}
    (draft,) = read(connector, order(shipping_lines=[shipping | {"is_removed": True}]))
    assert [one.kind for one in draft.lines] == ["item"]


def test_a_prefix_tells_two_shops_apart(connector):
    assert mapping.order_draft(ORDER, prefix="EC-").number == "EC-#1001"


@pytest.mark.parametrize(
    ("names", "total", "word"),
    [
        (["shopify_payments"], 1, "card"),
        (["Stripe"], 1, "card"),
        (["Cash on Delivery (COD)"], 1, "cod"),
        (["商品代引"], 1, "cod"),
        (["KOMOJU - コンビニ決済"], 1, "konbini"),
        (["銀行振込"], 1, "bank"),
        (["paypal"], 1, "prepaid"),
        (["gift_card", "shopify_payments"], 1, "card"),
        (["gift_card"], 1, "prepaid"),
        (["moon dust"], 1, c.UNKNOWN),
        ([], 1, c.UNKNOWN),
        ([], 0, "free"),
    ],
)
def test_payment_words(names, total, word):
    assert codes.payment_method(names, total_minor=total) == word


@pytest.mark.parametrize("topic", ["fulfillments/create", "fulfillments/update", "app/uninstalled"])
def test_an_echo_says_nothing(connector, topic):
    assert connector.read(topic, b"{}") == ()


def test_stock_of_another_location_says_nothing(connector):
    body = {"inventory_item_id": 5, "location_id": 70001, "available": 3, "admin_graphql_api_id": None}
    assert read(connector, body, "inventory_levels/update") == (
        c.StockQuantity(external_id="5", quantity=3, location_external_id="70001"),
    )
    assert read(connector, body | {"location_id": 4}, "inventory_levels/update") == ()
    assert read(connector, body | {"available": None}, "inventory_levels/update") == ()


def test_a_refund_of_money_alone_brings_nothing_back(connector):
    body = {"admin_graphql_api_id": "gid://shopify/Refund/1", "order_id": 5, "refund_line_items": []}
    assert read(connector, body, "refunds/create") == ()


@pytest.mark.parametrize(
    ("transactions", "is_refunded"),
    [
        ([], False),
        ([{"kind": "refund", "amount": "9.00", "status": "failure"}], False),
        ([{"kind": "refund", "amount": "9.00", "status": "success"}], True),
        ([{"kind": "sale", "amount": "9.00", "status": "success"}], False),
    ],
)
def test_a_return_knows_whether_the_money_is_given_back(connector, transactions, is_refunded):
    bag = {"shop_money": {"amount": "9.00", "currency_code": "USD"}}
    goods = {"quantity": 1, "subtotal_set": bag, "total_tax_set": bag, "line_item": {"sku": "TEA", "title": "Tea"}}
    body = {
        "admin_graphql_api_id": "gid://shopify/Refund/1", "order_id": 5, "refund_line_items": [goods],
        "created_at": "2026-11-23T01:00:00Z", "transactions": transactions,
    }  # fmt: skip
    (draft,) = read(connector, body, "refunds/create")
    assert (draft.is_refunded, draft.lines[0].order_external_id) == (is_refunded, "5")


def test_an_amount_that_is_none_is_unreadable(connector):
    for wrong in ("", "ten", None, "NaN"):
        with pytest.raises(Unreadable):
            read(connector, order(total_price=wrong))


def test_a_time_without_a_zone_is_unreadable(connector):
    with pytest.raises(Unreadable):
        read(connector, order(updated_at="2026-11-23T10:00:01"))


# Notices before they are read

HEADERS = {"x-shopify-topic": "orders/create", "x-shopify-event-id": "e-1", "x-shopify-webhook-id": "w-1"}
NOW = datetime(2026, 11, 23, 1, 0, tzinfo=timezone(timedelta(hours=9)))


def events(headers, body=b'{"id":1,"name":"#1001"}'):
    (event,) = webhook.events(headers, body, received_at=NOW)
    return event


def test_an_event_is_named_by_what_happened_and_its_topic():
    assert events(HEADERS).id == "orders/create:e-1"
    assert events(HEADERS | {"x-shopify-topic": "orders/paid"}).id == "orders/paid:e-1"
    assert events({k: v for k, v in HEADERS.items() if k != "x-shopify-event-id"}).id == "orders/create:w-1"


def test_without_any_id_the_body_is_the_id():
    bare = {"x-shopify-topic": "orders/create"}
    assert events(bare) == events(bare)
    assert events(bare).id != events(bare, b"{}").id


def test_an_event_knows_when_and_about_what():
    told = HEADERS | {"x-shopify-triggered-at": "2026-11-23T01:00:00.123456789Z"}
    assert (events(told).at, events(told).subject) == (datetime(2026, 11, 23, 1, 0, 0, 123456, UTC), "order:#1001")
    assert events(HEADERS).at == NOW
    assert events(HEADERS | {"x-shopify-triggered-at": "yesterday"}).at == NOW
    refund = events(HEADERS | {"x-shopify-topic": "refunds/create"}, b'{"id":2,"order_id":77}')
    assert (refund.subject, events(HEADERS | {"x-shopify-topic": "products/update"}).subject) == ("order:77", "")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b'{"name": 5}', b"null"])
def test_a_signed_body_that_is_no_order_is_an_event_all_the_same(body):
    assert (events(HEADERS, body).raw, events(HEADERS, body).subject) == (body, "")
