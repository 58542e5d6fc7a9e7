"""The desk with B2 Cloud: what it refuses, what it numbers, and that its ledger says so."""

import base64
import csv
import io
from datetime import timedelta

import pytest

from apps.core import clock
from apps.sandbox.world import Ask, Plan, World
from apps.sandbox.yamato import TOKYO, YamatoStandin


@pytest.fixture
def standin(tmp_path):
    world = World(tmp_path, Plan(None))
    world.settle([YamatoStandin])
    return world.standins["yamato"]


def day(ahead: int = 0) -> str:
    return f"{clock.now().astimezone(TOKYO) + timedelta(days=ahead):%Y/%m/%d}"


def row(**cells: str) -> list[str]:
    """A good row; `c7="0812"` sets column 7."""
    made = [""] * 95
    good = {
        1: "S1-1", 2: "0", 5: day(), 9: "090-1234-4471", 11: "662-0911", 12: "兵庫県西宮市池田町4-12", 16: "高橋", 18: "様",
        20: "03-0000-0000", 22: "110-0005", 23: "東京都台東区上野1", 25: "青葉堂", 28: "器", 40: "0" * 12, 42: "01",
    }  # fmt: skip
    for column, cell in (good | {int(name[1:]): cell for name, cell in cells.items()}).items():
        made[column - 1] = cell
    return made


def file(*rows: list[str], encoding: str = "cp932") -> bytes:
    page = io.StringIO()
    csv.writer(page, lineterminator="\r\n").writerows([["お客様管理番号", *[""] * 94], *rows])
    return page.getvalue().encode(encoding)


def told(standin, content: bytes):
    return standin.command("import", {"file": base64.b64encode(content).decode()})


def test_good_rows_are_numbered_by_modulo_7_and_given_back_in_column_4(standin):
    assert told(standin, file(row(), row(c1="S2-1"))) == {"slips": 2, "refused": []}
    given = base64.b64decode(standin.command("issued", {})["file"]).decode("cp932")
    rows = list(csv.reader(io.StringIO(given)))[1:]
    assert [(cells[0], len(cells)) for cells in rows] == [("S1-1", 95), ("S2-1", 95)]
    assert [int(cells[3][:11]) % 7 for cells in rows] == [int(cells[3][11]) for cells in rows]
    assert [slip["number"] for slip in standin.command("slips", {})["slips"]] == [cells[3] for cells in rows]


def test_a_parcel_that_is_registered_twice_has_two_slips(standin):
    for _ in range(2):
        told(standin, file(row()))
    assert [slip["key"] for slip in standin.command("slips", {})["slips"]] == ["S1-1", "S1-1"]


def test_a_bad_row_is_refused_and_its_neighbours_go(standin):
    assert told(standin, file(row(c16=""), row(c1="S2-1"))) == {
        "slips": 1, "refused": [{"row": 1, "column": 16, "why": "required"}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"c1": "S" * 51}, 1), ({"c1": "あ"}, 1), ({"c2": "B"}, 2), ({"c3": "3"}, 3), ({"c2": "A", "c3": "1"}, 3),
        ({"c4": "1"}, 4),
        ({"c5": "2001/01/01"}, 5), ({"c5": day(31)}, 5), ({"c5": "2026-11-24"}, 5), ({"c6": "明日"}, 6),
        ({"c5": day(2), "c6": day(1)}, 6), ({"c7": "1214"}, 7), ({"c2": "A", "c7": "0812"}, 6), ({"c9": "12"}, 9),
        ({"c11": "662"}, 11),
        ({"c12": "西宮市1"}, 12), ({"c12": "兵庫県" + "亜" * 30}, 12), ({"c13": "①"}, 13), ({"c16": "髙橋"}, 16),
        ({"c16": "亜" * 17}, 16),
        ({"c18": "君"}, 18), ({"c34": "100"}, 34), ({"c2": "2"}, 34), ({"c2": "2", "c34": "300001", "c35": "0"}, 34),
        ({"c2": "9", "c34": "30001", "c35": "0"}, 34), ({"c2": "2", "c34": "10", "c35": "11"}, 35), ({"c38": "0"}, 38),
        ({"c2": "8", "c38": "2"}, 38), ({"c40": "1"}, 40), ({"c41": "1234"}, 41), ({"c42": "1"}, 42),
    ],
)  # fmt: skip
def test_what_the_carrier_refuses_is_refused_at_its_column(standin, cells, column):
    answer = told(standin, file(row(**cells)))
    assert (answer["slips"], column in {one["column"] for one in answer["refused"]}) == (0, True)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        "髙𠮷".encode(),
        file(row(), encoding="utf-8"),
        file(row()[:94]),
        file(*[row()] * 1001),
        file(row()).rstrip(),
    ],
    ids=["empty", "utf-8", "utf-8 rows", "94", "1001", "cut"],
)
def test_a_file_of_another_kind_is_refused_whole(standin, content):
    answer = told(standin, content)
    assert (answer["slips"], bool(answer["error"])) == (0, True)


def test_it_can_be_asked_over_http_too(standin):
    answer = standin.handle(Ask("POST", "/import", {}, {}, file(row())))
    assert (answer.status, answer.body) == (200, {"slips": 1, "refused": []})
    assert standin.handle(Ask("GET", "/issued", {"after": "0"}, {}, b"")).status == 200
    assert standin.handle(Ask("POST", "/import", {}, {}, b"")).status == 422
    assert standin.handle(Ask("GET", "/", {}, {}, b"")).status == 404
