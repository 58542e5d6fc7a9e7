"""A notice that only points at an order, and what becomes of it in the house: on real PostgreSQL, against the stand-in."""

import io
from decimal import Decimal

import pytest
from django.db import connection as database

from apps.catalog import services as catalog
from apps.core.models import Company
from apps.flows import dispatch, fetch_hinted, poll_orders, ship_order, take_listings, take_stock, verify, wiring
from apps.hub import connections, hooks
from apps.hub.contracts import StockChange, VariantCard
from apps.hub.models import InboxEvent
from apps.inventory.models import StockLevel
from apps.orders.models import Order, OrderHold
from apps.payments.models import Payment
from tests import builders
from tests.connectors.amazon.conftest import line

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(account, monkeypatch):
    """A house with five teas on its shelf and this account connected."""
    for name in ("close_if_unusable_or_obsolete", "close"):
        monkeypatch.setattr(database, name, lambda: None)
    wiring.forget()
    connections.forget()
    Company.objects.create(name="青葉堂")
    builders.location()
    catalog.take_cards(builders.brand(), [VariantCard(sku="TEA", title="Tea")])
    secrets = ("client_secret", "refresh_token", "hook_key")
    facts = {name: getattr(account, name) for name in ("api_url", "token_url", "client_id", "seller_id", "pace")}
    channel = connections.create(
        brand=builders.brand(), connector="amazon", name="Amazon", settings=facts,
        secrets={name: getattr(account, name) for name in secrets},
    )  # fmt: skip
    change = StockChange(
        document="R1", line=1, sku="TEA", kind="receipt", quantity=5, at=builders.PLACED, unit_cost=Decimal(400),
        currency="JPY",
    )  # fmt: skip
    assert take_stock.take([change], source=channel) == []
    yield channel
    connections.forget()


@pytest.fixture
def heard(shop, notices):
    """All notices about an order arrive (again), and whatever follows from them is done; the hook's answers."""

    def all_of(number, *, key="hush"):
        answers = [post(shop, body, key) for body in notices(number)]
        while dispatch.drain("me") or fetch_hinted.fetch("me"):
            pass
        return answers

    return all_of


def post(channel, body, key):
    environ = {
        "REQUEST_METHOD": "POST", "PATH_INFO": f"/hooks/{channel.id}/", "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body), "HTTP_X_KUROGO_KEY": key, "CONTENT_TYPE": "application/json",
    }  # fmt: skip
    said = []
    answer = b"".join(hooks.application(environ, lambda status, _headers: said.append(status)))
    return int(said[0].split()[0]), answer.decode()


def faults():
    return {finding.id: finding.examples for finding in verify.verify() if not finding.is_ok}


def axes(order):
    return order.lifecycle, order.payment, order.allocation, order.fulfilment, order.is_held


def test_a_sale_is_pointed_at_fetched_and_placed_once(shop, heard, place):
    sale = place(line("TEA", 2), line("", 1, "600", kind="shipping"))

    assert heard(sale.number) == [(200, "kept")]
    assert heard(sale.number) == [(200, "kept before")]

    order = Order.objects.get()
    assert (order.external_number, order.total_minor, order.payment_method) == (sale.number, 3000, "prepaid")
    assert (axes(order), order.ship_to.line1) == (("open", "paid", "full", "unfulfilled", False), "千代田1-1")
    assert ship_order.ready_orders(9) == [order]
    assert poll_orders.poll(shop) == InboxEvent.objects.filter(topic="poll/orders").count() - 1
    dispatch.drain("me")
    assert (Order.objects.filter(external_number=sale.number).count(), faults()) == (1, {})


def test_a_stranger_s_notice_is_refused_unread(heard, place):
    sale = place(line("TEA", 2))
    assert heard(sale.number, key="guess") == [(401, "signature refused")]
    assert (InboxEvent.objects.count(), Order.objects.count()) == (0, 0)


def test_a_lying_notice_buys_nothing(shop, heard, place, notices):
    """Whoever holds the key can make us look, and no more: what is taken in is what Amazon says."""
    (body,) = notices(place(line("TEA", 1)).number)
    wrong = body.replace(b'"Quantity":1', b'"Quantity":5').replace(b"Unshipped", b"Shipped")
    assert (wrong != body, post(shop, wrong, "hush")[0]) == (True, 200)
    assert post(shop, body.replace(b"250-", b"999-"), "hush")[0] == 200
    while dispatch.drain("me") or fetch_hinted.fetch("me"):
        pass

    order = Order.objects.get()
    assert (order.lines.get().quantity, order.fulfilment) == (1, "unfulfilled")
    assert sorted(InboxEvent.objects.filter(topic="ORDER_CHANGE").values_list("status", flat=True)) == ["done"]


def test_while_the_payment_is_under_way_the_units_are_kept_and_nothing_leaves(stand, shop, heard, place):
    sale = place(line("TEA", 3), payment="konbini", pending=True)
    heard(sale.number)
    order = Order.objects.get()
    holds = sorted(OrderHold.objects.filter(released_at=None).values_list("reason", flat=True))
    assert (axes(order), holds) == (("open", "unpaid", "full", "unfulfilled", True), ["awaits_channel", "no_address"])
    assert (StockLevel.objects.get().reserved, Payment.objects.get().captured_minor, faults()) == (3, 0, {})

    stand.told("amazon/release", number=sale.number)
    heard(sale.number)
    order.refresh_from_db()
    assert (axes(order), order.ship_to.line1) == (("open", "paid", "full", "unfulfilled", False), "千代田1-1")
    assert (Payment.objects.get().captured_minor, ship_order.ready_orders(9), faults()) == (3600, [order], {})


def test_a_payment_that_never_comes_frees_the_units(stand, shop, heard, place):
    sale = place(line("TEA", 3), payment="konbini", pending=True)
    heard(sale.number)
    stand.told("amazon/cancel", number=sale.number)
    heard(sale.number)
    assert (axes(Order.objects.get())[:2], StockLevel.objects.get().reserved, faults()) == (
        ("cancelled", "voided"),
        0,
        {},
    )


def test_what_amazon_sends_from_its_own_warehouse_is_sold_and_takes_nothing_from_our_shelf(stand, shop, heard, place):
    sale = place(line("TEA", 2), at="place_at_amazon")
    heard(sale.number)
    assert Order.objects.count() == 0

    stand.told("amazon/send_from_amazon", number=sale.number)
    heard(sale.number)
    order = Order.objects.get()
    assert (axes(order), order.total_minor) == (("closed", "paid", "full", "unfulfilled", False), 2400)
    assert (StockLevel.objects.get().reserved, ship_order.ready_orders(9), faults()) == (0, [], {})


def test_only_listings_of_the_own_shelf_are_linked(stand, shop, listing):
    listing("TEA", shown=3)
    listing("FAR", shown=3)
    stand.told("amazon/store_at_amazon", sku="FAR", units=9)
    take_listings.refresh(shop)
    rows = {
        row.sku: (row.shown, row.variant_id is not None, row.location_external_id) for row in shop.listing_set.all()
    }
    assert (rows["TEA"], "FAR" in rows) == ((3, True, "DEFAULT"), False)


def test_a_credential_is_not_sent_to_a_new_address(shop, settings):
    settings.PRIVATE_PEERS = [*settings.PRIVATE_PEERS, "127.0.0.1:1"]
    connections.change_settings(shop, {**shop.settings, "token_url": "http://127.0.0.1:1/token"})
    assert shop.credentials.count() == 0


def test_two_notices_of_one_body_are_two_events(shop, place, notices):
    bodies = [notices(place(line("TEA", 1)).number)[0].decode() for _ in range(2)]
    assert post(shop, f"[{','.join(bodies)}]".encode(), "hush") == (200, "kept")
    while dispatch.drain("me") or fetch_hinted.fetch("me"):
        pass
    assert (Order.objects.count(), faults()) == (2, {})


def test_an_order_that_amazon_forgot_is_nothing_to_do(stand, shop, heard, place):
    sale = place(line("TEA", 1))
    stand.told("amazon/forget_order", number=sale.number)
    heard(sale.number)
    event = InboxEvent.objects.get()
    assert (event.status, event.reason, Order.objects.count()) == ("ignored", "the other side does not know it", 0)
