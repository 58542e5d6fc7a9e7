"""The Amazon stand-in's own ledger: what it sells, shows, is told, and what it sees unhealed at night."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from urllib.parse import urlencode

import pytest

from apps.core import clock
from apps.sandbox.amazon import Amazon
from apps.sandbox.amazon_orders import MARKETPLACE, item_id
from apps.sandbox.server import find_standins
from apps.sandbox.words import Article, Person, Sale, SaleLine, plain
from apps.sandbox.world import Answer, Ask, Notice, Plan, World

NIGHT = date(2026, 11, 23)
HANAKO = Person(id="7", email="hanako@example.jp", name="山田 花子", country="JP")
ALL = "BUYER,RECIPIENT,PROCEEDS,FULFILLMENT,PACKAGES,PAYMENT"


def world(folder, *, seed=None, rates=None):
    made = World(folder, Plan(seed, rates))
    made.settle(find_standins())
    made.hooks["amazon"] = {"url": "http://127.0.0.1:1/", "hook_key": "hush"}
    account_of(made).command("setup", {"seller_id": "A3", "client_id": "i", "client_secret": "s", "refresh_token": "r"})
    return made


@pytest.fixture
def calm(tmp_path):
    return world(tmp_path)


@pytest.fixture
def drive(tmp_path, settings):
    settings.CLOCK_FILE = str(tmp_path / "clock")
    return clock.Drive(tmp_path / "clock", datetime(2026, 11, 23, tzinfo=UTC))


def account_of(made) -> Amazon:
    return made.standins["amazon"]


def item(sku="TEA", quantity=1, price="1200", kind="item"):
    return SaleLine(sku=sku, title=sku, quantity=quantity, unit_price=Decimal(price), kind=kind)


def sale(number="250-1", *lines, payment="prepaid", total=None, includes_tax=True):
    lines = lines or (item(),)
    sums = sum(int(one.unit_price * one.quantity) for one in lines)
    return Sale(
        number=number, at=clock.now().isoformat(), currency="JPY", payment=payment, person=HANAKO,
        total_minor=sums if total is None else total, lines=lines, prices_include_tax=includes_tax,
    )  # fmt: skip


def list_tea(made, shown=10):
    articles = [Article(sku=sku, title=sku, price=Decimal(1200), currency="JPY", shown=shown) for sku in ("TEA", "CUP")]
    account_of(made).command("list_variants", {"variants": plain(articles)})


def place(made, *sales, how="place_orders", **more):
    return account_of(made).command(how, {"sales": plain(list(sales))} | more)["placed"]


def token(made):
    form = {"grant_type": "refresh_token", "refresh_token": "r", "client_id": "i", "client_secret": "s"}
    return log_in(made, **form).body["access_token"]


def log_in(made, **form) -> Answer:
    return account_of(made).handle(Ask("POST", "/auth/o2/token", {}, {}, urlencode(form).encode()))


def ask(made, method, path, body=None, /, **query) -> Answer:
    headers = {"x-amz-access-token": token(made)}
    return account_of(made).handle(Ask(method, path, query, headers, json.dumps(body).encode() if body else b""))


def orders(made, **query):
    since = (clock.now() - timedelta(hours=1)).isoformat()
    answer = ask(made, "GET", "/orders/2026-01-01/orders", **({"lastUpdatedAfter": since, "includedData": ALL} | query))
    assert answer.status == 200, answer.body
    return answer.body


def patch(made, sku="TEA", quantity=5, **more):
    value = [{"fulfillment_channel_code": "DEFAULT", "quantity": quantity}]
    one = {"op": "merge", "path": "/attributes/fulfillment_availability", "value": value} | more
    body = {"productType": "HOME", "patches": [one]}
    return ask(made, "PATCH", f"/listings/2021-08-01/items/A3/{sku}", body, marketplaceIds=MARKETPLACE)


def confirm(made, number="250-1", reference="1", quantity=1, place=0):
    package = {
        "packageReferenceId": reference, "carrierCode": "YamatoTransport", "trackingNumber": f"T{reference}",
        "shipDate": "2026-11-23T00:00:00Z", "orderItems": [{"orderItemId": item_id(number, place), "quantity": quantity}],
    }  # fmt: skip
    body = {"marketplaceId": MARKETPLACE, "packageDetail": package}
    return ask(made, "POST", f"/orders/v0/orders/{number}/shipmentConfirmation", body)


def notices(made):
    return made.db.execute("SELECT * FROM notice WHERE hook = 'amazon' ORDER BY seq").fetchall()


def shown(made):
    return account_of(made).command("shown", {})["shown"]


def status(made, number="250-1"):
    return ask(made, "GET", f"/orders/2026-01-01/orders/{number}", includedData=ALL).body["order"]["fulfillment"]


def test_it_sells_below_what_it_shows_unless_it_honours_it(calm):
    list_tea(calm, shown=1)
    assert place(calm, sale("250-1", item(quantity=3))) == ["250-1"]
    assert shown(calm)["TEA"] == -2
    calm.behave({"honest": 1})
    assert (place(calm, sale("250-2")), place(calm, sale("250-3", item(), item("CUP", 2)))) == ([None], ["250-3"])
    assert (orders(calm)["orders"][1]["proceeds"]["grandTotal"]["amount"], shown(calm)["CUP"]) == ("1200", 0)


def test_an_order_that_was_placed_before_is_only_told_again(calm):
    list_tea(calm)
    place(calm, sale())
    place(calm, sale())
    bodies = [bytes(row["body"]) for row in notices(calm)]
    ids = {json.loads(body)["NotificationMetadata"]["NotificationId"] for body in bodies}
    assert (len(bodies), len(ids), shown(calm)["TEA"]) == (2, 1, 9)


def test_a_sale_that_does_not_add_up_is_refused(calm):
    list_tea(calm)
    with pytest.raises(ValueError, match="sale 250-1 says 1300, its lines add up to 1200"):
        place(calm, sale(total=1300))


def test_tax_lies_on_top_only_where_prices_exclude_it(calm):
    list_tea(calm)
    place(
        calm,
        sale("250-1", item(), total=1320, includes_tax=False),
        sale("250-2", item(), item(kind="shipping", price="300")),
    )
    on_top, inside = (one["orderItems"][0]["proceeds"]["breakdowns"] for one in orders(calm)["orders"])
    assert [(one["type"], one["subtotal"]["amount"]) for one in on_top] == [("ITEM", "1200"), ("TAX", "120")]
    assert [(one["type"], one["subtotal"]["amount"]) for one in inside] == [("ITEM", "1200"), ("SHIPPING", "300")]


def test_a_notice_points_at_an_order_and_shows_the_key_of_its_hook(calm):
    list_tea(calm)
    place(calm, sale())
    (row,) = notices(calm)
    notice = Notice(row["seq"], "amazon", row["topic"], row["thing"], clock.now(), row["body"], {})
    assert account_of(calm).sign(notice)["x-kurogo-key"] == "hush"
    assert b"hanako" not in row["body"]


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"client_id": "x"}, "invalid_client"),
        ({"client_secret": ""}, "invalid_client"),
        ({"refresh_token": "x"}, "invalid_grant"),
    ],
)
def test_who_is_not_known_gets_no_token(calm, wrong, error):
    form = {"grant_type": "refresh_token", "refresh_token": "r", "client_id": "i", "client_secret": "s"}
    answer = log_in(calm, **(form | wrong))
    assert (answer.status, answer.body["error"]) == (400, error)


def test_a_token_ends_when_it_is_told_to(calm):
    before = token(calm)
    account_of(calm).command("expire_tokens", {})
    path = "/sellers/v1/marketplaceParticipations"
    answers = [
        account_of(calm).handle(Ask("GET", path, {}, {"x-amz-access-token": one}, b""))
        for one in (before, token(calm), "")
    ]
    assert [answer.status for answer in answers] == [403, 200, 403]


@pytest.mark.parametrize(
    ("method", "path", "query", "status"),
    [
        ("GET", "/orders/2026-01-01/orders", {}, 400),
        ("GET", "/orders/2026-01-01/orders", {"createdAfter": "2026-11-23T00:00:00Z"}, 400),
        ("GET", "/orders/2026-01-01/orders", {"lastUpdatedAfter": "TEST_CASE_200"}, 400),
        (
            "GET",
            "/orders/2026-01-01/orders",
            {"lastUpdatedAfter": "2026-11-23T00:00:00Z", "maxResultsPerPage": "101"},
            400,
        ),
        ("GET", "/orders/2026-01-01/orders", {"lastUpdatedAfter": "2026-11-23T00:00:00Z", "includedData": "MOON"}, 400),
        ("GET", "/orders/2026-01-01/orders", {"lastUpdatedAfter": "2026-11-23T00:00:00Z", "paginationToken": "x"}, 400),
        ("GET", "/orders/2026-01-01/orders/1", {}, 404),
        ("GET", "/listings/2021-08-01/items/A3", {}, 400),
        ("GET", "/listings/2021-08-01/items/A3", {"marketplaceIds": MARKETPLACE, "pageSize": "21"}, 400),
        ("GET", "/listings/2021-08-01/items/A3/NONE", {"marketplaceIds": MARKETPLACE}, 404),
        ("GET", "/listings/2021-08-01/items/A4", {"marketplaceIds": MARKETPLACE}, 403),
        ("GET", "/fba/inventory/v1/summaries", {"marketplaceIds": MARKETPLACE}, 400),
        ("GET", "/moon", {}, 404),
    ],
)
def test_what_amazon_would_refuse_is_refused(calm, method, path, query, status):
    answer = ask(calm, method, path, **query)
    assert (answer.status, list(answer.body)) == (status, ["errors"])


def test_a_window_that_ends_too_near_is_refused(calm):
    now = clock.now()
    for seconds, status in ((119, 400), (121, 200)):
        query = {
            "lastUpdatedAfter": "2026-01-01T00:00:00Z",
            "lastUpdatedBefore": (now - timedelta(seconds=seconds)).isoformat(),
        }
        assert ask(calm, "GET", "/orders/2026-01-01/orders", **query).status == status


def test_an_order_is_pending_by_plan_and_released_by_itself(tmp_path, drive):
    made = world(tmp_path, seed=1, rates={})
    made.plan.rates["pending"] = 1.0
    list_tea(made)
    place(made, sale())
    assert status(made)["fulfillmentStatus"] == "PENDING"
    row = made.db.execute("SELECT * FROM timer WHERE standin = 'amazon'").fetchone()
    account_of(made).command(row["name"], json.loads(row["args"]))
    assert (row["name"], status(made)["fulfillmentStatus"]) == ("release", "UNSHIPPED")


def test_parcels_make_an_order_shipped_and_one_told_again_is_one(calm):
    list_tea(calm)
    place(calm, sale("250-1", item(quantity=2), item("CUP")))
    steps = [("1", 1, 0), ("1", 2, 0), ("2", 1, 1)]
    seen = [
        (confirm(calm, "250-1", ref, count, at).status, status(calm)["fulfillmentStatus"]) for ref, count, at in steps
    ]
    assert seen == [(204, "PARTIALLY_SHIPPED"), (204, "PARTIALLY_SHIPPED"), (204, "SHIPPED")]
    told = account_of(calm).command("told", {})["fulfilments"]
    assert [(one["number"], one["units"]) for one in told] == [("T1", {"TEA": 2}), ("T2", {"CUP": 1})]
    effects = dict(calm.db.execute(account_of(calm).effects["fulfilment.create"]).fetchall())
    assert effects == {"T1": 1, "T2": 1}


@pytest.mark.parametrize(("reference", "quantity"), [("0", 1), ("S-1", 1), ("1", 2), ("1", 0)])
def test_a_parcel_that_cannot_be_is_refused(calm, reference, quantity):
    list_tea(calm)
    place(calm, sale())
    assert (confirm(calm, "250-1", reference, quantity).status, status(calm)["fulfillmentStatus"]) == (400, "UNSHIPPED")


def test_nothing_is_confirmed_of_an_order_that_may_not_be_packed(calm):
    list_tea(calm)
    place(calm, sale("250-1"), pending=True)
    place(calm, sale("250-2"), how="place_at_amazon")
    place(calm, sale("250-3"))
    account_of(calm).command("cancel", {"number": "250-3"})
    assert [confirm(calm, f"250-{n}").status for n in (1, 2, 3, 9)] == [400, 400, 400, 404]


def test_a_number_is_accepted_at_once_and_shown_later_in_the_order_told(tmp_path, drive):
    made = world(tmp_path)
    list_tea(made)
    made.behave({"lag_minutes": 60})
    answers = [patch(made, quantity=n).body["status"] for n in (7, 6, 5)]
    assert (answers, shown(made)["TEA"]) == (["ACCEPTED"] * 3, 10)
    drive.set(clock.now() + timedelta(minutes=60))
    assert shown(made)["TEA"] == 5


def test_numbers_that_make_no_sense_are_not_shown(calm):
    list_tea(calm)
    answers = [patch(calm, quantity=-1), patch(calm, quantity="5"), patch(calm, op="delete"), patch(calm, "NONE", 5)]
    said = [(one.status, one.body.get("status")) for one in answers]
    assert said == [(200, "INVALID"), (400, None), (400, None), (200, "ACCEPTED")]
    assert shown(calm) == {"CUP": 10, "TEA": 10}


def test_a_number_for_goods_at_amazon_takes_them_out_of_its_warehouse(calm):
    list_tea(calm)
    account_of(calm).command("store_at_amazon", {"sku": "TEA", "units": 4})
    patch(calm, "TEA", 5)
    assert calm.db.execute("SELECT count(*) FROM amazon_warehouse").fetchone()[0] == 0


def test_sales_from_amazon_s_warehouse_touch_no_number_of_ours(calm):
    list_tea(calm)
    place(calm, sale(), how="place_at_amazon")
    account_of(calm).command("send_from_amazon", {"number": "250-1"})
    assert (shown(calm)["TEA"], status(calm)["fulfilledBy"], status(calm)["fulfillmentStatus"]) == (
        10,
        "AMAZON",
        "SHIPPED",
    )


# Nights


def test_an_order_that_nobody_heard_of_is_missing_here_until_it_is_served(tmp_path):
    made = world(tmp_path, seed=1, rates={"lost": 1.0, "forgotten": 0, "edited": 0})
    list_tea(made)
    place(made, sale())
    assert (orders(made)["orders"], [row["state"] for row in notices(made)]) == ([], ["lost"])
    assert account_of(made).planted(NIGHT)["order_missing_here"] == ["order:250-1"]
    made.find_lost()
    assert [one["orderId"] for one in orders(made)["orders"]] == ["250-1"]
    assert account_of(made).planted(NIGHT)["order_missing_here"] == []


def test_a_forgotten_order_is_missing_there_once_and_is_nowhere(calm):
    list_tea(calm)
    place(calm, sale())
    orders(calm)
    account_of(calm).command("forget_order", {"number": "250-1"})
    found = [account_of(calm).planted(NIGHT)["order_missing_there"] for _ in range(2)]
    assert (found, orders(calm)["orders"]) == ([["order:250-1"], []], [])


def test_an_edit_in_the_console_is_drift_until_it_is_overwritten(calm):
    list_tea(calm)
    account_of(calm).command("edit_stock", {"sku": "TEA", "delta": 3})
    place(calm, sale("250-1", item("CUP", 2)))
    found = [account_of(calm).planted(NIGHT)["stock_drift"] for _ in range(2)]
    patch(calm, "TEA", 5)
    assert (found, account_of(calm).planted(NIGHT)["stock_drift"], shown(calm)["TEA"]) == ([["sku:TEA"], []], [], 5)
