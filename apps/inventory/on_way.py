"""What staff ask of goods on their way: purchase orders and transfers by what is to be done, and surplus that waits for a word.

Lists are keyset pages over the id; what a page shows of its rows beyond themselves is read for that page alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import Greatest

from apps.core import money
from apps.inventory.models import PurchaseOrder, PurchaseOrderLine, Receipt, Surplus, Transfer, TransferLine
from apps.inventory.states import PurchaseState, SurplusState, TransferState

ON_ITS_WAY = (PurchaseState.ORDERED, PurchaseState.PARTLY_RECEIVED)
BETWEEN = (TransferState.IN_TRANSIT, TransferState.PARTLY_RECEIVED)


@dataclass(frozen=True, slots=True)
class Sums:
    """Units of a purchase order or transfer: asked for (less what was called off), come, still to come; its price."""

    asked: int = 0
    came: int = 0
    to_come: int = 0
    amount: Decimal = Decimal(0)

    def minor(self, currency: str) -> int:
        """The price in minor units."""
        return money.to_minor(self.amount, currency)


def purchases(today: date, *, only: str = "", words: str = "") -> QuerySet[PurchaseOrder]:
    """Purchase orders: "" those with something to do, "late", "draft", "surplus" or "all"; `words` begin a number or a name."""
    found = PurchaseOrder.objects.select_related("supplier", "location")
    if words:
        return found.filter(Q(number__startswith=words.upper()) | Q(supplier__name__istartswith=words))
    if only == "late":
        return found.filter(state__in=ON_ITS_WAY, expected_on__lt=today)
    if only == "draft":
        return found.filter(state=PurchaseState.DRAFT)
    if only == "surplus":
        return found.filter(id__in=undecided().values("receipt__order"))
    if only == "all":
        return found
    return found.filter(state__in=(PurchaseState.DRAFT, *ON_ITS_WAY))


def undecided() -> QuerySet[Surplus]:
    """Units that stand in the house and wait for somebody's word."""
    return Surplus.objects.filter(state=SurplusState.WAITING)


def surplus_of(order: UUID) -> list[Surplus]:
    """Surplus of an order, what waits first."""
    rows = Surplus.objects.filter(receipt__order=order).select_related("receipt", "purchase_line__variant")
    return sorted(rows.order_by("id"), key=lambda row: row.state != SurplusState.WAITING)


def receipts_of(order: UUID) -> list[Receipt]:
    """Receipts of an order with their lines, newest first."""
    rows = Receipt.objects.filter(order=order).order_by("-id")
    return list(rows.prefetch_related("lines__variant", "lines__landed__cost"))


def sums_of_purchases(orders: Iterable[UUID]) -> dict[UUID, Sums]:
    """Units and price of each order."""
    rows = PurchaseOrderLine.objects.filter(order__in=list(orders)).values("order").annotate(
        asked=Sum(F("quantity") - F("cancelled")), came=Sum("received"),
        to_come=Sum(Greatest(0, F("quantity") - F("cancelled") - F("received"))),
        amount=Sum(F("price") * (F("quantity") - F("cancelled"))),
    )  # fmt: skip
    return {row["order"]: Sums(row["asked"], row["came"], row["to_come"], row["amount"]) for row in rows}


def transfers(*, only: str = "", words: str = "") -> QuerySet[Transfer]:
    """Transfers: "" those with something to do, or "all"; `words` begin a number or the name of a place."""
    found = Transfer.objects.select_related("origin", "destination")
    if words:
        return found.filter(
            Q(number__startswith=words.upper())
            | Q(origin__name__istartswith=words)
            | Q(destination__name__istartswith=words)
        )
    return found if only == "all" else found.filter(state__in=(TransferState.DRAFT, *BETWEEN))


def sums_of_transfers(found: Iterable[UUID]) -> dict[UUID, Sums]:
    """Units of each transfer; what was lost came nowhere and is not to come."""
    rows = TransferLine.objects.filter(transfer__in=list(found)).values("transfer").annotate(
        asked=Sum("quantity"), came=Sum("received"), to_come=Sum(F("quantity") - F("received") - F("lost"))
    )  # fmt: skip
    return {row["transfer"]: Sums(row["asked"], row["came"], row["to_come"]) for row in rows}
