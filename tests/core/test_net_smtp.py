"""Mail leaves encrypted, to a checked address, over a kept line, and every failure knows whether the letter left."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from apps.core import net, net_smtp
from apps.core.net_smtp import Peer, Security

LETTER = b"From: a@example.jp\r\nTo: b@example.jp\r\n\r\nhello\r\n.\r\n"
WAIT_SECONDS = 5


class Kept:
    """aiosmtpd's handler: what arrived and over how many connections."""

    def __init__(self) -> None:
        self.letters: list[bytes] = []
        self.callers: set[object] = set()

    async def handle_DATA(self, server, session, envelope):
        self.letters.append(envelope.content)
        self.callers.add(session.peer)
        return "250 kept as 42"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody"):
            return "550 no such mailbox"
        if address.startswith("busy"):
            return "451 later"
        envelope.rcpt_tos.append(address)
        return "250 ok"


@contextmanager
def mail_server(kept: Kept, *, is_tls: bool = False, certificate: str = "", **options) -> Iterator[int]:
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    if is_tls:
        controller = Controller(kept, hostname="127.0.0.1", port=free_port(), ssl_context=context, **options)
    else:
        controller = Controller(kept, hostname="127.0.0.1", port=free_port(), tls_context=context, **options)
    controller.start()
    try:
        yield controller.port
    finally:
        net_smtp.hang_up()
        controller.stop()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


@contextmanager
def spoken(*talks: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server of our own words: each connection is handled by the next of `talks`."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for talk in talks:
            try:
                caller, _ = listener.accept()
                with caller:
                    talk(caller)
            except OSError:
                continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        net_smtp.hang_up()
        listener.close()
        thread.join(WAIT_SECONDS)


def conversation(*answers: bytes) -> Callable[[socket.socket], None]:
    """A greeting, then one answer for each command or text that comes."""

    def talk(caller: socket.socket) -> None:
        for answer in answers:
            caller.sendall(answer)
            if not caller.recv(65536):
                return

    return talk


EHLO = b"250 hello\r\n"
OK = b"250 ok\r\n"
GREETING = b"220 hi\r\n"


@pytest.fixture
def listed(settings):
    def allow(port: int) -> None:
        settings.PRIVATE_PEERS = [f"127.0.0.1:{port}", f"localhost:{port}"]

    return allow


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> str:
    """Key and certificate of a server called localhost, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return str(path)


def send(port: int, recipient: str = "b@example.jp", *, host: str = "127.0.0.1", **more) -> str:
    peer = Peer(host, port, **({"security": Security.NONE} | more))
    return net_smtp.send(peer, sender="a@example.jp", recipient=recipient, letter=LETTER, seconds=2)


def test_a_letter_arrives_as_it_was_written(listed):
    kept = Kept()
    with mail_server(kept) as port:
        listed(port)
        assert send(port) == "kept as 42"
    assert kept.letters == [LETTER]


def test_letters_of_one_thread_share_a_connection_until_it_is_old(listed):
    kept = Kept()
    with mail_server(kept) as port:
        listed(port)
        for _ in range(net_smtp.LETTERS_A_CONNECTION + 1):
            send(port)
    assert (len(kept.letters), len(kept.callers)) == (net_smtp.LETTERS_A_CONNECTION + 1, 2)


def test_a_refused_recipient_does_not_end_the_line(listed):
    kept = Kept()
    with mail_server(kept) as port:
        listed(port)
        send(port)
        for recipient, code in (("nobody@example.jp", 550), ("busy@example.jp", 451)):
            with pytest.raises(net_smtp.Refused) as caught:
                send(port, recipient)
            assert caught.value.code == code
        send(port)
    assert (len(kept.letters), len(kept.callers)) == (2, 1)


def test_a_kept_line_that_the_server_ended_is_opened_anew(listed):
    one_letter = conversation(GREETING, EHLO, OK, OK, b"354 go\r\n", OK)
    tired = conversation(GREETING, EHLO, OK, OK, b"354 go\r\n", OK, b"421 too many letters\r\n")
    with spoken(one_letter, tired, one_letter) as port:
        listed(port)
        assert [send(port) for _ in range(3)] == ["ok", "ok", "ok"]


def test_a_connection_that_is_cut_before_the_text_sent_nothing(listed):
    with spoken(conversation(GREETING, EHLO, OK)) as port:
        listed(port)
        with pytest.raises(net.Unreachable) as caught:
            send(port)
    assert not caught.value.sent


def test_a_connection_that_is_cut_after_the_text_leaves_the_outcome_unknown(listed):
    with spoken(conversation(GREETING, EHLO, OK, OK, b"354 go\r\n")) as port:
        listed(port)
        with pytest.raises(net.Unreachable) as caught:
            send(port)
    assert caught.value.sent


def test_a_text_that_is_refused_was_not_sent(listed):
    with spoken(conversation(GREETING, EHLO, OK, OK, b"354 go\r\n", b"552 too large\r\n")) as port:
        listed(port)
        with pytest.raises(net_smtp.Refused) as caught:
            send(port)
    assert (caught.value.code, caught.value.is_setup) == (552, False)


@pytest.mark.parametrize(
    "drip",
    [b"2", b"220-and more\r\n", b"x" * 70_000, b"220-" + b"y" * 1000 + b"\r\n"],
    ids=["slow", "lines", "long", "fat"],
)
def test_an_answer_without_end_is_given_up(listed, drip):
    done = threading.Event()

    def talk(caller: socket.socket) -> None:
        while not done.wait(0.005):
            caller.sendall(drip)

    with spoken(talk) as port:
        listed(port)
        with pytest.raises(net.Unreachable) as caught:
            net_smtp.send(
                Peer("127.0.0.1", port, Security.NONE), sender="a@b.jp", recipient="c@d.jp", letter=LETTER, seconds=0.3
            )
        done.set()
    assert not caught.value.sent


def test_an_address_inside_is_refused_unless_listed(settings):
    settings.PRIVATE_PEERS = []
    for host in ("127.0.0.1", "localhost", "169.254.169.254", "::1", "0.0.0.0", "2130706433"):
        with pytest.raises(net.AddressRefused):
            send(25, host=host, security=Security.STARTTLS)


def test_mail_to_the_outside_is_never_sent_in_the_clear(settings, monkeypatch):
    settings.PRIVATE_PEERS = []
    answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", 25))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_asked, **_more: answer)
    with pytest.raises(net.AddressRefused, match="encrypted"):
        send(25, host="mail.example")


@pytest.mark.parametrize("address", ["a@b.jp\r\nRCPT TO:<x@y.jp>", "花子@example.jp", "a@b.jp\x00"])
def test_an_address_that_smtp_cannot_carry_never_reaches_the_wire(listed, address):
    with pytest.raises(net_smtp.Refused) as caught:
        send(1, address)
    assert caught.value.code == 553


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_a_line_is_encrypted_and_signed_in(listed, certificate, monkeypatch, security):
    monkeypatch.setenv("SSL_CERT_FILE", certificate)
    kept = Kept()

    def sign_in(server: SMTP, session, envelope, mechanism, data) -> AuthResult:
        is_right = (data.login, data.password) == (b"kurogo", b"hush-hush")
        return AuthResult(success=is_right, handled=False)

    is_tls = security is Security.TLS
    # aiosmtpd does not see encryption that was there from the first byte.
    options = {"authenticator": sign_in, "auth_required": not is_tls, "auth_require_tls": not is_tls}
    with mail_server(kept, certificate=certificate, is_tls=is_tls, **options) as port:
        listed(port)
        sending = {"host": "localhost", "security": security, "username": "kurogo"}
        assert send(port, password="hush-hush", **sending) == "kept as 42"
        with pytest.raises(net_smtp.Refused) as caught:
            send(port, password="wrong", **sending)
    assert (caught.value.code, caught.value.is_setup) == (535, True)
    assert kept.letters == [LETTER]


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_a_certificate_that_nobody_signed_is_refused(listed, certificate, security):
    with mail_server(Kept(), certificate=certificate, is_tls=security is Security.TLS) as port:
        listed(port)
        with pytest.raises(net.AddressRefused, match=r"self.signed"):
            send(port, host="localhost", security=security)


def test_a_certificate_of_another_name_is_refused(listed, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", certificate)
    with mail_server(Kept(), certificate=certificate) as port:
        listed(port)
        with pytest.raises(net.AddressRefused, match="127"):
            send(port, host="127.0.0.1", security=Security.STARTTLS)


def test_a_server_without_the_asked_encryption_gets_no_password(listed):
    heard: list[bytes] = []

    def talk(caller: socket.socket) -> None:
        caller.sendall(GREETING)
        heard.append(caller.recv(65536))
        caller.sendall(b"250-hello\r\n250 AUTH PLAIN LOGIN\r\n")
        heard.append(caller.recv(65536))

    with spoken(talk) as port:
        listed(port)
        with pytest.raises(net_smtp.Refused) as caught:
            send(port, security=Security.STARTTLS, username="kurogo", password="hush-hush")
    assert caught.value.is_setup
    assert b"AUTH" not in b"".join(heard)


def test_words_from_before_the_encryption_are_not_believed(listed, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def talk(caller: socket.socket) -> None:
        caller.sendall(GREETING)
        caller.recv(65536)
        caller.sendall(b"250-hello\r\n250 STARTTLS\r\n")
        caller.recv(65536)
        caller.sendall(b"220 go on\r\n250 injected\r\n")
        with context.wrap_socket(caller, server_side=True) as inside:
            inside.recv(65536)

    with spoken(talk) as port:
        listed(port)
        with pytest.raises(net.Unreachable, match="before the encryption"):
            send(port, host="localhost", security=Security.STARTTLS)


def test_a_password_is_in_no_error_and_no_repr():
    peer = Peer("mail.example", 587, username="kurogo", password="hush-hush")
    assert "hush" not in repr(peer)


def test_a_probe_reaches_the_server_and_sends_nothing(listed):
    kept = Kept()
    with mail_server(kept) as port:
        listed(port)
        assert net_smtp.probe(Peer("127.0.0.1", port, Security.NONE)) != ""
    assert kept.letters == []
