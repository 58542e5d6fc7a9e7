"""SMTP's abilities: carry a letter, say whether the server can be reached."""

from collections.abc import Mapping
from uuid import UUID

from apps.connectors.smtp import mapping
from apps.connectors.smtp.client import SmtpClient
from apps.connectors.smtp.settings import SmtpSettings
from apps.core import clock
from apps.hub import contracts as c


class SmtpConnector:
    """Implements `MessageSender` and `HealthCheck`."""

    def __init__(self, settings: SmtpSettings, connection_id: UUID) -> None:
        self.settings = settings
        self.client = SmtpClient(settings)

    def send(self, message: c.Message, key: str) -> c.Sent:
        """Carry one letter. The key is not sent: SMTP has none, the Message-ID follows from the reference."""
        # Wall time: a letter that says it is from last December would be taken for spam.
        letter = mapping.letter(message, default_sender=self.settings.sender, at=clock.wall())
        self.client.send(letter)
        return c.Sent(reference=message.reference, external_id=letter.message_id)

    def check(self) -> Mapping[str, str]:
        """Connect, encrypt and sign in; nothing is sent."""
        return {"server": self.client.probe()}
