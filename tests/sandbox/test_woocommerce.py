"""The WooCommerce stand-in's own ledger: what it sells, shows, is told, and what it sees unhealed at night."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from apps.core import clock
from apps.sandbox.server import find_standins
from apps.sandbox.woocommerce import ROOT, WooCommerce
from apps.sandbox.woocommerce_orders import PREFECTURES, place_of
from apps.sandbox.words import Article, Person, Sale, SaleLine, plain
from apps.sandbox.world import Ask, Notice, Plan, World

NIGHT = date(2026, 11, 23)
HANAKO = Person(id="7", email="hanako@example.jp", name="山田 花子", country="JP", region="東京都")
KEYS = "Basic " + base64.b64encode(b"k:s").decode()


def world(folder, *, seed=None, rates=None):
    made = World(folder, Plan(seed, rates))
    made.settle(find_standins())
    made.hooks["woocommerce"] = {
        "url": "http://127.0.0.1:1/", "webhook_secret": "hush", "consumer_key": "k", "consumer_secret": "s",
    }  # fmt: skip
    return made


@pytest.fixture
def calm(tmp_path):
    return world(tmp_path)


def shop_of(made) -> WooCommerce:
    return made.standins["woocommerce"]


def item(sku="TEA", quantity=1, price="1200", kind="item", rate=1000):
    return SaleLine(sku=sku, title=sku, quantity=quantity, unit_price=Decimal(price), kind=kind, tax_rate_bp=rate)


def sale(number="1", *lines, at=None, payment="cod", currency="JPY", total=None, includes_tax=True):
    lines = lines or (item(),)
    sums = sum(int(one.unit_price * one.quantity) for one in lines)
    return Sale(
        number=number, at=(at or clock.now()).isoformat(), currency=currency, payment=payment, person=HANAKO,
        total_minor=sums if total is None else total, lines=lines, prices_include_tax=includes_tax,
    )  # fmt: skip


def tell(made, name, **args):
    return shop_of(made).command(name, args)


def list_tea(made, shown=10):
    skus = ("TEA", "CUP", "10001A")
    tell(
        made,
        "list_variants",
        variants=plain([Article(sku=sku, title=sku, price=Decimal(1200), currency="JPY", shown=shown) for sku in skus]),
    )


def place(made, *sales):
    return tell(made, "place_orders", sales=plain(list(sales)))["placed"]


def ask(made, method, path, body=None, *, keys=KEYS, root=ROOT, **query):
    raw = json.dumps(body).encode() if body is not None else b""
    headers = {"authorization": keys} if keys else {}
    return shop_of(made).handle(
        Ask(method, root + path, {name: str(value) for name, value in query.items()}, headers, raw)
    )


def changed(made, **query):
    return ask(made, "GET", "/orders", **{"orderby": "modified", "order": "asc", "per_page": 100, **query})


def shown(made):
    return tell(made, "shown")["shown"]


def notices(made):
    rows = made.db.execute("SELECT topic, thing, state FROM notice WHERE hook = 'woocommerce' ORDER BY seq").fetchall()
    return [tuple(row) for row in rows]


def deliver(made):
    made.db.execute("UPDATE notice SET state = 'sent', status = 200 WHERE hook = 'woocommerce' AND state = 'open'")


# Selling


def test_a_sale_lowers_what_is_shown_and_one_that_is_called_off_raises_it(calm):
    list_tea(calm, shown=2)
    place(calm, sale("1", item("TEA", 3)), sale("2", item("TEA", 1), item("10001A", 2), item("GONE", 4)))
    assert shown(calm) == {"10001A": 0, "CUP": 2, "TEA": -2}
    tell(calm, "cancel", number="2")
    tell(calm, "cancel", number="2")
    assert shown(calm) == {"10001A": 2, "CUP": 2, "TEA": -1}
    assert shop_of(calm).planted(NIGHT)["stock_drift"] == []


def test_units_that_were_given_back_are_not_given_back_twice(calm):
    list_tea(calm)
    place(calm, sale("1", item("TEA", 3)))
    tell(calm, "refund", number="1", units={"TEA": 2})
    assert shown(calm)["TEA"] == 9
    tell(calm, "cancel", number="1")
    assert shown(calm)["TEA"] == 10


def test_an_order_that_was_placed_before_is_only_told_again(calm):
    list_tea(calm)
    first = place(calm, sale("1", item("TEA", 3)))
    assert place(calm, sale("1", item("TEA", 3))) == first
    assert (shown(calm)["TEA"], notices(calm)) == (7, [("order.created", "order:1", "open")] * 2)


def test_a_shop_that_honours_what_it_shows_sells_no_more(calm):
    calm.behave({"honest": 1})
    list_tea(calm, shown=2)
    assert [bool(id) for id in place(calm, sale("1", item("TEA", 3)), sale("2", item("TEA", 1)))] == [True, False]
    assert (shown(calm)["TEA"], changed(calm).body[0]["line_items"][0]["quantity"]) == (0, 2)


def test_a_card_is_authorised_at_the_checkout_and_cash_is_not(calm):
    place(calm, *[sale(payment, payment=payment) for payment in ("card", "konbini", "cod", "prepaid")])
    rows = calm.db.execute("SELECT number, amount, method FROM stripe_intent ORDER BY seq").fetchall()
    assert [tuple(row) for row in rows] == [("card", 1200, "card"), ("konbini", 1200, "konbini")]
    said = [(one["status"], one["payment_method"], bool(one["date_paid_gmt"])) for one in changed(calm).body]
    assert sorted(said) == [
        ("on-hold", "stripe", False), ("on-hold", "stripe_konbini", False), ("processing", "cod", False),
        ("processing", "ppcp-gateway", True),
    ]  # fmt: skip


def test_a_sale_that_does_not_add_up_is_refused(calm):
    with pytest.raises(ValueError, match="1 says 1199, its lines add up to 1200"):
        place(calm, sale("1", total=1199))


@pytest.mark.parametrize(
    ("lines", "facts"),
    [
        ([item("A", 1, "1080", rate=800), item("", 1, "600", kind="shipping")], {}),
        ([item("A", 3, "1004"), item("B", 1, "1003", rate=800)], {"includes_tax": False, "total": 4397}),
        ([item("A", 1, "100"), item("B", 2, "100"), item("", 1, "-100", kind="discount")], {}),
        ([item("A", 1, "100"), item("", 1, "50", kind="fee"), item("", 1, "-30", kind="discount")], {}),
        ([item("A", 1, "100"), item("", 1, "500", kind="shipping"), item("", 1, "-300", kind="discount")], {}),
    ],
)
def test_amounts_without_tax_and_their_taxes_add_up_as_the_shop_adds_them(calm, lines, facts):
    place(calm, sale("1", *lines, **facts))
    (order,) = changed(calm).body
    charged = [*order["line_items"], *order["shipping_lines"], *order["fee_lines"]]
    assert sum(Decimal(one["total"]) + Decimal(one["total_tax"]) for one in charged) == Decimal(order["total"])
    assert sum(Decimal(one["total_tax"]) for one in charged) == Decimal(order["total_tax"])
    taxes = sum(Decimal(one["tax_total"]) + Decimal(one["shipping_tax_total"]) for one in order["tax_lines"])
    off = sum(Decimal(one["subtotal"]) - Decimal(one["total"]) for one in order["line_items"])
    assert (taxes, off) == (Decimal(order["total_tax"]), Decimal(order["discount_total"]))


def test_times_are_told_twice_and_states_by_their_code(calm):
    at = datetime(2096, 11, 23, 1, 0, tzinfo=UTC)
    place(calm, sale("1", at=at))
    (order,) = changed(calm).body
    assert (order["date_created"], order["date_created_gmt"]) == ("2096-11-23T10:00:00", "2096-11-23T01:00:00")
    assert (order["billing"]["state"], len(PREFECTURES)) == ("JP13", 47)


# The REST API


def test_who_has_no_key_or_asks_elsewhere_is_turned_away(calm):
    wrong = "Basic " + base64.b64encode(b"k:wrong").decode()
    assert [ask(calm, "GET", "/orders", keys=keys).status for keys in ("", wrong, "Bearer k")] == [401] * 3
    assert ask(calm, "GET", "/orders", root="/wp-json/wc/v1").body["code"] == "rest_no_route"
    for method, path in (("GET", "/customers"), ("DELETE", "/orders/1"), ("GET", "/products/1/variations")):
        assert ask(calm, method, path).status == 404


def test_changes_are_listed_in_order_within_both_bounds_left_out(calm):
    start = datetime(2096, 11, 23, 1, 0, tzinfo=UTC)
    place(calm, *[sale(str(number), at=start + timedelta(seconds=number)) for number in range(5)])
    window = {
        "modified_after": "2096-11-23T01:00:00",
        "modified_before": "2096-11-23T01:00:04",
        "dates_are_gmt": "true",
    }
    page = changed(calm, **window, per_page=2)
    assert [order["number"] for order in page.body] == ["1", "2"]
    assert (page.headers["X-WP-Total"], page.headers["X-WP-TotalPages"]) == ("3", "2")
    assert [order["number"] for order in changed(calm, **window, per_page=2, page=2).body] == ["3"]
    left = changed(calm, **window, exclude=f"{page.body[0]['id']},{page.body[1]['id']}")
    assert ([order["number"] for order in left.body], left.headers["X-WP-Total"]) == (["3"], "1")
    for wrong in ({"per_page": 101}, {"per_page": 0}, {"orderby": "date"}, {"order": "desc"}):
        assert changed(calm, **wrong).status == 400


def test_a_time_with_a_zone_is_moved_to_the_shop_s_own_like_wordpress_does(calm):
    place(calm, sale("1", at=datetime(2096, 11, 23, 1, 0, tzinfo=UTC)))
    bare, moved = ("2096-11-23T00:59:00", "2096-11-23T00:59:00Z")
    assert len(changed(calm, modified_after=bare, dates_are_gmt="true").body) == 1
    assert len(changed(calm, modified_after=moved, dates_are_gmt="true").body) == 0
    assert len(changed(calm, modified_after="2096-11-23T09:59:00").body) == 1


def test_every_change_raises_the_version_and_is_told(calm):
    place(calm, sale("1", item("TEA", 2)))
    before = shop_of(calm).book.known("1")["updated"]
    tell(calm, "refund", number="1", units={"TEA": 1})
    tell(calm, "cancel", number="1")
    tell(calm, "become", number="1", status="trash")
    assert shop_of(calm).book.known("1")["updated"] >= before + 3
    assert [topic for topic, _, _ in notices(calm)] == [
        "order.created",
        "order.updated",
        "order.updated",
        "order.deleted",
    ]
    assert changed(calm).body == []


def test_all_units_back_is_an_order_refunded(calm):
    place(calm, sale("1", item("TEA", 2)))
    id = shop_of(calm).book.known("1")["id"]
    tell(calm, "refund", number="1", units={"TEA": 1})
    assert ask(calm, "GET", f"/orders/{id}").body["status"] == "processing"
    tell(calm, "refund", number="1", units={"TEA": 5})
    order, refunds = ask(calm, "GET", f"/orders/{id}").body, ask(calm, "GET", f"/orders/{id}/refunds").body
    assert (order["status"], [one["total"] for one in order["refunds"]]) == ("refunded", ["-1200", "-1200"])
    assert [line["quantity"] for one in refunds for line in one["line_items"]] == [-1, -1]


def test_numbers_are_set_whatever_is_shown_each_by_itself(calm):
    list_tea(calm)
    place(calm, sale("1", item("TEA", 3)))
    (product, variation), tea = place_of("10001A"), place_of("TEA")[0]
    wanted = [{"id": id, "manage_stock": True, "stock_quantity": 5} for id in (tea, 999, variation)]
    rows = ask(calm, "POST", "/products/batch", {"update": wanted}).body["update"]
    assert [row.get("stock_quantity") for row in rows] == [5, None, None]
    assert {row["error"]["code"] for row in rows[1:]} == {"woocommerce_rest_product_invalid_id"}
    below = ask(calm, "POST", f"/products/{product}/variations/batch", {"update": wanted[2:]})
    assert below.body["update"][0]["stock_quantity"] == 5
    assert shown(calm) == {"10001A": 5, "CUP": 10, "TEA": 5}
    assert ask(calm, "POST", "/products/batch", {"update": wanted * 34}).status == 413


def test_products_are_listed_with_their_variations_below(calm):
    list_tea(calm)
    product, variation = place_of("10001A")
    page = ask(calm, "GET", "/products", orderby="id", order="asc", _fields="id,type,sku", per_page=2)
    assert (len(page.body), page.headers["X-WP-Total"]) == (2, "3")
    assert {tuple(one) for one in page.body} == {("id", "type", "sku")}
    below = ask(calm, "GET", f"/products/{product}/variations", orderby="id", order="asc")
    assert [(one["id"], one["sku"], one["parent_id"]) for one in below.body] == [(variation, "10001A", product)]
    assert ask(calm, "GET", "/products", orderby="id", order="asc", per_page=101).status == 400


def test_a_note_that_tells_of_a_parcel_is_counted_and_any_other_is_a_note(calm):
    place(calm, sale("1", item("TEA", 3)))
    row = shop_of(calm).book.known("1")
    line = ask(calm, "GET", f"/orders/{row['id']}").body["line_items"][0]["id"]
    ask(calm, "POST", f"/orders/{row['id']}/notes", {"note": "please hurry"})
    ask(calm, "POST", f"/orders/{row['id']}/notes", {"note": f"Yamato 4000\n[Kurogo S-1 4000: {line}x2]"})
    assert tell(calm, "told") == {
        "fulfilments": [{"order": "1", "number": "4000", "company": "Yamato", "units": {"TEA": 2}}]
    }
    facts = calm.db.execute("SELECT facts FROM dispatch WHERE kind = 'fulfilled'").fetchall()
    assert [json.loads(one[0]) for one in facts] == [{"order": "1", "reference": "S-1", "lines": {"TEA": 2}}]
    assert dict(calm.db.execute(shop_of(calm).effects["fulfilment.create"]).fetchall()) == {"S-1": 1}
    assert [one["note"] for one in ask(calm, "GET", f"/orders/{row['id']}/notes").body][1] == "please hurry"
    assert ask(calm, "POST", f"/orders/{row['id']}/notes", {}).status == 400
    assert ask(calm, "PUT", f"/orders/{row['id']}", {"status": "eaten"}).status == 400


# Notices


def test_notices_are_signed_over_the_body_with_the_secret_of_the_hook(calm):
    notice = Notice(1, "woocommerce", "order.created", "order:1", clock.now(), b"{}", {})
    headers = shop_of(calm).sign(notice)
    digest = base64.b64encode(hmac.new(b"hush", b"{}", hashlib.sha256).digest()).decode()
    assert headers["x-wc-webhook-signature"] == digest
    assert [headers[f"x-wc-webhook-{name}"] for name in ("topic", "resource", "event", "id")] == [
        "order.created", "order", "created", "11",
    ]  # fmt: skip


def test_a_ping_is_a_form_without_a_signature(calm):
    tell(calm, "ping")
    row = calm.db.execute("SELECT * FROM notice WHERE topic = 'ping'").fetchone()
    assert (row["body"], json.loads(row["headers"])) == (
        b"webhook_id=11", {"content-type": "application/x-www-form-urlencoded"},
    )  # fmt: skip
    assert shop_of(calm).sign(Notice(1, "woocommerce", "ping", "ping", clock.now(), row["body"], {})) == {}


# Nights


def test_an_order_whose_notices_were_lost_is_missing_here_until_it_is_served(tmp_path):
    made = world(tmp_path, seed=1, rates={"lost": 1.0})
    made.plan.rates |= {"woocommerce_forgotten": 0.0, "woocommerce_edited": 0.0}
    place(made, sale("1"), sale("2"))
    assert [state for _, _, state in notices(made)] == ["lost", "lost"]
    assert changed(made).body == []
    assert ask(made, "GET", f"/orders/{shop_of(made).book.known('2')['id']}").body["number"] == "2"
    assert shop_of(made).planted(NIGHT)["order_missing_here"] == ["order:1"]
    made.find_lost()
    assert sorted(order["number"] for order in changed(made).body) == ["1", "2"]
    assert shop_of(made).planted(NIGHT)["order_missing_here"] == []


def test_a_forgotten_order_is_missing_there_once_and_is_nowhere(calm):
    place(calm, sale("1"), sale("2"))
    deliver(calm)
    tell(calm, "forget_order", number="1")
    assert shop_of(calm).planted(NIGHT)["order_missing_there"] == ["order:1"]
    assert shop_of(calm).planted(NIGHT)["order_missing_there"] == []
    assert ask(calm, "GET", f"/orders/{shop_of(calm).book.known('1')['id']}").status == 404


def test_an_edit_in_the_console_is_drift_until_it_is_overwritten(calm):
    list_tea(calm)
    tell(calm, "edit_stock", sku="TEA", delta=-4)
    place(calm, sale("1", item("TEA", 1)))
    assert shop_of(calm).planted(NIGHT)["stock_drift"] == ["sku:TEA"]
    assert shop_of(calm).planted(NIGHT)["stock_drift"] == []
    ask(calm, "POST", "/products/batch", {"update": [{"id": place_of("TEA")[0], "stock_quantity": 9}]})
    assert (shown(calm)["TEA"], tell(calm, "edit_stock", night="2026-11-23")) == (9, {"edited": []})
    assert shop_of(calm).planted(NIGHT)["stock_drift"] == []
