"""Transfers on screen: draft, leave, come in parts, get lost; a page sent twice moves nothing twice."""

import pytest
from django.urls import reverse

from apps.inventory.models import Location, StockLevel, Transfer
from tests.staff.builders import make_order
from tests.staff.buying import make_buying_shop

LIST = reverse("staff:transfers")


@pytest.fixture
def shop(db):
    return make_buying_shop()[0]


@pytest.fixture
def browser(browser_as):
    return browser_as("warehouse")


def _draft(browser, shop, **units):
    there = Location.objects.get(code="shibuya")
    browser.post(reverse("staff:transfer_make"), {"origin": shop.location.id, "destination": there.id})
    made = Transfer.objects.latest("id")
    for sku, count in units.items():
        browser.post(_at("transfer_lines", made), {"code": sku, "quantity": str(count)})
    return made


def _sent(browser, shop, **units):
    made = _draft(browser, shop, **units)
    assert browser.post(_at("transfer_send", made)).status_code == 302
    return made


def _at(name, transfer):
    return reverse(f"staff:{name}", args=[transfer.id])


def _levels(shop, sku="TEA"):
    rows = StockLevel.objects.filter(variant=shop.variants[sku])
    return {row.location.code: (row.on_hand, row.incoming) for row in rows.select_related("location")}


def test_goods_go_from_one_place_to_another(browser, shop):
    made = _sent(browser, shop, TEA=6)
    line = made.lines.get()
    on_way = _levels(shop)

    browser.post(_at("transfer_receive", made), {"seen": "6", f"units-{line.id}": "4"})
    browser.post(_at("transfer_lose", made), {"seen": "2", f"units-{line.id}": "2", "reason": "broken"})

    assert (on_way, _levels(shop)) == ({"main": (4, 0), "shibuya": (0, 6)}, {"main": (4, 0), "shibuya": (4, 0)})
    page = browser.get(_at("transfer", made))
    assert [(step.kind, step.units) for step in page.context["steps"]] == [("lost", -2), ("received", -4), ("sent", 6)]


def test_a_page_that_is_sent_twice_moves_nothing_twice(browser, shop):
    made = _sent(browser, shop, TEA=6)
    form = {"seen": "6", f"units-{made.lines.get().id}": "2"}

    answers = [browser.post(_at("transfer_receive", made), form) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [302, 409]
    assert ("Goods have moved since" in answers[1].context["error"], _levels(shop)["shibuya"]) == (True, (2, 4))


def test_the_list_shows_what_is_to_be_done(browser, shop):
    done, way = _sent(browser, shop, TEA=2), _sent(browser, shop, TEA=3)
    browser.post(_at("transfer_receive", done), {"seen": "2", f"units-{done.lines.get().id}": "2"})

    def listed(**query):
        return [row["transfer"].number for row in browser.get(LIST, query).context["rows"]]

    assert (listed(), listed(only="all")) == ([way.number], [way.number, done.number])
    assert (listed(q=done.number), listed(q="渋谷"), listed(q="谷")) == ([done.number], [way.number, done.number], [])


def test_promised_units_do_not_leave(browser, shop):
    make_order(shop, ("TEA", 7), method="cod")
    made = _draft(browser, shop, TEA=4)

    answer = browser.post(_at("transfer_send", made))

    assert (answer.status_code, "TEA: 4 are to go, 3 are free" in answer.context["error"]) == (409, True)
    assert _levels(shop) == {"main": (10, 0)}
    assert browser.get(_at("transfer", made)).context["rows"][0]["is_short"]


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"code": "NOTHING", "quantity": "1"}, "No article has the code “NOTHING”"),
        ({"code": "TEA", "quantity": "-1"}, "-1 units cannot be right"),
        ({"code": "TEA", "quantity": "lots"}, "“lots” is not a number of units"),
    ],
)
def test_a_line_that_makes_no_sense_is_refused(browser, shop, form, said):
    made = _draft(browser, shop)

    answer = browser.post(_at("transfer_lines", made), form)

    assert (answer.status_code, said in answer.context["error"], made.lines.count()) == (409, True, 0)


def test_lines_of_a_draft_are_changed_and_the_draft_is_thrown_away(browser, shop):
    made = _draft(browser, shop, TEA=4)
    line = made.lines.get()

    browser.post(_at("transfer_lines", made), {f"quantity-{line.id}": "5"})
    five = made.lines.get().quantity
    browser.post(_at("transfer_lines", made), {f"quantity-{line.id}": "0"})
    browser.post(_at("transfer_cancel", made))

    assert (five, made.lines.count(), Transfer.objects.get().state) == (5, 0, "cancelled")
    assert browser.post(_at("transfer_send", made)).status_code == 409


def test_two_places_must_be_chosen_and_a_loss_needs_a_reason(browser, shop):
    same = {"origin": shop.location.id, "destination": shop.location.id}
    answers = [browser.post(reverse("staff:transfer_make"), form) for form in ({}, same)]
    assert [answer.status_code for answer in answers] == [409, 409]
    made = _sent(browser, shop, TEA=1)

    lost = browser.post(_at("transfer_lose", made), {"seen": "1", f"units-{made.lines.get().id}": "1", "reason": ""})

    assert (lost.status_code, "how the goods were lost" in lost.context["error"]) == (409, True)
    assert browser.get(reverse("staff:transfer_new")).status_code == 200


def test_the_pages_cost_the_same_however_much_there_is(browser, shop, django_assert_max_num_queries):
    for _ in range(4):
        _sent(browser, shop, TEA=1)
    made = Transfer.objects.latest("id")

    with django_assert_max_num_queries(12):
        assert browser.get(LIST).status_code == 200
    with django_assert_max_num_queries(13):
        assert browser.get(_at("transfer", made)).status_code == 200
