"""HTTP to Stripe: the official library over core.net, without an HTTP stack, telemetry or retries of its own.

Every answer that is not 2xx becomes one of the hub's errors here, with Stripe's message and without secrets.
"""

import logging
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import msgspec
import stripe

from apps.connectors.stripe.settings import API_VERSION, StripeSettings
from apps.core import net
from apps.hub import errors

PAGE = 100
_WORDS = 300
_SENT_HEADERS = ("Authorization", "Content-Type", "Idempotency-Key", "Stripe-Version")
_USER_AGENT = f"Kurogo Stripe/v1 PythonBindings/{stripe.VERSION}"

stripe.enable_telemetry = False
# At INFO and DEBUG the library writes addresses and bodies, which hold names and e-mail addresses.
logging.getLogger("stripe").setLevel(logging.WARNING)


class Refused(errors.Permanent):
    """Stripe says no; `code` is its word for why (`charge_already_refunded`), empty where it gives none."""

    def __init__(self, reason: str, *, code: str = "") -> None:
        super().__init__(reason)
        self.code = code


class FailureKept(Refused):
    """Stripe failed after it had begun and repeats that failure for this key (24 hours): only reading back helps."""


class _Said(msgspec.Struct):
    message: str | None = None
    code: str | None = None
    type: str | None = None


class _Failure(msgspec.Struct):
    error: _Said


class NetTransport(stripe.HTTPClient):
    """Stripe's library speaks through this: one request by core.net, one answer."""

    name = "kurogo"

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[str, int, Mapping[str, str]]:
        """Raises the hub's errors for every answer but 2xx."""
        given = headers or {}
        lean = {name: given[name] for name in _SENT_HEADERS if name in given} | {"User-Agent": _USER_AGENT}
        body = None if post_data is None else str(post_data).encode()
        try:
            reply = net.request(method.upper(), url, headers=lean, body=body)
        except net.Unreachable as error:
            raise errors.Transient(str(error), sent=error.sent) from error
        except net.AddressRefused as error:
            raise errors.Misconfigured(str(error)) from error
        if not 200 <= reply.status < 300:
            raise _refusal(reply, secret=given.get("Authorization", "").removeprefix("Bearer "))
        return reply.text, reply.status, reply.headers

    def close(self) -> None:
        """Connections belong to core.net."""


def _refusal(reply: net.Reply, *, secret: str) -> errors.VendorError:
    said = _said(reply)
    words = (said.message or f"Stripe answered {reply.status}")[:_WORDS]
    if secret:
        words = words.replace(secret, "•••")
    if reply.status == 429:
        return errors.RateLimited(words, retry_after=_seconds(reply.headers.get("retry-after", "")))
    if reply.status in (401, 403) or reply.status < 400:
        return errors.Misconfigured(words)
    if reply.status >= 500 and reply.headers.get("idempotent-replayed") == "true":
        return FailureKept(f"Stripe keeps its failure for this key: {words}")
    if reply.status >= 500 or reply.status == 409:
        # 409: the same key is being worked on right now, by a try of ours that we no longer wait for.
        return errors.Transient(words, sent=True)
    return Refused(words, code=said.code or said.type or "")


def _said(reply: net.Reply) -> _Said:
    try:
        return msgspec.json.decode(reply.body, type=_Failure).error
    except msgspec.MsgspecError:
        return _Said()


def _seconds(header: str) -> float | None:
    return float(header) if header.isascii() and header.isdigit() else None


@lru_cache(maxsize=16)
def _library(api_key: str, api_base: str) -> stripe.StripeClient:
    """One client a credential: it has no state of its own, and making one costs more than a call."""
    return stripe.StripeClient(
        api_key,
        http_client=NetTransport(),
        base_addresses={"api": api_base},
        stripe_version=API_VERSION,
        max_network_retries=0,
    )


class Client:
    """Calls by path with plain dicts back. `raw_request` is the library's public way to do that; its typed services
    build objects that nobody here reads, at five times the cost (README).
    """

    def __init__(self, settings: StripeSettings) -> None:
        if not settings.api_key:
            raise errors.Misconfigured("no API key is set")
        self._stripe = _library(settings.api_key, settings.api_base.rstrip("/"))

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        """One object or one page."""
        return self._call("get", path, params)

    def find(self, path: str, **params: Any) -> dict[str, Any] | None:
        """One object; None where Stripe has none of that id."""
        try:
            return self._call("get", path, params)
        except Refused as refused:
            if refused.code == "resource_missing":
                return None
            raise

    def post(self, path: str, params: Mapping[str, Any], *, key: str) -> dict[str, Any]:
        """A write; the same key with the same parameters takes effect once."""
        return self._call("post", path, {**params, "idempotency_key": key})

    def pages(self, path: str, **params: Any) -> Iterator[list[dict[str, Any]]]:
        """Every page of a list, newest first. Raises `Transient` when the list does not move on."""
        after: dict[str, str] = {}
        while True:
            page = self.get(path, limit=PAGE, **params, **after)
            rows: list[dict[str, Any]] = page.get("data") or []
            if rows:
                yield rows
            if not page.get("has_more"):
                return
            following = {"starting_after": rows[-1]["id"]} if rows else after
            if following == after:
                raise errors.Transient(f"the list {path} does not move on")
            after = following

    def _call(self, method: str, path: str, params: Mapping[str, Any]) -> dict[str, Any]:
        try:
            data = self._stripe.raw_request(method, path, **params).data
        except stripe.StripeError as error:
            # 2xx without JSON. The library's message holds the whole body, so it is not repeated.
            raise errors.Transient(f"Stripe's answer to {path} is no JSON", sent=True) from error
        if not isinstance(data, dict) or "object" not in data:
            raise errors.Transient(f"Stripe's answer to {path} is no object of its", sent=True)
        return data
