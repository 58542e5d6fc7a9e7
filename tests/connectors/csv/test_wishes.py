"""配達希望日 and 時間帯, as shops write them."""

from datetime import date

import pytest

from apps.connectors.csv import wishes
from tests.connectors.csv.builders import HEADER, ROW, one

COLUMNS = (*HEADER, "配達希望日", "時間帯", "備考")


def wish(day: str = "", hours: str = "", note: str = ""):
    return one(*ROW, day, hours, note, header=COLUMNS)


@pytest.mark.parametrize(
    "written", ["2026/11/27", "2026-11-27", "2026年11月27日", "令和8年11月27日", "2026/11/27 00:00"]
)
def test_a_wished_day_is_the_shops_day(written):
    assert wish(written).wished_on == date(2026, 11, 27)


@pytest.mark.parametrize("written", ["", "指定なし", "なし", "最短"])
def test_no_wish_is_none(written):
    assert (wish(written, written).wished_on, wish(written, written).time_slot, wish(written).note) == (None, "", "")


def test_words_that_are_no_day_go_into_the_note_and_the_sale_is_taken():
    assert (wish("なるべく早く", note="割れ物").wished_on, wish("なるべく早く", note="割れ物").note) == (
        None, "割れ物\nなるべく早く",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("written", "slot"),
    [
        ("午前中", "0812"), ("午前", "0812"), ("14時～16時", "1416"), ("14:00〜16:00", "1416"), ("１４－１６", "1416"),
        ("16時-18時", "1618"), ("1820", "1820"), ("19-21時", "1921"), ("14時から16時まで", "1416"), ("12-14", "1214"),
        ("夜遅く", "夜遅く"), ("16-14", "16-14"), ("2930", "2930"),
    ],
)  # fmt: skip
def test_hours_are_told_from_and_to_and_others_kept(written, slot):
    assert wishes.time_slot(written) == slot
    assert wish(hours=written).time_slot == slot
