"""Shopify's notices: signed with the app's secret over the raw body; no time is signed, a replay is known by its id."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from apps.connectors.shopify.settings import ShopifySettings
from apps.hub.abilities import Event
from apps.hub.errors import BadSignature


class _Head(msgspec.Struct):
    """The few fields that name what a notice is about; the rest of the body is skipped unread."""

    name: str | None = None
    order_id: int | None = None


_head = msgspec.json.Decoder(_Head)


def verify(headers: Mapping[str, str], body: bytes, settings: ShopifySettings, *, now: datetime) -> None:
    """Raises `BadSignature`. Two secrets are valid during a rotation.

    The text is compared, not what it decodes to: base64 has spare bits, so one digest would have several signatures.
    """
    given = headers.get("x-shopify-hmac-sha256", "").encode()
    secrets = [secret for secret in (settings.webhook_secret, settings.webhook_secret_old) if secret]
    if not any(hmac.compare_digest(given, _signature(secret, body)) for secret in secrets):
        raise BadSignature("the signature does not fit the body")


def _signature(secret: str, body: bytes) -> bytes:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest())


def events(headers: Mapping[str, str], body: bytes, *, received_at: datetime) -> list[Event]:
    """The one event of a notice. What one act of the merchant caused shares an event id over several topics, so the
    topic is part of ours."""
    topic = headers.get("x-shopify-topic", "")
    told = headers.get("x-shopify-event-id") or headers.get("x-shopify-webhook-id")
    reference = told or hashlib.sha256(body).hexdigest()
    at = _moment(headers.get("x-shopify-triggered-at")) or received_at
    return [Event(id=f"{topic}:{reference}"[:200], topic=topic, at=at, raw=body, subject=_subject(topic, body))]


def _subject(topic: str, body: bytes) -> str:
    if not topic.startswith(("orders/", "refunds/", "fulfillments/")):
        return ""
    try:
        head = _head.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ""  # kept all the same; reading it will say what is wrong
    named = head.name if topic.startswith("orders/") else head.order_id
    return f"order:{named}"[:120] if named else ""


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else None
