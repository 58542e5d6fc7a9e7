"""Tell channels what to show: one push at a time for each, built from what is free now, so that no stale number goes out.

A push whose outcome is unknown is repeated as it was built; only when it is settled is the next one built, with a new key.
"""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from apps.channels import services as channels
from apps.core.ids import uuid7
from apps.flows import wiring
from apps.hub import abilities, connections, delivery
from apps.hub.contracts import StockOutcome, StockQuantity
from apps.hub.delivery import NewDelivery
from apps.hub.models import Connection, Delivery, InboxEvent

OPERATION = "stock.set"


def build() -> int:
    """One push for each channel that has something to be told and no push under way; returns how many were built."""
    wanted = channels.to_be_told()
    return sum(_build_for(channel) for channel in wiring.with_ability("stock.write") if channel.id in wanted)


def has_unbuilt() -> bool:
    """Whether some channel has something to be told that no push carries yet (a push that waits carries what it carries)."""
    wanted = channels.to_be_told()
    return any(channel.id in wanted and not under_way(channel) for channel in connections.with_ability("stock.write"))


def under_way(channel: Connection) -> bool:
    """Whether a push to this channel is not settled, or its answer not taken in: the channel may show what it showed before
    or what it is being told, and an older answer must never come after a newer one.
    """
    return (
        Delivery.objects.filter(
            connection=channel, operation=OPERATION, status__in=["due", "unknown", "waiting"]
        ).exists()
        or InboxEvent.objects.filter(
            connection=channel, topic=f"answer/{OPERATION}", status=InboxEvent.Status.NEW
        ).exists()
    )


def _build_for(channel: Connection) -> bool:
    if under_way(channel):
        return False
    with transaction.atomic():
        # The channel's row is the lock: two builders must not both see that no push is under way.
        Connection.objects.select_for_update().get(id=channel.id)
        if under_way(channel):
            return False
        rows = channels.to_tell(channel.id, abilities.OPERATIONS[OPERATION].many)
        if not rows:
            return False
        words = [
            StockQuantity(
                external_id=row.stock_external_id or row.external_id, quantity=quantity, sku=row.sku,
                location_external_id=row.location_external_id, expected=row.shown,
            )
            for row, quantity in rows
        ]  # fmt: skip
        push = uuid7()
        delivery.enqueue(
            [
                NewDelivery(
                    connection_id=channel.id, operation=OPERATION, key=f"{OPERATION}:{push}", words=words, kind="stock",
                    subject=push,
                )
            ]
        )  # fmt: skip
    return True


def take_outcomes(outcomes: Sequence[StockOutcome], *, delivery_id: UUID, source: Connection) -> int:
    """What became of a push; returns how many listings showed another number than we believed (they are told again)."""
    row = Delivery.objects.get(id=delivery_id)
    quantities = {word.external_id: word.quantity for word in delivery.words_of(row)}
    return channels.told(source.id, outcomes, quantities)
