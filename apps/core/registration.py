"""Japan's invoice registration numbers (適格請求書発行事業者登録番号): T and thirteen digits, the first of which checks the others.

The rule is that of corporate numbers (法人番号, 国税庁): 9 − (Σ digit × weight mod 9), weights 1 and 2 in turn from the right.
"""

import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

DIGITS = 13


def tidy(text: str) -> str:
    """As it is kept: half-width, upper case, without blanks and hyphens."""
    return "".join(unicodedata.normalize("NFKC", text).upper().split()).replace("-", "")


def check(number: str) -> None:
    """Raises `ValidationError` that says what is wrong with a tidy number."""
    digits = number.removeprefix("T")
    if not number.startswith("T") or not digits.isascii() or not digits.isdigit():
        raise ValidationError(_("A registration number is the letter T and thirteen digits."))
    if len(digits) != DIGITS:
        raise ValidationError(
            _("These are %(n)d digits; a registration number has thirteen after the T."), params={"n": len(digits)}
        )
    if int(digits[0]) != check_digit(digits[1:]):
        raise ValidationError(_("The check digit does not fit: one of the digits is mistyped."))


def check_digit(body: str) -> int:
    """The first digit, from the twelve that follow it."""
    return 9 - sum(int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(body))) % 9
