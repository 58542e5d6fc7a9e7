"""Bytes to rows: the encoding is found or named wrong with its place; a row that is not one is set aside, others go on."""

import pytest

from apps.hub.errors import Misconfigured, Unreadable
from tests.connectors.csv.builders import HEADER, ROW, orders, read, reasons, sheet

SECOND = ("N-2", "2026/11/01 9:40", "B-2", "髙島①〜の皿", "1", "300")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_encoding_line_end_and_delimiter_are_found(encoding, end, delimiter):
    row = tuple(cell.replace("〜", "～") for cell in SECOND)
    got = read(sheet(HEADER, ROW, row, encoding=encoding, end=end, delimiter=delimiter))
    assert [draft.lines[0].title for draft in got.things] == ["白い皿", "髙島①～の皿"]
    assert got.set_aside == ()


@pytest.mark.parametrize("encoding", ["euc-jp", "iso-2022-jp", "utf-16-le"])
def test_an_encoding_that_cannot_be_found_can_be_told(encoding):
    got = read(sheet(HEADER, ROW, encoding=encoding), encoding=encoding)
    assert got.things[0].lines[0].title == "白い皿"


def test_shift_jis_means_windows():
    assert read(sheet(HEADER, SECOND, encoding="cp932"), encoding="Shift_JIS").things[0].number == "N-2"


def unreadable(content: bytes, **settings) -> str:
    with pytest.raises(Unreadable) as caught:
        read(content, **settings)
    return str(caught.value)


def test_a_wrong_encoding_is_named_with_its_byte():
    content = sheet(HEADER, ROW, encoding="cp932")
    assert unreadable(content, encoding="utf-8") == "not utf-8: byte 0x92 at 0 (line 1)"


def test_bytes_that_are_neither_are_named_for_both():
    content = sheet(HEADER, ROW) + b"\xff\xff\xff,x\r\n" + sheet(HEADER, ROW)
    message = unreadable(
        sheet(("order_number", "placed_at", "sku", "quantity", "unit_price")) + b"\x81\x20\xff\xff,1\n"
    )
    assert message == "neither UTF-8: byte 0x81 at 48 (line 2), nor cp932: byte 0x81 at 48 (line 2)"
    assert unreadable(content).startswith("UTF-8 up to byte 0xFF")


@pytest.mark.parametrize("byte", [0x80, 0xA0, 0xFD, 0xFE, 0xFF])
def test_bytes_that_cp932_does_not_have_are_no_characters(byte):
    head = sheet(HEADER, ROW, encoding="cp932")
    content = head + bytes([byte]) + b"-2,2026/11/01,A,x,1,1\r\n"
    message = f"not cp932: byte 0x{byte:02X} at {len(head)} (line 3)"
    assert (unreadable(content, encoding="cp932"), message in unreadable(content).replace("nor", "not")) == (
        message,
        True,
    )


def test_utf8_with_cp932_inside_is_named():
    content = sheet(HEADER, ROW) + sheet(("N-2", "2026/11/01", "A", "白い皿", "1", "1"), encoding="cp932")
    assert unreadable(content).startswith("UTF-8 up to byte 0x94 at")


def test_cp932_with_utf8_inside_is_named():
    content = sheet(HEADER, ROW, encoding="cp932") + sheet(("N-2", "2026/11/01", "A", "さくらのおさら", "1", "1"))
    assert "the file mixes encodings" in unreadable(content) or "neither" in unreadable(content)


def test_utf16_without_its_mark_is_named():
    assert "UTF-16" in unreadable(sheet(("order_number", "placed_at"), ("1", "2"), encoding="utf-16-le"))


@pytest.mark.parametrize("content", [b"", b"\r\n\r\n", b"\xef\xbb\xbf", b"\0\0\0"])
def test_an_empty_file_is_named(content):
    assert unreadable(content) == "the file is empty"


def test_a_setting_that_names_no_encoding_is_for_a_person():
    with pytest.raises(Misconfigured, match="encoding"):
        read(sheet(HEADER, ROW), encoding="klingon")


def test_columns_may_move_and_be_called_otherwise():
    header = ("Unit price", "Qty", "品番", "受注番号", "ご担当", "受注日", "Description")
    got = orders(("1200", "2", "A-1", "N-1", "x", "2026/11/01 9:30", "白い皿"), header=header)
    assert got.things == orders(ROW).things


def test_a_merchant_says_what_a_column_is():
    header = ("Nr", *HEADER[1:])
    assert orders(ROW, header=header, header_map={"Nr": "order_number"}).things == orders(ROW).things


def test_a_merchant_leaves_a_column_out():
    header = (*HEADER, "備考")
    assert orders((*ROW, "x"), header=header, header_map={"備考": ""}).things[0].note == ""


def test_a_map_to_a_column_that_we_do_not_have_is_for_a_person():
    with pytest.raises(Misconfigured, match="colour"):
        orders(ROW, header_map={"注文番号": "colour"})


def test_missing_columns_are_named_beside_those_found():
    assert unreadable(sheet(("注文番号", "商品名", "色"), ("1", "2", "3"))) == (
        "columns missing: placed_at, quantity, unit_price or line_total; columns found: 注文番号, 商品名, 色"
    )


def test_the_name_that_ranks_higher_wins():
    header = (*HEADER, "sku")
    assert orders((*ROW, "REAL"), header=header).things[0].lines[0].sku == "REAL"


def test_doubled_columns_that_agree_are_one():
    assert orders((*ROW, "2"), header=(*HEADER, "数量")).things == orders(ROW).things


def test_doubled_columns_that_differ_set_the_row_aside():
    got = orders((*ROW, "3"), (*SECOND, "1"), header=(*HEADER, "数量"))
    assert reasons(got) == [(1, "doubled_column")]
    assert [draft.number for draft in got.things] == ["N-2"]


def test_the_second_of_two_columns_can_be_named():
    header = (*HEADER, "氏名", "氏名", "住所")
    draft = orders((*ROW, "山田", "鈴木", "東京都港区"), header=header, header_map={"氏名#2": "ship_name"}).things[0]
    assert (draft.customer.name, draft.ship_to.name) == ("山田", "鈴木")


def test_prices_without_tax_under_a_connection_with_tax_are_refused():
    header = (*HEADER[:5], "単価（税抜）")
    assert (
        unreadable(sheet(header, ROW)) == "the column 単価（税抜） holds prices without tax, the connection says with"
    )
    assert orders(ROW, header=header, prices_include_tax=False).things[0].lines[0].total_minor == 2400


def test_blank_lines_do_not_count():
    content = sheet(HEADER) + b"\r\n" + sheet(ROW) + b",,,,,\r\n\r\n" + sheet(SECOND)
    got = read(content)
    assert (got.rows, len(got.things), got.set_aside) == (2, 2, ())


def test_rows_of_another_width_are_set_aside():
    got = orders(ROW[:4], SECOND, (*ROW, "more"), (*ROW[:1], *ROW[1:], ""))
    assert reasons(got) == [(1, "too_few_cells"), (3, "too_many_cells"), (4, "order_incomplete")]
    assert [draft.number for draft in got.things] == ["N-2"]


def test_a_row_cut_in_the_middle_is_set_aside_as_that():
    got = read(sheet(HEADER, SECOND, ROW)[:-12])
    assert reasons(got) == [(2, "truncated")]
    assert [draft.number for draft in got.things] == ["N-2"]


def test_a_row_cut_inside_quotes_is_set_aside_as_that():
    whole = sheet(HEADER, SECOND, ("N-3", "2026/11/01", "A", 'a "quoted, title"', "1", "1"))
    got = read(whole[: whole.index(b"quoted") + 3])
    assert reasons(got) == [(2, "truncated")]
    assert [draft.number for draft in got.things] == ["N-2"]


def test_a_row_cut_inside_a_character_is_set_aside_even_when_it_has_all_cells():
    header = (*HEADER[:3], "数量", "単価", "商品名")
    row = ("N-2", "2026/11/01", "A", "1", "100", "皿")
    got = read(sheet(header, row, ("N-3", *row[1:]))[:-3])
    assert reasons(got) == [(2, "truncated")]
    assert [draft.number for draft in got.things] == ["N-2"]


def test_a_file_cut_inside_the_first_character_of_a_row_says_so():
    header = ("商品名", *HEADER[:3], "数量", "単価")
    got = read(sheet(header, ("皿", "N-1", "2026/11/01", "A", "1", "5")) + "皿".encode()[:2])
    assert (reasons(got), got.rows, len(got.things)) == ([(2, "truncated")], 2, 1)


def test_a_last_row_without_a_line_end_is_doubted_where_the_merchant_says_so():
    content = sheet(HEADER, SECOND, ROW)[:-2]
    assert reasons(read(content)) == []
    assert reasons(read(content, needs_line_end=True)) == [(2, "truncated")]


def test_one_stray_quotation_mark_costs_one_row():
    content = sheet(HEADER, ROW) + 'N-2,2026/11/01,"B"x,皿,1,100\r\n'.encode() + sheet(("N-3", *SECOND[1:]))
    got = read(content)
    assert reasons(got) == [(2, "broken_quotes")]
    assert [draft.number for draft in got.things] == ["N-1", "N-3"]


def test_an_open_quotation_mark_does_not_swallow_the_rest():
    content = sheet(HEADER, ROW) + 'N-2,2026/11/01,"B,皿,1,100\r\n'.encode() + sheet(("N-3", *SECOND[1:]), SECOND)
    got = read(content)
    assert [draft.number for draft in got.things] == ["N-1", "N-3"]
    assert reasons(got) == [(2, "broken_quotes"), (4, "order_incomplete")]


def test_a_file_of_nothing_but_broken_quotes_is_broken_as_a_whole():
    assert "broken quotation marks" in unreadable(sheet(HEADER) + b'"a"b,c\r\n' * 201)


def test_nul_bytes_set_their_row_aside_and_padding_is_dropped():
    content = sheet(HEADER, ROW).replace("白".encode(), b"\0") + sheet(SECOND) + b"\0" * 512
    got = read(content)
    assert reasons(got) == [(1, "nul_byte")]
    assert [draft.number for draft in got.things] == ["N-2"]
    assert "\0" not in "".join(got.set_aside[0].raw.values())


def test_excels_word_for_its_delimiter_is_not_the_header():
    assert read(b"sep=;\r\n" + sheet(HEADER, ROW, delimiter=";")).things == orders(ROW).things


def test_cells_may_hold_line_breaks_and_quotes():
    draft = orders((*ROW, 'one\r\ntwo, "three"'), header=(*HEADER, "備考")).things[0]
    assert draft.note == 'one\r\ntwo, "three"'


def test_a_row_set_aside_is_kept_as_it_was_written():
    got = orders((*ROW[:4], "many", "1200"))
    assert dict(got.set_aside[0].raw) == dict(zip(HEADER, (*ROW[:4], "many", "1200"), strict=True))
    assert got.set_aside[0].detail == "quantity 'many' is no number that is understood"


def test_a_header_whose_quotes_do_not_pair_is_named():
    assert unreadable(b'"a,b\r\n1,2\r\n') == "the quotation marks of the header row do not pair"


def test_a_delimiter_that_is_none_is_for_a_person():
    with pytest.raises(Misconfigured, match="delimiter"):
        read(sheet(HEADER, ROW), delimiter="::")
