"""Slack: what the connector can do and how its writes are kept from happening twice."""

from apps.connectors.slack.settings import SlackSettings
from apps.hub.abilities import Once
from apps.hub.registry import Manifest

CONNECTOR = Manifest(
    slug="slack",
    label="Slack",
    kind="notice",
    abilities=("notice",),
    settings=SlackSettings,
    load="apps.connectors.slack.connector.SlackConnector",
    once={"notice.send": Once.NEITHER},
    secrets=("webhook_url",),
    host_field="base_url",
    asked=("webhook_url",),
    docs_url="https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/",
    api_version="incoming webhooks",
    verified_against="the vendor's pages (README) and our stand-in; not a workspace",
)
