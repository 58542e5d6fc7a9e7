"""Amazon: what the connector can do and how its writes are kept from happening twice."""

from datetime import timedelta

from apps.connectors.amazon.settings import AmazonSettings
from apps.hub.abilities import Once, StockManners, Writes
from apps.hub.registry import Manifest

CONNECTOR = Manifest(
    slug="amazon",
    label="Amazon",
    kind="channel",
    abilities=("orders", "catalogue", "stock.read", "stock.write", "fulfilment"),
    settings=AmazonSettings,
    poll_minutes=2,
    load="apps.connectors.amazon.connector.AmazonConnector",
    once={"stock.set": Once.LAPSES, "fulfilment.create": Once.NATURAL_KEY},
    # An accepted patch takes effect when Amazon gets round to it; no figure is published, minutes are usual.
    stock=StockManners(writes=Writes.ABSOLUTE, many=20, settles=timedelta(minutes=15), order_lag=timedelta(minutes=5)),
    webhook="apps.connectors.amazon.webhook",
    secrets=("client_secret", "refresh_token", "hook_key", "hook_key_old"),
    host_field="api_url",
    more_hosts=("token_url",),
    asked=("client_id", "client_secret", "refresh_token", "seller_id", "marketplace_id"),
    docs_url="https://developer-docs.amazon.com/sp-api/",
    api_version="orders 2026-01-01, listings items 2021-08-01, FBA inventory v1, shipment confirmation v0",
    verified_against="the vendor's models of 2026-08-05 with every example in them, and our stand-in; not an account",
)
