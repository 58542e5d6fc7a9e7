"""Listings: what each channel shows, what it should show, and which must be told.

Everybody locks the listings of a change first, in id order: no two wait for each other in a ring, and a mark that is set while
another transaction takes it away is set afterwards, not lost.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from django.db import connection as database
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from apps.catalog.models import Component
from apps.channels import offering, promises
from apps.channels.linking import take_cards as take_cards
from apps.channels.manners import manners
from apps.channels.models import ChannelRule, Listing, SellingPolicy
from apps.channels.states import SellingState
from apps.core import clock
from apps.core import rows as tables
from apps.hub.abilities import Writes
from apps.hub.contracts import StockOutcome
from apps.hub.models import Connection


def to_be_told() -> set[UUID]:
    """Channels with a listing that has to be told. Asked at every look of the worker, so it is one plain statement."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT c.id FROM hub_connection c WHERE EXISTS (SELECT 1 FROM channels_listing l"
            " WHERE l.connection_id = c.id AND l.is_dirty AND NOT l.is_held AND l.variant_id IS NOT NULL)"
        )
        return {row[0] for row in cursor.fetchall()}


def mark_dirty(variants: Iterable[UUID]) -> None:
    """Free stock of these variants may have changed: their listings must be told, and those of bundles they are part of."""
    changed = set(variants)
    bundles = Component.objects.filter(variant__in=changed).values("bundle")
    ids = _locked(Listing.objects.filter(Q(variant__in=changed) | Q(variant__in=bundles)))
    Listing.objects.filter(id__in=ids, is_dirty=False).update(is_dirty=True)


def tell_all(connection_id: UUID) -> None:
    """A channel's rule has changed: everything that it lists must be told."""
    ids = _locked(Listing.objects.filter(connection=connection_id, variant__isnull=False))
    Listing.objects.filter(id__in=ids, is_dirty=False).update(is_dirty=True)


def lock_listings(variants: Iterable[UUID], *, also: Q) -> None:
    """All that a story is going to lock, at once: two locks of one table, each in order, are not in order together."""
    _locked(Listing.objects.filter(Q(variant__in=set(variants)) | also))


def sent_as(connection: Connection, names: Iterable[str]) -> Q:
    """A channel's listings by the ids under which numbers are sent."""
    return Q(connection=connection) & _known_as(names)


def _locked(listings: QuerySet[Listing]) -> list[UUID]:
    return list(listings.order_by("id").select_for_update(no_key=True).values_list("id", flat=True))


@dataclass(frozen=True, slots=True)
class Sold:
    """Units of a variant in one order of a channel, and when its customer placed it."""

    variant: UUID
    units: int
    placed_at: datetime


def sold(connection: Connection, sales: Sequence[Sold]) -> set[UUID]:
    """A channel lowers what it shows by what it sells; our belief follows in the same transaction.

    It must be told even where nothing was free to promise: it may show less than nothing now. A sale of before an absolute
    number took effect was in what the channel showed then, not in what it shows now. Returns the variants that are leased.
    """
    if not sales:
        return set()
    leased = _locked_leased(connection.id, {sale.variant for sale in sales})
    plain = [sale for sale in sales if sale.variant not in leased]
    told = manners(connection)
    settles = told.settles if told.writes is Writes.ABSOLUTE else None
    with database.cursor() as cursor:
        cursor.execute(
            "UPDATE channels_listing AS listing SET shown = listing.shown - sold.units, is_dirty = true FROM ("
            "  SELECT row.id, coalesce(sum(sale.units) FILTER (WHERE %s::interval IS NULL OR row.set_at IS NULL"
            "    OR sale.placed_at >= row.set_at + %s::interval), 0) AS units"
            "  FROM channels_listing AS row JOIN json_to_recordset(%s::json)"
            "    AS sale(variant uuid, units int, placed_at timestamptz) ON row.variant_id = sale.variant"
            "  WHERE row.connection_id = %s AND row.shown IS NOT NULL GROUP BY row.id"
            ") AS sold WHERE listing.id = sold.id",
            [settles, settles, orjson.dumps(plain).decode(), connection.id],
        )
    if leased:
        book = promises.Book.of_channel(connection, leased)
        for sale in sales:
            if sale.variant in leased:
                book.sold(book.by_variant[sale.variant], sale.units, sale.placed_at)
        book.write()
    return leased


def _locked_leased(connection_id: UUID, variants: set[UUID]) -> set[UUID]:
    """Lock a channel's listings of these variants, and of leased ones every channel's, whose leases may have to follow;
    answers which of the variants are leased.
    """
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT listing.variant_id, policy.state FROM channels_listing AS listing"
            " LEFT JOIN channels_sellingpolicy AS policy ON policy.variant_id = listing.variant_id"
            " WHERE listing.variant_id = ANY(%s) AND (listing.connection_id = %s OR policy.state = 'leased')"
            " ORDER BY listing.id FOR NO KEY UPDATE OF listing",
            [list(variants), connection_id],
        )
        return {variant for variant, state in cursor.fetchall() if state == SellingState.LEASED}


def sellable(variants: Iterable[UUID]) -> dict[UUID, int]:
    """What may be offered of variants: free units, of a bundle the sets that its components make; 0 where nothing lies."""
    wanted = set(variants)
    with database.cursor() as cursor:
        cursor.execute(offering.of("= ANY(%(variants)s::uuid[])"), {"variants": list(wanted)})
        free = dict(cursor.fetchall())
    return {variant: free.get(variant, 0) for variant in wanted}


Unheard = Mapping[UUID, Mapping[UUID, int]]  # blind channel -> variant -> units that it may still sell


def wanted(listings: Iterable[Listing], *, unheard: Unheard) -> dict[UUID, int]:
    """listing -> what it should show now: of a leased variant its own part, which it has been told; else what is free, by the
    rule of its channel and less what channels of which nothing is heard may still sell. Channels' connections and rules are
    read with the listings (`select_related`).
    """
    rows = [row for row in listings if row.variant_id]
    variants = {row.variant_id for row in rows}
    leased = set(
        SellingPolicy.objects.filter(variant__in=variants, state=SellingState.LEASED).values_list("variant", flat=True)
    )
    free = sellable(variant for variant in variants if variant)
    return {
        row.id: max(0, row.shown or 0)
        if row.variant_id in leased
        else rule_of(row.connection).shown(
            free[row.variant_id] - row.buffer - elsewhere(unheard, row.connection_id, row.variant_id)
        )
        for row in rows
        if row.variant_id
    }


def elsewhere(unheard: Unheard, channel: UUID, variant: UUID) -> int:
    """Units of a variant that channels other than this one may still sell unheard."""
    return sum(units.get(variant, 0) for other, units in unheard.items() if other != channel)


def rule_of(connection: Connection) -> ChannelRule:
    """What the merchant said of a channel, or nothing said."""
    rule: ChannelRule = getattr(connection, "rule", None) or ChannelRule()
    return rule


def found(listing: Listing, shown: int) -> set[UUID]:
    """A look at the channel found another number than we believe: of a leased variant that is what it may still sell, and its
    lease has to follow (the variant is answered); of a shared one the next push corrects it.
    """
    state = SellingPolicy.objects.filter(variant=listing.variant_id).values_list("state", flat=True).first()
    if state != SellingState.LEASED or listing.variant_id is None:
        return set()
    book = promises.Book.of_variants([listing.variant_id])
    book.found(book.listings[listing.id], shown, at=clock.now())
    book.write()
    return {listing.variant_id}


@dataclass(frozen=True, slots=True)
class Dirty:
    """A listing that has to be told, and whether its variant is leased or about to be."""

    id: UUID
    variant: UUID
    state: str


def dirty(connection_id: UUID, limit: int) -> list[Dirty]:
    """Listings of a channel that have to be told, in id order; nothing is locked."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT listing.id, listing.variant_id, coalesce(policy.state, 'shared') FROM channels_listing AS listing"
            " LEFT JOIN channels_sellingpolicy AS policy ON policy.variant_id = listing.variant_id"
            " WHERE listing.connection_id = %s AND listing.is_dirty AND NOT listing.is_held AND listing.variant_id IS NOT NULL"
            " ORDER BY listing.id LIMIT %s",
            [connection_id, limit],
        )
        return [Dirty(*row) for row in cursor.fetchall()]


def to_tell(
    listings: Sequence[UUID], *, rule: ChannelRule, unheard: Callable[[], Unheard]
) -> list[tuple[Listing, int]]:
    """These listings of shared variants, locked, with what they should show now; they are clean from here on.

    `unheard` is asked under the lock: a channel that is heard from then on marks them again, and the mark stays.
    """
    found = Listing.objects.filter(id__in=listings, is_dirty=True, is_held=False)
    rows = list(found.order_by("id").select_for_update(no_key=True))
    free, kept = sellable(row.variant_id for row in rows if row.variant_id), unheard()
    told = []
    for row in rows:
        if row.variant_id:
            row.is_dirty, row.may_fall = False, False
            row.pushing = rule.shown(
                free[row.variant_id] - row.buffer - elsewhere(kept, row.connection_id, row.variant_id)
            )
            told.append((row, row.pushing))
    tables.update((row for row, _units in told), ["is_dirty", "pushing", "may_fall"])
    return told


def variants_of(connection: Connection, names: Iterable[str]) -> set[UUID]:
    """Variants of a channel's listings by the ids under which numbers are sent."""
    rows = Listing.objects.filter(_known_as(names), connection=connection, variant__isnull=False)
    return {variant for variant in rows.values_list("variant", flat=True) if variant}


def _known_as(names: Iterable[str]) -> Q:
    sent = list(names)
    return Q(stock_external_id__in=sent) | Q(stock_external_id="", external_id__in=sent)


def told(
    connection: Connection, outcomes: Mapping[str, StockOutcome], quantities: Mapping[str, int], *, is_answered: bool
) -> set[UUID]:
    """What became of a push (`quantities`: what was sent, by the id it was sent under).

    Set ones show what was set; stale ones show what they showed, and are told again, as are those in doubt or put off.
    Returns the leased variants among them.
    """
    leased = _locked_leased(connection.id, variants_of(connection, quantities))
    book = promises.Book(Listing.objects.filter(_known_as(quantities), connection=connection))
    now, heard = clock.now(), []
    for row in book.listings.values():
        name = row.stock_external_id or row.external_id
        outcome = outcomes.get(name)
        is_told_again = (
            not is_answered or outcome is None or outcome.is_stale or outcome.is_unknown or outcome.is_put_off
        )
        book.answered(row, outcome, quantities[name], at=now, keeps_escrow=row.variant_id in leased)
        row.is_dirty = row.is_dirty or is_told_again
        refused = _refused(outcome)
        if refused is not None and row.refused != refused:
            row.refused = refused
            heard.append(row)
    book.write()
    tables.update(heard, ["refused"])
    return leased


def _refused(outcome: StockOutcome | None) -> str | None:
    """The vendor's words of a refusal, nothing where it took the number; None where nobody knows yet."""
    if outcome is None or outcome.is_unknown or outcome.is_put_off or outcome.is_stale:
        return None
    return "" if outcome.is_set else (outcome.error or _("without a word"))[:200]


def not_shown(connection: Connection, listings: Collection[UUID]) -> None:
    """A complete look at what a channel shows did not name these, although they were told a number: it does not know them, or
    takes no number for them. All others of the channel are there.
    """
    gone = Listing.objects.filter(connection=connection, missing_since__isnull=False)
    gone.exclude(id__in=listings).update(missing_since=None)
    Listing.objects.filter(id__in=listings, missing_since=None).update(missing_since=clock.now())
