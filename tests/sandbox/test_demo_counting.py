"""A newcomer finds one stocktake half counted, and never a second one."""

import pytest

from apps.inventory.models import StockLevel, Stocktake
from apps.sandbox.demo import counting, goods
from tests import builders

pytestmark = pytest.mark.django_db


def test_a_newcomer_sees_a_stocktake_that_is_being_counted():
    for one in goods.GOODS[:8]:
        builders.stock(builders.variant(one.sku, barcode=one.barcode), one.opening)
    before = list(StockLevel.objects.order_by("id").values_list("on_hand", flat=True))

    sheet, again = counting.begin(), counting.begin()

    lines = list(sheet.lines.order_by("number"))
    assert (sheet.state, sheet.is_blind, sheet.counters, again) == ("counting", True, [counting.WHO], None)
    assert [line.counted is not None for line in lines] == [True] * 5 + [False] * 3
    assert [line.counted - line.book for line in lines[:5]] == [0, 0, 0, 0, -1]
    assert [stray.code for stray in sheet.strays.all()] == [counting.STRAY]
    assert list(StockLevel.objects.order_by("id").values_list("on_hand", flat=True)) == before


def test_where_nothing_lies_nothing_is_counted():
    assert (counting.begin(), Stocktake.objects.count()) == (None, 0)
