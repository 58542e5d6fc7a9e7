"""Rakuten (RMS): what the connector can do and how its writes are kept from happening twice."""

from datetime import timedelta

from apps.connectors.rakuten.settings import RakutenSettings
from apps.hub.abilities import Once, StockManners, Writes
from apps.hub.registry import Manifest

CONNECTOR = Manifest(
    slug="rakuten",
    label="Rakuten Ichiba",
    kind="channel",
    abilities=("orders", "catalogue", "stock.read", "stock.write", "confirmation", "fulfilment"),
    settings=RakutenSettings,
    load="apps.connectors.rakuten.connector.RakutenConnector",
    once={
        "stock.set": Once.LAPSES,
        "order.confirm": Once.NATURAL_KEY,
        "fulfilment.create": Once.NATURAL_KEY,
    },
    # The vendor's words on how soon a number is shown were not to be had: a minute is our caution.
    stock=StockManners(writes=Writes.ABSOLUTE, many=400, settles=timedelta(minutes=1)),
    secrets=("service_secret", "license_key"),
    expiring=("license_key",),
    host_field="base_url",
    asked=("service_secret", "license_key"),
    docs_url="https://webservice.rms.rakuten.co.jp/merchant-portal/",
    api_version="order API getOrder v7, inventory 2.1, items 2.0",
    verified_against="no contract of the vendor's was to be had (it is behind the merchant's login): an UNOFFICIAL file made from "
    "a public Go client of 2024-08, other public clients, and our stand-in; no shop",
)
