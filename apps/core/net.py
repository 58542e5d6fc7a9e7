"""The only way out: HTTP, and the check of every address that SMTP or another library is about to dial.

An address is resolved once, every answer is checked, and a checked one is dialled (no rebinding). Public addresses
are open, over TLS only; a private or loopback one only when the operator's environment lists that exact host:port
(`KUROGO_PRIVATE_PEERS`), which then may go without TLS; link-local, metadata, multicast and reserved ones never.
No redirects, bounded size and time, no secret in an error. SMTP goes through `net_smtp`, which asks here.
"""

import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import httpcore2
import httpx2
from django.conf import settings

CONNECT_SECONDS = 5.0
# The longest silence, and the longest answer: a server that drips one byte a second is given up, too.
READ_SECONDS = 20.0
TOTAL_SECONDS = 60.0
MAX_BYTES = 16 * 1024 * 1024
_REDACTED_HEADERS = frozenset(
    {
        "authorization", "x-amz-access-token", "x-shopify-access-token", "api-key", "cookie", "set-cookie", "x-api-key",
        "stripe-signature", "vendure-api-key",
    }
)  # fmt: skip


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


# Addresses that tell a machine its own secrets. Two of them count as public (Azure's, Oracle's).
_METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in ("169.254.169.254", "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192")
)
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
_LOCAL_UNICAST = ipaddress.ip_network("fc00::/7")
# Prefixes whose last 32 bits are an IPv4 address: compatible, translated, NAT64, local NAT64.
_CARRIES_IPV4 = tuple(
    ipaddress.ip_network(text) for text in ("::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48")
)


def checked_addresses(host: str, port: int) -> list[str]:
    """Every IP address of host:port, checked, in the system's order. Raises `AddressRefused`, `Unreachable`."""
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, OverflowError, ValueError) as error:
        raise Unreachable(f"{_printable(host)} was not found", sent=False) from error
    addresses = list(dict.fromkeys(str(answer[4][0]) for answer in answers))
    is_open = is_listed(host, port)
    for address in addresses:
        _refuse_unless_open(host, port, address, is_listed=is_open)
    return addresses


def checked_address(host: str, port: int) -> str:
    """The first of `checked_addresses`."""
    return checked_addresses(host, port)[0]


def is_listed(host: str, port: int) -> bool:
    """Whether the operator's environment names this exact host:port as a peer inside the own network."""
    bare = host.strip("[]").lower()
    written = f"[{bare}]" if ":" in bare else bare
    return bool({f"{bare}:{port}", f"{written}:{port}"} & {peer.lower() for peer in settings.PRIVATE_PEERS})


def _refuse_unless_open(host: str, port: int, address: str, *, is_listed: bool) -> None:
    ip = _spoken_to(ipaddress.ip_address(address.split("%")[0]))
    shown = f"{_printable(host)}:{port} is {ip}"
    if _is_never(ip):
        raise AddressRefused(f"{shown}, an address that is never spoken to")
    if ip.is_global or (is_listed and (ip.is_private or ip.is_loopback)):
        return
    raise AddressRefused(
        f"{shown}, an address inside your own network; only the operator can allow it (KUROGO_PRIVATE_PEERS)"
    )


def _is_never(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if ip.is_link_local or ip.is_multicast or ip.is_unspecified or ip in _METADATA:
        return True
    if isinstance(ip, ipaddress.IPv6Address):
        return not (ip.is_loopback or ip in _GLOBAL_UNICAST or ip in _LOCAL_UNICAST)
    return ip.is_reserved or int(ip) >> 24 == 0  # 240.0.0.0/4 and 0.0.0.0/8


def _spoken_to(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The IPv4 address that an IPv6 one carries (mapped, compatible, translated, 6to4, NAT64), or itself.

    Not left to `is_global`: Python 3.11.7 calls ::127.0.0.1 and 64:ff9b:1::10.0.0.1 global.
    """
    if isinstance(ip, ipaddress.IPv4Address) or ip.is_unspecified or ip.is_loopback:
        return ip
    if ip.ipv4_mapped:
        return ip.ipv4_mapped
    if ip.sixtofour:
        return ip.sixtofour
    if any(ip in network for network in _CARRIES_IPV4):
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip


class _BoundedStream(httpcore2.NetworkStream):
    """Reads and writes until the request's deadline, however lively the other end is."""

    def __init__(self, inner: httpcore2.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _seconds_left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _seconds_left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return _BoundedStream(self._inner.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _seconds_left(timeout: float | None) -> float:
    left: float = _local.deadline - time.monotonic()
    if left <= 0:
        raise httpcore2.ReadTimeout("the answer took too long as a whole")
    return left if timeout is None else min(timeout, left)


class _PinnedBackend(httpcore2.SyncBackend):
    """Dials the addresses that were checked, one after the other; TLS still verifies the host's name."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        *others, last = checked_addresses(host, port)
        for address in others:
            try:
                return _BoundedStream(super().connect_tcp(address, port, timeout, local_address, socket_options))
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return _BoundedStream(super().connect_tcp(last, port, timeout, local_address, socket_options))


class _PinnedTransport(httpx2.HTTPTransport):
    def __init__(self) -> None:
        super().__init__(verify=True, trust_env=False, limits=httpx2.Limits(max_connections=32))
        self._pool._network_backend = _PinnedBackend()


_local = threading.local()


def _client() -> httpx2.Client:
    """One keep-alive client a thread: no lock between workers; its cookie jar is emptied before each request."""
    client = getattr(_local, "client", None)
    if client is None:
        client = httpx2.Client(transport=_PinnedTransport(), follow_redirects=False, trust_env=False)
        _local.client = client
    return client


def close() -> None:
    """End this thread's kept connections; the next request opens its own."""
    client = _local.__dict__.pop("client", None)
    if client is not None:
        client.close()


def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    read_seconds: float = READ_SECONDS,
    total_seconds: float = TOTAL_SECONDS,
    max_bytes: int = MAX_BYTES,
) -> Reply:
    """One request, one answer of any status. Raises `AddressRefused` (nothing left the house) or `Unreachable`."""
    _refuse_odd_address(url)
    client = _client()
    client.cookies.clear()
    timeout = httpx2.Timeout(read_seconds, connect=CONNECT_SECONDS)
    _local.deadline = time.monotonic() + total_seconds
    try:
        with client.stream(method, url, headers=dict(headers or {}), content=body, timeout=timeout) as response:
            received = _read(response, max_bytes)
            return Reply(response.status_code, {k.lower(): v for k, v in response.headers.items()}, received)
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
        raise Unreachable(f"{_where(url)}: {error or type(error).__name__}", sent=False) from error
    except (httpx2.InvalidURL, httpx2.UnsupportedProtocol, httpx2.LocalProtocolError) as error:
        raise AddressRefused(f"not a request that can be sent: {_where(url)}") from error
    except (httpx2.HTTPError, httpx2.StreamError) as error:
        raise Unreachable(f"{_where(url)}: {type(error).__name__}", sent=True) from error


def _refuse_odd_address(url: str) -> None:
    """Only https, or http to a listed peer; no name or password inside the address, where a log would show them."""
    try:
        parsed = httpx2.URL(url)
        port = parsed.port or (443 if parsed.scheme == "https" else 80)
    except (httpx2.InvalidURL, ValueError) as error:
        raise AddressRefused(f"not an address that can be called: {_where(url)}") from error
    if parsed.scheme not in {"https", "http"} or not parsed.host or not 0 < port < 65536:
        raise AddressRefused(f"not an address that can be called: {_where(url)}")
    if parsed.userinfo:
        raise AddressRefused(f"a name or password inside an address is not used: {_where(url)}")
    if parsed.scheme == "http" and not is_listed(parsed.host, port):
        checked_addresses(parsed.host, port)  # a private address is told as such first
        raise AddressRefused(f"only https is spoken with the outside: {_where(url)}")


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
    """Scheme, host and path: a query or a user part may hold a secret, a line break a forged log line."""
    bare = re.sub(r"^([a-zA-Z][a-zA-Z0-9+.-]*:)?//[^/?#]*@", r"\1//", url.split("?")[0].split("#")[0])
    return _printable(bare)[:200]


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "�" for c in text)


def redacted(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers fit to be kept and shown."""
    return {k: "•••" if k.lower() in _REDACTED_HEADERS else v for k, v in headers.items()}


@lru_cache(maxsize=1)
def private_peers() -> frozenset[str]:
    """The operator's list, for messages and health pages."""
    return frozenset(settings.PRIVATE_PEERS)
