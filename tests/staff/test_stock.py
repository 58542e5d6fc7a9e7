"""Stock: the list, the search, what channels show, and that every number is the sum of its causes."""

import pytest
from django.db import connection
from django.urls import reverse

from apps.catalog.models import Variant
from apps.channels.models import Listing
from apps.core import clock
from apps.core.ids import uuid7
from apps.flows import ship_order
from apps.hub.models import Connection
from apps.inventory import queries
from apps.inventory.models import StockLevel, StockMovement
from tests.staff.builders import make_order, make_shop, make_variant, plan, receive

STOCK = reverse("staff:stock")


@pytest.fixture
def shop(db):
    shop = make_shop(TEA=10, POT=1)
    make_variant(shop, "KIRIKO-RED", 4, title="江戸切子 ぐい呑 紅", barcode="4901234500013")
    return shop


def _level(shop, sku: str) -> StockLevel:
    return StockLevel.objects.get(variant=shop.variants[sku])


def _listed(browser, **query) -> list[str]:
    return [row.level.variant.sku for row in browser.get(STOCK, query).context["rows"]]


def test_levels_are_listed_by_sku(browser_as, shop):
    assert _listed(browser_as("warehouse")) == ["KIRIKO-RED", "POT", "TEA"]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("kiri", ["KIRIKO-RED"]),
        ("江戸", ["KIRIKO-RED"]),
        ("4901234500013", ["KIRIKO-RED"]),
        ("紅", []),
        ("49012", []),
        ("t", ["TEA"]),
    ],
)
def test_search_goes_from_the_beginning_and_by_whole_barcodes(browser_as, shop, words: str, found: list[str]):
    assert _listed(browser_as("warehouse"), q=words) == found


def test_a_nul_in_the_search_is_no_error(browser_as, shop):
    assert _listed(browser_as("warehouse"), q="kiri\0") == ["KIRIKO-RED"]


def test_search_reads_by_index(shop):
    product, place = Variant.objects.first().product, StockLevel.objects.first().location
    many = [Variant(product=product, sku=f"MANY-{n}", title=f"Many {n}", tax_code_id="standard") for n in range(2000)]
    Variant.objects.bulk_create(many)
    StockLevel.objects.bulk_create(StockLevel(variant=one, location=place) for one in many)
    with connection.cursor() as cursor:
        # What the planner knows of the tables is the test's own, not what other tests have left behind.
        cursor.execute("ANALYZE catalog_variant, inventory_stocklevel")
        cursor.execute("SET LOCAL enable_seqscan = off")

    plan_ = queries.levels("kiri").explain()

    # Of the two indexes on SKUs in capitals either serves a beginning, where the database sorts by code points.
    by_sku = {"catalog_variant_sku_start", "catalog_variant_sku_upper"}
    assert (any(name in plan_ for name in by_sku), "catalog_variant_title_start" in plan_) == (True, True)


def test_only_what_orders_wait_for_or_what_is_gone(browser_as, shop):
    make_order(shop, ("POT", 3), ("KIRIKO-RED", 4), method="cod")
    browser = browser_as("warehouse")

    assert (_listed(browser, only="waiting"), _listed(browser, only="empty")) == (["POT"], ["KIRIKO-RED", "POT"])


def test_every_number_is_the_sum_of_its_causes(shop):
    shipped, _waiting = (make_order(shop, ("TEA", units), method="cod") for units in (3, 9))
    ship_order.confirm(plan(shipped), actor="kimura")
    receive(shop, "TEA", 5)

    explained = queries.why(_level(shop, "TEA"))

    assert {cause.kind: (cause.on_hand, cause.reserved) for cause in explained.causes} == {
        "opening": (10, 0), "receipt": (5, 0), "allocation": (0, 12), "shipment": (-3, -3),
    }  # fmt: skip
    assert (explained.residual_on_hand, explained.residual_reserved) == (0, 0)


def test_what_no_movement_explains_is_stated(browser_as, shop):
    level = _level(shop, "TEA")
    with connection.cursor() as cursor:  # somebody wrote into the table by hand
        cursor.execute("UPDATE inventory_stocklevel SET on_hand = 12 WHERE id = %s", [level.id])

    page = browser_as("warehouse").get(reverse("staff:stock_why", args=[level.id]))

    assert page.context["explained"].residual_on_hand == 2


def test_who_holds_and_who_waits_stand_in_order_of_arrival(browser_as, shop):
    first, second, third = (make_order(shop, ("TEA", 6), method="cod") for _ in range(3))

    page = browser_as("warehouse").get(reverse("staff:stock_why", args=[_level(shop, "TEA").id]))

    assert [(item["order"].number, item["demand"].allocated) for item in page.context["holding"]] == [
        (first.number, 6), (second.number, 4),
    ]  # fmt: skip
    assert [(item["order"].number, item["demand"].waiting) for item in page.context["waiting"]] == [
        (second.number, 2), (third.number, 6),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("fine", "free units"),
        ("buffer", "free units less a buffer of 2"),
        ("dirty", "a change is on its way"),
        ("new", "not told yet"),
        ("paused", "stock sync is paused"),
        ("reconnect", "the connection must be reconnected"),
    ],
)
def test_each_channel_says_why_it_shows_what_it_shows(browser_as, shop, what: str, said: str):
    listing = Listing.objects.filter(variant=shop.variants["TEA"])
    channel = Connection.objects.filter(id=shop.channel.id)
    listing.update(is_dirty=False)
    {
        "fine": lambda: None,
        "buffer": lambda: listing.update(buffer=2, shown=8),
        "dirty": lambda: listing.update(is_dirty=True),
        "new": lambda: listing.update(shown=None),
        "paused": lambda: channel.update(paused_abilities=["stock.write"]),
        "reconnect": lambda: channel.update(status="needs_reconnect"),
    }[what]()

    (shown,) = browser_as("warehouse").get(reverse("staff:stock_why", args=[_level(shop, "TEA").id])).context["shown"]

    assert shown.why == said


def test_telling_every_channel_again_marks_the_listing_and_calls_nobody(browser_as, shop):
    Listing.objects.update(is_dirty=False)

    answer = browser_as("staff").post(reverse("staff:stock_tell", args=[shop.variants["TEA"].id]))

    assert answer.status_code == 302
    assert list(Listing.objects.filter(is_dirty=True).values_list("sku", flat=True)) == ["TEA"]


def test_a_movement_names_the_order_behind_it(browser_as, shop):
    order = make_order(shop, ("TEA", 2), method="cod")

    page = browser_as("warehouse").get(reverse("staff:stock_why", args=[_level(shop, "TEA").id]))

    assert [row.number for row in page.context["orders"].values()] == [order.number]


def test_the_pages_cost_the_same_however_much_there_is(browser_as, shop, django_assert_max_num_queries):
    level = _level(shop, "TEA")
    for _ in range(12):
        make_order(shop, ("TEA", 1), method="cod")
    StockMovement.objects.bulk_create(
        StockMovement(
            level=level,
            at=clock.now(),
            kind="adjustment",
            source_kind="correction",
            source_id=uuid7(),
            actor="t",
            on_hand=0,
        )
        for _ in range(40)
    )
    browser = browser_as("warehouse")

    with django_assert_max_num_queries(15):
        assert browser.get(STOCK).status_code == 200
    with django_assert_max_num_queries(25):
        assert browser.get(reverse("staff:stock_why", args=[level.id])).status_code == 200


def test_a_level_that_is_not_there_is_not_found(browser_as, shop):
    assert browser_as("warehouse").get(reverse("staff:stock_why", args=[uuid7()])).status_code == 404


def _aside(browser, level, **form):
    wanted = {"why": "damaged", "units": "3", "way": "aside", "reason": "chipped", "cause": str(uuid7())} | form
    return browser.post(reverse("staff:stock_aside", args=[level.id]), wanted)


def test_units_are_set_aside_and_brought_back_with_a_reason(browser_as, shop):
    browser, level = browser_as("warehouse"), _level(shop, "TEA")

    _aside(browser, level)
    _aside(browser, level, units="１", way="back", reason="it was clean")

    level.refresh_from_db()
    assert (level.damaged, level.available) == (2, 8)
    page = browser.get(reverse("staff:stock_why", args=[level.id]))
    assert [units for _why, units in page.context["aside"]] == [0, 2, 0]


def test_the_same_page_sent_twice_sets_aside_once(browser_as, shop):
    browser, level, cause = browser_as("warehouse"), _level(shop, "TEA"), str(uuid7())

    _aside(browser, level, cause=cause)
    _aside(browser, level, cause=cause)

    level.refresh_from_db()
    assert level.damaged == 3


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"units": "7"}, "Only 6 are free: 10 lie there, 4 of them are promised"),
        ({"units": "-1"}, "-1 units cannot be right"),
        ({"units": "some"}, "is not a number of units"),
        ({"why": "boredom"}, "Choose why"),
        ({"reason": ""}, "Say in a few words why"),
        ({"way": "back"}, "0 are set aside for this reason"),
    ],
)
def test_what_would_break_a_promise_or_makes_no_sense_is_refused(browser_as, shop, form, said):
    make_order(shop, ("TEA", 4), method="cod")
    level = _level(shop, "TEA")

    answer = _aside(browser_as("warehouse"), level, **form)

    level.refresh_from_db()
    assert (answer.status_code, said in answer.context["error"], level.damaged) == (409, True, 0)
