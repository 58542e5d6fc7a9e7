"""Purchase orders on screen: list, draft, placing, calling off, surplus, landed costs; what is refused says why."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from apps.core import clock
from apps.core.models import AuditEntry
from apps.inventory.models import LandedCost, PurchaseOrder, StockLevel, Supplier, Surplus
from tests.staff.buying import came, drafted, line_ids, make_buying_shop, placed

LIST = reverse("staff:purchases")


@pytest.fixture
def buying(db):
    return make_buying_shop()


def _at(name, order):
    return reverse(f"staff:{name}", args=[order.id])


def _said(answer) -> str:
    return answer.context["error"]


def _level(shop, sku):
    return StockLevel.objects.get(variant=shop.variants[sku], location=shop.location)


def _listed(browser, **query):
    return [row["order"].number for row in browser.get(LIST, query).context["rows"]]


def test_the_list_shows_what_is_to_be_done_and_the_rest_by_choice(browser_as, buying):
    draft, open_, late, done = (placed(*buying, TEA=12) if name != "draft" else drafted(*buying, TEA=12)
                                for name in ("draft", "open", "late", "done"))  # fmt: skip
    PurchaseOrder.objects.filter(id=late.id).update(expected_on=clock.business_date() - timedelta(days=1))
    came(done, TEA=20)
    browser = browser_as("warehouse")

    assert _listed(browser) == [late.number, open_.number, draft.number]
    assert _listed(browser, only="late") == [late.number]
    assert _listed(browser, only="draft") == [draft.number]
    assert _listed(browser, only="surplus") == [done.number]
    assert _listed(browser, only="all") == [done.number, late.number, open_.number, draft.number]
    assert _listed(browser, q=open_.number.lower()) == [open_.number]
    assert len(_listed(browser, q="丸")) == 4
    assert _listed(browser, q="久") == []


def test_the_list_says_how_much_came_and_what_it_costs(browser_as, buying):
    came(placed(*buying, TEA=24), TEA=10)

    (row,) = browser_as("warehouse").get(LIST).context["rows"]

    assert (row["sums"].came, row["sums"].asked, row["amount_minor"]) == (10, 24, 10380)


def test_a_draft_is_made_and_written_and_placed(browser_as, buying):
    shop, supplier = buying
    staff = browser_as("staff")

    staff.post(
        reverse("staff:purchase_make"), {"supplier": supplier.id, "location": shop.location.id, "note": "急ぎません"}
    )
    order = PurchaseOrder.objects.get()
    staff.post(_at("purchase_lines", order), {"code": "MK-T"})
    staff.post(_at("purchase_lines", order), {"code": "4901234500013", "quantity": "１，０００", "price": "1,150.5"})
    ids = line_ids(order)
    form = {f"quantity-{ids['TEA']}": "24", f"price-{ids['TEA']}": "430", f"quantity-{ids['MATCHA']}": "0",
            f"price-{ids['MATCHA']}": "1"}  # fmt: skip
    before = list(order.lines.order_by("number").values_list("quantity", "price"))
    staff.post(_at("purchase_lines", order), form)
    answer = staff.post(_at("purchase_place", order), follow=True)

    assert before == [(12, Decimal("432.5")), (1000, Decimal("1150.5"))]
    assert list(order.lines.values_list("quantity", "price")) == [(24, 430)]
    assert PurchaseOrder.objects.get().state == "ordered"
    assert "is ordered. Its goods are expected on" in answer.content.decode()
    assert _level(shop, "TEA").incoming == 24
    assert AuditEntry.objects.filter(action="purchase.ordered", actor="staff").count() == 1


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"code": "NOTHING"}, "No article has the code “NOTHING”"),
        ({"code": "TEA", "quantity": "-3"}, "-3 units cannot be right"),
        ({"code": "TEA", "quantity": "4901234500013"}, "4901234500013 units cannot be right"),
        ({"code": "TEA", "quantity": "1.5"}, "“1.5” is not a number of units"),
        ({"code": "TEA", "quantity": "a dozen"}, "“a dozen” is not a number of units"),
        ({"code": "TEA", "price": "cheap"}, "“cheap” is not an amount"),
        ({"code": "TEA", "price": "-1"}, "A price is not below 0"),
    ],
)
def test_a_line_that_makes_no_sense_is_refused_and_stays_in_its_fields(browser_as, buying, form, said):
    order = drafted(*buying)

    answer = browser_as("staff").post(_at("purchase_lines", order), form)

    assert (answer.status_code, said in _said(answer), order.lines.count()) == (409, True, 0)
    page = answer.content.decode()
    assert all(f'value="{text}"' in page for text in form.values())


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("ja", "発注日 2026年11月5日"),
        ("en", "Ordered on 5 Nov 2026"),
    ],
)
def test_the_printed_order_says_its_day_in_full(browser_as, buying, language, said):
    order = placed(*buying, TEA=12)
    PurchaseOrder.objects.filter(id=order.id).update(ordered_at=datetime(2026, 11, 5, 3, tzinfo=UTC))

    page = browser_as("warehouse").get(_at("purchase", order), headers={"accept-language": language})

    assert [page.content.decode().count(words) for words in (said, "丸久園 御中")] == [1, 2 if language == "ja" else 0]


def test_lines_are_saved_all_or_none(browser_as, buying):
    order = drafted(*buying, TEA=12, MATCHA=6)
    ids = line_ids(order)
    form = {f"quantity-{ids['TEA']}": "99", f"price-{ids['TEA']}": "1", f"quantity-{ids['MATCHA']}": "x",
            f"price-{ids['MATCHA']}": "1"}  # fmt: skip

    assert browser_as("staff").post(_at("purchase_lines", order), form).status_code == 409
    assert list(order.lines.order_by("number").values_list("quantity", flat=True)) == [12, 6]


def test_a_draft_says_what_is_odd_about_it(browser_as, buying):
    shop, _ = buying
    mill = Supplier.objects.create(code="mill", name="Mill", currency="USD")
    small, foreign = drafted(*buying, TEA=13), drafted(shop, mill, MATCHA=1)
    staff = browser_as("staff")

    page = staff.get(_at("purchase", small)).content.decode()
    answer = staff.post(_at("purchase_place", foreign))

    assert ("smallest order is ¥20,000" in page, "Sold in packs of 12" in page) == (True, True)
    assert (answer.status_code, "is in USD" in _said(answer)) == (409, True)
    staff.post(_at("purchase_lines", foreign), {"rate": "151.2"})
    assert staff.post(_at("purchase_place", foreign)).status_code == 302


def test_an_order_is_placed_once(browser_as, buying):
    order = placed(*buying, TEA=12)

    answer = browser_as("staff").post(_at("purchase_place", order))

    assert (answer.status_code, "only a draft" in _said(answer), _level(buying[0], "TEA").incoming) == (409, True, 12)


def test_units_that_will_not_come_are_called_off_once(browser_as, buying):
    order = placed(*buying, TEA=12)
    line = line_ids(order)["TEA"]
    staff = browser_as("staff")
    form = {"seen": "12", f"units-{line}": "5", "reason": "sold out there"}

    answers = [staff.post(_at("purchase_end", order), form) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [302, 409]
    assert "Goods have moved since" in _said(answers[1])
    assert _level(buying[0], "TEA").incoming == 7
    without = staff.post(_at("purchase_end", order), form | {"seen": "7", "reason": ""})
    assert (without.status_code, "reason is missing" in _said(without)) == (409, True)


def test_an_order_is_ended(browser_as, buying):
    order = placed(*buying, TEA=12)
    came(order, TEA=5)

    browser_as("staff").post(_at("purchase_end", order), {"all": "1", "reason": "they closed"})

    assert (PurchaseOrder.objects.get().state, _level(buying[0], "TEA").incoming) == ("closed", 0)


@pytest.mark.parametrize(("word", "state", "units"), [("keep", "kept", 24), ("back", "sent_back", 22)])
def test_surplus_waits_on_the_page_until_somebody_decides(browser_as, buying, word, state, units):
    order = placed(*buying, TEA=12)
    came(order, TEA=14)
    staff = browser_as("staff")
    page = staff.get(_at("purchase", order))
    row = Surplus.objects.get()

    staff.post(_at("purchase_decide", order), {"surplus": row.id, "word": word, "reason": "fine"})

    assert [waits.quantity for waits in page.context["waiting"]] == [2]
    assert (Surplus.objects.get().state, _level(buying[0], "TEA").on_hand) == (state, units)
    again = staff.post(_at("purchase_decide", order), {"surplus": row.id, "word": "keep"})
    assert (again.status_code, "decided this already" in _said(again)) == (409, True)


def test_surplus_of_another_order_or_without_a_word_is_refused(browser_as, buying):
    order, other = placed(*buying, TEA=12), placed(*buying, TEA=12)
    came(order, TEA=14)
    row = Surplus.objects.get()
    staff = browser_as("staff")

    answers = [
        staff.post(_at("purchase_decide", at), {"surplus": row.id, "word": word})
        for at, word in ((other, "keep"), (order, ""))
    ]

    assert [answer.status_code for answer in answers] == [409, 409]
    assert Surplus.objects.get().state == "waiting"


def test_a_bill_is_spread_once(browser_as, buying):
    order = placed(*buying, TEA=12)
    came(order, TEA=12)
    accountant = browser_as("accountant")
    page = accountant.get(_at("purchase", order))
    form = {"bill": page.context["bill"], "kind": "freight", "basis": "quantity", "amount": "￥1,200".strip("￥"),
            "receipt": [str(order.receipts.get().id)], "number": "YM-1"}  # fmt: skip

    answers = [accountant.post(_at("purchase_land", order), form) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [302, 409]
    assert LandedCost.objects.get().amount_minor == 1200
    (shown,) = accountant.get(_at("purchase", order)).context["costs"]
    # Ten older units lie in the same pool; nothing was sold.
    assert (shown["stock_minor"], shown["sold_minor"]) == (1200, 0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"amount": "0"}, "other than 0"),
        ({"amount": "12.5"}, "JPY has no such small part"),
        ({"amount": "much"}, "is not an amount"),
        ({"kind": "charm"}, "Choose what the bill is for"),
        ({"basis": "charm"}, "Choose how to spread"),
        ({"receipt": []}, "No goods have come"),
    ],
)
def test_a_bill_that_makes_no_sense_is_refused(browser_as, buying, change, said):
    order = placed(*buying, TEA=12)
    came(order, TEA=12)
    form = {"kind": "freight", "basis": "quantity", "amount": "100", "receipt": [str(order.receipts.get().id)]} | change

    answer = browser_as("accountant").post(_at("purchase_land", order), form)

    assert (answer.status_code, said in _said(answer), LandedCost.objects.count()) == (409, True, 0)


def test_a_supplier_and_a_place_must_be_chosen(browser_as, buying):
    _, supplier = buying
    staff = browser_as("staff")

    answers = [
        staff.post(reverse("staff:purchase_make"), form)
        for form in ({}, {"supplier": "x", "location": "y"}, {"supplier": supplier.id, "location": supplier.id})
    ]

    assert [(answer.status_code, _said(answer)) for answer in answers] == [(409, "Choose a supplier and a place.")] * 3
    assert staff.get(reverse("staff:purchase_new")).status_code == 200


def test_the_pages_cost_the_same_however_much_there_is(browser_as, buying, django_assert_max_num_queries):
    orders = [placed(*buying, TEA=12, MATCHA=6) for _ in range(6)]
    for _ in range(4):
        came(orders[0], TEA=1, MATCHA=1)
    browser = browser_as("owner")
    browser.get(LIST)

    with django_assert_max_num_queries(12):
        assert browser.get(LIST, {"only": "all"}).status_code == 200
    with django_assert_max_num_queries(22):
        assert browser.get(_at("purchase", orders[0])).status_code == 200


def test_an_order_that_is_not_there_is_not_found(browser_as, buying):
    strange = reverse("staff:purchase", args=[buying[1].id])

    assert browser_as("owner").get(strange).status_code == 404
