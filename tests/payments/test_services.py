"""Money of an order: facts are totals, so a repeat changes nothing; nothing is given back beyond what was taken."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from django.db import IntegrityError, connection, transaction

from apps.core import clock
from apps.core.ids import uuid7
from apps.core.states import Cause
from apps.hub.contracts import PaymentFact, RefundFact
from apps.ledger.models import Line
from apps.payments import services as payments
from apps.payments.models import Payment, Refund
from apps.payments.services import OverRefund
from tests import builders

pytestmark = pytest.mark.django_db

CAUSE = Cause("connection:Stripe")


@pytest.fixture
def stripe():
    return builders.connection("stripe")


@pytest.fixture
def payment(stripe):
    order = builders.order(lines=[{}], payment_method="card")
    (made,) = payments.expect([order], connections={order.id: stripe.id})
    return made


def _fact(status="authorised", **facts):
    facts = {
        "provider_id": "pi_1",
        "currency": "JPY",
        "amount_minor": 1100,
        "at": clock.now(),
        "method": "card",
    } | facts
    return PaymentFact(status=status, **facts)


def _apply(payment, fact):
    return payments.apply_all([(payment, fact)], cause=CAUSE, party=payment.connection_id) != []


def _capture(payment, minor=1100):
    _apply(payment, _fact("captured", captured_minor=minor, authorised_minor=1100))
    return payment


def _booked():
    return sorted(Line.objects.values_list("account", "debit_minor", "credit_minor"))


# Expecting and believing


def test_only_what_costs_something_is_expected():
    costly, free = builders.order(lines=[{}]), builders.order()

    made = payments.expect([costly, free], connections={})

    assert [(row.order, row.expected_minor, row.status) for row in made] == [(costly, 1100, "expected")]


@pytest.mark.parametrize(
    ("change", "words"), [({}, None), ({"amount_minor": 1}, "another amount"), ({"currency": "USD"}, "in USD")]
)
def test_a_fact_of_another_amount_or_currency_is_not_believed(payment, change, words):
    doubt = payments.doubt(payment, replace(_fact(), **change))

    assert (doubt.words if doubt else None) == words


def test_authorised_then_captured(payment):
    assert _apply(payment, _fact(authorised_minor=1100))
    assert (payment.status, payment.provider_id) == ("authorised", "pi_1")

    assert _apply(payment, _fact("captured", authorised_minor=1100, captured_minor=1100))

    kept = Payment.objects.get()
    assert (kept.status, kept.captured_minor, kept.authorised_minor) == ("captured", 1100, 1100)
    assert _booked() == [("advance", 0, 1100), ("clearing", 1100, 0)]


def test_a_repeat_says_nothing_new(payment):
    _capture(payment)

    assert not _apply(payment, _fact("captured", captured_minor=1100, authorised_minor=1100))

    assert Line.objects.count() == 2


def test_an_older_fact_undoes_nothing(payment):
    _capture(payment)

    assert not _apply(payment, _fact("authorised", authorised_minor=1100))
    assert not _apply(payment, _fact("pending"))

    assert (Payment.objects.get().status, Payment.objects.get().captured_minor) == ("captured", 1100)


def test_a_capture_in_parts_is_booked_by_parts(payment):
    _apply(payment, _fact("captured", captured_minor=500))
    _apply(payment, _fact("captured", captured_minor=1100))

    assert _booked() == [("advance", 0, 500), ("advance", 0, 600), ("clearing", 500, 0), ("clearing", 600, 0)]


@pytest.mark.parametrize(
    ("status", "expected"), [("cancelled", "cancelled"), ("failed", "failed"), ("pending", "expected")]
)
def test_what_ends_without_money(payment, status, expected):
    _apply(payment, _fact(status))

    assert (payment.status, Line.objects.count()) == (expected, 0)


def test_many_are_brought_up_to_date_in_one_go(payment, stripe):
    order = builders.order(lines=[{}])
    (other,) = payments.expect([order], connections={order.id: stripe.id})
    facts = [(payment, _fact("captured", captured_minor=1100)), (other, _fact("authorised", provider_id="pi_2"))]

    changed = payments.apply_all(facts, cause=CAUSE, party=stripe.id)

    assert changed == [payment, other]
    assert list(Payment.objects.order_by("id").values_list("status", "provider_id")) == [
        ("captured", "pi_1"), ("authorised", "pi_2"),
    ]  # fmt: skip


def test_a_second_try_after_a_failed_one_brings_its_own_id(payment):
    _apply(payment, _fact("failed"))

    _apply(payment, _fact("captured", provider_id="pi_2", captured_minor=1100))

    assert Payment.objects.get().provider_id == "pi_2"


def test_a_failed_card_may_be_followed_by_one_that_works(payment):
    _apply(payment, _fact("failed"))

    _capture(payment)

    assert payment.status == "captured"


def test_a_slip_brings_its_address_and_its_end(payment):
    ends = clock.now()

    _apply(payment, _fact("pending", method="konbini", voucher_url="https://pay.example/1", expires_at=ends))

    kept = Payment.objects.get()
    assert (kept.method, kept.voucher_url, kept.expires_at) == ("konbini", "https://pay.example/1", ends)


@pytest.mark.parametrize(("method", "account"), [("prepaid", "clearing"), ("cod", "cod_receivable")])
def test_money_that_no_gateway_tells_of(method, account):
    order = builders.order(lines=[{}], payment_method=method)
    (payment,) = payments.expect([order], connections={})

    for _ in range(2):
        payments.collect(payment, 1100, cause=CAUSE, party=None)

    assert (payment.status, payment.captured_minor) == ("captured", 1100)
    assert _booked() == sorted([("advance", 0, 1100), (account, 1100, 0)])


def test_more_than_was_owed_cannot_be_written(payment):
    with pytest.raises(IntegrityError, match="payments_never_over"), transaction.atomic():
        _apply(payment, _fact("captured", captured_minor=1101))


def test_one_record_of_a_provider_is_one_payment(payment, stripe):
    _apply(payment, _fact())
    order = builders.order(lines=[{}])
    (other,) = payments.expect([order], connections={order.id: stripe.id})

    with pytest.raises(IntegrityError, match="payments_one_provider_id"), transaction.atomic():
        _apply(other, _fact())


# Giving back


def _refund(payment, minor, source=None):
    return payments.request_refund(payment, minor, source_id=source or uuid7(), reason="damaged")


def test_a_promise_counts_at_once(payment):
    _capture(payment)

    _refund(payment, 600)

    assert Payment.objects.get().refunded_minor == 600
    with pytest.raises(OverRefund, match="600 of 500 left"):
        _refund(payment, 600)


def test_a_cause_is_served_once_also_when_nothing_is_left(payment):
    _capture(payment)
    source = uuid7()
    _refund(payment, 1100, source)

    assert _refund(payment, 1100, source) is None

    assert (Refund.objects.count(), Payment.objects.get().refunded_minor) == (1, 1100)


def test_nothing_taken_is_nothing_to_give_back(payment):
    with pytest.raises(OverRefund):
        _refund(payment, 1)


def _settle(refund, status):
    return payments.settle_refund(refund, status, provider_id="re_1", cause=CAUSE, party=None)


def test_a_refund_that_went_through_is_booked_once(payment):
    refund = _refund(_capture(payment), 600)

    assert [_settle(refund, "succeeded") for _ in range(2)] == [True, False]

    assert (Refund.objects.get().status, Refund.objects.get().provider_id) == ("succeeded", "re_1")
    assert ("clearing", 0, 600) in _booked()
    assert Line.objects.count() == 4


def test_a_refund_that_failed_frees_its_promise(payment):
    refund = _refund(_capture(payment), 600)

    assert _settle(refund, "failed")

    assert (Refund.objects.get().status, Payment.objects.get().refunded_minor) == ("failed", 0)
    assert Line.objects.count() == 2


def test_a_refund_under_way_is_known_by_the_providers_id(payment, stripe):
    """The next word may come without our reference, as one made in the provider's console does."""
    refund = _refund(_capture(payment), 600)
    assert not _settle(refund, "pending")

    fact = RefundFact(
        provider_id="re_1",
        payment_provider_id="pi_1",
        status="succeeded",
        currency="JPY",
        amount_minor=600,
        at=clock.now(),
    )

    assert payments.find_refund(fact, stripe.id) == refund
    assert payments.find_refund(replace(fact, provider_id="re_2", reference=str(refund.id)), stripe.id) == refund
    assert payments.find_refund(replace(fact, provider_id="re_2", reference="not an id"), stripe.id) is None
    assert payments.find_refund(fact, builders.connection("stripe").id) is None


@pytest.mark.django_db(transaction=True)
def test_two_people_cannot_give_the_same_money_back(stripe):
    order = builders.order(lines=[{}])
    (payment,) = payments.expect([order], connections={order.id: stripe.id})
    _capture(payment)
    together = threading.Barrier(4)

    def give(_number):
        together.wait(10)
        try:
            with transaction.atomic():
                _refund(Payment.objects.select_for_update().get(id=payment.id), 700)
            return True
        except OverRefund:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        given = list(pool.map(give, range(4)))

    assert sorted(given) == [False, False, False, True]
    assert Payment.objects.get().refunded_minor == 700
