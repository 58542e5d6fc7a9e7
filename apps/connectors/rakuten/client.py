"""RMS over HTTP through core.net: one function a call, within Rakuten's pace; vendor errors become ours.

Every function wants the same two keys and a content type without a space in it (with one, some answer 415).
"""

import base64
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import orjson

from apps.connectors.rakuten import codes
from apps.connectors.rakuten.settings import RakutenSettings
from apps.core import net, pace
from apps.hub import errors

CONTENT_TYPE = "application/json;charset=utf-8"
ORDER = "/es/2.0/order"
INVENTORIES = "/es/2.1/inventories"
ITEMS = "/es/2.0/items/search"
EXPIRY = "/es/1.0/license-management/license-key/expiry-date"
ORDER_VERSION = 7
NUMBERS_A_PAGE = 1000
ORDERS_A_CALL = 100
SKUS_READ_A_CALL = 1000
SKUS_SET_A_CALL = 400
ITEMS_A_PAGE = 100
_FAST = 5  # reading stock and items: five calls a second where others have one


class Refused(errors.Permanent):
    """The vendor refuses, and says what of: its messages as they came."""

    def __init__(self, reason: str, messages: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(reason)
        self.messages = messages


class Client:
    """Speaks for one shop. Every method raises one of the four errors."""

    def __init__(self, settings: RakutenSettings) -> None:
        self._settings = settings
        self._base = settings.base_url.rstrip("/")
        keys = f"{settings.service_secret}:{settings.license_key}".encode()
        self._headers = {"Authorization": f"ESA {base64.b64encode(keys).decode()}", "Accept": "application/json"}

    # Orders

    def search_orders(self, wanted: Mapping[str, Any]) -> list[str]:
        """The numbers of all orders of a search, each once, through all its pages."""
        numbers: dict[str, None] = {}
        page = 1
        while True:
            pages = {
                "requestRecordsAmount": NUMBERS_A_PAGE,
                "requestPage": page,
                "SortModelList": [{"sortColumn": 1, "sortDirection": 1}],
            }
            answer = self._order("searchOrder", {**wanted, "PaginationRequestModel": pages})
            numbers |= dict.fromkeys(answer.get("orderNumberList") or ())
            told = answer.get("PaginationResponseModel") or {}
            if page >= (told.get("totalPages") or 0):  # all null where nothing was found
                return list(numbers)
            page += 1

    def orders(self, numbers: Sequence[str]) -> list[dict[str, Any]]:
        """Orders as they stand now, in the vendor's order; what the shop does not know is left out."""
        found: list[dict[str, Any]] = []
        for start in range(0, len(numbers), ORDERS_A_CALL):
            part = list(numbers[start : start + ORDERS_A_CALL])
            answer = self._order("getOrder", {"orderNumberList": part, "version": ORDER_VERSION}, may_miss=True)
            found += answer.get("OrderModelList") or ()
        return found

    def confirm(self, numbers: Sequence[str]) -> list[Mapping[str, Any]]:
        """Confirm 100 orders at most; the vendor's message for each."""
        try:
            return messages_of(self._order("confirmOrder", {"orderNumberList": list(numbers)}, may_miss=True))
        except Refused as error:
            if not any(message.get("orderNumber") for message in error.messages):
                raise
            return list(error.messages)

    def ship(self, body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Put shipments on an order; the vendor's message for each. Raises `Refused` where it takes one of them not."""
        return messages_of(self._order("updateOrderShipping", body))

    def _order(self, function: str, body: Mapping[str, Any], *, may_miss: bool = False) -> dict[str, Any]:
        """`may_miss`: an error message is about one of many, and the caller looks."""
        answer = self._call("POST", f"{ORDER}/{function}/", body)
        if answer is None:
            raise errors.Transient(f"Rakuten answered {function} with nothing", sent=True)
        wrong = [one for one in messages_of(answer) if one.get("messageType") == "ERROR"]
        if wrong and not may_miss:
            raise Refused(f"Rakuten refuses {function}: {_said(wrong)}", wrong)
        return answer

    # Stock and items

    def stock(self, skus: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
        """What is shown of (manageNumber, variantId), 1,000 a call; what Rakuten keeps no stock of is left out."""
        found: list[dict[str, Any]] = []
        for start in range(0, len(skus), SKUS_READ_A_CALL):
            part = skus[start : start + SKUS_READ_A_CALL]
            body = {"inventories": [{"manageNumber": item, "variantId": variant} for item, variant in part]}
            answer = self._call("POST", f"{INVENTORIES}/bulk-get", body, faster=_FAST)
            found += (answer or {}).get("inventories") or ()
        return found

    def set_stock(self, quantities: Sequence[tuple[str, str, int]]) -> None:
        """Show these numbers, whatever is shown now; 400 at most. What Rakuten does not list it takes without a word."""
        inventories = [
            {"manageNumber": item, "variantId": variant, "mode": "ABSOLUTE", "quantity": quantity}
            for item, variant, quantity in quantities
        ]
        self._call("POST", f"{INVENTORIES}/bulk-upsert", {"inventories": inventories})

    def items(self, cursor: str) -> dict[str, Any]:
        """A page of everything the shop lists, from `*` on."""
        query = urlencode({"hits": ITEMS_A_PAGE, "cursorMark": cursor})
        answer = self._call("GET", f"{ITEMS}?{query}", faster=_FAST)
        if answer is None:
            raise errors.Transient("Rakuten answered items/search with nothing", sent=True)
        return answer

    # The keys

    def expiry(self) -> str:
        """When the license key ends, as the vendor writes it: Japan's time, without saying so."""
        query = urlencode({"licenseKey": self._settings.license_key})
        answer = self._call("GET", f"{EXPIRY}?{query}") or {}
        return str(answer.get("expiryDate") or "")

    def _call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, faster: int = 1
    ) -> dict[str, Any] | None:
        function = path.partition("?")[0]
        pace.take(f"{self._base}{function}", self._settings.calls_a_second * faster)
        headers = self._headers | ({"Content-Type": CONTENT_TYPE} if body is not None else {})
        sent = orjson.dumps(body) if body is not None else None
        try:
            reply = net.request(method, self._base + path, headers=headers, body=sent)
        except net.Unreachable as error:
            raise errors.Transient(str(error), sent=error.sent) from None
        except net.AddressRefused as error:
            raise errors.Misconfigured(str(error)) from None
        return _read(function, reply)


def _read(function: str, reply: net.Reply) -> dict[str, Any] | None:
    """The decoded answer, None for an empty one (204), or the error that it stands for."""
    if reply.status == 429:
        raise errors.RateLimited("Rakuten asks to wait", retry_after=_seconds(reply.headers.get("retry-after", "")))
    if reply.status >= 500:
        raise errors.Transient(f"Rakuten answered {reply.status} to {function}", sent=True)
    decoded = _decoded(reply.body)
    if reply.status in (401, 403) or _gateway_word(decoded) in codes.OUR_KEYS:
        raise errors.Misconfigured(f"Rakuten refuses the keys for {function}: {_words(decoded)}")
    if 300 <= reply.status < 400:
        raise errors.Misconfigured(f"Rakuten's address answers {reply.status}, a redirect: check the base address")
    if reply.status >= 400:
        raise Refused(f"Rakuten refuses {function} ({reply.status}): {_words(decoded)}", messages_of(decoded or {}))
    if reply.status == 204:
        return None
    if decoded is None:
        raise errors.Transient(f"Rakuten answered {function} with something that is not JSON", sent=True)
    return decoded


def messages_of(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The order functions' messages; a list of objects or nothing."""
    found = answer.get("MessageModelList")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _said(messages: Sequence[Mapping[str, Any]]) -> str:
    return "; ".join(f"{one.get('message', '')} ({one.get('messageCode', '')})" for one in messages)[:300]


def _words(decoded: Mapping[str, Any] | None) -> str:
    """Three functions, three forms of refusal: messages, errors, and the gateway's own."""
    answer = decoded or {}
    if messages := messages_of(answer):
        return _said(messages)
    found = answer.get("errors")
    if isinstance(found, list):
        errors_ = [one for one in found if isinstance(one, dict)]
        return "; ".join(f"{one.get('message', '')} ({one.get('code', '')})" for one in errors_)[:300]
    results = answer.get("Results")
    return str(results.get("message", ""))[:300] if isinstance(results, dict) else "without a reason"


def _gateway_word(decoded: Mapping[str, Any] | None) -> str:
    results = (decoded or {}).get("Results")
    if isinstance(results, dict):
        return str(results.get("errorCode", ""))
    found = (decoded or {}).get("errors")
    return str(found[0].get("code", "")) if isinstance(found, list) and found and isinstance(found[0], dict) else ""


def _decoded(body: bytes) -> dict[str, Any] | None:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def _seconds(text: str) -> float | None:
    return float(text) if text.strip().isdigit() else None
