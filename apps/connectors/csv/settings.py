"""What a merchant tells us of the other side's files. Nothing here is guessed from a single file when it is told."""

from apps.hub.registry import Settings


class CsvSettings(Settings, frozen=True, kw_only=True):
    """One folder, one secret, one way to write numbers and days.

    `encoding` auto, utf-8, cp932, utf-16, euc-jp …; `delimiter` empty means found in the header; `date_order` says how
    a day with the year last is meant (dmy, mdy; empty refuses it); `header_map` is {their header: our column}, their
    second column of one name being `name#2`, and an empty column of ours meaning "leave it out".
    """

    base_url: str = ""
    token: str = ""
    push_secret: str = ""
    push_secret_old: str = ""
    encoding: str = "auto"
    delimiter: str = ""
    decimal_mark: str = "."
    date_order: str = ""
    currency: str = "JPY"
    prices_include_tax: bool = True
    time_zone: str = "Asia/Tokyo"
    header_map: dict[str, str] = {}
    default_country: str = "JP"
    needs_line_end: bool = False
    out_encoding: str = "utf-8"
    out_headers: str = "en"
