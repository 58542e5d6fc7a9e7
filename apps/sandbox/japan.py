"""The same orders in a Japanese shop: yen with tax included at 10 % and 8 %, konbini and 代引 among the payments.

Everything Japanese here is made up from the file's numbers: prices (a fixed rate and rounding), which goods are food,
people, addresses. The days are moved by whole weeks to December 2025, when both rates were in force.
"""

from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from apps.sandbox.market import Market, choice, share
from apps.sandbox.retail import Invoice, Row
from apps.sandbox.words import Person

YEN_A_POUND = Decimal(190)
MOVED = timedelta(weeks=783)  # 2010-12-01 becomes 2025-12-03, both Wednesdays
FOOD_SHARE = 0.25
FAMILY = (
    ("佐藤", "サトウ"), ("鈴木", "スズキ"), ("高橋", "タカハシ"), ("田中", "タナカ"),
    ("渡辺", "ワタナベ"), ("伊藤", "イトウ"), ("山本", "ヤマモト"), ("中村", "ナカムラ"),
    ("小林", "コバヤシ"), ("加藤", "カトウ"), ("髙橋", "タカハシ"), ("齋藤", "サイトウ"),
)  # fmt: skip
GIVEN = (
    ("葵", "アオイ"), ("陽菜", "ヒナ"), ("蓮", "レン"), ("湊", "ミナト"), ("美咲", "ミサキ"), ("大輔", "ダイスケ"),
    ("翔太", "ショウタ"), ("さくら", "サクラ"), ("健一", "ケンイチ"), ("由美子", "ユミコ"),
)  # fmt: skip
PLACES = (  # 郵便番号の上三桁, 都道府県, 市区町村
    ("060", "北海道", "札幌市中央区"), ("980", "宮城県", "仙台市青葉区"), ("150", "東京都", "渋谷区"),
    ("160", "東京都", "新宿区"), ("220", "神奈川県", "横浜市西区"), ("460", "愛知県", "名古屋市中区"),
    ("530", "大阪府", "大阪市北区"), ("600", "京都府", "京都市下京区"), ("650", "兵庫県", "神戸市中央区"),
    ("730", "広島県", "広島市中区"), ("810", "福岡県", "福岡市中央区"), ("900", "沖縄県", "那覇市"),
)  # fmt: skip
QUARTERS = ("本町", "栄町", "緑町", "中央", "東町", "西町", "旭町")


class JapaneseMarket(Market):
    """A shop in Japan that sells what the file sold."""

    currency = "JPY"
    country = "JP"
    zone = ZoneInfo("Asia/Tokyo")

    def at(self, moment: datetime) -> datetime:
        return moment + MOVED

    def price(self, row: Row) -> Decimal:
        return (row.price * YEN_A_POUND).quantize(Decimal(1), rounding=ROUND_HALF_UP)

    def rate_bp(self, code: str, day: date) -> int:
        return 800 if share("food", code) < FOOD_SHARE else 1000

    def payment(self, invoice: Invoice, channel: str, person: Person) -> str:
        """Konbini needs an e-mail for the slip, and both it and 代引 have a limit of 300,000 yen."""
        number = share("payment", invoice.number)
        is_small = sum(self.price(row) * row.quantity for row in invoice.rows) <= 300_000
        if channel == "shopify":
            return "konbini" if number < 0.2 and is_small and person.email else "card"
        if number < 0.25 and is_small:
            return "cod"
        return "konbini" if number < 0.4 and is_small and person.email else "prepaid"

    def person(self, customer: str, country: str, number: str) -> Person:
        who = customer or f"guest-{number}"
        family = FAMILY[int(share("family", who) * len(FAMILY))]
        given = GIVEN[int(share("given", who) * len(GIVEN))]
        post, region, city = PLACES[int(share("place", who) * len(PLACES))]
        digits = int(share("post", who) * 10_000)
        block = f"{1 + int(share('chome', who) * 9)}-{1 + int(share('ban', who) * 30)}-{1 + int(share('go', who) * 20)}"
        return Person(
            id=customer,
            email=f"customer-{customer}@example.com" if customer else "",
            name=f"{family[0]} {given[0]}",
            kana=f"{family[1]} {given[1]}",
            phone=f"090-{int(share('p1', who) * 9000) + 1000}-{digits:04d}",
            country="JP",
            postal_code=f"{post}-{digits:04d}",
            region=region,
            city=city,
            line1=f"{choice(QUARTERS, 'quarter', who)}{block}",
        )
