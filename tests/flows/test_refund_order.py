"""What a provider says of refunds, in whatever order: ours are settled once, theirs become ours, failed ones are undone."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from django.db import connection, transaction

from apps.core import clock
from apps.core.models import Company
from apps.flows import refund_order, settle_payment, wiring
from apps.flows.place_orders import place_orders
from apps.hub import connections, inbox
from apps.hub.abilities import Event
from apps.hub.contracts import PaymentFact, RefundFact
from apps.hub.models import InboxEvent
from apps.orders.models import Order
from apps.payments.models import Payment, Refund
from apps.reconciliation.models import Difference
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def stripe():
    wiring.forget()
    connections.forget()
    Company.objects.create(name="Aobado")
    builders.location()
    return builders.connection("stripe")


@pytest.fixture
def payment(stripe):
    """1,100 yen, taken."""
    place_orders([builders.order_draft(number="#7")], source=builders.connection())
    _capture(stripe)
    return Payment.objects.get()


def _capture(stripe):
    fact = PaymentFact(
        provider_id="pi_1", status="captured", currency="JPY", amount_minor=1100, authorised_minor=1100, captured_minor=1100,
        at=clock.now(), order_reference="#7", method="card",
    )  # fmt: skip
    settle_payment.settle([fact], source=stripe)


def _said(stripe, status, *, minor=600, reference=""):
    fact = RefundFact(
        provider_id="re_1", payment_provider_id="pi_1", status=status, currency="JPY", amount_minor=minor, at=clock.now(),
        reference=reference,
    )  # fmt: skip
    return refund_order.take_fact(fact, source=stripe)


def _state():
    refunds = list(Refund.objects.values_list("amount_minor", "status"))
    return Order.objects.get().payment, Payment.objects.get().refunded_minor, refunds


def test_ours_is_settled_once(stripe, payment):
    made = refund_order.refund(payment, amount_minor=600, reason="damaged", actor="hana")
    assert _state() == ("partly_refunded", 600, [(600, "requested")])

    for _ in range(2):
        assert _said(stripe, "succeeded", reference=str(made.id))

    assert _state() == ("partly_refunded", 600, [(600, "succeeded")])


def test_one_made_in_the_console_becomes_ours_once(stripe, payment):
    for status in ("pending", "pending", "succeeded", "succeeded"):
        assert _said(stripe, status)

    assert _state() == ("partly_refunded", 600, [(600, "succeeded")])


def test_everything_given_back_is_told_twice_without_harm(stripe, payment):
    for status in ("pending", "succeeded", "succeeded"):
        assert _said(stripe, status, minor=1100)

    assert _state() == ("refunded", 1100, [(1100, "succeeded")])


@pytest.mark.parametrize(("minor", "before"), [(600, "partly_refunded"), (1100, "refunded")])
def test_one_that_failed_is_undone(stripe, payment, minor, before):
    made = refund_order.refund(payment, amount_minor=minor, reason="damaged", actor="hana")
    assert _state()[0] == before

    assert _said(stripe, "failed", minor=minor, reference=str(made.id))

    assert _state() == ("paid", 0, [(minor, "failed")])


def test_the_other_refund_stays_when_one_fails(stripe, payment):
    refund_order.refund(payment, amount_minor=500, reason="damaged", actor="hana")
    payment.refresh_from_db()
    made = refund_order.refund(payment, amount_minor=600, reason="late", actor="hana")

    _said(stripe, "failed", reference=str(made.id))

    assert _state()[:2] == ("partly_refunded", 500)


@pytest.mark.parametrize(
    ("change", "words"),
    [({"amount_minor": 601}, "another amount"), ({"currency": "USD"}, "in USD")],
)
def test_one_of_another_amount_or_currency_settles_nothing(stripe, payment, change, words):
    made = refund_order.refund(payment, amount_minor=600, reason="damaged", actor="hana")
    fact = RefundFact(
        provider_id="re_1", payment_provider_id="pi_1", status="succeeded", currency="JPY", amount_minor=600,
        at=clock.now(), reference=str(made.id),
    )  # fmt: skip

    assert refund_order.take_fact(replace(fact, **change), source=stripe)

    assert _state()[2] == [(600, "requested")]
    difference = Difference.objects.get()
    assert (difference.kind, difference.thing, difference.ours_minor) == ("payment_amount", "re_1", 600)
    assert difference.evidence["words"] == words


def test_one_of_more_than_is_left_is_shown_to_a_person(stripe, payment):
    refund_order.refund(payment, amount_minor=1000, reason="damaged", actor="hana")

    assert _said(stripe, "succeeded")

    assert _state() == ("partly_refunded", 1000, [(1000, "requested")])
    assert Difference.objects.get().evidence["words"] == "more than is left"


def test_one_that_comes_before_its_payment_waits_and_is_woken_by_it(stripe):
    place_orders([builders.order_draft(number="#7")], source=builders.connection())
    inbox.store(stripe.id, [Event(id="e1", topic="refund", at=clock.now(), raw=b"{}")], origin="hook")

    assert not _said(stripe, "succeeded")
    inbox.wait(InboxEvent.objects.get(), waits_for="payment:pi_1", reason="no such payment yet")
    _capture(stripe)

    assert InboxEvent.objects.get().status == "new"
    assert _said(stripe, "succeeded")


@pytest.mark.django_db(transaction=True)
def test_a_person_and_the_provider_at_once_never_deadlock(stripe, payment):
    """Both lock order, payment and refund in that order, so that one simply waits for the other."""
    refunds = [refund_order.refund(Payment.objects.get(), amount_minor=100, reason="", actor="hana") for _ in range(5)]
    together = threading.Barrier(2)

    def work(number):
        together.wait(10)
        try:
            for refund in refunds:
                with transaction.atomic():
                    if number:
                        refund_order.refund(Payment.objects.get(), amount_minor=10, reason="", actor="hana")
                    else:
                        _said(stripe, "succeeded", minor=100, reference=str(refund.id))
            return "done"
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(work, range(2))) == ["done", "done"]

    assert _state()[:2] == ("partly_refunded", 550)
