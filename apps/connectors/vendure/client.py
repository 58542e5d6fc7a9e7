"""One POST to the Admin API and its answer as data or as one of the hub's errors; HTTP only, nothing is remembered.

Vendure answers most refusals with status 200 and `errors`; where any part of a query failed, the whole counts as failed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from apps.connectors.vendure import codes
from apps.connectors.vendure.documents import DOCUMENTS
from apps.connectors.vendure.settings import VendureSettings
from apps.core import net
from apps.hub.errors import Misconfigured, Permanent, RateLimited, Transient


class NotFound(Permanent):
    """Something that the call names is not there any more; nothing of the call took effect."""


class Client:
    """Speaks for one Vendure channel."""

    def __init__(self, settings: VendureSettings) -> None:
        self._url = settings.api_url
        self._headers = {"content-type": "application/json", "accept": "application/json"}
        if settings.api_key:
            self._headers["vendure-api-key"] = settings.api_key
        elif settings.session_token:
            self._headers["authorization"] = f"Bearer {settings.session_token}"
        if settings.channel_token:
            self._headers["vendure-token"] = settings.channel_token

    def call(self, operation: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The `data` of an answer. Raises the hub's errors."""
        said = {"query": DOCUMENTS[operation], "operationName": operation, "variables": variables or {}}
        try:
            reply = net.request("POST", self._url, headers=self._headers, body=orjson.dumps(said))
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
    if answer.get("errors"):
        raise _graphql_error(operation, answer["errors"])
    data = answer.get("data")
    if not isinstance(data, dict):
        raise Transient(f"{operation}: the answer has no data", sent=True)
    return data


def _refusal(operation: str, reply: net.Reply) -> Exception:
    said = f"{operation}: Vendure answered {reply.status}{_words(reply)}"
    if reply.status == 429:
        return RateLimited(said, retry_after=_seconds(reply.headers.get("retry-after")))
    if reply.status >= 500:
        return Transient(said, sent=True)
    if reply.status in (401, 403, 404):
        return Misconfigured(said)
    return Permanent(said)


def _words(reply: net.Reply) -> str:
    """What an answer with a status of its own says: a query that this server's schema does not know is answered 400."""
    try:
        errors = orjson.loads(reply.body)["errors"]
        words = "; ".join(str(error["message"]) for error in errors)
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return ""
    return f": {words[:300]}"


def _graphql_error(operation: str, errors: Any) -> Exception:
    found = [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
    reasons = {str((error.get("extensions") or {}).get("code", "")) for error in found}
    message = "; ".join(str(error.get("message", "")) for error in found)[:300] or str(errors)[:300]
    said = f"{operation}: {message}"
    if reasons & codes.NO_RIGHT:
        return Misconfigured(said + _wanted(found))
    if reasons & codes.SERVER_FAULT:
        return Transient(said, sent=True)
    if codes.NOT_FOUND in reasons:
        return NotFound(said)
    return Permanent(said)


def _wanted(errors: Sequence[Mapping[str, Any]]) -> str:
    """Which permissions the key would need for what was refused."""
    fields = {str((error.get("path") or [""])[0]) for error in errors}
    wanted = sorted({codes.PERMISSIONS[field] for field in fields if field in codes.PERMISSIONS})
    return f" (the key is wrong, or its role lacks {', '.join(wanted)})" if wanted else " (the key is wrong)"


def _seconds(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None
