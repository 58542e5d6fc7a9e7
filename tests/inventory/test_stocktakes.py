"""A sheet says exactly what people counted, by scanner, thumb or paper; what cannot be meant is refused in a sentence."""

from datetime import timedelta

import pytest
from django.db.models import ProtectedError

from apps.catalog.models import Component
from apps.core import clock
from apps.inventory import places, scans, stocktakes
from apps.inventory.errors import Refused
from apps.inventory.models import StockLevel, StocktakeEntry
from apps.inventory.scans import Scan
from tests import builders
from tests.inventory import sheets, shelves
from tests.inventory.sheets import opened, put, row, scan
from tests.locks import _locks_are_taken_in_order  # noqa: F401

pytestmark = pytest.mark.django_db


@pytest.fixture
def article():
    made = builders.variant("CUP-1", barcode="4901234500112")
    builders.stock(made, 5)
    return made


def _said(call, *args, **named) -> str:
    with pytest.raises(Refused) as refused:
        call(*args, **named)
    return str(refused.value)


def _facts(line):
    return (line.counted, line.book, line.counted_by, line.is_moved)


def test_everything_that_should_lie_there_has_a_row_by_sku(article):
    other = builders.variant("BOX")
    builders.stock(other, 1)
    builders.variant("EMPTY")

    sheet = opened()

    assert list(sheet.lines.order_by("number").values_list("level__variant__sku", flat=True)) == ["BOX", "CUP-1"]
    assert opened(scope="beginning", beginning="cup").lines.get().level.variant == article


def test_each_scan_adds_one_by_barcode_or_sku_and_a_typed_number_sets(article):
    sheet = opened()

    assert scan(sheet, "4901234500112", times=2).line.counted == 2
    assert scan(sheet, "cup-1", actor="ume").line.counted == 3
    assert _facts(row(sheet, article)) == (3, 5, "ume", False)
    assert put(sheet, article, 7).counted == 7
    assert put(sheet, article, 2, adds=True).counted == 9
    sheet.refresh_from_db()
    assert sheet.counters == ["wako", "ume"]
    kept = StocktakeEntry.objects.order_by("moment").values_list("kind", "units", "actor")
    assert list(kept) == [
        ("added", 1, "wako"), ("added", 1, "wako"), ("added", 1, "ume"), ("set", 7, "wako"), ("added", 2, "wako"),
    ]  # fmt: skip


def test_what_is_taken_back_was_never_said(article):
    """Also its moment: the number that stood before stands for its own moment again."""
    sheet = opened()
    put(sheet, article, 5)
    builders.stock(article, 3)
    put(sheet, article, 50)
    scan(sheet, "CUP-1", actor="ume")

    assert stocktakes.undo(sheet.id, actor="wako").counted == 6
    assert _facts(stocktakes.undo(sheet.id, actor="ume")) == (5, 5, "wako", False)
    assert stocktakes.undo(sheet.id, actor="wako").counted is None
    assert stocktakes.undo(sheet.id, actor="wako") is None


def test_goods_that_moved_while_a_row_was_scanned_are_noted(article):
    sheet = opened()
    scan(sheet, "CUP-1")
    held = shelves.demand(article, 1)
    assert scan(sheet, "CUP-1").line.is_moved is False

    shelves.ship(held, 1)
    builders.stock(article, 1)  # as many as left: the book alone would not show it

    assert scan(sheet, "CUP-1").line.is_moved is True
    assert put(sheet, article, 5).is_moved is False


def test_numbers_from_paper_are_carried_over_what_moved_since(article):
    sheet = opened()
    held = shelves.demand(article, 2)
    said_at = clock.now()
    shelves.ship(held, 2)

    (line,) = stocktakes.put_paper(sheet.id, {row(sheet, article).id: 5}, said_at=said_at, actor="wako")

    assert _facts(line) == (3, 3, "wako", False)
    early = said_at - timedelta(hours=1)
    assert "after" in _said(stocktakes.put_paper, sheet.id, {row(sheet, article).id: 5}, said_at=early, actor="wako")
    assert _said(stocktakes.put_paper, sheet.id, {row(sheet, article).id: 1}, said_at=said_at, actor="wako") == (
        "CUP-1: 1 were counted, yet 2 have left since then. Count it again."
    )


def test_an_unknown_code_is_kept_and_counts_once_somebody_says_what_it_is(article):
    sheet = opened()
    assert scan(sheet, "4999999999999", times=2).outcome is Scan.UNKNOWN
    stray = sheet.strays.get()
    assert (stray.code, stray.units, stray.last_by) == ("4999999999999", 2, "wako")

    assert stocktakes.name_stray(sheet.id, stray.id, article, actor="wako").counted == 2
    assert scan(sheet, "4999999999999").line.counted == 3


def test_an_unknown_code_is_taken_back_by_who_scanned_it_until_nothing_is_left(article):
    sheet = opened()
    scan(sheet, "4999999999999", times=2)
    stray = sheet.strays.get()

    said = _said(stocktakes.take_back_stray, sheet.id, stray.id, actor="ume")
    left = [stocktakes.take_back_stray(sheet.id, stray.id, actor="wako").units for _ in range(2)]

    assert "4999999999999" in said
    assert (left, sheet.strays.count()) == ([1, 0], 0)


def test_a_code_that_somebody_named_is_counted_and_stays(article):
    sheet = opened()
    scan(sheet, "4999999999999")
    stray = sheet.strays.get()
    stocktakes.name_stray(sheet.id, stray.id, article, actor="wako")

    assert "4999999999999" in _said(stocktakes.take_back_stray, sheet.id, stray.id, actor="wako")
    assert (sheet.strays.get().units, row(sheet, article).counted) == (1, 1)


def test_an_article_outside_of_the_stocktake_is_counted_only_when_told_so(article):
    other = builders.variant("BOX")
    sheet = opened(article)
    assert scan(sheet, "BOX").outcome is Scan.OUTSIDE
    assert not StockLevel.objects.filter(variant=other).exists()

    line = scan(sheet, "BOX", anyway=True).line

    assert (line.counted, line.book, line.level.on_hand) == (1, 0, 0)
    assert scan(opened(), "BOX").outcome is Scan.COUNTED  # a stocktake of everything means it, too


def test_articles_that_share_a_barcode_are_told_apart_by_the_sheet(article):
    builders.variant("CUP-2", barcode="4901234500112")
    assert scan(opened(article), "4901234500112").variant == article
    both = opened(article, builders.variant("CUP-3", barcode="4901234500112"))
    assert "Enter the SKU" in _said(scan, both, "4901234500112")


def test_rows_that_nobody_counted_stay_or_are_empty_when_told_so(article):
    other = builders.variant("BOX")
    builders.stock(other, 2)
    left, emptied = opened(), opened()
    for sheet in (left, emptied):
        put(sheet, article, 5)

    sheets.close(left)
    sheets.close(emptied, rest_is_empty=True)

    assert [row(left, other).counted, _facts(row(emptied, other))] == [None, (0, 2, "wako", False)]


def test_sent_back_rows_are_counted_anew_and_the_others_stand(article):
    other = builders.variant("BOX")
    builders.stock(other, 2)
    sheet = opened()
    put(sheet, article, 5)
    put(sheet, other, 1)
    sheets.close(sheet)

    sent = stocktakes.send_back(sheet.id, [row(sheet, other).id], actor="hana", reason="look behind the door", seen=1)

    assert (sent.state, sent.round, sent.counters) == ("counting", 2, ["wako"])
    assert [row(sheet, article).counted, row(sheet, other).counted] == [5, None]
    assert scan(sheet, "BOX").line.counted == 1
    sheets.close(sheet)
    again = _said(stocktakes.send_back, sheet.id, [row(sheet, other).id], actor="hana", reason="again", seen=1)
    assert "counted anew meanwhile" in again


@pytest.mark.parametrize(("units", "says"), [(-1, "Enter 0"), (4901234500112, "barcode"), (1_000_001, "barcode")])
def test_numbers_that_nobody_counted_are_refused(article, units, says):
    sheet = opened()
    assert says in _said(put, sheet, article, units)
    assert says in _said(
        stocktakes.put_paper, sheet.id, {row(sheet, article).id: units}, said_at=clock.now(), actor="wako"
    )
    assert StocktakeEntry.objects.count() == 0


def test_what_is_over_cannot_be_counted_or_closed_again(article):
    sheet = opened()
    assert "Nothing was counted" in _said(sheets.close, sheet)
    put(sheet, article, 5)
    sheets.close(sheet)

    for call in (sheets.close, lambda sheet: put(sheet, article, 4), lambda sheet: scan(sheet, "CUP-1")):
        assert "to be approved" in _said(call, sheet)
    stocktakes.reject(sheet.id, actor="hana", reason="counted the wrong place")
    assert "thrown away already" in _said(stocktakes.reject, sheet.id, actor="hana", reason="again")
    assert row(sheet, article).counted == 5


def test_a_place_that_was_closed_meanwhile_is_not_counted(article):
    place = builders.location("shop")
    sheet = opened(article, location=place)
    assert places.why_not_close(place) == (
        f"shop cannot be closed: {sheet.number} counts it. Approve the stocktake or throw it away first."
    )
    type(place).objects.filter(id=place.id).update(is_active=False)

    for call in (lambda: scan(sheet, "CUP-1"), lambda: put(sheet, article, 1), lambda: sheets.close(sheet)):
        assert _said(call) == f"shop was closed meanwhile. Open the place again, or throw {sheet.number} away."
    place.refresh_from_db()
    assert "Nothing can be counted there" in _said(opened, article, location=place)
    stocktakes.reject(sheet.id, actor="hana", reason="closed")


def test_an_article_on_a_sheet_cannot_vanish_and_one_that_is_sold_no_more_is_still_counted(article):
    fresh = builders.variant("NEW")
    sheet = opened(fresh)
    with pytest.raises(ProtectedError):
        fresh.delete()
    type(fresh).objects.filter(id=fresh.id).update(is_active=False)
    assert scan(sheet, "NEW").line.counted == 1


def test_a_bundle_is_counted_by_what_is_in_it(article):
    gift = builders.variant("GIFT")
    Component.objects.create(bundle=gift, variant=article, units=2)
    says = "GIFT is a bundle of CUP-1 × 2. Count these articles instead."

    assert [_said(scan, opened(), "GIFT"), _said(opened, gift)] == [says, says]
    assert not StockLevel.objects.filter(variant=gift).exists()


def test_a_plan_of_nothing_is_refused(article):
    plan = stocktakes.Plan(location=builders.location(), scope="list")
    assert "Choose the articles" in _said(stocktakes.open_sheet, plan, actor="hana")
    plan = stocktakes.Plan(location=builders.location(), scope="beginning", beginning=" ")
    assert "how the SKUs begin" in _said(stocktakes.open_sheet, plan, actor="hana")
    assert scans.scan(opened().id, "", actor="wako").outcome is Scan.UNKNOWN
