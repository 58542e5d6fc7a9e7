"""Each operation on the stand-in: the request built so, called so, its answer parsed so, its error parsed so."""

from datetime import UTC, datetime, timedelta

import pytest
import stripe

from apps.connectors.stripe.client import FailureKept, Refused
from apps.core import clock
from apps.hub import contracts as c
from apps.hub import errors
from apps.sandbox.stripe_wire import form
from tests.connectors.stripe.conftest import API_KEY

KONBINI = c.PaymentRequest(
    reference="K-1001", amount_minor=5400, currency="JPY", method="konbini", description="ご注文 K-1001",
    customer_name="山田花子", customer_email="hanako@example.jp",
)  # fmt: skip
EXPANDED = ["latest_charge.balance_transaction"]


def sent(stand):
    """The last request: method, path, what its form said."""
    ask = stand.heard[-1]
    return ask.method, ask.path, form(ask.body)


def headers(stand):
    return {name: stand.heard[-1].headers.get(name) for name in ("authorization", "idempotency-key", "stripe-version")}


def called_with(key):
    return {"authorization": f"Bearer {API_KEY}", "idempotency-key": key, "stripe-version": "2026-10-28.endive"}


# payment.request


def test_a_konbini_request_is_built_confirmed_with_its_payer(connector, stand):
    connector.request_payment(KONBINI, "key-r1")
    assert sent(stand) == (
        "POST",
        "/v1/payment_intents",
        {
            "allowed_payment_method_types": ["konbini"],
            "amount": "5400",
            "confirm": "true",
            "currency": "jpy",
            "description": "ご注文 K-1001",
            "metadata": {"order_number": "K-1001"},
            "payment_method_data": {
                "type": "konbini",
                "billing_details": {"name": "山田花子", "email": "hanako@example.jp"},
            },
            "payment_method_options": {"konbini": {"expires_after_days": "3", "product_description": "ご注文 K-1001"}},
        },
    )


def test_a_request_is_called_with_key_version_and_nothing_that_tells_on_us(connector, stand):
    connector.request_payment(KONBINI, "key-r2")
    told = stand.heard[-1].headers
    assert headers(stand) == called_with("key-r2")
    assert [name for name in told if name.startswith("x-stripe")] == []
    assert told["user-agent"] == f"Kurogo Stripe/v1 PythonBindings/{stripe.VERSION}"


def test_a_konbini_answer_has_its_voucher_and_its_end(connector):
    fact = connector.request_payment(KONBINI, "key-r3")
    last_day = clock.now().astimezone(clock.shop_zone()).date() + timedelta(days=3)
    assert (fact.status, fact.method, fact.amount_minor, fact.currency) == ("pending", "konbini", 5400, "JPY")
    assert fact.voucher_url == f"https://payments.stripe.com/konbini/voucher/{fact.provider_id}"
    assert fact.expires_at == datetime(last_day.year, last_day.month, last_day.day, 14, 59, 59, tzinfo=UTC)
    assert (fact.order_reference, fact.raw_status) == ("K-1001", "requires_action")


def test_a_request_that_stripe_refuses_waits_for_a_person(connector):
    nameless = c.PaymentRequest(reference="K-1", amount_minor=5400, currency="JPY", method="konbini")
    with pytest.raises(Refused) as caught:
        connector.request_payment(nameless, "key-r4")
    assert (caught.value.code, str(caught.value)) == (
        "parameter_missing",
        "Missing required param: billing_details[name].",
    )


def test_a_card_request_is_left_to_the_customer_and_to_a_later_capture(connector, stand):
    fact = connector.request_payment(
        c.PaymentRequest(reference="K-2", amount_minor=1250, currency="USD", method="card"), "key-r5"
    )
    assert sent(stand)[2] == {
        "allowed_payment_method_types": ["card"],
        "amount": "1250",
        "capture_method": "manual",
        "currency": "usd",
        "metadata": {"order_number": "K-2"},
    }
    assert (fact.status, fact.method, fact.authorised_minor, fact.currency) == ("pending", "card", 0, "USD")


def test_a_method_that_is_not_asked_for_here_leaves_nothing_behind(connector, stand):
    with pytest.raises(errors.Permanent):
        connector.request_payment(
            c.PaymentRequest(reference="K-3", amount_minor=1, currency="JPY", method="paypay"), "key-r6"
        )
    assert stand.heard == []


# payment.capture


def test_a_capture_is_built_with_its_amount(connector, stand, authorised):
    payment = authorised(5400)
    connector.capture(c.CaptureRequest(provider_id=payment, amount_minor=5000, currency="JPY"), "key-c1")
    assert sent(stand) == (
        "POST",
        f"/v1/payment_intents/{payment}/capture",
        {"amount_to_capture": "5000", "expand": EXPANDED},
    )


def test_a_capture_is_called_with_its_key(connector, stand, authorised):
    connector.capture(c.CaptureRequest(provider_id=authorised(5400), amount_minor=5400, currency="JPY"), "key-c2")
    assert headers(stand) == called_with("key-c2")


def test_a_partial_capture_gives_the_rest_back(connector, authorised):
    before = clock.now().replace(microsecond=0)
    fact = connector.capture(
        c.CaptureRequest(provider_id=authorised(5400), amount_minor=5000, currency="JPY"), "key-c3"
    )
    assert (fact.status, fact.amount_minor, fact.authorised_minor, fact.captured_minor) == (
        "captured", 5400, 5000, 5000,
    )  # fmt: skip
    assert before <= fact.at <= clock.now()


def test_a_capture_of_more_than_was_authorised_is_refused_by_its_code(connector, authorised):
    with pytest.raises(Refused) as caught:
        connector.capture(c.CaptureRequest(provider_id=authorised(5400), amount_minor=5401, currency="JPY"), "key-c4")
    assert (caught.value.code, caught.value.sent) == ("amount_too_large", False)


def test_a_capture_that_is_not_the_last_says_so(connector, stand, authorised):
    more = c.CaptureRequest(provider_id=authorised(5400), amount_minor=100, currency="JPY", final=False)
    with pytest.raises(errors.Permanent):
        connector.capture(more, "key-c5")
    assert sent(stand)[2]["final_capture"] == "false"


def test_a_capture_with_a_new_key_of_what_is_captured_answers_what_is_so(connector, authorised, moved):
    payment = authorised(5400)
    request = c.CaptureRequest(provider_id=payment, amount_minor=5400, currency="JPY")
    first = connector.capture(request, "key-c6")
    assert connector.capture(request, "another-key-c6") == first
    assert moved(payment) == (5400, 0)


def test_a_capture_of_another_amount_than_was_captured_stays_refused(connector, authorised):
    payment = authorised(5400)
    connector.capture(c.CaptureRequest(provider_id=payment, amount_minor=5000, currency="JPY"), "key-c7")
    with pytest.raises(Refused) as caught:
        connector.capture(c.CaptureRequest(provider_id=payment, amount_minor=5400, currency="JPY"), "key-c8")
    assert caught.value.code == "payment_intent_unexpected_state"


# A failure that Stripe keeps under the key


def test_a_kept_failure_without_effect_is_told_to_a_person(connector, stand, authorised, moved):
    payment = authorised(5400)
    request = c.CaptureRequest(provider_id=payment, amount_minor=5400, currency="JPY")
    stand.told("stripe/fail_next", times=1)
    with pytest.raises(errors.Transient) as first:
        connector.capture(request, "key-f1")
    with pytest.raises(FailureKept) as again:
        connector.capture(request, "key-f1")
    assert (first.value.sent, isinstance(again.value, errors.Permanent), moved(payment)) == (True, True, (0, 0))


def test_a_kept_failure_with_effect_is_settled_by_reading_back(connector, stand, authorised, moved):
    payment = authorised(5400)
    request = c.CaptureRequest(provider_id=payment, amount_minor=5400, currency="JPY")
    stand.told("stripe/fail_next", times=1, has_effect=True)
    with pytest.raises(errors.Transient):
        connector.capture(request, "key-f2")
    fact = connector.capture(request, "key-f2")
    assert (fact.captured_minor, moved(payment)) == (5400, (5400, 0))


def test_a_kept_failure_of_a_refund_finds_the_refund_by_our_reference(connector, stand, authorised, moved):
    payment = authorised(5400)
    connector.capture(c.CaptureRequest(provider_id=payment, amount_minor=5400, currency="JPY"), "key-f3")
    wanted = c.RefundRequest(provider_id=payment, amount_minor=400, currency="JPY", reference="refund-f4")
    stand.told("stripe/fail_next", times=1, has_effect=True)
    with pytest.raises(errors.Transient):
        connector.refund(wanted, "key-f4")
    fact = connector.refund(wanted, "key-f4")
    assert (fact.reference, fact.amount_minor, moved(payment)) == ("refund-f4", 400, (5400, 400))


# payment.void


def test_a_void_is_built_called_and_read(connector, stand, authorised):
    payment = authorised(5400)
    fact = connector.void(c.VoidRequest(provider_id=payment), "key-v1")
    assert sent(stand) == ("POST", f"/v1/payment_intents/{payment}/cancel", {"expand": EXPANDED})
    assert headers(stand) == called_with("key-v1")
    assert (fact.status, fact.authorised_minor, fact.captured_minor) == ("cancelled", 0, 0)


def test_what_was_captured_cannot_be_voided(connector, authorised):
    payment = authorised(5400)
    connector.capture(c.CaptureRequest(provider_id=payment, amount_minor=5400, currency="JPY"), "key-v2")
    with pytest.raises(Refused) as caught:
        connector.void(c.VoidRequest(provider_id=payment), "key-v3")
    assert caught.value.code == "payment_intent_unexpected_state"


def test_a_void_of_what_is_void_already_is_what_was_wanted(connector, authorised):
    payment = authorised(5400)
    first = connector.void(c.VoidRequest(provider_id=payment), "key-v4")
    assert connector.void(c.VoidRequest(provider_id=payment), "another-key-v4") == first


def test_an_open_slip_can_be_voided(connector, stand):
    slip = connector.request_payment(KONBINI, "key-v5")
    assert connector.void(c.VoidRequest(provider_id=slip.provider_id), "key-v6").status == "cancelled"
    assert stand.told("stripe/pay_voucher", payment=slip.provider_id)["status"] == "canceled"


def test_an_id_is_never_more_than_an_id(connector, stand):
    with pytest.raises(errors.VendorError):
        connector.void(c.VoidRequest(provider_id="../refunds?x=1#"), "key-v7")
    assert stand.heard[-1].path == "/v1/payment_intents/../refunds?x=1#/cancel"  # one segment, quoted on the wire


def test_without_an_id_nothing_is_asked(connector, stand):
    for call in (lambda: connector.void(c.VoidRequest(provider_id=""), "key-v8"), lambda: connector.fetch_payment("")):
        with pytest.raises(errors.Permanent):
            call()
    assert stand.heard == []


# payment.refund


def captured(connector, authorised, minor=5400):
    payment = authorised(minor)
    connector.capture(c.CaptureRequest(provider_id=payment, amount_minor=minor, currency="JPY"), "captured" + payment)
    return payment


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("", {"metadata": {"reference": "r-1"}}),
        ("duplicate", {"metadata": {"reference": "r-1"}, "reason": "duplicate"}),
        ("割れていた", {"metadata": {"reference": "r-1", "reason": "割れていた"}}),
    ],
)
def test_a_refund_is_built_with_our_reference(connector, stand, authorised, reason, said):
    payment = captured(connector, authorised)
    connector.refund(
        c.RefundRequest(provider_id=payment, amount_minor=400, currency="JPY", reference="r-1", reason=reason),
        "key-b1" + payment,
    )
    assert sent(stand) == ("POST", "/v1/refunds", {"payment_intent": payment, "amount": "400"} | said)
    assert headers(stand) == called_with("key-b1" + payment)


def test_a_refund_is_read(connector, authorised):
    payment = captured(connector, authorised)
    fact = connector.refund(
        c.RefundRequest(provider_id=payment, amount_minor=400, currency="JPY", reference="r-2"), "key-b2"
    )
    assert fact == c.RefundFact(
        provider_id=fact.provider_id, payment_provider_id=payment, status="succeeded", currency="JPY", amount_minor=400,
        at=fact.at, reference="r-2", raw_status="succeeded",
    )  # fmt: skip
    assert connector.fetch_payment(payment).refunded_minor == 400


def test_a_konbini_refund_waits_for_the_bank_of_the_customer(connector, stand, notice, checkout):
    payment = checkout(method="konbini", outcome="expire")["payment"]
    stand.told("stripe/pay_voucher", payment=payment)
    fact = connector.refund(
        c.RefundRequest(provider_id=payment, amount_minor=400, currency="JPY", reference="r-3"), "key-b3"
    )
    stand.told("stripe/settle_refund", refund=fact.provider_id)
    (later,) = connector.read("refund.updated", notice(f"refund:{fact.provider_id}", "refund.updated"))
    assert (fact.status, later.status, later.reference) == ("pending", "succeeded", "r-3")


def test_a_refund_that_the_bank_sends_back_has_failed(connector, stand, notice, authorised):
    payment = captured(connector, authorised)
    fact = connector.refund(
        c.RefundRequest(provider_id=payment, amount_minor=400, currency="JPY", reference="r-4"), "key-b4"
    )
    stand.told("stripe/settle_refund", refund=fact.provider_id, status="failed")
    (later,) = connector.read("refund.failed", notice(f"refund:{fact.provider_id}", "refund.failed"))
    assert (later.status, connector.fetch_payment(payment).refunded_minor) == ("failed", 0)


def test_a_refund_of_what_is_given_back_already_is_refused_unless_it_is_ours(connector, authorised, moved):
    payment = captured(connector, authorised)
    wanted = c.RefundRequest(provider_id=payment, amount_minor=5400, currency="JPY", reference="r-5")
    first = connector.refund(wanted, "key-b5")
    assert connector.refund(wanted, "another-key-b5") == first
    with pytest.raises(Refused) as caught:
        connector.refund(
            c.RefundRequest(provider_id=payment, amount_minor=1, currency="JPY", reference="r-6"), "key-b6"
        )
    assert (caught.value.code, moved(payment)) == ("charge_already_refunded", (5400, 5400))
