"""Why a number on a paper is what it is: lines of purchase orders and transfers, and the book of a stocktake's row.

As for stock itself (why_number.py): explained from what happened (receipts, steps, movements), never from the column that shows it.
"""

from collections.abc import Callable
from typing import Any

from django.db.models import Count, Max, Sum

from apps.flows.reckoning import Part, Reckoning
from apps.inventory import variances
from apps.inventory.models import (
    PurchaseOrderLine,
    StockMovement,
    StocktakeEntry,
    StocktakeLine,
    TransferLine,
    TransferStep,
)


def _bought(line: PurchaseOrderLine) -> Reckoning:
    """Units of a purchase order that are still to come."""
    said = {"purchase": line.order, "supplier": line.order.supplier.name, "expected_on": line.order.expected_on}
    came = [Part("came_with", -part.units, part.facts) for part in _came(line).parts]
    parts = [Part("bought", line.quantity, said), *came]
    if line.cancelled:
        parts.append(Part("given_up", -line.cancelled))
    beyond = -sum(part.units for part in parts)
    if beyond > 0:
        parts.append(Part("came_beyond", beyond))
    return Reckoning(line.to_come, tuple(parts))


def _came(line: PurchaseOrderLine) -> Reckoning:
    """Units of a purchase order's line that became stock."""
    rows = line.receipts.select_related("receipt").order_by("id")
    parts = [Part("came_with", row.quantity, {"receipt": row.receipt.number, "at": row.receipt.at}) for row in rows]
    return Reckoning(line.received, tuple(parts))


def _sent(line: TransferLine) -> Reckoning:
    """Units of a transfer that are between two places."""
    steps = line.steps.exclude(units=0).order_by("id")
    return Reckoning(
        line.to_come if line.transfer.is_open else 0, tuple(_step(line, step, step.units) for step in steps)
    )


def _arrived(line: TransferLine) -> Reckoning:
    """Units of a transfer that came."""
    steps = line.steps.filter(kind=TransferStep.Kind.RECEIVED).order_by("id")
    return Reckoning(line.received, tuple(_step(line, step, -step.units) for step in steps))


_STEPS = {
    TransferStep.Kind.SENT: "sent_off", TransferStep.Kind.RECEIVED: "arrived_at", TransferStep.Kind.LOST: "got_lost",
}  # fmt: skip


def _step(line: TransferLine, step: TransferStep, units: int) -> Part:
    said = {
        "transfer": line.transfer, "origin": line.transfer.origin.name, "destination": line.transfer.destination.name,
        "at": step.at, "reason": step.reason,
    }  # fmt: skip
    return Part(_STEPS[TransferStep.Kind(step.kind)], units, said)


def _book(line: StocktakeLine) -> Reckoning:
    """What the book should have said when a row was counted: everything that was booked before, under the level's lock, in that
    order, and what other counts have corrected since.
    """
    said = StocktakeEntry.objects.filter(line=line, moment=line.moment).first() if line.moment else None
    if said is None:
        return Reckoning(None, ())
    before = line.level.movements.filter(id__lt=said.id).exclude(on_hand=0).order_by().values("kind")
    sums = {row["kind"]: row for row in before.annotate(sum=Sum("on_hand"), n=Count("id"), last=Max("at"))}
    parts = [
        Part("movements", row["sum"], {"kind": kind.label, "n": row["n"], "last": row["last"]})
        for kind in StockMovement.Kind
        if (row := sums.get(kind.value))
    ]
    others = StocktakeLine.objects.filter(level=line.level_id, booked_moment__gt=line.moment).exclude(id=line.id)
    corrected = others.aggregate(units=Sum("booked"))["units"]
    if corrected:
        parts.append(Part("corrected_since", corrected))
    counted = Part("counted_then", line.counted or 0, {"actor": line.counted_by, "at": line.counted_at})
    expected = variances.judged([line])[line.id].expected if line.booked_moment is None else (line.book or 0)
    return Reckoning(expected, tuple(parts), (counted,))


# What may be asked: the model whose row it is, what is read with it, and the reckoning.
OF_PAPER: dict[str, tuple[Any, tuple[str, ...], Callable[[Any], Reckoning]]] = {
    "bought": (PurchaseOrderLine, ("order__supplier", "variant"), _bought),
    "came": (PurchaseOrderLine, ("order__supplier", "variant"), _came),
    "sent": (TransferLine, ("transfer__origin", "transfer__destination", "variant"), _sent),
    "arrived": (TransferLine, ("transfer__origin", "transfer__destination", "variant"), _arrived),
    "book": (StocktakeLine, ("stocktake", "level__variant", "level__location"), _book),
}
