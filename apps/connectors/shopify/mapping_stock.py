"""Articles and quantities, both ways. Pure."""

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any

from apps.connectors.shopify import codes
from apps.connectors.shopify.mapping import Body, gid, number_of, tail
from apps.hub import contracts as c


def variant_card(node: Body, *, shop: Body, location: str) -> c.VariantCard:
    """A `Variants` node: the article, its ids at the shop, and what it shows at our location."""
    item, product = node["inventoryItem"], node["product"]
    return c.VariantCard(
        sku=node["sku"] or "",
        title=node["title"],
        product_external_id=tail(product["id"]),
        external_id=tail(node["id"]),
        stock_external_id=tail(item["id"]),
        location_external_id=tail(location),
        product_title=product["title"],
        barcode=node["barcode"] or "",
        price=Decimal(node["price"]),
        currency=shop["currencyCode"],
        price_includes_tax=shop["taxesIncluded"],
        weight_g=_grams(item["measurement"]["weight"]),
        shown=shown(item["inventoryLevel"]),
    )


def product_cards(body: Body, *, location: str) -> tuple[c.VariantCard, ...]:
    """A products/* notice. It tells neither the currency nor whether prices include tax."""
    return tuple(
        c.VariantCard(
            sku=variant.get("sku") or "",
            title=variant["title"],
            product_external_id=number_of(body),
            external_id=number_of(variant),
            stock_external_id=str(variant.get("inventory_item_id") or ""),
            location_external_id=tail(location),
            product_title=body["title"],
            barcode=variant.get("barcode") or "",
            price=Decimal(variant["price"]),
        )
        for variant in body["variants"]
    )


def stock_notice(body: Body, *, locations: Collection[str]) -> tuple[c.StockQuantity, ...]:
    """An inventory_levels/update notice; another location's, or one that counts nothing, says nothing to us."""
    here = str(body["location_id"])
    if body["available"] is None or (locations and here not in map(tail, locations)):
        return ()
    reference = body.get("admin_graphql_api_id") or ""
    item = reference.rpartition("inventory_item_id=")[2] or str(body["inventory_item_id"])
    return (c.StockQuantity(external_id=item, quantity=body["available"], location_external_id=here),)


def stock_level(node: Body, *, location: str) -> c.StockQuantity | None:
    """A `ShownStock` node; None where the level counts nothing."""
    quantity = shown(node)
    if quantity is None:
        return None
    return c.StockQuantity(
        external_id=tail(node["item"]["id"]), quantity=quantity, sku=node["item"]["sku"] or "",
        location_external_id=tail(location),
    )  # fmt: skip


def shown(level: Body | None) -> int | None:
    """`available` of an inventory level; None where the item is not kept at the location."""
    quantities = level["quantities"] if level else []
    return quantities[0]["quantity"] if quantities else None


def stock_input(quantities: Sequence[c.StockQuantity], *, location: str, key: str) -> dict[str, Any]:
    """The input of inventorySetQuantities; `location` is that of a quantity that names none. `changeFromQuantity` must be
    there; null skips the comparison.
    """
    return {
        "name": "available",
        "reason": "correction",
        "referenceDocumentUri": f"gid://kurogo/StockPush/{key}",
        "quantities": [
            {
                "inventoryItemId": gid("InventoryItem", wanted.external_id),
                "locationId": gid("Location", wanted.location_external_id or location),
                "quantity": wanted.quantity,
                "changeFromQuantity": wanted.expected,
            }
            for wanted in quantities
        ],
    }


def _grams(weight: Body | None) -> int | None:
    factor = codes.GRAMS.get(weight["unit"]) if weight else None
    if weight is None or factor is None:
        return None
    return int((Decimal(str(weight["value"])) * factor).to_integral_value()) or None
