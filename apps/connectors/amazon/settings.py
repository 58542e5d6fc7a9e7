"""What a merchant types to connect a seller account; its credentials belong to both addresses that they are sent to."""

import msgspec

from apps.hub.registry import Settings


class AmazonSettings(Settings, frozen=True, kw_only=True):
    """One seller in one marketplace.

    `api_url` is the region's address (Japan: `sellingpartnerapi-fe`), `token_url` where Login with Amazon hands out access
    tokens. `currency` is that of orders whose prices are not told yet. `hook_key` is a secret of ours that every notice must
    show; during a rotation both it and `hook_key_old` are valid. `takes_buyer_mail`: keep the buyer's relay address, so that
    letters go to it (Amazon writes to its buyers itself and asks sellers not to). `carrier_codes` names carriers by Amazon's
    codes, beyond those that are known here. `pace` multiplies Amazon's documented rates for an account that was granted more;
    0 waits for nothing.
    """

    api_url: str = "https://sellingpartnerapi-fe.amazon.com"
    token_url: str = "https://api.amazon.com/auth/o2/token"  # noqa: S105 - an address
    client_id: str = ""
    client_secret: str = ""
    refresh_token: str = ""
    seller_id: str = ""
    marketplace_id: str = "A1VC38T7YXB528"
    currency: str = "JPY"
    hook_key: str = ""
    hook_key_old: str = ""
    takes_buyer_mail: bool = False
    carrier_codes: dict[str, str] = msgspec.field(default_factory=dict)
    pace: float = 1.0
