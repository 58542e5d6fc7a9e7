"""The stand-in that speaks in files: what it writes, what it pushes, what it takes once, and what its oracle names."""

import hashlib
import hmac
import json
from datetime import date, timedelta
from decimal import Decimal
from itertools import count

import pytest

from apps.core import clock
from apps.sandbox.csvshop import CsvShop
from apps.sandbox.words import Article, Person, Returned, ReturnedLine, Sale, SaleLine, plain
from apps.sandbox.world import Ask, Notice, Plan, World

NIGHT = date(2026, 11, 23)
_numbers = count(1)


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path, Plan(None))
    made.settle([CsvShop])
    yield made
    made.db.close()


@pytest.fixture
def shop(world):
    return world.standins["csv"]


def sale(sku="A", quantity=1, number=""):
    price = Decimal("12.50")
    return Sale(
        number=number or f"M-{next(_numbers)}", at=clock.now().isoformat(), currency="GBP", payment="prepaid",
        total_minor=int(price * quantity * 100), lines=(SaleLine(sku=sku, title="a", quantity=quantity, unit_price=price),),
        person=Person(id="1", email="a@example.com", name="Ada Archer", country="GB"),
    )  # fmt: skip


def send(shop, *sales):
    return shop.command("send_orders", {"sales": plain(list(sales))})["files"]


def get(shop, path, **query):
    return shop.handle(Ask("GET", path, query, {}, b""))


def put(shop, name, body, **headers):
    return shop.handle(Ask("PUT", f"/shop/files/{name}", {}, headers, body))


def notices(world):
    return world.db.execute("SELECT hook, thing, state FROM notice ORDER BY seq").fetchall()


def heard(world):
    """The product has taken everything that was sent."""
    world.db.execute("UPDATE notice SET state = 'sent', status = 200 WHERE state = 'open'")


def stock(shop, *rows):
    body = "sku,quantity,expected\r\n" + "".join(f"{','.join(map(str, row))}\r\n" for row in rows)
    return put(shop, f"stock-{next(_numbers)}.csv", body.encode())


def list_one(shop, sku="A", shown=10):
    article = Article(sku=sku, title="a", price=Decimal("12.50"), currency="GBP", shown=shown)
    shop.command("list_variants", {"variants": plain([article])})


def test_sales_of_one_call_are_one_file_pushed_once(world, shop):
    one, two = sale(), sale()
    (name,) = send(shop, one, two)
    assert [tuple(row) for row in notices(world)] == [("csv", f"file:{name}", "open")]
    log = world.db.execute("SELECT facts FROM dispatch WHERE kind = 'file'").fetchone()
    assert json.loads(log["facts"]) == {"name": name, "kind": "orders", "things": [one.number, two.number]}


def test_the_same_call_again_is_the_same_file_and_sells_nothing_more(world, shop):
    list_one(shop)
    bought = sale(quantity=3)
    first = send(shop, bought)
    body = get(shop, f"/shop/files/{first[0]}").body
    assert send(shop, bought) == first
    assert get(shop, f"/shop/files/{first[0]}").body == body
    assert shop.command("shown", {}) == {"shown": {"A": 7}}


def test_people_buy_below_zero(shop):
    list_one(shop, shown=1)
    send(shop, sale(quantity=4))
    assert shop.command("shown", {}) == {"shown": {"A": -3}}


def test_a_push_is_signed_over_time_name_kind_and_body(world, shop):
    world.hooks["csv"] = {"url": "http://127.0.0.1:9/", "push_secret": "hush"}
    headers = {"x-kurogo-file": "a.csv", "x-kurogo-kind": "orders"}
    made = shop.sign(Notice(1, "csv", "file/orders", "file:a.csv", clock.now(), b"body", headers))
    signed = f"{made['x-kurogo-timestamp']}.a.csv.orders.body".encode()
    assert made["x-kurogo-signature"] == hmac.new(b"hush", signed, hashlib.sha256).hexdigest()


def test_a_push_is_of_the_business_moment_and_a_signature_of_the_wall(world, shop, tmp_path, settings):
    drive = clock.Drive(tmp_path / "clock", clock.wall() - timedelta(days=5000))
    settings.CLOCK_FILE = str(tmp_path / "clock")
    world.hooks["csv"] = {"push_secret": "hush"}
    send(shop, sale())
    (row,) = world.db.execute("SELECT at FROM notice").fetchall()
    assert row["at"] == int(drive.now().timestamp() * 1e6)
    headers = {"x-kurogo-file": "a.csv", "x-kurogo-kind": "orders"}
    made = shop.sign(Notice(1, "csv", "", "", clock.now(), b"", headers))
    assert abs(int(made["x-kurogo-timestamp"]) - clock.wall().timestamp()) < 5


def test_each_folder_has_its_own_token(world, shop):
    world.hooks["csv"] = {"token": "one"}
    world.hooks["csv:warehouse"] = {"token": "two"}
    asked = [
        shop.handle(Ask("GET", f"/{place}/files", {}, {"authorization": f"Bearer {token}"}, b"")).status
        for place, token in (("shop", "one"), ("shop", "two"), ("warehouse", "two"), ("warehouse", ""))
    ]
    assert asked == [200, 401, 200, 401]


@pytest.mark.parametrize("path", ["/", "/attic/files", "/shop/else", "/shop/files/none.csv"])
def test_what_is_not_there_is_404(shop, path):
    assert get(shop, path).status == 404


def test_a_number_is_set_only_where_the_shop_shows_what_is_expected(shop):
    list_one(shop, "A", 10)
    list_one(shop, "B", 5)
    answer = stock(shop, ("A", 3, 10), ("B", 3, 4), ("C", 1, ""))
    assert (answer.status, json.loads(answer.body)) == (
        201,
        {"stale": [{"sku": "B", "shown": 5}], "refused": [{"sku": "C", "error": "this shop does not list it"}]},
    )
    assert shop.command("shown", {}) == {"shown": {"A": 3, "B": 5}}


def test_a_file_counts_once_a_name(shop):
    list_one(shop, "A", 10)
    body = b"sku,quantity,expected\r\nA,3,10\r\n"
    first = put(shop, "stock-1.csv", body)
    send(shop, sale())
    assert put(shop, "stock-1.csv", body).body == first.body
    assert put(shop, "stock-1.csv", body, **{"if-none-match": "*"}).status == 412
    assert put(shop, "stock-1.csv", body + b"B,1,\r\n").status == 409
    assert shop.command("shown", {}) == {"shown": {"A": 2}}
    assert shop.command("laid", {}) == {"laid": ["stock-1.csv"]}


@pytest.mark.parametrize("body", [b"\xff\xff", b"sku\r\nA\r\n", b"sku,quantity,expected\r\nA,x,\r\n"])
def test_a_file_that_cannot_be_read_is_refused_and_not_kept(shop, body):
    assert put(shop, "stock-9.csv", body).status == 422
    assert shop.command("laid", {}) == {"laid": []}


def test_no_more_is_shipped_than_was_bought(shop):
    bought = sale(quantity=2)
    send(shop, bought)
    parcel = f"reference,order_number,sku,quantity\r\nS-1,{bought.number},A,2\r\n".encode()
    assert put(shop, "shipment-S-1.csv", parcel).status == 201
    assert put(shop, "shipment-S-2.csv", parcel.replace(b"S-1", b"S-2")).status == 422
    assert shop.command("told", {}) == {
        "fulfilments": [{"order": bought.number, "reference": "S-1", "units": {"A": 2}}]
    }


def test_a_returns_file_names_no_sale(world, shop):
    paper = Returned(
        number="C1", at=clock.now().isoformat(), currency="GBP", email="a@example.com",
        lines=(ReturnedLine(sku="A", title="a", quantity=1, amount_minor=1250),),
    )  # fmt: skip
    name = shop.command("send_returns", {"returns": plain([paper])})["file"]
    assert [tuple(row) for row in notices(world)] == [("csv", f"file:{name}", "open")]


def test_stock_goes_to_the_warehouses_hook(world, shop):
    row = {"document": "W1", "line": 1, "at": clock.now().isoformat(), "sku": "A", "kind": "receipt", "quantity": 5}
    name = shop.command("send_stock", {"rows": [row]})["file"]
    assert [tuple(row) for row in notices(world)] == [("csv:warehouse", f"file:{name}", "open")]


def test_any_file_can_be_sent_as_it_is(shop):
    shop.command("send_file", {"name": "bad.csv", "kind": "orders", "text": "注文", "encoding": "euc-jp"})
    assert get(shop, "/shop/files/bad.csv").body == "注文".encode("euc-jp")


def test_an_unknown_command_is_named(shop):
    with pytest.raises(LookupError):
        shop.command("dance", {})


# The oracle


def test_nothing_is_planted_where_everything_was_heard(world, shop):
    list_one(shop)
    send(shop, sale())
    heard(world)
    assert shop.planted(NIGHT) == {"order_missing_here": [], "order_missing_there": [], "stock_drift": []}


def test_an_order_that_was_never_heard_is_missing_here_on_one_night(world, shop):
    lost = sale()
    send(shop, lost)
    assert shop.planted(NIGHT)["order_missing_here"] == [f"order:{lost.number}"]
    assert shop.planted(NIGHT + timedelta(days=1))["order_missing_here"] == []


def test_an_order_that_was_fetched_is_not_missing(world, shop):
    (name,) = send(shop, sale())
    get(shop, f"/shop/files/{name}")
    assert shop.planted(NIGHT)["order_missing_here"] == []


def test_a_forgotten_order_is_in_no_file_and_no_index_and_named_once(world, shop):
    gone, kept = sale(), sale()
    (name,) = send(shop, gone, kept)
    heard(world)
    shop.command("forget_order", {"number": gone.number})
    index = get(shop, "/shop/files/orders-index.json").body
    assert [row["order_number"] for row in index] == [kept.number]
    encoded = [gone.number.encode(code) for code in ("utf-8", "utf-16-le")]
    assert [code in get(shop, f"/shop/files/{name}").body for code in encoded] == [False, False]
    assert shop.planted(NIGHT)["order_missing_there"] == [f"order:{gone.number}"]
    assert shop.planted(NIGHT)["order_missing_there"] == []


def test_an_edit_is_drift_until_a_number_is_set(world, shop):
    list_one(shop, "A", 10)
    list_one(shop, "B", 10)
    shop.command("edit_stock", {"sku": "A", "delta": 3})
    shop.command("edit_stock", {"sku": "B", "delta": -2})
    send(shop, sale())
    stock(shop, ("B", 6, 8))
    assert shop.planted(NIGHT)["stock_drift"] == ["sku:A"]
    assert shop.planted(NIGHT)["stock_drift"] == []


def test_a_refused_number_heals_no_drift(world, shop):
    list_one(shop, "A", 10)
    shop.command("edit_stock", {"sku": "A", "delta": 3})
    stock(shop, ("A", 6, 10))
    assert shop.planted(NIGHT)["stock_drift"] == ["sku:A"]


def test_a_lost_order_has_a_file_of_its_own_that_comes_up_at_night(tmp_path):
    world = World(tmp_path, Plan(7, {"lost": 0.1}))
    world.settle([CsvShop])
    shop = world.standins["csv"]
    sales = [sale(number=f"L-{number}") for number in range(60)]
    lost = [one.number for one in sales if world.plan.hits("lost", f"csv:order:{one.number}")]
    files = send(shop, *sales)
    assert 1 < len(lost) < len(files) < 60
    assert [row["thing"] for row in notices(world) if row["state"] == "lost"] == [f"order:{one}" for one in lost]
    before = {row["order_number"] for row in get(shop, "/shop/files/orders-index.json").body}
    assert before == {one.number for one in sales} - set(lost)
    heard(world)
    told = shop.planted(NIGHT)
    assert set(told["order_missing_here"]) == {f"order:{one}" for one in lost}
    begun = clock.now()
    world.find_lost()
    index = get(
        shop, "/shop/files/orders-index.json", **{"from": begun.isoformat(), "to": clock.now().isoformat()}
    ).body
    assert {row["order_number"] for row in index} == set(lost)
    world.db.close()


def test_the_plan_forgets_and_edits_the_same_things_each_time(tmp_path):
    told = []
    for run in ("a", "b"):
        world = World(tmp_path / run, Plan(7, {"lost": 0.0}))
        world.settle([CsvShop])
        world.plan.rates.update({"csv_forgotten": 0.2, "csv_edited": 0.3})
        shop = world.standins["csv"]
        for number in range(30):
            list_one(shop, f"S{number}")
        send(shop, *(sale(number=f"P-{number}") for number in range(30)))
        heard(world)
        edited = shop.command("edit_stock", {"night": str(NIGHT)})["edited"]
        told.append((edited, shop.planted(NIGHT)))
        world.db.close()
    assert told[0] == told[1]
    edited, planted = told[0]
    assert planted["stock_drift"] == [f"sku:{sku}" for sku in edited]
    assert 0 < len(planted["order_missing_there"]) < 30


def test_a_calm_plan_forgets_and_edits_nothing(world, shop):
    list_one(shop)
    send(shop, sale())
    heard(world)
    assert shop.command("edit_stock", {"night": str(NIGHT)}) == {"edited": []}
    assert shop.planted(NIGHT) == {"order_missing_here": [], "order_missing_there": [], "stock_drift": []}
