"""Stripe behaves as every payment provider here does."""

import json

import pytest

from apps.connectors.stripe import webhook
from apps.connectors.stripe.settings import StripeSettings
from apps.core import clock
from apps.sandbox.stripe import signature
from tests.connectors.suites.payment import PaymentSuite
from tests.connectors.suites.statement import StatementSuite
from tests.connectors.suites.webhook import WebhookSuite


@pytest.fixture(scope="module")
def paid_out(shared_stand):
    """One payout of 120 payments, made once; a page holds 100 lines."""
    sale = {"currency": "JPY", "method": "konbini", "outcome": "paid"}
    checkouts = [["stripe", "checkout", sale | {"order_number": f"S{n}", "amount_minor": 1000 + n}] for n in range(120)]
    made = shared_stand.told("batch", calls=checkouts)["answers"]
    shared_stand.told("batch", calls=[["stripe", "pay_voucher", {"payment": one["payment"]}] for one in made])
    (payout,) = shared_stand.told("stripe/settle_day", day="2026-11-23")["payouts"]
    return payout


class TestPayment(PaymentSuite):
    slug = "stripe"


class TestStatement(StatementSuite):
    slug = "stripe"


class TestWebhook(WebhookSuite):
    slug = "stripe"

    @pytest.fixture
    def secret(self):
        return "whsec_canary"

    @pytest.fixture
    def keys(self, secret):
        return StripeSettings(webhook_secret=secret)

    @pytest.fixture
    def rotated(self, secret):
        return StripeSettings(webhook_secret="whsec_newer", webhook_secret_old=secret)

    @pytest.fixture
    def strangers(self):
        return StripeSettings(webhook_secret="whsec_stranger")

    @pytest.fixture
    def header(self):
        return "stripe-signature"

    @pytest.fixture
    def body(self):
        thing = {"id": "pi_1", "object": "payment_intent"}
        return json.dumps(
            {"id": "evt_1", "type": "payment_intent.succeeded", "created": 1_790_000_000, "data": {"object": thing}}
        ).encode()

    @pytest.fixture
    def sign(self, secret, header):
        def signed(body, *, event=""):
            stamp = str(int(clock.wall().timestamp()))
            return {header: f"t={stamp},v1={signature(secret, stamp, body)}"}

        return signed

    def test_a_replay_is_the_same_event_and_another_event_is_not(self, sign, body):
        """Stripe's event has its id in the body, not in a header."""
        now = clock.wall()
        ids = [
            webhook.events(sign(one), one, received_at=now)[0].id
            for one in (body, body, body.replace(b"evt_1", b"evt_2"))
        ]
        assert ids == ["evt_1", "evt_1", "evt_2"]
