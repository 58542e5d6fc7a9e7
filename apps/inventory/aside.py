"""Units that lie there and are not for sale, by reason; and back. A promise is never broken for it: only free units are taken."""

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from apps.inventory.errors import Refused
from apps.inventory.levels import Desk
from apps.inventory.models import Aside, StockLevel, StockMovement
from apps.inventory.purchasing import sane
from apps.inventory.services import Change, refill


def set_aside(level: UUID, why: Aside, units: int, *, cause: UUID, actor: str, reason: str) -> list[Change]:
    """Free units are set aside. `cause` names the deed: the same one twice is one. Raises `Refused`."""
    return _change(level, why, sane(units), cause=cause, actor=actor, reason=reason)


def bring_back(level: UUID, why: Aside, units: int, *, cause: UUID, actor: str, reason: str) -> list[Change]:
    """Units are for sale again and go to who waits first. Returns who gained. Raises `Refused`."""
    return _change(level, why, -sane(units), cause=cause, actor=actor, reason=reason)


def _change(level: UUID, why: Aside, units: int, *, cause: UUID, actor: str, reason: str) -> list[Change]:
    if why is Aside.EXPIRED:
        raise Refused(_("Units expire by the date of their lot. Correct the lot’s date instead."))
    if not reason.strip():
        raise Refused(_("Say in a few words why."))
    with transaction.atomic():
        desk = Desk.of_levels([level], actor=actor)
        if level not in desk.levels:
            raise StockLevel.DoesNotExist
        row = desk.levels[level]
        if StockMovement.objects.filter(level=level, source_kind="aside", source_id=cause).exists():
            return []
        if units > row.available:
            words = _(
                "Only %(free)d are free: %(hand)d lie there, %(held)d of them are promised. Nothing was set aside."
            )
            raise Refused(words % {"free": row.available, "hand": row.on_hand, "held": row.reserved + row.leased})
        there = getattr(row, why.value)
        if -units > there:
            words = _("%(n)d are set aside for this reason; %(asked)d cannot come back.")
            raise Refused(words % {"n": there, "asked": -units})
        desk.change(
            row, StockMovement.Kind.STATUS, source_kind="aside", source_id=cause, reason=reason.strip(),
            **{why.value: units},
        )  # fmt: skip
        gained = refill(desk, part=cause.hex)
        desk.write()
    return gained
