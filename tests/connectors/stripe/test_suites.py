"""Stripe behaves as every payment provider here does."""

import pytest

from tests.connectors.suites.payment import PaymentSuite
from tests.connectors.suites.statement import StatementSuite


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
