"""Money of orders: expected, and then what the provider says. A fact is believed only for its own order, amount and currency.

Facts are totals, so that a repeat changes nothing and an older one cannot undo a newer one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from apps.core import clock, rows, states
from apps.core.ids import uuid7
from apps.core.states import Cause
from apps.hub.contracts import PaymentFact, RefundFact
from apps.ledger import services as ledger
from apps.ledger.services import Posting
from apps.orders.models import Order
from apps.payments.models import Payment, Refund
from apps.payments.states import MOVES, REFUND_MOVES, RefundStatus, Status


class OverRefund(Exception):
    """More would be given back than was taken."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A genuine fact that is not a payment of this order: which class of difference, and what each side says."""

    kind: str
    payment: Payment
    ours_minor: int
    theirs_minor: int
    words: str


def expect(orders: Sequence[Order], *, connections: dict[UUID, UUID | None]) -> list[Payment]:
    """One expected payment an order that has something to pay, in one statement. `connections`: order -> provider."""
    at = clock.now()
    return rows.insert(
        rows.new(
            Payment, id=uuid7(), order_id=order.id, connection_id=connections.get(order.id), method=order.payment_method,
            currency=order.currency, expected_minor=order.total_minor, created_at=at,
        )
        for order in orders
        if order.total_minor > 0
    )  # fmt: skip


def expect_now(payment: Payment, minor: int) -> None:
    """Another amount is due than was told first; the payment is locked and nothing of it was asked for or paid."""
    payment.expected_minor = minor
    payment.save(update_fields=["expected_minor"])


def doubt(payment: Payment, fact: PaymentFact) -> Doubt | None:
    """Why a genuine fact is not believed: another currency, or another amount than was ever due."""
    if fact.currency != payment.currency:
        return Doubt("payment_amount", payment, payment.expected_minor, fact.amount_minor, f"in {fact.currency}")
    if fact.amount_minor != payment.expected_minor:
        return Doubt("payment_amount", payment, payment.expected_minor, fact.amount_minor, "another amount")
    return None


_FROM_FACT = [
    "provider_id", "method", "authorised_minor", "voucher_url", "expires_at", "captured_minor", "captured_at",
]  # fmt: skip


def apply_all(pairs: Sequence[tuple[Payment, PaymentFact]], *, cause: Cause, party: UUID | None) -> list[Payment]:
    """Bring locked payments to what facts say, each payment once; posts what was captured. Returns what changed."""
    changed: list[Payment] = []
    postings: list[Posting] = []
    moves: list[states.Change] = []
    for payment, fact in pairs:
        before = tuple(getattr(payment, name) for name in _FROM_FACT)
        postings += _take_totals(payment, fact, party)
        target = _status(payment, fact)
        if target != payment.status and target in MOVES[Status(payment.status)]:
            moves.append(states.Change(payment.id, payment.status, target))
            payment.status = target
            changed.append(payment)
        elif before != tuple(getattr(payment, name) for name in _FROM_FACT):
            changed.append(payment)
    ledger.record(postings)
    states.move_all(Payment, "status", moves, moves=MOVES, cause=cause)
    rows.update(changed, _FROM_FACT)
    return changed


def _take_totals(payment: Payment, fact: PaymentFact, party: UUID | None) -> list[Posting]:
    """The fact's totals into the row in hand; a posting for what was captured since."""
    # A customer whose first try failed may have paid with another: the money's id counts.
    if not payment.provider_id or payment.status == Status.FAILED:
        payment.provider_id = fact.provider_id
    payment.method = fact.method if fact.method != "unknown" else payment.method
    payment.authorised_minor = max(payment.authorised_minor, fact.authorised_minor)
    payment.voucher_url = fact.voucher_url or payment.voucher_url
    payment.expires_at = fact.expires_at or payment.expires_at
    more = fact.captured_minor - payment.captured_minor
    if more <= 0:
        return []
    payment.captured_at = payment.captured_at or clock.now()
    payment.captured_minor = fact.captured_minor
    return [_captured(payment, more, part=f"{fact.captured_minor}", party=party)]


def _status(payment: Payment, fact: PaymentFact) -> str:
    if payment.captured_minor:
        return Status.CAPTURED
    known = {"authorised": Status.AUTHORISED, "cancelled": Status.CANCELLED, "failed": Status.FAILED}
    return known.get(fact.status, Status(payment.status))


def _captured(payment: Payment, minor: int, *, part: str, party: UUID | None) -> Posting:
    event = "payment.collected_on_delivery" if payment.method == "cod" else "payment.captured"
    return Posting(
        event=event, at=clock.now(), currency=payment.currency, source_kind="payment", source_id=payment.id,
        figures={"amount": minor}, part=part, order_ref=payment.order_id, party=party,
    )  # fmt: skip


def collect(payment: Payment, minor: int, *, cause: Cause, party: UUID | None) -> None:
    """Money that no gateway tells of: the channel collected it, or the carrier at the door."""
    collect_all([(payment, minor)], cause=cause, party=party)


def collect_all(collected: Iterable[tuple[Payment, int]], *, cause: Cause, party: UUID | None) -> None:
    """The same for many payments, each with all that was collected for it so far; new ones may be unwritten."""
    more = [(payment, minor) for payment, minor in collected if minor > payment.captured_minor]
    ledger.record(
        [_captured(payment, minor - payment.captured_minor, part=f"{minor}", party=party) for payment, minor in more]
    )
    at = clock.now()
    for payment, minor in more:
        payment.captured_minor, payment.captured_at = minor, at
    unwritten = {payment.id for payment, _ in more if rows.is_unwritten(payment)}
    rows.update([payment for payment, _ in more if payment.id not in unwritten], ["captured_minor", "captured_at"])
    moves = [states.Change(payment.id, payment.status, Status.CAPTURED) for payment, _ in more]
    states.move_all(Payment, "status", moves, moves=MOVES, cause=cause, unwritten=unwritten)
    for payment, _ in more:
        payment.status = Status.CAPTURED


def request_refund(payment: Payment, minor: int, *, source_id: UUID, reason: str) -> Refund | None:
    """Promise a refund, once per cause; None when this cause was served before. Raises `OverRefund`.

    The payment is locked by the caller; the promise counts at once, so that two causes cannot promise the same money.
    """
    if Refund.objects.filter(payment=payment, source_id=source_id).exists():
        return None
    if minor > payment.captured_minor - payment.refunded_minor:
        raise OverRefund(f"{minor} of {payment.captured_minor - payment.refunded_minor} left")
    refund = Refund.objects.create(
        payment=payment, source_id=source_id, amount_minor=minor, reason=reason[:200], requested_at=clock.now()
    )
    payment.refunded_minor += minor
    payment.save(update_fields=["refunded_minor"])
    return refund


def settle_refund(refund: Refund, status: str, *, provider_id: str, cause: Cause, party: UUID | None) -> bool:
    """What became of a promised refund; a succeeded one is posted, a failed one frees its promise. False: nothing new."""
    target = {"succeeded": RefundStatus.SUCCEEDED, "failed": RefundStatus.FAILED}.get(status)
    if provider_id and not refund.provider_id:
        refund.provider_id = provider_id  # also while it is pending, so that the next word finds it
        refund.save(update_fields=["provider_id"])
    if target is None or target not in REFUND_MOVES[RefundStatus(refund.status)]:
        return False
    with transaction.atomic():
        states.move(refund, "status", target, moves=REFUND_MOVES, cause=cause)
        refund.settled_at = clock.now()
        refund.save(update_fields=["settled_at"])
        payment = Payment.objects.select_for_update(no_key=True).get(id=refund.payment_id)
        if target is RefundStatus.FAILED:
            payment.refunded_minor -= refund.amount_minor
            payment.save(update_fields=["refunded_minor"])
        else:
            ledger.record(
                [
                    Posting(
                        event="payment.refunded", at=clock.now(), currency=payment.currency, source_kind="refund",
                        source_id=refund.id, figures={"amount": refund.amount_minor}, order_ref=payment.order_id,
                        party=party,
                    )
                ]
            )  # fmt: skip
    return True


def find_refund(fact: RefundFact, connection_id: UUID) -> Refund | None:
    """The refund that a provider speaks of: by our reference, else by its id."""
    known = Refund.objects.filter(payment__connection=connection_id)
    try:
        by_reference = known.filter(id=UUID(fact.reference)).first() if fact.reference else None
    except ValueError:
        by_reference = None
    return by_reference or known.filter(provider_id=fact.provider_id).exclude(provider_id="").first()
