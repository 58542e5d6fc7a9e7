"""Which of our articles a channel's listing is: by SKU, else by barcode, else by a person, whose word no import undoes.

An article has one listing a channel at most: a second one stays unlinked and says so. What is not linked is told nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from apps.catalog import services as catalog
from apps.catalog.models import Variant
from apps.channels.errors import Refused
from apps.channels.models import Escrow, Listing
from apps.core.ids import uuid7
from apps.hub.contracts import VariantCard
from apps.hub.models import Connection

Link, Fault = Listing.Link, Listing.Fault
MOST_BUFFER, MOST_PRICE = 1_000_000, Decimal(1_000_000_000)
# What a person said stays as it is.
BY_HAND = frozenset({Link.PERSON, Link.PARTED, Link.NOT_OURS})
_KEPT = (
    "variant_id", "link", "fault", "sku", "title", "barcode", "price", "currency", "price_includes_tax",
    "product_external_id", "stock_external_id", "location_external_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """What a listing is, how that was found, or why it was not."""

    variant: UUID | None = None
    link: str = Link.NONE
    fault: str = ""


@dataclass(slots=True)
class Plan:
    """What a look at a channel's list changes. `touched`: articles that get a listing by it, or lose theirs."""

    connection: Connection
    fresh: list[Listing] = field(default_factory=list)
    parted: list[UUID] = field(default_factory=list)
    linked: list[str] = field(default_factory=list)
    touched: set[UUID] = field(default_factory=set)
    rows: list[UUID] = field(default_factory=list)


def take_cards(
    connection: Connection, cards: Sequence[VariantCard], variants: Mapping[str, UUID],
    barcodes: Mapping[str, Sequence[UUID]] | None = None,
) -> int:  # fmt: skip
    """Make or refresh the listings of a channel from what it lists; returns how many are new or changed.

    `variants`: our articles by SKU; `barcodes`: by barcode, all that have it. What has not changed is not written, so that a
    daily look costs a read.
    """
    with transaction.atomic():
        return write(plan(connection, cards, variants, barcodes or {}))


def plan(
    connection: Connection, cards: Sequence[VariantCard], variants: Mapping[str, UUID],
    barcodes: Mapping[str, Sequence[UUID]],
) -> Plan:  # fmt: skip
    """What the cards change. Nothing is written; the connection is locked against another look."""
    Connection.objects.select_for_update(no_key=True).filter(id=connection.id).values_list("id").get()
    told = {card.external_id or card.sku: card for card in cards}
    rows = Listing.objects.filter(connection=connection, external_id__in=told)
    known = {row[0]: row[1:] for row in rows.values_list("external_id", "id", *_KEPT)}
    wanted = {name: _candidate(card, known.get(name), variants, barcodes) for name, card in told.items()}
    others = Listing.objects.filter(
        connection=connection, variant__in={one.variant for one in wanted.values()} - {None}
    )
    holders = dict(others.exclude(external_id__in=told).values_list("variant", "external_id"))
    made = Plan(connection)
    for name, found in _one_each(wanted, known, holders).items():
        before = known.get(name)
        kept = _kept(told[name], found, before)
        if before is None or before[1:] != kept:
            made.fresh.append(_listing(connection, name, told[name], kept))
            made.rows += [before[0]] if before else []
        was = before[1] if before else None
        if was != found.variant:
            made.touched |= {one for one in (was, found.variant) if one}
            if before and was:
                made.parted.append(before[0])
            if before and found.variant:
                made.linked.append(name)
    return made


def write(made: Plan) -> int:
    """Do it; returns how many listings are new or changed."""
    # First everybody lets go, so that two listings may change places.
    _let_go(Listing.objects.filter(id__in=made.parted))
    Listing.objects.bulk_create(
        made.fresh, update_conflicts=True, unique_fields=["connection", "external_id"], update_fields=_KEPT
    )
    # One that is linked only now has never been told.
    Listing.objects.filter(connection=made.connection, external_id__in=made.linked).update(is_dirty=True)
    return len(made.fresh)


def _candidate(
    card: VariantCard, known: tuple[Any, ...] | None, variants: Mapping[str, UUID],
    barcodes: Mapping[str, Sequence[UUID]],
) -> Found:  # fmt: skip
    if known and known[2] in BY_HAND:
        return Found(known[1], known[2], known[3])
    if card.sku in variants:
        return Found(variants[card.sku], Link.SKU)
    same = barcodes.get(card.barcode, ()) if card.barcode else ()
    if len(same) == 1:
        return Found(same[0], Link.BARCODE)
    fault = Fault.SEVERAL if same else Fault.UNKNOWN if card.sku or card.barcode else Fault.NO_CODE
    return Found(fault=fault)


def _one_each(
    wanted: Mapping[str, Found], known: Mapping[str, tuple[Any, ...]], holders: Mapping[UUID, str]
) -> dict[str, Found]:
    """Who has an article keeps it; then first told, first linked."""
    taken = dict(holders)
    made: dict[str, Found] = {}
    for name in sorted(wanted, key=lambda name: name not in known or known[name][1] != wanted[name].variant):
        found = wanted[name]
        if found.variant and taken.setdefault(found.variant, name) != name:
            found = Found(fault=Fault.TAKEN)
        made[name] = found
    return made


def _kept(card: VariantCard, found: Found, before: tuple[Any, ...] | None) -> tuple[Any, ...]:
    """What a listing keeps of a card, in the order of `_KEPT`. A card without a price or currency says nothing of them."""
    price, currency, includes_tax = card.price, card.currency, card.price_includes_tax
    if before and price is None:
        price, currency, includes_tax = before[7:10]
    elif before and not currency:
        currency, includes_tax = before[8:10]
    return (
        found.variant, found.link, found.fault, card.sku[:64], card.title[:255], card.barcode[:32], price, currency,
        includes_tax, card.product_external_id, card.stock_external_id, card.location_external_id,
    )  # fmt: skip


def _listing(connection: Connection, name: str, card: VariantCard, kept: tuple[Any, ...]) -> Listing:
    values = dict(zip(_KEPT, kept, strict=True))
    return Listing(
        id=uuid7(), connection=connection, external_id=name, shown=card.shown, is_dirty=kept[0] is not None, **values
    )


def _let_go(rows: QuerySet[Listing]) -> None:
    """These listings are nobody's: what they showed is not ours to know any more."""
    ids = list(rows.order_by("id").select_for_update(no_key=True).values_list("id", flat=True))
    Escrow.objects.filter(listing__in=ids).delete()
    Listing.objects.filter(id__in=ids).update(
        variant=None, is_dirty=False, is_held=False, may_fall=False, unbacked=0, refused="", missing_since=None
    )


# A person's word


def link(listing_id: UUID, variant: Variant, *, note: str = "") -> Listing:
    """A person says which article it is. Raises `Refused`."""
    row = _locked(listing_id)
    other = Listing.objects.filter(connection=row.connection, variant=variant).exclude(id=row.id).first()
    if other:
        words = _("%(sku)s is linked to the listing “%(other)s” of this channel already. Take that link away first.")
        raise Refused(words % {"sku": variant.sku, "other": other.sku or other.external_id})
    named = catalog.find_ids([row.sku]).get(row.sku)
    if named and named != variant.id:
        words = _(
            "The channel calls it %(sku)s, which is another article of ours: orders from there would name that one."
            " Change the SKU at the channel first."
        )
        raise Refused(words % {"sku": row.sku})
    if row.variant_id and row.variant_id != variant.id:
        _let_go(Listing.objects.filter(id=row.id))
    Listing.objects.filter(id=row.id).update(
        variant=variant, link=Link.PERSON, fault="", note=note[:200], is_dirty=True
    )
    return _read(listing_id)


def part(listing_id: UUID, *, note: str, is_ours: bool) -> Listing:
    """A person takes the link away, or says that it is none of ours; no import links it again. Raises `Refused`."""
    row = _locked(listing_id)
    if not note.strip():
        raise Refused(_("The reason is missing. Write one line."))
    _let_go(Listing.objects.filter(id=row.id))
    told = Link.PARTED if is_ours else Link.NOT_OURS
    Listing.objects.filter(id=row.id).update(link=told, fault="", note=note.strip()[:200])
    return _read(listing_id)


def match_again(listing_id: UUID) -> Listing:
    """A person lets the rules decide again, by what the channel told last."""
    row = _locked(listing_id)
    Listing.objects.filter(id=row.id).update(link=Link.NONE if row.link != Link.PERSON else Link.SKU, note="")
    card = VariantCard(
        sku=row.sku, title=row.title, product_external_id=row.product_external_id, external_id=row.external_id,
        stock_external_id=row.stock_external_id, location_external_id=row.location_external_id, barcode=row.barcode,
    )  # fmt: skip
    take_cards(row.connection, [card], catalog.find_ids([row.sku]), catalog.find_barcodes([row.barcode]))
    return _read(listing_id)


def rule(listing_id: UUID, *, buffer: int, own_price: Decimal | None) -> Listing:
    """What holds for one listing alone. Raises `Refused`."""
    if not 0 <= buffer <= MOST_BUFFER:
        raise Refused(_("Hold back between 0 and 1,000,000 units."))
    if own_price is not None and not 0 < own_price <= MOST_PRICE:
        raise Refused(_("A price is more than 0."))
    row = _locked(listing_id)
    Listing.objects.filter(id=row.id).update(buffer=buffer, own_price=own_price)
    return _read(listing_id)


def _locked(listing_id: UUID) -> Listing:
    return Listing.objects.select_related("connection").select_for_update(no_key=True, of=("self",)).get(id=listing_id)


def _read(listing_id: UUID) -> Listing:
    return Listing.objects.select_related("connection", "variant").get(id=listing_id)


# Questions


def articles_of(connection: Connection, skus: Iterable[str]) -> dict[str, UUID]:
    """Our articles by what the channel calls them, for codes that are none of ours; only where one listing has the code."""
    found: dict[str, set[UUID]] = {}
    rows = Listing.objects.filter(connection=connection, sku__in={sku for sku in skus if sku}, variant__isnull=False)
    for sku, variant in rows.values_list("sku", "variant"):
        found.setdefault(sku, set()).add(variant)
    return {sku: variants.pop() for sku, variants in found.items() if len(variants) == 1}


def unlinked() -> QuerySet[Listing]:
    """Listings that nobody has said anything about, or whose link was taken away: a person has to look."""
    return Listing.objects.filter(Q(variant__isnull=True) & ~Q(link=Link.NOT_OURS))
