"""What a merchant types to connect a shop at Rakuten; both keys belong to the address."""

from apps.hub.registry import Settings


class RakutenSettings(Settings, frozen=True, kw_only=True):
    """`service_secret` and `license_key` are RMS WEB SERVICE's; the license key ends after 90 days.

    `calls_a_second`: of each function, as Rakuten counts them (reading stock and items goes five times as fast); 0 waits
    for nothing. `look_back_days` (63 at most): orders placed so long ago are still looked through for changes that Rakuten
    cannot be asked for by date (cancellations, amounts that are fixed later). `currency`: whole units of its smallest coin
    are what amounts are told in; only a rehearsal says other than JPY.
    """

    service_secret: str = ""
    license_key: str = ""
    base_url: str = "https://api.rms.rakuten.co.jp"
    calls_a_second: float = 1.0
    look_back_days: int = 30
    currency: str = "JPY"
