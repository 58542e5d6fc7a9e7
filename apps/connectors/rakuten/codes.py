"""Rakuten's words and ours. A word that is not here becomes `UNKNOWN` and is kept raw beside it."""

from apps.hub.contracts import UNKNOWN

PROGRESS: dict[int, str] = {
    100: "注文確認待ち",
    200: "楽天処理中",
    300: "発送待ち",
    400: "変更確定待ち",
    500: "発送済",
    600: "支払手続き中",
    700: "支払手続き済",
    800: "キャンセル確定待ち",
    900: "キャンセル確定",
}
TO_CONFIRM = 100
RELEASED = frozenset({300, 500, 600, 700})
CANCELLED = 900
# Changes into these have no date that orders can be searched by.
UNDATED = (100, 200, 400, 800, 900)

# dateType of searchOrder: ordered, confirmed by the shop, fixed (it may be shipped).
DATES = (1, 2, 3)

NOT_FIXED = -9999
# Amounts that a total is made of, as a merchant knows them.
AMOUNTS: dict[str, str] = {
    "goodsPrice": "商品",
    "postagePrice": "送料",
    "paymentCharge": "決済手数料",
    "additionalFeeOccurAmountToUser": "注文者負担金",
    "couponShopPrice": "店舗クーポン",
    "couponOtherPrice": "楽天クーポン",
    "requestPrice": "請求金額",
}

# settlementMethodCode. What Rakuten collects (rpaySettlementFlag 1) is "prepaid" whatever the customer used.
SETTLEMENTS: dict[int, str] = {
    1: "クレジットカード",
    2: "代金引換",
    3: "後払い",
    4: "ショッピングクレジット／ローン",
    5: "オートローン",
    6: "リース",
    7: "請求書払い",
    8: "ポイント",
    9: "銀行振込",
    12: "Apple Pay",
    13: "セブンイレブン（前払）",
    14: "ローソン、郵便局ATM等（前払）",
    16: "Alipay",
    17: "PayPal",
    21: "後払い決済",
    27: "Alipay（支付宝）",
}
CASH_ON_DELIVERY = 2
POINTS = 8
BANK = 9

SHIPPING_TERMS: dict[int, str] = {1: "0812", 2: "午後", 9: "その他"}

# changeReasonDetail of a cancellation: 1-6 the customer's, the others the shop's.
CHANGE_REASONS: dict[int, str] = {
    1: "キャンセル",
    2: "受取後の返品",
    3: "長期不在による受取拒否",
    4: "未入金",
    5: "代引決済の受取拒否",
    6: "お客様都合 - その他",
    8: "欠品",
    10: "店舗様都合 - その他",
    13: "発送遅延",
    14: "顧客・配送対応注意表示",
    15: "返品(破損・品間違い)",
}

OTHER_COMPANY = "1000"
COMPANIES: dict[str, str] = {
    "1000": "その他",
    "1001": "ヤマト運輸",
    "1002": "佐川急便",
    "1003": "日本郵便",
    "1004": "西濃運輸",
    "1005": "セイノースーパーエクスプレス",
    "1006": "福山通運",
    "1007": "名鉄運輸",
    "1008": "トナミ運輸",
    "1009": "第一貨物",
    "1010": "新潟運輸",
    "1011": "中越運送",
    "1012": "岡山県貨物運送",
    "1013": "久留米運送",
    "1014": "山陽自動車運送",
    "1015": "NXトランスポート",
    "1016": "エコ配",
    "1017": "EMS",
    "1018": "DHL",
    "1019": "FedEx",
    "1020": "UPS",
    "1021": "日本通運",
    "1022": "TNT",
    "1023": "OCS",
    "1024": "USPS",
    "1025": "SFエクスプレス",
    "1026": "Aramex",
    "1027": "SGHグローバル・ジャパン",
    "1028": "Rakuten EXPRESS",
}
# Looked for inside a carrier's name, lower-case, in this order; the Japanese names above are looked for before them.
COMPANY_WORDS: tuple[tuple[str, str], ...] = (
    ("rakuten express", "1028"),
    ("クロネコ", "1001"),
    ("ヤマト", "1001"),
    ("yamato", "1001"),
    ("kuroneko", "1001"),
    ("佐川", "1002"),
    ("sagawa", "1002"),
    ("ゆうパック", "1003"),
    ("郵便", "1003"),
    ("japan_post", "1003"),
    ("japan post", "1003"),
    ("jp_post", "1003"),
    ("yu_pack", "1003"),
    ("seino", "1004"),
    ("西濃", "1004"),
    ("fukuyama", "1006"),
    ("福山", "1006"),
    ("ecohai", "1016"),
    ("ems", "1017"),
    ("dhl", "1018"),
    ("fedex", "1019"),
    ("usps", "1024"),
    ("stamps_com", "1024"),
    ("ups", "1020"),
    ("nippon express", "1021"),
    ("日通", "1021"),
    ("tnt", "1022"),
    ("ocs", "1023"),
    ("sf_express", "1025"),
    ("sf express", "1025"),
    ("aramex", "1026"),
)

# Words of the gateway in front of every function: the keys are wrong, ended, or not let to this function.
OUR_KEYS = frozenset({"ES04-01", "GA0001"})
# confirmOrder: it has gone on already; getOrder says how far.
MOVED_ON = "ORDER_EXT_API_CONFIRM_ORDER_ERROR_103"


def progress(number: int) -> str:
    """`300 発送待ち`; an unknown one is its number."""
    return f"{number} {PROGRESS.get(number, '')}".strip()


def payment_method(code: int | None, *, is_rakuten: bool) -> str:
    """Our word for how an order is paid: who collects counts, before which instrument."""
    if code not in SETTLEMENTS:
        return UNKNOWN
    if code == CASH_ON_DELIVERY:
        return "cod"
    if is_rakuten or code == POINTS:
        return "prepaid"
    return "bank" if code == BANK else UNKNOWN


def company(carrier: str) -> str:
    """deliveryCompany of a carrier as we know it; その他 where Rakuten has no code for it."""
    name = carrier.strip().lower()
    if carrier.strip() in COMPANIES:
        return carrier.strip()
    exact = next((code for code, known in COMPANIES.items() if known.lower() == name), "")
    return exact or next((code for word, code in COMPANY_WORDS if word in name), OTHER_COMPANY)


def time_slot(term: int | None) -> str:
    """shippingTerm as our wished hours: 1416, 午前 is 0812; what is no hours stays in words, no wish is empty."""
    if not term:
        return ""
    if term in SHIPPING_TERMS:
        return SHIPPING_TERMS[term]
    begins, ends = divmod(term, 100)
    return f"{begins:02d}{ends:02d}" if 7 <= begins < ends <= 24 else str(term)
