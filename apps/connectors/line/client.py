"""LINE's Messaging API over HTTP through core.net; the vendor's errors become ours."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import msgspec

from apps.connectors.line import codes
from apps.connectors.line.settings import LineSettings
from apps.core import net
from apps.hub import errors

PUSH, INFO = "/v2/bot/message/push", "/v2/bot/info"


class LineClient:
    """One channel's account."""

    def __init__(self, settings: LineSettings) -> None:
        self.base_url = settings.base_url.rstrip("/")
        self.headers = {"Authorization": f"Bearer {settings.channel_access_token}", "Accept": "application/json"}

    def push(self, body: Mapping[str, Any], *, key: str) -> dict[str, Any]:
        """Send; what was accepted under this key before is answered like the first time. Raises one of the four errors."""
        headers = self.headers | {"Content-Type": "application/json", "X-Line-Retry-Key": retry_key(key)}
        reply = self._ask("POST", PUSH, headers, msgspec.json.encode(body))
        if reply.status == 409:  # accepted before: the one answer that this key has
            return _decoded(reply.body) or {}
        return _read(reply)

    def info(self) -> dict[str, Any]:
        """The account."""
        return _read(self._ask("GET", INFO, self.headers, None))

    def _ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> net.Reply:
        try:
            return net.request(method, self.base_url + path, headers=headers, body=body)
        except net.Unreachable as error:
            raise errors.Transient(str(error), sent=error.sent) from None
        except net.AddressRefused as error:
            raise errors.Misconfigured(str(error)) from None


def retry_key(key: str) -> str:
    """Our key as the UUID that LINE wants: the same for each try, another for another key."""
    return str(uuid5(NAMESPACE_URL, f"kurogo:{key}"))


def _read(reply: net.Reply) -> dict[str, Any]:
    decoded = _decoded(reply.body)
    words = _words(decoded)
    if reply.status == 429:
        if codes.USED_UP in words:
            raise errors.Permanent(f"LINE: {words}")
        wait = reply.headers.get("retry-after", "")
        raise errors.RateLimited("LINE asks to wait", retry_after=float(wait) if wait.isdigit() else None)
    if reply.status >= 500:
        raise errors.Transient(f"LINE answered {reply.status}", sent=True)
    if reply.status in (401, 403):
        raise errors.Misconfigured(f"LINE refuses the token: {words}")
    if 300 <= reply.status < 400:
        raise errors.Misconfigured(f"the base address answers {reply.status}, a redirect")
    if reply.status >= 400:
        raise errors.Permanent(f"{reply.status}: {words}")
    if decoded is None:
        raise errors.Transient("LINE answered something that is not JSON", sent=True)
    return decoded


def _decoded(body: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(body)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _words(decoded: Mapping[str, Any] | None) -> str:
    """The message with its details, in one line."""
    if not decoded:
        return "without a reason"
    details = decoded.get("details")
    parts = [str(decoded.get("message", ""))]
    parts += (
        [str(one.get("message", "")) for one in details if isinstance(one, dict)] if isinstance(details, list) else []
    )
    return "; ".join(part for part in parts if part)[:300] or "without a reason"
