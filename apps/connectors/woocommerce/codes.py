"""WooCommerce's words and ours. A word that is not here becomes `UNKNOWN` and is kept raw beside it."""

from decimal import Decimal

from apps.hub.contracts import UNKNOWN

# payment_method is the gateway plugin's own id.
PAYMENT_METHODS: dict[str, str] = {
    "stripe": "card",
    "stripe_cc": "card",
    "stripe_applepay": "card",
    "stripe_googlepay": "card",
    "stripe_konbini": "konbini",
    "bacs": "bank",
    "cheque": "bank",
    "cod": "cod",
    "bankjp": "bank",  # Japanized for WooCommerce
    "paypal": "prepaid",
    "ppec_paypal": "prepaid",
    "ppcp-gateway": "prepaid",
    "ppcp-credit-card-gateway": "prepaid",
    "woocommerce_payments": "prepaid",
    "amazon_payments_advanced": "prepaid",
    "paypay": "prepaid",
    "square_credit_card": "prepaid",
    "klarna_payments": "prepaid",
    "komoju_credit_card": "prepaid",
    "komoju_konbini": "prepaid",
}
# The customer promises to pay and the shop believes it: no gateway stands between, and no order is half made.
BY_HAND = frozenset({"bacs", "cheque", "cod", "bankjp"})

# A checkout that is not finished: the shop itself has lowered no stock for it.
NOT_YET = frozenset({"pending", "checkout-draft", "auto-draft", "draft", "new"})
CALLED_OFF = frozenset({"cancelled", "trash"})
FAILED = "failed"
REFUNDED = "refunded"
COMPLETED = "completed"
TRASHED = "trash"
# What becomes "completed" when all has left; a status of the merchant's own stays the merchant's.
OPEN = frozenset({"pending", "on-hold", "processing"})
# Times count whole seconds: of two states within one, the later in an order's life counts.
AGE: dict[str, int] = {
    "checkout-draft": 0, "auto-draft": 0, "draft": 0, "new": 0, "pending": 1, "failed": 2, "on-hold": 3, "processing": 4,
    "completed": 6, "refunded": 7, "cancelled": 8, "trash": 9,
}  # fmt: skip
CUSTOM_AGE = 5

POLLED_ORDER = "poll.order"
ORDER_TOPICS = frozenset({"order.created", "order.updated", "order.restored"})
PRODUCT_TOPICS = frozenset({"product.created", "product.updated", "product.restored"})
# A deletion tells an id alone; an order that is gone is named by the night's comparison.
SILENT_TOPICS = frozenset({"order.deleted", "product.deleted"})
PING = b"webhook_id="

# What is no article of its own: a parent of variations, a set of articles, somebody else's shop.
NO_ARTICLES = frozenset({"variable", "variable-subscription", "grouped", "external"})
WITH_VARIATIONS = frozenset({"variable", "variable-subscription"})

# A refusal of the route, not of the thing: permalinks, the plugin, the address.
NO_ROUTE = frozenset({"rest_no_route", "rest_disabled", "rest_cannot_access"})

GRAMS = {"g": Decimal(1), "kg": Decimal(1000), "oz": Decimal("28.349523125"), "lbs": Decimal("453.59237")}

# WooCommerce writes a Japanese 都道府県 as JP and its number in JIS X 0401.
PREFECTURES: dict[str, str] = {
    f"JP{number:02}": name
    for number, name in enumerate(
        (
            "北海道", "青森県", "岩手県", "宮城県", "秋田県", "山形県", "福島県", "茨城県", "栃木県", "群馬県", "埼玉県",
            "千葉県", "東京都", "神奈川県", "新潟県", "富山県", "石川県", "福井県", "山梨県", "長野県", "岐阜県", "静岡県",
            "愛知県", "三重県", "滋賀県", "京都府", "大阪府", "兵庫県", "奈良県", "和歌山県", "鳥取県", "島根県", "岡山県",
            "広島県", "山口県", "徳島県", "香川県", "愛媛県", "高知県", "福岡県", "佐賀県", "長崎県", "熊本県", "大分県",
            "宮崎県", "鹿児島県", "沖縄県",
        ),
        start=1,
    )
}  # fmt: skip


def payment_method(gateway: str, *, total_minor: int) -> str:
    """Our word for how an order is paid."""
    return "free" if total_minor == 0 else PAYMENT_METHODS.get(gateway, UNKNOWN)


def age(status: str) -> int:
    """How far in its life an order of this status is, below 1000."""
    return AGE.get(status, CUSTOM_AGE)
