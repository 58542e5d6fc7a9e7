"""What a merchant types to connect a shop; the token belongs to the shop's address."""

from typing import Annotated

from msgspec import Meta

from apps.hub.registry import Settings

_PAIR = r"[^=,\s]+\s*=\s*\d+"


class ShopifySettings(Settings, frozen=True, kw_only=True):
    """`shop_url` is `https://<shop>.myshopify.com`, `location_id` the number (or gid) of the location Kurogo keeps.

    `client_id` and `client_secret` are those of the merchant's own app, where the token is fetched by letting it in.
    `webhook_secret` is the app's client secret, with which Shopify signs; during a rotation both the new and the old
    one are valid. `order_prefix` is put before the shop's order names where two shops count alike.
    `locations` names further ones by our own codes, `code=id, code=id`; the first may be named among them, too.
    A shop of `bulk_from` variants or more is read by bulk operations, page by page below that; 0 never. Such an operation
    is looked at `bulk_looks_a_second` times a second (0 waits for nothing), and called off after `bulk_minutes`.
    """

    shop_url: str = ""
    access_token: str = ""
    client_id: str = ""
    client_secret: str = ""
    webhook_secret: str = ""
    webhook_secret_old: str = ""
    location_id: str = ""
    locations: Annotated[str, Meta(pattern=rf"^\s*({_PAIR}\s*(,\s*{_PAIR}\s*)*)?$")] = ""
    order_prefix: str = ""
    bulk_from: int = 5000
    bulk_looks_a_second: float = 0.5
    bulk_minutes: int = 8

    def places(self) -> dict[str, str]:
        """Our codes of locations -> the shop's ids."""
        pairs = (pair.partition("=") for pair in self.locations.split(",") if pair.strip())
        return {code.strip(): id.strip() for code, _, id in pairs}
