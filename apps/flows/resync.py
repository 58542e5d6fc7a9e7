"""Ask a channel for one thing again, on demand: the answer goes the way of every notice, through the inbox."""

from apps.hub import connections, external_ids, inbox
from apps.orders.models import Order


class NotThere(LookupError):
    """The channel does not know the thing (any more)."""


def order(row: Order) -> int:
    """Fetch one order from its channel; returns how many new notices came of it. Raises `NotThere` and vendor errors.

    Calls the vendor: run it from a worker or a command, not from a page (pages use `ask`).
    """
    live = connections.live(row.channel_id)
    theirs = external_ids.find_theirs(row.channel_id, "order", [row.id]).get(row.id)
    if live is None or theirs is None:
        raise NotThere(row.number)
    event = live.connector().fetch_order(theirs)
    if event is None:
        raise NotThere(row.number)
    return inbox.store_many([(row.channel_id, event)]).new
