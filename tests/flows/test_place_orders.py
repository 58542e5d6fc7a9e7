"""Sales are taken in as one, whatever they are: each order whole, known ones handed back, every invariant held."""

from decimal import Decimal

import pytest

from apps.core.models import StateMove
from apps.flows import verify, wiring
from apps.flows.place_orders import place_orders
from apps.hub import external_ids, inbox
from apps.hub.abilities import Event
from apps.hub.models import InboxEvent
from apps.ledger.models import Entry, Line
from apps.orders.models import Order, OrderHold
from apps.payments.models import Payment
from tests import builders
from tests.benchmarks import measure
from tests.builders import line_draft, order_draft

pytestmark = pytest.mark.django_db

MOST_STATEMENTS = 12
SAVEPOINT = 2  # the story's own transaction is one inside the test's


@pytest.fixture
def shop(settings):
    settings.SANDBOX_ADDRESS = ""
    wiring.forget()
    builders.stock(builders.variant("CUP"), 5, unit_cost="0")
    builders.stock(builders.variant("TEA"), 100, unit_cost="0")
    yield builders.connection("shopify")
    wiring.forget()


def _sale(number, sku="TEA", units=1, **facts):
    line = line_draft(1, sku=sku, quantity=units)
    return order_draft(line, external_id=f"x{number}", number=f"#{number}", **facts)


def _broken():
    return {finding.id: finding.examples for finding in verify.verify() if not finding.is_ok}


def test_every_sort_of_sale_in_one_batch(shop):
    charge = line_draft(1, kind="shipping", title="送料", unit_price=Decimal(550))
    sales = [
        _sale(1, "CUP", 4, payment_method="card"),
        _sale(2, "CUP", 4, payment_method="card"),
        _sale(3, payment_method="prepaid"),
        _sale(4, payment_method="prepaid", awaits="not released"),
        _sale(5, payment_method="cod", is_cancelled=True),
        _sale(6, "UNKNOWN", payment_method="card"),
        _sale(7, payment_method="card", ship_to=None),
        order_draft(charge, external_id="x8", number="#8", payment_method="prepaid"),
    ]

    placed = place_orders(sales, source=shop)

    kept = {order.external_number: order for order in Order.objects.all()}
    axes = {
        number: (order.lifecycle, order.payment, order.allocation, order.is_held, order.was_short)
        for number, order in kept.items()
    }
    assert axes == {
        "#1": ("open", "unpaid", "full", False, False),
        "#2": ("open", "unpaid", "partial", False, True),
        "#3": ("open", "paid", "full", False, False),
        "#4": ("open", "unpaid", "full", True, False),
        "#5": ("cancelled", "voided", "full", False, False),
        "#6": ("open", "unpaid", "full", True, False),
        "#7": ("open", "unpaid", "full", True, False),
        "#8": ("closed", "paid", "full", False, False),
    }
    assert [order.external_number for order in placed.orders] == [f"#{number}" for number in range(1, 9)]
    assert sorted(OrderHold.objects.values_list("order__external_number", "reason")) == [
        ("#4", "awaits_channel"), ("#6", "unknown_sku"), ("#7", "no_address"),
    ]  # fmt: skip
    assert _broken() == {}


def test_what_the_channel_collects_is_paid_and_booked_in_sets(shop):
    with measure.counted_statements() as few:
        place_orders([_sale(number, payment_method="prepaid") for number in range(2)], source=shop)
    with measure.counted_statements() as many:
        place_orders([_sale(number, payment_method="prepaid") for number in range(2, 22)], source=shop)

    assert many.statements - few.statements < 10  # a COPY a table instead of one statement; never one a sale
    assert set(Payment.objects.values_list("status", "captured_minor")) == {("captured", 1100)}
    assert Entry.objects.filter(event="payment.captured").count() == 22
    assert sum(Line.objects.filter(account="clearing").values_list("debit_minor", flat=True)) == 22 * 1100
    assert StateMove.objects.filter(axis="payment", new="paid").count() == 22
    assert _broken() == {}


def test_a_sale_that_is_an_order_already_is_handed_back(shop):
    first = place_orders([_sale(1), _sale(1), _sale(2)], source=shop)
    again = place_orders([_sale(2), _sale(3)], source=shop)

    assert [order.external_number for order in first.orders] == ["#1", "#2"]
    assert [draft.number for draft in first.known] == ["#1"]
    assert ([order.external_number for order in again.orders], [draft.number for draft in again.known]) == (
        ["#3"],
        ["#2"],
    )
    assert external_ids.find(shop.id, "order", ["x3"]) == {"x3": again.orders[0].id}


@pytest.mark.parametrize("name", ["order:#1", "order:x1", "order:KG-{}"])
def test_who_waits_for_the_order_is_woken(shop, name):
    ours = Order.objects.count()
    inbox.store(shop.id, [Event(id="e1", topic="t", at=builders.PLACED, raw=b"{}")], origin="hook")
    (event,) = InboxEvent.objects.all()
    with_ours = place_orders([_sale(9)], source=shop).orders[0].number  # our own number is the next one's, by one
    inbox.wait(event, waits_for=name.format(f"{int(with_ours[3:]) + 1:06d}"), reason="")
    assert (ours, InboxEvent.objects.get().status) == (0, "waiting")

    place_orders([_sale(1)], source=shop)

    assert InboxEvent.objects.get().status == "new"


def test_a_sale_costs_so_many_statements(shop):
    place_orders([_sale(1)], source=shop)

    with measure.counted_statements() as seen:
        place_orders([_sale(2, customer=builders.CustomerCard(email="new@example.com"))], source=shop)

    assert seen.statements - SAVEPOINT <= MOST_STATEMENTS


def test_a_batch_costs_no_more_statements_than_one(shop):
    place_orders([_sale(1)], source=shop)

    with measure.counted_statements() as seen:
        place_orders([_sale(number) for number in range(2, 20)], source=shop)

    assert seen.statements - SAVEPOINT <= MOST_STATEMENTS
