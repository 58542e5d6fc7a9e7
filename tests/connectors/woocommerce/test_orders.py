"""Asking for orders: request built so, called so, answer parsed so, error parsed so."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest

from apps.core import clock
from apps.hub import contracts as c
from apps.hub import errors
from apps.sandbox.words import plain
from tests.connectors.stand import line
from tests.connectors.woocommerce.conftest import KEY, SECRET, sale_of

SINCE = datetime(2026, 11, 22, 15, 0, 0, 250_000, tzinfo=UTC)
UNTIL = datetime(2026, 11, 23, 15, 0, 0, 250_000, tzinfo=UTC)


def drafts_of(connector, pages):
    return [connector.read(event.topic, event.raw)[0] for page in pages for event in page]


def lines_of(draft):
    return [(one.number, one.kind, one.sku, one.quantity, one.total_minor, one.tax_minor) for one in draft.lines]


def test_the_request_for_changes_is_built_so(connector, asked):
    list(connector.changed_orders(SINCE, UNTIL))
    assert asked() == [
        (
            "GET", "/orders",
            {
                "per_page": "100", "dates_are_gmt": "true", "orderby": "modified", "order": "asc",
                "modified_after": "2026-11-22T14:59:59", "modified_before": "2026-11-23T15:00:01",
            },
            None,
        )
    ]  # fmt: skip


def test_it_is_called_so(connector, stand):
    connector.fetch_order("12")
    (ask,) = stand.heard
    pair = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
    assert (ask.method, ask.path, ask.query) == ("GET", "/wp-json/wc/v3/orders/12", {})
    assert (ask.headers["authorization"], ask.headers["accept"]) == (f"Basic {pair}", "application/json")


def test_an_answer_is_parsed_so(connector, place, ledger):
    sale, id = place(
        line("TEA", 2, "1200", rate=800), line("CUP", 1, "2160"), line("", 1, "600", kind="shipping", title="クール便"),
        line("", 1, "300", kind="fee", title="ギフト包装"), line("", 1, "-456", kind="discount"), payment="card",
    )  # fmt: skip
    event = connector.fetch_order(id)
    (draft,) = connector.read(event.topic, event.raw)
    ((updated,),) = ledger("SELECT updated FROM woocommerce_book WHERE id = ?", int(id))
    at = datetime.fromtimestamp(updated, UTC)
    assert (event.topic, event.subject, event.at) == ("poll.order", f"order:{sale.number}", at)
    assert event.id == f"poll:{id}:{at:%Y-%m-%dT%H:%M:%S}:on-hold"
    assert (draft.external_id, draft.number, draft.version) == (id, sale.number, int(at.timestamp()) * 1000 + 3)
    placed = datetime.fromisoformat(sale.at).replace(microsecond=0)
    assert (draft.placed_at, draft.currency, draft.total_minor) == (placed, "JPY", 5004)
    assert (draft.prices_include_tax, draft.payment_method, draft.payment_raw) == (True, "card", "stripe")
    assert (draft.is_cancelled, draft.raw_status, draft.note) == (False, "on-hold", "")
    assert lines_of(draft) == [
        (1, "item", "TEA", 2, 2400, 161),
        (2, "item", "CUP", 1, 2160, 178),
        (3, "shipping", "", 1, 600, 55),
        (4, "fee", "", 1, 271, 25),
        (5, "discount", "", 1, -225, 0),
        (6, "discount", "", 1, -202, 0),
    ]
    assert [one.tax_rate_bp for one in draft.lines] == [800, 1000, 1000, 1000, 800, 1000]
    assert draft.customer == c.CustomerCard(
        external_id=draft.customer.external_id, email="hanako@example.jp", name="山田 花子", phone="0312345678"
    )
    assert draft.ship_to == c.Address(
        name="山田 花子", postal_code="100-0001", country="JP", region="東京都", city="千代田区", line1="千代田1-1",
        line2="くろこビル", phone="0312345678",
    )  # fmt: skip


def test_an_error_is_parsed_so(connector, misbehave):
    assert connector.fetch_order("no-number") is None
    assert connector.fetch_order("12") is None
    misbehave("html")
    with pytest.raises(errors.Transient, match="GET /orders: the answer is not JSON"):
        list(connector.changed_orders(SINCE, UNTIL))


@pytest.mark.parametrize(
    ("currency", "includes_tax", "total"),
    [("JPY", True, None), ("JPY", False, 4290), ("GBP", True, None), ("GBP", False, 4312), ("BHD", True, 3_999)],
)
def test_prices_with_and_without_tax_add_up_in_any_currency(connector, place, currency, includes_tax, total):
    price = {"JPY": "1300", "GBP": "13.07", "BHD": "1.333"}[currency]
    _, id = place(line("TEA", 3, price), currency=currency, includes_tax=includes_tax, total=total)
    event = connector.fetch_order(id)
    (draft,) = connector.read(event.topic, event.raw)
    taxes = 0 if includes_tax else sum(one.tax_minor for one in draft.lines)
    assert sum(one.total_minor for one in draft.lines) + taxes == draft.total_minor
    assert [one.kind for one in draft.lines] == ["item"]


@pytest.mark.parametrize(
    ("payment", "method", "raw"),
    [
        ("card", "card", "stripe"), ("konbini", "konbini", "stripe_konbini"), ("cod", "cod", "cod"),
        ("prepaid", "prepaid", "ppcp-gateway"),
    ],
)  # fmt: skip
def test_ways_of_paying(connector, place, payment, method, raw):
    event = connector.fetch_order(place(payment=payment)[1])
    (draft,) = connector.read(event.topic, event.raw)
    assert (draft.payment_method, draft.payment_raw) == (method, raw)


def test_a_notice_and_a_poll_give_one_draft(connector, place, notice):
    sale, id = place(line("TEA", 3), line("", 1, "600", kind="shipping"), line("", 1, "-300", kind="discount"))
    event = connector.fetch_order(id)
    assert connector.read("order.created", notice(sale.number)) == connector.read(event.topic, event.raw)


# Pages


def test_more_orders_of_one_second_than_fit_a_page_come_once_each(connector, stand, settings_of_shop, asked):
    sales = [sale_of(person=sale_of().person) for _ in range(230)]
    at = clock.now() + timedelta(days=100)
    dated = [{**one, "at": at.isoformat()} for one in plain(sales)]
    placed = stand.told("woocommerce/place_orders", sales=dated)["placed"]
    stand.forget()
    pages = list(connector.changed_orders(at - timedelta(seconds=5), at + timedelta(seconds=5)))
    assert [len(page) for page in pages] == [100, 100, 30]
    assert sorted(draft.external_id for draft in drafts_of(connector, pages)) == sorted(placed)
    assert [len(query.get("exclude", "").split(",")) for _, _, query, _ in asked()] == [1, 100, 200]
    assert {query["modified_before"] for _, _, query, _ in asked()} == {
        f"{(at + timedelta(seconds=6)).astimezone(UTC):%Y-%m-%dT%H:%M:%S}"
    }


def test_an_order_that_changes_while_we_read_hides_no_other(connector, stand, settings_of_shop):
    start = clock.now() + timedelta(days=200)
    dated = [
        {**plain(sale_of()), "at": (start + timedelta(seconds=number)).isoformat(), "number": f"shift-{number}"}
        for number in range(150)
    ]
    placed = stand.told("woocommerce/place_orders", sales=dated)["placed"]
    reading = connector.changed_orders(start - timedelta(seconds=5), start + timedelta(days=1))
    first = next(reading)
    for number in (0, 50, 120):  # two that were read, one that was not
        stand.told("woocommerce/cancel", number=f"shift-{number}")
    ids = {draft.external_id for draft in drafts_of(connector, [first, *reading])}
    assert sorted(ids) == sorted(placed)


def test_the_window_is_the_shop_s_in_gmt_whatever_its_own_zone(connector, place):
    """The stand-in's clock on the wall is Tokyo's, and like WordPress it moves a time with a zone there."""
    _, id = place()
    now = clock.now()
    near = connector.changed_orders(now - timedelta(minutes=1), now + timedelta(minutes=1))
    assert id in [draft.external_id for draft in drafts_of(connector, near)]
    for hours in (9, -9):
        at = now + timedelta(hours=hours)
        assert list(connector.changed_orders(at - timedelta(minutes=1), at + timedelta(minutes=1))) == []


def test_a_shop_that_does_not_leave_out_what_was_read_is_noticed(connector, stand, settings_of_shop, monkeypatch):
    at = clock.now() + timedelta(days=300)
    dated = [{**plain(sale_of()), "at": at.isoformat(), "number": f"stuck-{number}"} for number in range(101)]
    stand.told("woocommerce/place_orders", sales=dated)
    page = connector._client.page
    monkeypatch.setattr(
        connector._client, "page", lambda path, params: page(path, {k: v for k, v in params.items() if k != "exclude"})
    )
    reading = connector.changed_orders(at - timedelta(seconds=5), at + timedelta(seconds=5))
    assert len(next(reading)) == 100
    with pytest.raises(errors.Transient, match="the same orders again and again"):
        list(reading)


# What became of an order


def test_a_refund_comes_with_its_order_when_that_is_polled(connector, stand, place, notice, asked):
    sale, id = place(line("TEA", 3, "1200"), line("CUP", 2, "800"))
    before = connector.fetch_order(id)
    told = stand.told("woocommerce/refund", number=sale.number, units={"TEA": 2, "CUP": 1}, note="割れ")
    stand.forget()
    event = connector.fetch_order(id)
    assert [path for _, path, _, _ in asked()] == [f"/orders/{id}", f"/orders/{id}/refunds"]
    order, back = connector.read(event.topic, event.raw)
    assert (event.id.endswith(f":processing:{told['refund']}"), event.id != before.id) == (True, True)
    assert (order.is_cancelled, order.total_minor) == (False, 5200)
    assert (back.external_id, back.currency, back.is_refunded) == (told["refund"], "JPY", True)
    assert [
        (one.sku, one.quantity, one.amount_minor, one.order_number, one.order_external_id) for one in back.lines
    ] == [
        ("TEA", 2, 2400, sale.number, id),
        ("CUP", 1, 800, sale.number, id),
    ]
    assert {one.reason for one in back.lines} == {"割れ"}
    (hint,) = connector.read("order.updated", notice(sale.number, "order.updated"))
    assert hint == c.Hint(kind="order", external_id=id)


def test_a_refund_without_tax_in_prices_gives_back_what_was_paid(connector, stand, place):
    sale, id = place(line("TEA", 2, "1000"), includes_tax=False, total=2200)
    stand.told("woocommerce/refund", number=sale.number, units={"TEA": 1})
    event = connector.fetch_order(id)
    _, back = connector.read(event.topic, event.raw)
    assert [one.amount_minor for one in back.lines] == [1100]


def test_an_order_in_the_bin_is_not_there(connector, stand, place, notice):
    sale, id = place()
    stand.told("woocommerce/become", number=sale.number, status="trash")
    assert connector.fetch_order(id) is None
    assert json.loads(notice(sale.number, "order.deleted")) == {"id": int(id)}
    assert connector.read("order.deleted", notice(sale.number, "order.deleted")) == ()
    now = clock.now()
    listed = connector.changed_orders(now - timedelta(minutes=5), now + timedelta(minutes=5))
    assert id not in [draft.external_id for draft in drafts_of(connector, listed)]


def test_numbers_get_the_connection_s_prefix(settings_of_shop, connector, stand, place, notice):
    sale, id = place(line("TEA", 2))
    stand.told("woocommerce/refund", number=sale.number, units={"TEA": 1})
    prefixed = type(connector)(
        type(settings_of_shop)(shop_url=settings_of_shop.shop_url, consumer_key=KEY, consumer_secret=SECRET, order_prefix="W-"),
        connector.connection_id,
    )  # fmt: skip
    event = prefixed.fetch_order(id)
    order, back = prefixed.read(event.topic, event.raw)
    assert (order.number, back.lines[0].order_number) == (f"W-{sale.number}",) * 2
