"""Asking for orders: request built so, called so, answer parsed so, error parsed so."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from apps.connectors.shopify.documents import DOCUMENTS
from apps.core import clock
from apps.hub import contracts as c
from apps.hub import errors
from tests.connectors.shopify.conftest import TOKEN
from tests.connectors.stand import line

SINCE = datetime(2026, 11, 22, 15, 0, 0, 250_000, tzinfo=UTC)
UNTIL = datetime(2026, 11, 23, 15, 0, 0, 250_000, tzinfo=UTC)


def lines_of(draft):
    return [(one.number, one.kind, one.sku, one.quantity, one.total_minor, one.tax_minor) for one in draft.lines]


def test_the_request_for_changes_is_built_so(connector, stand, asked):
    list(connector.changed_orders(SINCE, UNTIL))
    window = "updated_at:>='2026-11-22T15:00:00Z' AND updated_at:<'2026-11-23T15:00:01Z'"
    assert asked() == [("Orders", {"query": window, "after": None, "first": 50, "lines": 250})]
    assert json.loads(stand.heard[-1].body)["query"] == DOCUMENTS["Orders"]


def test_it_is_called_so(connector, stand):
    list(connector.changed_orders(SINCE, UNTIL))
    ask = stand.heard[-1]
    assert (ask.method, ask.path, ask.query) == ("POST", "/admin/api/2026-10/graphql.json", {})
    assert (ask.headers["x-shopify-access-token"], ask.headers["content-type"]) == (TOKEN, "application/json")


def test_an_answer_is_parsed_so(connector, place):
    sale, id = place(
        line("TEA", 2, "1200", rate=800), line("CUP", 1, "2160"), line("", 1, "600", kind="shipping", title="クール便"),
        line("", 1, "300", kind="fee", title="ギフト包装"), line("", 1, "-456", kind="discount"), payment="card",
    )  # fmt: skip
    event = connector.fetch_order(id)
    (draft,) = connector.read(event.topic, event.raw)
    at = datetime.fromisoformat(sale.at).replace(microsecond=0)
    assert (event.topic, event.subject, event.at) == ("poll/orders", f"order:{sale.number}", at)
    assert event.id == f"poll:gid://shopify/Order/{id}:{at:%Y-%m-%dT%H:%M:%S}Z"
    assert (draft.external_id, draft.number, draft.version) == (id, sale.number, int(at.timestamp()) * 1000)
    assert (draft.placed_at, draft.currency, draft.total_minor) == (at, "JPY", 5004)
    assert (draft.prices_include_tax, draft.payment_method, draft.payment_raw) == (True, "card", "stripe")
    assert (draft.is_cancelled, draft.raw_status, draft.note) == (False, "authorized", "")
    assert lines_of(draft) == [
        (1, "item", "TEA", 2, 2400, 161),
        (2, "item", "CUP", 1, 2160, 178),
        (3, "fee", "", 1, 300, 25),
        (4, "shipping", "", 1, 600, 55),
        (5, "discount", "", 1, -225, 0),
        (6, "discount", "", 1, -231, 0),
    ]
    assert [one.tax_rate_bp for one in draft.lines] == [800, 1000, 1000, 1000, 800, 1000]
    assert draft.customer == c.CustomerCard(
        external_id=draft.customer.external_id,
        email="hanako@example.jp",
        name="山田 花子",
        phone="0312345678",
        locale="ja",
    )
    assert draft.ship_to == c.Address(
        name="山田 花子", postal_code="100-0001", country="JP", region="東京都", city="千代田区", line1="千代田1-1",
        line2="くろこビル", phone="0312345678",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("command", "error", "words"),
    [
        ("throttle", errors.RateLimited, "Orders: Throttled"),
        ("be_costly", errors.Permanent, "too costly"),
    ],
)
def test_an_error_is_parsed_so(connector, stand, command, error, words):
    stand.told(f"shopify/{command}", times=4)
    with pytest.raises(error) as caught:
        list(connector.changed_orders(SINCE, UNTIL))
    assert (type(caught.value), words in str(caught.value)) == (error, True)
    while stand.told("shopify/throttle", times=0)["spoiled"]:
        with pytest.raises(errors.VendorError):
            connector.fetch_order("1")


def test_a_throttled_query_waits_until_the_bucket_is_full_enough(connector, stand):
    stand.told("shopify/throttle", times=1)
    with pytest.raises(errors.RateLimited) as caught:
        connector.fetch_order("1")
    assert (caught.value.retry_after, caught.value.sent) == (2.0, False)


def test_too_costly_a_query_is_narrowed_and_stays_narrow(connector, stand, asked):
    stand.told("shopify/be_costly", times=2)
    list(connector.changed_orders(SINCE, UNTIL))
    list(connector.changed_orders(SINCE, UNTIL))
    assert [(said["first"], said["lines"]) for _name, said in asked()] == [(50, 250), (10, 50), (4, 25), (4, 25)]


def test_orders_come_page_by_page(connector, stand, place, asked):
    sold = [place()[1] for _ in range(3)]
    stand.told("shopify/be_costly", times=3)
    now = clock.now()
    pages = list(connector.changed_orders(now - timedelta(minutes=5), now + timedelta(minutes=5)))
    ids = [connector.read(event.topic, event.raw)[0].external_id for page in pages for event in page]
    assert {len(page) for page in pages} == {1}
    assert [ids.count(id) for id in sold] == [1, 1, 1]


def test_an_order_of_705_lines_is_read_whole(connector, place, asked):
    sold = [line(f"SKU{number}", 1 + number % 3, str(100 + number)) for number in range(705)]
    sale, id = place(*sold)
    event = connector.fetch_order(id)
    (draft,) = connector.read(event.topic, event.raw)
    assert [name for name, _ in asked()] == ["Order", "OrderLines", "OrderLines"]
    assert [(one.sku, one.quantity) for one in draft.lines] == [(one.sku, one.quantity) for one in sold]
    assert draft.total_minor == sale.total_minor


@pytest.mark.parametrize(
    ("facts", "lines"),
    [
        ({}, [line("TEA", 3, "1234", rate=800), line("", 1, "600", kind="shipping")]),
        ({"currency": "GBP", "includes_tax": False, "total": 3300}, [line("22423", 2, "13.75", rate=2000)]),
        ({"currency": "GBP", "total": 10}, [line("22423", 100, "0.001", rate=0)]),
        ({"payment": "konbini"}, [line("TEA", 1, "1000"), line("", 1, "-333", kind="discount")]),
        ({"payment": "prepaid"}, [line("TEA", 1, "1000"), line("TEA", 1, "1000"), line("", 1, "200", kind="fee")]),
        ({"payment": "free", "total": 0}, [line("GIFT", 1, "0")]),
    ],
)
def test_a_notice_and_a_poll_say_the_same(connector, place, notice, facts, lines):
    sale, id = place(*lines, **facts)
    event = connector.fetch_order(id)
    polled, heard = connector.read(event.topic, event.raw), connector.read("orders/create", notice(sale.number))
    assert polled == heard
    assert polled[0].total_minor == sale.total_minor


def test_a_cancellation_is_seen_both_ways(connector, stand, place, notice):
    sale, id = place()
    stand.told("shopify/cancel", number=sale.number)
    event = connector.fetch_order(id)
    polled = connector.read(event.topic, event.raw)
    assert polled == connector.read("orders/cancelled", notice(sale.number, "orders/cancelled"))
    assert (polled[0].is_cancelled, polled[0].raw_status) == (True, "voided")


def test_a_refund_is_the_same_return_from_its_notice_and_from_its_order(connector, stand, place, notice):
    sale, id = place(line("TEA", 3, "1200"), line("CUP", 1, "2160"), line("", 1, "-456", kind="discount"))
    stand.told("shopify/refund", number=sale.number, units={"TEA": 2}, note="割れていました")
    event = connector.fetch_order(id)
    _order, polled = connector.read(event.topic, event.raw)
    (heard,) = connector.read("refunds/create", notice(sale.number, "refunds/create"))
    assert heard.lines == (
        c.ReturnLineDraft(
            number=1,
            sku="TEA",
            quantity=2,
            amount_minor=2210,
            reason="割れていました",
            title="TEA の品",
            order_external_id=id,
        ),
    )
    assert polled.lines[0].order_number == sale.number
    assert (polled.external_id, polled.at, polled.lines[0].amount_minor) == (heard.external_id, heard.at, 2210)
    assert (polled.is_refunded, heard.is_refunded) == (True, True)


def test_a_refund_adds_tax_where_prices_exclude_it(connector, stand, place, notice):
    sale, id = place(line("TEA", 2, "10.00", rate=2000), currency="GBP", includes_tax=False, total=2400)
    stand.told("shopify/refund", number=sale.number, units={"TEA": 1})
    event = connector.fetch_order(id)
    _order, polled = connector.read(event.topic, event.raw)
    (heard,) = connector.read("refunds/create", notice(sale.number, "refunds/create"))
    assert [draft.lines[0].amount_minor for draft in (polled, heard)] == [1200, 1200]
