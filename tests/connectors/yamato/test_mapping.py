"""Single columns of a row, and what keeps a parcel out of the sheet."""

import csv
import io
from dataclasses import replace
from datetime import date, timedelta

import pytest

from apps.connectors.yamato import mapping
from apps.hub import contracts as c
from tests.connectors.yamato.parcels import CONTRACT, DAY, HANAKO, SHOP, parcel, sheet, to, with_settings


def columns(made: c.Sheet, *wanted: int, row: int = 1) -> list[str]:
    """Cells by the paper's numbers, 1 to 95."""
    assert made.faults == ()
    cells = list(csv.reader(io.StringIO(made.content.decode("cp932"))))[row]
    assert len(cells) == 95
    return [cells[at - 1] for at in wanted]


def faults(made: c.Sheet) -> list[tuple[str, str, str]]:
    return [(one.field, one.reason, one.detail) for one in made.faults]


@pytest.mark.parametrize(
    ("service", "slip", "cool"),
    [
        ("", "0", ""), ("takkyubin", "0", ""), ("takkyubin:frozen", "0", "1"), ("takkyubin:chilled", "0", "2"),
        ("compact", "8", ""), ("nekopos", "A", ""), ("yu_packet", "7", ""), ("freight_collect", "5", ""),
    ],
)  # fmt: skip
def test_a_service_is_a_kind_of_slip_and_frozen_is_1(service, slip, cool):
    assert columns(sheet(parcel(service=service)), 2, 3) == [slip, cool]


def test_the_code_of_nekopos_is_the_merchants_own():
    made = sheet(parcel(service="nekopos"), settings=with_settings(nekopos_code="7"))
    assert columns(made, 2) == ["7"]


@pytest.mark.parametrize(("service", "slip"), [("takkyubin", "2"), ("takkyubin:chilled", "2"), ("compact", "9")])
def test_cash_makes_it_a_collect_slip(service, slip):
    made = sheet(parcel(service=service, cash_on_delivery_minor=4400, cash_on_delivery_tax_minor=400))
    assert columns(made, 2, 34, 35) == [slip, "4400", "400"]


@pytest.mark.parametrize(
    ("service", "amount", "tax", "fault"),
    [
        ("takkyubin", 300_001, 0, ("cash", "too_much_cash", "300,001 / 300,000")),
        ("compact", 30_001, 0, ("cash", "too_much_cash", "30,001 / 30,000")),
        ("takkyubin", 100, 101, ("cash", "bad_cash", "100 JPY (101)")),
        ("nekopos", 100, 10, ("service", "no_cash", "100")),
        ("freight_collect", 100, 10, ("service", "no_cash", "100")),
    ],
)
def test_cash_has_its_bounds(service, amount, tax, fault):
    made = sheet(parcel(service=service, cash_on_delivery_minor=amount, cash_on_delivery_tax_minor=tax))
    assert faults(made) == [fault]


@pytest.mark.parametrize("amount", [1, 300_000])
def test_cash_up_to_its_bounds_is_taken(amount):
    assert columns(sheet(parcel(cash_on_delivery_minor=amount)), 34) == [str(amount)]


@pytest.mark.parametrize("slot", ["0812", "1416", "1618", "1820", "1921"])
def test_hours_that_yamato_has(slot):
    assert columns(sheet(parcel(time_slot=slot)), 7) == [slot]


@pytest.mark.parametrize("slot", ["1214", "2021", "12-14", "夜"])
def test_hours_that_it_has_not_wait_for_a_person(slot):
    assert faults(sheet(parcel(time_slot=slot))) == [("time_slot", "no_such_slot", slot)]


def test_a_wished_day_is_told_and_a_past_one_is_named():
    assert columns(sheet(parcel(deliver_on=DAY)), 5, 6) == ["2026/11/24", "2026/11/24"]
    past = DAY - timedelta(days=1)
    assert faults(sheet(parcel(deliver_on=past))) == [("deliver_on", "day_is_past", "2026/11/23")]


def test_without_a_wish_the_soonest_day_is_a_setting():
    assert columns(sheet(parcel()), 6) == [""]
    assert columns(sheet(parcel(), settings=with_settings(earliest_day=True)), 6) == ["最短日"]


def test_a_letter_box_service_takes_no_wish():
    made = sheet(parcel(service="nekopos", deliver_on=date(2026, 11, 30), time_slot="0812"))
    assert faults(made) == [("deliver_on", "takes_no_wish", "2026/11/30"), ("time_slot", "takes_no_wish", "0812")]


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ("090-1234-4471", "090-1234-4471"), ("09012344471", "09012344471"), ("０３－１２３４－５６７８", "03-1234-5678"),
        ("+81 90 1234 4471", "090-1234-4471"), ("+81-3-1234-5678", "03-1234-5678"), ("+81(0)312345678", "0312345678"),
        ("(03) 1234-5678", "03-1234-5678"), ("0-9-0-1-2-3-4-4-4-7-1", "09012344471"),
    ],
)  # fmt: skip
def test_telephone_numbers(raw, told):
    assert columns(sheet(to(phone=raw)), 9) == [told]


@pytest.mark.parametrize("raw", ["1234", "+1 212 555 0100", "0901234447112", "なし"])
def test_what_is_no_telephone_number(raw):
    assert faults(sheet(to(phone=raw))) == [("phone", "bad_phone", raw)]


@pytest.mark.parametrize("raw", ["662-0911", "6620911", "〒662-0911", "６６２－０９１１", "662 0911"])
def test_postal_codes(raw):
    assert columns(sheet(to(postal_code=raw)), 11) == ["662-0911"]


@pytest.mark.parametrize(
    ("region", "city", "line1", "told"),
    [
        ("兵庫県", "西宮市", "池田町4-12", "兵庫県西宮市池田町4-12"), ("兵庫", "西宮市", "池田町4-12", "兵庫県西宮市池田町4-12"),
        ("", "兵庫県西宮市", "池田町4-12", "兵庫県西宮市池田町4-12"), ("", "", "兵庫県西宮市池田町4-12", "兵庫県西宮市池田町4-12"),
        ("兵庫県", "兵庫県西宮市", "池田町4-12", "兵庫県西宮市池田町4-12"),
        ("Hyōgo", "西宮市", "池田町4-12", "兵庫県西宮市池田町4-12"),
        ("Osaka-fu", "大阪市", "梅田1", "大阪府大阪市梅田1"), ("JP-13", "台東区", "上野1", "東京都台東区上野1"),
        ("京都", "京都市", "中京区1", "京都府京都市中京区1"), ("北海道", "札幌市", "北区1", "北海道札幌市北区1"),
    ],
)  # fmt: skip
def test_an_address_begins_with_its_prefecture(region, city, line1, told):
    assert columns(sheet(to(region=region, city=city, line1=line1)), 12) == [told]


def test_an_address_without_a_prefecture_is_named():
    assert faults(sheet(to(region="Bavaria"))) == [("region", "no_prefecture", "Bavaria")]


def test_every_prefecture_is_known_by_name_and_by_latin_letters():
    names = [mapping.prefecture(f"JP-{at:02}") for at in range(1, 48)]
    assert len(set(names)) == 47
    assert [mapping.prefecture(word) for word in ("Tokyo", "kyoto", "Hokkaidō", "Ōita Prefecture")] == [
        "東京都", "京都府", "北海道", "大分県",
    ]  # fmt: skip
    assert mapping.prefecture("JP-48") == mapping.prefecture("") == ""


@pytest.mark.parametrize(
    ("field", "fits", "column"),
    [("city", 12, 12), ("line1", 16, 12), ("line2", 16, 13), ("company", 25, 14), ("name", 16, 16)],
)
def test_the_last_character_that_fits_is_taken_and_one_more_is_named(field, fits, column):
    (told,) = columns(sheet(to(**{field: "亜" * fits})), column)
    assert told.count("亜") == fits
    long = to(**{field: "亜" * fits + "a"})
    assert faults(sheet(long)) == [(field, "too_long", f"{fits + 0.5:g} / {fits}")]


def test_an_address_in_one_field_has_the_room_of_both():
    whole = "兵庫県" + "亜" * 28
    assert columns(sheet(to(region="", city="", line1=whole)), 12) == [whole]
    assert faults(sheet(to(region="", city="", line1=whole + "亜"))) == [("line1", "too_long", "29 / 28")]


def test_each_strange_character_is_named_once_with_its_offer():
    made = sheet(to(name="𠮷野 𠮷髙", line2="①号棟"))
    told = [(one.field, one.character, one.offered, one.detail) for one in made.faults]
    assert sorted(told) == [
        ("line2", "①", "1", "U+2460"), ("name", "髙", "高", "U+9AD9"), ("name", "𠮷", "吉", "U+20BB7"),
    ]  # fmt: skip
    assert (made.references, made.content) == ((), b"")


def test_a_firm_without_a_person_is_addressed_as_a_firm():
    assert columns(sheet(to(name="", company="くろこ社")), 14, 16, 18) == ["", "くろこ社", "御中"]
    assert columns(sheet(to(company="くろこ社")), 14, 16, 18) == ["くろこ社", "高橋 花子", "様"]


def test_the_sender_is_the_warehouse_and_the_settings_fill_its_gaps():
    made = sheet(parcel(ship_from=replace(SHOP, phone="", name="")), settings=with_settings(sender=HANAKO))
    assert columns(made, 20, 23, 25) == ["090-1234-4471", "東京都台東区上野1-2-3", "高橋 花子"]
    made = sheet(parcel(ship_from=c.Address()), settings=with_settings(sender=SHOP))
    assert columns(made, 20, 22, 23, 24, 25) == [
        "03-0000-0000", "110-0005", "東京都台東区上野1-2-3", "青葉ビル2F", "青葉堂",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "field", "reason"),
    [
        ({"customer_code": ""}, "customer_code", "missing"), ({"contents": ""}, "contents", "missing"),
        ({"contents": "髙級品"}, "contents", "character"), ({"contents": "品" * 26}, "contents", "too_long"),
        ({"remark": "記" * 23}, "remark", "too_long"), ({"handling": ("a", "b", "c")}, "handling", "too_long"),
    ],
)  # fmt: skip
def test_a_setting_that_is_wrong_keeps_every_parcel_out_and_is_named_once(settings, field, reason):
    made = sheet(parcel(), parcel("S00000002-1"), settings=with_settings(**settings))
    assert [(one.reference, one.field, one.reason) for one in made.faults] == [("", field, reason)]
    assert made.references == ()


def test_a_sender_that_is_wrong_is_named_as_the_sender():
    made = sheet(parcel(ship_from=replace(SHOP, phone="", name="髙島堂")))
    assert [(one.field, one.reason) for one in made.faults] == [
        ("sender.phone", "missing"),
        ("sender.name", "character"),
    ]


def test_copies_are_for_prepaid_slips_alone():
    settings = with_settings(copies=3)
    assert columns(sheet(parcel(), settings=settings), 38) == ["3"]
    assert columns(sheet(parcel(cash_on_delivery_minor=1), settings=settings), 38) == [""]
    assert columns(sheet(parcel(service="compact"), settings=settings), 38) == [""]


@pytest.mark.parametrize("key", ["", "S 1", "S1\n", "あ", "S" * 51])
def test_a_key_that_would_not_come_back_is_our_own_fault(key):
    with pytest.raises(ValueError, match="key"):
        sheet(parcel(key))


def test_a_cell_wider_than_its_column_would_stop_the_row(monkeypatch):
    """The last guard: were a check above forgotten, nothing would be cut."""
    monkeypatch.setattr(mapping, "phone", lambda raw, faults: "0" * 16)
    with pytest.raises(ValueError, match="wider"):
        sheet(parcel())


def test_the_name_of_the_file_says_day_first_parcel_and_count():
    assert sheet(parcel(), parcel("S00000002-1")).name == "yamato-20261124-S00000001-1-2.csv"
    assert mapping.sheet([], CONTRACT, ship_on=DAY) == c.Sheet(name="", content=b"", references=())
