"""Erase a person: what says who they were is emptied everywhere, what the books need stays under a row without a name.

Nothing is erased while something of theirs is still to be done. Who orders again is a new person. What stays is said before.
"""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import models, transaction
from django.db.models import Q

from apps.core import clock
from apps.customers.models import Customer, Erasure
from apps.flows import disclose_person, personal_data
from apps.hub.models import Delivery, InboxEntry, InboxEvent
from apps.orders.models import Order
from apps.payments.models import Refund

_UNDONE = [Delivery.Status.DUE, Delivery.Status.UNKNOWN, Delivery.Status.WAITING]
_UNREAD = [InboxEvent.Status.NEW, InboxEvent.Status.WAITING, InboxEvent.Status.SET_ASIDE]


@dataclass(slots=True)
class Preview:
    """What an erasure would do: rows to be emptied and rows that stay as they are, by table; what is in its way."""

    emptied: dict[str, int] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)
    open_orders: list[str] = field(default_factory=list)
    undone: int = 0  # calls and notices about their orders that are not done
    elsewhere: list[dict[str, str]] = field(default_factory=list)
    is_erased: bool = False

    @property
    def may_go_on(self) -> bool:
        """Whether nothing is in the way."""
        return not (self.open_orders or self.undone or self.is_erased)


class StillOpen(Exception):
    """Something of theirs is still to be done, or they are erased already; nothing was changed."""


def preview(customer: Customer) -> Preview:
    """What would happen, without doing it."""
    orders = dict(Order.objects.filter(customer=customer).values_list("id", "channel"))
    told = Preview(elsewhere=disclose_person.elsewhere(customer), is_erased=customer.erased_at is not None)
    open_ones = Order.objects.filter(customer=customer, lifecycle="open").order_by("placed_at")
    told.open_orders = list(open_ones.values_list("number", flat=True))
    told.undone = _undone(orders)
    for label, held in personal_data.REGISTER.items():
        count = personal_data.rows_of(label, customer).count() if held.path else 0
        if count:
            (told.emptied if held.erased else told.kept)[label] = count
    for label, rows in _bodies(orders).items():
        if count := rows.count():
            told.emptied[label] = count
    return told


def erase(customer_id: UUID, *, by: str, reason: str = "") -> Erasure:
    """Do it, in one transaction. Raises `StillOpen`."""
    with transaction.atomic():
        customer = Customer.objects.select_for_update(no_key=True).get(id=customer_id)
        rows = Order.objects.filter(customer=customer).order_by("id").select_for_update(no_key=True)
        orders = dict(rows.values_list("id", "channel"))
        if not preview(customer).may_go_on:
            raise StillOpen
        emptied: dict[str, int] = {}
        for label, held in personal_data.REGISTER.items():
            if held.path and held.erased and (count := _empty(personal_data.rows_of(label, customer), held)):
                emptied[label] = count
        Customer.objects.filter(id=customer.id).update(erased_at=clock.now(), marketing_allowed=False)
        for history in personal_data.histories(Customer):  # also what these very changes have left behind
            history._default_manager.filter(pgh_obj=customer).delete()
        emptied |= {label: count for label, rows in _bodies(orders).items() if (count := rows.update(sealed=None))}
        return Erasure.objects.create(customer=customer, by=by, reason=reason[:200], emptied=emptied)


def _empty(rows: models.QuerySet[Any], held: personal_data.Held) -> int:
    names = held.person.split() if held.erased == "emptied" else held.erased.split()
    ids = list(rows.values_list("pk", flat=True))
    return int(rows.model._default_manager.filter(pk__in=ids).update(**dict.fromkeys(names, "")))


def _bodies(orders: dict[UUID, UUID]) -> dict[str, models.QuerySet[Any]]:
    """Encrypted bodies about these orders, by table. A file with other people's orders in it stays until its time is over."""
    events = [event.pk for event in disclose_person.notices_of(orders)]
    of_theirs = InboxEvent.objects.filter(id__in=events)
    others = InboxEvent.objects.filter(entry=models.OuterRef("pk")).exclude(id__in=events)
    return {
        "hub.delivery": Delivery.objects.filter(order_ref__in=orders, sealed__isnull=False),
        "hub.inboxentry": InboxEntry.objects.filter(
            ~models.Exists(others), id__in=of_theirs.values("entry"), sealed__isnull=False
        ),
        "hub.inboxevent": InboxEvent.objects.filter(id__in=events, sealed__isnull=False),
    }


def _undone(orders: dict[UUID, UUID]) -> int:
    calls = Delivery.objects.filter(order_ref__in=orders, status__in=_UNDONE).count()
    events = [event.pk for event in disclose_person.notices_of(orders)]
    unread = InboxEvent.objects.filter(id__in=events, status__in=_UNREAD).count()
    refunds = Refund.objects.filter(Q(payment__order__in=orders), status="requested").count()
    return calls + unread + refunds
