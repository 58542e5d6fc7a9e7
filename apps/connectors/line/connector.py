"""LINE's ability: tell a person, a group or a room."""

from collections.abc import Mapping
from uuid import UUID

from apps.connectors.line import mapping
from apps.connectors.line.client import LineClient
from apps.connectors.line.settings import LineSettings
from apps.hub import contracts as c
from apps.hub import errors


class LineConnector:
    """Implements `NoticeSender` and `HealthCheck`."""

    def __init__(self, settings: LineSettings, connection_id: UUID) -> None:
        self.client = LineClient(settings)

    def tell(self, notice: c.Notice, key: str) -> c.Sent:
        """Push one text message; the key travels as LINE's retry key."""
        answer = self.client.push(mapping.push(notice), key=key)
        try:
            return mapping.sent(notice, answer)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise errors.Transient(f"LINE's answer has another form: {error!r}", sent=True) from error

    def check(self) -> Mapping[str, str]:
        """What the account is called."""
        return {"account": str(self.client.info().get("displayName", ""))}
