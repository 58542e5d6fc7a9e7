"""One POST to the Admin API and its answers as data or as one of the hub's errors; HTTP only, nothing is remembered but
how wide a query the shop lets through."""

from collections.abc import Mapping
from typing import Any

import orjson

from apps.connectors.shopify.documents import DOCUMENTS, STEPS
from apps.connectors.shopify.settings import ShopifySettings
from apps.core import net
from apps.hub.errors import Misconfigured, Permanent, RateLimited, Transient

VERSION = "2026-10"
_fits: dict[tuple[str, str], int] = {}


def forget() -> None:
    """Ask widely again (between tests)."""
    _fits.clear()


class Denied(Misconfigured):
    """The app lacks the access scope of this operation; its others may go on."""


class TooCostly(Exception):
    """The shop computed more than 1,000 points for the query; ask for less at a time."""


class Client:
    """Speaks for one shop."""

    def __init__(self, settings: ShopifySettings) -> None:
        self._shop = settings.shop_url.rstrip("/")
        self._url = f"{self._shop}/admin/api/{VERSION}/graphql.json"
        self._headers = {
            "content-type": "application/json",
            "accept": "application/json",
            "x-shopify-access-token": settings.access_token,
        }

    def call(self, operation: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The `data` of an answer. Raises the hub's errors. Queries with `STEPS` are narrowed until they pass."""
        steps = STEPS.get(operation)
        if not steps:
            return self._post(operation, dict(variables))
        place = (self._shop, operation)
        while True:
            step = _fits.get(place, 0)
            try:
                return self._post(operation, {**variables, **steps[step]})
            except TooCostly as error:
                if step + 1 == len(steps):
                    raise Permanent(f"Shopify finds the query {operation} too costly: {error}") from error
                _fits[place] = step + 1

    def _post(self, operation: str, variables: dict[str, Any]) -> dict[str, Any]:
        body = orjson.dumps({"query": DOCUMENTS[operation], "operationName": operation, "variables": variables})
        try:
            reply = net.request("POST", self._url, headers=self._headers, body=body)
        except net.AddressRefused as error:
            raise Misconfigured(str(error)) from error
        except net.Unreachable as error:
            raise Transient(str(error), sent=error.sent) from error
        return _data(operation, reply)


def _data(operation: str, reply: net.Reply) -> dict[str, Any]:
    if reply.status != 200:
        raise _refusal(operation, reply)
    try:
        answer = orjson.loads(reply.body)
    except orjson.JSONDecodeError as error:
        raise Transient(f"{operation}: the answer is not JSON", sent=True) from error
    if not isinstance(answer, dict):
        raise Transient(f"{operation}: the answer is not an object", sent=True)
    errors = answer.get("errors")
    if errors:
        raise _graphql_error(operation, errors, answer.get("extensions") or {})
    data = answer.get("data")
    if not isinstance(data, dict):
        raise Transient(f"{operation}: the answer has no data", sent=True)
    return data


def _refusal(operation: str, reply: net.Reply) -> Exception:
    said = f"{operation}: Shopify answered {reply.status}"
    if reply.status in (429, 430):
        return RateLimited(said, retry_after=_seconds(reply.headers.get("retry-after")))
    if reply.status >= 500:
        return Transient(said, sent=True)
    if reply.status in (401, 402, 403, 404, 423):
        # Token, frozen shop, scope, no such shop, locked shop: all wait for a person.
        return Misconfigured(f"{said}{_words(reply)}")
    return Permanent(f"{said}{_words(reply)}")


def _words(reply: net.Reply) -> str:
    try:
        errors = orjson.loads(reply.body).get("errors")
    except (orjson.JSONDecodeError, AttributeError):
        return ""
    if isinstance(errors, list):
        errors = "; ".join(
            str(error.get("message", error)) if isinstance(error, dict) else str(error) for error in errors
        )
    return f": {str(errors)[:300]}" if errors else ""


def _graphql_error(operation: str, errors: Any, extensions: Mapping[str, Any]) -> Exception:
    """Shopify says most of its refusals with status 200. A `THROTTLED` query was not run."""
    found = [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
    reasons = {str((error.get("extensions") or {}).get("code", "")) for error in found}
    message = "; ".join(str(error.get("message", "")) for error in found)[:300] or str(errors)[:300]
    said = f"{operation}: {message}"
    if "THROTTLED" in reasons:
        return RateLimited(said, retry_after=_until_restored(extensions.get("cost") or {}))
    if "MAX_COST_EXCEEDED" in reasons:
        return TooCostly(said)
    if "ACCESS_DENIED" in reasons:
        return Denied(said)
    if "SHOP_INACTIVE" in reasons:
        return Misconfigured(said)
    if reasons & {"INTERNAL_SERVER_ERROR", "TIMEOUT"}:
        return Transient(said, sent=True)
    return Permanent(said)


def _until_restored(cost: Mapping[str, Any]) -> float | None:
    """Seconds until the bucket holds what the query asked for."""
    try:
        throttle = cost["throttleStatus"]
        missing = cost["requestedQueryCost"] - throttle["currentlyAvailable"]
        return max(1.0, float(missing / throttle["restoreRate"]))
    except (KeyError, TypeError, ZeroDivisionError):
        return None


def _seconds(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None
