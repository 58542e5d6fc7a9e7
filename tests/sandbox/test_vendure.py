"""The Vendure stand-in's own ledger: what it sells, shows, allocates, and what it sees unhealed at night."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from apps.core import clock
from apps.sandbox.server import find_standins
from apps.sandbox.shopify_orders import number_of
from apps.sandbox.vendure import PATH, Vendure
from apps.sandbox.vendure_money import Scale
from apps.sandbox.words import Article, Person, Sale, SaleLine, plain
from apps.sandbox.world import Ask, Plan, World

NIGHT = date(2026, 11, 23)
CHANGED = """query ChangedOrders($options: OrderListOptions!) {
  orders(options: $options) { items { id code state updatedAt totalWithTax lines { id quantity orderPlacedQuantity } } } }"""
FULFIL = """mutation CreateFulfilment($input: FulfillOrderInput!) {
  addFulfillmentToOrder(input: $input) { __typename ... on Fulfillment { id state } ... on ErrorResult { errorCode } } }"""
MOVE = """mutation MoveFulfilment($id: ID!, $state: String!) {
  transitionFulfillmentToState(id: $id, state: $state) { __typename ... on ErrorResult { errorCode } } }"""
SET = """mutation SetStock($input: [UpdateProductVariantInput!]!) {
  updateProductVariants(input: $input) { id stockLevels { stockOnHand stockAllocated } } }"""


def world(folder, *, seed=None, rates=None):
    made = World(folder, Plan(seed, rates))
    made.settle(find_standins())
    return made


@pytest.fixture
def calm(tmp_path):
    return world(tmp_path)


def shop_of(made) -> Vendure:
    return made.standins["vendure"]


def item(sku="TEA", quantity=1, price="1200", kind="item", rate=1000):
    return SaleLine(sku=sku, title=sku, quantity=quantity, unit_price=Decimal(price), kind=kind, tax_rate_bp=rate)


def sale(number="A1", *lines, at=None, payment="cod", includes_tax=True):
    lines = lines or (item(),)
    return Sale(
        number=number, at=(at or clock.now()).isoformat(), currency="JPY", payment=payment,
        person=Person(id="7", email="hanako@example.jp", name="山田 花子", country="JP"),
        total_minor=sum(int(one.unit_price * one.quantity) for one in lines), lines=lines,
        prices_include_tax=includes_tax,
    )  # fmt: skip


def list_tea(made, shown=10):
    articles = [Article(sku=sku, title=sku, price=Decimal(1200), currency="JPY", shown=shown) for sku in ("TEA", "CUP")]
    shop_of(made).command("list_variants", {"variants": plain(articles)})


def place(made, *sales):
    return shop_of(made).command("place_orders", {"sales": plain(list(sales))})["placed"]


def ask(made, document, *, key="k", **variables):
    name = document.split()[1].partition("(")[0]
    body = json.dumps({"query": document, "operationName": name, "variables": variables}).encode()
    return shop_of(made).handle(Ask("POST", PATH, {}, {"vendure-api-key": key}, body))


def said(answer):
    (told,) = answer.body["data"].values()
    return told


def orders(made, **options):
    return said(ask(made, CHANGED, options=options))["items"]


def levels(made, sku="TEA"):
    row = made.db.execute("SELECT shown, allocated FROM vendure_shown WHERE sku = ?", (sku,)).fetchone()
    return row["shown"], row["allocated"]


def put(made, on_hand, sku="TEA"):
    wanted = {
        "id": str(number_of("vendure variant", sku)),
        "stockLevels": [{"stockLocationId": "1", "stockOnHand": on_hand}],
    }
    return ask(made, SET, input=[wanted])


def fulfil(made, order, quantity, number="T1"):
    line = f"{int(order) * 1024}"
    arguments = [{"name": "method", "value": "yamato"}, {"name": "trackingCode", "value": number}]
    wanted = {
        "lines": [{"orderLineId": line, "quantity": quantity}],
        "handler": {"code": "manual-fulfillment", "arguments": arguments},
    }
    return said(ask(made, FULFIL, input=wanted))


# Selling


def test_what_is_sold_is_allocated_and_no_longer_for_sale(calm):
    list_tea(calm)
    place(calm, sale("A1", item("TEA", 3)))
    assert levels(calm) == (7, 3)


def test_an_order_that_was_placed_before_is_as_it_was(calm):
    list_tea(calm)
    assert place(calm, sale("A1", item("TEA", 3))) == place(calm, sale("A1", item("TEA", 3)))
    assert levels(calm) == (7, 3)


def test_a_shop_that_honours_what_it_shows_sells_no_more(calm):
    calm.behave({"honest": 1})
    list_tea(calm, shown=2)
    first, second = place(calm, sale("A1", item("TEA", 3)), sale("A2", item("TEA", 1)))
    assert (bool(first), second, levels(calm)) == (True, None, (0, 2))
    (order,) = orders(calm)
    assert order["totalWithTax"] == 2400 * 10_000


def test_a_card_is_authorised_at_the_checkout_and_cash_is_not(calm):
    place(calm, sale("A1", payment="card"), sale("A2", payment="konbini"), sale("A3"), sale("A4", payment="prepaid"))
    rows = calm.db.execute("SELECT number, amount, method FROM stripe_intent ORDER BY seq").fetchall()
    assert [tuple(row) for row in rows] == [("A1", 1200, "card"), ("A2", 1200, "konbini")]
    states = {order["code"]: order["state"] for order in orders(calm)}
    assert states == {
        "A1": "PaymentAuthorized", "A2": "PaymentAuthorized", "A3": "PaymentAuthorized", "A4": "PaymentSettled"
    }  # fmt: skip


def test_a_sale_whose_tax_is_told_otherwise_is_refused(calm):
    with pytest.raises(ValueError, match="sale A1: the shop's prices include tax"):
        place(calm, sale("A1", includes_tax=False))


def test_amounts_finer_than_the_shop_s_are_refused():
    assert Scale(4, True).units(Decimal("0.001")) == 10
    with pytest.raises(ValueError, match="finer than the shop's 2 decimals"):
        Scale(2, True).units(Decimal("0.001"))


# Its clock


def test_a_window_leaves_its_first_second_out_and_takes_its_last_one_in(calm):
    at = datetime(2036, 1, 1, 10, 0, 5, tzinfo=UTC)
    place(calm, sale("A1", at=at))

    def told(start, end):
        window = {"start": f"2036-01-01T10:00:{start}Z", "end": f"2036-01-01T10:00:{end}Z"}
        return [order["code"] for order in orders(calm, filter={"updatedAt": {"between": window}})]

    assert [told("05.000", "09.000"), told("04.999", "05.000"), told("04.999", "04.999")] == [[], ["A1"], []]


def test_orders_of_one_second_come_page_by_page(calm):
    at = datetime(2036, 1, 1, 10, 0, 5, tzinfo=UTC)
    place(calm, *(sale(f"A{n}", at=at) for n in range(5)))
    by_id = [order["id"] for order in orders(calm, sort={"id": "ASC"})]
    pages = [orders(calm, sort={"id": "ASC"}, take=2, skip=skip) for skip in (0, 2, 4)]
    assert [order["id"] for page in pages for order in page] == by_id == sorted(by_id, key=int)


def test_an_order_that_lags_is_listed_late(calm):
    calm.behave({"lag_minutes": 10})
    numbers = [f"A{n}" for n in range(6)]
    place(calm, *(sale(number) for number in numbers))
    late = {number for number in numbers if calm.lag("order_lag", f"vendure:{number}") > timedelta(seconds=2)}
    assert late
    assert {order["code"] for order in orders(calm)} == set(numbers) - late


# Being told


def test_what_lies_there_is_set_and_what_is_allocated_stays(calm):
    list_tea(calm)
    place(calm, sale("A1", item("TEA", 3)))
    (answer,) = said(put(calm, 20))
    assert (answer["stockLevels"], levels(calm)) == ([{"stockOnHand": 20, "stockAllocated": 3}], (17, 3))


def test_one_variant_that_is_not_there_undoes_the_whole_call(calm):
    list_tea(calm)
    rows = [
        {"id": id, "stockLevels": [{"stockLocationId": "1", "stockOnHand": 1}]}
        for id in (str(number_of("vendure variant", "TEA")), "9")
    ]
    answer = ask(calm, SET, input=rows)
    assert answer.body["errors"][0]["extensions"] == {"code": "ENTITY_NOT_FOUND"}
    assert levels(calm) == (10, 0)


def test_a_parcel_lowers_what_lies_there_and_what_is_allocated(calm):
    list_tea(calm)
    (id,) = place(calm, sale("A1", item("TEA", 3)))
    made = fulfil(calm, id, 2)
    assert (made["state"], levels(calm)) == ("Pending", (7, 1))
    said(ask(calm, MOVE, id=made["id"], state="Shipped"))
    assert shop_of(calm).command("told", {}) == {
        "fulfilments": [{"order": "A1", "number": "T1", "company": "yamato", "state": "Shipped", "units": {"TEA": 2}}]
    }
    assert orders(calm)[0]["state"] == "PartiallyShipped"
    facts = calm.db.execute("SELECT facts FROM dispatch WHERE kind = 'fulfilled'").fetchone()["facts"]
    assert json.loads(facts) == {"order": "A1", "reference": "T1", "lines": {"TEA": 2}}


def test_more_than_is_left_and_a_second_move_are_refused(calm):
    list_tea(calm)
    (id,) = place(calm, sale("A1", item("TEA", 3)))
    made = fulfil(calm, id, 2)
    assert fulfil(calm, id, 2)["errorCode"] == "ITEMS_ALREADY_FULFILLED_ERROR"
    said(ask(calm, MOVE, id=made["id"], state="Shipped"))
    again = said(ask(calm, MOVE, id=made["id"], state="Shipped"))
    assert again["errorCode"] == "FULFILLMENT_STATE_TRANSITION_ERROR"


@pytest.mark.parametrize(
    ("document", "status", "code"),
    [
        (CHANGED, 200, "FORBIDDEN"),
        ("query Broken {", 400, "GRAPHQL_VALIDATION_FAILED"),
    ],
)
def test_who_has_no_key_or_asks_wrongly_is_refused(calm, document, status, code):
    answer = ask(calm, document, key="", options={})
    assert (answer.status, answer.body["errors"][0]["extensions"]["code"]) == (status, code)


# Its staff


def test_a_cancellation_puts_units_up_for_sale_again(calm):
    list_tea(calm)
    place(calm, sale("A1", item("TEA", 3)))
    shop_of(calm).command("cancel", {"number": "A1"})
    (order,) = orders(calm)
    assert (order["state"], [(one["quantity"], one["orderPlacedQuantity"]) for one in order["lines"]]) == (
        "Cancelled", [(0, 3)],
    )  # fmt: skip
    assert levels(calm) == (10, 0)


def test_a_refund_calls_units_off(calm):
    list_tea(calm)
    place(calm, sale("A1", item("TEA", 3)))
    assert shop_of(calm).command("refund", {"number": "A1", "units": {"TEA": 1}})["refund"]
    assert levels(calm) == (8, 2)
    assert [tuple(row) for row in calm.db.execute("SELECT total FROM vendure_refund")] == [(1200,)]


# What a night finds


def test_an_order_that_nobody_asked_for_is_missing_here_once(calm):
    place(calm, sale("A1"), sale("A2"))
    fetch = "query One($id: ID!) { order(id: $id) { id } }"
    ask(calm, fetch, id=str(number_of("order", "A2")))
    assert shop_of(calm).planted(NIGHT)["order_missing_here"] == ["order:A1"]
    assert shop_of(calm).planted(NIGHT)["order_missing_here"] == []


def test_an_order_that_was_asked_for_and_forgotten_is_missing_there(calm):
    place(calm, sale("A1"))
    orders(calm)
    shop_of(calm).command("forget_order", {"number": "A1"})
    assert (orders(calm), shop_of(calm).planted(NIGHT)["order_missing_there"]) == ([], ["order:A1"])


def test_a_number_that_somebody_changed_is_drift_until_it_is_set(calm):
    list_tea(calm)
    place(calm, sale("A1", item("TEA", 3)))
    assert shop_of(calm).command("edit_stock", {"sku": "TEA", "delta": -2}) == {"available": 5}
    assert shop_of(calm).planted(NIGHT)["stock_drift"] == ["sku:TEA"]
    put(calm, 20)
    assert (shop_of(calm).planted(NIGHT)["stock_drift"], shop_of(calm).command("shown", {})["shown"]["TEA"]) == ([], 17)


def test_the_plan_forgets_orders_and_edits_numbers(tmp_path):
    made = world(tmp_path, seed=7, rates={"vendure_forgotten": 1, "vendure_edited": 1})
    made.plan.rates |= {"vendure_forgotten": 1, "vendure_edited": 1}
    list_tea(made)
    place(made, sale("A1"))
    orders(made)
    assert shop_of(made).command("edit_stock", {"night": NIGHT.isoformat()}) == {"edited": ["CUP", "TEA"]}
    assert shop_of(made).planted(NIGHT)["order_missing_there"] == ["order:A1"]
