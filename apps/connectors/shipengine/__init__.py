"""ShipEngine: what the connector can do and how its writes are kept from happening twice."""

from apps.connectors.shipengine.settings import ShipEngineSettings
from apps.hub.abilities import Once
from apps.hub.registry import Manifest

CONNECTOR = Manifest(
    slug="shipengine",
    label="ShipEngine",
    kind="carrier",
    abilities=("label", "tracking"),
    settings=ShipEngineSettings,
    load="apps.connectors.shipengine.connector.ShipEngineConnector",
    once={"label.buy": Once.NATURAL_KEY, "label.void": Once.NATURAL_KEY},
    webhook="apps.connectors.shipengine.webhook",
    secrets=("api_key",),
    host_field="base_url",
    asked=("api_key", "carrier_ids"),
    docs_url="https://www.shipengine.com/docs/",
    api_version="v1 (1.1.202604070904)",
    verified_against="the vendor's OpenAPI 1.1.202604070904 of 2026-04-08 and our stand-in; not an account",
)
