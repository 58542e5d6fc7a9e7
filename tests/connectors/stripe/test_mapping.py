"""Stripe's objects and ours, without a network: what each word becomes, and what a genuine but wrong record says."""

import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.connectors.stripe import codes, mapping
from apps.connectors.stripe.connector import StripeConnector
from apps.connectors.stripe.settings import StripeSettings
from apps.hub import contracts as c
from apps.hub import errors
from tests.connectors.stripe.conftest import CONNECTION

CREATED, CHARGED, TAKEN = 1_790_000_000, 1_790_000_060, 1_790_086_400
READER = StripeConnector(StripeSettings(api_key="sk_test_1"), CONNECTION)


def an_intent(**more):
    return {
        "id": "pi_1", "object": "payment_intent", "amount": 5400, "amount_capturable": 0, "amount_received": 0,
        "created": CREATED, "currency": "jpy", "latest_charge": None, "metadata": {"order_number": "#1001"},
        "payment_method_types": ["card"], "status": "requires_capture",
    } | more  # fmt: skip


def a_charge(**more):
    return {
        "id": "ch_1", "object": "charge", "amount": 5400, "amount_captured": 5400, "amount_refunded": 0,
        "captured": True, "created": CHARGED, "currency": "jpy", "metadata": {"order_number": "#1001"},
        "payment_intent": "pi_1", "payment_method_details": {"type": "card", "card": {}}, "status": "succeeded",
        "balance_transaction": {"id": "txn_1", "created": TAKEN},
    } | more  # fmt: skip


def read(topic, thing, *, at=CREATED):
    return READER.read(topic, json.dumps({"type": topic, "created": at, "data": {"object": thing}}).encode())


def fact_of(**more):
    return mapping.payment_fact(an_intent(**more), reference_key="order_number")


@pytest.mark.parametrize(
    ("raw", "more", "ours"),
    [
        ("requires_payment_method", {}, "pending"),
        ("requires_payment_method", {"last_payment_error": {"code": "card_declined"}}, "failed"),
        ("requires_confirmation", {}, "pending"),
        ("requires_action", {}, "pending"),
        ("processing", {}, "pending"),
        ("requires_capture", {"last_payment_error": {"code": "card_declined"}}, "authorised"),
        ("succeeded", {}, "captured"),
        ("canceled", {}, "cancelled"),
        ("on_the_moon", {}, c.UNKNOWN),
    ],
)
def test_states_of_a_payment(raw, more, ours):
    fact = fact_of(status=raw, **more)
    assert (fact.status, fact.raw_status) == (ours, raw)


def test_an_authorised_payment_says_what_may_be_taken():
    fact = fact_of(amount_capturable=5400, latest_charge="ch_1")
    assert fact == c.PaymentFact(
        provider_id="pi_1", status="authorised", currency="JPY", amount_minor=5400, at=mapping.moment(CREATED),
        order_reference="#1001", method="card", authorised_minor=5400, raw_status="requires_capture",
    )  # fmt: skip


def test_totals_come_from_the_expanded_charge_and_the_time_from_its_capture():
    fact = fact_of(status="succeeded", amount_received=5000, latest_charge=a_charge(amount_refunded=300))
    assert (fact.authorised_minor, fact.captured_minor, fact.refunded_minor) == (5000, 5000, 300)
    assert fact.at == mapping.moment(TAKEN)


def test_the_end_of_an_authorisation_is_told_while_it_is_one():
    details = {"type": "card", "card": {"capture_before": TAKEN}}
    charge = a_charge(payment_method_details=details, balance_transaction=None)
    assert fact_of(latest_charge=charge).expires_at == mapping.moment(TAKEN)
    assert fact_of(latest_charge=charge, status="succeeded").expires_at is None


@pytest.mark.parametrize(
    ("types", "used", "ours"),
    [
        (["card"], "", "card"),
        (["link"], "", "card"),
        (["konbini"], "", "konbini"),
        (["customer_balance"], "", "bank"),
        (["card", "konbini"], "", c.UNKNOWN),
        (["card", "konbini"], "konbini", "konbini"),
        (["paypay"], "", c.UNKNOWN),
        ([], "", c.UNKNOWN),
    ],
)
def test_the_method_is_the_one_used_or_the_only_one(types, used, ours):
    charge = a_charge(payment_method_details={"type": used}) if used else None
    assert fact_of(payment_method_types=types, latest_charge=charge).method == ours


def test_the_reference_lies_where_the_settings_say():
    metadata = {"order_number": "no", "order": "yes"}
    assert mapping.payment_fact(an_intent(metadata=metadata), reference_key="order").order_reference == "yes"
    assert fact_of(metadata={}).order_reference == fact_of(metadata=None).order_reference == ""


@pytest.mark.parametrize(("amount", "currency"), [(1, "jpy"), (5400, "usd"), (540_000, "jpy")])
def test_a_genuine_notice_for_another_amount_or_currency_says_exactly_that(amount, currency):
    (fact,) = read(
        "payment_intent.amount_capturable_updated",
        an_intent(amount=amount, amount_capturable=amount, currency=currency),
    )
    assert (fact.amount_minor, fact.authorised_minor, fact.currency, fact.order_reference) == (
        amount, amount, currency.upper(), "#1001",
    )  # fmt: skip


@pytest.mark.parametrize("topic", sorted(codes.PAYMENT_TOPICS))
def test_every_topic_of_a_payment_reads_at_its_own_time(topic):
    (fact,) = read(topic, an_intent(), at=TAKEN)
    assert (fact.provider_id, fact.at) == ("pi_1", mapping.moment(TAKEN))


@pytest.mark.parametrize(
    ("raw", "ours"),
    [
        ("pending", "pending"), ("requires_action", "pending"), ("succeeded", "succeeded"), ("failed", "failed"),
        ("canceled", "failed"), ("lost_at_sea", c.UNKNOWN), (None, c.UNKNOWN),
    ],
)  # fmt: skip
@pytest.mark.parametrize("topic", sorted(codes.REFUND_TOPICS))
def test_states_of_a_refund(topic, raw, ours):
    refund = {
        "id": "re_1", "amount": 300, "currency": "jpy", "created": CREATED, "status": raw,
        "payment_intent": {"id": "pi_1"}, "metadata": {"reference": "r-1"},
    }  # fmt: skip
    assert read(topic, refund, at=TAKEN) == (
        c.RefundFact(
            provider_id="re_1", payment_provider_id="pi_1", status=ours, currency="JPY", amount_minor=300,
            at=mapping.moment(TAKEN), reference="r-1", raw_status=raw or "",
        ),
    )  # fmt: skip


def test_charge_refunded_tells_the_totals_of_its_payment():
    (fact,) = read(codes.CHARGE_REFUNDED, a_charge(amount_refunded=5400), at=TAKEN)
    assert (fact.provider_id, fact.status, fact.captured_minor, fact.refunded_minor, fact.order_reference) == (
        "pi_1", "captured", 5400, 5400, "#1001",
    )  # fmt: skip
    assert read(codes.CHARGE_REFUNDED, a_charge(payment_intent=None)) == ()


@pytest.mark.parametrize("topic", ["charge.captured", "charge.succeeded", "charge.dispute.created", "charge.updated"])
def test_what_the_payment_says_itself_is_not_heard_twice(topic):
    assert read(topic, a_charge()) == ()


@pytest.mark.parametrize("topic", ["invoice.paid", "customer.created", "payment_intent.exploded", "", "v2.core.event"])
def test_a_topic_of_no_table_is_kept_for_a_person(topic):
    with pytest.raises(errors.Unreadable):
        read(topic, an_intent())


@pytest.mark.parametrize(
    "broken",
    [{}, None, [], 7, {"id": "pi_1"}, an_intent(amount="many"), an_intent(currency=None), an_intent(amount=None)],
)
def test_a_thing_that_is_not_what_its_topic_says_is_unreadable(broken):
    with pytest.raises(errors.Unreadable):
        read("payment_intent.succeeded", broken)


@pytest.mark.parametrize(
    ("raw", "ours"),
    [
        ("pending", "pending"), ("in_transit", "in_transit"), ("paid", "paid"), ("failed", "failed"),
        ("canceled", "cancelled"), ("returned", c.UNKNOWN),
    ],
)  # fmt: skip
def test_states_of_a_payout(raw, ours):
    payout = {
        "id": "po_1", "amount": 7116, "currency": "jpy", "created": CREATED, "arrival_date": 1_790_035_200,
        "status": raw,
    }  # fmt: skip
    assert read("payout.paid", payout) == (
        c.Payout(
            provider_id="po_1", amount_minor=7116, currency="JPY", arrives_on=date(2026, 9, 22), status=ours,
            at=mapping.moment(CREATED), raw_status=raw,
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("category", "kind"),
    [
        ("charge", "charge"), ("partial_capture_reversal", "charge"), ("refund", "refund"),
        ("refund_failure", "refund"), ("dispute", "dispute"), ("dispute_reversal", "dispute"), ("fee", "fee"),
        ("network_cost", "fee"), ("other_adjustment", "adjustment"), ("payout", "payout"),
        ("payout_reversal", "payout"), ("transfer", c.UNKNOWN), ("moon_tax", c.UNKNOWN),
    ],
)  # fmt: skip
def test_a_line_is_classified_by_category_and_not_by_type(category, kind):
    raw = {
        "id": "txn_1", "amount": 2500, "fee": 90, "net": 2410, "currency": "jpy", "created": CREATED,
        "reporting_category": category, "type": "adjustment", "source": "ch_1",
    }  # fmt: skip
    assert mapping.money_line(raw, "po_1") == c.MoneyLine(
        provider_id="txn_1", kind=kind, amount_minor=2500, fee_minor=90, net_minor=2410, currency="JPY",
        at=mapping.moment(CREATED), payout_id="po_1", source_id="ch_1", raw_kind=category,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (None, ("", "", "", "")),
        ("ch_1", ("ch_1", "", "", "")),
        ({"object": "charge", "id": "ch_1", "payment_intent": "pi_1"}, ("ch_1", "pi_1", "", "")),
        ({"object": "charge", "id": "ch_1", "payment_intent": {"id": "pi_1"}}, ("ch_1", "pi_1", "", "")),
        ({"object": "charge", "id": "ch_1", "payment_intent": None}, ("ch_1", "", "", "")),
        (
            {"object": "refund", "id": "re_1", "payment_intent": "pi_1", "metadata": {"reference": "r-7"}},
            ("re_1", "pi_1", "re_1", "r-7"),
        ),
        ({"object": "refund", "id": "re_1", "payment_intent": "pi_1", "metadata": None}, ("re_1", "pi_1", "re_1", "")),
        ({"object": "dispute", "id": "dp_1", "payment_intent": "pi_1", "metadata": {"reference": "x"}}, ("dp_1", "pi_1", "", "")),
        ({"object": "payout", "id": "po_1"}, ("po_1", "", "", "")),
    ],
)  # fmt: skip
def test_a_line_belongs_to_the_payment_that_its_source_tells(source, told):
    raw = {
        "id": "txn_1", "amount": 2500, "fee": 90, "net": 2410, "currency": "jpy", "created": CREATED,
        "reporting_category": "charge", "source": source,
    }  # fmt: skip
    line = mapping.money_line(raw, "po_1")
    assert (line.source_id, line.payment_id, line.refund_id, line.reference) == told


@pytest.mark.parametrize(
    ("asked", "setting", "days"), [(3, 3, 3), (0, 5, 5), (1, 5, 1), (90, 3, 60), (60, 3, 60), (0, 0, 1)]
)
def test_a_slip_lives_as_long_as_it_is_asked_for_within_what_stripe_allows(asked, setting, days):
    request = c.PaymentRequest(
        reference="1", amount_minor=120, currency="JPY", method="konbini", description="x" * 40, expires_in_days=asked
    )
    params = mapping.request_params(request, StripeSettings(konbini_days=setting))
    assert params["payment_method_options"]["konbini"] == {"expires_after_days": days, "product_description": "x" * 22}


@given(st.integers(1, 99_999_999), st.sampled_from(["JPY", "USD", "GBP", "BHD"]))
def test_amounts_are_minor_units_on_both_sides_in_every_currency(minor, currency):
    request = c.PaymentRequest(reference="1", amount_minor=minor, currency=currency, method="card")
    params = mapping.request_params(request, StripeSettings())
    fact = fact_of(amount=params["amount"], currency=params["currency"])
    assert (fact.amount_minor, fact.currency) == (minor, currency)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)), st.integers(0, 10**9))
def test_a_window_is_never_narrower_than_asked(since, microseconds):
    since = since.replace(tzinfo=UTC)
    until = datetime.fromtimestamp(since.timestamp() + microseconds / 1e6, UTC)
    asked = mapping.window(since, until)
    assert asked["gte"] <= since.timestamp() < asked["gte"] + 1
    assert asked["lt"] - 1 < until.timestamp() <= asked["lt"]


def test_refunds_of_a_payment_are_summed_without_those_that_failed():
    refunds = [
        {"payment_intent": "pi_1", "amount": 100, "status": "succeeded"},
        {"payment_intent": {"id": "pi_1"}, "amount": 20, "status": "pending"},
        {"payment_intent": "pi_1", "amount": 3, "status": "failed"},
        {"payment_intent": "pi_2", "amount": 4, "status": "requires_action"},
    ]
    assert mapping.refunded_by_payment(refunds) == {"pi_1": 120, "pi_2": 4}
