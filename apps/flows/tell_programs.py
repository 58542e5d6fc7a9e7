"""What happens here, told to programs of the merchant's own that asked for it (outgoing webhooks).

A fact is told to each at most once under a key of its own, and again only when a person asks; its reference is the same each
time, so that a program drops what it has. It holds references and numbers; whoever may know more asks the API.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.core import clock
from apps.core.ids import uuid7
from apps.flows import wiring
from apps.hub import delivery, waiting
from apps.hub.contracts import PublicFact
from apps.hub.delivery import NewDelivery
from apps.hub.models import Connection, OutboxFact

OPERATION = "fact.tell"
TEST = "test.sent"
# Facts that programs can be told, by topic; what is in neither table is a mistake that a test finds.
PUBLIC = {
    "order.placed": _("An order was taken in"),
    "order.revised": _("An order was changed at its channel"),
    "order.cleared": _("An order may be shipped"),
    "order.released": _("A hold on an order has ended"),
    "order.cancelled": _("An order was cancelled"),
    "payment.expected": _("A payment is expected"),
    "payment.authorised": _("A payment was authorised"),
    "payment.captured": _("A payment has come in"),
    "payment.cancelled": _("A payment was cancelled"),
    "payment.failed": _("A payment has failed"),
    "refund.requested": _("A refund was asked for"),
    "return.received": _("A return has arrived"),
    "shipment.planned": _("A shipment was planned"),
    "shipment.shipped": _("A shipment has left"),
    "stock.changed": _("Free stock of articles has changed"),
}
INTERNAL = {"payment.let_go", "parcel.called_off"}
# What of a fact's detail leaves the house: who of the staff did it does not.
OPEN = {"order", "number", "total_minor", "currency", "minor", "refund", "variants"}
MOST_AGAIN = 5000


def tell(facts: Sequence[OutboxFact]) -> list[NewDelivery]:
    """A call for each fact and each program that wants it; in the transaction that announces the facts."""
    public = [fact for fact in facts if fact.topic in PUBLIC]
    programs = wiring.with_ability("facts") if public else []
    return [_call(program, fact, f"{OPERATION}:{fact.id}") for program in programs for fact in _wanted(program, public)]


def tell_again(program: Connection, since: datetime) -> tuple[int, datetime | None]:
    """Everything of since a moment once more, and what waits for a person: how many calls, and how far this came where more
    is left than one press sends.
    """
    rows = OutboxFact.objects.filter(at__gte=since, announced_at__isnull=False, topic__in=_topics(program))
    facts = list(rows.order_by("id")[: MOST_AGAIN + 1])
    again = uuid7()
    with transaction.atomic():
        waiting.retry_all(program)
        delivery.enqueue([_call(program, fact, f"{OPERATION}:{fact.id}:{again}") for fact in facts[:MOST_AGAIN]])
    return min(len(facts), MOST_AGAIN), facts[MOST_AGAIN].at if len(facts) > MOST_AGAIN else None


def send_test(program: Connection) -> UUID:
    """An event that says nothing, to see whether a program takes it; answers its id."""
    reference = uuid7()
    fact = PublicFact(
        reference=str(reference), topic=TEST, at=clock.now(), kind="test", subject=str(reference), sequence=1
    )
    delivery.enqueue(
        [
            NewDelivery(
                connection_id=program.id, operation=OPERATION, key=f"{OPERATION}:{reference}", words=[fact], kind="test",
                subject=reference,
            )
        ]
    )  # fmt: skip
    return reference


def _topics(program: Connection) -> set[str]:
    chosen: Iterable[Any] = program.settings.get("topics") or PUBLIC
    return set(chosen) & set(PUBLIC)


def _wanted(program: Connection, facts: Sequence[OutboxFact]) -> list[OutboxFact]:
    topics = _topics(program)
    return [fact for fact in facts if fact.topic in topics]


def _call(program: Connection, fact: OutboxFact, key: str) -> NewDelivery:
    """No order is named: a program that does not answer is no trouble of the order."""
    word = PublicFact(
        reference=str(fact.id), topic=fact.topic, at=fact.at, kind=fact.kind, subject=str(fact.subject),
        sequence=fact.sequence, detail={name: value for name, value in fact.detail.items() if name in OPEN},
    )  # fmt: skip
    return NewDelivery(
        connection_id=program.id, operation=OPERATION, key=key, words=[word], kind=fact.kind, subject=fact.subject,
        fact_id=fact.id,
    )  # fmt: skip
