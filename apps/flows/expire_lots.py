"""Lots past their last day for sale leave the offer: at once where units are free, as channels let go of the rest.

An order that was promised such units waits again, visibly; nothing expired leaves for a customer.
"""

from collections.abc import Collection, Iterable
from datetime import date, timedelta
from uuid import UUID

from django.db import transaction

from apps.core import clock
from apps.core.ids import uuid7
from apps.core.states import Cause
from apps.flows import allocation
from apps.hub import outbox
from apps.inventory import expiring
from apps.inventory.models import StockLevel

ACTOR = "expiry"
# One look a day in each process; a second one of the same day finds the same and harms nothing.
_told: dict[str, date] = {}


def sweep() -> int:
    """Every level where a day has passed, and the channels where one begins that is a lot's last; answers how many levels."""
    return _tell_of_last_days() + len(retire(None))


def _tell_of_last_days() -> int:
    """Leased variants of which units may be sold for the last time today: their channels are told once a day."""
    today = clock.business_date()
    if _told.get("day") == today:
        return 0
    levels = [level for level, units in expiring.due(on=today + timedelta(days=1)).items() if units > 0]
    variants = set(StockLevel.objects.filter(id__in=levels, leased__gt=0).values_list("variant", flat=True))
    _tell(variants)
    _told["day"] = today
    return len(levels)


def _tell(variants: Iterable[UUID]) -> None:
    """The leases of these follow once the channels have been told less."""
    if named := sorted(str(variant) for variant in variants):
        outbox.publish([outbox.NewFact("stock.changed", "stock", uuid7(), {"variants": named})], are_new_subjects=True)


def retire(levels: Collection[UUID] | None, *, actor: str = ACTOR) -> list[UUID]:
    """Set aside what is past its day at these levels, or anywhere, and bring back what is not; answers the levels."""
    due = expiring.due(levels)
    if not due:
        return []
    with transaction.atomic(), clock.one_moment():
        made = expiring.retire(list(due), actor=actor)
        allocation.look_again(made.gained + made.lost, cause=Cause(actor, "past its last day for sale"))
        _tell(made.held)
    return list(due)
