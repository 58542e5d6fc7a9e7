"""Files of issued numbers in the forms in which they come back."""

import csv
import io

import pytest

from apps.connectors.yamato import issued
from apps.core import clock
from apps.hub.contracts import FileRead, SourceFile

HEADER = ["お客様管理番号", "送り状種類", "クール区分", "伝票番号", "出荷予定日"]
GOOD = ["S00000001-1", "0", "", "123456789013", "2026/11/24"]


def read(*rows: list[str], encoding: str = "cp932") -> FileRead:
    page = io.StringIO()
    csv.writer(page, lineterminator="\r\n").writerows(rows)
    file = SourceFile(name="a.csv", kind="issued", content=page.getvalue().encode(encoding), at=clock.now())
    return issued.read(file)


@pytest.mark.parametrize("encoding", ["cp932", "utf-8", "utf-8-sig"])
def test_key_and_number_are_found_by_their_headers(encoding):
    made = read([HEADER[3], "x", HEADER[0]], [GOOD[3], "", GOOD[0]], encoding=encoding)
    (one,) = made.things
    assert (one.row, one.label.reference, one.label.tracking_number, one.doubt) == (1, GOOD[0], GOOD[3], "")
    assert one.label.tracking_url == ("https://toi.kuronekoyamato.co.jp/cgi-bin/tneko?number00=1&number01=123456789013")


def test_a_file_without_headers_is_read_by_its_columns():
    assert [one.label.reference for one in read(GOOD).things] == [GOOD[0]]


def test_empty_lines_are_no_rows():
    assert read(HEADER, [], GOOD, ["", "", "", "", ""]).rows == 1


@pytest.mark.parametrize(
    ("number", "doubt"),
    [
        ("123456789013", ""), ("401234567893", ""),
        ("1234-5678-9013", ""), ('="123456789013"', ""), ("１２３４５６７８９０１３", ""),
        ("123456789014", "check_digit"), ("123456789017", "check_digit"), ("123456789018", "check_digit"),
        ("123456789019", "check_digit"), ("12345678901", "odd_number"), ("1234567890123", "odd_number"), ("AB123", "odd_number"),
    ],
)  # fmt: skip
def test_the_check_digit_is_the_first_eleven_modulo_7_and_an_odd_number_is_kept(number, doubt):
    (one,) = read(HEADER, [GOOD[0], "0", "", number]).things
    assert one.doubt == doubt


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (["", "0", "", "123456789013"], "missing_value"), ([GOOD[0], "0", "", ""], "missing_value"),
        ([GOOD[0], "0", ""], "too_few_cells"), ([GOOD[0], "0", "", "4.01235E+11"], "excel_number"),
        ([GOOD[0], "0", "", "発行中"], "bad_number"), (["S" * 51, "0", "", "123456789013"], "too_long"),
    ],
)  # fmt: skip
def test_a_row_that_says_nothing_is_alone(row, reason):
    made = read(HEADER, row, GOOD)
    assert [(one.row, one.reason) for one in made.set_aside] == [(1, reason)]
    assert [one.row for one in made.things] == [2]
    assert set(made.set_aside[0].raw) == {"お客様管理番号", "伝票番号"}
