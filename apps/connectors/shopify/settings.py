"""What a merchant types to connect a shop; the token belongs to the shop's address."""

from apps.hub.registry import Settings


class ShopifySettings(Settings, frozen=True, kw_only=True):
    """`shop_url` is `https://<shop>.myshopify.com`, `location_id` the number (or gid) of the location Kurogo keeps.

    `webhook_secret` is the app's client secret, with which Shopify signs; during a rotation both the new and the old
    one are valid. `order_prefix` is put before the shop's order names where two shops count alike.
    A shop of `bulk_from` variants or more is read by bulk operations, page by page below that; 0 never. Such an operation
    is looked at `bulk_looks_a_second` times a second (0 waits for nothing), and called off after `bulk_minutes`.
    """

    shop_url: str = ""
    access_token: str = ""
    webhook_secret: str = ""
    webhook_secret_old: str = ""
    location_id: str = ""
    order_prefix: str = ""
    bulk_from: int = 5000
    bulk_looks_a_second: float = 0.5
    bulk_minutes: int = 8
