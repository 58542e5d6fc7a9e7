"""WooCommerce: what the connector can do and how its writes are kept from happening twice."""

from apps.connectors.woocommerce.settings import WooCommerceSettings
from apps.hub.abilities import Once, StockManners, Writes
from apps.hub.registry import Manifest

CONNECTOR = Manifest(
    slug="woocommerce",
    label="WooCommerce",
    kind="channel",
    abilities=("orders", "catalogue", "stock.read", "stock.write", "price.write", "fulfilment"),
    settings=WooCommerceSettings,
    load="apps.connectors.woocommerce.connector.WooCommerceConnector",
    once={"stock.set": Once.LAPSES, "price.set": Once.NATURAL_KEY, "fulfilment.create": Once.NATURAL_KEY},
    stock=StockManners(writes=Writes.ABSOLUTE, many=100),
    webhook="apps.connectors.woocommerce.webhook",
    secrets=("consumer_key", "consumer_secret", "webhook_secret", "webhook_secret_old"),
    host_field="shop_url",
    asked=("shop_url", "consumer_key", "consumer_secret", "webhook_secret"),
    docs_url="https://woocommerce.github.io/woocommerce-rest-api-docs/",
    api_version="wc/v3",
    verified_against="the tables and examples of the vendor's REST documentation (March 2024), its source, and our stand-in",
)
