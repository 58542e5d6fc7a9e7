"""A konbini slip that nobody pays: Stripe tells it as a failed payment, and the order ends with its slip, not before."""

import json
from datetime import timedelta
from uuid import UUID

import pytest

from apps.connectors.stripe.connector import StripeConnector
from apps.connectors.stripe.settings import StripeSettings
from apps.core import clock
from apps.core.models import Company
from apps.flows import settle_payment, wiring
from apps.flows.place_orders import place_orders
from apps.hub import connections
from apps.inventory.models import StockLevel
from tests import builders

pytestmark = pytest.mark.django_db
READER = StripeConnector(StripeSettings(), UUID(int=1))


@pytest.fixture
def sale():
    """An order of one cup, on the shelf and held for it, to be paid at a konbini."""
    wiring.forget()
    connections.forget()
    Company.objects.create(name="青葉堂")
    cup = builders.variant("CUP")
    builders.stock(cup, 3)
    shop, stripe = builders.connection("shopify"), builders.connection("stripe")
    draft = builders.order_draft(builders.line_draft(sku="CUP"), payment_method="konbini", number="#1001")
    (order,) = place_orders([draft], source=shop).orders
    return order, stripe


def heard(status, *, expires, error=None):
    """What the connector reads from a notice about the slip of #1001."""
    slip = {"konbini_display_details": {"expires_at": int(expires.timestamp()), "hosted_voucher_url": "https://x"}}
    intent = {
        "id": "pi_1", "amount": 1100, "amount_capturable": 0, "amount_received": 0, "currency": "jpy", "status": status,
        "created": 1, "metadata": {"order_number": "#1001"}, "payment_method_types": ["konbini"],
        "next_action": slip if status == "requires_action" else None, "last_payment_error": error,
    }  # fmt: skip
    event = {"created": int(clock.now().timestamp()), "data": {"object": intent}}
    topic = "payment_intent.payment_failed" if error else "payment_intent.requires_action"
    return READER.read(topic, json.dumps(event).encode())


def states(order):
    order.refresh_from_db()
    return order.lifecycle, order.payment, StockLevel.objects.get(variant__sku="CUP").reserved


@pytest.mark.parametrize(("hours", "ends_as"), [(-1, ("cancelled", "voided", 0)), (1, ("open", "unpaid", 1))])
def test_the_order_ends_when_its_slip_has_run_out_and_only_then(sale, hours, ends_as):
    order, stripe = sale
    expires = clock.now() + timedelta(hours=hours)
    settle_payment.settle(heard("requires_action", expires=expires), source=stripe)
    assert states(order) == ("open", "unpaid", 1)
    failure = {"code": "payment_intent_payment_attempt_expired"}
    settle_payment.settle(heard("requires_payment_method", expires=expires, error=failure), source=stripe)
    assert states(order) == ends_as
