"""A stocktake by its screens: counted blind by scanner, phone and paper; approved by somebody else; results named."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from apps.core import clock
from apps.inventory.models import Demand, StockLevel, Stocktake, StocktakeEntry
from apps.orders.models import Order
from tests.staff.builders import make_order, make_shop, make_variant

BOOK = 7391  # a number that stands on no page by chance


@pytest.fixture
def shop(db):
    shop = make_shop(TEA=BOOK)
    make_variant(shop, "POT", 4, title="Pot", barcode="4901234500013")
    return shop


def _url(name: str, *sheet: Stocktake) -> str:
    return reverse(f"staff:stocktake{name}", args=[row.id for row in sheet])


def _open(browser, shop, **form) -> Stocktake:
    browser.post(_url("_make"), {"location": shop.location.id, "scope": "all"} | form)
    return Stocktake.objects.latest("id")


def _row(sheet: Stocktake, sku: str):
    return sheet.lines.get(level__variant__sku=sku)


def _put(browser, sheet, sku, units, **more):
    return browser.post(_url("_put", sheet), {"line": _row(sheet, sku).id, "units": units} | more, follow=True)


def _counted(wako, shop, **numbers) -> Stocktake:
    sheet = _open(wako, shop)
    for sku, units in numbers.items():
        _put(wako, sheet, sku, units)
    wako.post(_url("_close", sheet), {"rest": "stay"})
    sheet.refresh_from_db()
    return sheet


def _pages(*answers) -> str:
    return " ".join(answer.content.decode() for answer in answers)


def test_who_counts_blind_is_shown_no_number_of_the_book(browser_as, shop):
    wako = browser_as("warehouse")
    sheet = _open(wako, shop)
    scanned = wako.post(_url("_scan", sheet), {"code": "TEA"}, headers={"HX-Request": "true"})
    pages = [wako.get(_url("", sheet)), wako.get(_url("_paper", sheet)), wako.get(reverse("staff:stocktakes")), scanned]
    wako.post(_url("_close", sheet), {"rest": "stay"})
    pages += [wako.get(_url("", sheet))]

    said = _pages(*pages)

    assert [word for word in (f"{BOOK}", f"{BOOK:,}", f"{BOOK - 1:,}") if word in said] == []
    assert wako.get(_url("_differences", sheet)).status_code == 403
    # The control: a count that is not blind shows the book.
    assert f"{BOOK:,}" in _pages(wako.get(_url("", _open(wako, shop, open="on"))))


def test_scans_add_a_typed_number_sets_and_the_last_is_taken_back(browser_as, shop):
    wako = browser_as("warehouse")
    sheet = _open(wako, shop)
    for code in ("4901234500013", "pot", "POT"):
        wako.post(_url("_scan", sheet), {"code": code})
    said = [wako.get(_url("", sheet)).context["answer"]["said"]]
    for name, form in (
        ("_put", {"line": _row(sheet, "POT").id, "units": "１２", "how": "set"}),
        ("_put", {"line": _row(sheet, "POT").id, "units": "2", "how": "add"}),
        ("_undo", {}),
        ("_undo", {}),
        ("_scan", {"code": "4909999999999"}),
    ):
        wako.post(_url(name, sheet), form)
        said.append(wako.get(_url("", sheet)).context["answer"]["said"])

    assert said[:5] == ["3", "12", "14", "12", "3"]
    assert "4909999999999" in _pages(wako.get(_url("", sheet)))
    stray = sheet.strays.get()
    wako.post(_url("_name", sheet), {"stray": stray.id, "sku": "POT"})
    assert _row(sheet, "POT").counted == 4


def test_who_scanned_an_unknown_code_has_a_button_to_take_it_back(browser_as, shop):
    wako, owner = browser_as("warehouse"), browser_as("owner")
    sheet, button = _open(wako, shop), 'value="{}"><button aria-label'
    wako.post(_url("_scan", sheet), {"code": "4909999999999"})
    stray = sheet.strays.get()
    seen = [button.format(stray.id) in _pages(who.get(_url("", sheet))) for who in (wako, owner)]

    wako.post(_url("_take_back", sheet), {"stray": stray.id})

    answer = wako.get(_url("", sheet)).context["answer"]
    assert (seen, sheet.strays.count(), answer["said"], answer["what"]) == ([True, False], 0, "0", "4909999999999")
    assert [
        wako.post(_url("_take_back", sheet), {"stray": one}).status_code for one in (stray.id, "no uuid")
    ] == [404, 404]  # fmt: skip


@pytest.mark.parametrize("units", ["-1", "4901234500013", "two", ""])
def test_what_cannot_be_a_number_is_said_and_nothing_is_kept(browser_as, shop, units):
    wako = browser_as("warehouse")
    sheet = _open(wako, shop)

    answer = _put(wako, sheet, "POT", units)

    assert (answer.status_code, bool(answer.context["error"]), StocktakeEntry.objects.count()) == (409, True, 0)


def test_a_sheet_is_not_closed_before_somebody_says_what_uncounted_rows_mean(browser_as, shop):
    wako = browser_as("warehouse")
    sheet = _open(wako, shop)
    _put(wako, sheet, "POT", 4)

    assert wako.post(_url("_close", sheet)).status_code == 409
    assert wako.post(_url("_close", sheet), {"rest": "empty"}).status_code == 302
    assert _row(sheet, "TEA").counted == 0


def test_paper_is_taken_whole_or_not_at_all(browser_as, shop):
    wako = browser_as("warehouse")
    sheet = _open(wako, shop)
    said_at = clock.now().astimezone(clock.shop_zone()).strftime("%Y-%m-%dT%H:%M")
    fields = {name: f"units-{_row(sheet, name).id}" for name in ("TEA", "POT")}

    wrong = wako.post(_url("_put_paper", sheet), {"said_at": said_at, fields["TEA"]: "9", fields["POT"]: "x"})
    early = {"said_at": "2001-01-01T00:00", fields["TEA"]: "9"}
    never = {"said_at": "2026-13-99T99:99", fields["TEA"]: "9"}
    refused = [wako.post(_url("_put_paper", sheet), form).status_code for form in (early, never, {"said_at": said_at})]
    done = wako.post(_url("_put_paper", sheet), {"said_at": said_at, fields["TEA"]: "9", fields["POT"]: ""})

    assert [wrong.status_code, *refused, done.status_code] == [409, 409, 409, 409, 302]
    assert 'value="x"' in _pages(wrong)  # what was typed stays
    assert [_row(sheet, "TEA").counted, _row(sheet, "POT").counted] == [9, None]


def test_somebody_else_approves_and_the_orders_that_wait_again_are_named(browser_as, shop):
    order = make_order(shop, ("POT", 3), method="cod")
    wako, aoi = browser_as("warehouse"), browser_as("staff")
    sheet = _counted(wako, shop, POT=1, TEA=BOOK)

    page = aoi.get(_url("_differences", sheet))
    answer = aoi.post(_url("_approve", sheet), {"seen": page.context["sheet"].round}, follow=True)

    assert [(row.line.level.variant.sku, row.of.difference, row.below) for row in page.context["rows"]] == [
        ("POT", -3, 2)
    ]
    assert [(row["order"].number, row["units"]) for row in answer.context["back"]] == [(order.number, 2)]
    assert re.search(rf"<li><a class=\"in\" href=\"[^\"]*{order.id}/\">{order.number}</a> · POT", _pages(answer))
    order.refresh_from_db()
    assert (order.allocation, Demand.objects.get().allocated) == ("partial", 1)
    assert StockLevel.objects.get(variant__sku="POT").on_hand == 1
    again = aoi.post(_url("_approve", sheet), {"seen": 1}, follow=True)
    assert f"{sheet.number} is approved" in _pages(again)


def test_who_counted_may_neither_approve_nor_see_the_figures_of_a_blind_count(browser_as, shop):
    aoi = browser_as("staff")
    sheet = _counted(aoi, shop, POT=1, TEA=BOOK - 1)

    page = aoi.get(_url("_differences", sheet))
    refused = aoi.post(_url("_approve", sheet), {"seen": 1})

    assert (f"{BOOK:,}" in _pages(page), "rows" in page.context, refused.status_code) == (False, False, 409)
    assert StockLevel.objects.get(variant__sku="POT").on_hand == 4


def test_picked_rows_go_back_with_a_reason(browser_as, shop):
    wako, aoi = browser_as("warehouse"), browser_as("staff")
    sheet = _counted(wako, shop, POT=1, TEA=BOOK)
    pot = _row(sheet, "POT").id

    without = aoi.post(_url("_back", sheet), {"seen": 1, "line": pot, "reason": " "})
    stale = aoi.post(_url("_back", sheet), {"seen": 9, "line": pot, "reason": "behind the door"})
    done = aoi.post(_url("_back", sheet), {"seen": 1, "line": pot, "reason": "behind the door"})

    assert [without.status_code, stale.status_code, done.status_code] == [409, 409, 302]
    page = _pages(wako.get(_url("", sheet)))
    assert ("behind the door" in page, [_row(sheet, sku).counted for sku in ("POT", "TEA")]) == (True, [None, BOOK])


def test_a_closed_count_is_thrown_away_by_who_may_approve_it(browser_as, shop):
    wako, aoi = browser_as("warehouse"), browser_as("staff")
    sheet = _counted(wako, shop, POT=1)

    assert wako.post(_url("_reject", sheet), {"why": "no"}).status_code == 403
    aoi.post(_url("_reject", sheet), {"why": "the wrong shelf"})

    sheet.refresh_from_db()
    assert (sheet.state, sheet.reason) == ("rejected", "the wrong shelf")
    mine = _open(wako, shop)
    wako.post(_url("_reject", mine), {"why": "opened twice"})
    assert Stocktake.objects.filter(state="rejected").count() == 2


def test_a_scan_after_the_end_leads_to_what_came_of_it(browser_as, shop):
    wako = browser_as("warehouse")
    sheet = _counted(wako, shop, POT=4)
    answer = wako.post(_url("_scan", sheet), {"code": "POT"}, headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Refresh"], _row(sheet, "POT").counted) == (204, "true", 4)


@pytest.mark.parametrize(
    "form",
    [
        {"scope": "moon"},
        {"scope": "list"},
        {"scope": "list", "skus": "NONE"},
        {"scope": "beginning"},
        {"location": "x"},
    ],
)
def test_a_form_that_says_nothing_is_refused_in_words(browser_as, shop, form):
    wako = browser_as("warehouse")
    answer = wako.post(_url("_make"), {"location": shop.location.id, "scope": "all"} | form)
    assert (answer.status_code, bool(answer.context["error"]), Stocktake.objects.count()) == (409, True, 0)


def test_the_list_shows_what_is_to_be_done(browser_as, shop):
    wako = browser_as("warehouse")
    first, second = _open(wako, shop), _counted(wako, shop, POT=4)

    def listed(**query):
        return [row["sheet"] for row in wako.get(reverse("staff:stocktakes"), query).context["rows"]]

    assert [listed(), listed(only="counted"), listed(q=first.number)] == [[second, first], [second], [first]]
    assert Order.objects.count() == 0
    assert first.made_at <= clock.now() + timedelta(seconds=1)
