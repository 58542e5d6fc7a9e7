"""LINE: what the connector can do and how its writes are kept from happening twice."""

from datetime import timedelta

from apps.connectors.line.settings import LineSettings
from apps.hub.abilities import Once
from apps.hub.registry import Manifest

CONNECTOR = Manifest(
    slug="line",
    label="LINE",
    kind="notice",
    abilities=("notice",),
    settings=LineSettings,
    load="apps.connectors.line.connector.LineConnector",
    once={"notice.send": Once.KEY},
    keys_live=timedelta(hours=24),
    secrets=("channel_access_token",),
    host_field="base_url",
    asked=("channel_access_token",),
    reaches=r"[UCR][0-9a-f]{32}",
    reaches_like="U1234567890abcdef1234567890abcdef",
    docs_url="https://developers.line.biz/en/reference/messaging-api/",
    api_version="Messaging API v2 (OpenAPI 0.0.1)",
    verified_against="the vendor's OpenAPI 0.0.1 and our stand-in; not an account",
)
