"""Notices of Stripe: believed only with a fresh v1 signature by one of the connection's secrets, before parsing.

By hand and not by the library's WebhookSignature, which knows no other time than its own and no time in the future;
without it the process that answers hooks need not load the library at all.
"""

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import msgspec

from apps.connectors.stripe.settings import StripeSettings
from apps.hub import errors
from apps.hub.abilities import Event

TOLERANCE_SECONDS = 300
_MAX_HEADER = 4096
_MAX_ID, _MAX_TOPIC, _MAX_SUBJECT = 200, 80, 120


def verify(headers: Mapping[str, str], body: bytes, settings: StripeSettings, *, now: datetime) -> None:
    """Raises `errors.BadSignature`. `now` is wall time; v0 signatures are ignored, any of several v1 may fit."""
    secrets = [secret for secret in (settings.webhook_secret, settings.webhook_secret_old) if secret.strip()]
    if not secrets:
        raise errors.BadSignature("no webhook secret is set")
    header = headers.get("stripe-signature", "")
    if not header or len(header) > _MAX_HEADER:
        raise errors.BadSignature("no Stripe-Signature header, or far too long a one")
    pairs = [item.strip().partition("=") for item in header.split(",")]
    times = [value for name, _, value in pairs if name == "t"]
    given = [value.encode("utf-8", "replace") for name, _, value in pairs if name == "v1"]
    if len(times) != 1 or not (times[0].isascii() and times[0].isdigit() and len(times[0]) <= 12) or not given:
        raise errors.BadSignature("the Stripe-Signature header has no single time or no v1 signature")
    signed = times[0].encode() + b"." + body
    expected = [hmac.new(secret.encode(), signed, sha256).hexdigest().encode() for secret in secrets]
    if not any(hmac.compare_digest(one, other) for one in expected for other in given):
        raise errors.BadSignature("no signature fits")
    if abs(int(times[0]) - now.timestamp()) > TOLERANCE_SECONDS:
        raise errors.BadSignature("signed at another time")


class _Thing(msgspec.Struct):
    id: str = ""
    object: str = ""
    payment_intent: str | dict[str, Any] | None = None


class _Data(msgspec.Struct):
    object: _Thing


class _Envelope(msgspec.Struct):
    """What is needed of an event; the rest is skipped, not built."""

    id: str
    type: str
    created: int
    data: _Data


def events(headers: Mapping[str, str], body: bytes, *, received_at: datetime) -> list[Event]:
    """The one event of a body. Raises `errors.Unreadable` when it is none."""
    try:
        envelope = msgspec.json.decode(body, type=_Envelope)
        at = datetime.fromtimestamp(envelope.created, UTC)
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, OverflowError, OSError) as error:
        raise errors.Unreadable(f"no event of Stripe: {error}"[:300]) from error
    if not (0 < len(envelope.id) <= _MAX_ID and 0 < len(envelope.type) <= _MAX_TOPIC):
        raise errors.Unreadable("an event without a usable id or type")
    return [Event(envelope.id, envelope.type, at, body, _subject(envelope.data.object)[:_MAX_SUBJECT])]


def _subject(thing: _Thing) -> str:
    if thing.object == "payment_intent":
        return f"payment:{thing.id}"
    paid = thing.payment_intent
    intent = paid.get("id", "") if isinstance(paid, dict) else paid
    return f"payment:{intent}" if intent else f"{thing.object}:{thing.id}"
