"""Vendure's words and ours. A word that is not here becomes `UNKNOWN` and is kept raw beside it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from apps.hub.contracts import UNKNOWN
from apps.hub.errors import Misconfigured

POLLED_ORDER = "poll/orders"

# The code of a payment method is the merchant's own: words looked for inside it, in this order.
PAYMENT_WORDS: tuple[tuple[str, str], ...] = (
    ("konbini", "konbini"),
    ("コンビニ", "konbini"),
    ("convenience", "konbini"),
    ("cash-on-delivery", "cod"),
    ("cod-", "cod"),
    ("代引", "cod"),
    ("代金引換", "cod"),
    ("bank", "bank"),
    ("銀行振込", "bank"),
    ("invoice", "bank"),
    ("stripe", "card"),
    ("credit-card", "card"),
    ("クレジット", "card"),
    ("paypal", "prepaid"),
    ("paypay", "prepaid"),
    ("amazon-pay", "prepaid"),
    ("braintree", "prepaid"),
    ("mollie", "prepaid"),
    ("adyen", "prepaid"),
    ("prepaid", "prepaid"),
)
OUR_PAYMENT_WORDS = frozenset({"card", "konbini", "cod", "bank", "prepaid"})
EXACT = {"cod": "cod", "card": "card", "free": "free"}

# Payments that count, refunds that do not, fulfilments that are no parcel, and those that have left.
SETTLED = "Settled"
LIVE_PAYMENTS = frozenset({"Authorized", SETTLED})
DEAD_REFUNDS = frozenset({"Failed"})
DEAD_FULFILMENTS = frozenset({"Cancelled"})
LEFT_FULFILMENTS = frozenset({"Shipped", "Delivered"})
SHIPPED = "Shipped"
CANCELLED = "Cancelled"
REGULAR = "Regular"  # not a multi-vendor shop's aggregate or seller order
CANCELLATION = "ORDER_CANCELLATION"
CANCELLED_SHIPPING = "CANCEL_ORDER"  # the source of an adjustment that takes a shipping price away
# States in which the order is not the packer's yet, and what the shop has still to do.
AWAITS: dict[str, str] = {
    "Modifying": "the shop is changing it",
    "ArrangingAdditionalPayment": "the customer has to pay the rest of it",
}
UNSETTLED = "its payment is authorised there and not settled"
HANDLER = "manual-fulfillment"

# What `extensions.code` of an answer with errors means.
NO_RIGHT = frozenset({"FORBIDDEN", "UNAUTHORIZED", "CHANNEL_NOT_FOUND"})
SERVER_FAULT = frozenset({"INTERNAL_SERVER_ERROR"})
NOT_FOUND = "ENTITY_NOT_FOUND"

# Which permission a field of the Admin API wants, for the person who made the key.
PERMISSIONS: dict[str, str] = {
    "orders": "ReadOrder",
    "order": "ReadOrder",
    "addFulfillmentToOrder": "UpdateOrder",
    "transitionFulfillmentToState": "UpdateOrder",
    "productVariants": "ReadProduct",
    "updateProductVariants": "UpdateProduct",
    "stockLocations": "ReadStockLocation",
}


# What Vendure refuses of a fulfilment, for a person who has to do something about it.
HINTS: dict[str, str] = {
    "INSUFFICIENT_STOCK_ON_HAND_ERROR": "what lies there is less than what left; is its out-of-stock threshold below 0?",
    "ITEMS_ALREADY_FULFILLED_ERROR": "the units are in another fulfilment there, or more than was bought",
}


def refusal(answer: Mapping[str, str]) -> str:
    """Vendure's words for what it refuses, and what to do about it."""
    hint = HINTS.get(answer["errorCode"])
    return f"{answer['message']} ({hint})" if hint else answer["message"]


def own_words(text: str) -> dict[str, str]:
    """`code=word, code=word` as a merchant types it. Raises `Misconfigured`."""
    found: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        code, _, word = (piece.strip().lower() for piece in part.partition("="))
        if not code or word not in OUR_PAYMENT_WORDS:
            raise Misconfigured(f"payment words: {part!r} is not code=word with one of {', '.join(OUR_PAYMENT_WORDS)}")
        found[code] = word
    return found


def payment_method(methods: Sequence[str], own: Mapping[str, str], *, is_free: bool) -> str:
    """Our word for how an order is paid; where several methods share it, the one that is still to be collected decides."""
    if not methods:
        return "free" if is_free else UNKNOWN
    found = [_method(method.strip().lower(), own) for method in methods]
    return next((word for word in found if word not in (UNKNOWN, "prepaid")), None) or next(
        (word for word in found if word != UNKNOWN), UNKNOWN
    )


def _method(code: str, own: Mapping[str, str]) -> str:
    exact = own.get(code) or EXACT.get(code)
    return exact or next((word for part, word in PAYMENT_WORDS if part in code), UNKNOWN)


def moment(text: str) -> datetime:
    """ISO 8601 to aware UTC; raises ValueError."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"a time without a zone: {text}")
    return at.astimezone(UTC)
