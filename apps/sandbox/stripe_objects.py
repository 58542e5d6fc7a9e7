"""The stand-in's rows as Stripe's objects: the fields of the official examples that a client of it may read.

Pure. No card number anywhere: a card shows its brand and last four digits only. Amounts are minor units, JPY as it is.
"""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from apps.sandbox.stripe_wire import API_VERSION

Row = Mapping[str, Any]
Thing = dict[str, Any]
STORES = ("familymart", "lawson", "ministop", "seicomart")
_CARD = {
    "brand": "visa", "checks": None, "country": "JP", "exp_month": 12, "exp_year": 2030, "funding": "credit",
    "last4": "4242", "network": "visa", "three_d_secure": None, "wallet": None,
}  # fmt: skip
_NOBODY = {"address": None, "email": None, "name": None, "phone": None, "tax_id": None}
_NOTHING = dict.fromkeys(
    (
        "application", "application_fee_amount", "automatic_payment_methods", "customer", "on_behalf_of", "processing",
        "receipt_email", "review", "setup_future_usage", "shipping", "statement_descriptor", "transfer_data",
        "transfer_group",
    )
)  # fmt: skip


def charge_id(intent_id: str) -> str:
    """One intent has one charge here."""
    return "ch_" + intent_id.removeprefix("pi_")


def intent(row: Row, charge: Thing | None = None) -> Thing:
    """A PaymentIntent; `charge` expands `latest_charge`."""
    charged = charge or (charge_id(row["id"]) if row["charged_at"] else None)
    return _NOTHING | {
        "id": row["id"],
        "object": "payment_intent",
        "amount": row["amount"],
        "amount_capturable": row["capturable"],
        "amount_received": row["received"],
        "canceled_at": row["canceled_at"],
        "cancellation_reason": None,
        "capture_method": row["capture_method"],
        "client_secret": f"{row['id']}_secret_of_the_stand_in",
        "confirmation_method": "automatic",
        "created": row["created"],
        "currency": row["currency"],
        "description": row["description"],
        "last_payment_error": _error(row["error"], row["method"]),
        "latest_charge": charged,
        "livemode": False,
        "metadata": json.loads(row["metadata"]),
        "next_action": _voucher(row) if row["status"] == "requires_action" else None,
        "payment_method": "pm_" + row["id"].removeprefix("pi_") if charged or row["expires_at"] else None,
        "payment_method_options": {row["method"]: {}},
        "payment_method_types": [row["method"]],
        "status": row["status"],
    }


def _error(code: str, method: str) -> Thing | None:
    if not code:
        return None
    words = {
        "payment_intent_payment_attempt_expired": "The customer did not pay before the voucher expired.",
        "card_declined": "Your card was declined.",
    }
    kind = "card_error" if code == "card_declined" else "invalid_request_error"
    return {"code": code, "message": words[code], "type": kind, "payment_method_type": method}


def _voucher(row: Row) -> Thing:
    number = f"{int(row['id'][-9:], 16) % 10**9 + 10**9:010d}"
    return {
        "type": "konbini_display_details",
        "konbini_display_details": {
            "expires_at": row["expires_at"],
            "hosted_voucher_url": f"https://payments.stripe.com/konbini/voucher/{row['id']}",
            "stores": {
                store: {"confirmation_number": number, "payment_code": f"{place}{number}"}
                for place, store in enumerate(STORES, 1)
            },
        },
    }


def charge(row: Row, taken: Thing | str | None) -> Thing:
    """The charge of an intent. `taken`: the balance transaction of its capture, or that one's id."""
    is_captured = bool(row["received"])
    method = row["method"]
    details: Thing = {"card": _CARD} if method == "card" else {"konbini": {"store": {"chain": STORES[1]}}}
    return {
        "id": charge_id(row["id"]),
        "object": "charge",
        "amount": row["amount"],
        "amount_captured": row["received"],
        "amount_refunded": row["refunded"],
        "balance_transaction": taken,
        "billing_details": _NOBODY,
        "captured": is_captured,
        "created": row["charged_at"],
        "currency": row["currency"],
        "description": row["description"],
        "disputed": False,
        "livemode": False,
        "metadata": json.loads(row["metadata"]),
        "paid": True,
        "payment_intent": row["id"],
        "payment_method": "pm_" + row["id"].removeprefix("pi_"),
        "payment_method_details": {"type": method} | details,
        "refunded": is_captured and row["refunded"] == row["received"],
        "status": "succeeded",
    }


def refund(row: Row) -> Thing:
    """A Refund."""
    return {
        "id": row["id"],
        "object": "refund",
        "amount": row["amount"],
        "balance_transaction": row["line"],
        "charge": charge_id(row["intent"]),
        "created": row["created"],
        "currency": row["currency"],
        "metadata": json.loads(row["metadata"]),
        "payment_intent": row["intent"],
        "reason": row["reason"],
        "status": row["status"],
    }


def line(row: Row, source: Thing | None = None) -> Thing:
    """A BalanceTransaction; `source` expands what moved."""
    fees = {
        "amount": row["fee"],
        "application": None,
        "currency": row["currency"],
        "description": "Stripe processing fees",
    }
    return {
        "id": row["id"],
        "object": "balance_transaction",
        "amount": row["amount"],
        "available_on": row["created"],
        "balance_type": "payments",
        "created": row["created"],
        "currency": row["currency"],
        "description": None,
        "exchange_rate": None,
        "fee": row["fee"],
        "fee_details": [fees | {"type": "stripe_fee"}] if row["fee"] else [],
        "net": row["amount"] - row["fee"],
        "reporting_category": row["category"],
        "source": source or row["source"],
        "status": "available",
        "type": row["type"],
    }


def payout(row: Row) -> Thing:
    """A Payout, made by itself each business day."""
    return {
        "id": row["id"],
        "object": "payout",
        "amount": row["amount"],
        "arrival_date": row["arrival"],
        "automatic": True,
        "balance_transaction": row["line"],
        "created": row["created"],
        "currency": row["currency"],
        "description": "STRIPE PAYOUT",
        "destination": "ba_of_the_stand_in",
        "failure_code": None,
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "reconciliation_status": "completed",
        "source_type": "card",
        "statement_descriptor": None,
        "status": row["status"],
        "type": "bank_account",
    }


def event(id: str, topic: str, thing: Thing, *, created: int, key: str) -> Thing:
    """An Event: the thing as it was then. `key`: the idempotency key of the request that made it."""
    return {
        "id": id,
        "object": "event",
        "api_version": API_VERSION,
        "created": created,
        "data": {"object": thing},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": key or None},
        "type": topic,
    }


def balance(sums: Mapping[str, int]) -> Thing:
    """The Balance: what was not paid out yet, by currency."""
    available = [{"amount": minor, "currency": name, "source_types": {"card": minor}} for name, minor in sums.items()]
    return {"object": "balance", "available": available, "livemode": False, "pending": []}


def midnight(day: date) -> int:
    """Stripe's seconds of a day's beginning in UTC."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
