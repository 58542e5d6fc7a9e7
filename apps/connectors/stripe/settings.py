"""What a Stripe connection is set up with. The API version is not a setting: mapping and package are pinned to it."""

from apps.hub.registry import Settings

API_VERSION = "2026-10-28.endive"


class StripeSettings(Settings, frozen=True, kw_only=True):
    """`webhook_secret_old` stays valid while a secret is rolled. `order_reference_key`: the metadata key in which the
    shop's checkout (or Kurogo) puts the order's number. `konbini_days`: how long a slip lives when a request does not
    say (1-60).
    """

    api_key: str = ""
    webhook_secret: str = ""
    webhook_secret_old: str = ""
    api_base: str = "https://api.stripe.com"
    order_reference_key: str = "order_number"
    konbini_days: int = 3
