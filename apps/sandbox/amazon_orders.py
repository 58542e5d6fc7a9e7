"""Sales as Amazon tells them (orders 2026-01-01), and as its notices point at them.

An order's id is the sale's own number, so that what was sold can be held against what was read. Figures add up to what the
customer owes: what is no article is a charge or a discount of the first item.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from apps.core.money import digits, to_minor
from apps.sandbox.words import Sale, SaleLine
from apps.sandbox.world import ident

MARKETPLACE = "A1VC38T7YXB528"
METHODS = {"card": "CreditCard", "konbini": "ConvenienceStore", "cod": "CashOnDelivery", "prepaid": "GiftCertificate"}
CHARGES = {"shipping": "SHIPPING", "fee": "OTHER", "discount": "DISCOUNT"}
ALL_DATA = ("BUYER", "RECIPIENT", "PROCEEDS", "FULFILLMENT", "PACKAGES", "PAYMENT")


@dataclass(frozen=True, slots=True)
class State:
    """What became of an order. `packages` as Amazon tells them; `fulfilled` units by item id."""

    placed: int
    updated: int
    status: str
    is_amazons: bool = False
    packages: Sequence[Mapping[str, Any]] = ()
    fulfilled: Mapping[str, int] | None = None


def iso(seconds: int) -> str:
    """Whole seconds in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def item_id(number: str, place: int) -> str:
    """The id of an order's item."""
    return str(int(ident("", "amazon item", number, place), 16) % 10**14).zfill(14)


def items(sale: Sale) -> list[tuple[str, SaleLine]]:
    """The sale's articles with their ids."""
    return [(item_id(sale.number, place), line) for place, line in enumerate(sale.lines) if line.kind == "item"]


def on_top(sale: Sale) -> int:
    """The tax beyond the lines' prices. Raises ValueError where a sale whose prices hold the tax does not add up."""
    rest = sale.total_minor - sum(to_minor(one.unit_price * one.quantity, sale.currency) for one in sale.lines)
    if rest and sale.prices_include_tax:
        raise ValueError(f"sale {sale.number} says {sale.total_minor}, its lines add up to {sale.total_minor - rest}")
    return rest


def order_body(sale: Sale, state: State, data: Sequence[str]) -> dict[str, Any]:
    """An order with the data sets that were asked for; without them it has its items and little more."""
    body: dict[str, Any] = {
        "orderId": sale.number,
        "createdTime": iso(state.placed),
        "lastUpdatedTime": iso(state.updated),
        "salesChannel": {"channelName": "AMAZON", "marketplaceId": MARKETPLACE, "marketplaceName": "Amazon.co.jp"},
        "orderItems": _items(sale, state, data),
    }
    is_known = not state.status.startswith("PENDING")
    if "BUYER" in data and is_known:
        mail = ident("", "buyer", sale.person.id or sale.person.email)[:16]
        body["buyer"] = {"buyerName": sale.person.name, "buyerEmail": f"{mail}@marketplace.amazon.co.jp"}
    if "RECIPIENT" in data and is_known:
        body["recipient"] = {"deliveryAddress": _address(sale)}
    if "PROCEEDS" in data:
        body["proceeds"] = _proceeds(sale)
    if "PAYMENT" in data and sale.payment in METHODS:
        paid = {"paymentMethod": METHODS[sale.payment], "paymentAmount": _money(sale.total_minor, sale.currency)}
        body["payment"] = {"paymentExecutions": [paid]}
    if "FULFILLMENT" in data:
        body["fulfillment"] = {
            "fulfillmentStatus": state.status,
            "fulfilledBy": "AMAZON" if state.is_amazons else "MERCHANT",
            "fulfillmentServiceLevel": "STANDARD",
        }
    if "PACKAGES" in data and state.packages:
        body["packages"] = list(state.packages)
    return body


def _items(sale: Sale, state: State, data: Sequence[str]) -> list[dict[str, Any]]:
    told = []
    for place, (id, line) in enumerate(items(sale)):
        item: dict[str, Any] = {
            "orderItemId": id,
            "quantityOrdered": line.quantity,
            "product": {
                "asin": ident("B0", "asin", line.sku)[:10].upper(),
                "title": line.title,
                "sellerSku": line.sku,
                "price": {"unitPrice": {"amount": f"{line.unit_price:f}", "currencyCode": sale.currency}},
            },
        }
        if "PROCEEDS" in data:
            parts = _parts(sale, line, is_first=place == 0)
            total = sum(minor for _, minor in parts)
            item["proceeds"] = {
                "proceedsTotal": _money(total, sale.currency),
                "breakdowns": [{"type": kind, "subtotal": _money(minor, sale.currency)} for kind, minor in parts],
            }
        if "FULFILLMENT" in data:
            done = (state.fulfilled or {}).get(id, 0)
            item["fulfillment"] = {"quantityFulfilled": done, "quantityUnfulfilled": line.quantity - done}
        told.append(item)
    return told


def _parts(sale: Sale, line: SaleLine, *, is_first: bool) -> list[tuple[str, int]]:
    """An item's amounts by kind; the first one carries what is no article, and the tax where it lies on top."""
    parts = [("ITEM", to_minor(line.unit_price * line.quantity, sale.currency))]
    if not is_first:
        return parts
    charges: dict[str, int] = {}
    for one in sale.lines:
        if one.kind != "item":
            kind = CHARGES[one.kind]
            charges[kind] = charges.get(kind, 0) + to_minor(one.unit_price * one.quantity, sale.currency)
    parts += charges.items()
    if tax := on_top(sale):
        parts.append(("TAX", tax))
    return parts


def _proceeds(sale: Sale) -> dict[str, Any]:
    sums: dict[str, int] = {}
    for place, (_, line) in enumerate(items(sale)):
        for kind, minor in _parts(sale, line, is_first=place == 0):
            sums[kind] = sums.get(kind, 0) + minor
    return {
        "grandTotal": _money(sale.total_minor, sale.currency),
        "breakdowns": [{"type": kind, "subtotal": _money(minor, sale.currency)} for kind, minor in sums.items()],
    }


def _address(sale: Sale) -> dict[str, Any]:
    person = sale.person
    told = {
        "name": person.name, "addressLine1": person.line1, "addressLine2": person.line2, "city": person.city,
        "stateOrRegion": person.region, "postalCode": person.postal_code, "countryCode": person.country,
        "phone": person.phone, "addressType": "RESIDENTIAL",
    }  # fmt: skip
    return {name: value for name, value in told.items() if value}


def _money(minor: int, currency: str) -> dict[str, str]:
    places = digits(currency)
    return {"amount": f"{Decimal(minor).scaleb(-places):.{places}f}", "currencyCode": currency}


# Notices

STATUSES = {
    "PENDING": "Pending", "UNSHIPPED": "Unshipped", "PARTIALLY_SHIPPED": "PartiallyShipped", "SHIPPED": "Shipped",
    "CANCELLED": "Canceled",
}  # fmt: skip


def order_change(sale: Sale, state: State, *, seller: str, at: datetime) -> dict[str, Any]:
    """ORDER_CHANGE as a notification: which order, its state in few words, nothing of who bought."""
    said = at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    left = {id: line.quantity - (state.fulfilled or {}).get(id, 0) for id, line in items(sale)}
    return {
        "NotificationVersion": "1.0",
        "NotificationType": "ORDER_CHANGE",
        "PayloadVersion": "1.0",
        "EventTime": said,
        "Payload": {
            "OrderChangeNotification": {
                "NotificationLevel": "OrderLevel",
                "SellerId": seller,
                "AmazonOrderId": sale.number,
                "OrderChangeType": "OrderStatusChange",
                "OrderChangeTrigger": {"TimeOfOrderChange": iso(state.updated), "ChangeReason": "Order status changed"},
                "Summary": {
                    "MarketplaceId": MARKETPLACE,
                    "OrderStatus": STATUSES[state.status],
                    "PurchaseDate": iso(state.placed),
                    "DestinationPostalCode": sale.person.postal_code or None,
                    "FulfillmentType": "AFN" if state.is_amazons else "MFN",
                    "OrderType": "StandardOrder",
                    "NumberOfItemsShipped": sum((state.fulfilled or {}).values()),
                    "NumberOfItemsUnshipped": sum(left.values()),
                    "OrderItems": [
                        {
                            "OrderItemId": id,
                            "SellerSKU": line.sku,
                            "SupplySourceId": None,
                            "Quantity": line.quantity,
                            "QuantityShipped": line.quantity - left[id],
                        }
                        for id, line in items(sale)
                    ],
                },
            }
        },
        "NotificationMetadata": {
            "ApplicationId": "amzn1.sellerapps.app.sandbox",
            "SubscriptionId": "sandbox-subscription",
            "PublishTime": said,
            "NotificationId": ident("", "notification", sale.number, state.updated, state.status),
        },
    }
