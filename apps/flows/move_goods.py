"""Goods go from one of our places to another. The book keeps them as goods all the way; what gets lost is written off."""

from collections.abc import Mapping
from uuid import UUID

from django.db import transaction

from apps.core import clock
from apps.core.states import Cause
from apps.flows import allocation
from apps.inventory import transfers
from apps.inventory.models import Transfer
from apps.inventory.purchasing import home_currency
from apps.inventory.transfers import Moved
from apps.ledger import services as ledger
from apps.ledger.services import Posting


def send(transfer: UUID, *, actor: str) -> Transfer:
    """The goods leave. Raises `Refused`."""
    with transaction.atomic(), clock.one_moment():
        return transfers.send(transfer, actor=actor)


def receive(transfer: UUID, units: Mapping[UUID, int], *, actor: str) -> Moved:
    """Goods came (line -> units); orders that wait for them are served. Raises `Refused`."""
    with transaction.atomic(), clock.one_moment():
        moved = transfers.receive(transfer, units, actor=actor)
        allocation.look_again(moved.gained, cause=Cause(actor, moved.transfer.number, "transfer", moved.transfer.id))
    return moved


def lose(transfer: UUID, units: Mapping[UUID, int], *, actor: str, reason: str) -> Moved:
    """Goods got lost on the way (line -> units): shrinkage, at what they cost. Raises `Refused`."""
    with transaction.atomic(), clock.one_moment():
        moved = transfers.lose(transfer, units, actor=actor, reason=reason)
        ledger.record(
            [
                Posting(
                    event="transfer.lost", at=clock.now(), currency=home_currency(), source_kind="transfer",
                    source_id=moved.transfer.id, part=moved.cause.hex, figures={"cost": moved.value_minor},
                    memo=f"{moved.transfer.number} {reason}",
                )
            ]
        )  # fmt: skip
    return moved
