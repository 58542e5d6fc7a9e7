"""The only way out for mail: SMTP to a checked, pinned address, encrypted unless the peer is the operator's own.

One connection a thread and server is kept and used again: a connection for each letter costs more than the letter.
Every failure says whether the letter may have left: until the end of its text was sent it has not.
"""

import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from django.conf import settings

from apps.core import net

# A server ends a connection that says nothing for some minutes, or after some hundred letters: we end it first.
IDLE_SECONDS = 30.0
LETTERS_A_CONNECTION = 100
MAX_REPLY_BYTES = 64 * 1024
GONE = 421


class Security(StrEnum):
    """How the line is encrypted: not at all, from the greeting on by STARTTLS, or from the first byte."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


@dataclass(frozen=True, slots=True)
class Peer:
    """A mail server and how to sign in; an empty `username` means that no sign-in is asked for."""

    host: str
    port: int
    security: Security = Security.STARTTLS
    username: str = ""
    password: str = field(default="", repr=False)


class Refused(Exception):
    """The server said no, in its own `code` and words; the letter has not left.

    `is_setup`: not the letter but the connection is at fault (sign-in, encryption that the server does not offer).
    """

    def __init__(self, code: int, text: str, *, is_setup: bool = False) -> None:
        super().__init__(f"{code} {text}")
        self.code = code
        self.text = text
        self.is_setup = is_setup


def send(peer: Peer, *, sender: str, recipient: str, letter: bytes, seconds: float = net.READ_SECONDS) -> str:
    """Hand over one letter (RFC 5322 bytes, CRLF); answers the server's last words, often its queue id.

    Raises `Refused`, `net.AddressRefused`, `net.Unreachable`; the latter with `sent=True` when the text went out and no
    answer came back.
    """
    for address in (sender, recipient):
        if not address.isascii() or not address.isprintable():
            raise Refused(553, "not an address that SMTP can carry")
    line = _begun(peer, sender, recipient, seconds)
    with _told(peer, sent=True):
        code, said = line.data(letter)
    line.used = time.monotonic()
    line.letters += 1
    if code != 250:
        hang_up(peer)
        raise Refused(code, _text(said))
    return _text(said)


def probe(peer: Peer, *, seconds: float = net.READ_SECONDS) -> str:
    """Connect anew, encrypt, sign in, and do nothing; answers the server's words. Raises as `send` does."""
    hang_up(peer)
    line = _line(peer, seconds)
    with _told(peer):
        code, said = line.noop()
    if code != 250:
        raise Refused(code, _text(said))
    return _text(said)


def hang_up(peer: Peer | None = None) -> None:
    """End this thread's line to a server, or all of them."""
    for one in [peer] if peer else list(_lines()):
        line = _lines().pop(one, None)
        if line is not None:
            line.close()


class _Gone(Exception):
    """421: the server ends the connection."""


class _Line(smtplib.SMTP):
    """smtplib's client on a pinned address, whose answers are bounded in size and in time as a whole."""

    def __init__(self, peer: Peer, seconds: float) -> None:
        self.seconds = seconds
        self.heard = bytearray()
        self.is_kept = False
        self.letters = 0
        self.used = time.monotonic()
        # smtplib would ask the resolver for this machine's name, and tell it.
        super().__init__(timeout=seconds, local_hostname=urlsplit(settings.PUBLIC_ADDRESS).hostname or "localhost")
        self._host = peer.host  # the name that TLS verifies
        self.context = ssl.create_default_context() if peer.security is not Security.NONE else None
        self.is_encrypted_first = peer.security is Security.TLS

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        dialled = _dialled(host, port)
        if self.is_encrypted_first and self.context is not None:
            dialled.settimeout(timeout)
            return self.context.wrap_socket(dialled, server_hostname=host)
        return dialled

    def getreply(self) -> tuple[int, bytes]:
        """One answer of one or several lines, within `seconds` and 64 KiB."""
        until = time.monotonic() + self.seconds
        texts: list[bytes] = []
        size = 0
        while True:
            line = self._hear(until)
            size += len(line)
            if size > MAX_REPLY_BYTES or not line[:3].isdigit():
                self.close()
                raise smtplib.SMTPServerDisconnected("the answer is not SMTP")
            texts.append(line[4:].strip(b" \t\r\n"))
            if line[3:4] != b"-":
                return int(line[:3]), b"\n".join(texts)

    def _hear(self, until: float) -> bytes:
        while b"\n" not in self.heard:
            left = until - time.monotonic()
            if left <= 0 or self.sock is None or len(self.heard) > MAX_REPLY_BYTES:
                self.close()
                raise smtplib.SMTPServerDisconnected("no answer in time")
            self.sock.settimeout(left)
            chunk = self.sock.recv(4096)
            if not chunk:
                self.close()
                raise smtplib.SMTPServerDisconnected("the connection was ended")
            self.heard += chunk
            self.sock.settimeout(self.seconds)
        end = self.heard.index(b"\n") + 1
        line = bytes(self.heard[:end])
        del self.heard[:end]
        return line

    def encrypt(self) -> None:
        """STARTTLS; words from before the handshake are never believed (command injection, CVE-2011-0411)."""
        self.starttls(context=self.context)
        if self.heard:
            self.close()
            raise smtplib.SMTPServerDisconnected("the server spoke before the encryption began")


def _dialled(host: str, port: int) -> socket.socket:
    *others, last = net.checked_addresses(host, port)
    for address in others:
        try:
            return socket.create_connection((address, port), net.CONNECT_SECONDS)
        except OSError:
            continue
    return socket.create_connection((last, port), net.CONNECT_SECONDS)


_local = threading.local()


def _lines() -> dict[Peer, _Line]:
    lines: dict[Peer, _Line] | None = getattr(_local, "lines", None)
    if lines is None:
        lines = _local.lines = {}
    return lines


def _begun(peer: Peer, sender: str, recipient: str, seconds: float) -> _Line:
    """A line whose server has taken sender and recipient."""
    line = _line(peer, seconds)
    if line.is_kept:
        try:
            _envelope(line, sender, recipient)
        except (OSError, smtplib.SMTPServerDisconnected, _Gone):
            # The other side ended the kept line; nothing of this letter was taken, so a new line may ask again.
            hang_up(peer)
            line = _line(peer, seconds)
        else:
            return line
    with _told(peer):
        _envelope(line, sender, recipient)
    return line


def _line(peer: Peer, seconds: float) -> _Line:
    """The kept line of this thread, or a new one, encrypted and signed in."""
    kept = _lines().get(peer)
    if kept is not None:
        if kept.letters < LETTERS_A_CONNECTION and time.monotonic() - kept.used < IDLE_SECONDS:
            kept.seconds = seconds
            kept.is_kept = True
            return kept
        hang_up(peer)
    if peer.security is Security.NONE and not net.is_listed(peer.host, peer.port):
        net.checked_addresses(peer.host, peer.port)  # a private address is told as such first
        raise net.AddressRefused(f"{peer.host}:{peer.port}: mail to the outside is only sent encrypted")
    line = _Line(peer, seconds)
    try:
        with _told(peer):
            _open(line, peer)
    except BaseException:
        line.close()
        raise
    _lines()[peer] = line
    return line


def _open(line: _Line, peer: Peer) -> None:
    code, said = line.connect(peer.host, peer.port)
    if code != 220:
        raise Refused(code, _text(said))
    if peer.security is Security.STARTTLS:
        line.encrypt()
    line.ehlo_or_helo_if_needed()
    if peer.username:
        line.login(peer.username, peer.password)


def _envelope(line: _Line, sender: str, recipient: str) -> None:
    for ask, address in ((line.mail, sender), (line.rcpt, recipient)):
        code, said = ask(address)
        if code == GONE:
            raise _Gone(_text(said))
        if code not in (250, 251, 252):
            line.rset()
            line.used = time.monotonic()
            raise Refused(code, _text(said))


@contextmanager
def _told(peer: Peer, *, sent: bool = False) -> Iterator[None]:
    """Errors of the library and the socket, in our words; a line that failed is not used again."""
    where = f"{peer.host}:{peer.port}"
    try:
        yield
    except smtplib.SMTPAuthenticationError as error:
        hang_up(peer)
        raise Refused(error.smtp_code, _text(error.smtp_error), is_setup=True) from None
    except smtplib.SMTPNotSupportedError as error:
        hang_up(peer)
        raise Refused(502, str(error), is_setup=True) from None
    except smtplib.SMTPResponseException as error:
        hang_up(peer)
        raise Refused(error.smtp_code, _text(error.smtp_error)) from None
    except ssl.SSLCertVerificationError as error:
        hang_up(peer)
        raise net.AddressRefused(f"{where}: {error.verify_message}") from None
    except smtplib.SMTPServerDisconnected as error:
        hang_up(peer)
        raise net.Unreachable(f"{where}: {error}", sent=sent) from error
    except smtplib.SMTPException as error:  # no way to sign in that both know
        hang_up(peer)
        raise Refused(504, _text(error), is_setup=True) from None
    except (OSError, _Gone) as error:
        hang_up(peer)
        raise net.Unreachable(f"{where}: {error or type(error).__name__}", sent=sent) from error


def _text(said: object) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return " ".join(text.split())[:300]
