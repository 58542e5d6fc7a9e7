"""The demo's stocktake: somebody of the warehouse has begun to count, and the visitor finds it half done.

Once a demo: what the visitor makes of it stays. Stock itself is not touched before a second person approves.
"""

from django.db import transaction

from apps.inventory import scans, stocktakes
from apps.inventory.models import Location, Stocktake
from apps.inventory.stocktakes import Plan

WHO = "hana"
COUNTED, MISSING = 5, 1  # rows; and units of the last of them that nobody finds
STRAY = "4909999999993"  # a barcode that is no article's


def begin() -> Stocktake | None:
    """A blind stocktake of the warehouse, in counting; None where there was one already, or nothing lies there."""
    location = Location.objects.filter(is_default=True, is_active=True).first()
    if location is None or Stocktake.objects.exists():
        return None
    with transaction.atomic():
        sheet = stocktakes.open_sheet(Plan(location=location), actor=WHO)
        found = list(sheet.lines.select_related("level").order_by("number")[:COUNTED])
        for line in found:
            units = line.level.on_hand - (MISSING if line == found[-1] else 0)
            stocktakes.put(sheet.id, line.id, units, actor=WHO)
        scans.scan(sheet.id, STRAY, actor=WHO)
    sheet.refresh_from_db()
    return sheet
