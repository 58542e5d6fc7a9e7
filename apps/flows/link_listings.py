"""A person says which article a channel's listing is, or that it is none of ours: written down with who and when, and the
leases follow in the same transaction.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from apps.catalog.models import Variant
from apps.channels import linking
from apps.channels import services as channels
from apps.channels.models import Listing
from apps.core import audit
from apps.flows import lease_stock


def link(listing_id: UUID, variant: Variant, *, actor: str, note: str = "") -> Listing:
    """It is this article; the channel is told what is free of it. Raises `channels.errors.Refused`."""

    def deed() -> Listing:
        return linking.link(listing_id, variant, note=note)

    return _do(listing_id, deed, "listing.linked", actor=actor, also={variant.id}, sku=variant.sku, note=note[:200])


def part(listing_id: UUID, *, actor: str, note: str) -> Listing:
    """The link was wrong; the channel is told nothing of it until somebody links it again. Raises `Refused`."""
    return _do(
        listing_id, lambda: linking.part(listing_id, note=note, is_ours=True), "listing.parted", actor=actor,
        note=note[:200],
    )  # fmt: skip


def set_aside(listing_id: UUID, *, actor: str, note: str) -> Listing:
    """It is none of ours, and nobody is asked again. Raises `Refused`."""
    return _do(
        listing_id, lambda: linking.part(listing_id, note=note, is_ours=False), "listing.set_aside", actor=actor,
        note=note[:200],
    )  # fmt: skip


def match_again(listing_id: UUID, *, actor: str) -> Listing:
    """A person's word is taken back: SKU and barcode decide."""
    return _do(listing_id, lambda: linking.match_again(listing_id), "listing.matched_again", actor=actor)


def rule(listing_id: UUID, *, buffer: int, own_price: Decimal | None, actor: str) -> Listing:
    """What holds for this listing alone: units held back from it, and a price that no rule changes. Raises `Refused`."""
    with transaction.atomic():
        row = linking.rule(listing_id, buffer=buffer, own_price=own_price)
        detail = {"buffer": buffer, "own_price": None if own_price is None else str(own_price)}
        audit.record("listing.ruled", actor=actor, subject=row, detail=detail)
        if row.variant_id:
            channels.mark_dirty([row.variant_id])
    return row


def _do(
    listing_id: UUID, deed: Callable[[], Listing], action: str, *, actor: str, also: set[UUID] | None = None, **detail: Any
) -> Listing:  # fmt: skip
    with transaction.atomic():
        before = Listing.objects.get(id=listing_id)
        touched = {before.variant_id, *(also or ())}
        channels.lock_listings(lease_stock.lock(_ids(touched)), also=Q(id=listing_id))
        row = deed()
        audit.record(action, actor=actor, subject=row, detail={"channel": row.connection.name, **detail})
        lease_stock.settle(_ids({*touched, row.variant_id}), cause=row.id)
    return row


def _ids(found: Iterable[UUID | None]) -> set[UUID]:
    return {one for one in found if one}
