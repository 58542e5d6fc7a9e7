"""At the door: scan, count, type, book; without a script and with one. What is wrong is said loudly and nothing is half-done."""

import pytest
from django.urls import reverse

from apps.inventory.models import PurchaseOrderLine, Receipt, StockLevel, Surplus
from tests.staff.buying import drafted, line_ids, make_buying_shop, placed


@pytest.fixture
def buying(db):
    return make_buying_shop()


def _at(name, order):
    return reverse(f"staff:purchase_{name}", args=[order.id])


def _scan(browser, order, code, **more):
    return browser.post(_at("scan", order), {"code": code} | more, follow=True).context["answer"]


def _counted(order):
    return dict(order.lines.values_list("variant__sku", "counted"))


def test_what_is_scanned_is_counted_and_said(browser_as, buying):
    order = placed(*buying, TEA=24)
    browser = browser_as("warehouse")

    told = [_scan(browser, order, code) for code in ("4901234500020", "MK-T", "tea", "XXX")]

    assert [(answer["is"], answer["said"]) for answer in told] == [
        ("ok", "1 / 24"), ("ok", "13 / 24"), ("ok", "14 / 24"), ("bad", "This code is no article. Scan again."),
    ]  # fmt: skip
    assert told[1]["what"] == "宇治煎茶: a pack of 12"
    assert _counted(order) == {"TEA": 14}


def test_with_a_script_a_scan_is_answered_by_parts_of_the_page(browser_as, buying):
    order = placed(*buying, TEA=24)

    answer = browser_as("warehouse").post(_at("scan", order), {"code": "TEA"}, headers={"hx-request": "true"})

    page = answer.content.decode()
    assert [page.count(part) for part in ('id="answer"', 'id="todo"', 'id="side"', "<html")] == [1, 1, 1, 0]


def test_an_article_that_was_not_ordered_is_put_aside_or_counted_when_told_so(browser_as, buying):
    order = placed(*buying, TEA=24)
    browser = browser_as("warehouse")

    first = _scan(browser, order, "4901234500013")
    second = _scan(browser, order, first["anyway"], anyway="1")

    assert (first["is"], first["said"]) == ("bad", "This was not ordered. Put it aside.")
    assert (second["is"], _counted(order)) == ("act", {"TEA": 0, "MATCHA": 1})


def test_a_number_is_typed(browser_as, buying):
    order = placed(*buying, TEA=24)
    line = line_ids(order)["TEA"]
    browser = browser_as("warehouse")

    browser.post(_at("count", order), {"line": line, "units": "２０"})
    refused = [
        browser.post(_at("count", order), {"line": line, "units": text}) for text in ("-1", "many", "4901234500020")
    ]

    assert _counted(order) == {"TEA": 20}
    assert [answer.status_code for answer in refused] == [409] * 3
    assert "-1 cannot have come" in refused[0].context["error"]
    quick = browser.post(_at("count", order), {"line": line, "units": "-1"}, headers={"hx-request": "true"})
    assert (quick.status_code, quick.context["answer"]["is"]) == (200, "bad")


def test_what_was_counted_is_booked_once_and_the_rest_waits(browser_as, buying):
    shop, _ = buying
    order = placed(*buying, TEA=24)
    browser = browser_as("warehouse")
    browser.post(_at("count", order), {"line": line_ids(order)["TEA"], "units": "27"})

    page = browser.post(_at("book", order), {"slip": "N-5"}, follow=True).content.decode()
    again = browser.post(_at("book", order), {})

    assert ("Booked: 25 units are stock now." in page, "2 units beyond the order wait" in page) == (True, True)
    assert (again.status_code, "Nothing was counted yet" in again.context["error"]) == (409, True)
    level = StockLevel.objects.get(variant=shop.variants["TEA"], location=shop.location)
    assert (level.on_hand, level.incoming, Surplus.objects.get().quantity) == (35, 0, 2)
    assert list(Receipt.objects.filter(order=order).values_list("slip", flat=True)) == ["N-5"]


def test_nothing_is_received_of_a_draft(browser_as, buying):
    order = drafted(*buying, TEA=24)
    browser = browser_as("warehouse")

    assert browser.get(_at("receive", order)).status_code == 200
    assert "was not placed yet" in _scan(browser, order, "TEA")["said"]
    assert browser.post(_at("book", order), {}).status_code == 409
    assert Receipt.objects.filter(order=order).count() == 0


def test_lines_and_orders_that_are_not_there_are_not_found(browser_as, buying):
    order, other = placed(*buying, TEA=24), placed(*buying, TEA=24)
    browser, strange = browser_as("warehouse"), buying[1]

    answers = [
        browser.get(_at("receive", strange)),
        browser.post(_at("scan", strange), {"code": "TEA"}),
        browser.post(_at("book", strange), {}),
        browser.post(_at("count", order), {"line": line_ids(other)["TEA"], "units": "1"}),
        browser.post(_at("count", order), {"line": "x", "units": "1"}),
    ]

    assert [answer.status_code for answer in answers] == [404] * 5
    assert not PurchaseOrderLine.objects.exclude(counted=0).exists()


def test_the_answer_of_one_delivery_is_not_shown_at_another(browser_as, buying):
    order, other = placed(*buying, TEA=24), placed(*buying, TEA=24)
    browser = browser_as("warehouse")
    _scan(browser, order, "TEA")

    assert browser.get(_at("receive", other)).context["answer"] == {}
