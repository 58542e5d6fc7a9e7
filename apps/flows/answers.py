"""What vendors answered to our own calls. Answers come back only through the inbox: kept, ordered, replayable."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol
from uuid import UUID

from apps.flows import confirm_order, push_prices, push_stock, refund_order, settle_payment, ship_order
from apps.hub import delivery
from apps.hub.models import Connection, InboxEvent
from apps.messaging import services as messaging
from apps.shipping import services as shipping
from apps.shipping.models import Parcel

Answer = delivery.Answer
read = delivery.read_answer
ACTOR = "delivery"


class Answered(Protocol):
    """An inbox item that carries an answer."""

    event: InboxEvent
    source: Connection
    words: Sequence[Any]
    answer: Answer | None


Group = Sequence[Answered]


def take(group: Group) -> dict[Any, str]:
    """Apply answers of one operation of one connection; nothing waits, because we asked for them ourselves."""
    answer = group[0].answer
    if answer is not None:
        _TAKERS[answer.operation](group)
    return {}


def _subjects(group: Group) -> list[tuple[UUID, Any]]:
    return [(item.answer.subject, item.words[0]) for item in group if item.answer and item.words]


def _stock(group: Group) -> None:
    for item in group:
        if item.answer:
            push_stock.take_outcomes(item.words, delivery_id=item.answer.delivery, source=item.source)


def _prices(group: Group) -> None:
    for item in group:
        if item.answer:
            push_prices.take_outcomes(item.words, delivery_id=item.answer.delivery, source=item.source)


def _payments(group: Group) -> None:
    settle_payment.settle([word for item in group for word in item.words], source=group[0].source)


def _refunds(group: Group) -> None:
    for item in group:
        for word in item.words:
            refund_order.take_fact(word, source=item.source)


def _labels(group: Group) -> None:
    ship_order.take_labels(_subjects(group), actor=ACTOR)


def _voided(group: Group) -> None:
    ids = [subject for subject, _ in _subjects(group)]
    for parcel in (
        Parcel.objects.filter(id__in=ids).select_related("shipment").select_for_update(no_key=True, of=("self",))
    ):
        shipping.voided(parcel)


def _letters(group: Group) -> None:
    messaging.sent(subject for subject, _ in _subjects(group))


def _notices(group: Group) -> None:
    """They have it; the delivery and its attempts are the record."""


def _confirmations(group: Group) -> None:
    for item in group:
        confirm_order.take_outcomes(item.words, source=item.source)


def _nothing(group: Group) -> None:
    """The other side has it; the delivery and its attempts are the record."""


_TAKERS: dict[str, Callable[[Group], None]] = {
    "stock.set": _stock,
    "price.set": _prices,
    "payment.request": _payments,
    "payment.capture": _payments,
    "payment.void": _payments,
    "payment.refund": _refunds,
    "label.buy": _labels,
    "label.void": _voided,
    "message.send": _letters,
    "notice.send": _notices,
    "order.confirm": _confirmations,
    "fulfilment.create": _nothing,
    "fact.tell": _nothing,
}
