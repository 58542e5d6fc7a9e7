"""Slack's ability: say a notice in the channel of the webhook."""

from collections.abc import Mapping
from uuid import UUID

from apps.connectors.slack import codes, mapping
from apps.connectors.slack.client import Refused, SlackClient
from apps.connectors.slack.settings import SlackSettings
from apps.hub import contracts as c
from apps.hub import errors


class SlackConnector:
    """Implements `NoticeSender` and `HealthCheck`."""

    def __init__(self, settings: SlackSettings, connection_id: UUID) -> None:
        self.settings = settings
        self.client = SlackClient(settings)

    def tell(self, notice: c.Notice, key: str) -> c.Sent:
        """Say it once. The key is not sent: an incoming webhook knows none, and answers no id."""
        self.client.post(mapping.text(notice))
        return c.Sent(reference=notice.reference, external_id="")

    def check(self) -> Mapping[str, str]:
        """A message without words: a webhook that works refuses it as empty, and says nothing in the channel."""
        try:
            self.client.post("")
        except Refused as refused:
            if refused.word in codes.EMPTY:
                return {"channel": "reachable"}
            raise errors.Misconfigured(str(refused)) from None
        raise errors.Misconfigured("Slack took a message without words; is this an incoming webhook?")
