"""What a scanned code means on a stocktake: an article that is counted, one that is not, or a code that nobody knows.

Nothing that lay there is dropped: a code that is no article's is kept and shown until somebody says what it is.
"""

import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from apps.catalog import services as catalog
from apps.catalog.models import Variant
from apps.inventory import stocktakes
from apps.inventory.errors import Refused
from apps.inventory.models import Stocktake, StocktakeLine, StrayCode


class Scan(StrEnum):
    """What a scanned code meant."""

    COUNTED = "counted"
    OUTSIDE = "outside"  # an article that this stocktake does not count
    UNKNOWN = "unknown"  # kept as it is


@dataclass(frozen=True, slots=True)
class Scanned:
    """The answer to one code."""

    outcome: Scan
    line: StocktakeLine | None = None
    variant: Variant | None = None
    stray: StrayCode | None = None


def scan(stocktake: UUID, code: str, *, actor: str, anyway: bool = False) -> Scanned:
    """Count one unit of what a code stands for. An article outside the stocktake is counted only when told so (`anyway`).

    Raises `Refused`, `Stocktake.DoesNotExist`.
    """
    code = unicodedata.normalize("NFKC", code).strip()[:80]
    with transaction.atomic():
        sheet = stocktakes.countable(stocktake)
        stray = sheet.strays.filter(code=code).select_related("line__level__variant").first()
        if stray and stray.line:
            return Scanned(
                Scan.COUNTED, stocktakes.add(sheet, stray.line, 1, actor=actor, code=code), stray.line.level.variant
            )
        variant = _meant(sheet, code)
        if variant is None:
            return Scanned(Scan.UNKNOWN, stray=stocktakes.keep_stray(sheet, code, actor=actor))
        line = sheet.lines.filter(level__variant=variant).select_related("level__variant").first()
        if line is None:
            if not (anyway or _is_inside(sheet, variant)):
                return Scanned(Scan.OUTSIDE, variant=variant)
            line = stocktakes.row_of(sheet, variant, actor=actor)
        return Scanned(Scan.COUNTED, stocktakes.add(sheet, line, 1, actor=actor, code=code), variant)


def _meant(sheet: Stocktake, code: str) -> Variant | None:
    """The article of a barcode or SKU. Where articles share a barcode, the one that is on the sheet. Raises `Refused`."""
    found = list(Variant.objects.filter(barcode=code)[:9]) if code else []
    if not found:
        found = list(catalog.find_variants([code]).values())
    if len(found) > 1:
        here = set(sheet.lines.filter(level__variant__in=found).values_list("level__variant", flat=True))
        if len(here) != 1:
            words = _("Several articles have the barcode %(code)s. Enter the SKU instead.")
            raise Refused(words % {"code": code[:80]})
        found = [row for row in found if row.id in here]
    return found[0] if found else None


def _is_inside(sheet: Stocktake, variant: Variant) -> bool:
    """Whether the stocktake means this article, too, though the book knows none of it there."""
    if sheet.scope == Stocktake.Scope.BEGINNING:
        return variant.sku.upper().startswith(sheet.beginning.strip().upper())
    return sheet.scope == Stocktake.Scope.ALL
