"""Stock value on screen and as a file: any past day, one place or all, held against the book; no cell is ever a formula."""

import csv
import io
from datetime import timedelta

import pytest
from django.urls import reverse

from apps.catalog.models import Variant
from apps.core import clock
from apps.inventory.models import Location, StockMovement
from apps.staff.parts import sheets
from tests import sql
from tests.staff.builders import make_variant
from tests.staff.buying import came, make_buying_shop, placed

PAGE, FILE = reverse("staff:stock_value"), reverse("staff:stock_value_csv")


@pytest.fixture
def shop(db):
    """Ten TEA that nobody booked (opening), and twelve more that were bought for 5,190."""
    shop, supplier = make_buying_shop()
    came(placed(shop, supplier, TEA=12), TEA=12)
    return shop


def _sheet(answer):
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def test_the_page_says_value_and_book_and_what_they_do_not_agree_on(browser_as, shop):
    page = browser_as("accountant").get(PAGE)

    assert (page.context["total_minor"], page.context["book_minor"], page.context["difference_minor"]) == (
        9190, 5190, 4000,
    )  # fmt: skip
    assert [(line.sku, line.units, line.minor, line.each_minor) for line in page.context["lines"]] == [
        ("TEA", 22, 9190, 418)
    ]
    assert "book and shelves differ" in page.content.decode()


def test_a_past_day_and_one_place(browser_as, shop):
    browser = browser_as("accountant")
    yesterday = clock.business_date() - timedelta(days=1)
    other = Location.objects.get(code="shibuya")

    assert browser.get(PAGE, {"day": yesterday.isoformat()}).context["total_minor"] == 0
    here = browser.get(PAGE, {"at": str(shop.location.id)})
    assert (here.context["total_minor"], here.context["book_minor"]) == (9190, None)
    assert browser.get(PAGE, {"at": str(other.id)}).context["lines"] == []


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01", "9999-12-31", "0000-00-00", "\0"])
def test_a_day_that_is_none_is_answered_with_today(browser_as, shop, day):
    page = browser_as("accountant").get(PAGE, {"day": day, "at": "nowhere", "after": "%%%"})

    assert (page.status_code, page.context["day"], page.context["total_minor"]) == (200, clock.business_date(), 9190)
    assert page.context["error"]


def test_lines_come_by_pages(browser_as, shop, monkeypatch):
    monkeypatch.setattr("apps.staff.views.stock_value.SIZE", 2)
    for number in range(4):
        make_variant(shop, f"A{number}", 1)
    browser, seen, after = browser_as("accountant"), [], ""

    while True:
        page = browser.get(PAGE, {"after": after})
        seen.append([line.sku for line in page.context["lines"]])
        after = page.context["next"]
        if not after:
            break

    assert seen == [["A0", "A1"], ["A2", "A3"], ["TEA"]]


def test_the_file_has_every_line_and_no_formula(browser_as, shop):
    tricky = make_variant(shop, "=1+1", 1, title='=HYPERLINK("http://x","y")')
    Location.objects.filter(id=shop.location.id).update(name="@home")

    answer = browser_as("accountant").get(FILE)

    rows = _sheet(answer)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert rows[0][:4] == ["Day", "SKU", "Article", "Place"]
    day = clock.business_date().isoformat()
    assert rows[1:] == [
        [day, "'=1+1", "'" + tricky.title, "'@home", "", "1", "400", "JPY"],
        [day, "TEA", "宇治煎茶", "'@home", "", "22", "9190", "JPY"],
    ]


@pytest.mark.parametrize(
    ("value", "shown"),
    [("=A1", "'=A1"), ("+1", "'+1"), ("-1", "'-1"), ("@x", "'@x"), ("\tx", "'\tx"), ("\rx", "'\rx"), (" =A1", "' =A1"),
     ("＝A1", "'＝A1"), ("A=1", "A=1"), ("", ""), (-5, -5), (None, None)],
)  # fmt: skip
def test_a_cell_is_never_a_formula(value, shown):
    assert sheets.cell(value) == shown


def test_the_page_costs_the_same_however_much_there_is(browser_as, shop, django_assert_max_num_queries):
    for number in range(30):
        make_variant(shop, f"B{number}", 1)
    browser = browser_as("accountant")

    with django_assert_max_num_queries(14):
        assert browser.get(PAGE).status_code == 200


def test_goods_on_their_way_are_counted_where_they_go(browser_as, shop):
    sql.run("UPDATE inventory_location SET is_active = true")
    warehouse = browser_as("warehouse")
    there = Location.objects.get(code="shibuya")
    warehouse.post(reverse("staff:transfer_make"), {"origin": shop.location.id, "destination": there.id})
    lines = warehouse.get(reverse("staff:transfers")).context["rows"][0]["transfer"]
    warehouse.post(reverse("staff:transfer_lines", args=[lines.id]), {"code": "TEA", "quantity": "2"})
    warehouse.post(reverse("staff:transfer_send", args=[lines.id]))

    page = browser_as("accountant").get(PAGE)

    assert [(line.place, line.is_on_way, line.units) for line in page.context["lines"]] == [
        ("東京倉庫", False, 20), ("渋谷店", True, 2),
    ]  # fmt: skip
    assert page.context["total_minor"] == 9190
    assert StockMovement.objects.filter(kind="transfer").count() == 2
    assert Variant.objects.count() == 2
