"""Vendure: what the connector can do and how its writes are kept from happening twice."""

from datetime import timedelta

from apps.connectors.vendure.settings import VendureSettings
from apps.hub.abilities import Once, StockManners, Writes
from apps.hub.registry import Manifest

CONNECTOR = Manifest(
    slug="vendure",
    label="Vendure",
    kind="channel",
    abilities=("orders", "catalogue", "stock.read", "stock.write", "fulfilment"),
    settings=VendureSettings,
    poll_minutes=1,
    load="apps.connectors.vendure.connector.VendureConnector",
    once={"stock.set": Once.LAPSES, "fulfilment.create": Once.NATURAL_KEY},
    # An order can be read as soon as its transaction is over; a payment provider is asked inside that transaction.
    stock=StockManners(writes=Writes.ABSOLUTE, many=100, order_lag=timedelta(minutes=1)),
    secrets=("api_key", "session_token"),
    host_field="api_url",
    asked=("api_url", "api_key"),
    docs_url="https://docs.vendure.io/",
    api_version="3.7.3",
    verified_against="a real Vendure 3.7.3 server, in tests/real, and our stand-in",
)
