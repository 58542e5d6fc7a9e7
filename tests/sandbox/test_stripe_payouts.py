"""Stripe's stand-in: its ledger adds up, payouts are the sum of their lines, and lines tell what they are about."""

from datetime import UTC, datetime

import pytest

from tests.sandbox.stripe_shop import FRIDAY, MONDAY, SATURDAY, Shop


@pytest.fixture
def shop(tmp_path, settings):
    return Shop(tmp_path, settings)


def test_fees_are_36_per_mille_half_up_and_a_payout_is_the_sum_of_its_lines(shop):
    for number, minor in enumerate((1000, 1001, 125, 13)):
        shop.capture(shop.checkout(str(number), minor)["payment"])
    rows = shop.world.db.execute("SELECT amount, fee FROM stripe_line ORDER BY seq").fetchall()
    assert [tuple(row) for row in rows] == [(1000, 36), (1001, 36), (125, 5), (13, 0)]
    (payout,) = shop.tell("settle_day", day=FRIDAY.isoformat())["payouts"]
    told = shop.ask("GET", f"/v1/payouts/{payout}")[1]
    lines = shop.ask("GET", "/v1/balance_transactions", payout=payout, limit=100)[1]["data"]
    assert (told["amount"], told["status"], sum(line["net"] for line in lines)) == (2139 - 77, "in_transit", 0)
    assert sum(line["net"] for line in lines if line["type"] != "payout") == told["amount"]


def test_lines_tell_what_they_are_about_when_they_are_asked_to(shop):
    payment = shop.capture(shop.checkout("1", 5000)["payment"])["id"]
    refund = shop.ask("POST", "/v1/refunds", payment_intent=payment, amount=300)[1]["id"]
    (payout,) = shop.tell("settle_day", day=FRIDAY.isoformat())["payouts"]
    plain = shop.ask("GET", "/v1/balance_transactions", payout=payout)[1]["data"]
    whole = shop.ask("GET", "/v1/balance_transactions", payout=payout, **{"expand[]": "data.source"})[1]["data"]
    charge = "ch_" + payment.removeprefix("pi_")
    assert [line["source"] for line in plain] == [payout, refund, charge]
    assert [(line["source"]["object"], line["source"]["id"]) for line in whole] == [
        ("payout", payout), ("refund", refund), ("charge", charge),
    ]  # fmt: skip
    assert [line["source"].get("payment_intent") for line in whole] == [None, payment, payment]
    assert [line["source"]["balance_transaction"] for line in whole] == [line["id"] for line in plain]
    assert [line | {"source": line["source"]["id"]} for line in whole] == plain


def test_a_line_tells_no_payments_state(shop):
    payment = shop.checkout("1", method="konbini", outcome="expire")["payment"]
    shop.tell("pay_voucher", payment=payment)
    (payout,) = shop.tell("settle_day", day=FRIDAY.isoformat())["payouts"]
    assert shop.ask("GET", "/v1/balance_transactions", payout=payout, **{"expand[]": "data.source"})[0] == 200
    assert shop.stripe.planted(FRIDAY)["payment_status"] == [f"payment:{payment}"]


def test_payouts_are_made_on_business_days_once_a_currency_and_arrive_on_the_next(shop):
    shop.capture(shop.checkout("1")["payment"])
    shop.capture(shop.checkout("2", currency="USD")["payment"])
    assert len(shop.tell("settle_day", day=FRIDAY.isoformat())["payouts"]) == 2
    shop.capture(shop.checkout("3")["payment"])
    assert shop.tell("settle_day", day=FRIDAY.isoformat())["payouts"] == []
    assert shop.tell("settle_day", day=SATURDAY.isoformat())["payouts"] == []
    shop.pass_time(days=3)
    assert len(shop.tell("settle_day", day=MONDAY.isoformat())["payouts"]) == 1
    rows = shop.world.db.execute("SELECT currency, status, arrival FROM stripe_payout ORDER BY seq").fetchall()
    monday, tuesday = (int(datetime(2026, 11, day, tzinfo=UTC).timestamp()) for day in (23, 24))
    assert [tuple(row) for row in rows] == [
        ("jpy", "paid", monday), ("usd", "paid", monday), ("jpy", "in_transit", tuesday),
    ]  # fmt: skip


def test_more_given_back_than_taken_waits_for_a_better_day(shop):
    payment = shop.checkout()["payment"]
    shop.capture(payment)
    shop.tell("settle_day", day=FRIDAY.isoformat())
    shop.ask("POST", "/v1/refunds", payment_intent=payment)
    shop.pass_time(days=3)
    assert shop.tell("settle_day", day=MONDAY.isoformat())["payouts"] == []
    assert shop.ask("GET", "/v1/balance")[1]["available"][0]["amount"] == -5400


def test_a_line_left_out_is_in_the_balance_but_not_in_the_list(tmp_path, settings):
    shop = Shop(
        tmp_path, settings, seed=7, rates={"lost": 0, "wrong_amount": 0, "wrong_currency": 0, "missing_line": 1}
    )
    for number in range(3):
        shop.capture(shop.checkout(str(number))["payment"])
    (payout,) = shop.tell("settle_day", day=FRIDAY.isoformat())["payouts"]
    lines = shop.ask("GET", "/v1/balance_transactions", payout=payout)[1]["data"]
    assert (len(lines), sum(line["net"] for line in lines)) == (3, 194 - 5400)
    assert [shop.stripe.planted(day)["payout_sum"] for day in (FRIDAY, MONDAY)] == [[f"payout:{payout}"], []]
