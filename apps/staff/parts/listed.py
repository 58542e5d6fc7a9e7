"""How a listing is, in words: linked or not, told or not, what its vendor said; silence is said with its age, never as fine."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.channels import pricing
from apps.channels import services as channels
from apps.channels.models import Listing
from apps.flows import push_stock
from apps.flows.push_stock import Blind
from apps.hub.models import Connection
from apps.staff.parts import connections, times
from apps.staff.templatetags import shown


@dataclass(frozen=True, slots=True)
class Row:
    """One listing as a person sees it. `should`: what it should show, None where it is told nothing."""

    of: Listing
    mark: str
    label: str
    why: str
    should: int | None
    price_there: str
    price_ours: str
    price_differs: bool

    @property
    def differs(self) -> bool:
        """Whether what we believe it shows is not what it should show."""
        return self.should is not None and self.of.shown != self.should


def rows(listings: Sequence[Listing], *, blind: Mapping[UUID, Blind]) -> list[Row]:
    """The listings in words; read with `connection`, its rule and `variant`."""
    wanted = channels.wanted(listings, unheard=push_stock.unheard(blind))
    told = {row.id for row in connections.with_ability(connections.all_of_them(), "stock.write")}
    prices = pricing.of(listings)
    found = []
    for listing in listings:
        should = wanted.get(listing.id) if listing.connection_id in told else None
        mark, label, why = _state(listing, should, blind.get(listing.connection_id), listing.connection_id in told)
        price = prices.get(listing.id)
        found.append(
            Row(
                listing, mark, label, why, should, amount(listing.price, listing.currency),
                amount(price.wanted, price.currency) if price else "",
                bool(price and listing.price is not None and price.wanted != listing.price),
            )
        )  # fmt: skip
    return found


def amount(value: Decimal | None, currency: str) -> str:
    """A price with its currency; a dash where none is known."""
    if value is None:
        return "–"
    return shown.unit_price(value, currency) if currency else f"{value.normalize():f}"


def _state(listing: Listing, should: int | None, blind: Blind | None, can_be_told: bool) -> tuple[str, str, str]:
    if listing.variant_id is None:
        return _unlinked(listing)
    channel = listing.connection
    if not can_be_told:
        return "idle", _("Cannot be told"), _("this channel takes no numbers")
    if listing.is_held:
        return "act", _("Stopped"), _("a person is asked before it falls to none")
    if channel.status == Connection.Status.NEEDS_RECONNECT:
        return "bad", _("Reconnect needed"), _("the connection must be reconnected")
    if blind:
        words = _("nothing heard since %(at)s; it keeps what it shows")
        return "stale", _("Blind"), words % {"at": times.moment(blind.since)}
    if channel.status == Connection.Status.PAUSED or "stock.write" in channel.paused_abilities:
        return "idle", _("Paused"), _("stock sync is paused")
    if listing.refused:
        return "act", _("Refused"), listing.refused
    if listing.missing_since:
        words = _("it takes numbers and does not show the article, since %(at)s")
        return "act", _("Not known there"), words % {"at": times.moment(listing.missing_since)}
    if listing.price_refused:
        return "act", _("Price refused"), listing.price_refused
    return _told(listing, should)


def _unlinked(listing: Listing) -> tuple[str, str, str]:
    if listing.link == Listing.Link.NOT_OURS:
        return "idle", _("Not ours"), listing.note
    if listing.link == Listing.Link.PARTED:
        return "bad", _("Not linked"), listing.note
    return "bad", _("Not linked"), str(listing.get_fault_display() or _("nobody has looked for it yet"))


def _told(listing: Listing, should: int | None) -> tuple[str, str, str]:
    if listing.pushing is not None:
        return "wait", _("Told"), _("told %(n)d, not acknowledged yet") % {"n": listing.pushing}
    if listing.is_dirty or listing.set_at is None:
        return "wait", _("To be told"), _("the next push carries it")
    if listing.shown != should:
        return "wait", _("Differs"), _("the next push corrects it")
    return "ok", _("Agrees"), ""


def blind_words(blind: Blind) -> str:
    """What a channel of which nothing is heard keeps."""
    words = ngettext(
        "it keeps the %(units)s units that it showed last, of %(n)s article; what is shared, others show by so many fewer",
        "it keeps the %(units)s units that it showed last, of %(n)s articles; what is shared, others show by so many fewer",
        blind.articles,
    )
    return words % {"units": f"{blind.units:,}", "n": f"{blind.articles:,}"}


def blind_now(rows: Iterable[Connection], blind: Mapping[UUID, Blind]) -> list[dict[str, Any]]:
    """The channels among these that are blind, with since when and what each keeps."""
    return [
        {"row": row, "since": blind[row.id].since, "keeps": blind_words(blind[row.id])}
        for row in rows
        if row.id in blind
    ]
