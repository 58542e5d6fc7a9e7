"""How the shop and the warehouse write their files: each in a dialect of its own, a function of the plan and its name.

A dialect is an encoding, a delimiter, a line end, the language of the header and the order of the columns. What a file
says does not depend on its dialect. Imports nothing of the connector that reads it.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from apps.core import money
from apps.sandbox.words import Article, Returned, Sale, StockRow
from apps.sandbox.world import Plan

JAPANESE = {
    "order_number": "注文番号", "placed_at": "注文日時", "updated_at": "更新日時", "status": "受注状況",
    "kind": "明細区分", "line_id": "明細番号", "sku": "商品コード", "title": "商品名", "quantity": "数量", "unit_price": "単価",
    "tax_rate": "税率", "payment_method": "支払方法", "customer_id": "会員番号", "email": "メールアドレス",
    "name": "注文者氏名", "kana": "注文者フリガナ", "phone": "注文者電話番号", "postal_code": "お届け先郵便番号",
    "country": "お届け先国", "region": "お届け先都道府県", "city": "お届け先市区町村", "line1": "お届け先番地",
    "line2": "お届け先建物名", "currency": "通貨", "order_total": "注文合計", "document": "伝票番号", "at": "日時",
    "amount": "返金額", "line": "行番号", "unit_cost": "仕入単価", "reason": "理由", "barcode": "JANコード",
    "price": "販売価格", "shown": "表示在庫数", "desk": "担当",
}  # fmt: skip
ENGLISH = {
    "order_number": "Order No.", "placed_at": "Order Date", "updated_at": "Modified at", "line_id": "Line ID",
    "unit_price": "Unit price", "order_total": "Grand Total", "postal_code": "Shipping Zip", "region": "Shipping State",
    "city": "Shipping City", "line1": "Shipping Address 1", "line2": "Shipping Address 2",
    "country": "Shipping Country", "name": "Customer Name", "email": "E-mail", "payment_method": "Payment Method", "desk": "Desk",
}  # fmt: skip
WORDS = {
    "ja": {
        "item": "商品", "shipping": "送料", "fee": "手数料", "discount": "値引", "card": "クレジットカード",
        "konbini": "コンビニ決済", "cod": "代金引換", "bank": "銀行振込", "prepaid": "決済済み", "free": "無料",
        "cancelled": "キャンセル", "receipt": "入荷", "adjustment": "調整", "count": "棚卸",
    },
    "en": {},
}  # fmt: skip
_ENCODINGS = ("utf-8", "cp932", "utf-8-sig", "cp932", "utf-16")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one file is written. `shuffle` orders its columns."""

    encoding: str
    delimiter: str
    line_end: str
    language: str
    shuffle: Mapping[str, float]

    def word(self, word: str) -> str:
        """A word of the file's language."""
        return WORDS[self.language].get(word, word)

    def header(self, column: str) -> str:
        """A column's name in the file's language."""
        return (JAPANESE if self.language == "ja" else ENGLISH).get(column, column)


def dialect(plan: Plan, name: str, columns: Sequence[str]) -> Dialect:
    """The dialect of a file, the same whenever it is written."""
    return Dialect(
        encoding=_ENCODINGS[int(plan.number("csv_encoding", name) * len(_ENCODINGS))],
        delimiter="\t" if plan.number("csv_delimiter", name) < 0.2 else ",",
        line_end="\r\n" if plan.number("csv_line_end", name) < 0.6 else "\n",
        language="ja" if plan.number("csv_language", name) < 0.5 else "en",
        shuffle={column: plan.number("csv_column", f"{name}:{column}") for column in columns},
    )


def sheet(how: Dialect, columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> bytes:
    """A table in its dialect; one whose text its encoding lacks is written as UTF-8 instead."""
    order = sorted(columns, key=lambda column: how.shuffle[column])
    text = io.StringIO()
    writer = csv.writer(text, delimiter=how.delimiter, lineterminator=how.line_end)
    writer.writerow([how.header(column) for column in order])
    writer.writerows([row.get(column, "") for column in order] for row in rows)
    try:
        return text.getvalue().encode(how.encoding)
    except UnicodeEncodeError:
        return text.getvalue().encode("utf-8")


ORDER_COLUMNS = (
    "order_number", "placed_at", "updated_at", "status", "kind", "line_id", "sku", "title", "quantity", "unit_price",
    "tax_rate", "payment_method", "customer_id", "email", "name", "kana", "phone", "postal_code", "country", "region",
    "city", "line1", "line2", "currency", "order_total", "desk",
)  # fmt: skip
RETURN_COLUMNS = ("document", "at", "email", "sku", "title", "quantity", "amount", "currency")
STOCK_COLUMNS = ("document", "line", "at", "kind", "sku", "quantity", "unit_cost", "currency", "reason")
CATALOGUE_COLUMNS = ("sku", "title", "barcode", "price", "currency", "shown")


def major(minor: int, currency: str) -> str:
    """Minor units as a decimal number of major ones."""
    return f"{Decimal(minor).scaleb(-money.digits(currency)):f}"


def percent(basis_points: int) -> str:
    """1750 as 17.5%."""
    return f"{(Decimal(basis_points) / 100).normalize():f}%"


def order_rows(sale: Sale, how: Dialect, *, cancelled_at: str = "") -> Iterator[dict[str, str]]:
    """One row a line; what belongs to the order stands in each."""
    who = sale.person
    head = {
        "order_number": sale.number, "placed_at": sale.at, "updated_at": cancelled_at or sale.at,
        "status": how.word("cancelled") if cancelled_at else "", "payment_method": how.word(sale.payment),
        "customer_id": who.id, "email": who.email, "name": who.name, "kana": who.kana, "phone": who.phone,
        "postal_code": who.postal_code, "country": who.country, "region": who.region, "city": who.city,
        "line1": who.line1, "line2": who.line2, "currency": sale.currency,
        "order_total": major(sale.total_minor, sale.currency), "desk": "1",
    }  # fmt: skip
    for number, line in enumerate(sale.lines, start=1):
        yield head | {
            "kind": how.word(line.kind), "line_id": str(number), "sku": line.sku, "title": line.title,
            "quantity": str(line.quantity), "unit_price": f"{line.unit_price:f}", "tax_rate": percent(line.tax_rate_bp),
        }  # fmt: skip


def return_rows(document: Returned) -> Iterator[dict[str, str]]:
    """One row a line, quantities negative as cash desks write them."""
    for line in document.lines:
        yield {
            "document": document.number, "at": document.at, "email": document.email, "sku": line.sku,
            "title": line.title, "quantity": str(-line.quantity), "amount": major(line.amount_minor, document.currency),
            "currency": document.currency,
        }  # fmt: skip


def stock_row(row: StockRow, how: Dialect) -> dict[str, str]:
    """One movement."""
    return {
        "document": row.document, "line": str(row.line), "at": row.at, "kind": how.word(row.kind), "sku": row.sku,
        "quantity": str(row.quantity), "unit_cost": "" if row.unit_cost is None else f"{row.unit_cost:f}",
        "currency": row.currency, "reason": row.reason,
    }  # fmt: skip


def catalogue_row(article: Article) -> dict[str, str]:
    """One article. The tax rate is the shop's affair and stays out: its codes are ours."""
    return {
        "sku": article.sku, "title": article.title, "barcode": article.barcode, "price": f"{article.price:f}",
        "currency": article.currency, "shown": str(article.shown),
    }  # fmt: skip
