"""A second person approves a stocktake: its differences are booked, and what was promised beyond the shelf waits again, visibly."""

from uuid import UUID

from django.db import transaction

from apps.core import clock
from apps.core.states import Cause
from apps.flows import allocation
from apps.inventory import variances
from apps.inventory.purchasing import home_currency
from apps.inventory.variances import Approved
from apps.ledger import services as ledger
from apps.ledger.services import Posting


def approve(stocktake: UUID, *, actor: str, seen: int) -> Approved:
    """Book it, all rows or none. `seen`: the round that the person looked at. Raises `Refused`."""
    with transaction.atomic(), clock.one_moment():
        approved = variances.approve(stocktake, actor=actor, seen=seen)
        sheet = approved.stocktake
        ledger.record(
            [
                Posting(
                    event="stock.adjusted", at=clock.now(), currency=home_currency(), source_kind="stocktake",
                    source_id=sheet.id, figures={"cost": -approved.value_minor}, memo=sheet.number,
                )
            ]
        )  # fmt: skip
        cause = Cause(actor, f"{sheet.number} counted another number", "stocktake", sheet.id)
        allocation.look_again(approved.gained + approved.lost, cause=cause)
    return approved
