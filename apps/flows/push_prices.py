"""Prices that a person has looked at are told to a channel; nothing is told by itself.

A price is told as it was seen. While one push of a channel is not settled no other is built, so that an older price never comes
after a newer one; a repeat is harmless.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from uuid import UUID

from apps.channels.models import Listing
from apps.core import rows
from apps.core.ids import uuid7
from apps.hub import delivery
from apps.hub.abilities import OPERATIONS
from apps.hub.contracts import PriceOutcome, PriceTag
from apps.hub.delivery import NewDelivery
from apps.hub.models import Connection, Delivery, InboxEvent

OPERATION = "price.set"


def under_way(channel: Connection) -> bool:
    """Whether prices are on their way to this channel, or their answer is not taken in."""
    return (
        Delivery.objects.filter(
            connection=channel, operation=OPERATION, status__in=["due", "unknown", "waiting"]
        ).exists()
        or InboxEvent.objects.filter(
            connection=channel, topic=f"answer/{OPERATION}", status=InboxEvent.Status.NEW
        ).exists()
    )


def tell(channel: Connection, prices: Iterable[tuple[Listing, Decimal, str]]) -> int:
    """(listing, amount, currency): have the channel told, within the caller's transaction; returns how many are."""
    tags = [
        PriceTag(
            external_id=row.external_id, product_external_id=row.product_external_id, sku=row.sku, amount=amount,
            currency=currency,
        )
        for row, amount, currency in prices
    ]  # fmt: skip
    many = OPERATIONS[OPERATION].many
    for start in range(0, len(tags), many):
        push = uuid7()
        delivery.enqueue(
            [
                NewDelivery(
                    connection_id=channel.id, operation=OPERATION, key=f"{OPERATION}:{push}",
                    words=tags[start : start + many], kind="price", subject=push,
                )
            ]
        )  # fmt: skip
    return len(tags)


def take_outcomes(outcomes: Sequence[PriceOutcome], *, delivery_id: UUID, source: Connection) -> None:
    """What became of a push: what was set is the price there; a refusal stays with its words until a price is taken."""
    told = {tag.external_id: tag for tag in delivery.words_of(Delivery.objects.get(id=delivery_id))}
    by_id = {outcome.external_id: outcome for outcome in outcomes}
    found = Listing.objects.filter(connection=source, external_id__in=by_id).order_by("id")
    changed = []
    for row in found.select_for_update(no_key=True):
        outcome, tag = by_id[row.external_id], told.get(row.external_id)
        if outcome.is_set and tag is not None:
            row.price, row.currency, row.price_refused = tag.amount, tag.currency, ""
        else:
            row.price_refused = outcome.error[:200]
        changed.append(row)
    rows.update(changed, ["price", "currency", "price_refused"])
