"""Give money back, exactly once per cause, never more than was taken. The provider is told by a delivery whose key is ours."""

from uuid import NAMESPACE_URL, UUID, uuid5

from django.db import transaction

from apps.core.ids import uuid7
from apps.core.states import Cause
from apps.hub import outbox
from apps.hub.contracts import RefundFact
from apps.hub.models import Connection
from apps.orders import services as orders
from apps.orders.models import Order
from apps.orders.states import PaymentState
from apps.payments import services as payments
from apps.payments.models import Payment, Refund
from apps.reconciliation import services as reconciliation
from apps.reconciliation.models import Difference


def refund(payment: Payment, *, amount_minor: int, reason: str, actor: str) -> Refund | None:
    """A person gives money back. Raises `payments.OverRefund`."""
    with transaction.atomic():
        orders.lock([payment.order_id])
        locked = Payment.objects.select_for_update(no_key=True).get(id=payment.id)
        return promise(locked, amount_minor, source_id=uuid7(), reason=reason, actor=actor)


def promise(payment: Payment, minor: int, *, source_id: UUID, reason: str, actor: str) -> Refund | None:
    """Promise a refund of a locked payment for one cause; None when this cause was served before.

    What the channel collected the channel gives back: it is settled at once. Cash goes back by hand: it stays requested.
    """
    made = payments.request_refund(payment, minor, source_id=source_id, reason=reason)
    if made is None:
        return None
    cause = Cause(actor, reason, "refund", made.id)
    _mark(payment, cause)
    if payment.connection_id:
        outbox.publish([outbox.NewFact("refund.requested", "refund", made.id, {"refund": str(made.id)})])
    elif payment.method == "prepaid":
        party = Order.objects.values_list("channel", flat=True).get(id=payment.order_id)
        payments.settle_refund(made, "succeeded", provider_id="", cause=cause, party=party)
    return made


def take_fact(fact: RefundFact, *, source: Connection) -> bool:
    """What a provider says of a refund: of ours it is settled; one made in the provider's console becomes ours.

    False when its payment is not known yet: the event waits for it. One of another amount or currency than ours, or of more
    than is left, is a difference for a person and settles nothing.
    """
    cause = Cause(f"connection:{source.name}"[:80], "refund at the provider")
    with transaction.atomic():
        known = payments.find_refund(fact, source.id)
        row = known.payment if known else Payment.objects.filter(
            connection=source, provider_id=fact.payment_provider_id, captured_minor__gte=fact.amount_minor
        ).first()  # fmt: skip
        if row is None:
            return False
        # Orders before payments before refunds, as everywhere, so that two stories never deadlock.
        orders.lock([row.order_id])
        payment = Payment.objects.select_for_update(no_key=True).get(id=row.id)
        if words := _doubt(fact, known, payment):
            _differ(fact, known, payment, words, source)
            return True
        made = known or payments.request_refund(
            payment, fact.amount_minor, source_id=_named(fact), reason="made at the provider"
        )
        rows = Refund.objects.select_for_update(no_key=True)
        refund = rows.get(id=made.id) if made else rows.get(payment=row, source_id=_named(fact))
        payments.settle_refund(refund, fact.status, provider_id=fact.provider_id, cause=cause, party=source.id)
        _mark(Payment.objects.get(id=row.id), cause)
    return True


def _doubt(fact: RefundFact, known: Refund | None, payment: Payment) -> str:
    """Why a genuine fact is not believed; empty when it is."""
    if fact.currency != payment.currency:
        return f"in {fact.currency}"
    if known:
        return "" if fact.amount_minor == known.amount_minor else "another amount"
    is_ours_already = Refund.objects.filter(payment=payment, source_id=_named(fact)).exists()
    left = payment.captured_minor - payment.refunded_minor
    return "" if is_ours_already or fact.amount_minor <= left else "more than is left"


def _differ(fact: RefundFact, known: Refund | None, payment: Payment, words: str, source: Connection) -> None:
    reconciliation.note(
        Difference.Kind.PAYMENT_AMOUNT, source, fact.provider_id, order_ref=payment.order_id, currency=fact.currency,
        ours_minor=known.amount_minor if known else payment.captured_minor - payment.refunded_minor,
        theirs_minor=fact.amount_minor,
        evidence={"ours": payment.currency, "theirs": fact.currency, "words": words, "refund": fact.reference},
    )  # fmt: skip


def _named(fact: RefundFact) -> UUID:
    """A stable id for a refund that we did not ask for, from the provider's id."""
    return uuid5(NAMESPACE_URL, f"refund:{fact.provider_id}")


def _mark(payment: Payment, cause: Cause) -> None:
    """The order's axis after money went back, or a promise of it fell through."""
    order = Order.objects.select_for_update(no_key=True).get(id=payment.order_id)
    if order.payment not in {PaymentState.PAID, PaymentState.PARTLY_REFUNDED, PaymentState.REFUNDED}:
        return
    if payment.refunded_minor >= payment.captured_minor:
        wanted = PaymentState.REFUNDED
    else:
        wanted = PaymentState.PARTLY_REFUNDED if payment.refunded_minor else PaymentState.PAID
    orders.mark([order], cause=cause, payment=wanted)
