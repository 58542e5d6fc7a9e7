"""How Shopify sends a person back: the query is signed with the app's secret, and names the shop.

shopify.dev/docs/apps/build/authentication-authorization/access-tokens/authorization-code-grant (2026-11): every parameter but
`hmac`, sorted, joined as a query, HMAC-SHA256 in hexadecimal.
"""

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import urlsplit

from apps.connectors.shopify.settings import ShopifySettings


def verify(told: Mapping[str, str], settings: ShopifySettings) -> bool:
    """Whether Shopify signed this answer and it speaks of this shop."""
    words = "&".join(f"{name}={told[name]}" for name in sorted(told) if name != "hmac")
    wanted = hmac.new(settings.client_secret.encode(), words.encode(), hashlib.sha256).hexdigest()
    is_signed = hmac.compare_digest(wanted.encode(), told.get("hmac", "").encode())
    return bool(settings.client_secret) and is_signed and told.get("shop") == urlsplit(settings.shop_url).netloc
