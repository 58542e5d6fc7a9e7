"""Items, stock and shipments, to our words and back. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from apps.connectors.rakuten import codes
from apps.connectors.rakuten.mapping import JST, external_id, items, packages, sku_of
from apps.core.money import Money
from apps.hub import contracts as c
from apps.hub.errors import Permanent

Body = Mapping[str, Any]
MOST = 99_999


def variant_cards(item: Body, shown: Mapping[str, int], *, currency: str) -> Iterator[c.VariantCard]:
    """The SKUs of an item; a deleted one has none left."""
    number = item["manageNumber"]
    payment = item.get("payment") or {}
    for variant, told in (item.get("variants") or {}).items():
        place = external_id(number, variant)
        price = told.get("standardPrice")
        chosen = " ".join(str(value) for value in (told.get("selectorValues") or {}).values())
        yield c.VariantCard(
            sku=sku_of(number, variant, told.get("merchantDefinedSkuId")),
            title=f"{item.get('title') or number} {chosen}".strip(),
            product_external_id=number,
            external_id=place,
            stock_external_id=place,
            product_title=item.get("title") or number,
            barcode=(told.get("articleNumber") or {}).get("value") or "",
            price=None if price is None else Money(int(Decimal(str(price))), currency).amount,
            currency=currency,
            price_includes_tax=bool(payment.get("taxIncluded", True)),
            shown=shown.get(place),
        )


def skus_of(results: Sequence[Body]) -> list[tuple[str, str]]:
    """(manageNumber, variantId) of everything on a page of items."""
    found = [result["item"] for result in results if result.get("item")]
    return [(item["manageNumber"], variant) for item in found for variant in item.get("variants") or {}]


def parted(place: str) -> tuple[str, str] | None:
    """`manageNumber/variantId` in its parts; None where it is no such id."""
    item, slash, variant = place.partition("/")
    return (item, variant) if item and slash and variant else None


def levels(inventories: Sequence[Body]) -> dict[str, int]:
    """What is shown, by listing."""
    return {external_id(one["manageNumber"], one["variantId"]): int(one["quantity"]) for one in inventories}


# Shipments


def shipping_number(fulfilment: c.Fulfilment) -> str:
    """What a parcel is known by over there: its tracking number, or our shipment's number without one."""
    return fulfilment.tracking_number or fulfilment.reference


def shipped(body: Body, fulfilment: c.Fulfilment) -> c.FulfilmentReceipt | None:
    """The shipment of this number on the order, if it is there."""
    wanted = shipping_number(fulfilment)
    for package in packages(body):
        for one in package.get("ShippingModelList") or ():
            if one.get("shippingNumber") == wanted:
                return c.FulfilmentReceipt(reference=fulfilment.reference, external_id=str(one["shippingDetailId"]))
    return None


def shipping(body: Body, fulfilment: c.Fulfilment) -> dict[str, Any]:
    """updateOrderShipping for one parcel, on each destination that it holds articles of. Raises `Permanent`."""
    progress = int(body["orderProgress"])
    if progress not in codes.RELEASED:
        raise Permanent(f"{fulfilment.order_number}: Rakuten takes no shipment at {codes.progress(progress)}")
    left = _wanted(fulfilment)
    baskets = []
    for package in packages(body):
        bought = {str(item["itemDetailId"]): int(item["units"]) for item in items(package)}
        here = left.keys() & bought.keys()
        too_many = sorted(line for line in here if left[line] > bought[line])
        if too_many:
            raise Permanent(f"{fulfilment.order_number}: fewer units were bought of line {', '.join(too_many)}")
        if here or not fulfilment.lines:
            baskets.append(package["basketId"])
        left = {line: units for line, units in left.items() if line not in here}
    if left or not baskets:
        raise Permanent(f"{fulfilment.order_number}: Rakuten knows no line {', '.join(sorted(left)) or 'at all'} of it")
    one = {
        "deliveryCompany": codes.company(fulfilment.carrier),
        "shippingNumber": shipping_number(fulfilment),
        "shippingDate": fulfilment.shipped_at.astimezone(JST).date().isoformat(),
        "shippingDeleteFlag": 0,
    }
    return {
        "orderNumber": body["orderNumber"],
        "BasketidModelList": [{"basketId": basket, "ShippingModelList": [one]} for basket in baskets],
    }


def _wanted(fulfilment: c.Fulfilment) -> dict[str, int]:
    units: dict[str, int] = {}
    for line in fulfilment.lines:
        units[line.line_external_id] = units.get(line.line_external_id, 0) + line.quantity
    return units


def receipt(fulfilment: c.Fulfilment, messages: Sequence[Body]) -> c.FulfilmentReceipt | None:
    """The id of the shipment that was added; None where the vendor does not tell it."""
    ids = [one["shippingDetailId"] for one in messages if one.get("shippingDetailId") is not None]
    return c.FulfilmentReceipt(reference=fulfilment.reference, external_id=str(ids[0])) if ids else None
