"""What a merchant types to connect a shop; the key belongs to the address of the Admin API."""

from typing import Annotated

from msgspec import Meta

from apps.hub.registry import Settings


class VendureSettings(Settings, frozen=True, kw_only=True):
    """`api_url` is the Admin API's address (`https://<shop>/admin-api`), `channel_token` the Vendure channel's (empty: the
    default channel), `location_id` the stock location Kurogo keeps (empty: the channel's only one).

    `session_token` is for servers without API keys. `order_prefix` is put before the shop's order codes.
    `payment_words` says how orders are paid where our tables do not know the code of a payment method:
    `code=word, code=word`, the words being ours (card, konbini, cod, bank, prepaid). `rows_a_page` must not be over the
    server's `adminListQueryLimit`. `amount_places`: how many decimals the shop's whole amounts have (1200 yen is 120000 with
    two); -1 believes what the server says. A cancellation is told when it has been refunded there, or after
    `refund_wait_seconds`: the shop cancels first and refunds then.
    """

    api_url: str = ""
    api_key: str = ""
    session_token: str = ""
    channel_token: str = ""
    location_id: str = ""
    order_prefix: str = ""
    payment_words: str = ""
    amount_places: Annotated[int, Meta(ge=-1, le=6)] = -1
    rows_a_page: Annotated[int, Meta(ge=1, le=10_000)] = 250
    refund_wait_seconds: Annotated[int, Meta(ge=0, le=3_600)] = 120
