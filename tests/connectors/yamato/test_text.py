"""Characters: what is folded without asking, what is named, and what is offered in its place."""

import pytest

from apps.connectors.yamato import codes, text


@pytest.mark.parametrize(
    ("raw", "printed"),
    [
        ("ｶﾞﾌﾞ", "ガブ"), ("ｱﾊﾟｰﾄ", "アパート"), ("～", "〜"), ("〜", "〜"), ("１－２", "１−２"), ("  山田　", "山田"),
        ("高橋 直子", "高橋 直子"), ("A-1", "A-1"),
    ],
)  # fmt: skip
def test_what_looks_the_same_is_folded(raw, printed):
    assert text.folded(raw) == printed
    assert text.strangers(printed) == []


def test_both_waves_are_one_in_the_file():
    assert {text.folded(wave).encode("cp932") for wave in "〜～"} == {b"\x81\x60"}


@pytest.mark.parametrize("character", ["山", "鷹", "熙", "々", "ヶ", "ア", "ー", "Ａ", "a", "7", " ", "α", "℃", "〒"])
def test_jis_x_0208_is_printed(character):
    assert text.is_printable(character)


@pytest.mark.parametrize(
    ("character", "offered"),
    [
        ("𠮷", "吉"), ("髙", "高"), ("﨑", "崎"), ("濵", "濱"), ("瀨", "瀬"), ("德", "徳"),
        ("\u00a0", " "), ("①", "1"), ("Ⅲ", "III"),
        ("㈱", "(株)"), ("㍿", "株式会社"), ("℡", "TEL"), ("№", "No"), ("㎡", "m2"), ("–", "-"), ("—", "―"), ("é", "e"), ("😀", ""),
        ("\n", " "), ("\u200b", ""), ("\U000e0100", ""), ("\ufe0f", ""), ("\ufa19", "神"), ("한", None), ("彅", None), ("纊", None),
    ],
)  # fmt: skip
def test_others_are_named_with_what_may_stand_for_them(character, offered):
    assert (text.is_printable(character), text.offered(character)) == (False, offered)


def test_髙_is_in_cp932_and_not_in_its_standard_part():
    """Python's shift_jis is the standard part alone; asking cp932 alone would let it pass."""
    assert "髙".encode("cp932") == b"\xee\xe0"
    with pytest.raises(UnicodeEncodeError):
        "髙".encode("shift_jis")


def test_the_table_offers_only_what_can_be_printed_for_what_cannot():
    assert [one for one in codes.REPLACEMENTS if text.is_printable(one)] == []
    assert [new for new in codes.REPLACEMENTS.values() if text.strangers(new)] == []


@pytest.mark.parametrize(("raw", "bytes_"), [("山田", 4), ("ab", 2), ("東京-1", 6), ("", 0)])
def test_widths_are_bytes_of_the_file(raw, bytes_):
    assert text.width(raw) == bytes_


def test_numbers_are_read_in_half_width():
    assert text.half(" ０３－１２３４ー５６７８ ") == "03-1234-5678"
