"""Somebody takes units out of sale, or puts them back: for safety, because they are damaged, or to be looked at."""

from uuid import UUID

from django.db import transaction

from apps.core import audit, clock
from apps.core.states import Cause
from apps.flows import allocation
from apps.inventory import aside
from apps.inventory.models import Aside, StockLevel


def set_aside(level: StockLevel, why: Aside, units: int, *, cause: UUID, actor: str, reason: str) -> None:
    """Free units are no longer for sale. `cause` names the deed: the same page sent twice does it once. Raises `Refused`."""
    with transaction.atomic(), clock.one_moment():
        aside.set_aside(level.id, why, units, cause=cause, actor=actor, reason=reason)
        _note("stock.set_aside", level, why, units, actor)


def bring_back(level: StockLevel, why: Aside, units: int, *, cause: UUID, actor: str, reason: str) -> None:
    """Units are for sale again; who waits gets them first. Raises `Refused`."""
    with transaction.atomic(), clock.one_moment():
        gained = aside.bring_back(level.id, why, units, cause=cause, actor=actor, reason=reason)
        _note("stock.brought_back", level, why, units, actor)
        allocation.look_again(gained, cause=Cause(actor, reason[:300], "aside", cause))


def _note(action: str, level: StockLevel, why: Aside, units: int, actor: str) -> None:
    audit.record(action, actor=actor, subject=level, detail={"why": why.value, "units": units})
