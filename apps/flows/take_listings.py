"""What a channel or a catalogue file lists: articles we know are linked, new ones are made where the merchant wants that."""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q

from apps.catalog import services as catalog
from apps.channels import linking
from apps.channels import services as channels
from apps.core.ids import uuid7
from apps.flows import lease_stock
from apps.hub import connections
from apps.hub.contracts import VariantCard
from apps.hub.models import Connection


def take(cards: Sequence[VariantCard], *, source: Connection, makes_variants: bool = False) -> int:
    """Refresh listings from a channel's cards; with `makes_variants` unknown SKUs become variants (a catalogue's word).

    Returns how many listings are new or changed. What is unknown stays unlinked, visibly.
    """
    with transaction.atomic():
        if makes_variants:
            variants = {sku: variant.id for sku, variant in catalog.take_cards(source.brand, cards).items()}
        else:
            variants = catalog.find_ids(card.sku for card in cards)
        barcodes = catalog.find_barcodes(card.barcode for card in cards if card.sku not in variants)
        made = linking.plan(source, cards, variants, barcodes)
        channels.lock_listings(lease_stock.lock(made.touched), also=Q(id__in=made.rows))
        written = linking.write(made)
        lease_stock.settle(made.touched, cause=uuid7())
        return written


def refresh(source: Connection, *, makes_variants: bool = False) -> int:
    """Read everything a channel lists; a page a transaction, no call inside one."""
    live = connections.live(source.id)
    if live is None:
        return 0
    return sum(take(page, source=source, makes_variants=makes_variants) for page in live.connector().variants())
