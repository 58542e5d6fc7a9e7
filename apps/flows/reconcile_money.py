"""The night's money: every payment stands here as it stands at its provider, and every payout is the sum of its lines.

A payment whose notices were lost is brought up to date by the same story as a notice. A payout that does not add up leaves a
named amount, never a plug; what each of its lines is about is found by `match_lines`.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction

from apps.core import clock
from apps.core.ids import uuid7
from apps.flows import asking, match_lines, poll_orders, repairs, settle_payment
from apps.hub import connections, contracts
from apps.hub.contracts import PaymentFact
from apps.hub.models import Connection, JobRun, Repair
from apps.ledger import services as ledger
from apps.ledger.services import Posting
from apps.payments.models import Payment
from apps.payments.states import Status
from apps.reconciliation import services as reconciliation
from apps.reconciliation.models import Difference, MoneyLine, Payout, Statement

_SAYS = {"authorised": Status.AUTHORISED, "captured": Status.CAPTURED, "cancelled": Status.CANCELLED}
# A payout is looked at until it is older than this: lines may still be missing while a provider closes its day.
LOOK_BACK = timedelta(days=3)


def compare_payments(run: JobRun) -> None:
    """Compare with every provider that tells what it knows. Raises `asking.Again`."""
    whom = connections.with_ability("payment.read")
    asking.ask_all(run, "money", whom, lambda connection: _compare_payments(connection, run.period))


def _compare_payments(connection: Connection, period: str) -> None:
    live = connections.live(connection.id)
    if live is None:
        return
    connector = live.connector()
    until = clock.now()
    since = poll_orders.window_start(connection, "payments", until)
    facts: dict[str, PaymentFact] = {}
    for page in connector.payments_between(since, until):
        facts |= {fact.provider_id: fact for fact in page}
    # Slips that were made before the window and are still unpaid here: their money may have come unheard.
    waiting = Payment.objects.filter(connection=connection, status=Status.EXPECTED).exclude(provider_id="")
    for provider_id in waiting.exclude(provider_id__in=list(facts)).values_list("provider_id", flat=True):
        fact = connector.fetch_payment(provider_id)
        if fact:
            facts[provider_id] = fact
    found = _settle(connection, list(facts.values()), period)
    differs = Difference.objects.filter(connection=connection, period=period).exists()
    reconciliation.keep_statement(
        connection, "money", period, verdict=Statement.Verdict.DIFFERENT if differs else Statement.Verdict.MATCHED,
        theirs=len(facts), ours=len(facts), matched=len(facts) - found, repaired=found,
    )  # fmt: skip
    repairs.count(connection.id, found, kind=Repair.Kind.PAYMENT)
    poll_orders.read_until(connection, "payments", until)


def _settle(connection: Connection, facts: Sequence[PaymentFact], period: str) -> int:
    """Bring payments to what the provider says; one that stood otherwise here is a difference of status, repaired."""
    before = {
        fact.provider_id: payment.status
        for fact in facts
        if (payment := settle_payment.payment_of(fact, connection)) is not None
    }
    done = settle_payment.settle(facts, source=connection)
    by_id = {fact.provider_id: fact for fact in facts}
    found = 0
    for payment in done.changed:
        fact = by_id[payment.provider_id]
        was = before.get(payment.provider_id)
        if was == payment.status or _SAYS.get(fact.status) != payment.status:
            continue
        found += reconciliation.note(
            Difference.Kind.PAYMENT_STATUS, connection, payment.provider_id, order_ref=payment.order_id,
            currency=payment.currency, ours_minor=0, theirs_minor=fact.captured_minor or fact.authorised_minor,
            evidence={"ours": was, "theirs": fact.status}, is_repaired=True, period=period,
        )  # fmt: skip
    return found


def compare_payouts(run: JobRun) -> None:
    """Read new payouts with their lines, see whether they add up, and what each line is about. Raises `asking.Again`."""
    whom = connections.with_ability("statement")
    asking.ask_all(run, "payouts", whom, lambda connection: _compare_payouts(connection, run.period))


def _compare_payouts(connection: Connection, period: str) -> None:
    live = connections.live(connection.id)
    if live is None:
        return
    connector = live.connector()
    until = clock.now()
    since = poll_orders.window_start(connection, "payouts", until) - LOOK_BACK
    read = Payout.objects.filter(connection=connection, lines_minor__isnull=False)
    known = set(read.values_list("provider_id", flat=True))
    fresh = [p for page in connector.payouts_between(since, until) for p in page if p.provider_id not in known]
    wrong = 0
    for payout in fresh:
        lines = [line for page in connector.money_lines(payout.provider_id) for line in page]
        wrong += take_payout(payout, lines, source=connection, period=period)
    match_lines.look_again(connection)
    reconciliation.keep_statement(
        connection, "payouts", period, verdict=Statement.Verdict.DIFFERENT if wrong else Statement.Verdict.MATCHED,
        theirs=len(fresh), ours=len(fresh), matched=len(fresh) - wrong,
    )  # fmt: skip
    poll_orders.read_until(connection, "payouts", until)


def take_payout(
    said: contracts.Payout, lines: Sequence[contracts.MoneyLine], *, source: Connection, period: str
) -> bool:
    """Write one payout with its lines and postings; True when it or one of its lines was found to differ."""
    lines = [line for line in lines if line.kind != "payout"]
    total = sum(line.net_minor for line in lines)
    with transaction.atomic():
        payout, _ = Payout.objects.update_or_create(
            connection=source, provider_id=said.provider_id,
            defaults={
                "amount_minor": said.amount_minor, "currency": said.currency, "arrives_on": said.arrives_on,
                "status": said.status, "raw_status": said.raw_status, "at": said.at, "lines_minor": total,
                "period": period,
            },
        )  # fmt: skip
        matches = match_lines.match(source, lines, period=period)
        MoneyLine.objects.bulk_create(
            (_row(line, payout, matches.of.get(line.provider_id, match_lines.Match())) for line in lines),
            ignore_conflicts=True,
        )
        _post(source, payout, lines)
        if total != said.amount_minor:
            reconciliation.note(
                Difference.Kind.PAYOUT_SUM, source, said.provider_id, currency=said.currency, ours_minor=total,
                theirs_minor=said.amount_minor, evidence={"lines": len(lines), "missing": said.amount_minor - total},
                period=period,
            )  # fmt: skip
    return total != said.amount_minor or matches.found > 0


def _row(line: contracts.MoneyLine, payout: Payout, match: match_lines.Match) -> MoneyLine:
    return MoneyLine(
        id=uuid7(), connection_id=payout.connection_id, payout=payout, provider_id=line.provider_id, kind=line.kind,
        raw_kind=line.raw_kind[:60], source_id=line.source_id, payment_id=line.payment_id, refund_id=line.refund_id,
        payment_ref=match.payment, difference_id=match.difference, amount_minor=line.amount_minor,
        fee_minor=line.fee_minor, net_minor=line.net_minor, currency=line.currency, at=line.at,
    )  # fmt: skip


def _post(connection: Connection, payout: Payout, lines: Sequence[contracts.MoneyLine]) -> None:
    """Fees by kind of line, and the money under way to the bank; refunds and charges were posted when they happened."""
    fees: dict[str, int] = defaultdict(int)
    for line in lines:
        fees[line.kind] += line.fee_minor - (line.amount_minor if line.kind == "fee" else 0)
    postings = [
        Posting(
            event="fee.charged", at=clock.now(), currency=payout.currency, source_kind="payout", source_id=payout.id,
            part=kind, figures={"amount": minor}, party=connection.id,
        )
        for kind, minor in fees.items()
    ]  # fmt: skip
    postings.append(
        Posting(
            event="payout.sent", at=clock.now(), currency=payout.currency, source_kind="payout", source_id=payout.id,
            figures={"amount": payout.amount_minor}, party=connection.id,
        )
    )  # fmt: skip
    ledger.record(postings)
