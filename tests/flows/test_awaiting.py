"""An order that its channel has not released: its units are promised at once, and nothing of it is paid or packed."""

from dataclasses import replace
from decimal import Decimal

import pytest

from apps.core.models import Company
from apps.flows import announce, revise_order, ship_order, wiring
from apps.flows.place_orders import place_orders
from apps.flows.verifying import checks
from apps.flows.verifying.money import I12
from apps.flows.verifying.orders import I10, I11
from apps.flows.verifying.states import I14
from apps.hub import connections
from apps.inventory.models import Demand
from apps.ledger.models import Entry
from apps.messaging.models import Message
from apps.orders import holds
from apps.orders.models import Order, OrderHold, OrderLine
from apps.payments.models import Payment
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def mall():
    """A channel; five cups lie on the shelf."""
    wiring.forget()
    connections.forget()
    Company.objects.create(name="青葉堂")
    builders.stock(builders.variant("CUP"), 5)
    return builders.connection("shopify")


def item(quantity=2):
    return builders.line_draft(sku="CUP", quantity=quantity)


def postage(minor=600):
    return builders.line_draft(2, kind="shipping", title="送料", unit_price=Decimal(minor))


def sale(*lines, **facts):
    known = {"external_id": "o-1", "number": "o-1", "payment_method": "prepaid", "awaits": "100 注文確認待ち"}
    return builders.order_draft(*(lines or (item(), postage())), **known | facts)


def place(draft, mall):
    (order,) = place_orders([draft], source=mall).orders
    return order


def revised(draft, mall):
    revise_order.revise([draft], source=mall)
    return Order.objects.get()


def open_holds():
    return list(OrderHold.objects.filter(released_at=None).order_by("reason", "detail").values_list("reason", "detail"))


def wrong():
    """What the verification finds in orders, money and states."""
    unbooked = "stock in the book is what the shelves cost"  # the builder puts cups on the shelf without a posting
    wanted = [check for check in (*I10, *I11, *I12, *I14) if check.says != unbooked]
    return checks.run("I10 to I14", wanted).examples


def test_its_units_are_promised_and_nothing_counts_as_paid(mall):
    order = place(sale(), mall)
    order.refresh_from_db()
    assert (Demand.objects.get().allocated, order.allocation, order.payment, order.is_held) == (
        2, "full", "unpaid", True,
    )  # fmt: skip
    assert open_holds() == [(holds.AWAITS_CHANNEL, "100 注文確認待ち")]
    assert (Payment.objects.get().captured_minor, Entry.objects.filter(source_kind="payment").count()) == (0, 0)
    assert ship_order.ready_orders(10) == []
    assert wrong() == []


def test_released_it_is_paid_and_may_leave(mall):
    place(sale(), mall)
    assert revised(sale(version=2, awaits="200 楽天処理中"), mall).payment == "unpaid"
    assert open_holds() == [(holds.AWAITS_CHANNEL, "200 楽天処理中")]
    order = revised(sale(version=3, awaits=""), mall)
    assert (order.payment, order.is_held, open_holds()) == ("paid", False, [])
    assert (Payment.objects.get().captured_minor, Entry.objects.filter(source_kind="payment").count()) == (2800, 1)
    assert ship_order.ready_orders(10) == [order]
    assert [row.changes["awaits"] for row in order.revisions.order_by("source_version")] == [
        ["100 注文確認待ち", "200 楽天処理中"],
        ["200 楽天処理中", ""],
    ]
    assert wrong() == []


def test_an_order_that_was_released_when_it_came_is_as_any_other(mall):
    order = place(sale(awaits=""), mall)
    order.refresh_from_db()
    assert (order.payment, order.is_held) == ("paid", False)


def test_amounts_that_are_fixed_later_are_taken_while_nobody_has_paid(mall):
    place(sale(item(), awaits="100 注文確認待ち (未確定: 送料)"), mall)
    coupon = builders.line_draft(3, kind="discount", title="クーポン", unit_price=Decimal(-100))
    order = revised(sale(item(), postage(), coupon, version=2, awaits=""), mall)
    assert (order.total_minor, order.charges_minor, order.discount_minor) == (2700, 600, -100)
    assert list(OrderLine.objects.order_by("number").values_list("kind", "total_minor")) == [
        ("item", 2200), ("shipping", 600), ("discount", -100),
    ]  # fmt: skip
    payment = Payment.objects.get()
    assert (payment.expected_minor, payment.captured_minor, order.payment, order.is_held) == (2700, 2700, "paid", False)
    assert wrong() == []


@pytest.mark.parametrize(
    "told",
    [
        {"lines": (item(3), postage())},
        {"payment_method": "cod"},
    ],
)
def test_other_units_or_another_way_of_paying_are_shown_to_a_person(mall, told):
    place(sale(), mall)
    draft = replace(sale(version=2, awaits=""), **told)
    order = revised(replace(draft, total_minor=sum(line.total_minor for line in draft.lines)), mall)
    assert [reason for reason, _detail in open_holds()] == [holds.CHANGED_AT_CHANNEL]
    assert (order.payment, order.total_minor, Payment.objects.get().captured_minor) == ("unpaid", 2800, 0)
    assert wrong() == []


def test_amounts_of_an_order_that_was_released_are_nobody_s_to_change(mall):
    place(sale(awaits=""), mall)
    order = revised(sale(item(), postage(900), version=2, awaits="400 変更確定待ち"), mall)
    assert [reason for reason, _detail in open_holds()] == [holds.AWAITS_CHANNEL, holds.CHANGED_AT_CHANNEL]
    assert (order.total_minor, order.payment) == (2800, "paid")


def test_one_that_is_called_off_meanwhile_gives_its_units_back_and_no_money(mall):
    place(sale(), mall)
    order = revised(sale(version=2, awaits="", is_cancelled=True), mall)
    assert (order.lifecycle, order.payment, Demand.objects.get().allocated) == ("cancelled", "voided", 0)
    assert Entry.objects.filter(source_kind="payment").count() == 0
    assert wrong() == []


def test_its_letter_follows_when_it_is_released(mall):
    builders.connection("smtp")
    place(sale(), mall)
    announce.announce()
    assert Message.objects.count() == 0
    revised(sale(version=2, awaits=""), mall)
    announce.announce()
    assert [letter.template for letter in Message.objects.all()] == ["order_received"]
