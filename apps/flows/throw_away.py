"""Expired units of a lot are thrown away, at what they cost, as shrinkage."""

from django.db import transaction

from apps.core import audit, clock
from apps.core.ids import uuid7
from apps.flows import name_lots
from apps.inventory import naming
from apps.inventory.models import LotLevel
from apps.inventory.purchasing import home_currency
from apps.ledger import services as ledger
from apps.ledger.services import Posting


def throw_away(there: LotLevel, units: int, *, seen: int, actor: str, reason: str) -> int:
    """Answers what they cost, in minor units. `seen`: how many lay there when the person looked. Raises `Refused`."""
    with transaction.atomic(), clock.one_moment():
        name_lots.look_again(there, seen)
        cost = naming.dispose(there.id, units, actor=actor, reason=reason)
        ledger.record(
            [
                Posting(
                    event="stock.adjusted", at=clock.now(), currency=home_currency(), source_kind="lot",
                    source_id=there.lot_id, part=uuid7().hex, figures={"cost": cost}, memo=there.lot.number,
                )
            ]
        )  # fmt: skip
        audit.record("lot.thrown_away", actor=actor, subject=there.lot, detail={"units": units, "reason": reason[:200]})
    return cost
