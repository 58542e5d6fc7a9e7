"""Listings: what each channel shows, what it should show, and which must be told.

Everybody locks the listings of a change first, in id order: no two wait for each other in a ring, and a mark that is set while
another transaction takes it away is set afterwards, not lost.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import connection as database
from django.db.models import Q, QuerySet

from apps.channels.models import Listing
from apps.core import clock
from apps.core.ids import uuid7
from apps.hub.contracts import StockOutcome, VariantCard
from apps.hub.models import Connection
from apps.inventory.models import free_sql

_FROM_CARD = ["variant_id", "sku", "title", "product_external_id", "stock_external_id", "location_external_id"]


_SELLABLE = f"""
SELECT level.variant_id, sum({free_sql("level")})::int
FROM inventory_stocklevel AS level JOIN inventory_location AS place ON place.id = level.location_id
WHERE place.is_active AND level.variant_id = ANY(%s::uuid[]) GROUP BY level.variant_id
"""


def take_cards(connection: Connection, cards: Sequence[VariantCard], variants: Mapping[str, UUID]) -> int:
    """Make or refresh the listings of a channel from what it lists; returns how many are new or changed.

    Unknown SKUs stay unlinked, visibly. What has not changed is not written, so that a daily look costs a read.
    """
    told = {card.external_id or card.sku: card for card in cards}
    listings = Listing.objects.filter(connection=connection, external_id__in=told)
    known = {row[0]: row[1:] for row in listings.values_list("external_id", *_FROM_CARD)}
    fresh = {
        external_id: _listing(connection, card, variants.get(card.sku))
        for external_id, card in told.items()
        if known.get(external_id) != _from_card(card, variants.get(card.sku))
    }
    # One that is linked only now has never been told.
    Listing.objects.bulk_create(
        fresh.values(), update_conflicts=True, unique_fields=["connection", "external_id"],
        update_fields=[*_FROM_CARD, "is_dirty"],
    )  # fmt: skip
    return len(fresh)


def _from_card(card: VariantCard, variant: UUID | None) -> tuple[Any, ...]:
    """What a listing keeps of a card, in the order of `_FROM_CARD`."""
    return (
        variant, card.sku[:64], card.title[:255], card.product_external_id, card.stock_external_id,
        card.location_external_id,
    )  # fmt: skip


def _listing(connection: Connection, card: VariantCard, variant: UUID | None) -> Listing:
    kept = dict(zip(_FROM_CARD, _from_card(card, variant), strict=True))
    return Listing(
        id=uuid7(), connection=connection, external_id=card.external_id or card.sku, shown=card.shown,
        is_dirty=variant is not None, **kept,
    )  # fmt: skip


def to_be_told() -> set[UUID]:
    """Channels with a listing that has to be told. Asked at every look of the worker, so it is one plain statement."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT c.id FROM hub_connection c WHERE EXISTS (SELECT 1 FROM channels_listing l"
            " WHERE l.connection_id = c.id AND l.is_dirty AND l.variant_id IS NOT NULL)"
        )
        return {row[0] for row in cursor.fetchall()}


def mark_dirty(variants: Iterable[UUID]) -> None:
    """Free stock of these variants may have changed: their listings must be told."""
    ids = _locked(Listing.objects.filter(variant__in=set(variants)))
    Listing.objects.filter(id__in=ids, is_dirty=False).update(is_dirty=True)


def _locked(listings: QuerySet[Listing]) -> list[UUID]:
    return list(listings.order_by("id").select_for_update().values_list("id", flat=True))


def sold(connection_id: UUID, units: Mapping[UUID, int]) -> None:
    """A channel lowers what it shows by what it sells (`variant -> units`); our belief follows in the same transaction.

    It must be told even where nothing was free to promise: it may show less than nothing now.
    """
    if not units:
        return
    _locked(Listing.objects.filter(connection=connection_id, variant__in=list(units)))
    with database.cursor() as cursor:
        cursor.execute(
            "UPDATE channels_listing AS listing SET shown = listing.shown - sold.units, is_dirty = true"
            " FROM unnest(%s::uuid[], %s::int[]) AS sold(variant, units)"
            " WHERE listing.connection_id = %s AND listing.variant_id = sold.variant AND listing.shown IS NOT NULL",
            [list(units), list(units.values()), connection_id],
        )


def sellable(variants: Iterable[UUID]) -> dict[UUID, int]:
    """Free units by variant over all locations; 0 where nothing lies."""
    wanted = set(variants)
    with database.cursor() as cursor:
        cursor.execute(_SELLABLE, [list(wanted)])
        free = dict(cursor.fetchall())
    return {variant: free.get(variant, 0) for variant in wanted}


def to_tell(connection_id: UUID, limit: int) -> list[tuple[Listing, int]]:
    """Dirty listings of a channel, locked, with what they should show now; they are clean from here on."""
    rows = list(
        Listing.objects.filter(connection=connection_id, is_dirty=True, variant__isnull=False)
        .order_by("id")
        .select_for_update(skip_locked=True)[:limit]
    )
    free = sellable(row.variant_id for row in rows if row.variant_id)
    Listing.objects.filter(id__in=[row.id for row in rows]).update(is_dirty=False)
    return [(row, max(0, free[row.variant_id] - row.buffer)) for row in rows if row.variant_id]


def told(connection_id: UUID, outcomes: Sequence[StockOutcome], quantities: Mapping[str, int]) -> int:
    """What became of a push: set ones show what was set; stale ones show what they showed, and are told again.

    Returns how many were stale.
    """
    shown: dict[str, int] = {}
    again: list[str] = []
    for outcome in outcomes:
        if outcome.is_set:
            shown[outcome.external_id] = quantities[outcome.external_id]
        elif outcome.is_stale and outcome.shown is not None:
            shown[outcome.external_id] = outcome.shown
            again.append(outcome.external_id)
    known_as = Q(stock_external_id__in=list(shown)) | Q(stock_external_id="", external_id__in=list(shown))
    ids = _locked(Listing.objects.filter(known_as, connection=connection_id))
    with database.cursor() as cursor:
        cursor.execute(
            "UPDATE channels_listing AS listing SET shown = new.shown, set_at = %s,"
            "  is_dirty = listing.is_dirty OR new.external_id = ANY(%s)"
            " FROM unnest(%s::text[], %s::int[]) AS new(external_id, shown)"
            " WHERE listing.id = ANY(%s)"
            "  AND coalesce(nullif(listing.stock_external_id, ''), listing.external_id) = new.external_id",
            [clock.now(), again, list(shown), list(shown.values()), ids],
        )
    return len(again)
