"""Reading orders: request built so, called so, answer parsed so, error parsed so."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from apps.connectors.vendure.connector import VendureConnector
from apps.connectors.vendure.documents import DOCUMENTS
from apps.core import clock
from apps.hub import contracts as c
from apps.hub import errors
from apps.sandbox.words import plain
from tests.connectors.stand import line
from tests.connectors.vendure.conftest import CONNECTION, sale_of

SINCE, UNTIL = datetime(2026, 11, 23, 1, 0, 0, 5, tzinfo=UTC), datetime(2026, 11, 23, 1, 5, 0, 5, tzinfo=UTC)


@pytest.fixture
def connect(settings_of_shop):
    """A connection whose facts differ."""

    def made(**facts):
        known = {name: getattr(settings_of_shop, name) for name in settings_of_shop.__struct_fields__}
        return VendureConnector(type(settings_of_shop)(**(known | facts)), CONNECTION)

    return made


def test_the_request_is_built_and_called_so(connector, asked, stand):
    list(connector.changed_orders(SINCE, UNTIL))
    window = {"start": "2026-11-23T00:59:59.999Z", "end": "2026-11-23T01:05:00.999Z"}
    wanted = {"updatedAt": {"between": window}, "orderPlacedAt": {"isNull": False}, "type": {"eq": "Regular"}}
    options = {"take": 20, "skip": 0, "sort": {"updatedAt": "ASC"}, "filter": wanted}
    assert asked() == [("ChangedOrders", {"options": options})]
    assert json.loads(stand.heard[-1].body)["query"] == DOCUMENTS["ChangedOrders"]


def test_one_order_is_asked_for_by_its_id(connector, asked):
    assert connector.fetch_order("7") is None
    assert asked() == [("Orders", {"options": {"take": 1, "filter": {"id": {"in": ["7"]}}}})]


def test_a_query_that_the_server_does_not_know_is_refused_for_good(connector, stand, monkeypatch):
    monkeypatch.setitem(DOCUMENTS, "Orders", "query Orders($options: OrderListOptions!) { orders { secrets } }")
    with pytest.raises(errors.Permanent, match="Orders: Vendure answered 400"):
        connector.fetch_order("1")


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 7])
def test_every_order_comes_once_however_many_share_a_second(connect, stand, place, rows):
    """The stand-in's clock ticks in whole seconds, and these are sold faster than that."""
    before = clock.now()
    sold = [place()[1] for _ in range(7)]
    connector = connect(rows_a_page=rows)
    events = [event for page in connector.changed_orders(before, clock.now() + timedelta(seconds=2)) for event in page]
    told = [connector.read(event.topic, event.raw)[0].external_id for event in events]
    assert [told.count(id) for id in sold] == [1] * 7
    assert [event.at for event in events] == sorted(event.at for event in events)


def test_a_sale_of_the_window_s_first_and_last_second_is_in_it(connector, place):
    _sale, id = place()
    at = connector.fetch_order(id).at

    def told(since, until):
        events = [event for page in connector.changed_orders(since, until) for event in page]
        return id in [connector.read(event.topic, event.raw)[0].external_id for event in events]

    second = timedelta(seconds=1)
    assert (told(at, at + second), told(at - second, at), told(at + second, at + 2 * second)) == (True, False, False)
    assert told(at + second / 2, at + second) is True  # nobody knows where in its second it happened


def test_orders_are_read_twenty_at_a_time_and_a_second_is_never_split(connector, stand, asked):
    """25 of one second, two of the next, far ahead of everything else that is sold here."""
    at = datetime(2036, 1, 1, tzinfo=UTC)
    second = timedelta(seconds=1)
    sales = [replace_at(sale_of(), at) for _ in range(25)] + [replace_at(sale_of(), at + second) for _ in range(2)]
    sold = stand.told("vendure/place_orders", sales=plain(sales))["placed"]
    pages = list(connector.changed_orders(at, at + 2 * second))
    assert [len(page) for page in pages] == [25, 2]
    assert {event.id.split(":")[1] for event in pages[0]} == set(sold[:25])
    assert [len(said["options"]["filter"]["id"]["in"]) for name, said in asked() if name == "Orders"] == [20, 5, 2]


def replace_at(sale, at):
    return msgspec.structs.replace(sale, at=at.isoformat())


def test_an_order_of_705_lines_is_read_whole(place, words, asked):
    sold = [line(f"SKU{number}", 1 + number % 3, str(100 + number)) for number in range(705)]
    sale, id = place(*sold)
    (draft,) = words(id)
    assert [(one.sku, one.quantity) for one in draft.lines] == [(one.sku, one.quantity) for one in sold]
    assert draft.total_minor == sale.total_minor


@pytest.mark.parametrize(
    ("facts", "lines", "kinds"),
    [
        ({}, [line("TEA", 3, "1234", rate=800), line("", 1, "600", kind="shipping")], ["item", "shipping"]),
        ({"currency": "GBP", "total": 10}, [line("22423", 100, "0.001", rate=0)], ["item"]),
        ({"payment": "konbini"}, [line("TEA", 1, "1000"), line("", 1, "-333", kind="discount")], ["item", "discount"]),
        (
            {"payment": "prepaid"},
            [line("TEA", 1, "1000"), line("TEA", 1, "1000"), line("", 1, "200", kind="fee")],
            ["item", "item", "fee"],
        ),
        ({"payment": "free", "total": 0}, [line("GIFT", 1, "0")], ["item"]),
        (
            {},
            [line("TEA", 2, "500", rate=800), line("CUP", 1, "333"), line("", 1, "-100", kind="discount")],
            ["item", "item", "discount", "discount"],
        ),
    ],
)
def test_what_was_sold_is_what_is_read(place, words, facts, lines, kinds):
    sale, id = place(*lines, **facts)
    (draft,) = words(id)
    assert [one.kind for one in draft.lines] == kinds
    assert sum(one.total_minor for one in draft.lines) == draft.total_minor == sale.total_minor
    assert (draft.number, draft.payment_method) == (sale.number, sale.payment)


def test_prices_without_tax_have_it_added(connect, stand, place):
    stand.told("vendure/setup", prices_include_tax="false")
    try:
        sale, id = place(line("TEA", 2, "10.00", rate=2000), currency="GBP", includes_tax=False, total=2400)
        connector = connect()
        event = connector.fetch_order(id)
        (draft,) = connector.read(event.topic, event.raw)
    finally:
        stand.told("vendure/setup", prices_include_tax="true")
    (one,) = draft.lines
    assert (one.total_minor, one.tax_minor, one.tax_rate_bp, draft.prices_include_tax) == (2000, 400, 2000, False)
    assert draft.total_minor == sale.total_minor


def test_a_cancellation_is_seen(stand, place, words):
    sale, id = place()
    (before,) = words(id)
    stand.told("vendure/cancel", number=sale.number)
    (after,) = words(id)
    assert after == replace(before, version=after.version, is_cancelled=True, raw_status="Cancelled")


def test_a_refund_is_a_return_and_the_sale_stays_what_it_was(stand, place, words):
    sale, id = place(
        line("TEA", 3, "1200"), line("CUP", 1, "2160"), line("", 1, "-456", kind="discount"), payment="prepaid"
    )
    (before,) = words(id)
    stand.told("vendure/refund", number=sale.number, units={"TEA": 2}, note="割れていました")
    after, back = words(id)
    assert after == replace(before, version=after.version)
    assert back == c.ReturnDraft(
        external_id=back.external_id, at=back.at, currency="JPY", is_refunded=True,
        lines=(
            c.ReturnLineDraft(
                number=1, sku="TEA", quantity=2, amount_minor=2210, order_number=sale.number, reason="割れていました",
                title="TEA の品", order_external_id=id,
            ),
        ),
    )  # fmt: skip


def test_a_return_waits_for_its_refund(connect, stand, place):
    sale, id = place(line("TEA", 3), payment="prepaid")
    stand.told("vendure/refund", number=sale.number, units={"TEA": 1}, is_refunded=False)

    def told(seconds):
        connector = connect(refund_wait_seconds=seconds)
        event = connector.fetch_order(id)
        return [word.is_refunded for word in connector.read(event.topic, event.raw)[1:]]

    assert (told(600), told(0)) == ([], [False])


def test_what_nobody_has_paid_yet_needs_no_refund(stand, place, words):
    sale, id = place(line("TEA", 3), payment="cod")
    stand.told("vendure/refund", number=sale.number, units={"TEA": 1}, is_refunded=False)
    assert [word.is_refunded for word in words(id)[1:]] == [False]


def test_a_prefix_tells_two_shops_apart(connect, place):
    sale, id = place()
    connector = connect(order_prefix="EC-")
    event = connector.fetch_order(id)
    assert connector.read(event.topic, event.raw)[0].number == f"EC-{sale.number}"
