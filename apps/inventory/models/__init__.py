"""The rows of stock, by topic."""

from apps.inventory.models.counting import Stocktake, StocktakeEntry, StocktakeLine, StrayCode
from apps.inventory.models.landing import LandedCost, LandedPart
from apps.inventory.models.levels import (
    COUNTED,
    SHIPS,
    Aside,
    Demand,
    Lease,
    Location,
    Shrinkage,
    StockLevel,
    StockMovement,
    free_sql,
    ships_sql,
)
from apps.inventory.models.lots import Lot, LotLevel, LotMovement
from apps.inventory.models.offering import BackorderPolicy
from apps.inventory.models.purchasing import PurchaseOrder, PurchaseOrderLine, Supplier, SupplierItem
from apps.inventory.models.receiving import Receipt, ReceiptLine, Surplus
from apps.inventory.models.replenishment import Forecast, ReorderRule
from apps.inventory.models.sourcing import SourcingDecision, SourcingRule
from apps.inventory.models.transfers import Transfer, TransferLine, TransferStep

__all__ = [
    "COUNTED", "SHIPS", "Aside", "BackorderPolicy", "Demand", "Forecast", "LandedCost", "LandedPart", "Lease", "Location",
    "Lot", "LotLevel", "LotMovement", "PurchaseOrder", "PurchaseOrderLine", "Receipt", "ReceiptLine", "ReorderRule",
    "Shrinkage", "SourcingDecision", "SourcingRule", "StockLevel", "StockMovement", "Stocktake", "StocktakeEntry",
    "StocktakeLine", "StrayCode", "Supplier", "SupplierItem", "Surplus", "Transfer", "TransferLine", "TransferStep",
    "free_sql", "ships_sql",
]  # fmt: skip
