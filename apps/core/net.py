"""The only way out: HTTP, and the check of every address that SMTP or another library is about to dial.

An address is resolved once, every answer is checked, and the checked one is dialled (no rebinding). Public addresses are
open; a private or loopback one only when the operator's environment lists that exact host:port (`KUROGO_PRIVATE_PEERS`);
link-local, metadata, multicast and reserved ones never. No redirects, bounded size and time, no secret in an error.
"""

import ipaddress
import socket
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import httpcore2
import httpx2
from django.conf import settings

CONNECT_SECONDS = 5.0
READ_SECONDS = 20.0
MAX_BYTES = 16 * 1024 * 1024
_REDACTED_HEADERS = frozenset(
    {"authorization", "x-shopify-access-token", "api-key", "cookie", "set-cookie", "x-api-key", "stripe-signature"}
)


class AddressRefused(Exception):
    """The host may not be spoken to; the message says why, for the person who typed it."""


class Unreachable(Exception):
    """No answer. `sent` says whether the request may have taken effect (then its outcome is unknown)."""

    def __init__(self, reason: str, *, sent: bool) -> None:
        super().__init__(reason)
        self.sent = sent


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: `status`, lower-case `headers`, `body` bytes."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text; wrong bytes are replaced, never an error."""
        return self.body.decode("utf-8", "replace")


def checked_address(host: str, port: int) -> str:
    """The one IP address to dial for host:port. Raises `AddressRefused`, `Unreachable`."""
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise Unreachable(f"{host} was not found", sent=False) from error
    addresses = [str(answer[4][0]) for answer in answers]
    is_listed = f"{host}:{port}" in settings.PRIVATE_PEERS
    for address in addresses:
        _refuse_unless_open(host, port, address, is_listed=is_listed)
    return addresses[0]


def _refuse_unless_open(host: str, port: int, address: str, *, is_listed: bool) -> None:
    ip = ipaddress.ip_address(address.split("%")[0])
    inner = _inner(ip)
    for candidate in (ip, inner):
        if candidate.is_link_local or candidate.is_multicast or candidate.is_unspecified:
            raise AddressRefused(f"{host}:{port} is {candidate}, an address that is never spoken to")
        if candidate.is_global or (is_listed and (candidate.is_private or candidate.is_loopback)):
            continue
        raise AddressRefused(
            f"{host}:{port} is {candidate}, an address inside your own network; only the operator can allow it"
            " (KUROGO_PRIVATE_PEERS)"
        )


def _inner(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The IPv4 address that an IPv6 one carries (mapped, 6to4, NAT64), or itself."""
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            return ip.ipv4_mapped
        if ip.sixtofour:
            return ip.sixtofour
        if ip in ipaddress.ip_network("64:ff9b::/96"):
            return ipaddress.ip_address(int(ip) & 0xFFFFFFFF)
    return ip


class _PinnedBackend(httpcore2.SyncBackend):
    """Dials the address that was checked; TLS still verifies the host's name."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        address = checked_address(host, port)
        return super().connect_tcp(address, port, timeout, local_address, socket_options)


class _PinnedTransport(httpx2.HTTPTransport):
    def __init__(self) -> None:
        super().__init__(verify=True, trust_env=False, limits=httpx2.Limits(max_connections=32))
        self._pool._network_backend = _PinnedBackend()


_local = threading.local()


def _client() -> httpx2.Client:
    """One keep-alive client a thread: no lock between workers, no shared cookie jar that matters (cookies are dropped)."""
    client = getattr(_local, "client", None)
    if client is None:
        client = httpx2.Client(transport=_PinnedTransport(), follow_redirects=False, trust_env=False)
        _local.client = client
    return client


def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    read_seconds: float = READ_SECONDS,
    max_bytes: int = MAX_BYTES,
) -> Reply:
    """One request, one answer of any status. Raises `AddressRefused` (nothing left the house) or `Unreachable`."""
    client = _client()
    client.cookies.clear()
    timeout = httpx2.Timeout(read_seconds, connect=CONNECT_SECONDS)
    try:
        with client.stream(method, url, headers=dict(headers or {}), content=body, timeout=timeout) as response:
            received = _read(response, max_bytes)
            return Reply(response.status_code, {k.lower(): v for k, v in response.headers.items()}, received)
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
        raise Unreachable(f"{_where(url)}: {error or type(error).__name__}", sent=False) from error
    except (httpx2.InvalidURL, httpx2.UnsupportedProtocol, httpx2.LocalProtocolError) as error:
        raise AddressRefused(f"not an address that can be called: {_where(url)}") from error
    except (httpx2.HTTPError, httpx2.StreamError) as error:
        raise Unreachable(f"{_where(url)}: {type(error).__name__}", sent=True) from error


def _read(response: httpx2.Response, max_bytes: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    for chunk in response.iter_bytes():
        size += len(chunk)
        if size > max_bytes:
            raise httpx2.ReadError(f"the answer is larger than {max_bytes} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


def _where(url: str) -> str:
    """Scheme, host and path: a query may hold a secret, an error message may not."""
    return url.split("?")[0].split("#")[0]


def redacted(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers fit to be kept and shown."""
    return {k: "•••" if k.lower() in _REDACTED_HEADERS else v for k, v in headers.items()}


@lru_cache(maxsize=1)
def private_peers() -> frozenset[str]:
    """The operator's list, for messages and health pages."""
    return frozenset(settings.PRIVATE_PEERS)
