"""Listings, quantities and parcels, to Amazon's words and ours. Pure.

Only goods on the merchant's own shelf are listed here: a listing that Amazon fulfils has no number that we could set.
"""

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from apps.connectors.amazon import codes
from apps.hub import contracts as c

Body = Mapping[str, Any]


def is_amazons(item: Body) -> bool:
    """Whether Amazon sends this listing's goods from its own warehouses."""
    places = item.get("fulfillmentAvailability") or ()
    return any(str(place["fulfillmentChannelCode"]).startswith(codes.AMAZON_SHELVES) for place in places)


def shown(item: Body) -> int:
    """What a listing shows of the merchant's own shelf; nothing said is nothing shown."""
    for place in item.get("fulfillmentAvailability") or ():
        if place["fulfillmentChannelCode"] == codes.OWN_SHELF:
            return int(place.get("quantity") or 0)
    return 0


def variant_card(item: Body, *, marketplace: str) -> c.VariantCard:
    """A listing of the merchant's own goods."""
    summary = _here(item.get("summaries"), marketplace) or {}
    offers = [one for one in item.get("offers") or () if one["marketplaceId"] == marketplace]
    price = next((one["price"] for one in offers if one["offerType"] == "B2C"), None)
    return c.VariantCard(
        sku=item["sku"],
        title=summary.get("itemName") or item["sku"],
        product_external_id=summary.get("asin") or "",
        external_id=item["sku"],
        location_external_id=codes.OWN_SHELF,
        price=Decimal(price["amount"]) if price else None,
        currency=price["currencyCode"] if price else "",
        shown=shown(item),
    )


def shown_quantity(item: Body) -> c.StockQuantity:
    """What a listing shows, as a quantity."""
    return c.StockQuantity(
        external_id=item["sku"], quantity=shown(item), sku=item["sku"], location_external_id=codes.OWN_SHELF
    )


def notified_quantity(payload: Body) -> list[c.StockQuantity]:
    """A notice of a changed quantity; none for goods in Amazon's warehouses."""
    if payload["FulfillmentChannelCode"] != codes.OWN_SHELF:
        return []
    sku = payload["Sku"]
    return [
        c.StockQuantity(
            external_id=sku, quantity=int(payload["Quantity"]), sku=sku, location_external_id=codes.OWN_SHELF
        )
    ]


def amazon_quantity(summary: Body) -> c.StockQuantity:
    """What lies in Amazon's warehouses of a SKU and can be sold."""
    details = summary.get("inventoryDetails") or {}
    quantity = details.get("fulfillableQuantity", summary.get("totalQuantity"))
    return c.StockQuantity(
        external_id=summary["sellerSku"], quantity=int(quantity or 0), sku=summary["sellerSku"],
        location_external_id=codes.AMAZON_SHELVES,
    )  # fmt: skip


def quantity_patch(item: Body, quantity: int, *, marketplace: str) -> dict[str, Any]:
    """Show this quantity. `merge` leaves the rest of the attribute (handling time, restock date) as it is."""
    summary = _here(item.get("summaries"), marketplace) or {}
    return {
        "productType": summary.get("productType") or "PRODUCT",
        "patches": [
            {
                "op": "merge",
                "path": "/attributes/fulfillment_availability",
                "value": [{"fulfillment_channel_code": codes.OWN_SHELF, "quantity": max(0, quantity)}],
            }
        ],
    }


def package_reference(reference: str) -> str:
    """Our shipment's number as Amazon takes it: a positive number, unique within its order, the same on each try."""
    digest = hashlib.blake2b(reference.encode(), digest_size=8).digest()
    return str(int.from_bytes(digest, "big") % 999_999_999 + 1)


def receipt(order: Body, fulfilment: c.Fulfilment) -> c.FulfilmentReceipt | None:
    """The parcel of this shipment among those that the order tells of."""
    wanted = package_reference(fulfilment.reference)
    if any(str(package["packageReferenceId"]) == wanted for package in order.get("packages") or ()):
        return c.FulfilmentReceipt(reference=fulfilment.reference, external_id=wanted)
    return None


def missing_units(order: Body, fulfilment: c.Fulfilment) -> list[str]:
    """Units of the parcel that the order has not left to be shipped, in words; none where all is well."""
    left = {item["orderItemId"]: _left(item) for item in order["orderItems"]}
    wanted: dict[str, int] = {}
    for line in fulfilment.lines:
        wanted[line.line_external_id] = wanted.get(line.line_external_id, 0) + line.quantity
    return [
        f"{units} of item {item} ({left.get(item, 0)} left)"
        for item, units in wanted.items()
        if units > left.get(item, 0)
    ]


def _left(item: Body) -> int:
    fulfilment = item.get("fulfillment") or {}
    ordered = int(item["quantityOrdered"])
    return int(fulfilment.get("quantityUnfulfilled", ordered - int(fulfilment.get("quantityFulfilled") or 0)))


def shipment_confirmation(
    fulfilment: c.Fulfilment, order: Body, *, marketplace: str, carriers: Mapping[str, str]
) -> dict[str, Any]:
    """A parcel that left. One without a tracking number names our shipment instead: Amazon wants some number."""
    code, name = codes.carrier(fulfilment.carrier, carriers)
    package: dict[str, Any] = {
        "packageReferenceId": package_reference(fulfilment.reference),
        "carrierCode": code,
        "trackingNumber": fulfilment.tracking_number or fulfilment.reference,
        "shipDate": fulfilment.shipped_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "orderItems": [{"orderItemId": line.line_external_id, "quantity": line.quantity} for line in fulfilment.lines],
    }
    if name or code == codes.OTHER_CARRIER:
        package["carrierName"] = name or codes.OTHER_CARRIER
    wanted: dict[str, Any] = {"marketplaceId": marketplace, "packageDetail": package}
    executions = (order.get("payment") or {}).get("paymentExecutions") or ()
    if codes.payment_method([one["paymentMethod"] for one in executions]) == "cod":
        wanted["codCollectionMethod"] = "DirectPayment"
    return wanted


def _here(things: Any, marketplace: str) -> Body | None:
    return next((thing for thing in things or () if thing["marketplaceId"] == marketplace), None)
