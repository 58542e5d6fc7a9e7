"""A folder over HTTPS: list, get, put. Only through core.net; refusals are told in the hub's words, without the token.

A file of ours is put only where its name is free (`If-None-Match: *`), so that a second try never writes twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec
from django.conf import settings as installation

from apps.connectors.csv.settings import CsvSettings
from apps.core import clock, net
from apps.hub.errors import Misconfigured, Permanent, RateLimited, Transient

MAX_BYTES = 128 * 1024 * 1024
_ALREADY_THERE = frozenset({409, 412})


class Listed(msgspec.Struct, frozen=True):
    """One file of theirs. A file without a kind is not meant for us."""

    name: str
    changed_at: datetime
    kind: str = ""


class IndexRow(msgspec.Struct, frozen=True):
    """Which file of theirs holds an order as it stands now."""

    order_number: str
    file: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Put:
    """What became of a file of ours: new, or there before; the folder's answer as JSON where it gave one."""

    is_new: bool
    answer: Mapping[str, Any]


class Folder:
    """The other side's folder."""

    def __init__(self, settings: CsvSettings) -> None:
        self._base = settings.base_url.rstrip("/")
        self._token = settings.token

    def listing(self, since: datetime) -> list[Listed]:
        """Their files changed since, oldest change first."""
        reply = self._ask("GET", "/files", query={"since": since.isoformat()})
        listed = _typed(reply, list[Listed])
        return sorted(listed, key=lambda file: (file.changed_at, file.name))

    def index(self, **query: str) -> list[IndexRow] | None:
        """The index of orders; None where the folder keeps none."""
        reply = self._ask("GET", "/files/orders-index.json", query=query, missing_is_none=True)
        return None if reply is None else _typed(reply, list[IndexRow])

    def get(self, name: str) -> bytes | None:
        """A file's bytes; None where there is none of that name."""
        reply = self._ask("GET", f"/files/{quote(name, safe='')}", missing_is_none=True)
        if reply is None:
            return None
        if _is_page(reply):
            raise Transient(f"a web page instead of the file {name}", sent=True)
        return reply.body

    def put(self, name: str, content: bytes) -> Put:
        """Lay a file of ours down, once. Raises `Permanent` where another one has its name."""
        headers = {"content-type": "text/csv", "if-none-match": "*"}
        reply = self._ask("PUT", f"/files/{quote(name, safe='')}", body=content, headers=headers, passed=_ALREADY_THERE)
        assert reply is not None
        if _is_page(reply):
            raise Transient("a web page instead of an answer", sent=True)
        if reply.status in _ALREADY_THERE:
            there = self.get(name)
            if there is not None and there != content:
                raise Permanent(f"another file is there under the name {name}")
        return Put(reply.status not in _ALREADY_THERE, _answer(reply))

    def _ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        passed: frozenset[int] = frozenset(),
        missing_is_none: bool = False,
    ) -> net.Reply | None:
        url = self._base + path + (f"?{urlencode(query)}" if query else "")
        self._check_address()
        sent = {"accept": "*/*"} | dict(headers or {})
        if self._token:
            sent["authorization"] = f"Bearer {self._token}"
        try:
            reply = net.request(method, url, headers=sent, body=body, max_bytes=MAX_BYTES)
        except net.AddressRefused as error:
            raise Misconfigured(str(error)) from error
        except net.Unreachable as error:
            raise Transient(str(error), sent=error.sent) from error
        if 200 <= reply.status < 300 or reply.status in passed:
            return reply
        if reply.status == 404 and missing_is_none:
            return None
        raise _refusal(reply, f"{method} {path}")

    def _check_address(self) -> None:
        parts = urlsplit(self._base)
        if not self._base or not parts.hostname:
            raise Misconfigured("the setting base_url is empty: this connection has no folder")
        if parts.scheme != "https" and parts.netloc not in installation.PRIVATE_PEERS:
            raise Misconfigured("the folder's address must begin with https://, the token travels with every call")


def _refusal(reply: net.Reply, what: str) -> Exception:
    said = f"{what}: {reply.status}" + (f" {reply.text.strip()[:160]}" if not _is_page(reply) else "")
    if reply.status == 429:
        return RateLimited(said, retry_after=_seconds(reply.headers.get("retry-after", "")))
    if reply.status >= 500 or reply.status == 408:
        return Transient(said, sent=True)
    if reply.status in (401, 403):
        return Misconfigured(said)
    if 300 <= reply.status < 400:
        return Misconfigured(f"{what}: the folder has moved ({reply.status}); set its new address")
    return Permanent(said)


def _seconds(text: str) -> float | None:
    """Retry-After: seconds or a date."""
    if text.strip().isdigit():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - clock.wall()).total_seconds()) if text else None
    except (ValueError, TypeError):
        return None


def _is_page(reply: net.Reply) -> bool:
    start = reply.body[:200].lstrip().lower()
    return reply.headers.get("content-type", "").startswith("text/html") or start.startswith((b"<!doctype", b"<html"))


def _answer(reply: net.Reply) -> Mapping[str, Any]:
    """The folder's own word about a file of ours; a folder need not have one."""
    try:
        told = msgspec.json.decode(reply.body or b"{}")
    except msgspec.MsgspecError:
        return {}
    return told if isinstance(told, dict) else {}


def _typed(reply: net.Reply | None, kind: Any) -> Any:
    assert reply is not None
    try:
        return msgspec.json.decode(reply.body, type=kind)
    except msgspec.MsgspecError as error:
        raise Transient(f"not the list that was asked for: {error}", sent=True) from None
