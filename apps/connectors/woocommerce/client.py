"""One call of the REST API and its answer as data or as one of the hub's errors; HTTP only, nothing is remembered."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson

from apps.connectors.woocommerce import codes
from apps.connectors.woocommerce.settings import WooCommerceSettings
from apps.core import net, pace
from apps.hub.errors import Misconfigured, Permanent, RateLimited, Transient

ROOT = "/wp-json/wc/v3"
PAGE = 100
Params = Mapping[str, str | int | Sequence[int]]


class Refused(Permanent):
    """A refusal; `word` is WooCommerce's code of it, `status` HTTP's."""

    def __init__(self, said: str, *, status: int, word: str) -> None:
        super().__init__(said)
        self.status = status
        self.word = word


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of a list, and how many the whole list has (None where the shop does not say).

    A page may hold fewer than it covers: what the key's user may not see is left out.
    """

    rows: list[Any]
    total: int | None

    def is_last(self, *, offset: int = 0) -> bool:
        """Whether nothing follows a page that began after so many."""
        return len(self.rows) < PAGE if self.total is None else self.total <= offset + PAGE


class Client:
    """Speaks for one shop."""

    def __init__(self, settings: WooCommerceSettings) -> None:
        self._base = settings.shop_url.rstrip("/") + ROOT
        self._speed = settings.calls_a_second
        pair = f"{settings.consumer_key}:{settings.consumer_secret}".encode()
        self._headers = {
            "authorization": f"Basic {base64.b64encode(pair).decode()}",
            "accept": "application/json",
            "cache-control": "no-cache",
        }

    def call(self, method: str, path: str, *, params: Params | None = None, body: Any = None) -> Any:
        """The JSON of an answer. Raises the hub's errors, `Refused` for what the shop refuses."""
        return _data(f"{method} {path}", self._send(method, path, params, body))

    def find(self, path: str, *, params: Params | None = None) -> Any:
        """The same by GET, and None where the shop says that there is no such thing."""
        try:
            return self.call("GET", path, params=params)
        except Refused as error:
            if error.status == 404:
                return None
            raise

    def page(self, path: str, params: Params | None = None) -> Page:
        """A page of a list, as long as the shop gives."""
        what = f"GET {path}"
        reply = self._send("GET", path, {"per_page": PAGE} | dict(params or {}), None)
        rows = _data(what, reply)
        if not isinstance(rows, list):
            raise Transient(f"{what}: the answer is no list", sent=True)
        total = reply.headers.get("x-wp-total", "")
        return Page(rows, int(total) if total.isdigit() else None)

    def _send(self, method: str, path: str, params: Params | None, body: Any) -> net.Reply:
        headers = self._headers | ({"content-type": "application/json"} if body is not None else {})
        asked = {name: text for name, value in (params or {}).items() if (text := _text(value))}
        query = f"?{urlencode(asked)}" if asked else ""
        pace.take(f"woocommerce {self._base}", self._speed)
        try:
            return net.request(
                method,
                self._base + path + query,
                headers=headers,
                body=orjson.dumps(body) if body is not None else None,
            )
        except net.AddressRefused as error:
            raise Misconfigured(str(error)) from error
        except net.Unreachable as error:
            raise Transient(str(error), sent=error.sent) from error


def _text(value: str | int | Sequence[int]) -> str:
    return str(value) if isinstance(value, (str, int)) else ",".join(map(str, value))


def _data(what: str, reply: net.Reply) -> Any:
    if not 200 <= reply.status < 300:
        raise _refusal(what, reply)
    try:
        return orjson.loads(reply.body)
    except orjson.JSONDecodeError as error:
        # A page of a cache or of maintenance, or a warning of PHP before the JSON.
        raise Transient(f"{what}: the answer is not JSON", sent=True) from error


def _refusal(what: str, reply: net.Reply) -> Exception:
    status = reply.status
    said = f"{what}: WooCommerce answered {status}"
    if status == 429:
        return RateLimited(said, retry_after=_seconds(reply.headers.get("retry-after")))
    if status >= 500:
        return Transient(said, sent=True)
    word, message = _words(reply)
    said += f": {message}" if message else ""
    if status in (401, 403):
        return Misconfigured(said)
    if 300 <= status < 400:
        return Misconfigured(f"{said}, a redirect: give the shop's address as WordPress itself writes it")
    if status == 404 and (not word or word in codes.NO_ROUTE):
        return Misconfigured(
            f"{said}; there is no REST API of WooCommerce at this address (permalinks, plugin, folder)"
        )
    return Refused(said, status=status, word=word)


def _words(reply: net.Reply) -> tuple[str, str]:
    """Code and message of a WordPress error; empty where the body is none."""
    try:
        said = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        return "", ""
    if not isinstance(said, dict):
        return "", ""
    return str(said.get("code") or ""), str(said.get("message") or "")[:300]


def _seconds(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None
