"""What channels may still sell of leased variants: the belief, step by step, so that it is never too low.

Every function here is called with the listings' rows locked (`locked`), after the stock levels' and in id order.
Sales, answers and the order feed change what a channel may sell; `need` says how large its lease must be.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from operator import attrgetter
from uuid import UUID

from django.db.models import Q, QuerySet

from apps.channels import feed
from apps.channels.dividing import Promise
from apps.channels.manners import manners
from apps.channels.models import Escrow, Listing
from apps.core import rows
from apps.core.ids import uuid7
from apps.hub.abilities import StockManners, Writes
from apps.hub.contracts import StockOutcome
from apps.hub.models import Connection

_FIELDS = ("shown", "set_at", "set_look", "pushing", "unbacked", "is_dirty", "may_fall")
_WRITTEN = attrgetter(*_FIELDS)


class Book:
    """Locked listings with their escrows: what each channel may sell."""

    def __init__(self, listings: QuerySet[Listing]) -> None:
        # Everybody who changes promises locks all that the change may touch here, in one statement and in id order.
        self.listings = {row.id: row for row in listings.order_by("id").select_for_update(no_key=True)}
        self._before = {row.id: _WRITTEN(row) for row in self.listings.values()}
        channels = Connection.objects.select_related("rule").in_bulk(
            {row.connection_id for row in self.listings.values()}
        )
        for row in self.listings.values():
            row.connection = channels[row.connection_id]
        self.escrows: dict[UUID, list[Escrow]] = defaultdict(list)
        for row in (
            Escrow.objects.filter(listing__in=list(self.listings))
            .order_by("listing", "id")
            .select_for_update(no_key=True)
        ):
            self.escrows[row.listing_id].append(row)
        self.by_variant = {row.variant_id: row for row in self.listings.values() if row.variant_id}
        self._manners: dict[UUID, StockManners] = {}
        self._touched: dict[UUID, Escrow] = {}
        self._looks: dict[UUID, int] = {}

    @classmethod
    def of_channel(cls, connection: Connection, variants: Iterable[UUID]) -> "Book":
        """One channel's listings of variants."""
        return cls(Listing.objects.filter(connection=connection, variant__in=set(variants)))

    @classmethod
    def of_variants(cls, variants: Iterable[UUID], *, also: Iterable[UUID] = ()) -> "Book":
        """The linked listings of variants; `also`: further listings that the transaction will lock."""
        return cls(Listing.objects.filter(Q(variant__in=set(variants)) | Q(id__in=set(also))))

    def manners(self, listing: Listing) -> StockManners:
        """How its channel takes numbers."""
        if listing.connection_id not in self._manners:
            self._manners[listing.connection_id] = manners(listing.connection)
        return self._manners[listing.connection_id]

    def promise(self, listing: Listing) -> Promise:
        """What its channel may sell."""
        return Promise(
            shown=listing.shown or 0,
            escrow=sum(row.units for row in self.escrows[listing.id]),
            writes=self.manners(listing).writes,
            pushing=listing.pushing,
        )

    def needs(self) -> dict[tuple[UUID, UUID], int]:
        """(variant, channel) -> how large its lease must be."""
        return {
            (row.variant_id, row.connection_id): self.promise(row).need
            for row in self.listings.values()
            if row.variant_id
        }

    # What happens to a promise

    def sold(self, listing: Listing, units: int, placed_at: datetime) -> None:
        """A sale we hear of now. What was placed before an old number was surely gone may have come out of that number."""
        for row in list(self.escrows[listing.id]):
            if units and (row.until is None or placed_at <= row.until):
                take = min(units, row.units)
                units -= take
                self._shrink(listing, row, take)
        listing.shown = (listing.shown or 0) - units

    def answered(
        self, listing: Listing, outcome: StockOutcome | None, pushed: int, *, at: datetime, keeps_escrow: bool
    ) -> None:
        """What became of a number that was sent; None: nobody knows. Only of what is leased do old numbers matter."""
        listing.pushing = None
        told = self.manners(listing)
        if not keeps_escrow:
            shown = pushed if outcome and outcome.is_set else outcome.shown if outcome and outcome.is_stale else None
            if shown is not None:
                listing.shown, listing.set_at, listing.set_look = shown, at, self._look(listing)
            return
        if outcome is None or outcome.is_unknown:
            more = pushed if told.writes is Writes.ABSOLUTE else pushed - max(0, listing.shown or 0)
            self._keep(listing, more, until=None)
        elif outcome.is_set:
            self._set(listing, pushed, at=at, told=told)
        elif outcome.is_stale and outcome.shown is not None:
            self._stale(listing, outcome.shown, at=at)

    def _set(self, listing: Listing, pushed: int, *, at: datetime, told: StockManners) -> None:
        if told.writes is Writes.ABSOLUTE:
            # Everything that stood may have been sold before the write took effect.
            surely_gone = at + told.settles
            for row in self.escrows[listing.id]:
                if row.until is None:
                    row.until, row.after_look = surely_gone, self._look(listing)
                    self._touched[row.id] = row
            self._keep(listing, max(0, listing.shown or 0), until=surely_gone)
        else:
            # It showed exactly what we believed: what was in doubt has not happened.
            for row in list(self.escrows[listing.id]):
                if row.until is None:
                    self._shrink(listing, row, row.units)
        listing.shown, listing.set_at, listing.set_look = pushed, at, self._look(listing)

    def _look(self, listing: Listing) -> int:
        if listing.connection_id not in self._looks:
            self._looks[listing.connection_id] = feed.under_way(listing.connection)
        return self._looks[listing.connection_id]

    def found(self, listing: Listing, shown: int, *, at: datetime) -> None:
        """Somebody looked: this is what it shows, whatever we believed."""
        self._stale(listing, shown, at=at)

    def _stale(self, listing: Listing, shown: int, *, at: datetime) -> None:
        """Fewer than we believed: the missing ones were sold unheard. More: what was in doubt, or somebody raised it there."""
        believed = max(0, listing.shown or 0)
        if shown < believed:
            self._keep(listing, believed - max(0, shown), until=at)
        more = max(0, shown - believed)
        for row in list(self.escrows[listing.id]):
            if more and row.until is None:
                take = min(more, row.units)
                more -= take
                self._shrink(listing, row, take)
        listing.shown, listing.set_at, listing.set_look = shown, at, self._look(listing)

    def restocked(self, listing: Listing, units: int) -> None:
        """An order was called off at the channel, which may show its units again by itself: the next write tells."""
        self._keep(listing, units, until=None)

    def passed(self, listing: Listing, known: feed.Known) -> None:
        """What old numbers may have sold is known."""
        for row in list(self.escrows[listing.id]):
            if row.until is not None and known.covers(row.until, after_look=row.after_look):
                self._shrink(listing, row, row.units)

    def _keep(self, listing: Listing, units: int, *, until: datetime | None) -> None:
        if units > 0:
            row = Escrow(
                id=uuid7(), listing=listing, units=units, until=until, after_look=self._look(listing) if until else 0
            )
            self.escrows[listing.id].append(row)
            self._touched[row.id] = row

    def _shrink(self, listing: Listing, row: Escrow, units: int) -> None:
        row.units -= units
        self._touched[row.id] = row
        if not row.units:
            self.escrows[listing.id].remove(row)

    def drop(self, listing: Listing, row: Escrow) -> None:
        """Nobody asks any more what was sold under an old number: the variant is shared."""
        self._shrink(listing, row, row.units)

    def write(self) -> None:
        """Listings and escrows as they stand, in sets."""
        changed = [row for row in self.listings.values() if _WRITTEN(row) != self._before[row.id]]
        rows.update(changed, _FIELDS)
        self._before.update((row.id, _WRITTEN(row)) for row in changed)
        touched, self._touched = list(self._touched.values()), {}
        gone = [row.id for row in touched if not row.units and not row._state.adding]
        if gone:
            Escrow.objects.filter(id__in=gone).delete()
        fresh = [row for row in touched if row.units and row._state.adding]
        rows.update((row for row in touched if row.units and not row._state.adding), ["units", "until", "after_look"])
        rows.insert(fresh)
