"""When the customer wants it: a day and hours. A wish that is no day, or no hours, is never lost and never stops a sale."""

import re
import unicodedata
from datetime import date

from apps.connectors.csv.cells import BadCell, Cells

NO_WISH = frozenset({"", "なし", "無し", "指定なし", "希望なし", "指定無し", "希望しない", "最短", "none", "-", "0"})
_MORNING = frozenset({"午前中", "午前", "am", "morning"})
_HOURS = re.compile(r"(\d{1,2})(?:時|:00)?(?:[-~〜ー―]|から|to)(\d{1,2})(?:時|:00)?(?:まで)?|(\d{2})(\d{2})", re.ASCII)


def wished_on(text: str, cells: Cells) -> tuple[date | None, str]:
    """The day, and the words that are none (for the order's note)."""
    if _plain(text) in NO_WISH:
        return None, ""
    try:
        return cells.moment(text, "wished_on").astimezone(cells.zone).date(), ""
    except BadCell:
        return None, text.strip()


def time_slot(text: str) -> str:
    """Hours from and to: 14:00～16:00 is 1416, 午前中 0812; others stay in the customer's words (20 characters)."""
    plain = _plain(text)
    if plain in NO_WISH:
        return ""
    if plain in _MORNING:
        return "0812"
    hours = _HOURS.fullmatch(plain)
    if hours is None:
        return text.strip()[:20]
    first, last = (int(one) for one in hours.groups() if one)
    return f"{first:02}{last:02}" if 0 <= first < last <= 24 else text.strip()[:20]


def _plain(text: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).replace("−", "-").lower()
