"""Scan and pack with lots and serial numbers: the right one goes in, by whatever code, and is what leaves."""

import re
from datetime import date

import pytest
from django.urls import reverse

from apps.catalog.models import Variant
from apps.flows import pack_lots, ship_order
from apps.inventory import codes, naming
from apps.inventory.codes import Goods
from apps.inventory.models import LotLevel, LotMovement, StockLevel
from apps.inventory.naming import Name
from apps.shipping import packing
from apps.shipping.models import PackedLot, ShipmentLine
from apps.shipping.packing import Scan
from apps.staff.parts import times
from tests.inventory import lots_shelf
from tests.inventory.lots_shelf import at_main, day
from tests.staff.builders import make_order, make_shop, make_variant, plan

GS = "\x1d"


@pytest.fixture(autouse=True)
def _rules_hold(db):
    yield
    assert lots_shelf.broken() == []


@pytest.fixture
def shop(db):
    """Tea in two lots and one unit without; three cups with serial numbers, one of them not yet named."""
    shop = make_shop()
    tea = make_variant(shop, "TEA", 9, title="玉露 40g", barcode="4901234500013")
    cup = make_variant(shop, "CUP", 3, title="曜変 茶碗", barcode="4901234500112")
    Variant.objects.filter(sku="TEA").update(tracking="lot")
    Variant.objects.filter(sku="CUP").update(tracking="serial")
    _name(tea, Name(number="L30", units=4, expires_on=day(30)), Name(number="L10", units=4, expires_on=day(10)))
    _name(cup, Name(number="S1"), Name(number="S2"))
    return shop


def _name(article, *names):
    naming.name(StockLevel.objects.get(variant=article).id, names, actor="wako")


@pytest.fixture
def box(shop):
    return plan(make_order(shop, ("TEA", 2), ("CUP", 1), method="cod"))


def _scan(box, code, **more):
    scanned = pack_lots.scan(box.id, code, actor="hana", **more)
    return scanned.outcome


def _packed(box):
    lines = ShipmentLine.objects.filter(shipment=box).values_list("order_line__sku", "packed")
    lots = PackedLot.objects.filter(line__shipment=box, units__gt=0).values_list("number", "units")
    return dict(lines), dict(lots)


def _article(sku):
    return Variant.objects.get(sku=sku)


# Codes


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("010490123450001317261231" + "10A12" + GS + "21S9", Goods("04901234500013", "A12", "S9", date(2026, 12, 31))),
        ("]C1" + "0104901234500013" + "17261200" + "10A12", Goods("04901234500013", "A12", "", date(2026, 12, 31))),
        ("(01)04901234500013(15)270115(10)A12", Goods("04901234500013", "A12", "", date(2027, 1, 15))),
        ("4901234500013", None),
        ("0104901234500013", None),
        ("TEA-40", None),
        ("(broken", None),
        ("", None),
    ],
)
def test_what_a_gs1_code_says(code, said):
    assert codes.read(code) == said


def test_a_jan_is_the_gtin_with_a_zero_before_it():
    said = Goods("04901234500013")

    assert [said.is_of(code) for code in ("4901234500013", "04901234500013", "4901234500020", "", "TEA")] == [
        True, True, False, False, False,
    ]  # fmt: skip


# Lots


def test_an_articles_code_counts_and_the_first_to_expire_leaves(shop):
    box = plan(make_order(shop, ("TEA", 2), method="cod"))
    assert [_scan(box, "4901234500013"), _scan(box, "tea")] == [Scan.COUNTED, Scan.COUNTED]
    ship_order.confirm(box, actor="hana")

    assert at_main(_article("TEA")) == {"L30": 4, "L10": 2}
    assert LotMovement.objects.get(movement__kind="shipment").is_assumed


@pytest.mark.parametrize("code", ["L30", "010490123450001310L30", "(01)04901234500013(10)L30"])
def test_the_lot_that_was_scanned_is_what_leaves(shop, code):
    box = plan(make_order(shop, ("TEA", 1), method="cod"))
    scanned = pack_lots.scan(box.id, code, actor="hana")
    assert (scanned.outcome, scanned.sooner, _packed(box)) == (Scan.COUNTED, "L10", ({"TEA": 1}, {"L30": 1}))
    ship_order.confirm(box, actor="hana")

    assert at_main(_article("TEA")) == {"L30": 3, "L10": 4}
    assert not LotMovement.objects.get(movement__kind="shipment").is_assumed


def test_the_lot_that_expires_first_needs_no_word(box):
    assert pack_lots.scan(box.id, "L10", actor="hana").sooner == ""


def test_a_lot_past_its_day_does_not_go_in(box, monkeypatch):
    monkeypatch.setattr("apps.core.clock.business_date", lambda at=None, day=day(11): day)

    assert (_scan(box, "L10"), _packed(box)[1]) == (Scan.EXPIRED, {})


def test_more_than_lies_there_of_a_lot_does_not_go_in(shop):
    first, second = (plan(make_order(shop, ("TEA", units), method="cod")) for units in (3, 2))
    scans = [_scan(first, "L10") for _ in range(3)] + [_scan(second, "L10") for _ in range(2)]

    assert scans == [Scan.COUNTED] * 4 + [Scan.NOT_HERE]


def test_an_unknown_lot_on_a_gs1_code_is_named_out_of_what_has_no_lot(box):
    """One of nine has no lot: the first such code names it, the second finds none."""
    code = f"010490123450001317{day(5):%y%m%d}10NEW"

    assert (_scan(box, code), _scan(box, code)) == (Scan.COUNTED, Scan.NOT_HERE)
    assert at_main(_article("TEA")) == {"L30": 4, "L10": 4, "NEW": 1}


# Serial numbers


def test_a_unit_with_a_serial_number_counts_only_by_it(box):
    asked = pack_lots.scan(box.id, "4901234500112", actor="hana")

    assert (asked.outcome, _packed(box)[0]) == (Scan.WHICH, {"TEA": 0, "CUP": 0})
    assert (_scan(box, "S2"), _packed(box)) == (Scan.COUNTED, ({"TEA": 0, "CUP": 1}, {"S2": 1}))
    assert _scan(box, "4901234500112") is Scan.ENOUGH


def test_two_lines_of_one_article_take_two_numbers(shop):
    box = plan(make_order(shop, ("CUP", 1), ("CUP", 1), method="cod"))
    scans = [_scan(box, code) for code in ("S1", "CUP", "S2", "CUP")]

    assert scans == [Scan.COUNTED, Scan.WHICH, Scan.COUNTED, Scan.ENOUGH]


def test_an_unknown_number_counts_after_its_article_as_long_as_one_has_none(shop):
    box = plan(make_order(shop, ("CUP", 2), method="cod"))
    cup = _article("CUP").id

    assert _scan(box, "S9") is Scan.UNKNOWN
    assert [_scan(box, "S9", serial_of=cup), _scan(box, "S8", serial_of=cup)] == [Scan.COUNTED, Scan.NOT_HERE]
    assert _scan(box, "S9", serial_of=cup) is Scan.NOT_HERE
    assert at_main(_article("CUP")) == {"S1": 1, "S2": 1, "S9": 1}


def test_a_number_is_in_one_box(shop):
    first, second = (plan(make_order(shop, ("CUP", 1), method="cod")) for _ in range(2))

    assert [_scan(first, "S1"), _scan(second, "S1")] == [Scan.COUNTED, Scan.NOT_HERE]


def test_what_comes_out_of_the_box_may_go_into_another(shop):
    first, second = (plan(make_order(shop, ("CUP", 1), method="cod")) for _ in range(2))
    _scan(first, "S1")
    packing.take_out(first.id, ShipmentLine.objects.get(shipment=first).id)

    assert (_packed(first), _scan(second, "S1")) == (({"CUP": 0}, {}), Scan.COUNTED)


def test_the_scanned_number_leaves(box):
    for code in ("L10", "L10", "S2"):
        _scan(box, code)
    ship_order.confirm(box, actor="hana")

    assert at_main(_article("CUP")) == {"S1": 1}
    said = LotMovement.objects.filter(movement__kind="shipment").order_by("lot_level__lot__number")
    assert [(row.lot_level.lot.number, row.units, row.is_assumed) for row in said] == [
        ("L10", -2, False),
        ("S2", -1, False),
    ]


def test_an_order_that_leaves_by_itself_is_not_kept_by_a_missing_number(shop):
    """A warehouse of somebody else tells no serial numbers: its parcel leaves, and the books say that nobody scanned."""
    box = plan(make_order(shop, ("CUP", 3), method="cod"))
    ship_order.confirm(box, actor="warehouse")

    assert at_main(_article("CUP")) == {}
    assert set(LotMovement.objects.filter(movement__kind="shipment").values_list("is_assumed", flat=True)) == {True}


def test_what_expires_between_the_plan_and_the_door_stays(shop, monkeypatch):
    box = plan(make_order(shop, ("TEA", 6), method="cod"))
    monkeypatch.setattr("apps.core.clock.business_date", lambda at=None, day=day(11): day)

    assert ship_order.confirm(box, actor="hana") is False
    box.order.refresh_from_db()
    assert (box.order.allocation, LotLevel.objects.get(lot__number="L10").expired) == ("partial", 4)


# The page


def test_the_page_says_what_to_take_and_asks_for_the_number(box, browser_as):
    packer = browser_as("warehouse")
    address = reverse("staff:pack_one", args=[box.id])
    page = packer.get(address).content.decode()
    said = [re.sub(r"<[^>]+>|\s+", "", text) for text in re.findall(r'<small class="sub">(.*?)</small>', page, re.S)]
    assert [text for text in said if "L10" in text or "Scan" in text] == [
        f"Take:L10(until{_day(10)})→L30(until{_day(30)})", "Scantheserialnumberofeachunit.",
    ]  # fmt: skip
    for code, answer in [
        ("CUP", "Now scan the serial number of this unit."),
        ("S9", "1 / 1"),
        ("L30", "1 / 2. Lot L10 lies here and expires sooner."),
        ("S1", "Already complete."),
    ]:
        page = packer.post(reverse("staff:pack_scan", args=[box.id]), {"code": code}, follow=True).content.decode()
        assert answer in page

    assert _packed(box) == ({"TEA": 1, "CUP": 1}, {"L30": 1, "S9": 1})


def _day(days):
    return re.sub(r"\s", "", times.day(day(days)))
