"""Calls of the Selling Partner API and their answers, as data or as one of the hub's errors; HTTP only.

Each kind of call keeps to its documented rate, or to the one that Amazon last granted to this account; a turn that is far
away is an error that says when, so that nobody is kept waiting in a lane of the worker.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from apps.connectors.amazon import tokens
from apps.connectors.amazon.settings import AmazonSettings
from apps.core import net, pace
from apps.hub.errors import Misconfigured, Permanent, RateLimited, Transient, VendorError

AGENT = "Kurogo/0.1 (Language=Python)"
# Calls a second and how many at once after a rest: the usage plans in the vendor's models.
RATES: dict[str, tuple[float, int]] = {
    "searchOrders": (0.0056, 20),
    "getOrder": (0.5, 30),
    "searchListingsItems": (5, 5),
    "getListingsItem": (5, 10),
    "patchListingsItem": (5, 5),
    "getInventorySummaries": (2, 2),
    "confirmShipment": (2, 10),
    "getMarketplaceParticipations": (0.016, 15),
}
PATIENCE_SECONDS = 15.0
_granted: dict[tuple[str, str], float] = {}


def forget() -> None:
    """No rate was granted, no token is held (between tests)."""
    _granted.clear()
    tokens.forget()


class NotThere(Permanent):
    """Amazon knows no such thing."""


class Client:
    """Speaks for one seller account."""

    def __init__(self, settings: AmazonSettings) -> None:
        self._settings = settings
        self._base = settings.api_url.rstrip("/")
        self._account = f"amazon {self._base} {settings.seller_id or settings.client_id}"

    def get(self, operation: str, path: str, query: Mapping[str, Any]) -> dict[str, Any]:
        """A query; lists in it are joined by commas. Raises `NotThere` and the hub's errors."""
        return self._call(operation, "GET", _address(path, query))

    def patch(self, operation: str, path: str, query: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
        """A change."""
        return self._call(operation, "PATCH", _address(path, query), body)

    def post(self, operation: str, path: str, body: Mapping[str, Any]) -> None:
        """A write that is answered by 204 and nothing else."""
        self._call(operation, "POST", path, body, is_answered=False)

    def _call(
        self, operation: str, method: str, path: str, body: Mapping[str, Any] | None = None, *, is_answered: bool = True
    ) -> dict[str, Any]:
        self._wait(operation)
        reply = self._send(method, path, body)
        if reply.status in (401, 403):
            # The token may have ended early; refused so, nothing has happened. A second refusal is about the account.
            tokens.forget(self._settings)
            reply = self._send(method, path, body)
        self._note_rate(operation, reply)
        if not 200 <= reply.status < 300:
            raise _refusal(operation, reply)
        if not is_answered:
            if reply.status != 204:
                raise Transient(f"{operation}: answered {reply.status} where 204 means done", sent=True)
            return {}
        return _data(operation, reply)

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None) -> net.Reply:
        headers = {
            "x-amz-access-token": tokens.access(self._settings), "user-agent": AGENT, "accept": "application/json",
        }  # fmt: skip
        if body is not None:
            headers["content-type"] = "application/json"
        sent = orjson.dumps(body) if body is not None else None
        try:
            return net.request(method, self._base + path, headers=headers, body=sent)
        except net.AddressRefused as error:
            raise Misconfigured(str(error)) from error
        except net.Unreachable as error:
            raise Transient(str(error), sent=error.sent) from error

    def _wait(self, operation: str) -> None:
        rate, burst = RATES[operation]
        rate = _granted.get((self._account, operation), rate)
        try:
            pace.take(
                f"{self._account} {operation}", rate * self._settings.pace, burst=burst, patience=PATIENCE_SECONDS
            )
        except pace.TooSoon as error:
            raise RateLimited(f"{operation}: Amazon's rate is used up", retry_after=error.seconds) from None

    def _note_rate(self, operation: str, reply: net.Reply) -> None:
        granted = _number(reply.headers.get("x-amzn-ratelimit-limit"))
        if granted:
            _granted[(self._account, operation)] = granted


def segment(text: str) -> str:
    """A part of a path: a SKU may hold slashes, blanks, percent signs."""
    return quote(text, safe="")


def _address(path: str, query: Mapping[str, Any]) -> str:
    plain = {
        name: ",".join(value) if isinstance(value, (list, tuple)) else value
        for name, value in query.items()
        if value not in (None, "")
    }
    return f"{path}?{urlencode(plain, quote_via=quote)}" if plain else path


def _data(operation: str, reply: net.Reply) -> dict[str, Any]:
    try:
        answer = orjson.loads(reply.body)
    except orjson.JSONDecodeError as error:
        raise Transient(f"{operation}: the answer is not JSON", sent=True) from error
    if not isinstance(answer, dict):
        raise Transient(f"{operation}: the answer is not an object", sent=True)
    return answer


def _refusal(operation: str, reply: net.Reply) -> VendorError:
    said = f"{operation}: Amazon answered {reply.status}"
    if reply.status == 429:
        return RateLimited(said, retry_after=_seconds(reply))
    if reply.status >= 500:
        return Transient(said, sent=True)
    words = f"{said}{_words(reply)}"
    if reply.status == 404:
        return NotThere(words)
    if reply.status in (401, 403) or reply.status < 400:
        # Token, role, region or marketplace, or a redirect: all wait for a person.
        return Misconfigured(words)
    return Permanent(words)


def _words(reply: net.Reply) -> str:
    try:
        errors = orjson.loads(reply.body)["errors"]
        said = "; ".join(f"{one.get('code', '')} {one.get('message', '')}".strip() for one in errors)
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError):
        return ""
    return f": {said[:300]}" if said else ""


def _seconds(reply: net.Reply) -> float | None:
    """When to come back: said so, or after one call's share of the rate."""
    rate = _number(reply.headers.get("x-amzn-ratelimit-limit"))
    return _number(reply.headers.get("retry-after")) or (1 / rate if rate else None)


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None
