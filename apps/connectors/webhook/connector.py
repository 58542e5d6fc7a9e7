"""A webhook's one ability: tell a program of the merchant's own what happened."""

from uuid import UUID

from apps.connectors.webhook import client, mapping
from apps.connectors.webhook.settings import WebhookSettings
from apps.core import clock
from apps.hub import contracts as c


class WebhookConnector:
    """Implements `FactSink`."""

    def __init__(self, settings: WebhookSettings, connection_id: UUID) -> None:
        self.settings = settings

    def tell(self, fact: c.PublicFact, key: str) -> c.FactTaken:
        """Hand one fact over. Its `reference` is the webhook-id, by which the program knows a repeat, also of a replay."""
        at, content = clock.wall(), mapping.body(fact)  # wall time: a receiver refuses what is older than five minutes
        secrets = mapping.secrets_at(self.settings, at)
        status = client.post(self.settings.url, mapping.headers(fact.reference, content, secrets, at=at), content)
        return c.FactTaken(reference=fact.reference, status=status)
