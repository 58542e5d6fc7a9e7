"""ShipEngine over HTTP through core.net; vendor errors become ours. Limits: 200 calls a minute, 20 with a test key."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from apps.connectors.shipengine import codes
from apps.connectors.shipengine.settings import ShipEngineSettings
from apps.core import net
from apps.hub import errors

_ENCODER = msgspec.json.Encoder(decimal_format="number")


class Conflict(errors.Permanent):
    """Something of that identifier is there already."""


class ShipEngineClient:
    """One account. Every method answers decoded JSON with Decimal numbers, and raises one of the four errors."""

    def __init__(self, settings: ShipEngineSettings) -> None:
        self.base_url = settings.base_url.rstrip("/")
        self.headers = {"API-Key": settings.api_key, "Accept": "application/json"}

    def rates(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Ask for prices."""
        return self._call("POST", "/v1/rates", body)

    def buy_label(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Buy; costs money. Raises `Conflict` when the external_shipment_id is taken."""
        return self._call("POST", "/v1/labels", body)

    def find_label(self, reference: str) -> dict[str, Any] | None:
        """The earliest label of an external_shipment_id."""
        return self._call_or_none("GET", f"/v1/labels/external_shipment_id/{quote(reference, safe='')}")

    def void_label(self, label_id: str) -> dict[str, Any]:
        """Give a label back."""
        return self._call("PUT", f"/v1/labels/{quote(label_id, safe='')}/void")

    def track_label(self, label_id: str) -> dict[str, Any] | None:
        """Steps of a label bought here."""
        return self._call_or_none("GET", f"/v1/labels/{quote(label_id, safe='')}/track")

    def track_number(self, carrier_code: str, tracking_number: str) -> dict[str, Any] | None:
        """Steps of any parcel."""
        query = urlencode({"carrier_code": carrier_code, "tracking_number": tracking_number})
        return self._call_or_none("GET", f"/v1/tracking?{query}")

    def carriers(self) -> dict[str, Any]:
        """Carrier accounts connected to the account."""
        return self._call("GET", "/v1/carriers")

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        found = self._call_or_none(method, path, body)
        if found is None:
            raise errors.Permanent(f"ShipEngine knows nothing at {path.partition('?')[0]}")
        return found

    def _call_or_none(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
        headers = self.headers | ({"Content-Type": "application/json"} if body is not None else {})
        sent = _ENCODER.encode(body) if body is not None else None
        try:
            reply = net.request(method, self.base_url + path, headers=headers, body=sent)
        except net.Unreachable as error:
            raise errors.Transient(str(error), sent=error.sent) from None
        except net.AddressRefused as error:
            raise errors.Misconfigured(str(error)) from None
        return _read(reply)


def _read(reply: net.Reply) -> dict[str, Any] | None:
    """The decoded answer, None for 404, or the error that it stands for."""
    if reply.status == 429:
        raise errors.RateLimited("ShipEngine asks to wait", retry_after=_seconds(reply.headers.get("retry-after", "")))
    if reply.status >= 500:
        raise errors.Transient(f"ShipEngine answered {reply.status}", sent=True)
    decoded = _decoded(reply.body)
    if reply.status in (401, 403):
        raise errors.Misconfigured(f"ShipEngine refuses the API key: {_words(decoded)}")
    if reply.status == 404 and _errors(decoded):  # any other 404 is not the vendor's word about the thing
        return None
    if 300 <= reply.status < 400:
        raise errors.Misconfigured(f"ShipEngine's address answers {reply.status}, a redirect: check the base address")
    if reply.status >= 400:
        raise _refusal(reply.status, decoded)
    if decoded is None:
        raise errors.Transient("ShipEngine answered something that is not JSON", sent=True)
    return decoded


def _refusal(status: int, decoded: Mapping[str, Any] | None) -> errors.VendorError:
    found = {error.get("error_code") for error in _errors(decoded)}
    words = f"{status}: {_words(decoded)}"
    if "rate_limit_exceeded" in found:  # a carrier's own limit, passed on
        return errors.RateLimited(words)
    if found & codes.OURS:
        return errors.Misconfigured(words)
    if found & codes.TAKEN or status == 409:
        return Conflict(words)
    return errors.Permanent(words)


def _decoded(body: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(body, parse_float=Decimal)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _errors(decoded: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    found = (decoded or {}).get("errors")
    return [error for error in found if isinstance(error, dict)] if isinstance(found, list) else []


def _words(decoded: Mapping[str, Any] | None) -> str:
    return "; ".join(str(error.get("message", "")) for error in _errors(decoded))[:300] or "without a reason"


def _seconds(text: str) -> float | None:
    """Retry-After in seconds; its form as a date is rare and treated as none."""
    return float(text) if text.strip().isdigit() else None
