"""Articles and their numbers, both ways. Pure.

A simple product is known by its id (`93`), a variation, wherever its number is set or read, by its product's and its own
(`22/733`): the shop takes it under its product alone.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from apps.connectors.woocommerce import codes
from apps.connectors.woocommerce.mapping import Body, amount, plain, whole
from apps.hub import contracts as c

MANY = 100
PRODUCT_FIELDS = (
    "id,name,type,sku,global_unique_id,price,regular_price,weight,manage_stock,stock_quantity,parent_id,attributes"
)
VARIATION_FIELDS = "id,sku,global_unique_id,price,regular_price,weight,manage_stock,stock_quantity,attributes"
_PLACE = re.compile(r"(?:(\d+)/)?(\d+)")


@dataclass(frozen=True, slots=True)
class Shop:
    """What a shop counts and weighs in; nothing is known of it in a notice."""

    currency: str = ""
    price_includes_tax: bool = True
    weight_unit: str = ""


def cards(product: Body, variations: Iterable[Body], shop: Shop) -> list[c.VariantCard]:
    """What can be bought of a product: itself, or its variations."""
    if product["type"] in codes.WITH_VARIATIONS:
        return [_card(variation, product, shop) for variation in variations]
    return [] if product["type"] in codes.NO_ARTICLES else [_card(product, None, shop)]


def notice_cards(product: Body) -> tuple[c.VariantCard, ...]:
    """A product.* notice. One of a variation tells it whole; one of its product does not, and says nothing to us."""
    parent = product.get("parent_id") or 0
    if product["type"] == "variation":
        return (_card(product, {"id": parent, "name": plain(product["name"]).split(" - ")[0]}, Shop()),)
    return tuple(cards(product, (), Shop()))


def _card(said: Body, parent: Body | None, shop: Shop) -> c.VariantCard:
    price = said.get("regular_price") or said.get("price")  # a sale is the shop's own; what we set is the regular one
    owner = parent or said
    return c.VariantCard(
        sku=said.get("sku") or "",
        title=_title(said) if parent else plain(said["name"]),
        product_external_id=str(owner["id"]),
        external_id=str(said["id"]),
        stock_external_id=f"{parent['id']}/{said['id']}" if parent else str(said["id"]),
        product_title=plain(owner["name"]),
        barcode=said.get("global_unique_id") or "",
        price=amount(price) if price not in (None, "") else None,
        currency=shop.currency,
        price_includes_tax=shop.price_includes_tax,
        weight_g=_grams(said.get("weight"), shop.weight_unit),
        shown=shown(said),
    )


def _title(variation: Body) -> str:
    options = [plain(str(one.get("option") or "")) for one in variation.get("attributes") or []]
    return ", ".join(one for one in options if one) or variation.get("sku") or str(variation["id"])


def shown(said: Body) -> int | None:
    """The article's own number; None where the shop keeps none, or one for all variations together ("parent")."""
    quantity = said.get("stock_quantity")
    return whole(quantity, str(said["id"])) if said.get("manage_stock") is True and quantity is not None else None


def quantities(found: Iterable[c.VariantCard]) -> list[c.StockQuantity]:
    """What articles show, of those that show a number."""
    return [
        c.StockQuantity(external_id=card.stock_external_id, quantity=card.shown, sku=card.sku)
        for card in found
        if card.shown is not None
    ]


def _grams(weight: Any, unit: str) -> int | None:
    factor = codes.GRAMS.get(unit)
    if factor is None or weight in (None, ""):
        return None
    return int((Decimal(str(weight)) * factor).to_integral_value()) or None


# Telling


@dataclass(frozen=True, slots=True)
class Batch:
    """One call: `places` are positions in the push, `ids` the shop's ids of them."""

    path: str
    places: tuple[int, ...]
    ids: tuple[int, ...]


def batches(wanted: Sequence[c.StockQuantity]) -> tuple[list[Batch], list[int]]:
    """The calls of a push, simple products first; and the positions whose id is none of this shop's."""
    by_path: dict[str, list[tuple[int, int]]] = {"/products/batch": []}
    strange = []
    for place, one in enumerate(wanted):
        found = _PLACE.fullmatch(one.external_id)
        if found is None:
            strange.append(place)
            continue
        path = f"/products/{found[1]}/variations/batch" if found[1] else "/products/batch"
        by_path.setdefault(path, []).append((place, int(found[2])))
    made = [
        Batch(path, tuple(place for place, _ in part), tuple(id for _, id in part))
        for path, rows in by_path.items()
        for part in (rows[start : start + MANY] for start in range(0, len(rows), MANY))
    ]
    return made, strange


def batch_body(batch: Batch, wanted: Sequence[c.StockQuantity]) -> dict[str, Any]:
    """The body of one call."""
    return {
        "update": [
            {"id": id, "manage_stock": True, "stock_quantity": wanted[place].quantity}
            for id, place in zip(batch.ids, batch.places, strict=True)
        ]
    }


def outcome(wanted: c.StockQuantity, row: Body | None) -> c.StockOutcome:
    """What became of one quantity; a row that the answer does not tell of is in doubt."""
    told = c.StockOutcome(external_id=wanted.external_id, is_set=False)
    if row is None:
        return c.StockOutcome(external_id=wanted.external_id, is_set=False, is_unknown=True)
    error = row.get("error")
    if isinstance(error, Mapping):
        return c.StockOutcome(
            external_id=told.external_id,
            is_set=False,
            error=str(error.get("message") or error.get("code") or "refused"),
        )
    found = shown(row)
    if found != wanted.quantity:
        reason = (
            "the shop keeps no number for it: is stock management switched on there (Settings > Products > Inventory)?"
        )
        if found is not None:
            reason = f"the shop shows {found} instead: something over there changes what it is told"
        return c.StockOutcome(external_id=told.external_id, is_set=False, shown=found, error=reason)
    return c.StockOutcome(external_id=told.external_id, is_set=True, shown=found)
