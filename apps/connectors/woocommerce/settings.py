"""What a merchant types to connect a shop; the keys belong to the shop's address."""

from apps.hub.registry import Settings


class WooCommerceSettings(Settings, frozen=True, kw_only=True):
    """`shop_url` is WordPress's own address, as under Settings > General (a shop in a folder: with the folder).

    `consumer_key` and `consumer_secret` are one REST key with read/write access. `webhook_secret` signs every webhook of
    this connection; during a rotation both the new and the old one are valid. `order_prefix` is put before the shop's order
    numbers where two shops count alike. `orders_from` (2026-11-23, in GMT) is the first day whose orders are taken in:
    whoever touches an older one in the shop makes it known here, where it would be a new sale. `tells_customer`: the note
    about a parcel is one to the customer, and the shop mails it. `calls_a_second` goes easy on a small server; 0 for as
    fast as it answers (the vendor names no limit).
    """

    shop_url: str = ""
    consumer_key: str = ""
    consumer_secret: str = ""
    webhook_secret: str = ""
    webhook_secret_old: str = ""
    order_prefix: str = ""
    orders_from: str = ""
    tells_customer: bool = False
    calls_a_second: float = 0
