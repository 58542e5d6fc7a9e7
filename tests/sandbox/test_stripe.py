"""Stripe's stand-in: keys answer once, time brings what it must, and the oracle names each thing once."""

from datetime import UTC, datetime, timedelta

import pytest

from apps.core import clock
from apps.sandbox.stripe import signature
from apps.sandbox.stripe_wire import form
from apps.sandbox.world import Notice
from tests.sandbox.stripe_shop import FRIDAY, MONDAY, START, Shop


@pytest.fixture
def shop(tmp_path, settings):
    return Shop(tmp_path, settings)


def test_forms_with_brackets_become_trees():
    body = b"a=1&b%5Bc%5D%5Bd%5D=x&e[0]=p&e[1]=q&f[]=r&g[gte]=7"
    assert form(body) == {"a": "1", "b": {"c": {"d": "x"}}, "e": ["p", "q"], "f": ["r"], "g": {"gte": "7"}}


# Callers and keys


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer pk_test_1", "Basic sk"])
def test_without_a_secret_key_nothing_is_answered(shop, given):
    status, said, _ = shop.ask("GET", "/v1/balance", headers={"authorization": given})
    assert (status, said["error"]["type"]) == (401, "invalid_request_error")


def test_a_key_that_was_told_is_the_only_one(shop):
    shop.world.hooks["stripe"]["api_key"] = "sk_test_2"
    assert shop.ask("GET", "/v1/balance")[0] == 401
    assert shop.ask("GET", "/v1/balance", headers={"authorization": "Bearer sk_test_2"})[0] == 200


def test_another_api_version_is_refused(shop):
    assert shop.ask("GET", "/v1/balance", headers={"stripe-version": "2023-08-16"})[0] == 400


def test_the_same_key_is_answered_the_same_and_done_once(shop):
    payment = shop.checkout()["payment"]
    path = f"/v1/payment_intents/{payment}/capture"
    first, again = shop.ask("POST", path, key="k"), shop.ask("POST", path, key="k")
    assert (first[0], again[:2]) == (200, first[:2])
    assert (first[2].get("Idempotent-Replayed"), again[2]["Idempotent-Replayed"]) == (None, "true")
    assert shop.world.db.execute("SELECT count(*) FROM stripe_line").fetchone()[0] == 1


def test_the_same_key_for_something_else_is_an_error_of_its_own(shop):
    payment = shop.checkout()["payment"]
    path = f"/v1/payment_intents/{payment}/capture"
    shop.ask("POST", path, key="k", amount_to_capture=100)
    status, said, _ = shop.ask("POST", path, key="k", amount_to_capture=200)
    assert (status, said["error"]["type"]) == (400, "idempotency_error")


def test_what_fails_validation_is_not_kept_but_a_refusal_in_execution_is(shop):
    status, _, _ = shop.ask("POST", "/v1/payment_intents", key="k", amount=0, currency="jpy")
    assert (status, shop.ask("POST", "/v1/payment_intents", key="k", amount=100, currency="jpy")[0]) == (400, 200)
    payment = shop.checkout("2")["payment"]
    refund = {"payment_intent": payment, "amount": 1}
    assert shop.ask("POST", "/v1/refunds", key="r", **refund)[0] == 400
    shop.capture(payment)
    assert shop.ask("POST", "/v1/refunds", key="r", **refund)[2]["Idempotent-Replayed"] == "true"
    assert shop.ask("POST", "/v1/refunds", key="r2", **refund)[0] == 200


@pytest.mark.parametrize(("has_effect", "status"), [(False, "requires_capture"), (True, "succeeded")])
def test_a_failure_that_had_begun_is_kept_for_its_key(shop, has_effect, status):
    payment = shop.checkout()["payment"]
    path = f"/v1/payment_intents/{payment}/capture"
    shop.tell("fail_next", times=1, has_effect=has_effect)
    assert [shop.ask("POST", path, key="k")[0] for _ in range(3)] == [500, 500, 500]
    assert shop.ask("GET", f"/v1/payment_intents/{payment}")[1]["status"] == status


def test_keys_are_forgotten_after_a_day(shop):
    payment = shop.checkout()["payment"]
    shop.ask("POST", f"/v1/payment_intents/{payment}/cancel", key="k")
    shop.pass_time(hours=25)
    shop.tell("settle_day", day="2026-11-21")
    status, said, told = shop.ask("POST", f"/v1/payment_intents/{payment}/cancel", key="k")
    assert (status, said["error"]["code"], told.get("Idempotent-Replayed")) == (
        400, "payment_intent_unexpected_state", None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("path", "params", "code"),
    [
        ("/v1/payment_intents", {"amount": 1, "currency": "jpy", "payment_method_types[0]": "card"},
         "payment_method_types_no_longer_supported"),
        ("/v1/payment_intents", {"amount": 1, "currency": "jpy", "amont": 1}, "parameter_unknown"),
        ("/v1/payment_intents", {"amount": "1.5", "currency": "jpy"}, "parameter_invalid_integer"),
        ("/v1/payment_intents", {"currency": "jpy"}, "parameter_missing"),
        ("/v1/payment_intents", {"amount": 1}, "parameter_missing"),
        ("/v1/payment_intents", {"amount": 119, "currency": "jpy", "allowed_payment_method_types[0]": "konbini"},
         "amount_too_small"),
        ("/v1/payment_intents", {"amount": 300001, "currency": "jpy", "allowed_payment_method_types[0]": "konbini"},
         "amount_too_large"),
        ("/v1/refunds", {"amount": 1}, "parameter_missing"),
        ("/v1/payment_intents/pi_none/capture", {}, "resource_missing"),
    ],
)  # fmt: skip
def test_what_stripe_would_refuse_is_refused_by_the_same_code(shop, path, params, code):
    status, said, _ = shop.ask("POST", path, **params)
    assert (said["error"]["code"], status) == (code, 404 if code == "resource_missing" else 400)


def test_a_declined_card_is_a_402_with_the_intent_in_it(shop):
    status, said, _ = shop.ask(
        "POST",
        "/v1/payment_intents",
        amount=500,
        currency="jpy",
        confirm="true",
        payment_method="pm_card_chargeDeclined",
    )
    assert (status, said["error"]["code"], said["error"]["payment_intent"]["status"]) == (
        402, "card_declined", "requires_payment_method",
    )  # fmt: skip


def test_an_unknown_address_is_a_404_in_stripes_words(shop):
    for method, path in (
        ("GET", "/v1/moons"),
        ("DELETE", "/v1/payment_intents"),
        ("GET", "/"),
        ("POST", "/v1/balance"),
    ):
        status, said, _ = shop.ask(method, path)
        assert (status, said["error"]["message"]) == (404, f"Unrecognized request URL ({method}: {path}).")


# Time


def test_a_paid_slip_is_told_hours_later_and_never_after_its_end(shop):
    made = [shop.checkout(str(n), method="konbini", outcome="paid")["payment"] for n in range(40)]
    shop.pass_time(days=5)
    rows = shop.world.db.execute("SELECT * FROM stripe_intent").fetchall()
    assert {row["status"] for row in rows} == {"succeeded"}
    assert [row["id"] for row in rows if not row["created"] + 3600 <= row["charged_at"] < row["expires_at"]] == []
    topics = [topic for topic, _ in shop.notices()]
    assert (topics.count("payment_intent.requires_action"), topics.count("payment_intent.succeeded")) == (40, len(made))


def test_an_unpaid_slip_ends_with_the_third_day_in_japan_as_at_stripe(shop):
    payment = shop.checkout(method="konbini", outcome="expire")["payment"]
    ends = datetime(2026, 11, 23, 14, 59, 59, tzinfo=UTC)
    assert shop.ask("GET", f"/v1/payment_intents/{payment}")[1]["next_action"]["konbini_display_details"][
        "expires_at"
    ] == int(ends.timestamp())
    shop.clock.set(ends - timedelta(seconds=1))
    shop.pass_time(seconds=0)
    before = shop.ask("GET", f"/v1/payment_intents/{payment}")[1]["status"]
    shop.pass_time(seconds=1)
    after = shop.ask("GET", f"/v1/payment_intents/{payment}")[1]
    assert (before, after["status"], after["next_action"]) == ("requires_action", "requires_payment_method", None)
    assert shop.notices()[-1] == ("payment_intent.payment_failed", f"payment:{payment}")
    assert shop.tell("pay_voucher", payment=payment)["status"] == "requires_payment_method"


def test_about_one_slip_in_seven_is_never_paid(shop):
    for number in range(400):
        shop.checkout(str(number), method="konbini")
    shop.pass_time(days=5)
    rows = shop.world.db.execute("SELECT status, count(*) FROM stripe_intent GROUP BY 1").fetchall()
    counts = dict(tuple(row) for row in rows)
    assert 30 <= counts["requires_payment_method"] <= 90


# Lists


def test_lists_are_newest_first_and_paged_without_gap_or_double(shop):
    made = [shop.checkout(str(number))["payment"] for number in range(25)]
    told, after = [], {}
    while True:
        page = shop.ask("GET", "/v1/payment_intents", limit="10", **after)[1]
        told += [one["id"] for one in page["data"]]
        if not page["has_more"]:
            break
        after = {"starting_after": told[-1]}
    assert told == made[::-1]


def test_a_window_leaves_out_what_lies_outside(shop):
    first = shop.checkout("1")["payment"]
    shop.pass_time(hours=1)
    second = shop.checkout("2")["payment"]
    border = str(int(shop.clock.now().timestamp()))
    late = shop.ask("GET", "/v1/payment_intents", **{"created[gte]": border})[1]["data"]
    early = shop.ask("GET", "/v1/payment_intents", **{"created[lt]": border})[1]["data"]
    assert ([one["id"] for one in late], [one["id"] for one in early]) == ([second], [first])
    assert shop.ask("GET", "/v1/payment_intents", limit="101")[0] == 400
    assert shop.ask("GET", "/v1/payment_intents", **{"created[near]": border})[0] == 400


# Notices and the oracle


def test_a_notice_is_signed_at_the_moment_of_sending_by_wall_time(shop):
    notice = Notice(1, "stripe", "x", "payment:pi_1", START, b"{}", {})
    told = shop.stripe.sign(notice)["Stripe-Signature"]
    stamp = told[2:].partition(",")[0]
    assert told == f"t={stamp},v1={signature('whsec_1', stamp, b'{}')}"
    assert abs(int(stamp) - clock.wall().timestamp()) < 5


def test_a_change_of_which_nobody_was_told_is_named_once(shop):
    shop.checkout("1")
    shop.deliver()
    untold = shop.checkout("2")["payment"]
    named = [shop.stripe.planted(night)["payment_status"] for night in (FRIDAY, MONDAY)]
    assert named == [[f"payment:{untold}"], []]


def test_a_notice_that_was_refused_told_nobody(shop):
    payment = shop.checkout()["payment"]
    shop.deliver(status=401)
    assert shop.stripe.planted(FRIDAY)["payment_status"] == [f"payment:{payment}"]


@pytest.mark.parametrize("path", ["/v1/payment_intents", "/v1/payment_intents/{payment}", "/v1/events"])
def test_what_was_served_is_known(shop, path):
    payment = shop.checkout()["payment"]
    shop.ask("GET", path.format(payment=payment))
    assert shop.stripe.planted(FRIDAY)["payment_status"] == []


def test_a_later_change_must_be_told_anew(shop):
    payment = shop.checkout(method="konbini", outcome="expire")["payment"]
    shop.deliver()
    assert shop.stripe.planted(FRIDAY)["payment_status"] == []
    shop.pass_time(hours=1)
    shop.tell("pay_voucher", payment=payment)
    assert shop.stripe.planted(FRIDAY)["payment_status"] == [f"payment:{payment}"]


def test_a_lost_payment_is_in_no_list_until_night_and_then_named(tmp_path, settings):
    shop = Shop(tmp_path, settings, seed=7, rates={"lost": 1.0, "wrong_amount": 1.0})
    checkout = shop.checkout()
    assert shop.notices(state="lost") == [
        ("payment_intent.amount_capturable_updated", f"payment:{checkout['payment']}")
    ]
    lists = [shop.ask("GET", path)[1]["data"] for path in ("/v1/payment_intents", "/v1/events")]
    planted = shop.stripe.planted(FRIDAY)
    shop.world.find_lost()
    found = shop.ask("GET", "/v1/payment_intents")[1]["data"]
    assert (lists, planted["payment_status"], len(found)) == ([[], []], [f"payment:{checkout['payment']}"], 1)
    assert (checkout["amount_minor"], planted["payment_amount"]) == (5400, [])  # never lost and odd at once


def test_an_odd_payment_is_named_once_it_was_heard_of(tmp_path, settings):
    shop = Shop(tmp_path, settings, seed=7, rates={"lost": 0, "wrong_amount": 1.0})
    checkout = shop.checkout()
    before = shop.stripe.planted(FRIDAY)["payment_amount"]
    shop.deliver()
    after = [shop.stripe.planted(FRIDAY)["payment_amount"] for _ in range(2)]
    assert (before, after) == ([], [[f"payment:{checkout['payment']}"], []])
    assert 0 < checkout["amount_minor"] < 5400


def test_a_wrong_currency_is_odd_too(tmp_path, settings):
    shop = Shop(tmp_path, settings, seed=7, rates={"lost": 0, "wrong_amount": 0, "wrong_currency": 1.0})
    assert [shop.checkout(str(n), currency=name)["currency"] for n, name in enumerate(("JPY", "USD"))] == ["usd", "eur"]
    assert shop.checkout("3", method="konbini", outcome="paid")["currency"] == "jpy"


def test_a_calm_world_plants_nothing(shop):
    for number in range(200):
        payment = shop.checkout(str(number))["payment"]
        shop.capture(payment)
    shop.tell("settle_day", day=FRIDAY.isoformat())
    shop.deliver()
    assert shop.stripe.planted(FRIDAY) == {"payment_status": [], "payment_amount": [], "payout_sum": []}


def test_the_plan_depends_on_seed_and_thing_alone(tmp_path, settings):
    rates = {"wrong_amount": 0.5, "lost": 0}
    told = []
    for name, numbers in (("a", range(20)), ("b", reversed(range(20)))):
        (tmp_path / name).mkdir()
        shop = Shop(tmp_path / name, settings, seed=7, rates=rates)
        told.append({number: shop.checkout(str(number))["amount_minor"] for number in numbers})
    assert told[0] == told[1]
    assert 3 <= sum(minor != 5400 for minor in told[0].values()) <= 17
