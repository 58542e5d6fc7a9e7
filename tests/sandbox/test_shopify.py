"""The Shopify stand-in's own ledger: what it sells, shows, refuses to set, and what it sees unhealed at night."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from apps.core import clock
from apps.sandbox.server import find_standins
from apps.sandbox.shopify import PATH, Shopify
from apps.sandbox.shopify_orders import gid, number_of, price_text, priced, text
from apps.sandbox.shopify_stock import LOCATION
from apps.sandbox.words import Article, Person, Sale, SaleLine, plain
from apps.sandbox.world import Ask, Notice, Plan, World

NIGHT = date(2026, 11, 23)
SET = """mutation SetStock($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) { userErrors { code field message } } }"""
CHANGED = """query Orders($first: Int!, $after: String, $query: String!) {
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {
    nodes { name updatedAt } pageInfo { hasNextPage endCursor } } }"""
HANAKO = Person(id="7", email="hanako@example.jp", name="山田 花子", country="JP")


def world(folder, *, seed=None, rates=None):
    made = World(folder, Plan(seed, rates))
    made.settle(find_standins())
    made.hooks["shopify"] = {"url": "http://127.0.0.1:1/", "webhook_secret": "hush", "access_token": "t"}
    return made


@pytest.fixture
def calm(tmp_path):
    return world(tmp_path)


def shop_of(made) -> Shopify:
    return made.standins["shopify"]


def item(sku="TEA", quantity=1, price="1200", kind="item", rate=1000):
    return SaleLine(sku=sku, title=sku, quantity=quantity, unit_price=Decimal(price), kind=kind, tax_rate_bp=rate)


def sale(number="#1", *lines, at=None, payment="cod", currency="JPY", total=None, includes_tax=True):
    lines = lines or (item(),)
    sums = sum(int(one.unit_price * one.quantity) for one in lines)
    return Sale(
        number=number, at=(at or clock.now()).isoformat(), currency=currency, payment=payment, person=HANAKO,
        total_minor=sums if total is None else total, lines=lines, prices_include_tax=includes_tax,
    )  # fmt: skip


def list_tea(made, shown=10):
    articles = [Article(sku=sku, title=sku, price=Decimal(1200), currency="JPY", shown=shown) for sku in ("TEA", "CUP")]
    shop_of(made).command("list_variants", {"variants": plain(articles)})


def place(made, *sales):
    return shop_of(made).command("place_orders", {"sales": plain(list(sales))})["placed"]


def ask(made, document, name, *, token="t", path=PATH, **variables):
    body = json.dumps({"query": document, "operationName": name, "variables": variables}).encode()
    return shop_of(made).handle(Ask("POST", path, {}, {"x-shopify-access-token": token}, body))


def push(made, key="k", **wanted):
    """`TEA=(quantity, expected)`; the codes of the errors."""
    quantities = [
        {
            "inventoryItemId": gid("InventoryItem", number_of("item", sku)),
            "locationId": gid("Location", LOCATION),
            "quantity": quantity,
            "changeFromQuantity": expected,
        }
        for sku, (quantity, expected) in wanted.items()
    ]
    answer = ask(
        made, SET, "SetStock", input={"name": "available", "reason": "correction", "quantities": quantities}, key=key
    )
    return [error["code"] for error in answer.body["data"]["inventorySetQuantities"]["userErrors"]]


def shown(made):
    return shop_of(made).command("shown", {})["shown"]


def deliver(made):
    made.db.execute("UPDATE notice SET state = 'sent', status = 200 WHERE hook = 'shopify' AND state = 'open'")


def notices(made):
    rows = made.db.execute("SELECT topic, thing, state FROM notice WHERE hook = 'shopify' ORDER BY seq").fetchall()
    return [tuple(row) for row in rows]


# Selling


def test_it_sells_below_what_it_shows(calm):
    list_tea(calm, shown=2)
    place(calm, sale("#1", item("TEA", 3)), sale("#2", item("TEA", 1), item("GONE", 4)))
    assert shown(calm) == {"CUP": 2, "TEA": -2}


def test_an_order_that_was_placed_before_is_only_told_again(calm):
    list_tea(calm)
    first = place(calm, sale("#1", item("TEA", 3)))
    assert place(calm, sale("#1", item("TEA", 3))) == first
    assert (shown(calm)["TEA"], notices(calm)) == (7, [("orders/create", "order:#1", "open")] * 2)
    bodies = calm.db.execute("SELECT DISTINCT headers FROM notice WHERE hook = 'shopify'").fetchall()
    assert len(bodies) == 1


def test_a_card_is_authorised_at_the_checkout_and_cash_is_not(calm):
    place(calm, sale("#1", payment="card"), sale("#2", payment="konbini"), sale("#3", payment="cod"))
    rows = calm.db.execute("SELECT number, amount, method FROM stripe_intent ORDER BY seq").fetchall()
    assert [tuple(row) for row in rows] == [("#1", 1200, "card"), ("#2", 1200, "konbini")]


def test_a_sale_that_does_not_add_up_is_refused(calm):
    with pytest.raises(ValueError, match="#1 says 1199, its lines add up to 1200"):
        place(calm, sale("#1", total=1199))


@pytest.mark.parametrize(
    ("lines", "total", "includes", "expected"),
    [
        ([item("A", 1, "1080", rate=800)], 1080, True, [(1080, 0, 80)]),
        ([item("A", 1, "1000"), item("B", 1, "500", rate=800)], 1640, False, [(1000, 0, 100), (500, 0, 40)]),
        # The driver rounds the tax of the whole sale: the largest line takes the difference.
        ([item("A", 1, "1004"), item("B", 1, "1003")], 2208, False, [(1004, 0, 101), (1003, 0, 100)]),
        ([item("A", 1, "100"), item("B", 2, "100"), item("", 1, "-100", kind="discount")], 200, True,
         [(100, 33, 6), (200, 67, 12)]),
    ],
)  # fmt: skip
def test_prices_discounts_and_taxes(lines, total, includes, expected):
    order = priced(sale("#1", *lines, total=total, includes_tax=includes))
    assert [(one.total, one.discount, one.tax) for one in order.lines] == expected


def test_amounts_as_the_vendor_writes_them():
    assert [text(1230, "JPY"), text(1230, "USD"), text(5, "BHD"), text(0, "GBP")] == ["1230", "12.30", "0.005", "0.00"]
    assert [price_text(Decimal(one), "GBP") for one in ("1.5", "0.001", "2")] == ["1.50", "0.001", "2.00"]


def test_notices_are_signed_over_the_body_with_the_secret_of_the_hook(calm):
    at = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
    headers = shop_of(calm).sign(Notice(1, "shopify", "orders/create", "order:#1", at, b"{}", {}))
    digest = base64.b64encode(hmac.new(b"hush", b"{}", hashlib.sha256).digest()).decode()
    assert (headers["x-shopify-hmac-sha256"], headers["x-shopify-topic"]) == (digest, "orders/create")
    assert headers["x-shopify-triggered-at"] == "2026-11-23T01:00:00Z"


# The Admin API


def test_who_has_no_token_or_asks_elsewhere_is_turned_away(calm):
    assert ask(calm, CHANGED, "Orders", token="").status == 401
    assert ask(calm, CHANGED, "Orders", token="wrong").status == 401
    assert ask(calm, CHANGED, "Orders", path="/admin/api/2020-01/graphql.json").status == 404
    assert shop_of(calm).handle(Ask("POST", PATH, {}, {"x-shopify-access-token": "t"}, b"{")).status == 400


def test_changes_are_listed_in_order_and_page_by_page(calm):
    start = datetime(2096, 11, 23, 1, 0, tzinfo=UTC)
    place(calm, *[sale(f"#{number}", at=start + timedelta(seconds=number // 2)) for number in range(5)])
    names, after = [], None
    while True:
        window = "updated_at:>='2096-11-23T01:00:00Z' AND updated_at:<'2096-11-23T01:00:02Z'"
        page = ask(calm, CHANGED, "Orders", first=2, after=after, query=window).body["data"]["orders"]
        names += [node["name"] for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert sorted(names) == ["#0", "#1", "#2", "#3"]


def test_an_order_that_comes_in_late_has_changed_when_it_came_in(calm):
    before = int(clock.now().timestamp())
    place(calm, sale("#1", at=clock.now() - timedelta(hours=1)))
    row = shop_of(calm).book.known("#1")
    assert (row["updated"] >= before, row["placed"] <= before - 3599) == (True, True)


def test_every_change_raises_the_version(calm):
    place(calm, sale("#1"))
    before = shop_of(calm).book.known("#1")["updated"]
    shop_of(calm).command("cancel", {"number": "#1"})
    shop_of(calm).command("refund", {"number": "#1", "units": {"TEA": 1}})
    after = shop_of(calm).book.known("#1")
    assert (after["updated"] >= before + 2, after["cancelled"] is not None) == (True, True)


def test_a_stale_quantity_refuses_the_whole_call(calm):
    list_tea(calm)
    place(calm, sale("#1", item("TEA", 3)))
    assert push(calm, TEA=(5, 10), CUP=(5, 10)) == ["CHANGE_FROM_QUANTITY_STALE"]
    assert shown(calm) == {"CUP": 10, "TEA": 7}
    assert push(calm, key="k2", TEA=(5, None), CUP=(5, 10)) == []
    assert shown(calm) == {"CUP": 5, "TEA": 5}


def test_a_key_works_once_for_one_body(calm):
    list_tea(calm)
    assert push(calm, TEA=(5, 10)) == []
    place(calm, sale("#1", item("TEA", 1)))
    assert push(calm, TEA=(5, 10)) == []
    assert shown(calm)["TEA"] == 4
    assert push(calm, TEA=(6, 10)) == ["IDEMPOTENCY_KEY_PARAMETER_MISMATCH"]
    assert push(calm, key="failed", TEA=(5, 10)) == ["CHANGE_FROM_QUANTITY_STALE"]
    assert push(calm, key="failed", TEA=(5, 10)) == ["IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"]


@pytest.mark.parametrize(
    ("text_of", "words"),
    [
        (SET.replace("@idempotent(key: $key)", ""), "@idempotent directive is required"),
        (SET.replace("@idempotent(key: $key)", '@idempotent(key: " ")'), "@idempotent directive is required"),
    ],
)
def test_without_a_key_nothing_is_set(calm, text_of, words):
    list_tea(calm)
    answer = ask(calm, text_of, "SetStock", input={"name": "available", "quantities": []}, key="k")
    assert words in answer.body["errors"][0]["message"]


def test_the_comparison_must_be_given(calm):
    list_tea(calm)
    bare = {"inventoryItemId": gid("InventoryItem", 1), "locationId": gid("Location", LOCATION), "quantity": 1}
    answer = ask(calm, SET, "SetStock", input={"name": "available", "quantities": [bare]}, key="k")
    assert "changeFromQuantity must be passed" in answer.body["errors"][0]["message"]
    many = {"name": "available", "quantities": [bare] * 251}
    assert "greater than the maximum" in ask(calm, SET, "SetStock", input=many, key="k2").body["errors"][0]["message"]


# Nights


def test_an_order_whose_notices_were_lost_is_missing_here_until_it_is_served(tmp_path):
    made = world(tmp_path, seed=1, rates={"lost": 1.0, "forgotten": 0.0, "edited": 0.0})
    place(made, sale("#1"), sale("#2"))
    assert notices(made) == [("orders/create", "order:#1", "lost"), ("orders/create", "order:#2", "lost")]
    window = {"first": 10, "query": "updated_at:>='2020-01-01T00:00:00Z' AND updated_at:<'2099-01-01T00:00:00Z'"}
    assert ask(made, CHANGED, "Orders", **window).body["data"]["orders"]["nodes"] == []
    id = shop_of(made).book.known("#2")["id"]
    assert ask(made, "query Q($id: ID!) { order(id: $id) { name } }", "Q", id=gid("Order", id)).body["data"] == {
        "order": {"name": "#2"}
    }
    assert shop_of(made).planted(NIGHT)["order_missing_here"] == ["order:#1"]
    made.find_lost()
    nodes = ask(made, CHANGED, "Orders", **window).body["data"]["orders"]["nodes"]
    assert sorted(node["name"] for node in nodes) == ["#1", "#2"]
    assert shop_of(made).planted(NIGHT)["order_missing_here"] == []


def test_an_order_that_was_told_is_not_missing(calm):
    place(calm, sale("#1"), sale("#2"))
    calm.db.execute("UPDATE notice SET state = 'sent', status = 401 WHERE thing = 'order:#1'")
    calm.db.execute("UPDATE notice SET state = 'sent', status = 200 WHERE thing = 'order:#2'")
    assert shop_of(calm).planted(NIGHT)["order_missing_here"] == ["order:#1"]
    assert shop_of(calm).planted(NIGHT)["order_missing_here"] == []


def test_a_forgotten_order_is_missing_there_once_and_is_nowhere(calm):
    place(calm, sale("#1"), sale("#2"))
    deliver(calm)
    shop_of(calm).command("forget_order", {"number": "#1"})
    assert shop_of(calm).planted(NIGHT)["order_missing_there"] == ["order:#1"]
    assert shop_of(calm).planted(NIGHT)["order_missing_there"] == []
    id = shop_of(calm).book.known("#1")["id"]
    assert ask(calm, "query Q($id: ID!) { order(id: $id) { name } }", "Q", id=gid("Order", id)).body["data"] == {
        "order": None
    }


def test_the_plan_forgets_announced_orders_when_the_night_begins(tmp_path):
    made = world(tmp_path, seed=1, rates={"lost": 0.0, "edited": 0.0})
    made.plan.rates["forgotten"] = 0.3
    place(made, *[sale(f"#{number}") for number in range(40)])
    deliver(made)
    planned = sorted(f"order:#{n}" for n in range(40) if made.plan.hits("forgotten", f"#{n}"))
    assert shop_of(made).planted(NIGHT)["order_missing_there"] == planned
    assert 3 < len(planned) < 25
    assert shop_of(made).planted(NIGHT)["order_missing_there"] == []


def test_an_edit_in_the_console_is_drift_until_it_is_overwritten(calm):
    list_tea(calm)
    shop_of(calm).command("edit_stock", {"sku": "TEA", "delta": -4})
    place(calm, sale("#1", item("TEA", 1)))
    assert shop_of(calm).planted(NIGHT)["stock_drift"] == ["sku:TEA"]
    assert shop_of(calm).planted(NIGHT)["stock_drift"] == []
    push(calm, TEA=(9, 5))
    shop_of(calm).command("edit_stock", {"sku": "TEA", "delta": 2})
    push(calm, key="k2", TEA=(9, 11))
    assert shop_of(calm).planted(NIGHT)["stock_drift"] == []


def test_sales_and_pushes_are_no_drift(calm):
    list_tea(calm)
    place(calm, sale("#1", item("TEA", 12)))
    push(calm, TEA=(4, -2))
    place(calm, sale("#2", item("TEA", 1)))
    assert (shown(calm)["TEA"], shop_of(calm).planted(NIGHT)["stock_drift"]) == (3, [])


def test_the_plan_edits_the_same_listings_whenever_it_is_asked(tmp_path):
    made = world(tmp_path, seed=3)
    articles = [Article(sku=f"S{n}", title="t", price=Decimal(1), currency="JPY", shown=5) for n in range(200)]
    shop_of(made).command("list_variants", {"variants": plain(articles)})
    made.plan.rates["edited"] = 0.05
    edited = shop_of(made).command("edit_stock", {"night": "2026-11-23"})["edited"]
    assert edited == sorted(f"S{n}" for n in range(200) if made.plan.hits("edited", f"2026-11-23:S{n}")) != []
    assert shop_of(made).planted(NIGHT)["stock_drift"] == [f"sku:{sku}" for sku in edited]


def test_a_calm_world_forgets_and_edits_nothing(calm):
    list_tea(calm)
    calm.plan.rates |= {"edited": 1.0, "forgotten": 1.0, "lost": 1.0}
    place(calm, sale("#1"))
    deliver(calm)
    assert shop_of(calm).command("edit_stock", {"night": "2026-11-23"}) == {"edited": []}
    assert shop_of(calm).planted(NIGHT) == {"order_missing_here": [], "order_missing_there": [], "stock_drift": []}
