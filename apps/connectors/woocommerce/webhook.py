"""WooCommerce's notices: each webhook signs the raw body with its secret; no time is signed, a replay is known by its body.

Why the body is its own id: the vendor's delivery id is a hash of the webhook and the second of sending, so two notices of
one second share it, a repeat has another, and no signature covers it. The body is what is signed; each change of a thing
carries another time of change in it, and a deletion, which carries none, says nothing new the second time.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from apps.connectors.woocommerce import codes
from apps.connectors.woocommerce.settings import WooCommerceSettings
from apps.hub.abilities import Event
from apps.hub.errors import BadSignature

_PING = re.compile(re.escape(codes.PING) + rb"\d{1,20}")


class _Head(msgspec.Struct):
    """The few fields that name what a notice is about; the rest of the body is skipped unread."""

    id: int | None = None
    number: str | None = None
    date_modified_gmt: str | None = None


_head = msgspec.json.Decoder(_Head)


def verify(headers: Mapping[str, str], body: bytes, settings: WooCommerceSettings, *, now: datetime) -> None:
    """Raises `BadSignature`. Two secrets are valid during a rotation.

    The ping that a shop sends when a webhook is made bears no signature; it is let through, for it says nothing (`events`
    finds none in it, so that nothing is stored) and the merchant would read of an error otherwise. The text of a signature
    is compared, not what it decodes to: base64 has spare bits, so one digest would have several signatures.
    """
    if _is_ping(headers, body):
        return
    given = headers.get("x-wc-webhook-signature", "").encode()
    secrets = [secret for secret in (settings.webhook_secret, settings.webhook_secret_old) if secret]
    if not any(hmac.compare_digest(given, _signature(secret, body)) for secret in secrets):
        raise BadSignature("the signature does not fit the body")


def _is_ping(headers: Mapping[str, str], body: bytes) -> bool:
    return "x-wc-webhook-topic" not in headers and _PING.fullmatch(body) is not None


def _signature(secret: str, body: bytes) -> bytes:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest())


def events(headers: Mapping[str, str], body: bytes, *, received_at: datetime) -> list[Event]:
    """The one event of a notice, none of a ping."""
    if _is_ping(headers, body):
        return []
    topic = headers.get("x-wc-webhook-topic", "")
    resource = topic.partition(".")[0]
    try:
        head = _head.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        head = _Head()  # kept all the same; reading it will say what is wrong
    named = head.number or head.id
    return [
        Event(
            id=f"{resource}:{head.id or ''}:{hashlib.sha256(body).hexdigest()}"[:200],
            topic=topic,
            at=_moment(head.date_modified_gmt) or received_at,
            raw=body,
            subject=f"order:{named}"[:120] if resource == "order" and named else "",
        )
    ]


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
