"""ShipEngine's tracking notices: RSA-SHA256 over `<timestamp>.<raw body>`, believed only by a public key that we hold.

Headers and scheme as documented at docs.shipstation.com (guides/webhooks-validation), read 2026-11-23. The vendor names
five minutes as the window. Keys lie in the setting `jwks`, never fetched because a notice says so.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from apps.connectors.shipengine import mapping
from apps.connectors.shipengine.settings import ShipEngineSettings
from apps.hub.abilities import Event
from apps.hub.errors import BadSignature, Unreadable

KEY_ID = "x-shipengine-rsa-sha256-key-id"
SIGNATURE = "x-shipengine-rsa-sha256-signature"
TIMESTAMP = "x-shipengine-timestamp"
WINDOW = timedelta(seconds=300)
_SMALLEST_KEY_BITS = 2048


def verify(headers: Mapping[str, str], body: bytes, settings: ShipEngineSettings, *, now: datetime) -> None:
    """Raises `BadSignature` unless the body was signed within five minutes of `now` (wall) by a key that we hold."""
    key_id, signature, timestamp = (headers.get(name, "") for name in (KEY_ID, SIGNATURE, TIMESTAMP))
    if not (key_id and signature and timestamp):
        raise BadSignature("the notice is not signed")
    try:
        signed_at = mapping.moment(timestamp)
        given = base64.b64decode(signature, validate=True)
        if base64.b64encode(given).decode() != signature:
            raise ValueError("written in another way than the vendor's")
    except (ValueError, OverflowError, binascii.Error):
        raise BadSignature("the signature's headers cannot be read") from None
    if abs(now - signed_at) > WINDOW:
        raise BadSignature(f"signed at {signed_at:%Y-%m-%d %H:%M:%S}, more than five minutes away")
    key = public_keys(settings.jwks).get(key_id)
    if key is None:
        raise BadSignature("signed with a key that is not among those of the setting jwks")
    try:
        key.verify(given, timestamp.encode() + b"." + body, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        raise BadSignature("the signature does not fit") from None


def events(headers: Mapping[str, str], body: bytes, *, received_at: datetime) -> list[Event]:
    """The one notice of a body. The vendor gives it no id: the same words about the same parcel are the same notice."""
    envelope = _envelope(body)
    topic, data = str(envelope.get("resource_type") or ""), envelope.get("data")
    number = str(data.get("tracking_number") or "") if isinstance(data, dict) else ""
    digest = hashlib.sha256(body).hexdigest()[:32]
    return [
        Event(
            id=f"{topic}:{number}:{digest}"[:200],
            topic=topic[:80] or "untitled",
            at=received_at,
            raw=body,
            subject=f"parcel:{number}" if number else "",
        )
    ]


def _envelope(body: bytes) -> dict[str, Any]:
    try:
        envelope = json.loads(body)
    except ValueError:
        raise Unreadable("the notice is not JSON") from None
    if not isinstance(envelope, dict):
        raise Unreadable("the notice is not an object")
    return envelope


@lru_cache(maxsize=8)
def public_keys(jwks: str) -> dict[str, rsa.RSAPublicKey]:
    """The RSA keys of a JWKS document by id; several are alive during a rotation. Unusable ones are left out."""
    try:
        listed = json.loads(jwks or "{}").get("keys", [])
    except (ValueError, AttributeError):
        return {}
    keys: dict[str, rsa.RSAPublicKey] = {}
    for one in listed if isinstance(listed, list) else ():
        try:
            key = rsa.RSAPublicNumbers(_number(one["e"]), _number(one["n"])).public_key()
        except (KeyError, TypeError, ValueError):
            continue
        if one.get("kty") == "RSA" and one.get("kid") and key.key_size >= _SMALLEST_KEY_BITS:
            keys[one["kid"]] = key
    return keys


def _number(text: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")
