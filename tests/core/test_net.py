"""The one way out refuses what it must, whatever the address is dressed as, and gives up on what never ends."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from apps.core import net

GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@contextmanager
def served(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server on loopback that hears one request on each connection and then lets `talk` answer."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                caller, _ = listener.accept()
            except OSError:
                return
            with caller:
                heard = b""
                while b"\r\n\r\n" not in heard and (chunk := caller.recv(65536)):
                    heard += chunk
                try:
                    talk(caller)
                except OSError:
                    continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def answers(*texts: bytes) -> Callable[[socket.socket], None]:
    def talk(caller: socket.socket) -> None:
        for text in texts:
            caller.sendall(text)

    return talk


@pytest.fixture
def listed(settings):
    """Let the operator's environment list these peers."""

    def allow(*peers: str) -> None:
        settings.PRIVATE_PEERS = list(peers)

    allow()
    return allow


@pytest.fixture
def resolver(monkeypatch):
    """Names and what they resolve to, instead of the system's resolver; says how often it was asked."""
    names: dict[str, list[str]] = {}
    asked: list[str] = []

    def answer(host, port, *rest, **more):
        asked.append(host)
        if host.replace(".", "").isdigit() or ":" in host:
            names.setdefault(host, [host])
        if host not in names:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [
            (socket.AF_INET6 if ":" in ip else socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port))
            for ip in names[host]
        ]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    names["asked"] = asked
    return names


PRIVATE = [
    "127.0.0.1", "127.8.9.10", "10.0.0.1", "172.16.0.1", "172.31.255.254", "192.168.1.1", "198.18.0.1",
    "::1", "fc00::1", "fd12:3456:789a::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:7f00:1", "::127.0.0.1",
    "::ffff:0:127.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::10.1.2.3", "64:ff9b:1::10.0.0.1", "2002:7f00:1::",
    "2002:a00:1::1", "100.64.0.1", "192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "2001:0:1::",
]  # fmt: skip
NEVER = [
    "0.0.0.0", "0.1.2.3", "::", "169.254.0.1", "169.254.169.254", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::169.254.169.254", "2002:a9fe:a9fe::", "::169.254.169.254", "fe80::1", "fec0::1", "fd00:ec2::254",
    "100.100.100.200", "168.63.129.16", "192.0.0.192", "224.0.0.1", "239.255.255.255", "ff02::1", "240.0.0.1",
    "255.255.255.255", "::ffff:0.0.0.0", "5f00::1", "4000::1",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "93.184.216.34", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"]


@pytest.mark.parametrize("address", PRIVATE + NEVER)
def test_an_inner_address_behind_a_name_is_refused(resolver, listed, address):
    resolver["shop.example"] = [address]
    with pytest.raises(net.AddressRefused):
        net.checked_address("shop.example", 443)


@pytest.mark.parametrize("address", NEVER)
def test_some_addresses_are_refused_even_when_listed(resolver, listed, address):
    resolver["shop.example"] = [address]
    listed("shop.example:443", f"{address}:443", f"[{address}]:443")
    with pytest.raises(net.AddressRefused, match="never"):
        net.checked_address("shop.example", 443)
    resolver[address] = [address]
    with pytest.raises(net.AddressRefused, match="never"):
        net.checked_address(address, 443)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_open(resolver, listed, address):
    resolver["shop.example"] = [address]
    assert net.checked_address("shop.example", 443) == address


def test_one_private_answer_among_several_refuses_the_name(resolver, listed):
    resolver["shop.example"] = ["8.8.8.8", "2606:4700:4700::1111", "10.0.0.7"]
    with pytest.raises(net.AddressRefused, match=r"10\.0\.0\.7"):
        net.checked_address("shop.example", 443)


def test_a_private_address_is_open_only_as_that_host_and_port(resolver, listed):
    resolver["warehouse.lan"] = resolver["other.lan"] = ["192.168.1.5"]
    listed("warehouse.lan:8443")
    assert net.checked_address("warehouse.lan", 8443) == "192.168.1.5"
    assert net.checked_address("Warehouse.LAN".lower(), 8443) == "192.168.1.5"
    for host, port in (("warehouse.lan", 443), ("other.lan", 8443)):
        with pytest.raises(net.AddressRefused, match="KUROGO_PRIVATE_PEERS"):
            net.checked_address(host, port)


def test_a_listed_ipv6_peer_may_be_written_with_brackets(listed):
    listed("[::1]:8025")
    assert net.checked_address("::1", 8025) == "::1"
    with pytest.raises(net.AddressRefused):
        net.checked_address("::1", 8026)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/", "https://127.1/", "https://2130706433/", "https://0x7f000001/", "https://0x7f.1/",
        "https://017700000001/", "https://0177.0.0.1/", "https://0.0.0.0/", "https://0/", "https://[::]/",
        "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/", "https://[0:0:0:0:0:0:0:1]/",
        "https://[::ffff:169.254.169.254]/latest/meta-data/", "https://169.254.169.254/latest/meta-data/",
        "https://[64:ff9b::7f00:1]/", "https://[fd00::1]/", "https://[fe80::1]/", "https://localhost/",
        "https://LOCALHOST/", "https://localhost./", "https://１２７.０.０.１/", "https://①②⑦.⓪.⓪.①/",
        "https://api.shipengine.com@127.0.0.1/", "https://127.0.0.1:443@127.0.0.1/", "https://user:word@example.com/",
        "https://user@example.com/", "http://127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1:6379/_FLUSHALL",
        "ftp://127.0.0.1/", "dict://127.0.0.1:11211/stats", "unix:///var/run/docker.sock", "data:text/plain,x",
        "javascript:alert(1)", "//127.0.0.1/", "https:///", "https://", "", "127.0.0.1", "https://127.0.0.1:0/",
        "https://127.0.0.1:99999/", "https://127.0.0.1\r\nX-Injected: 1/", "https://127.0.0.1/\r\nHost: x/",
        "https://127.0.0.1/\x00", "https://[::1/",
    ],
)  # fmt: skip
def test_an_address_is_refused_whatever_it_is_dressed_as(listed, url):
    with pytest.raises((net.AddressRefused, net.Unreachable)) as caught:
        net.request("GET", url)
    assert not getattr(caught.value, "sent", False)
    assert "\n" not in str(caught.value)
    assert "\r" not in str(caught.value)


def test_only_tls_is_spoken_with_the_outside(resolver, listed):
    resolver["shop.example"] = ["93.184.216.34"]
    with pytest.raises(net.AddressRefused, match="only https"):
        net.request("GET", "http://shop.example/orders")


def test_a_header_with_a_line_break_is_not_sent(listed):
    with served(answers(GOOD)) as port:
        listed(f"127.0.0.1:{port}")
        with pytest.raises(net.AddressRefused):
            net.request("GET", f"http://127.0.0.1:{port}/", headers={"x-order": "1\r\nx-evil: 2"})


def test_an_error_names_neither_query_nor_user_part(listed):
    for url in ("https://127.0.0.1/a?key=hush", "https://hush:hush@127.0.0.1/", "https://127.0.0.1/a#hush"):
        with pytest.raises(net.AddressRefused) as caught:
            net.request("GET", url)
        assert "hush" not in str(caught.value)


def test_a_listed_peer_is_spoken_to(listed):
    with served(answers(GOOD)) as port:
        listed(f"127.0.0.1:{port}")
        reply = net.request("POST", f"http://127.0.0.1:{port}/x", headers={"a": "b"}, body=b"{}")
    assert (reply.status, reply.headers, reply.body) == (200, {"content-length": "2"}, b"ok")


def test_the_address_that_was_checked_is_the_one_that_is_dialled(resolver, listed):
    with served(answers(GOOD)) as port:
        resolver["shop.lan"] = ["127.0.0.1"]
        listed(f"shop.lan:{port}")
        reply = net.request("GET", f"http://shop.lan:{port}/")
    assert reply.body == b"ok"
    assert resolver["asked"].count("shop.lan") == 1  # asked once: there is no second answer that could differ


def test_the_second_address_is_tried_when_the_first_is_deaf(resolver, listed):
    with served(answers(GOOD)) as port:
        resolver["shop.lan"] = ["::1", "127.0.0.1"]
        listed(f"shop.lan:{port}")
        assert net.request("GET", f"http://shop.lan:{port}/").body == b"ok"


def test_a_redirect_is_not_followed(listed):
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"
    with served(answers(moved)) as port:
        listed(f"127.0.0.1:{port}")
        reply = net.request("GET", f"http://127.0.0.1:{port}/")
    assert (reply.status, reply.headers["location"]) == (302, "http://169.254.169.254/")


@pytest.mark.parametrize("head", [b"Content-Length: 5000\r\n", b"Transfer-Encoding: chunked\r\n"])
def test_an_answer_that_is_too_large_is_given_up(listed, head):
    body = b"x" * 5000 if head.startswith(b"Content") else b"1388\r\n" + b"x" * 5000 + b"\r\n0\r\n\r\n"
    with served(answers(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n" + body)) as port:
        listed(f"127.0.0.1:{port}")
        with pytest.raises(net.Unreachable) as caught:
            net.request("GET", f"http://127.0.0.1:{port}/", max_bytes=4999)
        assert caught.value.sent
        assert len(net.request("GET", f"http://127.0.0.1:{port}/", max_bytes=5000).body) == 5000


def test_a_silent_server_is_given_up_with_an_unknown_outcome(listed):
    done = threading.Event()
    with served(lambda _: done.wait(10)) as port:
        listed(f"127.0.0.1:{port}")
        with pytest.raises(net.Unreachable) as caught:
            net.request("POST", f"http://127.0.0.1:{port}/", body=b"{}", read_seconds=0.1)
        done.set()
    assert caught.value.sent


@pytest.mark.parametrize("start", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"])
def test_a_server_that_drips_is_given_up_as_a_whole(listed, start):
    done = threading.Event()

    def drip(caller: socket.socket) -> None:
        caller.sendall(start)
        while not done.wait(0.02):
            caller.sendall(b"x")

    with served(drip) as port:
        listed(f"127.0.0.1:{port}")
        with pytest.raises(net.Unreachable) as caught:
            net.request("GET", f"http://127.0.0.1:{port}/", read_seconds=5, total_seconds=0.3)
        done.set()
    assert caught.value.sent


def test_a_cut_connection_leaves_the_outcome_unknown(listed):
    with served(lambda _: None) as port:
        listed(f"127.0.0.1:{port}")
        with pytest.raises(net.Unreachable) as caught:
            net.request("POST", f"http://127.0.0.1:{port}/", body=b"{}")
    assert caught.value.sent


def test_a_closed_port_means_that_nothing_was_sent(listed):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    listed(f"127.0.0.1:{port}")
    with pytest.raises(net.Unreachable) as caught:
        net.request("POST", f"http://127.0.0.1:{port}/", body=b"{}")
    assert not caught.value.sent


def test_a_cookie_of_one_answer_is_not_carried_to_the_next(listed):
    heard: list[bytes] = []

    def talk(caller: socket.socket) -> None:
        caller.sendall(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nContent-Length: 0\r\n\r\n")
        caller.settimeout(5)
        heard.append(caller.recv(65536))
        caller.sendall(GOOD)

    with served(talk) as port:
        listed(f"127.0.0.1:{port}")
        net.request("GET", f"http://127.0.0.1:{port}/")
        net.request("GET", f"http://127.0.0.1:{port}/")
    assert b"cookie" not in heard[0].lower()


def test_secret_headers_are_shown_as_dots():
    shown = net.redacted({"API-Key": "hush", "Authorization": "Bearer hush", "Accept": "application/json"})
    assert shown == {"API-Key": "•••", "Authorization": "•••", "Accept": "application/json"}
