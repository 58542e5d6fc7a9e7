"""The rows of stock, by topic."""

from apps.inventory.models.levels import (
    Aside,
    Demand,
    Lease,
    Location,
    Shrinkage,
    StockLevel,
    StockMovement,
    free_sql,
)
from apps.inventory.models.receiving import Receipt, ReceiptLine

__all__ = [
    "Aside", "Demand", "Lease", "Location", "Receipt", "ReceiptLine", "Shrinkage", "StockLevel", "StockMovement", "free_sql",
]  # fmt: skip
