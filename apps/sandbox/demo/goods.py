"""What the demo sells: an invented shop of tableware (10 %) and of tea and sweets (8 %), in yen with tax included.

Barcodes are JAN-13 with true check digits under 4901234, the prefix that samples use; they are nobody's articles.
"""

from dataclasses import dataclass
from decimal import Decimal

from apps.sandbox.words import Article, SaleLine, StockRow

SHOP = "和のうつわ 青葉堂"
COMPANY = "株式会社青葉堂"
REGISTRATION_NUMBER = "T1180301018771"
SENDER = "和のうつわ 青葉堂 <shop@example.com>"
WAREHOUSE = "上野倉庫"
SHIP_FROM = {
    "name": SHOP, "company": COMPANY, "country": "JP", "postal_code": "110-0005", "region": "東京都", "city": "台東区",
    "line1": "上野1-2-3", "phone": "03-0000-0000",
}  # fmt: skip
CURRENCY = "JPY"
FREE_SHIPPING_FROM = 11_000
RATES_BP = {"standard": 1000, "reduced": 800}
SCARCE = "TETSU-06-BK"


@dataclass(frozen=True, slots=True)
class Good:
    """One article. `price` and `cost` in yen; `opening`: units on the shelf when the shop opens; `pull`: how often it is
    bought, against the others.
    """

    sku: str
    title: str
    price: int
    cost: int
    grams: int
    opening: int
    pull: int = 2
    tax: str = "standard"
    barcode: str = ""


def jan(number: int) -> str:
    """The JAN-13 of our article of that number, with its check digit (weights 1 and 3 from the left)."""
    digits = f"4901234{number:05d}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-total % 10}"


_ROWS: tuple[tuple[str, str, int, int, int, int, int, str], ...] = (
    ("ARITA-SOBA-014", "有田焼 そば猪口 染付", 3300, 1450, 220, 60, 4, "standard"),
    ("KUTANI-MAME-05", "九谷焼 豆皿 五客揃", 8800, 4100, 640, 30, 2, "standard"),
    ("KUTANI-HASHI-01", "九谷焼 箸置き 花詰", 990, 380, 30, 80, 4, "standard"),
    ("HASAMI-MUG-WH", "波佐見焼 マグ 白", 1980, 820, 310, 70, 5, "standard"),
    ("EDO-GUI-RED", "江戸切子 ぐい呑 紅", 9350, 4700, 180, 24, 2, "standard"),
    ("NANBU-KYUSU-04", "南部鉄器 急須 0.4L", 9900, 4900, 1250, 24, 2, "standard"),
    (SCARCE, "鉄瓶 小 0.6L 南部 黒", 14300, 7600, 1480, 2, 1, "standard"),
    ("SHIGA-ICHIRIN-01", "信楽焼 花器 一輪挿し", 5280, 2300, 540, 24, 2, "standard"),
    ("KISO-MANA-M", "木曽ひのき まな板 中", 4950, 2100, 900, 30, 2, "standard"),
    ("ODATE-WAPPA-01", "大館曲げわっぱ 弁当箱", 12100, 6200, 260, 20, 1, "standard"),
    ("TENUGUI-ASA-01", "注染手ぬぐい 麻の葉", 1650, 600, 50, 60, 3, "standard"),
    ("TEA-UJI-040", "宇治抹茶 缶 40g", 1944, 980, 90, 90, 5, "reduced"),
    ("TEA-SEN-100", "静岡 深蒸し煎茶 100g", 1296, 540, 120, 90, 4, "reduced"),
    ("TEA-HOJI-100", "加賀棒ほうじ茶 100g", 1080, 430, 120, 80, 4, "reduced"),
    ("SWEET-YOKAN-05", "本練羊羹 五本入", 2160, 1050, 480, 50, 3, "reduced"),
    ("SWEET-RAKU-10", "和三盆 落雁 十個", 1404, 700, 110, 50, 3, "reduced"),
)
GOODS = tuple(Good(*row, barcode=jan(50_001 + place)) for place, row in enumerate(_ROWS))
BY_SKU = {good.sku: good for good in GOODS}


def articles() -> list[Article]:
    """Everything as the channels list it."""
    return [
        Article(
            sku=good.sku, title=good.title, price=Decimal(good.price), currency=CURRENCY, barcode=good.barcode,
            tax_rate_bp=RATES_BP[good.tax],
        )
        for good in GOODS
    ]  # fmt: skip


def cards() -> list[dict[str, object]]:
    """Everything as the merchant keeps it, for the record room: JSON-ready."""
    return [
        {"sku": good.sku, "title": good.title, "barcode": good.barcode, "price": good.price, "tax": good.tax,
         "grams": good.grams}
        for good in GOODS
    ]  # fmt: skip


def line(sku: str, quantity: int) -> SaleLine:
    """So many of an article, at its price."""
    good = BY_SKU[sku]
    return SaleLine(
        sku=sku, title=good.title, quantity=quantity, unit_price=Decimal(good.price), tax_rate_bp=RATES_BP[good.tax]
    )


def receipt(document: str, at: str, units: dict[str, int]) -> list[StockRow]:
    """Goods that arrive, as rows of the warehouse's file."""
    return [
        StockRow(
            document=document, line=number, at=at, sku=sku, kind="receipt", quantity=quantity,
            unit_cost=Decimal(BY_SKU[sku].cost), currency=CURRENCY,
        )
        for number, (sku, quantity) in enumerate(units.items(), start=1)
    ]  # fmt: skip
