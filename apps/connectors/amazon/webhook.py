"""Amazon's notices, which reach us through the merchant's own AWS account: they show a secret of ours, and are not signed.

So nothing in a notice is believed but which thing it is about (`Hint`). A body is the notification itself, EventBridge's
event around it (`detail`), or one or several messages of a queue around it (`body`, `Records`).
"""

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from apps.connectors.amazon.settings import AmazonSettings
from apps.hub.abilities import Event
from apps.hub.errors import BadSignature, Unreadable

HEADER = "x-kurogo-key"


def verify(headers: Mapping[str, str], body: bytes, settings: AmazonSettings, *, now: datetime) -> None:
    """Raises `BadSignature` unless the notice shows our key. Two keys are valid during a rotation."""
    given = headers.get(HEADER, "").encode()
    keys = [key.encode() for key in (settings.hook_key, settings.hook_key_old) if key]
    fits = [hmac.compare_digest(given, key) for key in keys]  # each is compared, whichever fits
    if not any(fits):
        raise BadSignature(f"the notice does not show our key in {HEADER}")


def events(headers: Mapping[str, str], body: bytes, *, received_at: datetime) -> list[Event]:
    """The notices of a body. Raises `Unreadable` for what is none."""
    try:
        return [_event(notice, raw, received_at) for notice, raw in _unpacked(orjson.loads(body), body)]
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise Unreadable(f"not a notice of Amazon's: {type(error).__name__} {error}") from error


def _unpacked(said: Any, raw: bytes) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Each notification with its own raw body."""
    if isinstance(said, list):
        for one in said:
            yield from _unpacked(one, orjson.dumps(one))
    elif "detail" in said and "detail-type" in said:
        yield from _unpacked(said["detail"], orjson.dumps(said["detail"]))
    elif "Records" in said:
        yield from _unpacked(said["Records"], raw)
    elif isinstance(said.get("body"), str):
        yield from _unpacked(orjson.loads(said["body"]), said["body"].encode())
    else:
        yield said, raw


def _event(notice: dict[str, Any], raw: bytes, received_at: datetime) -> Event:
    topic = str(_of(notice, "NotificationType"))
    metadata = _of(notice, "NotificationMetadata")
    reference = str(_of(metadata, "NotificationId") or hashlib.sha256(raw).hexdigest())
    payload = _of(notice, "Payload")
    order = (payload.get("OrderChangeNotification") or {}).get("AmazonOrderId", "")
    return Event(
        id=f"{topic}:{reference}"[:200],
        topic=topic[:80],
        at=_moment(_of(notice, "EventTime")) or received_at,
        raw=raw,
        subject=f"order:{order}"[:120] if order else "",
    )


def _of(thing: Mapping[str, Any], name: str) -> Any:
    """A field under either of the two ways in which notifications are written (`EventTime`, `eventTime`)."""
    return thing[name] if name in thing else thing[name[0].lower() + name[1:]]


def _moment(text: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else None
