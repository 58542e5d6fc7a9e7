"""Shopify's words and ours. A word that is not here becomes `UNKNOWN` and is kept raw beside it."""

from collections.abc import Sequence
from decimal import Decimal

from apps.hub.contracts import UNKNOWN

# payment_gateway_names is free text for manual methods (the merchant's own label, in the shop's language).
PAYMENT_METHODS: dict[str, str] = {
    "shopify_payments": "card",
    "stripe": "card",
    "visa": "card",
    "mastercard": "card",
    "jcb": "card",
    "american_express": "card",
    "bogus": "card",  # Shopify's test gateway
    "cash on delivery (cod)": "cod",
    "bank deposit": "bank",
    "gift_card": "prepaid",
    "shopify_store_credit": "prepaid",
    "paypal": "prepaid",
    "amazon_payments": "prepaid",
    "paidy": "prepaid",
    "paypay": "prepaid",
}
# Looked for inside a label, in this order.
PAYMENT_WORDS: tuple[tuple[str, str], ...] = (
    ("konbini", "konbini"),
    ("コンビニ", "konbini"),
    ("convenience store", "konbini"),
    ("cash on delivery", "cod"),
    ("代金引換", "cod"),
    ("代引", "cod"),
    ("bank transfer", "bank"),
    ("bank deposit", "bank"),
    ("銀行振込", "bank"),
    ("paypay", "prepaid"),
    ("amazon pay", "prepaid"),
    ("credit card", "card"),
    ("クレジット", "card"),
)

# Reading a topic: orders and refunds become words of ours; an echo of our own writes has nothing to say.
ORDER_TOPICS = frozenset(
    {
        "orders/create", "orders/updated", "orders/paid", "orders/cancelled", "orders/fulfilled",
        "orders/partially_fulfilled",
    }
)  # fmt: skip
PRODUCT_TOPICS = frozenset({"products/create", "products/update"})
POLLED_ORDER = "poll/orders"
REFUND_TOPIC = "refunds/create"
STOCK_TOPIC = "inventory_levels/update"
ECHO_TOPICS = frozenset({"fulfillments/create", "fulfillments/update", "app/uninstalled"})

# A scope to write includes the one to read.
SCOPES = (
    "read_orders",
    "read_customers",
    "read_products",
    "read_locations",
    "write_inventory",
    "write_merchant_managed_fulfillment_orders",
)

GRAMS = {
    "GRAMS": Decimal(1),
    "KILOGRAMS": Decimal(1000),
    "OUNCES": Decimal("28.349523125"),
    "POUNDS": Decimal("453.59237"),
}

# userErrors of inventorySetQuantities that say "the shop shows something else" and "not this item, the others may go".
STALE = frozenset({"CHANGE_FROM_QUANTITY_STALE", "COMPARE_QUANTITY_STALE"})
FAILED_BEFORE = "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"
BUSY = "IDEMPOTENCY_CONCURRENT_REQUEST"
ITEM_REFUSED = frozenset(
    {
        "INVALID_INVENTORY_ITEM", "INVALID_LOCATION", "INVALID_QUANTITY_NEGATIVE", "INVALID_QUANTITY_TOO_HIGH",
        "INVALID_QUANTITY_TOO_LOW", "NON_MUTABLE_INVENTORY_ITEM", "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR",
    }
)  # fmt: skip

# A bulk operation: not at its end yet; refused because others run; failed for want of a scope.
BULK_RUNNING = frozenset({"CREATED", "RUNNING", "CANCELING"})
BULK_COMPLETED = "COMPLETED"
BULK_BUSY = frozenset({"OPERATION_IN_PROGRESS", "LIMIT_REACHED"})
BULK_DENIED = "ACCESS_DENIED"

# Fulfilment orders that still take a parcel, and fulfilments that do not count as one.
OPEN_FULFILMENT_ORDERS = frozenset({"OPEN", "IN_PROGRESS"})
ENDED_FULFILMENT_ORDERS = {
    "CANCELLED": "their fulfilment order was cancelled there",
    "CLOSED": "their fulfilment order is closed there",
    "INCOMPLETE": "their fulfilment order was closed there as incomplete",
}
MOVE = "MOVE"
DEAD_FULFILMENTS = frozenset({"CANCELLED", "ERROR", "FAILURE"})


def payment_method(names: Sequence[str], *, total_minor: int) -> str:
    """Our word for how an order is paid. Where a gift card pays a part, the other method decides."""
    if not names:
        return "free" if total_minor == 0 else UNKNOWN
    found = [_method(name.strip().lower()) for name in names]
    return next((word for word in found if word not in (UNKNOWN, "prepaid")), None) or next(
        (word for word in found if word != UNKNOWN), UNKNOWN
    )


def _method(name: str) -> str:
    exact = PAYMENT_METHODS.get(name)
    if exact:
        return exact
    return next((method for word, method in PAYMENT_WORDS if word in name), UNKNOWN)
