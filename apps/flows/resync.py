"""Ask a channel for one thing again, on demand: the answer goes the way of every notice, through the inbox."""

from django.db import transaction

from apps.catalog.models import Variant
from apps.channels import services as channels
from apps.core import audit, clock
from apps.core.ids import uuid7
from apps.hub import connections, external_ids, inbox
from apps.hub.models import JobRun
from apps.orders.models import Order


class NotThere(LookupError):
    """The channel does not know the thing (any more)."""


def ask(row: Order, *, actor: str) -> JobRun:
    """A person on a page asks for an order again: a worker does it, because a page waits on no vendor."""
    with transaction.atomic():
        run = JobRun.objects.create(
            id=uuid7(), job=f"resync:{clock.wall():%H%M%S%f}", period=str(row.id), due_at=clock.now()
        )
        audit.record("order.resynced", actor=actor, subject=row)
    return run


def sku(variant: Variant, *, actor: str) -> None:
    """Tell every channel again what a SKU's free stock is."""
    with transaction.atomic():
        channels.mark_dirty([variant.id])
        audit.record("stock.resynced", actor=actor, subject=variant)


def order(row: Order) -> int:
    """Fetch one order from its channel; returns how many new notices came of it. Raises `NotThere` and vendor errors.

    Calls the vendor: run it from a worker or a command, not from a page (a page calls `ask`).
    """
    live = connections.live(row.channel_id)
    theirs = external_ids.find_theirs(row.channel_id, "order", [row.id]).get(row.id)
    if live is None or theirs is None:
        raise NotThere(row.number)
    event = live.connector().fetch_order(theirs)
    if event is None:
        raise NotThere(row.number)
    return inbox.store_many([(row.channel_id, event)]).new
