"""Card numbers and keys in free text, masked: before a line is logged, and before a vendor's words are kept.

Card numbers are told by their length and Luhn's sum (14 to 19 digits: a barcode has 13, and a tenth of them keep the sum), keys
by the beginnings that vendors give them.
"""

import re
from collections.abc import MutableMapping
from typing import Any

MASK = "•••"
CARD = re.compile(r"(?<!\d)(?:\d[ -]?){13,18}\d(?!\d)")
_KEY = re.compile(
    r"\b(?:[srp]k|whsec|sk_live|sk_test|shpat|shpss|shpca|shppa|xox[abp]|ghp|Atz[ar])[_|-][\w|+/=.-]{6,}"
    r"|\b(?:Bearer|Basic|ESA)\s+[\w+/=._~|-]{8,}"
)


def is_card(text: str) -> bool:
    """Luhn's sum, which every card number keeps."""
    digits = [int(d) for d in reversed(text) if d.isdigit()]
    doubled = [sum(divmod(2 * d, 10)) for d in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def cards(text: str) -> str:
    """The text with its card numbers masked."""
    return CARD.sub(lambda found: MASK if is_card(found.group()) else found.group(), text)


def clean(text: str) -> str:
    """The text with its card numbers and keys masked."""
    return _KEY.sub(MASK, cards(text))


def in_lines(_logger: Any, _name: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A step of every log line: whatever text it holds is cleaned."""
    for name, value in line.items():
        if isinstance(value, str):
            line[name] = clean(value)
        elif not isinstance(value, (int, float, bool, type(None))):
            line[name] = clean(str(value))
    return line
