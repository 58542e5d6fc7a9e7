"""What came of a stocktake that was approved: rows that differed, largest first, and orders that wait again because of it."""

from typing import Any

from apps.inventory import count_sheets, variances
from apps.inventory.models import Demand, Stocktake
from apps.inventory.purchasing import home_currency
from apps.inventory.states import StocktakeState
from apps.orders.models import Order


def of(sheet: Stocktake) -> dict[str, Any]:
    """The rows and orders of a page; nothing before the approval, so that no number of the book is told."""
    if sheet.state != StocktakeState.APPROVED:
        return {}
    rows = count_sheets.every_row(sheet.id)
    booked = sorted(
        (row for row in rows if row.booked), key=lambda row: (-abs(row.value_minor), -abs(row.booked), row.number)
    )
    lost = variances.took_back(sheet)
    demands = Demand.objects.filter(id__in=lost).select_related("level__variant").order_by("arrived_at", "id")
    orders = Order.objects.filter(id__in={demand.group for demand in demands}).in_bulk()
    return {
        "booked": booked, "same": len(rows) - len(booked), "value_minor": sum(row.value_minor for row in rows),
        "missing": -sum(min(0, row.booked or 0) for row in rows), "found": sum(max(0, row.booked or 0) for row in rows),
        "short": [row for row in rows if row.booked != row.difference], "currency": home_currency(),
        "back": [{"demand": row, "order": orders.get(row.group), "units": lost[row.id]} for row in demands],
    }  # fmt: skip
