"""Each movement on a provider's account finds what it is about here, or a difference names it with its amount.

The lines of a payment together make what was captured of it; those of a refund make that refund, or nothing when it failed. A
line for which no cause can be named leaves its net in its difference as unexplained: nothing is absorbed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Q, Sum

from apps.hub import contracts
from apps.hub.models import Connection
from apps.payments.models import Payment, Refund
from apps.payments.states import RefundStatus
from apps.reconciliation import services as reconciliation
from apps.reconciliation.models import Difference, MoneyLine

Line = contracts.MoneyLine | MoneyLine
Kind = Difference.Kind
# Posted with their payout, so that nothing else has to explain them.
POSTED = frozenset({"fee"})


@dataclass(frozen=True, slots=True)
class Match:
    """What a line is about: our payment, or the difference that names it. Neither: it is unexplained."""

    payment: UUID | None = None
    difference: UUID | None = None


@dataclass(slots=True)
class Matches:
    """What each line (by the provider's id) is about, and how many differences were found for it."""

    of: dict[str, Match] = field(default_factory=dict)
    found: int = 0


@dataclass(frozen=True, slots=True)
class _Cause:
    """Why a line does not match: the class of difference, the thing, and what each side says."""

    kind: Difference.Kind
    thing: str
    ours_minor: int
    theirs_minor: int
    ours: str
    theirs: str
    payment: Payment | None = None
    unexplained_minor: int = 0


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known here of what lines are about, by the provider's ids.

    `totals`: (kind, payment, refund) -> what all lines of it make, the ones in hand among them. `doubted`: payments and
    refunds at the provider that were told for another amount than ours, with the difference that says so.
    """

    payments: Mapping[str, Payment]
    refunds: Mapping[str, Refund]
    totals: Mapping[tuple[str, str, str], int]
    doubted: Mapping[str, UUID]


def match(connection: Connection, lines: Sequence[contracts.MoneyLine], *, period: str) -> Matches:
    """What the lines of a payout are about; notes a difference for each thing that does not agree."""
    known = _known(connection, lines, {line.refund_id: line.reference for line in lines if line.reference})
    made = Matches()
    for line in lines:
        if line.kind in POSTED:
            continue
        verdict = _verdict(line, known)
        if isinstance(verdict, _Cause):
            made.found += _note(connection, line, verdict, period)
            verdict = Match(difference=_difference(connection, verdict))
        made.of[line.provider_id] = verdict
    return made


def look_again(connection: Connection) -> int:
    """Lines that differed on an earlier night: where all of a difference's agree by now (its order came late), it is closed."""
    lines = list(MoneyLine.objects.filter(connection=connection, difference__state=Difference.State.OPEN))
    if not lines:
        return 0
    known = _known(connection, lines, {})
    open_still = {line.difference_id for line in lines if not _agrees(_verdict(line, known))}
    return reconciliation.repair({line.difference_id for line in lines if line.difference_id} - open_still)


def _agrees(verdict: Match | _Cause) -> bool:
    return isinstance(verdict, Match) and verdict.payment is not None


# Verdicts


def _verdict(line: Line, known: _Known) -> Match | _Cause:
    payment = known.payments.get(line.payment_id)
    if line.kind == "charge" and payment is not None:
        return _of_charge(line, payment, known)
    if line.kind == "refund" and line.refund_id in known.refunds:
        return _of_refund(line, known.refunds[line.refund_id], known)
    doubt = known.doubted.get(line.refund_id) or (None if payment else known.doubted.get(line.payment_id))
    if line.kind in {"charge", "refund"} and doubt:
        return Match(difference=doubt)
    # An account-level movement, or a charge or refund that nobody here knows of.
    return _Cause(
        Kind.PAYMENT_STATUS, line.provider_id, 0, line.amount_minor, contracts.UNKNOWN, line.raw_kind or line.kind,
        payment=payment, unexplained_minor=line.net_minor,
    )  # fmt: skip


def _of_charge(line: Line, payment: Payment, known: _Known) -> Match | _Cause:
    total = known.totals[_key(line)]
    if (total, line.currency) == (payment.captured_minor, payment.currency):
        return Match(payment=payment.id)
    return _Cause(
        Kind.PAYMENT_AMOUNT, payment.provider_id, payment.captured_minor, total, payment.currency, line.currency,
        payment=payment,
    )  # fmt: skip


def _of_refund(line: Line, refund: Refund, known: _Known) -> Match | _Cause:
    """A refund that failed came back by a line of its own; a payment in another currency never makes the amount."""
    payment, total = refund.payment, known.totals[_key(line)]
    is_back = refund.status == RefundStatus.FAILED
    ours = 0 if is_back else -refund.amount_minor
    if (total, line.currency) == (ours, payment.currency):
        return Match(payment=payment.id)
    if line.currency == payment.currency and total in {0, -refund.amount_minor}:
        theirs = RefundStatus.SUCCEEDED if total else RefundStatus.FAILED
        return _Cause(
            Kind.PAYMENT_STATUS, line.refund_id, ours, total, refund.status, theirs.value, payment=payment
        )  # fmt: skip
    return _Cause(
        Kind.PAYMENT_AMOUNT, line.refund_id, ours, total, payment.currency, line.currency, payment=payment
    )  # fmt: skip


# What is known


def _known(connection: Connection, lines: Sequence[Line], references: Mapping[str, str]) -> _Known:
    """Everything that these lines may be about, in four statements. `references`: refund -> our id as the provider has it."""
    payment_ids = {line.payment_id for line in lines} - {""}
    payments = Payment.objects.filter(connection=connection, provider_id__in=payment_ids).select_related("order")
    refund_ids = {line.refund_id for line in lines} - {""}
    doubted = Difference.objects.filter(
        connection=connection, kind=Kind.PAYMENT_AMOUNT, thing__in=payment_ids | refund_ids
    ).order_by("id")  # fmt: skip
    return _Known(
        payments={payment.provider_id: payment for payment in payments},
        refunds=_refunds(connection, refund_ids, references),
        totals=_totals(connection, lines, payment_ids),
        doubted=dict(doubted.values_list("thing", "id")),
    )


def _refunds(connection: Connection, ids: set[str], references: Mapping[str, str]) -> dict[str, Refund]:
    """Our refunds by the provider's id, or by ours, which the provider carries: its answer may not have been heard yet."""
    named = {_uuid(reference): refund_id for refund_id, reference in references.items()}
    named.pop(None, None)
    rows = Refund.objects.filter(
        Q(provider_id__in=ids) | Q(id__in=named), payment__connection=connection
    ).select_related("payment__order")  # fmt: skip
    return {refund.provider_id or named[refund.id]: refund for refund in rows}


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _totals(connection: Connection, lines: Sequence[Line], payment_ids: set[str]) -> dict[tuple[str, str, str], int]:
    before = (
        MoneyLine.objects.filter(connection=connection, payment_id__in=payment_ids)
        .exclude(provider_id__in=[line.provider_id for line in lines])
        .values_list("kind", "payment_id", "refund_id")
        .annotate(total=Sum("amount_minor"))
    )
    totals = {(kind, payment, refund): total for kind, payment, refund, total in before}
    for line in lines:
        totals[_key(line)] = totals.get(_key(line), 0) + line.amount_minor
    return totals


def _key(line: Line) -> tuple[str, str, str]:
    return line.kind, line.payment_id, line.refund_id


# Differences


def _note(connection: Connection, line: Line, cause: _Cause, period: str) -> bool:
    order = cause.payment.order if cause.payment else None
    evidence: dict[str, Any] = {
        "ours": cause.ours, "theirs": cause.theirs, "line": line.kind, "number": line.payment_id or line.provider_id,
        "net": line.net_minor,
    }  # fmt: skip
    return reconciliation.note(
        cause.kind, connection, cause.thing, order_ref=order.id if order else None, currency=line.currency,
        ours_minor=cause.ours_minor, theirs_minor=cause.theirs_minor, unexplained_minor=cause.unexplained_minor,
        evidence=evidence | ({"order": order.number} if order else {}), period=period,
    )  # fmt: skip


def _difference(connection: Connection, cause: _Cause) -> UUID:
    """The newest difference of this class about this thing: just noted, or open since an earlier night."""
    rows = Difference.objects.filter(connection=connection, kind=cause.kind, thing=cause.thing[:160]).order_by("-id")
    return rows.values_list("id", flat=True)[0]
