"""The Rakuten stand-in's own ledger: how its orders go on, what it shows and refuses, and what it sees unhealed at night."""

import base64
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from apps.core import clock
from apps.sandbox.rakuten import CONTENT_TYPE, EXPIRY, Rakuten
from apps.sandbox.rakuten_orders import manage_number, number_of, variant_id
from apps.sandbox.server import find_standins
from apps.sandbox.words import Article, Person, Sale, SaleLine, plain
from apps.sandbox.world import Ask, Plan, World

NIGHT = date(2026, 11, 23)
HANAKO = Person(
    id="7", email="hanako@example.jp", name="山田 花子", country="JP", postal_code="100-0001", phone="03-1-2"
)
KEYS = f"ESA {base64.b64encode(b's:k').decode()}"


def world(folder, *, seed=None):
    made = World(folder, Plan(seed))
    made.settle(find_standins())
    shop_of(made).command("setup", {"service_secret": "s", "license_key": "k"})
    return made


@pytest.fixture
def calm(tmp_path):
    return world(tmp_path)


def shop_of(made) -> Rakuten:
    return made.standins["rakuten"]


def item(sku="TEA", quantity=1, price="1200", kind="item", rate=1000):
    return SaleLine(sku=sku, title=sku, quantity=quantity, unit_price=Decimal(price), kind=kind, tax_rate_bp=rate)


def sale(number="1", *lines, payment="card", total=None, includes_tax=True, currency="JPY"):
    lines = lines or (item(),)
    sums = sum(int(one.unit_price * one.quantity) for one in lines)
    return Sale(
        number=number, at=clock.now().isoformat(), currency=currency, payment=payment, person=HANAKO,
        total_minor=sums if total is None else total, lines=lines, prices_include_tax=includes_tax,
    )  # fmt: skip


def list_tea(made, shown=10, skus=("TEA", "CUP")):
    articles = [Article(sku=sku, title=sku, price=Decimal(1200), currency="JPY", shown=shown) for sku in skus]
    shop_of(made).command("list_variants", {"variants": plain(articles)})


def place(made, *sales):
    return shop_of(made).command("place_orders", {"sales": plain(list(sales))})["placed"]


def ask(made, path, said=None, *, keys=KEYS, content_type=CONTENT_TYPE, **query):
    headers = {"authorization": keys, "content-type": content_type}
    method = "GET" if said is None else "POST"
    return shop_of(made).handle(Ask(method, path, query, headers, json.dumps(said).encode() if said else b""))


def order(made, number="1"):
    (found,) = ask(made, "/es/2.0/order/getOrder/", {"orderNumberList": [number], "version": 7}).body["OrderModelList"]
    return found


def confirm(made, *numbers):
    answer = ask(made, "/es/2.0/order/confirmOrder/", {"orderNumberList": list(numbers)})
    return [
        (one["messageType"], one["messageCode"][-8:], one["orderNumber"]) for one in answer.body["MessageModelList"]
    ]


def search(made, *, date_type=1, progress=(), since=None, until=None, size=1000, page=1):
    def text(at):
        return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")

    said = {
        "dateType": date_type, "startDatetime": text(since or clock.now() - timedelta(hours=1)),
        "endDatetime": text(until or clock.now() + timedelta(hours=1)), "orderProgressList": list(progress),
        "PaginationRequestModel": {"requestRecordsAmount": size, "requestPage": page, "SortModelList": []},
    }  # fmt: skip
    return ask(made, "/es/2.0/order/searchOrder/", said)


def shown(made):
    return shop_of(made).command("shown", {})["shown"]


def level(sku, **more):
    return {"manageNumber": manage_number(sku), "variantId": variant_id(sku)} | more


# Being spoken to


def test_it_wants_both_keys_and_its_one_content_type(calm):
    body = {"orderNumberList": ["1"], "version": 7}
    path = "/es/2.0/order/getOrder/"
    assert [
        ask(calm, path, body, keys="").status,
        ask(calm, path, body, keys="Bearer x").status,
        ask(calm, path, body, keys=f"ESA {base64.b64encode(b's:x').decode()}").status,
        ask(calm, path, body, content_type="application/json; charset=utf-8").status,
        ask(calm, "/es/2.0/order/nothing/", body).status,
        ask(calm, path, []).status,
        ask(calm, path, {"orderNumberList": []}).status,
        ask(calm, path, body).status,
    ] == [401, 401, 401, 415, 404, 400, 400, 200]


def test_keys_end_after_ninety_days_unless_told(calm):
    calm_end = ask(calm, EXPIRY, licenseKey="k").body["expiryDate"]
    left = datetime.fromisoformat(calm_end + "+09:00") - clock.now()
    assert timedelta(days=89) < left < timedelta(days=91)
    shop_of(calm).command("setup", {"expires_at": "2026-11-28T14:59:59+00:00"})
    assert ask(calm, EXPIRY, licenseKey="k").body == {"expiryDate": "2026-11-28T23:59:59"}


# Selling


def test_it_sells_below_what_it_shows_and_shows_nothing_less_than_nothing(calm):
    list_tea(calm, shown=2)
    assert place(calm, sale("1", item("TEA", 3)), sale("2", item("TEA", 1), item("GONE", 4))) == ["1", "2"]
    assert shown(calm) == {"CUP": 2, "TEA": -2}
    (found,) = ask(calm, "/es/2.1/inventories/bulk-get", {"inventories": [level("TEA")]}).body["inventories"]
    assert found["quantity"] == 0


def test_an_honest_shop_sells_what_it_shows(calm):
    calm.behave({"honest": 1})
    list_tea(calm, shown=2)
    assert place(calm, sale("1", item("TEA", 3)), sale("2")) == ["1", None]
    assert (shown(calm)["TEA"], order(calm)["requestPrice"]) == (0, 2400)


def test_an_order_that_was_placed_before_stays_as_it_is(calm):
    list_tea(calm)
    place(calm, sale("1", item("TEA", 3)))
    assert place(calm, sale("1", item("TEA", 3))) == ["1"]
    assert shown(calm)["TEA"] == 7


@pytest.mark.parametrize(
    "wrong",
    [sale(total=1), sale(includes_tax=False), sale("1", item(price="0.5", quantity=3), total=2)],
)
def test_a_sale_that_does_not_add_up_is_refused_and_nothing_sold(calm, wrong):
    list_tea(calm)
    with pytest.raises(ValueError, match=r"add up|include tax|finer"):
        place(calm, wrong)
    assert shown(calm) == {"CUP": 10, "TEA": 10}


def test_amounts_lie_where_rakuten_has_them(calm):
    lines = (
        item(quantity=2),
        item("", 1, "600", "shipping"),
        item("", 1, "330", "fee"),
        item("", 1, "-200", "discount"),
    )
    place(calm, sale("1", *lines, payment="cod"), sale("2", *lines))
    cod, card = order(calm, "1"), order(calm, "2")
    names = (
        "goodsPrice",
        "postagePrice",
        "paymentCharge",
        "additionalFeeOccurAmountToUser",
        "couponShopPrice",
        "requestPrice",
    )
    assert [cod[name] for name in names] == [2400, 600, 330, 0, 200, 3130]
    assert [card[name] for name in names] == [2400, 600, 0, 330, 200, 3130]


def test_the_customer_s_address_is_masked(calm):
    place(calm, sale())
    assert order(calm)["OrdererModel"]["emailAddress"].endswith("@pc.fw.rakuten.ne.jp")


# Going on


def test_an_order_goes_from_confirmed_to_paid_by_itself_after_a_while(calm):
    place(calm, sale())
    assert order(calm)["orderProgress"] == 100
    assert confirm(calm, "1") == [("INFO", "INFO_101", "1")]
    assert order(calm)["orderProgress"] == 200
    (timer,) = calm.db.execute("SELECT standin, name, args, at FROM timer").fetchall()
    wait = timedelta(microseconds=timer["at"]) + datetime(1970, 1, 1, tzinfo=UTC) - clock.now()
    assert (timer["standin"], timer["name"], json.loads(timer["args"])) == ("rakuten", "pay", {"number": "1"})
    assert timedelta(seconds=10) < wait < timedelta(seconds=601)
    shop_of(calm).command("pay", {"number": "1"})
    assert (order(calm)["orderProgress"], order(calm)["orderFixDatetime"] is None) == (300, False)


def test_what_cannot_be_confirmed_says_why(calm):
    place(calm, sale("1"), sale("2"), sale("3"))
    shop_of(calm).command("cancel", {"number": "1"})
    confirm(calm, "2")
    shop_of(calm).command("leave_open", {"number": "3"})
    assert confirm(calm, "1", "2", "3", "9") == [
        ("ERROR", "RROR_102", "1"), ("ERROR", "RROR_103", "2"), ("ERROR", "RROR_105", "3"), ("ERROR", "RROR_101", "9"),
    ]  # fmt: skip
    shop_of(calm).command("leave_open", {"number": "3", "is_open": False})
    assert confirm(calm, "3") == [("INFO", "INFO_101", "3")]


def test_what_was_called_off_meanwhile_is_not_paid(calm):
    place(calm, sale())
    confirm(calm, "1")
    shop_of(calm).command("cancel", {"number": "1"})
    assert shop_of(calm).command("pay", {"number": "1"}) == {"paid": False}
    assert (order(calm)["orderProgress"], len(order(calm)["ChangeReasonModelList"])) == (900, 1)


def ship(made, number="1", **facts):
    one = {
        "deliveryCompany": "1001",
        "shippingNumber": "4000",
        "shippingDate": "2026-11-23",
        "shippingDeleteFlag": 0,
    } | facts
    baskets = [{"basketId": number_of("basket", number), "ShippingModelList": [one]}]
    return ask(made, "/es/2.0/order/updateOrderShipping/", {"orderNumber": number, "BasketidModelList": baskets})


def test_a_shipment_is_taken_from_300_on_and_its_date_closes_the_order(calm):
    place(calm, sale())
    assert ship(calm).status == 400
    confirm(calm, "1")
    shop_of(calm).command("pay", {"number": "1"})
    assert (ship(calm, shippingDate="").status, order(calm)["orderProgress"]) == (200, 300)
    assert (ship(calm, shippingNumber="4001").status, order(calm)["orderProgress"]) == (200, 500)
    told = shop_of(calm).command("told", {})["fulfilments"]
    assert [(one["order"], one["number"]) for one in told] == [("1", "4000"), ("1", "4001")]
    effects = calm.db.execute(Rakuten.effects["fulfilment.create"]).fetchall()
    assert [tuple(row) for row in effects] == [("4000", 1), ("4001", 1)]


# Being asked


def test_a_search_finds_by_the_date_that_it_names(calm):
    place(calm, sale("1"), sale("2"))
    confirm(calm, "2")
    found = {date_type: search(calm, date_type=date_type).body["orderNumberList"] for date_type in (1, 2, 3)}
    assert found == {1: ["1", "2"], 2: ["2"], 3: []}
    assert search(calm, progress=[200, 900]).body["orderNumberList"] == ["2"]


def test_a_search_goes_by_pages_and_answers_nulls_where_it_finds_nothing(calm):
    place(calm, *(sale(str(number)) for number in range(5)))
    pages = [search(calm, size=2, page=page).body for page in (1, 2, 3)]
    assert [page["orderNumberList"] for page in pages] == [["0", "1"], ["2", "3"], ["4"]]
    assert pages[0]["PaginationResponseModel"] == {"totalRecordsAmount": 5, "totalPages": 3, "requestPage": 1}
    nothing = search(calm, since=clock.now() - timedelta(days=3), until=clock.now() - timedelta(days=2)).body
    assert set(nothing["PaginationResponseModel"].values()) == {None}


@pytest.mark.parametrize(
    "wrong",
    [
        {"date_type": 9},
        {"since": clock.wall() - timedelta(days=64)},
        {"size": 1001},
        {"until": clock.wall() - timedelta(days=9)},
    ],
)
def test_a_search_that_rakuten_does_not_make_is_refused(calm, wrong):
    assert search(calm, **wrong).status == 400


def test_a_mall_that_lags_shows_an_order_later(tmp_path):
    made = world(tmp_path, seed=1)
    made.behave({"lag_minutes": 10_000})
    place(made, sale())
    assert search(made).body["orderNumberList"] == []


# Showing


def test_a_number_for_what_is_not_listed_is_taken_and_shown_to_nobody(calm):
    list_tea(calm)
    wanted = [level("TEA", mode="ABSOLUTE", quantity=4), level("GONE", mode="ABSOLUTE", quantity=9)]
    assert ask(calm, "/es/2.1/inventories/bulk-upsert", {"inventories": wanted}).status == 204
    assert shown(calm) == {"CUP": 10, "TEA": 4}
    found = ask(calm, "/es/2.1/inventories/bulk-get", {"inventories": [level("GONE"), level("NEVER")]}).body[
        "inventories"
    ]
    assert [(one["manageNumber"], one["quantity"]) for one in found] == [(manage_number("GONE"), 9)]


def test_numbers_may_be_set_in_relation_to_what_is_shown(calm):
    list_tea(calm)
    ask(calm, "/es/2.1/inventories/bulk-upsert", {"inventories": [level("TEA", mode="RELATIVE", quantity=-3)]})
    assert shown(calm)["TEA"] == 7


@pytest.mark.parametrize(
    "wrong",
    [
        {"mode": "SOON"},
        {"quantity": -1},
        {"quantity": 100_000},
        {"quantity": "4"},
        {"manageNumber": "x" * 33},
        {"variantId": ""},
    ],
)
def test_one_wrong_number_refuses_the_whole_call(calm, wrong):
    list_tea(calm)
    rows = [level("CUP", mode="ABSOLUTE", quantity=1), level("TEA", mode="ABSOLUTE", quantity=1) | wrong]
    answer = ask(calm, "/es/2.1/inventories/bulk-upsert", {"inventories": rows})
    assert (answer.status, shown(calm)) == (400, {"CUP": 10, "TEA": 10})
    assert answer.body["errors"][0]["metadata"]["propertyPath"].startswith("inventories[1].")


def test_more_than_fit_a_call_are_refused(calm):
    row = level("TEA", mode="ABSOLUTE", quantity=1)
    assert ask(calm, "/es/2.1/inventories/bulk-upsert", {"inventories": [row] * 401}).status == 400
    assert ask(calm, "/es/2.1/inventories/bulk-get", {"inventories": [level("TEA")] * 1001}).status == 400
    assert ask(calm, "/es/2.0/items/search", hits="101").status == 400


def test_items_go_by_a_cursor_until_it_stands_still(calm):
    list_tea(calm, skus=[f"S{number}" for number in range(5)])
    cursor, found = "*", []
    for _page in range(4):
        page = ask(calm, "/es/2.0/items/search", hits="2", cursorMark=cursor).body
        found += [one["item"]["manageNumber"] for one in page["results"]]
        if page["nextCursorMark"] == cursor:
            break
        cursor = page["nextCursorMark"]
    assert (sorted(found), len(set(found))) == (sorted(manage_number(f"S{number}") for number in range(5)), 5)


# Nights


def test_what_a_night_finds(tmp_path):
    made = world(tmp_path)
    list_tea(made)
    place(made, sale("1"), sale("2"), sale("3"))
    for number in ("2", "3"):
        order(made, number)
    shop_of(made).command("forget_order", {"number": "3"})
    shop_of(made).command("edit_stock", {"sku": "CUP", "delta": 2})
    assert shop_of(made).planted(NIGHT) == {
        "order_missing_here": ["order:1"], "order_missing_there": ["order:3"], "stock_drift": ["sku:CUP"],
    }  # fmt: skip
    assert shop_of(made).planted(NIGHT) == {"order_missing_here": [], "order_missing_there": [], "stock_drift": []}
    assert ask(made, "/es/2.0/order/getOrder/", {"orderNumberList": ["3"], "version": 7}).body["OrderModelList"] == []


def test_edits_of_a_night_are_by_plan(tmp_path):
    made = world(tmp_path, seed=1)
    made.plan.told.add(("rakuten_edited", "2026-11-23:TEA"))
    list_tea(made)
    assert shop_of(made).command("edit_stock", {"night": "2026-11-23"}) == {"edited": ["TEA"]}
    assert shop_of(made).planted(NIGHT)["stock_drift"] == ["sku:TEA"]
