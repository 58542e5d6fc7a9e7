"""What a merchant types to connect a shop; the token belongs to the shop's address."""

from apps.hub.registry import Settings


class ShopifySettings(Settings, frozen=True, kw_only=True):
    """`shop_url` is `https://<shop>.myshopify.com`, `location_id` the number (or gid) of the location Kurogo keeps.

    `webhook_secret` is the app's client secret, with which Shopify signs; during a rotation both the new and the old
    one are valid. `order_prefix` is put before the shop's order names where two shops count alike.
    """

    shop_url: str = ""
    access_token: str = ""
    webhook_secret: str = ""
    webhook_secret_old: str = ""
    location_id: str = ""
    order_prefix: str = ""
