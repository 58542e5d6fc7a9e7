"""Somebody says which lot units are or which serial numbers they have, takes a wrong name away, or corrects a lot's expiry date.

What is past its last day is set aside afterwards, in a transaction of its own: that one locks the levels of every place, this
one only the level at hand (docs/locks.md). Should it never come to that, the next sweep does it.
"""

from collections.abc import Sequence
from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from apps.core import audit, clock
from apps.flows import expire_lots
from apps.inventory import naming
from apps.inventory.errors import Refused
from apps.inventory.models import Lot, LotLevel, StockLevel
from apps.inventory.naming import Name

MOST_WRITTEN = 100  # numbers of a deed that its audit row repeats; the movements have them all


def name(level: StockLevel, names: Sequence[Name], *, seen: int, actor: str) -> list[Lot]:
    """Units without a lot become units of these, all or none. `seen`: how many were without one when the person looked, so
    that the same page sent twice names once. Raises `Refused`.
    """
    with transaction.atomic(), clock.one_moment():
        row = StockLevel.objects.select_for_update(no_key=True).get(id=level.id)
        if row.on_hand - row.in_lots != seen:
            raise Refused(_("Units have moved since this page was made. Look again and decide again."))
        made = naming.name(level.id, names, actor=actor)
        units, said = sum(one.units for one in names), [lot.number for lot in made[:MOST_WRITTEN]]
        audit.record("lot.named", actor=actor, subject=row, detail={"units": units, "lots": said})
    expire_lots.retire([level.id], actor=actor)
    return made


def take_away(there: LotLevel, units: int, *, seen: int, actor: str, reason: str) -> None:
    """Units are not of this lot after all. `seen`: how many lay there when the person looked. Raises `Refused`."""
    with transaction.atomic(), clock.one_moment():
        look_again(there, seen)
        naming.take_away(there.id, units, actor=actor, reason=reason)
        audit.record("lot.taken_away", actor=actor, subject=there.lot, detail={"units": units, "reason": reason[:200]})


def set_expiry(lot: Lot, expires_on: date | None, *, actor: str) -> None:
    """The date of a lot was wrong; its units come back for sale, or go out of it. Raises `Refused`."""
    before = lot.expires_on
    with transaction.atomic(), clock.one_moment():
        levels = naming.set_expiry(lot.id, expires_on)
        said = {"before": before.isoformat() if before else "", "now": expires_on.isoformat() if expires_on else ""}
        audit.record("lot.date_corrected", actor=actor, subject=lot, detail=said)
    expire_lots.retire(levels, actor=actor)


def look_again(there: LotLevel, seen: int) -> None:
    """The level is locked, and as many units of the lot lie there as the person saw. Raises `Refused`."""
    StockLevel.objects.select_for_update(no_key=True).get(id=there.level_id)
    there.refresh_from_db(fields=["units", "expired"])
    if there.units != seen:
        raise Refused(_("Units have moved since this page was made. Look again and decide again."))
