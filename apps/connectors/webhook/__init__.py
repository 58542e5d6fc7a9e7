"""Outgoing webhooks (Standard Webhooks): what the connector can do and how a repeat is known."""

from apps.connectors.webhook.settings import WebhookSettings
from apps.hub.abilities import Once
from apps.hub.registry import Manifest

CONNECTOR = Manifest(
    slug="webhook",
    label="Webhook",
    kind="program",
    abilities=("facts",),
    settings=WebhookSettings,
    load="apps.connectors.webhook.connector.WebhookConnector",
    once={"fact.tell": Once.KEY},
    secrets=("signing_secret", "former_secret"),
    host_field="url",
    asked=("url", "signing_secret"),
    docs_url="https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md",
    api_version="Standard Webhooks, signature v1",
    verified_against="standardwebhooks 1.1.0 verifies every signature; our stand-in, which is made of it",
)
