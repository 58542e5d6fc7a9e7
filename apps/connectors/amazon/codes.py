"""Amazon's words and ours. A word that is not here becomes `UNKNOWN` and is kept raw beside it."""

from collections.abc import Mapping, Sequence

from apps.hub.contracts import UNKNOWN

POLLED_ORDER = "poll/orders"
ORDER_CHANGE = "ORDER_CHANGE"
QUANTITY_CHANGE = "LISTINGS_ITEM_MFN_QUANTITY_CHANGE"
# Notices that may arrive and have nothing to say to us.
ECHO_TOPICS = frozenset(
    {
        "LISTINGS_ITEM_STATUS_CHANGE", "LISTINGS_ITEM_ISSUES_CHANGE", "ITEM_PRODUCT_TYPE_CHANGE",
        "BRANDED_ITEM_CONTENT_CHANGE", "PRODUCT_TYPE_DEFINITIONS_CHANGE", "FBA_INVENTORY_AVAILABILITY_CHANGES",
    }
)  # fmt: skip

AMAZON, MERCHANT = "AMAZON", "MERCHANT"
SHIPPED, CANCELLED = "SHIPPED", "CANCELLED"
# The merchant may pack from here on; any other word keeps the order back until Amazon says one of these.
RELEASED = frozenset({"UNSHIPPED", "PARTIALLY_SHIPPED", "SHIPPED"})
# Where the goods lie: the merchant's own shelf is DEFAULT, Amazon's warehouses are AMAZON_NA, AMAZON_EU, AMAZON_JP …
OWN_SHELF = "DEFAULT"
AMAZON_SHELVES = "AMAZON"
ELSEWHERE = "NON_AMAZON"  # an order of another shop that Amazon only delivers

# Amazon collects all but what is paid at the door.
PAYMENT_METHODS: dict[str, str] = {
    "cashondelivery": "cod",
    "cod": "cod",
    "creditcard": "prepaid",
    "conveniencestore": "prepaid",
    "cvs": "prepaid",
    "giftcertificate": "prepaid",
    "giftcard": "prepaid",
    "invoice": "prepaid",
    "pix": "prepaid",
    "standard": "prepaid",
    "other": "prepaid",
}

ITEM, TAX, DISCOUNT, SHIPPING = "ITEM", "TAX", "DISCOUNT", "SHIPPING"
# What a charge is called on a line of ours: elsewhere, in Japan.
TITLES: dict[str, tuple[str, str]] = {
    SHIPPING: ("Shipping", "配送料"),
    "GIFT_WRAP": ("Gift wrap", "ギフト包装"),
    "COD_FEE": ("Cash on delivery fee", "代金引換手数料"),
    "OTHER": ("Other charge", "その他"),
    "DELIVERY_TIP": ("Delivery tip", "配達員へのチップ"),
    DISCOUNT: ("Discount", "割引"),
    "": ("Not broken down by Amazon", "Amazonの内訳にない金額"),
}
BY_AMAZON = (" (fulfilled by Amazon)", "（Amazonが出荷）")
JAPAN = "A1VC38T7YXB528"

# As in the vendor's feed schemas; the list for each marketplace is in Seller Central only (README).
CARRIERS: dict[str, str] = {
    "yamato": "YamatoTransport",
    "ヤマト運輸": "YamatoTransport",
    "sagawa": "SagawaExpress",
    "佐川急便": "SagawaExpress",
    "nittsu": "NipponExpress",
    "日本通運": "NipponExpress",
    "fedex": "FedEx",
    "ups": "UPS",
    "usps": "USPS",
    "dhl": "DHL",
    "dhl_express": "DHL",
}
OTHER_CARRIER = "Other"

ACCEPTED = "ACCEPTED"


def payment_method(names: Sequence[str]) -> str:
    """Our word for how an order is paid; what Amazon says nothing of it collects. One unknown part makes it unknown."""
    found = {PAYMENT_METHODS.get(name.replace(" ", "").lower(), UNKNOWN) for name in names}
    if UNKNOWN in found:
        return UNKNOWN
    return "cod" if "cod" in found else "prepaid"


def title(kind: str, marketplace: str) -> str:
    """What a charge is called; one that is not in the table keeps its own word."""
    return TITLES.get(kind, (kind, kind))[marketplace == JAPAN]


def carrier(name: str, more: Mapping[str, str]) -> tuple[str, str]:
    """Amazon's code for a carrier, and its name where the code is `Other`."""
    known = {word.lower(): code for word, code in (CARRIERS | dict(more)).items()}
    code = known.get(name.strip().lower(), OTHER_CARRIER)
    return code, name if code == OTHER_CARRIER else ""
