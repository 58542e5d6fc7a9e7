"""Money moved: bring payments, orders and the book to what the provider says, for exactly this order, amount and currency."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from apps.core import clock
from apps.core.states import Cause
from apps.flows import cancel_order
from apps.hub import inbox, outbox
from apps.hub.contracts import PaymentFact
from apps.hub.models import Connection
from apps.inventory.levels import lock_shelves
from apps.orders import holds
from apps.orders import services as orders
from apps.orders.models import Order
from apps.orders.states import FulfilmentState, Lifecycle, PaymentState
from apps.payments import services as payments
from apps.payments.models import Payment
from apps.payments.states import Status
from apps.reconciliation import services as reconciliation
from apps.reconciliation.models import Difference

_AXIS = {
    Status.AUTHORISED: PaymentState.AUTHORISED,
    Status.CAPTURED: PaymentState.PAID,
    Status.CANCELLED: PaymentState.VOIDED,
}


@dataclass(slots=True)
class Settled:
    """What became of facts: how many said something new, how many were not believed, and which found no order yet."""

    changed: list[Payment] = field(default_factory=list)
    doubted: int = 0
    orphans: list[PaymentFact] = field(default_factory=list)


def settle(facts: Sequence[PaymentFact], *, source: Connection) -> Settled:
    """Apply facts of one provider in the order given. An orphan is handed back: its event waits for its order."""
    done = Settled()
    cause = Cause(f"connection:{source.name}"[:80])
    with transaction.atomic():
        found = _payments_of(facts, source)
        lock_shelves(
            orders=[found[fact.provider_id].order_id for fact in facts if _may_end(fact) and fact.provider_id in found]
        )
        locked_orders = {order.id: order for order in orders.lock(p.order_id for p in found.values())}
        rows = (
            Payment.objects.filter(id__in={p.id for p in found.values()}).order_by("id").select_for_update(no_key=True)
        )
        locked = {row.id: row for row in rows}
        done.orphans = [fact for fact in facts if fact.provider_id not in found]
        believed: list[tuple[Payment, PaymentFact]] = []
        for fact in facts:
            if fact.provider_id in found:
                payment = locked[found[fact.provider_id].id]
                if doubt := payments.doubt(payment, fact):
                    _differ(doubt, fact, locked_orders[payment.order_id], source)
                    done.doubted += 1
                else:
                    believed.append((payment, fact))
        for together in _rounds(believed):
            changed = payments.apply_all(together, cause=cause, party=source.id)
            _mark([(locked_orders[payment.order_id], payment) for payment in changed], cause)
            done.changed += changed
        inbox.wake(f"payment:{payment.provider_id}" for payment in done.changed)
    return done


def _may_end(fact: PaymentFact) -> bool:
    """Whether its order may be called off by it."""
    return fact.status in {"cancelled", "failed"}


def _rounds(pairs: Sequence[tuple[Payment, PaymentFact]]) -> list[list[tuple[Payment, PaymentFact]]]:
    """Facts that can be applied in one set: two facts of one payment go one after the other."""
    rounds: list[list[tuple[Payment, PaymentFact]]] = []
    turn: dict[UUID, int] = {}
    for payment, fact in pairs:
        mine = turn.get(payment.id, 0)
        turn[payment.id] = mine + 1
        if mine == len(rounds):
            rounds.append([])
        rounds[mine].append((payment, fact))
    return rounds


def payment_of(fact: PaymentFact, source: Connection) -> Payment | None:
    """The payment that a fact speaks of, as it stands here; None where its order is not known."""
    return _payments_of([fact], source).get(fact.provider_id)


def _payments_of(facts: Sequence[PaymentFact], source: Connection) -> dict[str, Payment]:
    """The payment each fact speaks of, by provider id: known by that id, or the open one of the order it names."""
    ids = {fact.provider_id for fact in facts}
    found = {p.provider_id: p for p in Payment.objects.filter(connection=source, provider_id__in=ids)}
    names = {fact.order_reference for fact in facts if fact.provider_id not in found and fact.order_reference}
    if names:
        rows = Payment.objects.filter(
            Q(order__external_number__in=names) | Q(order__number__in=names),
            Q(provider_id="") | Q(status=Status.FAILED),
            connection=source, order__brand=source.brand_id,
        ).select_related("order").order_by("id")  # fmt: skip
        by_name: dict[str, Payment] = {}
        for row in rows:
            by_name[row.order.external_number] = row
            by_name[row.order.number] = row
        for fact in facts:
            if fact.provider_id not in found and fact.order_reference in by_name:
                found[fact.provider_id] = by_name[fact.order_reference]
    return found


def _differ(doubt: payments.Doubt, fact: PaymentFact, order: Order, source: Connection) -> None:
    """Genuine, but not this order's money: a difference for a person, the order on hold, nothing booked."""
    reconciliation.note(
        Difference.Kind.PAYMENT_AMOUNT, source, fact.provider_id, order_ref=order.id, currency=fact.currency,
        ours_minor=doubt.ours_minor, theirs_minor=doubt.theirs_minor,
        evidence={"order": order.number, "ours": doubt.payment.currency, "theirs": fact.currency, "words": doubt.words},
    )  # fmt: skip
    orders.hold({order.id: [(holds.PAYMENT_DIFFERS, f"{fact.amount_minor} {fact.currency}")]}, actor="settle_payment")


def _mark(pairs: Sequence[tuple[Order, Payment]], cause: Cause) -> None:
    """Orders (locked) follow their payments; one whose money will not come is called off."""
    moved = {order.id: wanted for order, payment in pairs if (wanted := _axis(order, payment))}
    orders.mark([order for order, _ in pairs if order.id in moved], cause=cause, payment=moved)
    outbox.publish(
        outbox.NewFact(f"payment.{payment.status}", "order", order.id, orders.as_row(order))
        for order, payment in pairs
        if order.id in moved
    )
    orders.close_if_done([order for order, _ in pairs if order.id in moved], cause=cause)
    for order, payment in pairs:
        if _is_over(payment) and _may_be_cancelled(order):
            words = "the payment was cancelled or ran out"
            cancel_order.cancel(order, actor=cause.actor, reason=words, source_id=payment.id)


def _axis(order: Order, payment: Payment) -> str:
    """The payment axis that an order should have now; empty where it stays (a refund's story has written it)."""
    wanted = _AXIS.get(Status(payment.status), "")
    if payment.status == Status.CAPTURED and payment.refunded_minor:
        return ""
    may_move = order.payment in {PaymentState.UNPAID, PaymentState.AUTHORISED}
    return wanted if may_move and wanted != order.payment else ""


def _is_over(payment: Payment) -> bool:
    """Cancelled, or a slip that nobody paid in time: that one fails at the provider (at Stripe it is never cancelled)."""
    is_late = payment.expires_at is not None and payment.expires_at <= clock.now()
    return payment.status == Status.CANCELLED or (payment.status == Status.FAILED and is_late)


def _may_be_cancelled(order: Order) -> bool:
    return order.lifecycle == Lifecycle.OPEN and order.fulfilment == FulfilmentState.UNFULFILLED


def collect_on_delivery(order_ids: Sequence[UUID], *, cause: Cause) -> None:
    """The carrier took the money at the door: 代金引換 is paid when the parcel is delivered. Orders are locked by the caller."""
    rows = Payment.objects.filter(order__in=order_ids, method="cod", status=Status.EXPECTED).select_for_update(
        no_key=True
    )
    for payment in rows.select_related("order"):
        lines = payment.order.lines.all()
        minor = orders.payable_minor(payment.order, lines)
        carrier = payment.order.shipments.values_list("carrier", flat=True).first()
        payments.collect(payment, minor, cause=cause, party=carrier)
        order = Order.objects.get(id=payment.order_id)
        orders.mark([order], cause=cause, payment=PaymentState.PAID)
