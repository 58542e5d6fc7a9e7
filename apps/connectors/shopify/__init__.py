"""Shopify: what the connector can do and how its writes are kept from happening twice."""

from apps.connectors.shopify.codes import SCOPES
from apps.connectors.shopify.settings import ShopifySettings
from apps.hub.abilities import Once, StockManners, Writes
from apps.hub.registry import Manifest, OAuth

API_VERSION = "2026-10"

CONNECTOR = Manifest(
    slug="shopify",
    label="Shopify",
    kind="channel",
    abilities=("orders", "catalogue", "stock.read", "stock.write", "price.write", "fulfilment"),
    settings=ShopifySettings,
    is_numbered=True,
    load="apps.connectors.shopify.connector.ShopifyConnector",
    once={"stock.set": Once.KEY, "price.set": Once.NATURAL_KEY, "fulfilment.create": Once.NATURAL_KEY},
    stock=StockManners(writes=Writes.COMPARE_AND_SET),
    webhook="apps.connectors.shopify.webhook",
    secrets=("access_token", "webhook_secret", "webhook_secret_old", "client_secret"),
    host_field="shop_url",
    asked=("shop_url", "access_token", "webhook_secret", "location_id"),
    oauth=OAuth(
        authorize="{shop_url}/admin/oauth/authorize",
        exchange="{shop_url}/admin/oauth/access_token",
        scopes=tuple(SCOPES),
        separator=",",
        also=("webhook_secret",),
        verify="apps.connectors.shopify.oauth.verify",
        asked=("shop_url", "client_id", "client_secret"),
    ),
    docs_url="https://shopify.dev/docs/api/admin-graphql/2026-10",
    api_version=API_VERSION,
    verified_against="the vendor's Admin GraphQL schema 2026-10, its webhook examples 2026-07, and our stand-in",
    unused="numbers of several locations are read and set; listings show one number at the first, parcels use them all",
)
