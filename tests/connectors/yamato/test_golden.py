"""The sheets byte by byte, as they lie in `golden/`, and what the program makes of them."""

from pathlib import Path

import pytest

from apps.connectors.yamato import mapping
from tests.connectors.yamato.parcels import CONTRACT, DAY, GOLDEN, parcel

HERE = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", GOLDEN)
def test_a_sheet_is_the_file_that_lies_here_to_the_byte(name):
    assert GOLDEN[name].faults == ()
    assert GOLDEN[name].content == (HERE / f"{name}.csv").read_bytes()


def test_every_golden_file_is_made_by_somebody():
    assert {path.stem for path in HERE.glob("*.csv")} == set(GOLDEN)


@pytest.mark.parametrize("name", GOLDEN)
def test_it_is_cp932_with_crlf_and_95_quoted_columns(name):
    lines = GOLDEN[name].content.split(b"\r\n")
    assert lines.pop() == b""
    assert b"\n" not in b"".join(lines)
    assert {line[:1] + line[-1:] for line in lines} == {b'""'}
    assert lines[0].count(b'","') == 94
    assert lines[0].decode("cp932").startswith('"お客様管理番号","送り状種類","クール区分","伝票番号","出荷予定日"')


def test_one_byte_more_would_be_seen():
    made = mapping.sheet([parcel(), parcel("S00000002-2")], CONTRACT, ship_on=DAY).content
    assert made != (HERE / "plain.csv").read_bytes()
