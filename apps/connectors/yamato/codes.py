"""Yamato's tables: the 95 columns of B2 Cloud's basic layout, kinds of slip, cool, hours, and the characters it prints.

The layout is data. Widths are bytes of cp932 (a full-width character has two), as the public papers give them; sources and
what nobody could check are in the README.
"""

from dataclasses import dataclass

from django.utils.translation import gettext_noop as _

CARRIER = "yamato"
MOST_ROWS = 1000  # what one registration takes (Next Engine's manual of its B2 app)
TRACKING_URL = "https://toi.kuronekoyamato.co.jp/cgi-bin/tneko?number00=1&number01={number}"
KEY, NUMBER = "お客様管理番号", "伝票番号"

# (header, width in bytes), in the order of the file: column 1 first.
LAYOUT: tuple[tuple[str, int], ...] = (
    ("お客様管理番号", 50), ("送り状種類", 1), ("クール区分", 1), ("伝票番号", 12), ("出荷予定日", 10),
    ("お届け予定日", 10), ("配達時間帯", 4), ("お届け先コード", 20), ("お届け先電話番号", 15), ("お届け先電話番号枝番", 2),
    ("お届け先郵便番号", 8), ("お届け先住所", 64), ("お届け先アパートマンション名", 32), ("お届け先会社・部門１", 50),
    ("お届け先会社・部門２", 50), ("お届け先名", 32), ("お届け先名(ｶﾅ)", 50), ("敬称", 4), ("ご依頼主コード", 20),
    ("ご依頼主電話番号", 15), ("ご依頼主電話番号枝番", 2), ("ご依頼主郵便番号", 8), ("ご依頼主住所", 64),
    ("ご依頼主アパートマンション名", 32), ("ご依頼主名", 32), ("ご依頼主名(ｶﾅ)", 50), ("品名コード１", 30), ("品名１", 50),
    ("品名コード２", 30), ("品名２", 50), ("荷扱い１", 20), ("荷扱い２", 20), ("記事", 44),
    ("ｺﾚｸﾄ代金引換額（税込)", 7), ("内消費税額等", 7), ("止置き", 1), ("営業所コード", 6), ("発行枚数", 2),
    ("個数口表示フラグ", 1), ("請求先顧客コード", 12), ("請求先分類コード", 3), ("運賃管理番号", 2),
    ("クロネコwebコレクトデータ登録", 1), ("クロネコwebコレクト加盟店番号", 9), ("クロネコwebコレクト申込受付番号１", 23),
    ("クロネコwebコレクト申込受付番号２", 23), ("クロネコwebコレクト申込受付番号３", 23), ("お届け予定ｅメール利用区分", 1),
    ("お届け予定ｅメールe-mailアドレス", 60), ("入力機種", 1), ("お届け予定ｅメールメッセージ", 148),
    ("お届け完了ｅメール利用区分", 1), ("お届け完了ｅメールe-mailアドレス", 60), ("お届け完了ｅメールメッセージ", 318),
    ("クロネコ収納代行利用区分", 1), ("予備", 1), ("収納代行請求金額(税込)", 7), ("収納代行内消費税額等", 7),
    ("収納代行請求先郵便番号", 8), ("収納代行請求先住所", 64), ("収納代行請求先住所（アパートマンション名）", 32),
    ("収納代行請求先会社・部門名１", 50), ("収納代行請求先会社・部門名２", 50), ("収納代行請求先名(漢字)", 32),
    ("収納代行請求先名(カナ)", 50), ("収納代行問合せ先名(漢字)", 32), ("収納代行問合せ先郵便番号", 8),
    ("収納代行問合せ先住所", 64), ("収納代行問合せ先住所（アパートマンション名）", 32), ("収納代行問合せ先電話番号", 15),
    ("収納代行管理番号", 20), ("収納代行品名", 50), ("収納代行備考", 28), ("複数口くくりキー", 20),
    ("検索キータイトル1", 20), ("検索キー1", 20), ("検索キータイトル2", 20), ("検索キー2", 20), ("検索キータイトル3", 20),
    ("検索キー3", 20), ("検索キータイトル4", 20), ("検索キー4", 20), ("検索キータイトル5", 20), ("検索キー5", 20),
    ("予備", 0), ("予備", 0), ("投函予定メール利用区分", 1), ("投函予定メールe-mailアドレス", 60),
    ("投函予定メールメッセージ", 148), ("投函完了メール（お届け先宛）利用区分", 1),
    ("投函完了メール（お届け先宛）e-mailアドレス", 60), ("投函完了メール（お届け先宛）メールメッセージ", 318),
    ("投函完了メール（ご依頼主宛）利用区分", 1), ("投函完了メール（ご依頼主宛）e-mailアドレス", 60),
    ("投函完了メール（ご依頼主宛）メールメッセージ", 318),
)  # fmt: skip

# What the address's three parts may have of column 12: prefecture, city, town and number.
REGION_BYTES, CITY_BYTES, TOWN_BYTES = 8, 24, 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How a service stands in the file. `cash_slip`: 送り状種類 where cash is collected, up to `most_cash` yen.

    `takes_wish`: a day and hours may be wished. `copies`: 発行枚数 may be given.
    """

    label: str
    slip: str
    cash_slip: str = ""
    most_cash: int = 0
    takes_wish: bool = True
    takes_copies: bool = False


# A word's part after the colon is the temperature. The code of ネコポス is a setting.
SERVICES: dict[str, Kind] = {
    "takkyubin": Kind(label=_("TA-Q-BIN"), slip="0", cash_slip="2", most_cash=300_000, takes_copies=True),
    "takkyubin:chilled": Kind(
        label=_("TA-Q-BIN, chilled"), slip="0", cash_slip="2", most_cash=300_000, takes_copies=True
    ),
    "takkyubin:frozen": Kind(
        label=_("TA-Q-BIN, frozen"), slip="0", cash_slip="2", most_cash=300_000, takes_copies=True
    ),
    "compact": Kind(label=_("TA-Q-BIN Compact"), slip="8", cash_slip="9", most_cash=30_000),
    "nekopos": Kind(label=_("Nekopos"), slip="A", takes_wish=False),
    "yu_packet": Kind(label=_("Kuroneko Yu-Packet"), slip="7", takes_wish=False),
    "freight_collect": Kind(label=_("TA-Q-BIN, the recipient pays the carriage"), slip="5"),
}
COOL = {"": "", "frozen": "1", "chilled": "2"}  # the other way round than Sagawa's
SLOTS = ("0812", "1416", "1618", "1820", "1921")

# What may stand for a character outside JIS X 0208, once a person agrees. Beyond this table: the compatibility form of
# Unicode (① → 1, ㈱ → (株)) and the letter without its accent, where those can be printed.
REPLACEMENTS = {
    # Forms of names
    "𠮷": "吉", "髙": "高", "﨑": "崎", "濵": "濱", "瀨": "瀬", "德": "徳", "𠷡": "百合", "䑓": "臺", "黑": "黒", "增": "増",
    "寬": "寛", "郞": "郎", "栁": "柳", "桒": "桑", "橫": "横", "昻": "昂", "曻": "昇", "𡈽": "土", "𠮟": "叱",
    # Printed forms that JIS X 0208 has in their short form only
    "俠": "侠", "俱": "倶", "剝": "剥", "吞": "呑", "噓": "嘘", "嚙": "噛", "塡": "填", "姸": "妍", "屛": "屏", "幷": "并",
    "搔": "掻", "摑": "掴", "潑": "溌", "瀆": "涜", "焰": "焔", "瘦": "痩", "禱": "祷", "簞": "箪", "繡": "繍", "繫": "繋",
    "萊": "莱", "蔣": "蒋", "蟬": "蝉", "蠟": "蝋", "軀": "躯", "醬": "醤", "醱": "醗", "頰": "頬", "顚": "顛", "驒": "騨",
    "鷗": "鴎", "鹼": "鹸", "麴": "麹", "麵": "麺",
    # Blanks, dashes and dots
    "\u00a0": " ", "\u2002": " ", "\u2003": " ", "\u2009": " ", "\t": " ", "\n": " ", "\r": " ", "\u200b": "", "\u200d": "",
    "\ufeff": "", "\ufe0e": "", "\ufe0f": "", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "―", "\u2022": "・",
    "\u00b7": "・", "\u00a5": "￥",
}  # fmt: skip

PREFECTURES = (
    "北海道", "青森県", "岩手県", "宮城県", "秋田県", "山形県", "福島県", "茨城県", "栃木県", "群馬県", "埼玉県", "千葉県",
    "東京都", "神奈川県", "新潟県", "富山県", "石川県", "福井県", "山梨県", "長野県", "岐阜県", "静岡県", "愛知県",
    "三重県", "滋賀県", "京都府", "大阪府", "兵庫県", "奈良県", "和歌山県", "鳥取県", "島根県", "岡山県", "広島県",
    "山口県", "徳島県", "香川県", "愛媛県", "高知県", "福岡県", "佐賀県", "長崎県", "熊本県", "大分県", "宮崎県",
    "鹿児島県", "沖縄県",
)  # fmt: skip
# As shops write them in Latin letters, in the same order (ISO 3166-2: JP-01 … JP-47); compared without accents and suffix.
LATIN = (
    "hokkaido", "aomori", "iwate", "miyagi", "akita", "yamagata", "fukushima", "ibaraki", "tochigi", "gunma", "saitama",
    "chiba", "tokyo", "kanagawa", "niigata", "toyama", "ishikawa", "fukui", "yamanashi", "nagano", "gifu", "shizuoka",
    "aichi", "mie", "shiga", "kyoto", "osaka", "hyogo", "nara", "wakayama", "tottori", "shimane", "okayama", "hiroshima",
    "yamaguchi", "tokushima", "kagawa", "ehime", "kochi", "fukuoka", "saga", "nagasaki", "kumamoto", "oita", "miyazaki",
    "kagoshima", "okinawa",
)  # fmt: skip
