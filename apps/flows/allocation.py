"""After units moved between demands: look at the orders concerned again and write their allocation axis."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import F, Sum

from apps.core.states import Cause
from apps.inventory.models import Demand
from apps.inventory.services import Change
from apps.orders import services as orders
from apps.orders.models import Order


def look_again(changes: Iterable[Change], *, cause: Cause, also: Iterable[UUID] = ()) -> list[Order]:
    """Orders whose demands changed, locked, with their allocation axis written. Call inside the story's transaction."""
    ids = {change.group for change in changes} | set(also)
    if not ids:
        return []
    rows = Demand.objects.filter(group__in=ids).values("group").annotate(
        wanted=Sum(F("quantity") - F("cancelled") - F("shipped")), given=Sum("allocated")
    )  # fmt: skip
    sums = {row["group"]: (row["wanted"], row["given"]) for row in rows}
    locked = orders.lock(ids)
    states = {order.id: orders.allocation_of(*sums.get(order.id, (0, 0))) for order in locked}
    orders.mark(locked, cause=cause, allocation=states)
    return locked
