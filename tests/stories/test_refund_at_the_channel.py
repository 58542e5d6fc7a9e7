"""A channel takes goods back and returns the money itself: its notice knows the order by the channel's id alone."""

from dataclasses import replace

import pytest

from apps.core import clock
from apps.core.models import Company
from apps.flows import receive_return, settle_payment, wiring
from apps.flows.place_orders import place_orders
from apps.hub import connections
from apps.hub.contracts import PaymentFact, ReturnDraft, ReturnLineDraft
from apps.orders.models import ReturnLine
from apps.payments.models import Refund
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def sale():
    """Three cups, held and captured; the order and the channel."""
    wiring.forget()
    connections.forget()
    Company.objects.create(name="青葉堂")
    cup = builders.variant("CUP")
    builders.stock(cup, 5)
    shop, stripe = builders.connection("shopify"), builders.connection("stripe")
    line = builders.line_draft(sku="CUP", quantity=3)
    (order,) = place_orders([builders.order_draft(line, payment_method="card", number="#1001")], source=shop).orders
    fact = PaymentFact(
        provider_id="pi_1", status="captured", currency="JPY", amount_minor=order.total_minor, at=clock.now(),
        authorised_minor=order.total_minor, captured_minor=order.total_minor, order_reference="#1001", method="card",
    )  # fmt: skip
    settle_payment.settle([fact], source=stripe)
    return order, shop


def refund(external_id, *, is_refunded=True):
    line = ReturnLineDraft(number=1, sku="CUP", quantity=1, amount_minor=1100, order_external_id=external_id)
    return ReturnDraft(external_id="r-1", at=clock.now(), currency="JPY", lines=(line,), is_refunded=is_refunded)


def theirs(order, shop):
    ((external_id, _subject),) = [
        (row.external_id, row.subject) for row in shop.externalid_set.filter(kind="order", subject=order.id)
    ]
    return external_id


@pytest.mark.parametrize(("is_refunded", "refunds"), [(True, 0), (False, 1)])
def test_its_order_is_found_and_money_given_back_is_not_given_twice(sale, is_refunded, refunds):
    order, shop = sale
    receive_return.receive(refund(theirs(order, shop), is_refunded=is_refunded), source=shop)
    (line,) = ReturnLine.objects.all()
    assert (line.order_line.order_id, line.cancelled, line.unmatched) == (order.id, 1, 0)
    assert Refund.objects.count() == refunds


def test_an_order_that_is_not_here_yet_is_waited_for_by_its_id(sale):
    order, shop = sale
    known = refund(theirs(order, shop))
    assert receive_return.missing_order(known, source=shop) == ""
    stray = replace(known, lines=(replace(known.lines[0], order_external_id="999"),))
    assert receive_return.missing_order(stray, source=shop) == "999"
