"""Asking for orders: by which dates, what of it is news, and how the same order is one notice until it changes."""

from datetime import UTC, datetime, timedelta

import orjson
import pytest

from apps.connectors.rakuten.connector import RakutenConnector
from apps.core import clock
from apps.hub import errors
from tests.connectors.rakuten.conftest import CONNECTION
from tests.connectors.rakuten.orders import order
from tests.connectors.stand import line

SINCE, UNTIL = datetime(2026, 11, 23, 1, 0, tzinfo=UTC), datetime(2026, 11, 23, 2, 0, 0, 500_000, tzinfo=UTC)


def searches(asked):
    return [body for function, body in asked() if function == "searchOrder"]


def test_a_window_is_asked_for_by_each_date_and_by_what_has_none(connector, asked):
    assert list(connector.changed_orders(SINCE, UNTIL)) == []
    pages = {
        "requestRecordsAmount": 1000, "requestPage": 1, "SortModelList": [{"sortColumn": 1, "sortDirection": 1}],
    }  # fmt: skip
    dated = {
        "startDatetime": "2026-11-23T10:00:00+0900", "endDatetime": "2026-11-23T11:00:01+0900",
        "PaginationRequestModel": pages,
    }  # fmt: skip
    assert searches(asked) == [
        *({"dateType": date} | dated for date in (1, 2, 3)),
        {"dateType": 1, "orderProgressList": [100, 200, 400, 800, 900]}
        | dated | {"startDatetime": "2026-10-24T11:00:00+0900"},
    ]  # fmt: skip
    assert [function for function, _body in asked()] == ["searchOrder"] * 4


def test_a_long_window_is_asked_for_in_parts_that_rakuten_searches(connector, asked):
    list(connector.changed_orders(UNTIL - timedelta(days=100), UNTIL))
    spans = [
        datetime.fromisoformat(one["endDatetime"]) - datetime.fromisoformat(one["startDatetime"])
        for one in searches(asked)
    ]
    assert (len(spans), max(spans) <= timedelta(days=63)) == (7, True)


def test_it_never_looks_back_further_than_rakuten_searches(settings_of_shop, asked):
    named = {name: getattr(settings_of_shop, name) for name in settings_of_shop.__struct_fields__}
    far = RakutenConnector(type(settings_of_shop)(**named | {"look_back_days": 400}), CONNECTION)
    list(far.changed_orders(SINCE, UNTIL))
    last = searches(asked)[-1]
    assert last["startDatetime"] == "2026-09-22T11:00:00+0900"


def window():
    return clock.now() - timedelta(minutes=5), clock.now() + timedelta(minutes=5)


def numbers(connector, since, until):
    events = [event for page in connector.changed_orders(since, until) for event in page]
    return [connector.read(event.topic, event.raw)[0].number for event in events]


def test_what_waits_is_always_news_and_a_cancellation_of_another_day_is_not(connector, place, stand):
    waiting, gone = place().number, place().number
    stand.told("rakuten/cancel", number=gone)
    since, until = clock.now() + timedelta(minutes=10), clock.now() + timedelta(minutes=20)
    found = numbers(connector, since, until)
    assert (waiting in found, gone in found) == (True, False)
    assert {waiting, gone} <= set(numbers(connector, *window()))


def test_the_same_order_is_one_notice_until_anything_of_it_changes(connector, place, release):
    number = place().number
    first = connector.fetch_order(number)
    assert connector.fetch_order(number) == first
    release(number)
    second = connector.fetch_order(number)
    assert (second.subject, second.id != first.id) == (first.subject, True)


def test_an_order_goes_from_waiting_to_released(draft_of, place, release, connector, stand):
    number = place(line("TEA", 2), line("", 1, "600", kind="shipping")).number
    before = draft_of(number)
    release(number)
    after = draft_of(number)
    assert (before.awaits, after.awaits, after.payment_method) == ("100 注文確認待ち", "", "prepaid")
    assert (after.version > before.version, after.lines == before.lines) == (True, True)
    assert number in numbers(connector, *window())  # found by the date on which it was fixed


def test_amounts_that_are_fixed_later_come_with_a_newer_version(draft_of, place, stand):
    number = place(line("TEA"), line("", 1, "600", kind="shipping")).number
    stand.told("rakuten/leave_open", number=number)
    before = draft_of(number)
    stand.told("rakuten/leave_open", number=number, is_open=False)
    after = draft_of(number)
    assert (before.total_minor, before.awaits) == (1200, "100 注文確認待ち (未確定: 送料・請求金額)")
    assert (after.total_minor, after.awaits, after.version > before.version) == (1800, "100 注文確認待ち", True)


@pytest.mark.parametrize("payment", ["card", "konbini", "prepaid", "cod"])
def test_who_collects_is_told(draft_of, place, payment):
    draft = draft_of(place(payment=payment).number)
    assert draft.payment_method == ("cod" if payment == "cod" else "prepaid")


def test_an_order_without_a_date_is_unreadable(connector):
    with pytest.raises(errors.Unreadable):
        connector.read("poll/orders", orjson.dumps(order(orderDatetime=None)))
