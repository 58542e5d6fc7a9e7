"""After units moved between demands: look at the orders concerned again and write their allocation axis."""

from collections.abc import Iterable
from uuid import UUID

from apps.core.states import Cause
from apps.inventory import queries as inventory
from apps.inventory.queries import Standing
from apps.inventory.services import Change
from apps.orders import services as orders
from apps.orders.models import Order


def look_again(changes: Iterable[Change], *, cause: Cause, also: Iterable[UUID] = ()) -> list[Order]:
    """Orders whose demands changed, locked, with their allocation axis written. Call inside the story's transaction."""
    ids = {change.group for change in changes} | set(also)
    if not ids:
        return []
    found = inventory.standing(ids)
    locked = orders.lock(ids)
    stands = {order.id: found.get(order.id, Standing()) for order in locked}
    states = {order: orders.allocation_of(one.wanted - one.shipped, one.promised) for order, one in stands.items()}
    orders.mark(locked, cause=cause, allocation=states)
    return locked
