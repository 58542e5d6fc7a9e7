"""Purchase suggestions: what is listed, in which order, with which words; nothing is suggested that is on its way or drafted."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from apps.core import clock
from apps.core.ids import uuid7
from apps.hub.models import JobRun
from apps.inventory import purchasing, suggestions
from apps.inventory.models import Forecast, Location, PurchaseOrder, StockLevel, Supplier, SupplierItem
from apps.inventory.purchasing import Wish
from apps.staff.parts import demand
from tests.staff.builders import make_order, make_shop, make_variant

PAGE = reverse("staff:suggestions")


@pytest.fixture
def shop(db):
    """Ten pots are far too few, three teas run out on the way, a hundred cups are plenty."""
    shop = make_shop(POT=10, TEA=3, CUP=100)
    make_forecast(shop, "POT", daily="1", lasts_days=20)
    make_forecast(shop, "TEA", daily="2", lasts_days=1)
    make_forecast(shop, "CUP", daily="1", lasts_days=100)
    now = clock.now()
    JobRun.objects.create(job="forecast", period="x", due_at=now, started_at=now, finished_at=now)
    return shop


def level_of(shop, sku: str) -> StockLevel:
    return StockLevel.objects.get(variant=shop.variants[sku])


def make_forecast(shop, sku: str, **facts: Any) -> Forecast:
    """A night's row: a reorder point of 40 (30 expected, 10 in reserve), filled up to 68."""
    wanted: dict[str, Any] = {
        "as_of": clock.business_date(), "computed_at": clock.now(), "sales": 90, "units": 180, "days_counted": 150, "days_out": 0,
        "daily": Decimal(1), "noise": Decimal(1), "error_percent": 35, "error_origins": 12, "lead_days": 14, "review_days": 7,
        "service_percent": Decimal(95), "order_days": 28, "safety": 10, "reorder_point": 40, "up_to": 68, "lasts_days": 5,
    }  # fmt: skip
    wanted |= {name: Decimal(value) if name in ("daily", "noise") else value for name, value in facts.items()}
    return Forecast.objects.create(level=level_of(shop, sku), **wanted)


def supply(shop, sku: str, **facts: Any) -> SupplierItem:
    supplier = Supplier.objects.create(code=f"S-{sku}", name=f"Kiln {sku}")
    return SupplierItem.objects.create(supplier=supplier, variant=shop.variants[sku], price=300, **facts)


def listed(browser, **query: str) -> list[tuple[str, int]]:
    rows = browser.get(PAGE, query).context["rows"]
    return [(row.of.level.variant.sku, row.of.units) for row in rows]


def test_what_is_to_be_ordered_stands_there_most_urgent_first(browser_as, shop):
    browser = browser_as("warehouse")

    assert listed(browser) == [("TEA", 65), ("POT", 58)]
    assert listed(browser, only="late") == [("TEA", 65)]
    assert listed(browser, only="all") == [("TEA", 65), ("POT", 58), ("CUP", 0)]
    assert listed(browser, only="nonsense", q="po") == [("POT", 58)]


def test_it_is_found_by_place(browser_as, shop):
    other = Location.objects.create(code="osaka", name="大阪")
    browser = browser_as("warehouse")

    assert listed(browser, at=str(shop.location.id)) == [("TEA", 65), ("POT", 58)]
    assert listed(browser, at=str(other.id)) == []
    assert listed(browser, at="nowhere") == [("TEA", 65), ("POT", 58)]


def test_what_is_on_its_way_or_drafted_is_not_suggested_again(browser_as, shop):
    kiln = supply(shop, "POT").supplier
    browser = browser_as("staff")

    order = purchasing.draft(
        kiln, [Wish(variant=shop.variants["POT"].id, quantity=31)], location=shop.location, actor="aoi"
    )
    drafted = listed(browser)
    purchasing.place(order.id, actor="aoi")
    placed = listed(browser)
    purchasing.end(order.id, actor="aoi", reason="too dear")

    assert (drafted, placed) == ([("TEA", 65)], [("TEA", 65)])
    assert listed(browser) == [("TEA", 65), ("POT", 58)]


def test_what_orders_wait_for_is_ordered_on_top(browser_as, shop):
    make_order(shop, ("TEA", 8), method="cod")

    (first, _second) = browser_as("warehouse").get(PAGE).context["rows"]

    assert (first.of.level.variant.sku, first.of.have, first.of.units) == ("TEA", -5, 73)
    assert first.why[0] == "Orders wait for 5 units."


def test_units_are_whole_packs_of_the_supplier(browser_as, shop):
    supply(shop, "POT", pack_size=12)

    rows = {row.of.level.variant.sku: row for row in browser_as("warehouse").get(PAGE).context["rows"]}

    assert (rows["POT"].of.units, rows["POT"].of.packs) == (60, 5)
    assert "5 packs of 12 at Kiln POT." in rows["POT"].why


def test_an_article_that_is_switched_off_is_not_bought(browser_as, shop):
    shop.variants["TEA"].is_active = False
    shop.variants["TEA"].save()

    assert listed(browser_as("warehouse")) == [("POT", 58)]


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, "off by about 10 so far (35%)"),
        ({"error_percent": 120}, "off by about 34 so far (120%)"),
        ({"error_percent": None}, "not checked: nothing was sold in the weeks compared"),
        ({"error_percent": None, "error_origins": 0}, "not checked yet: too short a history"),
    ],
)
def test_the_error_stands_beside_the_forecast_in_words(facts: dict[str, Any], words: str):
    row = Forecast(**({"daily": Decimal(1), "error_percent": 35, "error_origins": 12} | facts))

    with translation.override("en"):
        assert demand.error(row) == words


@pytest.mark.parametrize(
    ("daily", "shown"), [("0", "0"), ("0.0143", "0.4"), ("0.3", "8.4"), ("1.03", "29"), ("44.4", "1,243")]
)
def test_little_demand_keeps_its_decimal(daily: str, shown: str):
    assert demand.units(Forecast(daily=Decimal(daily))) == shown


def test_why_leads_from_the_figures_to_the_units(shop):
    Forecast.objects.filter(level=level_of(shop, "POT")).update(days_out=9)
    supply(shop, "POT")
    (pot,) = suggestions.of(list(suggestions.rows("pot")))

    with translation.override("en"):
        said = demand.why(pot)

    assert said == [
        "Reorder point 40: about 30 expected in 21 days, and 10 in reserve.", "9 days without stock were left out.",
    ]  # fmt: skip
    with translation.override("ja"):
        assert demand.why(pot)[0] == "発注点 40 ＝ 21日分の予測 約30 ＋ 安全在庫 10。"


def test_nothing_sold_is_said_as_such(shop):
    Forecast.objects.filter(level=level_of(shop, "CUP")).update(daily=0, reorder_point=0, safety=0, up_to=0)
    (cup,) = suggestions.of(list(suggestions.rows("cup", only="all")))

    with translation.override("en"):
        said = demand.why(cup)

    assert (cup.units, said) == (0, ["Nothing was sold on the days that count, so nothing is forecast."])


@pytest.mark.parametrize(
    ("have", "words"),
    [("none", "No forecast has been made yet"), ("plenty", "Nothing has to be ordered now"), ("due", "2 articles")],
)
def test_the_first_line_says_what_to_do(browser_as, shop, have: str, words: str):
    if have == "none":
        JobRun.objects.all().delete()
    if have == "plenty":
        Forecast.objects.update(reorder_point=0)

    assert words in browser_as("warehouse").get(PAGE).content.decode()


def test_pages_follow_one_another_by_key_and_nothing_is_counted_whole(browser_as, shop):
    for number in range(120):
        make_variant(shop, f"X-{number:03}", 1)
        make_forecast(shop, f"X-{number:03}", lasts_days=number % 7)
    browser, after, seen = browser_as("warehouse"), "", []

    while True:
        with CaptureQueriesContext(connection) as captured:
            page = browser.get(PAGE, {"after": after}).context["page"]
        seen += [row.level.variant.sku for row in page.rows]
        after = page.after
        if not after:
            break

    words = [query["sql"] for query in captured.captured_queries]
    assert (len(seen), len(set(seen))) == (122, 122)
    assert [sql for sql in words if "OFFSET" in sql or ("COUNT(" in sql.upper() and "bounded" not in sql)] == []


def test_the_page_costs_the_same_however_much_there_is(browser_as, shop, django_assert_max_num_queries):
    browser = browser_as("warehouse")
    for number in range(30):
        make_variant(shop, f"X-{number}", 1)
        make_forecast(shop, f"X-{number}")
        supply(shop, f"X-{number}")

    with django_assert_max_num_queries(14):
        assert browser.get(PAGE).status_code == 200


def test_the_levels_own_page_tells_its_forecast(browser_as, shop):
    browser = browser_as("warehouse")
    told, untold = level_of(shop, "POT"), make_variant(shop, "NEW", 4).levels.get()

    page = browser.get(reverse("staff:stock_why", args=[told.id]))

    forecast = page.context["forecast"]
    assert (forecast["units"], forecast["days"], forecast["suggestion"].units) == ("28", 21, 58)
    assert "off by about 10 so far (35%)" in page.content.decode()
    assert browser.get(reverse("staff:stock_why", args=[untold.id])).context["forecast"] is None


def test_a_forecast_of_long_ago_still_says_when_it_was(browser_as, shop):
    JobRun.objects.update(finished_at=clock.now() - timedelta(days=3))
    JobRun.objects.create(job="forecast", period="y", due_at=clock.now(), finished_at=clock.now(), error="lost")

    told = browser_as("warehouse").get(PAGE).context["told"]

    assert (clock.now() - told).days == 3


def test_an_odd_address_is_answered_with_a_list(browser_as, shop):
    browser = browser_as("warehouse")

    for query in ("?after=zzz", "?only=%00", f"?at={uuid7()}", "?q=%00"):
        assert browser.get(PAGE + query).status_code == 200


def _draft(browser, *rows: Forecast) -> tuple[str, list[str]]:
    """Where the button leads, and what is said there."""
    answer = browser.post(
        reverse("staff:suggestions_draft"), {"forecast": [str(row.id) for row in rows] + ["nonsense"]}
    )
    said = [str(message) for message in browser.get(answer.headers["Location"]).context["messages"]]
    return answer.headers["Location"], said


def test_picked_suggestions_become_a_draft(browser_as, shop):
    supply(shop, "POT")
    pot, tea = Forecast.objects.get(level=level_of(shop, "POT")), Forecast.objects.get(level=level_of(shop, "TEA"))
    browser = browser_as("staff")

    where, said = _draft(browser, pot, tea)

    order = PurchaseOrder.objects.get()
    assert where == reverse("staff:purchase", args=[order.id])
    assert said == [
        f"Drafted: {order.number}. Nothing has been sent yet.",
        "No supplier is known for TEA. Enter one in the record room.",
    ]
    assert (order.state, [line.quantity for line in order.lines.all()]) == ("draft", [58])
    assert _draft(browser, pot) == (PAGE, ["Nothing of this has to be ordered any more."])


def test_several_drafts_lead_to_their_list(browser_as, shop):
    rows = [Forecast.objects.get(level=level_of(shop, sku)) for sku in ("POT", "TEA")]
    for sku in ("POT", "TEA"):
        supply(shop, sku)

    where, _said = _draft(browser_as("staff"), *rows)

    assert (where, PurchaseOrder.objects.count()) == (reverse("staff:purchases"), 2)


def test_what_cannot_be_ordered_is_said(browser_as, shop):
    supply(shop, "POT")
    Forecast.objects.update(up_to=5_000_000)

    where, said = _draft(browser_as("staff"), Forecast.objects.get(level=level_of(shop, "POT")))

    assert where == PAGE
    assert said == ["4999990 units cannot be right. Enter a number from 1 to 1,000,000."]


@pytest.mark.parametrize(("role", "boxes"), [("staff", 2), ("warehouse", 0)])
def test_only_who_may_order_is_offered_to(browser_as, shop, role: str, boxes: int):
    assert browser_as(role).get(PAGE).content.decode().count('name="forecast"') == boxes
