"""A file on its whole way: pushed to the real hook, kept, taken in by the stories; a bad one stops nobody and is shown."""

import io

import pytest
from django.db import connection as database

from apps.catalog import services as catalog
from apps.connectors.csv import webhook
from apps.core import clock
from apps.flows import dispatch, take_file, wiring
from apps.hub import connections, hooks
from apps.hub.contracts import VariantCard
from apps.hub.models import Connection, FileRun, InboxEvent, SetAsideRow
from apps.inventory.models import StockLevel
from apps.orders.models import Order, Return
from tests import builders
from tests.connectors.csv.builders import HEADER, ROW, sheet

pytestmark = pytest.mark.django_db
SECRET = "push-secret-canary"


@pytest.fixture
def shop(monkeypatch):
    """A channel of files with two articles."""
    monkeypatch.setattr(database, "close_if_unusable_or_obsolete", lambda: None)
    wiring.forget()
    connections.forget()
    builders.location()
    made = connections.create(
        brand=builders.brand(), connector="csv", name="Files", settings={}, secrets={"push_secret": SECRET}
    )
    catalog.take_cards(made.brand, [VariantCard(sku=sku, title=sku) for sku in ("A-1", "B-2")])
    yield made
    connections.forget()


def push(shop, body, *, name="orders.csv", kind="orders", secret=SECRET, late=0):
    """One push as the script of the README makes it; the status of the answer."""
    stamp = str(int(clock.wall().timestamp()) - late)
    made = webhook.signature(secret, timestamp=stamp, name=name, kind=kind, body=body)
    environ = {
        "REQUEST_METHOD": "POST", "PATH_INFO": f"/hooks/{shop.id}/", "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body), "HTTP_X_KUROGO_FILE": name, "HTTP_X_KUROGO_KIND": kind,
        "HTTP_X_KUROGO_TIMESTAMP": stamp, "HTTP_X_KUROGO_SIGNATURE": made,
    }  # fmt: skip
    statuses: list[str] = []
    b"".join(hooks.application(environ, lambda status, headers: statuses.append(status)))
    return int(statuses[0].split()[0])


def drain():
    while dispatch.drain("test"):
        pass


def states():
    return list(InboxEvent.objects.order_by("received_at", "id").values_list("topic", "status", "reason"))


ORDERS = sheet(HEADER, ROW, ("N-2", "2026/11/01 9:40", "B-2", "鉢", "1", "300"), encoding="cp932")


def test_a_pushed_file_becomes_orders(shop):
    assert push(shop, ORDERS) == 200
    drain()
    assert list(Order.objects.order_by("external_number").values_list("external_number", "total_minor")) == [
        ("N-1", 2400), ("N-2", 300),
    ]  # fmt: skip
    run = FileRun.objects.get()
    assert (run.name, run.kind, run.rows, run.finished_at is not None) == ("orders.csv", "orders", 2, True)


def test_the_same_file_again_changes_nothing_however_it_comes(shop):
    push(shop, ORDERS)
    drain()
    assert push(shop, ORDERS) == 200
    assert take_file.upload(shop, "C:/files/../orders.csv".rpartition("/")[2], "orders", ORDERS) is False
    drain()
    shop.refresh_from_db()
    assert (Order.objects.count(), FileRun.objects.count(), shop.repeated_count) == (2, 1, 1)


@pytest.mark.parametrize("wrong", [{"secret": "guessed"}, {"late": 301}, {"late": -301}])
def test_a_push_that_is_not_theirs_or_not_now_is_refused_counted_and_not_kept(shop, wrong):
    assert push(shop, ORDERS, **wrong) == 401
    shop.refresh_from_db()
    assert (InboxEvent.objects.count(), shop.refused_count) == (0, 1)


def test_a_bad_row_is_set_aside_with_its_words_and_the_others_are_taken(shop):
    bad = ("N-3", "2026/11/01", "B-2", "鉢", "many", "300")
    push(shop, sheet(HEADER, bad, ROW))
    drain()
    assert list(Order.objects.values_list("external_number", flat=True)) == ["N-1"]
    assert list(SetAsideRow.objects.values_list("row", "reason", "detail")) == [
        (1, "bad_number", "quantity 'many' is no number that is understood")
    ]


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        (sheet(HEADER[1:], ROW[1:]), "orders", "columns missing: order_number; columns found: "),
        (b"\xff\xff\xff", "orders", "neither UTF-8: byte 0xFF at 0 (line 1), nor cp932: byte 0xFF at 0 (line 1)"),
        (b"", "orders", "the file is empty"),
        (ORDERS, "poems", "files of kind 'poems' are not known; known are orders, returns, stock, catalogue"),
    ],
)
def test_a_file_that_cannot_be_read_is_kept_marked_and_stops_nobody(shop, body, kind, reason):
    assert (push(shop, body, name="bad.csv", kind=kind), push(shop, ORDERS)) == (200, 200)
    drain()
    (bad, good) = states()
    assert bad[:2] == (f"file/{kind}", "set_aside")
    assert bad[2].startswith(reason)
    assert good == ("file/orders", "done", "")
    assert Order.objects.count() == 2


def test_a_name_that_is_no_files_is_kept_and_marked(shop):
    assert push(shop, ORDERS, name="../../etc/passwd") == 200
    drain()
    assert [state[:2] for state in states()] == [("unreadable", "set_aside")]


def test_a_file_cut_in_half_and_then_whole_ends_as_the_whole_one(shop):
    rows = [(f"N-{n // 3}", "2026/11/01", "A-1", "白い皿", "1", "100", "300") for n in range(30)]
    whole = sheet((*HEADER, "注文合計"), *rows, encoding="cp932")
    push(shop, whole[: len(whole) // 2], name="half.csv")
    drain()
    half = Order.objects.count()
    push(shop, whole, name="whole.csv")
    drain()
    totals = set(Order.objects.values_list("total_minor", flat=True))
    assert (0 < half < 10, Order.objects.count(), totals) == (True, 10, {300})


def test_a_returns_file_is_taken(shop):
    push(shop, ORDERS)
    header = ("返品番号", "返品日", "メールアドレス", "商品コード", "数量", "返金額")
    push(
        shop,
        sheet(header, ("C-1", "2026/11/02", "nobody@example.jp", "A-1", "-1", "1200")),
        name="r.csv",
        kind="returns",
    )
    drain()
    assert list(Return.objects.values_list("number", flat=True)) == ["C-1"]


def test_a_stock_file_is_taken_once(shop):
    body = sheet(
        ("伝票番号", "行番号", "区分", "商品コード", "数量", "仕入単価"), ("IN-1", "1", "入荷", "A-1", "5", "400")
    )
    push(shop, body, name="s1.csv", kind="stock")
    push(shop, body, name="s2.csv", kind="stock")
    drain()
    (level,) = StockLevel.objects.all()
    assert (level.on_hand, Connection.objects.get(id=shop.id).last_error) == (5, "")
