"""What people type: numbers with commas or full-width digits, amounts, days, codes. What makes no sense is refused in words."""

import re
import unicodedata
from datetime import date
from decimal import Decimal, InvalidOperation
from uuid import UUID

from django.utils.translation import gettext as _

from apps.catalog import services as catalog
from apps.catalog.models import Variant
from apps.core import money
from apps.inventory.errors import Refused

_WHOLE, _NUMBER = re.compile(r"[+-]?\d{1,18}"), re.compile(r"[+-]?\d{1,18}(\.\d{1,8})?")
_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")


def plain(text: str) -> str:
    """Half-width, without the commas of thousands, the usual minus."""
    return unicodedata.normalize("NFKC", text).strip().replace(",", "").replace("−", "-")


def whole(text: str) -> int:
    """A number of units. Raises `Refused`."""
    word = plain(text)
    if not _WHOLE.fullmatch(word):
        raise Refused(_("“%(text)s” is not a number of units. Enter a whole number, such as 12.") % {"text": text[:40]})
    return int(word)


def number(text: str) -> Decimal:
    """A price or a rate. Raises `Refused`."""
    word = plain(text)
    if not _NUMBER.fullmatch(word):
        raise Refused(_("“%(text)s” is not an amount. Enter digits, such as 1200 or 9.50.") % {"text": text[:40]})
    try:
        return Decimal(word)
    except InvalidOperation:  # pragma: no cover - the pattern lets nothing else through
        raise Refused(text) from None


def minor(text: str, currency: str) -> int:
    """An amount of money in minor units, no finer than the currency. Raises `Refused`."""
    value = number(text)
    found = money.to_minor(value, currency)
    if money.Money(found, currency).amount != value:
        words = _("%(currency)s has no such small part as in “%(text)s”.")
        raise Refused(words % {"currency": currency, "text": text[:40]})
    return found


def day(text: str) -> date | None:
    """A calendar day as 2026-12-31 or 2026/12/31; None where nothing was entered. Raises `Refused`."""
    word = unicodedata.normalize("NFKC", text).strip().replace("/", "-").replace(".", "-")
    if not word:
        return None
    found = _DAY.fullmatch(word)
    try:
        return date(*map(int, found.groups())) if found else date.fromisoformat(word)
    except ValueError:
        raise Refused(_("“%(text)s” is not a day. Enter it as 2026-12-31.") % {"text": text[:20]}) from None


def code(text: str) -> str:
    """A code as a scanner or a person types it: half-width, without spaces around it."""
    return unicodedata.normalize("NFKC", text).replace("\0", "").strip()


def article(code: str) -> Variant:
    """The article of a barcode or SKU. Raises `Refused`."""
    code = unicodedata.normalize("NFKC", code).strip()
    found = list(Variant.objects.filter(barcode=code)[:2]) if code else []
    if not found:
        found = list(catalog.find_variants([code]).values())
    if not found:
        raise Refused(_("No article has the code “%(code)s”. Nothing was changed.") % {"code": code[:80]})
    if len(found) > 1:
        raise Refused(_("Several articles have the barcode %(code)s. Enter the SKU instead.") % {"code": code[:80]})
    return found[0]


def ident(text: str) -> UUID | None:
    """An id from a hidden field; None for anything else."""
    try:
        return UUID(text)
    except ValueError:
        return None
