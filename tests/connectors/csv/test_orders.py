"""Rows of one number are one order, whole or not at all, wherever reading begins."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from apps.hub.contracts import UNKNOWN, Address, CustomerCard, LineDraft, OrderDraft
from tests.connectors.csv.builders import AT, HEADER, ROW, one, orders, read, reasons, sheet


def more(*columns: str) -> tuple[str, ...]:
    return (*HEADER, *columns)


def test_a_row_is_an_order():
    header = more(
        "税率", "支払方法", "会員番号", "メールアドレス", "注文者氏名", "注文者カナ", "注文者電話番号",
        "お届け先氏名", "お届け先郵便番号",
        "お届け先住所", "お届け先建物名", "備考", "ステータス", "更新日時", "注文合計",
    )  # fmt: skip
    draft = one(
        *ROW, "10%", "代金引換", "C-9", "hanako@example.jp", "山田 花子", "ヤマダ ハナコ", "'03-1234-5678", "山田 太郎",
        "100-0001", "東京都千代田区千代田1-1", "皇居ビル", "早めに", "新規受付", "2026/11/01 10:00", "¥2,400", header=header,
    )  # fmt: skip
    assert draft == OrderDraft(
        external_id="N-1",
        number="N-1",
        version=1793494800000,
        placed_at=datetime(2026, 11, 1, 0, 30, tzinfo=UTC),
        currency="JPY",
        total_minor=2400,
        lines=(
            LineDraft(
                number=1, kind="item", title="白い皿", quantity=2, total_minor=2400, unit_price=Decimal(1200), sku="A-1",
                tax_rate_bp=1000,
            ),
        ),
        payment_method="cod",
        payment_raw="代金引換",
        customer=CustomerCard(
            external_id="C-9", email="hanako@example.jp", name="山田 花子", kana="ヤマダ ハナコ", phone="03-1234-5678"
        ),
        ship_to=Address(
            name="山田 太郎", postal_code="100-0001", country="JP", region="東京都", line1="千代田区千代田1-1",
            line2="皇居ビル", phone="03-1234-5678",
        ),
        note="早めに",
        raw_status="新規受付",
    )  # fmt: skip


def test_without_a_time_of_change_the_files_own_is_the_version():
    assert one(*ROW).version == int(AT.timestamp()) * 1000


def test_rows_of_one_number_are_one_order_also_when_scattered():
    got = orders(
        ROW, ("N-2", "2026/11/01", "B", "鉢", "1", "500"), ("N-1", "2026/11/01 9:31", "C", "箸", "3", "100"),
        ("N-2", "2026/11/01", "送料", "送料", "1", "50"),
    )  # fmt: skip
    assert [(draft.number, draft.total_minor, [line.sku for line in draft.lines]) for draft in got.things] == [
        ("N-1", 2700, ["A-1", "C"]),
        ("N-2", 550, ["B", "送料"]),
    ]
    assert (got.rows, got.starts) == (4, (0, 1))


def test_two_equal_rows_are_two_lines():
    assert [line.number for line in orders(ROW, ROW).things[0].lines] == [1, 2]


def test_an_order_of_705_lines_is_one_order():
    got = orders(*(("N-1", "2026/11/01", f"S{n}", "x", "1", "10") for n in range(705)))
    assert [(len(draft.lines), draft.total_minor) for draft in got.things] == [(705, 7050)]


def test_the_first_word_counts_where_rows_differ():
    header = more("メールアドレス", "注文者氏名")
    got = orders((*ROW, "", "山田"), (*ROW, "a@example.jp", "鈴木"), header=header)
    assert got.things[0].customer == CustomerCard(email="a@example.jp", name="山田")


@pytest.mark.parametrize(
    ("kind", "ours", "price", "total"),
    [("商品", "item", "100", 100), ("送料", "shipping", "800", 800), ("手数料", "fee", "330", 330),
     ("fee", "fee", "-50", -50), ("値引", "discount", "200", -200), ("discount", "discount", "-200", -200)],
)  # fmt: skip
def test_kinds_of_lines(kind, ours, price, total):
    got = orders((*ROW, ""), (*ROW[:4], "1", price, kind), header=more("明細区分"))
    line = got.things[0].lines[1]
    assert (line.kind, line.total_minor) == (ours, total)


def test_charges_in_columns_of_the_order_become_lines():
    header = more("送料", "手数料", "クーポン", "利用ポイント", "注文合計")
    draft = one(*ROW, "800", "330", "100", "50", "3380", header=header)
    assert [(line.kind, line.title, line.total_minor) for line in draft.lines[1:]] == [
        ("shipping", "送料", 800), ("fee", "手数料", 330), ("discount", "クーポン", -100), ("discount", "利用ポイント", -50),
    ]  # fmt: skip
    assert draft.total_minor == 3380


def test_charges_that_are_lines_already_are_not_counted_twice():
    header = more("明細区分", "送料")
    got = orders((*ROW, "", "800"), (*ROW[:4], "1", "800", "送料", "800"), header=header)
    assert got.things[0].total_minor == 3200


@pytest.mark.parametrize(
    ("word", "method"),
    [("クレジットカード", "card"), ("コンビニ決済", "konbini"), ("代引き", "cod"), ("銀行振込", "bank"), ("決済済み", "prepaid"),
     ("Cash on Delivery", "cod"), ("PayPay残高", UNKNOWN), ("", UNKNOWN)],
)  # fmt: skip
def test_ways_to_pay_and_the_raw_word(word, method):
    draft = one(*ROW, word, header=more("支払方法"))
    assert (draft.payment_method, draft.payment_raw) == (method, word)


def test_a_cancelled_order_says_so():
    draft = one(*ROW, "キャンセル済み", header=more("受注状況"))
    assert (draft.is_cancelled, draft.raw_status) == (True, "キャンセル済み")


def test_unit_prices_may_be_finer_than_the_currency():
    line = one(*ROW[:4], "3", "33.335", "GBP", header=more("通貨")).lines[0]
    assert (line.total_minor, line.unit_price) == (10001, Decimal("33.335"))


def test_a_line_total_is_what_was_charged():
    line = one(*ROW[:4], "3", "1000", header=(*HEADER[:5], "小計")).lines[0]
    assert (line.total_minor, line.unit_price) == (1000, Decimal("333.3333"))


def test_prices_without_tax_carry_the_tax_of_each_line():
    got = orders(
        (*ROW[:4], "1", "1005", "10%"), (*ROW[:4], "1", "105", "8%"), header=more("税率"), prices_include_tax=False
    )
    draft = got.things[0]
    assert ([line.tax_minor for line in draft.lines], draft.total_minor) == ([101, 8], 1219)


def test_prices_without_tax_share_the_orders_tax():
    rows = [(*ROW[:4], "1", price, "100") for price in ("333", "667")]
    draft = orders(*rows, header=more("消費税"), prices_include_tax=False).things[0]
    assert ([line.tax_minor for line in draft.lines], draft.total_minor) == ([33, 67], 1100)


def test_a_foreign_address_keeps_the_word_that_is_no_country():
    header = more("Shipping Country", "Shipping City", "Shipping Address 1")
    assert one(*ROW, "United Kingdom", "London", "1 Mill Lane", header=header).ship_to.country == "GB"
    lost = one(*ROW, "European Community", "Brussels", "Rue 1", header=header).ship_to
    assert (lost.country, lost.line2) == ("ZZ", "European Community")


def test_names_in_halves_are_put_together():
    header = more("注文者姓", "注文者名", "送付先姓", "送付先名", "送付先住所")
    draft = one(*ROW, "山田", "花子", "鈴木", "一郎", "大阪府大阪市1", header=header)
    assert (draft.customer.name, draft.ship_to.name, draft.ship_to.region) == ("山田 花子", "鈴木 一郎", "大阪府")


BAD = [
    ("quantity", ("N-1", "2026/11/01", "A", "x", "many", "1"), "bad_number"),
    ("half", ("N-1", "2026/11/01", "A", "x", "1.5", "1"), "not_whole"),
    ("zero", ("N-1", "2026/11/01", "A", "x", "0", "1"), "bad_quantity"),
    ("negative", ("N-1", "2026/11/01", "A", "x", "-1", "1"), "bad_quantity"),
    ("no quantity", ("N-1", "2026/11/01", "A", "x", "", "1"), "missing_value"),
    ("price", ("N-1", "2026/11/01", "A", "x", "1", "1,5"), "bad_number"),
    ("no price", ("N-1", "2026/11/01", "A", "x", "1", ""), "missing_value"),
    ("below zero", ("N-1", "2026/11/01", "A", "x", "1", "-5"), "bad_amount"),
    ("no article", ("N-1", "2026/11/01", "", "", "1", "1"), "missing_value"),
    ("no day", ("N-1", "", "A", "x", "1", "1"), "missing_value"),
    ("bad day", ("N-1", "yesterday", "A", "x", "1", "1"), "bad_date"),
    ("no number", ("", "2026/11/01", "A", "x", "1", "1"), "missing_value"),
    ("shortened", ("N-1", "2026/11/01", "4.9E+12", "x", "1", "1"), "excel_number"),
    ("long", ("N" * 81, "2026/11/01", "A", "x", "1", "1"), "too_long"),
]


@pytest.mark.parametrize(("row", "reason"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_a_row_that_cannot_be_taken_is_set_aside_and_others_go_on(row, reason):
    good = ("N-9", *ROW[1:])
    got = orders(row, good)
    assert reasons(got) == [(1, reason)]
    assert got.things == orders(good).things


def test_a_bad_row_takes_its_whole_order_with_it():
    got = orders(ROW, ("N-1", "2026/11/01", "B", "x", "?", "1"), ("N-1", "2026/11/01", "C", "x", "1", "1"))
    assert got.things == ()
    assert reasons(got) == [(1, "order_incomplete"), (2, "bad_number"), (3, "order_incomplete")]
    assert got.set_aside[0].detail == "row 2 of the same order could not be taken"


def test_rows_that_do_not_add_up_are_set_aside():
    got = orders((*ROW, "9999"), (*ROW, "9999"), header=more("合計金額"))
    assert reasons(got) == [(1, "total_differs"), (2, "order_incomplete")]
    assert got.set_aside[0].detail == "the rows add up to 4800, the order says 9999 (minor units)"


def test_a_total_below_zero_is_set_aside():
    got = orders((*ROW[:4], "1", "100", "値引"), header=more("明細区分"))
    assert reasons(got) == [(1, "bad_amount")]


@pytest.mark.parametrize(("currency", "reason"), [("YENS", "bad_currency"), ("円", "bad_currency")])
def test_a_currency_that_is_none_is_set_aside(currency, reason):
    assert reasons(orders((*ROW, currency), header=more("通貨"))) == [(1, reason)]


def test_two_currencies_in_one_order_are_set_aside():
    got = orders((*ROW, "JPY"), (*ROW, "USD"), header=more("通貨"))
    assert reasons(got) == [(1, "order_incomplete"), (2, "mixed_currencies")]


def test_an_unknown_kind_of_line_is_set_aside():
    assert reasons(orders((*ROW, "おまけ"), header=more("明細区分"))) == [(1, "unknown_kind")]


def test_an_address_too_long_to_print_is_set_aside_not_cut():
    assert reasons(orders((*ROW, "あ" * 201), header=more("お届け先住所"))) == [(1, "too_long")]


def scattered() -> bytes:
    rows = [(f"N-{n % 7}", "2026/11/01", f"S{n}", "x", "?" if n == 10 else "1", "10") for n in range(40)]
    return sheet(HEADER, *rows)


def test_reading_on_from_where_a_thing_begins_gives_it_and_all_after_it():
    whole = read(scattered())
    for place, start in enumerate(whole.starts):
        rest = read(scattered(), start_row=start)
        assert (rest.things, rest.starts, rest.rows) == (whole.things[place:], whole.starts[place:], 40)


def test_an_order_is_never_split_by_reading_on():
    whole = {draft.number: draft for draft in read(scattered()).things}
    for start in range(41):
        rest = read(scattered(), start_row=start)
        assert all(whole[draft.number] == draft for draft in rest.things)
        assert all(row.row > start for row in rest.set_aside)


def test_rows_set_aside_with_an_order_that_began_before_are_not_told_again():
    first = read(scattered()).set_aside
    assert len(first) == 6
    assert read(scattered(), start_row=first[0].row).set_aside == ()
