"""The desk: what stands in which queue, what a search finds, pages, budgets, and deeds for many orders."""

from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse

from apps.core import clock
from apps.core.models import AuditEntry
from apps.flows import hold_order, ship_order
from apps.orders import queries
from apps.orders.models import Order
from apps.shipping import queries as shipping
from tests.staff.builders import label, make_order, make_shop, pay, plan

DESK = reverse("staff:desk")


@pytest.fixture
def shop(db):
    return make_shop(TEA=100, POT=1, VASE=0)


def _numbers(queue: str) -> set[str]:
    return set(queries.waiting(queue, now=clock.now()).values_list("number", flat=True))


@pytest.fixture
def orders(shop):
    """One order of each sort."""
    now = clock.now()
    made = {
        "unpaid": make_order(shop, ("TEA", 1), method="konbini"),
        "ready": make_order(shop, ("TEA", 2)),
        "door": make_order(shop, ("TEA", 1), method="cod"),
        "short": make_order(shop, ("VASE", 3)),
        "partial": make_order(shop, ("POT", 2), ("TEA", 1), method="cod"),
        "held": make_order(shop, ("TEA", 1), method="prepaid"),
        "unknown": make_order(shop, ("NO-SUCH", 1), method="prepaid"),
        "old": make_order(shop, ("TEA", 1), method="cod", placed_at=now - timedelta(days=9)),
        "shipped": make_order(shop, ("TEA", 1), method="prepaid"),
    }
    for name in ("ready", "short"):
        pay(made[name], shop=shop)
    hold_order.hold(made["held"], reason="with a card", actor="tanaka")
    ship_order.confirm(plan(made["shipped"]), actor="kimura")
    return {name: Order.objects.get(id=order.id) for name, order in made.items()}


def test_every_order_stands_in_the_queues_that_its_axes_say(orders):
    names = {order.number: name for name, order in orders.items()}

    found = {queue.name: {names[number] for number in _numbers(queue.name)} for queue in queries.QUEUES}

    assert found == {
        "overdue": {"old"},
        "new": set(orders) - {"shipped", "old"},
        "held": {"held", "unknown"},
        "unpaid": {"unpaid"},
        "short": {"short", "partial"},
        "ready": {"ready", "door", "old"},
        "shipped": {"shipped"},
    }


def test_an_order_with_a_day_is_late_after_it_and_not_before(shop):
    order = make_order(shop, ("TEA", 1), method="cod", placed_at=clock.now() - timedelta(days=9))
    Order.objects.filter(id=order.id).update(ship_by=clock.now() + timedelta(hours=1))
    before = _numbers("overdue")

    Order.objects.filter(id=order.id).update(ship_by=clock.now() - timedelta(hours=1))

    assert (before, _numbers("overdue")) == (set(), {order.number})


def test_a_cancelled_order_stands_in_no_queue(shop):
    order = make_order(shop, ("TEA", 1), method="cod")
    Order.objects.filter(id=order.id).update(lifecycle="cancelled")

    assert [queue.name for queue in queries.QUEUES if _numbers(queue.name)] == []


@pytest.mark.parametrize(
    ("queue", "index"),
    [("overdue", "orders_to_do"), ("held", "orders_held"), ("unpaid", "orders_to_do"), ("short", "orders_to_do"),
     ("ready", "orders_to_do"), ("shipped", "orders_on_the_way")],
)  # fmt: skip
def test_a_queue_is_read_from_its_partial_index(orders, queue: str, index: str):
    rows = queries.waiting(queue, now=clock.now()).order_by("placed_at", "id")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")

    assert index in rows.explain()


def test_search_finds_by_every_name_that_people_use(shop):
    order = make_order(shop, ("POT", 1), method="prepaid", name="高橋 直子", phone="09012344471", email="n@example.com")
    other = make_order(shop, ("TEA", 1), method="cod", name="小林 真由美", phone="0312345678")
    label(plan(order), "301744206610")

    words = [
        order.number, order.number.lower(), order.external_number, order.external_number.lstrip("#"), "高橋", "09012344471",
        "090-1234-4471", "pot", "301744206610", "3017-4420-6610",
    ]  # fmt: skip
    found = {word: _found(word) for word in words}

    assert found == {word: [order.number] for word in words}
    assert _found("TEA") == [other.number]
    assert _found("直子") == []


def _found(words: str) -> list[str]:
    return sorted(queries.found(words, also=shipping.orders_of_tracking(words)).values_list("number", flat=True))


def test_the_list_shows_why_each_order_is_there(browser_as, orders):
    page = browser_as("staff").get(DESK, {"queue": "held"})

    text = page.content.decode()
    assert [row.order.number for row in page.context["rows"]] == [orders["held"].number, orders["unknown"].number]
    assert ("Held by a person" in text, "with a card" in text, "NO-SUCH" in text) == (True, True, True)


def test_the_day_begins_where_something_is_late(browser_as, orders):
    assert browser_as("staff").get(DESK).context["queue"].name == "overdue"


def test_filters_narrow_and_can_be_taken_off(browser_as, shop, orders):
    browser = browser_as("staff")

    page = browser.get(DESK, {"queue": "ready", "method": "cod", "channel": str(shop.channel.id)})

    assert {row.order.number for row in page.context["rows"]} == {orders["door"].number, orders["old"].number}
    assert [label for label, _address in page.context["chips"]] == ["自社サイト", "Cash on delivery"]
    assert page.context["chips"][1][1] == f"?queue=ready&channel={shop.channel.id}"


def test_over_all_orders_nothing_is_narrowed_without_an_index(browser_as, orders):
    page = browser_as("staff").get(DESK, {"queue": "all", "tag": "gift", "method": "cod"})

    assert len(page.context["rows"]) == len(orders)


@pytest.mark.parametrize("query", [{"queue": "short"}, {"queue": "all"}, {"q": "高橋"}], ids=["queue", "all", "search"])
def test_the_desk_stays_within_its_statements(browser_as, orders, django_assert_max_num_queries, query):
    browser = browser_as("staff")

    with django_assert_max_num_queries(13):
        page = browser.get(DESK, query)

    assert page.status_code == 200


def test_new_orders_wait_behind_one_line(browser_as, shop):
    browser = browser_as("staff")
    since = clock.now().isoformat()
    before = browser.get(reverse("staff:desk_fresh"), {"queue": "new", "since": since})
    make_order(shop, ("TEA", 1), method="cod")

    after = browser.get(reverse("staff:desk_fresh"), {"queue": "new", "since": since})

    assert before.content.decode().strip() == ""
    assert "1 new order" in after.content.decode()


@pytest.mark.parametrize("since", ["", "yesterday", "2026-11-01T00:00:00"])
def test_a_page_that_does_not_say_since_when_gets_nothing(browser_as, shop, since: str):
    answer = browser_as("staff").get(reverse("staff:desk_fresh"), {"queue": "new", "since": since})

    assert (answer.status_code, answer.content) == (200, b"")


def test_what_customers_write_is_shown_as_text(browser_as, shop):
    order = make_order(
        shop, ("TEA", 1), name="<script>alert(1)</script>", note="<img src=x onerror=alert(1)>", method="cod"
    )
    browser = browser_as("staff")

    pages = browser.get(DESK, {"queue": "new"}).content + browser.get(reverse("staff:order", args=[order.id])).content

    assert (b"<script>alert" in pages, b"<img src=x" in pages) == (False, False)


# Deeds for many


def _bulk(browser, orders, action: str, **more):
    return browser.post(reverse("staff:desk_bulk"), {"order": [o.id for o in orders], "action": action, **more})


def test_a_preview_says_what_becomes_of_each_order_and_changes_nothing(browser_as, shop, orders):
    stuck = make_order(shop, ("TEA", 1), method="prepaid", is_complete=False)
    picked = [orders["held"], stuck, orders["ready"]]

    page = _bulk(browser_as("staff"), picked, "release")

    fates = {fate.words: (fate.numbers, fate.is_stuck) for fate in page.context["fates"]}
    assert fates == {
        "go on to “Ready to ship”": ([orders["held"].number], False),
        "will not get a label: the address is incomplete": ([stuck.number], True),
        "not on hold: nothing changes": ([orders["ready"].number], False),
    }
    assert _numbers("held") == {orders["held"].number, orders["unknown"].number, stuck.number}


def test_releasing_ends_every_hold_and_leaves_a_trace(browser_as, orders):
    answer = _bulk(
        browser_as("staff"), [orders["held"], orders["unknown"]], "release", confirm="1", next="/orders/?queue=held"
    )

    assert (answer.status_code, answer.headers["Location"]) == (302, "/orders/?queue=held")
    assert _numbers("held") == set()
    assert AuditEntry.objects.filter(action="order.released", actor="staff").count() == 2


def test_tags_and_people_are_given_to_all_picked_orders(browser_as, orders):
    browser = browser_as("staff")
    picked = [orders["ready"], orders["door"]]

    for action, value in (("tag", "gift"), ("tag", "gift"), ("assign", "staff")):
        assert _bulk(browser, picked, action, confirm="1", value=value).status_code == 302

    rows = Order.objects.filter(id__in=[order.id for order in picked]).values_list("tags", "assignee")
    assert list(rows) == [(["gift"], "staff")] * 2
    assert browser.get(DESK, {"queue": "ready", "mine": "1"}).context["rows"][0].order.assignee == "staff"


@pytest.mark.parametrize(("action", "value"), [("tag", ""), ("tag", "x" * 41), ("assign", "nobody I know")])
def test_a_wrong_value_is_said_beside_the_field_and_changes_nothing(browser_as, orders, action: str, value: str):
    page = _bulk(browser_as("staff"), [orders["ready"]], action, confirm="1", value=value)

    assert (page.status_code, bool(page.context["error"])) == (200, True)
    assert Order.objects.filter(tags=[], assignee="").count() == len(orders)


@pytest.mark.parametrize("next_", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
def test_the_way_back_stays_in_the_house(browser_as, orders, next_: str):
    answer = _bulk(browser_as("staff"), [orders["held"]], "release", confirm="1", next=next_)

    assert answer.headers["Location"] == DESK


def test_nothing_picked_is_said(browser_as, orders):
    answer = browser_as("staff").post(reverse("staff:desk_bulk"), {"order": ["x"], "action": "release"}, follow=True)

    assert "Pick at least one order." in answer.content.decode()


def test_a_preview_for_htmx_is_the_dialog_alone(browser_as, orders):
    page = browser_as("staff").post(
        reverse("staff:desk_bulk"), {"order": [orders["held"].id], "action": "release"}, headers={"hx-request": "true"}
    )

    assert page.content.decode().startswith("<header>")
