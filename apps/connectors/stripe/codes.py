"""Stripe's words and ours. What is not in a table becomes UNKNOWN, its raw form is kept beside it.

Sources: the types of stripe 16.1.0 (API 2026-10-28.endive); reporting categories from
https://docs.stripe.com/reports/reporting-categories (read 2026-11).
"""

# PaymentIntent.status; `requires_payment_method` is "failed" once an attempt has failed (mapping.payment_status).
PAYMENT_STATUS: dict[str, str] = {
    "requires_payment_method": "pending",
    "requires_confirmation": "pending",
    "requires_action": "pending",
    "processing": "pending",
    "requires_capture": "authorised",
    "succeeded": "captured",
    "canceled": "cancelled",
}

# Refund.status; a refund that waits for the customer's bank account (konbini) is still under way.
REFUND_STATUS: dict[str, str] = {
    "pending": "pending",
    "requires_action": "pending",
    "succeeded": "succeeded",
    "failed": "failed",
    "canceled": "failed",
}

PAYOUT_STATUS: dict[str, str] = {
    "pending": "pending",
    "in_transit": "in_transit",
    "paid": "paid",
    "failed": "failed",
    "canceled": "cancelled",
}

# Payment method types that we know; Apple Pay, Google Pay and Link ride on a card.
METHODS: dict[str, str] = {"card": "card", "link": "card", "konbini": "konbini", "customer_balance": "bank"}

# BalanceTransaction.reporting_category, not `type`: a type of "adjustment" hides disputes, failed refunds and fees.
LINE_KINDS: dict[str, str] = {
    "charge": "charge",
    "charge_failure": "charge",
    "partial_capture_reversal": "charge",
    "refund": "refund",
    "refund_failure": "refund",
    "dispute": "dispute",
    "dispute_reversal": "dispute",
    "fee": "fee",
    "network_cost": "fee",
    "tax": "fee",
    "other_adjustment": "adjustment",
    "risk_reserved_funds": "adjustment",
    "connect_reserved_funds": "adjustment",
    "payout": "payout",
    "payout_reversal": "payout",
}

PAYMENT_TOPICS = frozenset(
    f"payment_intent.{change}"
    for change in (
        "amount_capturable_updated", "canceled", "created", "partially_funded", "payment_failed", "processing",
        "requires_action", "succeeded",
    )
)  # fmt: skip
REFUND_TOPICS = frozenset({"refund.created", "refund.updated", "refund.failed", "charge.refund.updated"})
PAYOUT_TOPICS = frozenset(
    f"payout.{change}" for change in ("canceled", "created", "failed", "paid", "reconciliation_completed", "updated")
)
CHARGE_REFUNDED = "charge.refunded"

# Charges say nothing that their PaymentIntent does not say; disputes come with their issue.
IGNORED_PREFIX = "charge."

# Refund.reason is a closed list; any other reason of ours travels as metadata.
REFUND_REASONS = frozenset({"duplicate", "fraudulent", "requested_by_customer"})
