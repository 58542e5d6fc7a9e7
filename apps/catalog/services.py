"""What is sold: finding variants by what others call them, what bundles are made of, and taking cards of new ones."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db import connection as database
from django.db import transaction
from django.db.models.functions import Upper

from apps.catalog.models import Component, Price, Product, Variant
from apps.core.ids import uuid7
from apps.core.models import Brand
from apps.hub.contracts import VariantCard
from apps.ledger.models import TaxCode

Part = tuple[UUID, int]  # (variant, units of it in one of the whole)


@dataclass(frozen=True, slots=True)
class Article:
    """A variant as a sale needs it; `parts` is what a bundle is made of, in the order of their ids."""

    id: UUID
    tax_code: str
    parts: tuple[Part, ...] = ()


def find_articles(skus: Iterable[str]) -> dict[str, Article]:
    """What sales name, by SKU as `find_variants` finds it; one statement where every SKU is written as ours."""
    wanted = {sku for sku in skus if sku}
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT v.sku, v.id, v.tax_code_id, c.variant_id, c.units FROM catalog_variant v"
            " LEFT JOIN catalog_component c ON c.bundle_id = v.id WHERE v.sku = ANY(%s) ORDER BY c.variant_id",
            [list(wanted)],
        )
        found: dict[str, Article] = {}
        for sku, variant, tax_code, part, units in cursor.fetchall():
            before = found[sku].parts if sku in found else ()
            found[sku] = Article(variant, tax_code, (*before, (part, units)) if part else before)
    if len(found) < len(wanted):
        variants = find_variants(wanted - found.keys())
        parts = parts_of(variant.id for variant in variants.values())
        found |= {
            sku: Article(variant.id, variant.tax_code_id, parts.get(variant.id, ()))
            for sku, variant in variants.items()
        }
    return found


def articles(variants: Mapping[str, UUID]) -> dict[str, Article]:
    """Variants, by any name, as sales need them."""
    codes = dict(Variant.objects.filter(id__in=set(variants.values())).values_list("id", "tax_code_id"))
    parts = parts_of(variants.values())
    return {name: Article(id, codes[id], parts.get(id, ())) for name, id in variants.items()}


def parts_of(bundles: Iterable[UUID]) -> dict[UUID, tuple[Part, ...]]:
    """What those of these variants that are bundles are made of, in the order of their ids."""
    found: dict[UUID, tuple[Part, ...]] = defaultdict(tuple)
    rows = Component.objects.filter(bundle__in=set(bundles)).order_by("variant")
    for bundle, part, units in rows.values_list("bundle", "variant", "units"):
        found[bundle] += ((part, units),)
    return dict(found)


def list_price(variant: UUID, currency: str) -> Decimal | None:
    """What a unit sells for by the list, with its tax where both are kept; None where there is no price."""
    prices = Price.objects.filter(variant=variant, currency=currency).order_by("-includes_tax")
    return prices.values_list("amount", flat=True).first()


def find_variants(skus: Iterable[str]) -> dict[str, Variant]:
    """Variants by SKU: to the letter first, then in any letter case where that is unambiguous. Unknown ones are left out."""
    ids = find_ids(skus)
    variants = Variant.objects.in_bulk(ids.values())
    return {sku: variants[variant] for sku, variant in ids.items()}


def find_ids(skus: Iterable[str]) -> dict[str, UUID]:
    """The same, where the variant's id is enough."""
    wanted = {sku for sku in skus if sku}
    with database.cursor() as cursor:  # a page of a channel's list: thousands at a time
        cursor.execute("SELECT sku, id FROM catalog_variant WHERE sku = ANY(%s)", [list(wanted)])
        found: dict[str, UUID] = dict(cursor.fetchall())
    missing = wanted - found.keys()
    if missing:
        folded = Variant.objects.annotate(folded=Upper("sku")).filter(folded__in={sku.upper() for sku in missing})
        by_fold: dict[str, list[UUID]] = {}
        for sku, variant in folded.values_list("sku", "id"):
            by_fold.setdefault(sku.upper(), []).append(variant)
        for sku in missing:
            candidates = by_fold.get(sku.upper(), [])
            if len(candidates) == 1:
                found[sku] = candidates[0]
    return found


def find_barcodes(codes: Iterable[str]) -> dict[str, list[UUID]]:
    """Variants by barcode, all that have it: a code may have been given twice."""
    found: dict[str, list[UUID]] = {}
    rows = Variant.objects.filter(barcode__in={code for code in codes if code})
    for code, variant in rows.order_by("id").values_list("barcode", "id"):
        found.setdefault(code, []).append(variant)
    return found


def take_cards(brand: Brand, cards: Sequence[VariantCard], *, tax_code: str = "standard") -> dict[str, Variant]:
    """Make the variants that do not exist yet and set prices; returns all by SKU. Existing titles are not overwritten."""
    cards = [card for card in cards if card.sku]
    codes = set(TaxCode.objects.values_list("code", flat=True))
    with transaction.atomic():
        known = {variant.sku: variant for variant in Variant.objects.filter(sku__in=[card.sku for card in cards])}
        products, variants = [], []
        for card in cards:
            if card.sku in known:
                continue
            product = Product(id=uuid7(), brand=brand, title=(card.product_title or card.title or card.sku)[:255])
            variant = Variant(
                id=uuid7(), product=product, sku=card.sku[:64], title=(card.title or card.sku)[:255],
                barcode=card.barcode[:32], weight_g=card.weight_g,
                tax_code_id=card.tax_code if card.tax_code in codes else tax_code,
            )  # fmt: skip
            known[card.sku] = variant
            products.append(product)
            variants.append(variant)
        Product.objects.bulk_create(products)
        Variant.objects.bulk_create(variants)
        _set_prices(known, cards)
    return known


def _set_prices(known: dict[str, Variant], cards: Sequence[VariantCard]) -> None:
    wanted: dict[tuple[str, str, bool], Price] = {}
    for card in cards:
        if card.price is not None and card.price >= Decimal(0) and card.currency:
            wanted[(card.sku, card.currency, card.price_includes_tax)] = Price(
                id=uuid7(), variant=known[card.sku], currency=card.currency, amount=card.price,
                includes_tax=card.price_includes_tax,
            )  # fmt: skip
    Price.objects.bulk_create(
        wanted.values(), update_conflicts=True, unique_fields=["variant", "currency", "includes_tax"],
        update_fields=["amount"],
    )  # fmt: skip
