"""Stripe's objects to our words and our requests to Stripe's parameters: pure, no I/O, no clock.

Amounts are minor units on both sides, JPY as it is (never times 100); currencies are lower-case there, capitals here.
A genuine record for another amount or currency comes out as just that: judging it is not done here.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from apps.connectors.stripe import codes
from apps.connectors.stripe.settings import StripeSettings
from apps.hub import contracts as c
from apps.hub import errors

Thing = Mapping[str, Any]
Params = dict[str, Any]

REFUND_REFERENCE = "reference"
# A charge is named by its id alone until it is expanded; its balance transaction says when the money was taken.
EXPANDED = "latest_charge.balance_transaction"
# A line names what moved by its id alone until that is expanded; then it tells its payment.
EXPANDED_SOURCE = "data.source"
_JAPAN = timezone(timedelta(hours=9))
_SHORTEST_DAYS, _LONGEST_DAYS = 1, 60
_KONBINI_TEXT = 22
_METADATA_TEXT = 500


def moment(seconds: int) -> datetime:
    """Stripe's seconds since 1970, as aware UTC."""
    return datetime.fromtimestamp(seconds, UTC)


# Payments


def payment_fact(intent: Thing, *, reference_key: str, at: datetime | None = None, refunded: int = 0) -> c.PaymentFact:
    """A PaymentIntent. `at` is an event's own time; without one it is the latest moment that the object shows.

    `authorised_minor` is what the customer's bank has promised or given so far and that was not given back
    (amount_capturable + amount_received): it falls to what was captured when a final capture takes less.
    `refunded_minor` is known only from an expanded charge, or from the caller's own sum (`refunded`).
    """
    charge = _expanded(intent.get("latest_charge"))
    received = int(intent["amount_received"])
    return c.PaymentFact(
        provider_id=intent["id"],
        status=payment_status(intent),
        currency=intent["currency"].upper(),
        amount_minor=int(intent["amount"]),
        at=at or _latest(intent, charge),
        order_reference=_metadata(intent).get(reference_key, ""),
        method=_method(intent, charge),
        authorised_minor=int(intent["amount_capturable"]) + received,
        captured_minor=received,
        refunded_minor=int(charge["amount_refunded"]) if charge else refunded,
        expires_at=_expires_at(intent, charge),
        raw_status=intent["status"],
        voucher_url=_konbini(intent).get("hosted_voucher_url") or "",
    )


def payment_status(intent: Thing) -> str:
    """Our word. An intent whose attempt has failed (declined, voucher not paid in time) asks for a new method."""
    raw = intent["status"]
    if raw == "requires_payment_method" and intent.get("last_payment_error"):
        return "failed"
    return codes.PAYMENT_STATUS.get(raw, c.UNKNOWN)


def refunded_charge(charge: Thing, *, reference_key: str, at: datetime) -> c.PaymentFact | None:
    """`charge.refunded` tells totals, not which refund: it reads as its payment's record. None without a payment."""
    intent = _id_of(charge.get("payment_intent"))
    if not intent:
        return None
    details = charge.get("payment_method_details") or {}
    captured = int(charge["amount_captured"])
    return c.PaymentFact(
        provider_id=intent,
        status="captured" if charge["captured"] else "authorised",
        currency=charge["currency"].upper(),
        amount_minor=int(charge["amount"]),
        at=at,
        order_reference=_metadata(charge).get(reference_key, ""),
        method=codes.METHODS.get(details.get("type", ""), c.UNKNOWN),
        authorised_minor=captured if charge["captured"] else int(charge["amount"]),
        captured_minor=captured,
        refunded_minor=int(charge["amount_refunded"]),
        raw_status=f"charge.{charge['status']}",
    )


def refund_fact(refund: Thing, *, at: datetime | None = None) -> c.RefundFact:
    """A Refund. `reference` is ours, from its metadata; empty for one that was made in Stripe's dashboard."""
    raw = refund.get("status") or ""
    return c.RefundFact(
        provider_id=refund["id"],
        payment_provider_id=_id_of(refund.get("payment_intent")),
        status=codes.REFUND_STATUS.get(raw, c.UNKNOWN),
        currency=refund["currency"].upper(),
        amount_minor=int(refund["amount"]),
        at=at or moment(refund["created"]),
        reference=_metadata(refund).get(REFUND_REFERENCE, ""),
        raw_status=raw,
    )


def has_captured(intent: Thing, amount_minor: int) -> bool:
    """Whether a capture of this amount has taken effect already."""
    return intent["status"] == "succeeded" and int(intent["amount_received"]) == amount_minor


def has_cancelled(intent: Thing) -> bool:
    """Whether a cancellation has taken effect already."""
    return bool(intent["status"] == "canceled")


def refunded_by_payment(refunds: Sequence[Thing]) -> dict[str, int]:
    """What was refunded of each payment by these refunds; those that came to nothing are left out."""
    totals: dict[str, int] = {}
    for refund in refunds:
        if codes.REFUND_STATUS.get(refund.get("status") or "") != "failed":
            intent = _id_of(refund.get("payment_intent"))
            totals[intent] = totals.get(intent, 0) + int(refund["amount"])
    return totals


# Statements


def payout(raw: Thing, *, at: datetime | None = None) -> c.Payout:
    """A Payout. `arrival_date` is midnight UTC of the bank's day."""
    return c.Payout(
        provider_id=raw["id"],
        amount_minor=int(raw["amount"]),
        currency=raw["currency"].upper(),
        arrives_on=moment(raw["arrival_date"]).date(),
        status=codes.PAYOUT_STATUS.get(raw["status"], c.UNKNOWN),
        at=at or moment(raw["created"]),
        raw_status=raw["status"],
    )


def money_line(raw: Thing, payout_id: str) -> c.MoneyLine:
    """A BalanceTransaction: amount − fee = net, signed as Stripe signs (what leaves the account is negative).

    With its source expanded it tells the payment of a charge, refund or dispute, and which refund it is; a charge that was
    made without a PaymentIntent belongs to none.
    """
    source = _expanded(raw.get("source"))
    is_refund = source.get("object") == "refund"
    return c.MoneyLine(
        provider_id=raw["id"],
        kind=codes.LINE_KINDS.get(raw["reporting_category"], c.UNKNOWN),
        amount_minor=int(raw["amount"]),
        fee_minor=int(raw["fee"]),
        net_minor=int(raw["net"]),
        currency=raw["currency"].upper(),
        at=moment(raw["created"]),
        payout_id=payout_id,
        source_id=_id_of(raw.get("source")),
        raw_kind=raw["reporting_category"],
        payment_id=_id_of(source.get("payment_intent")),
        refund_id=source["id"] if is_refund else "",
        reference=_metadata(source).get(REFUND_REFERENCE, "") if is_refund else "",
    )


# Requests


# The number that the customer knows, beside the reference that we read back: for people in Stripe's dashboard.
CHANNEL_NUMBER = "channel_order_number"


def request_params(request: c.PaymentRequest, settings: StripeSettings) -> Params:
    """Parameters of a new PaymentIntent. konbini is confirmed at once, so that the answer carries the voucher.

    `allowed_payment_method_types`, because `payment_method_types` is refused since 2026-09-30.endive.
    """
    params: Params = {
        "amount": request.amount_minor,
        "currency": request.currency.lower(),
        "allowed_payment_method_types": [request.method],
        "metadata": {settings.order_reference_key: request.reference},
    }
    if request.channel_number:
        params["metadata"][CHANNEL_NUMBER] = request.channel_number
    if request.description:
        params["description"] = request.description
    if request.method == "card":
        return params | {"capture_method": "manual"}
    if request.method != "konbini":
        raise errors.Permanent(f"Stripe is not asked for {request.method!r} here: card or konbini")
    person = {"name": request.customer_name, "email": request.customer_email}
    days = request.expires_in_days or settings.konbini_days
    konbini: Params = {"expires_after_days": min(max(days, _SHORTEST_DAYS), _LONGEST_DAYS)}
    if request.description:
        konbini["product_description"] = request.description[:_KONBINI_TEXT]
    return params | {
        "confirm": True,
        "payment_method_data": {
            "type": "konbini",
            "billing_details": {name: value for name, value in person.items() if value},
        },
        "payment_method_options": {"konbini": konbini},
    }


def capture_params(request: c.CaptureRequest) -> Params:
    """Parameters of a capture; what is not taken goes back to the customer unless it is said not to be the last."""
    params: Params = {"amount_to_capture": request.amount_minor, "expand": [EXPANDED]}
    return params if request.final else params | {"final_capture": False}


def refund_params(request: c.RefundRequest) -> Params:
    """Parameters of a refund; our id and a reason outside Stripe's list travel as metadata."""
    metadata = {REFUND_REFERENCE: request.reference}
    params: Params = {
        "payment_intent": request.provider_id,
        "amount": request.amount_minor,
        "metadata": metadata,
    }
    if request.reason in codes.REFUND_REASONS:
        return params | {"reason": request.reason}
    if request.reason:
        metadata["reason"] = request.reason[:_METADATA_TEXT]
    return params


def window(since: datetime, until: datetime) -> Params:
    """[since, until) in Stripe's whole seconds, never narrower than asked."""
    return {"gte": math.floor(since.timestamp()), "lt": math.ceil(until.timestamp())}


def arrival_window(since: datetime, until: datetime) -> Params:
    """The window's days in Japan as arrival dates (midnight UTC of a day)."""
    return {"gte": _midnight(since), "lte": _midnight(until)}


def _midnight(at: datetime) -> int:
    day = at.astimezone(_JAPAN)
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


# Parts


def _metadata(thing: Thing) -> Thing:
    return thing.get("metadata") or {}


def _expanded(thing: Any) -> Thing:
    return thing if isinstance(thing, dict) else {}


def _id_of(thing: Any) -> str:
    """The id of something that may be expanded, or absent."""
    return str(thing["id"] if isinstance(thing, dict) else thing or "")


def _konbini(intent: Thing) -> Thing:
    return (intent.get("next_action") or {}).get("konbini_display_details") or {}


def _method(intent: Thing, charge: Thing) -> str:
    used = (charge.get("payment_method_details") or {}).get("type", "")
    types: Sequence[str] = intent.get("payment_method_types") or ()
    return codes.METHODS.get(used or (types[0] if len(types) == 1 else ""), c.UNKNOWN)


def _expires_at(intent: Thing, charge: Thing) -> datetime | None:
    """The end of an unpaid slip, or of a card's authorisation where its charge tells it."""
    card = (charge.get("payment_method_details") or {}).get("card") or {}
    ends = _konbini(intent).get("expires_at") or (
        card.get("capture_before") if intent["status"] == "requires_capture" else None
    )
    return moment(ends) if ends else None


def _latest(intent: Thing, charge: Thing) -> datetime:
    taken = _expanded(charge.get("balance_transaction"))
    shown = [intent["created"], intent.get("canceled_at"), charge.get("created"), taken.get("created")]
    return moment(max(seconds for seconds in shown if seconds))
