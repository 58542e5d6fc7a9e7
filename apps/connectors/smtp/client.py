"""Letters over SMTP through core.net_smtp; what the server says becomes one of the four errors."""

from collections.abc import Iterator
from contextlib import contextmanager

from apps.connectors.smtp.codes import error_of
from apps.connectors.smtp.mapping import Letter
from apps.connectors.smtp.settings import SmtpSettings
from apps.core import net, net_smtp
from apps.hub import errors


class SmtpClient:
    """One mail server; the connection of this thread is kept by core."""

    def __init__(self, settings: SmtpSettings) -> None:
        self.peer = net_smtp.Peer(
            host=settings.host,
            port=settings.port,
            security=settings.security,
            username=settings.username,
            password=settings.password,
        )

    def send(self, letter: Letter) -> str:
        """Hand the letter over; answers the server's last words."""
        with _translated():
            return net_smtp.send(self.peer, sender=letter.sender, recipient=letter.recipient, letter=letter.content)

    def probe(self) -> str:
        """Connect and sign in, without a letter; answers the server's words."""
        with _translated():
            return net_smtp.probe(self.peer)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except net_smtp.Refused as refused:
        raise error_of(refused) from None
    except net.AddressRefused as refused:
        raise errors.Misconfigured(str(refused)) from None
    except net.Unreachable as error:
        raise errors.Transient(str(error), sent=error.sent) from None
