"""A cell is read exactly or refused with its reason; nothing is guessed."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from apps.connectors.csv.cells import BadCell, Cells, country, folded, rate_bp
from apps.connectors.csv.settings import CsvSettings
from apps.hub.errors import Misconfigured


def cells(**settings) -> Cells:
    return Cells(CsvSettings(**settings))


def refused(read, *args) -> str:
    with pytest.raises(BadCell) as caught:
        read(*args)
    return caught.value.reason


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1200", "1200"), ("1,200", "1200"), ("１，２００", "1200"), ("¥1,200", "1200"), ("￥１２００", "1200"),
        ("\\1,200", "1200"), ("1200円", "1200"), ("(123)", "-123"), ("△1,234", "-1234"), ("▲5", "-5"), ("−7", "-7"),
        ("123-", "-123"), ("12.50", "12.5"), (".5", "0.5"), ("5.", "5"), ("+3", "3"), (" 42 ", "42"), ("'007", "7"),
        ('="15"', "15"), ("2個", "2"), ("£2.55", "2.55"), ("1,234,567.89", "1234567.89"), ("JPY1,000", "1000"),
        ("-0", "0"), ("100", "100"),
    ],
)  # fmt: skip
def test_numbers_as_shops_write_them(text, number):
    got = cells().number(text, "quantity")
    assert (got, str(got)) == (Decimal(number), number)


@pytest.mark.parametrize("text", ["", "abc", "1,5", "1,23,456", "12 34 x", "1.2.3", "1e5", "--1", "()", "9" * 16, "٣"])
def test_a_number_that_could_be_another_is_refused(text):
    assert refused(cells().number, text, "unit_price") == "bad_number"


def test_a_decimal_comma_is_a_setting_not_a_guess():
    assert cells(decimal_mark=",").number("1.234,56", "unit_price") == Decimal("1234.56")


def test_a_quantity_is_whole():
    assert cells().whole("2.0", "quantity") == 2
    assert refused(cells().whole, "1.5", "quantity") == "not_whole"


@pytest.mark.parametrize(
    "text",
    [
        "2010/12/1 8:26", "2010-12-01 08:26", "2010-12-01T08:26:00", "2010.12.1 8:26", "20101201 0826", "20101201082600",
        "2010年12月1日 8時26分", "平成22年12月1日 8:26", "H22.12.1 8:26", "２０１０／１２／１　８：２６", "2010/12/1(水) 8:26",
        "2010/12/01 午前8:26", "2010/12/1 8:26 AM", "2010-11-30T23:26:00Z", "2010-12-01T08:26:00+0900",
        "2010-12-01 00:26:00.000 +01:00", "2010/12/1 8:26 JST", "'2010/12/1 8:26",
    ],
)  # fmt: skip
def test_moments_as_shops_write_them(text):
    assert cells().moment(text, "placed_at") == datetime(2010, 11, 30, 23, 26, tzinfo=UTC)


def test_fractions_of_a_second_are_kept():
    got = cells().moment("2010-12-01T08:26:33.1234567+09:00", "placed_at")
    assert got == datetime(2010, 11, 30, 23, 26, 33, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("令和6年4月1日", (2024, 4, 1)),
        ("令和元年5月1日", (2019, 5, 1)),
        ("R8/11/23", (2026, 11, 23)),
        ("2010/12/1", (2010, 12, 1)),
    ],
)
def test_a_day_begins_at_midnight_of_the_shop(text, day):
    assert cells(time_zone="UTC").moment(text, "placed_at") == datetime(*day, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["", "x", "2010/13/1", "2010/2/30", "2010/12/1 25:00", "40513.35", "2010/12/1 8", "2010/12/1 13:00 PM", "0001/1/1",
     "2010/12", "2010/12/1 08:26 +99:99", "令和0元年1月1日"],
)  # fmt: skip
def test_a_day_that_is_none_is_refused(text):
    assert refused(cells().moment, text, "placed_at") == "bad_date"


def test_day_or_month_first_is_a_setting_not_a_guess():
    assert refused(cells().moment, "1/12/2010 8:26", "placed_at") == "ambiguous_date"
    assert cells(date_order="dmy", time_zone="UTC").moment("1/12/2010", "at") == datetime(2010, 12, 1, tzinfo=UTC)
    assert cells(date_order="mdy", time_zone="UTC").moment("1/12/2010", "at") == datetime(2010, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "code"), [('="00123"', "00123"), ("'00123", "00123"), (" A-1 ", "A-1"), ("ＡＢ－１", "AB-1"), ("", "")]
)
def test_codes_are_freed_from_what_spreadsheets_do(text, code):
    assert cells().code(text, "sku") == code


def test_a_code_that_a_spreadsheet_has_shortened_is_refused():
    assert refused(cells().code, "4.90123E+12", "sku") == "excel_number"


def test_a_code_that_is_too_long_is_refused():
    assert refused(cells().code, "x" * 65, "sku") == "too_long"


@pytest.mark.parametrize(
    ("text", "points"),
    [("10%", 1000), ("8", 800), ("0.1", 1000), ("0.08", 800), ("１０％", 1000), ("軽減", 800), ("非課税", 0), ("", None),
     ("17.5%", 1750), ("0", 0), ("1", 100)],
)  # fmt: skip
def test_tax_rates_as_shops_write_them(text, points):
    assert rate_bp(text, "tax_rate") == points


@pytest.mark.parametrize("text", ["-8%", "101", "0.00001", "ten"])
def test_a_rate_that_is_none_is_refused(text):
    assert refused(rate_bp, text, "tax_rate") == "bad_number"


@pytest.mark.parametrize(
    ("text", "code"),
    [("JP", "JP"), ("jp", "JP"), ("日本", "JP"), ("United Kingdom", "GB"), ("EIRE", "IE"), ("フランス", "FR"), ("RSA", "ZA"),
     ("Unspecified", "ZZ"), ("XX", "ZZ")],
)  # fmt: skip
def test_countries_by_code_or_name(text, code):
    assert country(text) == code


def test_headers_fold_width_case_and_punctuation():
    assert folded("Ｏｒｄｅｒ＿Ｎｏ．") == folded("order no") == "orderno"


def test_a_time_zone_that_is_none_is_a_setting_to_mend():
    with pytest.raises(Misconfigured, match="time_zone"):
        cells(time_zone="Mars/Base")
