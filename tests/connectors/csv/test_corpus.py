"""Bad files of our own making: whatever is done to a file, it is a named error or rows set aside, and never a wrong order.

An order that was read from a damaged file equals the one of the whole file, but where the damage is a cut that nobody can
see (a last cell that lost its end); there the order's own total speaks.
"""

import random
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.hub.contracts import FileRead
from apps.hub.errors import Misconfigured, Unreadable
from tests.connectors.csv.builders import read, sheet

HEADER = ("注文番号", "注文日時", "商品コード", "商品名", "数量", "単価", "お届け先住所", "備考", "注文合計")


def rows(count: int = 60) -> list[tuple[str, ...]]:
    made = []
    for n in range(count):
        order, lines = n // 3, [(k % 4 + 1, 100 + k) for k in range(n // 3 * 3, n // 3 * 3 + 3)]
        total = sum(quantity * price for quantity, price in lines)
        quantity, price = lines[n % 3]
        note = 'ゆっくりで、"大丈夫"\r\nです' if n % 7 == 0 else ""
        made.append(
            (
                f"N-{order}",
                "2026/11/01 9:30",
                f"S-{n}",
                "白い皿, 大",
                str(quantity),
                str(price),
                "東京都港区1",
                note,
                str(total),
            )
        )
    return made


def taken(content: bytes, **said) -> FileRead | None:
    """What was read, or None for a named error; anything else fails the test."""
    try:
        return read(content, **said)
    except (Unreadable, Misconfigured) as error:
        return None if str(error) else pytest.fail("an error without words")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
def test_cut_at_every_97th_byte_only_whole_orders_are_taken(encoding):
    content = sheet(HEADER, *rows(), encoding=encoding)
    whole = {draft.number: draft for draft in read(content).things}
    places = range(0, len(content), 97)
    for place in places:
        got = taken(content[:place])
        for draft in got.things if got else ():
            assert draft == whole[draft.number], place
    sys.stdout.write(f"{encoding}: {len(places)} cuts of {len(content)} bytes\n")


def test_without_the_orders_total_a_cut_in_its_last_number_goes_unseen_unless_the_line_end_is_asked_for():
    """The control: what the total, and the setting, are for."""
    content = sheet(HEADER[:6], ("N-1", "2026/11/01", "A", "皿", "1", "1200"))[:-3]
    assert read(content).things[0].total_minor == 120
    assert read(content, needs_line_end=True).things == ()


@pytest.mark.parametrize("kind", ["returns", "stock", "catalogue"])
def test_other_kinds_cut_at_every_97th_byte(kind):
    headers = {
        "returns": ("返品番号", "返品日", "商品コード", "数量", "返金額", "理由"),
        "stock": ("伝票番号", "行番号", "区分", "商品コード", "数量", "理由"),
        "catalogue": ("商品コード", "商品名", "販売価格", "JANコード", "重量", "通貨"),
    }
    cells = {
        "returns": ("C-{}", "2026/11/01", "A", "-1", "100", "色違い"),
        "stock": ("D-{}", "1", "入荷", "A", "5", "定期"),
        "catalogue": ("S-{}", "白い皿", "100", "4901234567894", "350", "JPY"),
    }
    content = sheet(headers[kind], *([cell.format(n) for cell in cells[kind]] for n in range(80)), encoding="cp932")
    whole = read(content, kind).things
    for place in range(0, len(content), 97):
        try:
            got = read(content[:place], kind)
        except Unreadable:
            continue
        assert len(got.things) + len(got.set_aside) == got.rows
        assert got.things[:-1] == whole[: max(0, len(got.things) - 1)]


@pytest.mark.parametrize("true", ["utf-8", "cp932", "euc-jp", "utf-16-le", "iso-2022-jp"])
@pytest.mark.parametrize("told", ["auto", "utf-8", "cp932", "euc-jp", "utf-16-le", "utf-16", "iso-2022-jp"])
def test_a_wrong_encoding_never_makes_an_order_of_wrong_words(true, told):
    content = sheet(HEADER, *rows(9), encoding=true)
    whole = read(sheet(HEADER, *rows(9))).things
    got = taken(content, encoding=told)
    assert got is None or got.things in ((), whole)


def test_columns_in_any_order_say_the_same():
    made = rows(30)
    whole = read(sheet(HEADER, *made)).things
    for seed in range(20):
        order = random.Random(seed).sample(range(len(HEADER)), len(HEADER))
        moved = [[row[place] for place in order] for row in made]
        assert read(sheet([HEADER[place] for place in order], *moved)).things == whole


@pytest.mark.parametrize("place", range(len(HEADER)))
def test_a_column_that_went_is_named_or_was_not_needed(place):
    kept = [at for at in range(len(HEADER)) if at != place]
    content = sheet([HEADER[at] for at in kept], *([row[at] for at in kept] for row in rows(9)))
    needed = {
        "注文番号": "order_number",
        "注文日時": "placed_at",
        "数量": "quantity",
        "単価": "unit_price or line_total",
    }
    if HEADER[place] in needed:
        with pytest.raises(Unreadable, match=f"columns missing: {needed[HEADER[place]]};"):
            read(content)
    else:
        assert len(read(content).things) == 3


@pytest.mark.parametrize("place", range(len(HEADER)))
def test_a_column_that_stands_twice_never_changes_what_is_read(place):
    made = rows(9)
    whole = {draft.number: draft for draft in read(sheet(HEADER, *made)).things}
    doubled = read(sheet((*HEADER, HEADER[place]), *((*row, f"{row[place]}9") for row in made)))
    assert [draft for draft in doubled.things if draft != whole[draft.number]] == []
    assert {row.reason for row in doubled.set_aside} == {"doubled_column"}


@pytest.mark.parametrize("place", range(len(HEADER) - 2))
def test_rows_that_slipped_by_a_column_are_set_aside(place):
    made = [list(row) for row in rows(9)]
    made[4].insert(place, "slipped")
    got = read(sheet(HEADER, *made))
    assert "too_many_cells" in {row.reason for row in got.set_aside}
    assert {draft.number for draft in got.things} <= {"N-0", "N-1", "N-2"}


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_damage_is_named_or_set_aside(data):
    content = bytearray(sheet(HEADER, *rows(9), encoding=data.draw(st.sampled_from(["utf-8", "cp932", "utf-16"]))))
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(content) - 1))
        match data.draw(st.sampled_from(["flip", "cut", "drop", "insert"])):
            case "flip":
                content[place] = data.draw(st.integers(0, 255))
            case "cut" if place:
                del content[place:]
            case "drop":
                del content[place : place + data.draw(st.integers(1, 40))]
            case "insert":
                content[place:place] = data.draw(st.sampled_from([b'"', b"\0", b"\r", b",", b"\xff", b"\n\n", b'"""']))
        if not content:
            break
    got = taken(bytes(content))
    if got:
        assert got.rows >= len(got.set_aside)
        assert len(got.things) == len(got.starts)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(["orders", "returns", "stock", "catalogue"]))
def test_any_bytes_at_all(content, kind):
    try:
        read(content, kind)
    except Unreadable as error:
        if not str(error):
            pytest.fail("an error without words")


TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs", "Co", "Cn"], exclude_characters="\ufeff"), max_size=40)


@settings(max_examples=200, deadline=None)
@given(
    titles=st.lists(TEXT, min_size=1, max_size=6),
    quantities=st.lists(st.integers(1, 10**6), min_size=6, max_size=6),
    prices=st.lists(st.integers(0, 10**7), min_size=6, max_size=6),
    delimiter=st.sampled_from([",", "\t", ";", "|"]),
    end=st.sampled_from(["\r\n", "\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_was_written_is_what_is_read(titles, quantities, prices, delimiter, end, encoding):
    made = [
        ("N-1", "2026/11/01", f"S-{n}", title, str(quantities[n]), f"{prices[n]:,}") for n, title in enumerate(titles)
    ]
    got = read(sheet(HEADER[:6], *made, delimiter=delimiter, end=end, encoding=encoding), delimiter=delimiter)
    assert got.set_aside == ()
    assert [(line.title, line.quantity, line.total_minor) for line in got.things[0].lines] == [
        (title.strip() or f"S-{n}", quantities[n], quantities[n] * prices[n]) for n, title in enumerate(titles)
    ]


def test_a_quarter_of_a_million_rows_and_how_long_they_take():
    line = ("2026/11/01 9:30", "S-1", "白い吊り下げハート", "2", "1,200", "東京都港区1", "", "")
    content = sheet(HEADER, *((f"N-{n // 20}", *line) for n in range(250_000)), encoding="cp932")
    begun = time.perf_counter()
    got = read(content)
    spent = time.perf_counter() - begun
    sys.stdout.write(f"{got.rows} rows, {len(content) / 1e6:.0f} MB of cp932 in {spent:.1f} s\n")
    assert (got.rows, len(got.things), got.set_aside) == (250_000, 12_500, ())
