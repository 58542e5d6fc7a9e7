"""The shape of B2 Cloud's file, and that connector and stand-in, which know nothing of each other, say the same of it."""

import re
from pathlib import Path

import msgspec
import pytest

from apps.connectors.yamato import codes, issued
from apps.sandbox import yamato as standin

SHAPE = msgspec.json.decode((Path(__file__).parent / "yamato.json").read_bytes())
COLUMNS = {number: (header, width, rule) for number, header, width, rule in SHAPE["columns"]}


def test_the_layout_has_95_columns_in_their_order():
    assert list(COLUMNS) == list(range(1, 96))
    assert tuple((header, width) for header, width, _ in COLUMNS.values()) == codes.LAYOUT


def test_headers_can_be_printed_themselves():
    assert [header.encode("cp932").decode("cp932") for header, _, _ in COLUMNS.values()] == [
        header for header, _, _ in COLUMNS.values()
    ]


def test_the_stand_in_is_as_narrow():
    assert {column: COLUMNS[column][1] for column in standin.WIDTHS} == standin.WIDTHS
    assert len(COLUMNS) == standin.COLUMNS
    assert standin.MOST_ROWS == codes.MOST_ROWS == 1000
    assert {column for column, (_, _, rule) in COLUMNS.items() if "required" in rule} == set(standin.NEEDED)


def test_hours_and_cash_are_those_of_the_shape():
    assert tuple(re.findall(r"\d{4}", COLUMNS[7][2])) == codes.SLOTS
    assert {(kind.cash_slip, kind.most_cash) for kind in codes.SERVICES.values() if kind.cash_slip} == set(
        standin.CASH.items()
    )


def test_slips_are_those_of_the_shape():
    written = {slip for kind in codes.SERVICES.values() for slip in (kind.slip, kind.cash_slip) if slip}
    assert written == set(COLUMNS[2][2].split(" of ")[0].split())


@pytest.mark.parametrize("number", SHAPE["vectors"]["sound"])
def test_sound_numbers(number):
    assert issued.doubt(number) == ""


@pytest.mark.parametrize("number", SHAPE["vectors"]["unsound"])
def test_unsound_numbers(number):
    assert issued.doubt(number) == "check_digit"
