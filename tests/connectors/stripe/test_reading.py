"""Lists and windows on the stand-in: what is asked for, what comes once, what is found although it is old."""

from datetime import date, timedelta

import pytest

from apps.core import clock
from apps.hub import contracts as c
from apps.hub import errors


def test_a_list_is_asked_for_in_whole_seconds_and_paged_by_the_last_id(connector, stand, authorised):
    payments = [authorised(1000 + number) for number in range(101)]
    since = clock.now() - timedelta(minutes=10)
    until = since + timedelta(minutes=20, microseconds=1)
    stand.heard.clear()
    facts = [fact for page in connector.payments_between(since, until) for fact in page]
    first, second = [ask for ask in stand.heard if ask.path == "/v1/payment_intents"][:2]
    assert first.query == {
        "created[gte]": str(int(since.timestamp())), "created[lt]": str(int(until.timestamp()) + 1),
        "expand[0]": "data.latest_charge.balance_transaction", "limit": "100",
    }  # fmt: skip
    assert second.query == first.query | {"starting_after": facts[99].provider_id}
    assert [fact.provider_id for fact in facts][:101] == payments[::-1]


def test_a_change_of_an_older_payment_is_told_with_its_refunds(connector, stand, checkout, age):
    payment = checkout(method="konbini", outcome="expire")["payment"]
    stand.told("stripe/pay_voucher", payment=payment)
    connector.refund(c.RefundRequest(provider_id=payment, amount_minor=300, currency="JPY", reference="r-7"), "key-p1")
    age(payment)
    window = (clock.now() - timedelta(minutes=10), clock.now() + timedelta(minutes=10))
    pages = [[fact for fact in page if fact.provider_id == payment] for page in connector.payments_between(*window)]
    assert [len(page) for page in pages] == [0] * (len(pages) - 1) + [1]
    (fact,) = pages[-1]
    assert (fact.status, fact.captured_minor, fact.refunded_minor) == ("captured", 5400, 300)


def test_a_payout_is_asked_for_by_both_windows_and_read(connector, stand, checkout):
    stand.told("stripe/pay_voucher", payment=checkout(10_000, method="konbini", outcome="expire")["payment"])
    (payout,) = stand.told("stripe/settle_day", day="2099-11-20")["payouts"]  # a Friday: it arrives on Monday
    since = clock.now() - timedelta(minutes=10)
    stand.heard.clear()
    (found,) = [
        one for page in connector.payouts_between(since, since + timedelta(minutes=20)) for one in page
        if one.provider_id == payout
    ]  # fmt: skip
    assert (found.status, found.currency, found.arrives_on) == ("in_transit", "JPY", date(2099, 11, 23))
    assert [sorted(ask.query) for ask in stand.heard] == [
        ["created[gte]", "created[lt]", "limit"], ["arrival_date[gte]", "arrival_date[lte]", "limit"],
    ]  # fmt: skip


def test_lines_are_asked_for_with_what_they_are_about(connector, stand, checkout):
    payment = checkout(10_000)["payment"]
    connector.capture(c.CaptureRequest(provider_id=payment, amount_minor=10_000, currency="JPY"), "key-l1")
    request = c.RefundRequest(provider_id=payment, amount_minor=300, currency="JPY", reference="r-9")
    refund = connector.refund(request, "key-l2").provider_id
    (payout,) = stand.told("stripe/settle_day", day="2026-11-19")["payouts"]
    stand.heard.clear()
    lines = [line for page in connector.money_lines(payout) for line in page if line.payment_id == payment]
    (ask,) = stand.heard
    assert (ask.path, ask.query) == (
        "/v1/balance_transactions", {"payout": payout, "expand[0]": "data.source", "limit": "100"}
    )  # fmt: skip
    assert [(line.kind, line.amount_minor, line.refund_id, line.reference) for line in lines] == [
        ("refund", -300, refund, "r-9"), ("charge", 10_000, "", ""),
    ]  # fmt: skip


def test_a_list_that_does_not_move_on_is_given_up(scripted):
    page = b'{"object": "list", "has_more": true, "data": [{"id": "txn_1"}]}'
    payouts = scripted(200, {}, page.replace(b"txn_1", b"po_1")).payouts_between(clock.now(), clock.now())
    with pytest.raises(errors.Transient):
        list(payouts)
    empty = b'{"object": "list", "has_more": true, "data": []}'
    with pytest.raises(errors.Transient):
        list(scripted(200, {}, empty).money_lines("po_1"))
