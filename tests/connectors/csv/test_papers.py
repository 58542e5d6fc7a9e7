"""Returns are documents, stock and articles stand row by row."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from apps.connectors.csv import papers
from apps.connectors.csv.settings import CsvSettings
from apps.hub.contracts import CustomerCard, ReturnDraft, ReturnLineDraft, StockChange, StockQuantity, VariantCard
from apps.hub.errors import Unreadable
from tests.connectors.csv.builders import AT, read, reasons, sheet, source

RETURNS = ("返品番号", "返品日", "メールアドレス", "商品コード", "商品名", "数量", "返金額", "注文番号", "理由")
STOCK = ("伝票番号", "行番号", "日時", "区分", "商品コード", "数量", "仕入単価", "理由")
CARDS = ("商品コード", "商品名", "JANコード", "販売価格", "税率", "重量", "在庫数")


def test_a_document_is_a_return():
    got = read(
        sheet(
            RETURNS,
            ("C1", "2026/11/02", "a@example.jp", "A-1", "皿", "-2", "2400", "", "割れ"),
            ("C2", "2026/11/02", "", "B", "鉢", "1", "-500", "N-2", ""),
            ("C1", "2026/11/02", "a@example.jp", "C", "箸", "-1", "100", "", ""),
        ),
        "returns",
    )
    assert got.things == (
        ReturnDraft(
            external_id="C1",
            at=datetime(2026, 11, 1, 15, 0, tzinfo=UTC),
            currency="JPY",
            lines=(
                ReturnLineDraft(number=1, sku="A-1", quantity=2, amount_minor=2400, reason="割れ", title="皿"),
                ReturnLineDraft(number=2, sku="C", quantity=1, amount_minor=100, title="箸"),
            ),
            customer=CustomerCard(email="a@example.jp"),
        ),
        ReturnDraft(
            external_id="C2",
            at=datetime(2026, 11, 1, 15, 0, tzinfo=UTC),
            currency="JPY",
            lines=(ReturnLineDraft(number=1, sku="B", quantity=1, amount_minor=500, order_number="N-2", title="鉢"),),
        ),
    )
    assert (got.starts, got.rows) == ((0, 1), 3)


def test_an_amount_may_follow_from_the_price():
    content = sheet(("document", "at", "sku", "quantity", "unit price"), ("C1", "2026/11/02", "A", "-3", "2.55"))
    assert read(content, "returns", currency="GBP").things[0].lines[0].amount_minor == 765


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (("C1", "2026/11/02", "", "A", "", "0", "1", "", ""), "bad_quantity"),
        (("C1", "2026/11/02", "", "", "", "1", "1", "", ""), "missing_value"),
        (("C1", "2026/11/02", "", "A", "", "1", "", "", ""), "missing_value"),
        (("", "2026/11/02", "", "A", "", "1", "1", "", ""), "missing_value"),
        (("C1", "someday", "", "A", "", "1", "1", "", ""), "bad_date"),
    ],
)
def test_a_bad_row_takes_its_document_with_it_and_no_other(row, reason):
    good = ("C9", "2026/11/02", "", "A", "", "1", "1", "", "")
    got = read(sheet(RETURNS, row, good), "returns")
    assert reasons(got) == [(1, reason)]
    assert [draft.external_id for draft in got.things] == ["C9"]


def test_documents_are_read_on_whole():
    rows = [(f"C{n % 3}", "2026/11/02", "", "A", "", "?" if n == 4 else "1", "1", "", "") for n in range(9)]
    whole = read(sheet(RETURNS, *rows), "returns")
    assert [draft.external_id for draft in whole.things] == ["C0", "C2"]
    rest = read(sheet(RETURNS, *rows), "returns", start_row=1)
    assert [draft.external_id for draft in rest.things] == ["C2"]
    assert [row.row for row in rest.set_aside] == [2, 5, 8]
    assert read(sheet(RETURNS, *rows), "returns", start_row=2).set_aside == ()


def test_a_row_is_a_movement():
    got = read(
        sheet(
            STOCK,
            ("IN-1", "1", "2026/11/02 9:00", "入荷", "A-1", "100", "350.5", ""),
            ("AD-1", "3", "", "調整", "B", "△5", "", "破損"),
            ("CT-1", "1", "2026/11/02", "棚卸", "C", "0", "", ""),
        ),
        "stock",
    )
    assert got.things == (
        StockChange(
            document="IN-1", line=1, sku="A-1", kind="receipt", quantity=100, unit_cost=Decimal("350.5"), currency="JPY",
            at=datetime(2026, 11, 2, 0, 0, tzinfo=UTC),
        ),
        StockChange(document="AD-1", line=3, sku="B", kind="adjustment", quantity=-5, at=AT, currency="JPY", reason="破損"),
        StockChange(
            document="CT-1", line=1, sku="C", kind="count", quantity=0, currency="JPY",
            at=datetime(2026, 11, 1, 15, 0, tzinfo=UTC),
        ),
    )  # fmt: skip
    assert got.set_aside == ()


@pytest.mark.parametrize(("column", "kind"), [("入荷数", "receipt"), ("増減数", "adjustment"), ("実在庫数", "count")])
def test_a_column_may_say_what_its_numbers_are(column, kind):
    assert read(sheet(("商品コード", column), ("A", "7")), "stock").things[0].kind == kind


def test_a_quantity_that_is_only_a_quantity_is_not_guessed():
    with pytest.raises(Unreadable, match="received or adjusted or counted or kind"):
        read(sheet(("商品コード", "数量"), ("A", "7")), "stock")


def test_rows_without_numbers_of_their_own_take_the_files_name():
    content = sheet(("商品コード", "在庫数"), ("A", "7"), ("B", "8"))
    assert [(row.document, row.line) for row in read(content, "stock").things] == [("a.csv", 1), ("a.csv", 2)]
    content = sheet(("伝票番号", "商品コード", "在庫数"), ("D", "A", "7"))
    assert [(row.document, row.line) for row in read(content, "stock").things] == [("D@a.csv", 1)]


def test_long_names_stay_apart():
    content = sheet(("商品コード", "在庫数"), ("A", "7"))
    settings = CsvSettings()
    first, second = (
        papers.read_stock(source(content, "stock", "x" * 140 + end), settings, start_row=0).things[0].document
        for end in ("1", "2")
    )
    assert (len(first), len(second), first != second) == (80, 80, True)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (("D", "1", "", "入荷", "A", "0", "", ""), "bad_quantity"),
        (("D", "1", "", "棚卸", "A", "-1", "", ""), "bad_quantity"),
        (("D", "1", "", "譲渡", "A", "1", "", ""), "unknown_kind"),
        (("D", "1", "", "", "A", "1", "", ""), "missing_value"),
        (("D", "1", "", "入荷", "", "1", "", ""), "missing_value"),
        (("D", "1", "", "入荷", "A", "1", "-3", ""), "bad_amount"),
        (("D", "x", "", "入荷", "A", "1", "", ""), "bad_number"),
    ],
)
def test_a_bad_movement_is_set_aside_alone(row, reason):
    good = ("D", "2", "", "入荷", "A", "1", "", "")
    got = read(sheet(STOCK, row, good), "stock")
    assert (reasons(got), [change.line for change in got.things]) == ([(1, reason)], [2])


def test_a_row_is_an_article():
    got = read(sheet(CARDS, ('="00123"', "白い皿", "4901234567894", "¥1,200", "軽減", "350", "12")), "catalogue")
    assert got.things == (
        VariantCard(
            sku="00123", external_id="00123", title="白い皿", barcode="4901234567894", price=Decimal(1200), currency="JPY",
            tax_code="reduced", weight_g=350, shown=12,
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("row", "reason"),
    [(("A", "", "", "1", "", "", ""), "missing_value"), (("A", "x", "", "-1", "", "", ""), "bad_amount"),
     (("A", "x", "", "1", "贅沢", "", ""), "unknown_kind"), (("A", "x", "", "1", "", "1.5", ""), "not_whole")],
)  # fmt: skip
def test_a_bad_article_is_set_aside_alone(row, reason):
    got = read(sheet(CARDS, row, ("B", "y", "", "", "", "", "")), "catalogue")
    assert (reasons(got), [card.sku for card in got.things]) == ([(1, reason)], ["B"])


def test_what_is_shown_may_be_below_zero():
    content = sheet(("sku", "quantity"), ("A", "-3"), ("B", "4"))
    assert papers.read_shown(source(content, "shown"), CsvSettings()).things == (
        StockQuantity(external_id="A", sku="A", quantity=-3),
        StockQuantity(external_id="B", sku="B", quantity=4),
    )


def test_stock_is_read_on_by_rows():
    rows = [(f"D{n}", "1", "", "入荷", "A", "1", "", "") for n in range(5)]
    rest = read(sheet(STOCK, *rows), "stock", start_row=3)
    assert ([change.document for change in rest.things], rest.starts, rest.rows) == (["D3", "D4"], (3, 4), 5)
