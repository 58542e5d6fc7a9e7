"""Tables: their words to ours. A header is looked up folded (width, case, spaces and punctuation do not matter).

Where a file has two columns for one of ours, the name that stands first in its row here wins.
"""

from apps.hub import contracts

KINDS = ("orders", "returns", "stock", "catalogue")

# Names people write in the setting; Windows' cp932 is what Japanese systems mean by Shift_JIS.
ENCODINGS = {
    "utf-8": "utf-8", "utf8": "utf-8", "utf-8-sig": "utf-8", "cp932": "cp932", "ms932": "cp932", "sjis": "cp932",
    "shift_jis": "cp932", "shift-jis": "cp932", "windows-31j": "cp932", "utf-16": "utf-16", "utf-16-le": "utf-16-le",
    "utf-16-be": "utf-16-be", "euc-jp": "euc_jp", "iso-2022-jp": "iso2022_jp", "cp1252": "cp1252",
    "windows-1252": "cp1252", "iso-8859-1": "cp1252", "latin-1": "cp1252",
}  # fmt: skip

DELIMITERS = (",", "\t", ";", "|")

LINE_KINDS = {
    "": "item", "item": "item", "product": "item", "goods": "item", "商品": "item",
    "shipping": "shipping", "postage": "shipping", "delivery": "shipping", "送料": "shipping", "配送料": "shipping",
    "fee": "fee", "charge": "fee", "surcharge": "fee", "手数料": "fee", "代引手数料": "fee", "決済手数料": "fee",
    "discount": "discount", "coupon": "discount", "値引": "discount", "値引き": "discount", "割引": "discount",
    "クーポン": "discount", "ポイント利用": "discount",
}  # fmt: skip

STOCK_KINDS = {
    "receipt": "receipt", "received": "receipt", "入荷": "receipt", "入庫": "receipt",
    "adjustment": "adjustment", "adjust": "adjustment", "在庫調整": "adjustment", "調整": "adjustment",
    "廃棄": "adjustment", "count": "count", "stocktake": "count", "棚卸": "count", "在庫": "count",
}  # fmt: skip

PAYMENT_METHODS = {
    "card": "card", "credit": "card", "creditcard": "card", "クレジット": "card", "クレジットカード": "card",
    "クレジットカード決済": "card", "カード": "card",
    "konbini": "konbini", "conveniencestore": "konbini", "コンビニ": "konbini", "コンビニ決済": "konbini",
    "コンビニ払い": "konbini", "コンビニ前払い": "konbini", "セブンイレブン前払": "konbini",
    "ローソン前払": "konbini",
    "cod": "cod", "cashondelivery": "cod", "代引": "cod", "代引き": "cod", "代金引換": "cod", "商品代引": "cod",
    "bank": "bank", "banktransfer": "bank", "銀行振込": "bank", "振込": "bank", "前払い振込": "bank",
    "prepaid": "prepaid", "paid": "prepaid", "決済済": "prepaid", "決済済み": "prepaid", "前払": "prepaid",
    "前払い": "prepaid", "モール決済": "prepaid", "free": "free", "無料": "free", "全額ポイント": "free",
    "ポイント全額払い": "free",
}  # fmt: skip

CANCELLED = frozenset({
    "cancelled", "canceled", "cancel", "void", "キャンセル", "キャンセル済", "キャンセル済み", "取消", "取消し",
    "注文取消し",
})  # fmt: skip

RATE_WORDS = {"標準": 1000, "標準税率": 1000, "軽減": 800, "軽減税率": 800, "非課税": 0, "対象外": 0, "免税": 0}  # bp

TAX_CODES = {
    "standard": "standard", "標準": "standard", "標準税率": "standard", "10": "standard", "10%": "standard",
    "reduced": "reduced", "軽減": "reduced", "軽減税率": "reduced", "8": "reduced", "8%": "reduced",
    "none": "none", "対象外": "none", "非課税": "none", "免税": "none", "0": "none", "0%": "none",
}  # fmt: skip

YES = frozenset({"1", "true", "yes", "y", "税込", "内税", "incl", "included"})
NO = frozenset({"0", "false", "no", "n", "税抜", "税別", "外税", "excl", "excluded"})

# Words that CLDR does not use for a country but shops do. ZZ is CLDR's "unknown region".
UNKNOWN_COUNTRY = "ZZ"
COUNTRIES = {
    "eire": "IE", "uk": "GB", "england": "GB", "usa": "US", "us": "US", "rsa": "ZA", "channelislands": "JE",
    "czechrepublic": "CZ", "hongkong": "HK", "korea": "KR", "日本国": "JP", "アメリカ": "US", "米国": "US",
    "英国": "GB",
}  # fmt: skip

ERAS = {"令和": 2018, "R": 2018, "平成": 1988, "H": 1988, "昭和": 1925, "S": 1925}  # year 1 is the next one

PREFECTURES = (
    "北海道", "青森県", "岩手県", "宮城県", "秋田県", "山形県", "福島県", "茨城県", "栃木県", "群馬県", "埼玉県",
    "千葉県",
    "東京都", "神奈川県", "新潟県", "富山県", "石川県", "福井県", "山梨県", "長野県", "岐阜県", "静岡県", "愛知県",
    "三重県",
    "滋賀県", "京都府", "大阪府", "兵庫県", "奈良県", "和歌山県", "鳥取県", "島根県", "岡山県", "広島県", "山口県",
    "徳島県",
    "香川県", "愛媛県", "高知県", "福岡県", "佐賀県", "長崎県", "熊本県", "大分県", "宮崎県", "鹿児島県", "沖縄県",
)  # fmt: skip

_TO = ("お届け先", "届け先", "配送先", "送付先", "送り先", "shipping", "shipto", "recipient", "delivery")
_FROM = ("注文者", "購入者", "お客様", "ご注文者", "customer", "buyer", "billing")


def _named(prefixes: tuple[str, ...], *names: str, bare: bool = True) -> tuple[str, ...]:
    return tuple(prefix + name for prefix in prefixes for name in names) + (names if bare else ())


_PERSON = {
    "customer_id": ("会員番号", "会員id", "顧客番号", "顧客id", "customerid", "customernumber"),
    "email": _named(_FROM, "メールアドレス", "email", "emailaddress", "mail", "e-mail", "eメール", "メール"),
    "name": _named(_FROM, "氏名", "名前", "お名前", "様名", "name", "fullname") + _FROM[:4],
    "last_name": _named(_FROM, "姓", "lastname", "surname", "familyname"),
    "first_name": _named(_FROM, "名", "firstname", "givenname"),
    "kana": _named(_FROM, "氏名カナ", "氏名フリガナ", "名前カナ", "カナ", "フリガナ", "ふりがな", "kana"),
    "phone": _named(_FROM, "電話番号", "電話", "tel", "phone", "phonenumber", "telephone"),
    "locale": ("言語", "locale", "language"),
}
_ADDRESS = {
    "ship_name": (*_named(_TO, "氏名", "名前", "お名前", "名", "名称", "name", bare=False), "recipient"),
    "ship_last_name": _named(_TO, "姓", "lastname", bare=False),
    "ship_company": (*_named(_TO, "会社名", "会社", "company"), "法人名"),
    "postal_code": _named(_TO, "郵便番号", "〒", "postalcode", "postcode", "zip", "zipcode"),
    "country": _named(_TO, "国", "国名", "国コード", "country", "countrycode"),
    "region": _named(_TO, "都道府県", "region", "state", "prefecture", "province"),
    "city": _named(_TO, "市区町村", "市町村", "city", "town"),
    "line1": _named(_TO, "番地", "町名番地", "住所1", "住所", "ご住所", "address1", "address", "street", "line1"),
    "line2": _named(_TO, "建物名", "建物", "住所2", "マンション名", "address2", "building", "line2"),
    "ship_phone": _named(_TO, "電話番号", "電話", "tel", "phone", bare=False),
}
_ORDER_NUMBER = (
    "注文番号", "受注番号", "注文id", "受注id", "オーダー番号", "伝票番号", "ordernumber", "orderno", "orderid",
    "order",
    "ordername",
)  # fmt: skip
_SKU = (
    "sku", "商品コード", "商品番号", "品番", "商品id", "システム連携用sku番号", "skucode", "itemcode", "productcode",
    "stockcode", "itemnumber", "itemid", "variantsku",
)  # fmt: skip
_TITLE = ("商品名", "品名", "商品名称", "title", "itemname", "productname", "description", "name", "item", "product")
_PRICE = ("単価", "販売単価", "商品単価", "販売価格", "価格", "unitprice", "price", "itemprice")
_CURRENCY = ("通貨", "通貨コード", "currency", "currencycode")

COLUMNS: dict[str, dict[str, tuple[str, ...]]] = {
    "orders": {
        "order_number": _ORDER_NUMBER,
        "placed_at": (
            "注文日時", "受注日時", "注文日", "受注日", "placedat", "orderedat", "orderdate", "createdat", "date",
        ),
        "updated_at": ("更新日時", "最終更新日時", "更新日", "updatedat", "modifiedat", "lastmodified"),
        "status": ("注文状況", "受注状況", "対応状況", "ステータス", "状態", "orderstatus", "status"),
        "payment_method": ("支払方法", "お支払い方法", "支払い方法", "決済方法", "paymentmethod", "payment"),
        "currency": _CURRENCY,
        "order_total": (
            "注文合計", "受注合計", "請求金額", "ご請求金額", "合計金額", "総合計", "お支払い合計", "ordertotal",
            "grandtotal", "total",
        ),
        "order_tax": ("消費税", "消費税合計", "消費税額", "税額合計", "税金", "ordertax", "totaltax", "tax"),
        "shipping_fee": (
            "送料", "送料合計", "発送代", "配送料", "shippingfee", "shippingcharge", "shipping", "postage",
        ),
        "payment_fee": ("手数料", "代引手数料", "決済手数料", "手数料合計", "paymentfee", "codfee", "fee"),
        "discount": (
            "値引", "値引き", "値引額", "割引", "割引額", "クーポン", "クーポン利用額", "discount", "coupon",
        ),
        "points": ("ポイント利用額", "利用ポイント", "使用ポイント", "ポイント利用", "points", "pointsused"),
        **_PERSON,
        **_ADDRESS,
        "wished_on": (
            "配達希望日", "お届け希望日", "配送希望日", "お届け日指定", "配達日指定", "希望日", "deliverydate",
            "wishedon", "requesteddeliverydate",
        ),
        "time_slot": (
            "時間帯", "配達希望時間帯", "お届け希望時間帯", "お届け時間帯", "配達時間帯", "配送時間帯", "時間帯指定",
            "配達希望時間", "希望時間帯", "timeslot", "deliverytime", "deliverytimeslot",
        ),
        "note": ("備考", "ご要望", "お客様備考", "コメント", "note", "notes", "comment", "remarks"),
        "kind": ("明細区分", "明細種別", "区分", "行区分", "kind", "linekind", "linetype", "type"),
        "line_id": ("明細番号", "明細id", "行番号", "lineid", "linenumber", "orderlineid"),
        "sku": _SKU,
        "title": _TITLE,
        "quantity": ("数量", "個数", "注文数", "注文数量", "受注数", "quantity", "qty", "units"),
        "unit_price": _PRICE,
        "line_total": ("小計", "金額", "明細金額", "行合計", "商品小計", "linetotal", "subtotal", "amount"),
        "tax_rate": ("税率", "消費税率", "taxrate", "vatrate"),
        "line_tax": ("明細税額", "明細消費税", "linetax", "itemtax"),
    },
    "returns": {
        "document": (
            "返品番号", "返品伝票番号", "キャンセル番号", "伝票番号", "document", "returnnumber", "returnid",
            "cancellationnumber",
        ),
        "at": (
            "返品日時", "返品日", "キャンセル日時", "キャンセル日", "日時", "日付", "at", "returnedat",
            "returndate", "date",
        ),
        "currency": _CURRENCY,
        **_PERSON,
        "order_number": _ORDER_NUMBER,
        "sku": _SKU,
        "title": _TITLE,
        "quantity": ("返品数", "返品数量", "キャンセル数", "数量", "個数", "quantity", "qty", "units"),
        "unit_price": _PRICE,
        "amount": ("返金額", "返品金額", "金額", "小計", "amount", "refundamount", "linetotal", "subtotal"),
        "reason": ("理由", "返品理由", "キャンセル理由", "reason"),
    },
    "stock": {
        "document": ("伝票番号", "入荷番号", "document", "reference", "slipnumber"),
        "line": ("行番号", "明細番号", "line", "linenumber"),
        "at": ("日時", "日付", "入荷日", "入庫日", "更新日時", "at", "date", "datetime"),
        "kind": ("区分", "明細区分", "種別", "処理区分", "kind", "type", "movement"),
        "sku": _SKU,
        "quantity": ("数量", "個数", "quantity", "qty", "units"),
        "received": ("入荷数", "入庫数", "入荷数量", "received", "receivedquantity"),
        "adjusted": ("調整数", "増減数", "増減", "調整数量", "adjustment", "delta"),
        "counted": ("在庫数", "実在庫", "実在庫数", "棚卸数", "counted", "onhand", "stock"),
        "location": ("倉庫", "倉庫コード", "ロケーション", "location", "warehouse"),
        "unit_cost": ("仕入単価", "原価", "仕入原価", "原価単価", "unitcost", "cost"),
        "currency": _CURRENCY,
        "reason": ("理由", "調整理由", "摘要", "reason", "note"),
    },
    "catalogue": {
        "sku": _SKU,
        "title": _TITLE,
        "product_id": ("商品管理番号", "productid", "parentid"),
        "product_title": ("親商品名", "シリーズ名", "producttitle", "parenttitle"),
        "barcode": ("janコード", "jan", "バーコード", "barcode", "ean", "gtin", "upc"),
        "price": _PRICE,
        "currency": _CURRENCY,
        "price_includes_tax": ("税込区分", "税区分", "priceincludestax", "taxincluded"),
        "tax_code": ("税率", "消費税率", "軽減税率フラグ", "taxcode", "taxrate"),
        "weight_g": ("重量", "重量g", "weight", "weightg", "grams"),
        "shown": ("在庫数", "表示在庫数", "shown", "stock", "quantity", "qty"),
    },
    "shown": {"sku": _SKU, "quantity": ("在庫数", "表示在庫数", "数量", "quantity", "shown", "qty", "stock")},
}  # fmt: skip

# What must be there; of a row with several names, one of them.
REQUIRED: dict[str, tuple[tuple[str, ...], ...]] = {
    "orders": (("order_number",), ("placed_at",), ("quantity",), ("sku", "title"), ("unit_price", "line_total")),
    "returns": (("document",), ("at",), ("sku",), ("quantity",), ("amount", "unit_price")),
    "stock": (("sku",), ("received", "adjusted", "counted", "kind"), ("received", "adjusted", "counted", "quantity")),
    "catalogue": (("sku",), ("title",)),
    "shown": (("sku",), ("quantity",)),
}

OUT_HEADERS = {
    "sku": "商品コード", "quantity": "数量", "expected": "前回数量", "reference": "出荷番号",
    "order_number": "注文番号",
    "line_id": "明細番号", "carrier": "配送会社", "tracking_number": "送り状番号", "tracking_url": "追跡URL",
    "shipped_at": "出荷日時",
}  # fmt: skip

UNKNOWN = contracts.UNKNOWN
