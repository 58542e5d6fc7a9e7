"""Landed cost: one bill is spread over the lines of receipts, to the last minor unit, also when part of the goods has gone.

What belongs to units that still lie somewhere raises their value there (or on their way); the rest went out with the units
and is cost of sales. A mistake is taken back by a bill below zero; no value ever falls below zero by it.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from apps.core import clock, rows
from apps.core.ids import uuid7
from apps.inventory import deciding
from apps.inventory.errors import Refused
from apps.inventory.levels import Desk
from apps.inventory.models import (
    LandedCost,
    LandedPart,
    ReceiptLine,
    StockLevel,
    StockMovement,
    TransferLine,
    TransferStep,
)
from apps.inventory.purchasing import home_currency
from apps.inventory.tracing import Step, Traced, trace

Kind = StockMovement.Kind
# A bill above this many minor units is a barcode in the wrong field.
MOST_MINOR = 10**13


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What is to be spread: minor units of the home currency, below zero to take a mistake back. `id` names the deed: the
    same one twice is refused."""

    id: UUID = field(default_factory=uuid7)
    kind: str
    basis: str
    amount_minor: int
    number: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Came:
    """The movement by which a receipt line came on the shelf."""

    line: ReceiptLine
    movement: UUID
    level: UUID
    value_minor: int


def land(bill: Bill, receipts: Sequence[UUID], *, actor: str) -> LandedCost:
    """Spread a bill over every line of these receipts. Raises `Refused`; nothing was changed then."""
    if not 0 < abs(bill.amount_minor) < MOST_MINOR:
        raise Refused(_("Enter an amount other than 0."))
    with transaction.atomic():
        if LandedCost.objects.filter(id=bill.id).exists():
            raise Refused(_("This bill was booked already."))
        lines = list(ReceiptLine.objects.filter(receipt__in=receipts).select_related("variant").order_by("id"))
        if not lines:
            raise Refused(_("No goods have come by these receipts. Book what came first."))
        levels = StockLevel.objects.filter(variant__in={line.variant_id for line in lines})
        desk = _everywhere(levels, actor)
        came = _came(lines)
        parts = deciding.spread(bill.amount_minor, _weights(bill.basis, came))
        cost = LandedCost.objects.create(
            id=bill.id, kind=bill.kind, basis=bill.basis, amount_minor=bill.amount_minor, currency=home_currency(),
            bill=bill.number[:80], reason=bill.reason[:200], at=clock.now(), actor=actor[:80],
        )  # fmt: skip
        spread = _Spread(desk, cost)
        for one, amount in zip(came, parts, strict=True):
            spread.bear(one, amount)
        spread.write()
    return cost


def sums(cost: LandedCost) -> tuple[int, int]:
    """(what raised the value of stock, what went to cost of sales)."""
    parts = cost.parts.values_list("stock_minor", "sold_minor")
    return sum(stock for stock, _ in parts), sum(sold for _, sold in parts)


def _everywhere(levels: QuerySet[StockLevel], actor: str) -> Desk:
    """All levels of the articles, locked; one that somebody made meanwhile is younger, so its turn in the order is last."""
    desk = Desk.of_levels(levels.values_list("id", flat=True), actor=actor, alone=True)
    while fresh := set(levels.values_list("id", flat=True)) - desk.levels.keys():
        desk.levels |= Desk.of_levels(fresh, actor=actor, alone=True).levels
    return desk


def _came(lines: Sequence[ReceiptLine]) -> list[_Came]:
    """How each line came on the shelf, in the order of the lines."""
    moved = StockMovement.objects.filter(
        source_kind="receipt", source_id__in={line.receipt_id for line in lines}, kind__in=[Kind.RECEIPT, Kind.OPENING]
    )
    found = {(row.source_id, row.part): row for row in moved}
    rows_ = [(line, found[line.receipt_id, str(line.number)]) for line in lines]
    return [_Came(line, row.id, row.level_id, row.value_minor) for line, row in rows_]


def _weights(basis: str, came: Sequence[_Came]) -> list[Fraction]:
    if basis == LandedCost.Basis.QUANTITY:
        return [Fraction(one.line.quantity) for one in came]
    if basis == LandedCost.Basis.VALUE:
        if not any(one.value_minor for one in came):
            raise Refused(_("These goods cost nothing, so nothing can be spread by value. Spread by units."))
        return [Fraction(one.value_minor) for one in came]
    if basis == LandedCost.Basis.WEIGHT:
        bare = sorted({one.line.variant.sku for one in came if not one.line.variant.weight_g})
        if bare:
            words = _("No weight is known of %(skus)s. Enter it with the article, or spread by units.")
            raise Refused(words % {"skus": ", ".join(bare[:10])})
        return [Fraction(one.line.variant.weight_g * one.line.quantity) for one in came]
    raise Refused(_("Choose how to spread the cost."))


class _Spread:
    """The parts of one landed cost on their way into levels and transfers that are locked by `desk`."""

    def __init__(self, desk: Desk, cost: LandedCost) -> None:
        self.desk, self.cost = desk, cost
        self.parts: list[LandedPart] = []
        self.on_way: dict[UUID, TransferLine] = {}
        self.steps: list[TransferStep] = []

    def bear(self, came: _Came, amount: int) -> None:
        """One receipt line bears its part: what still lies somewhere takes it there, the rest is sold."""
        part = LandedPart(id=uuid7(), cost=self.cost, line=came.line, amount_minor=amount, stock_minor=0)
        traced = self._trace(came, abs(amount))
        sign = 1 if amount >= 0 else -1
        for level_id, minor in traced.places.items():
            level = self.desk.levels[level_id]
            raised = max(sign * minor, -level.value_minor)
            part.stock_minor += raised
            self.desk.change(
                level, Kind.LANDED, source_kind="landed_part", source_id=part.id, value_minor=raised,
                reason=self.cost.reason or self.cost.bill,
            )  # fmt: skip
        for line_id, minor in traced.on_way.items():
            if line_id not in self.on_way:
                self.on_way[line_id] = TransferLine.objects.get(id=line_id)
            line = self.on_way[line_id]
            raised = max(sign * minor, -line.value_minor)
            line.value_minor += raised
            part.stock_minor += raised
            self.steps.append(
                TransferStep(
                    id=uuid7(), line=line, kind=TransferStep.Kind.LANDED, units=0, value_minor=raised, at=self.desk.at,
                    source_id=part.id, actor=self.desk.actor[:80],
                )
            )  # fmt: skip
        part.sold_minor = amount - part.stock_minor
        self.parts.append(part)

    def _trace(self, came: _Came, amount: int) -> Traced:
        moves = StockMovement.objects.filter(level__variant=came.line.variant_id, id__gt=came.movement)
        fields = ("level_id", "kind", "on_hand", "incoming", "source_id")
        steps = [_step(*row) for row in moves.order_by("id").values_list(*fields)]
        lying: dict[UUID, int] = defaultdict(int)
        for level in self.desk.levels.values():
            if level.variant_id == came.line.variant_id:
                lying[level.id] = level.on_hand
        for step in steps:
            lying[step.place] -= step.units
        return trace(amount, place=came.level, lying=lying, steps=steps)

    def write(self) -> None:
        """Put everything down."""
        rows.insert(self.parts)
        rows.update(self.on_way.values(), ["value_minor"])
        rows.insert(self.steps)
        self.desk.write()


def _step(level: UUID, kind: str, on_hand: int, incoming: int, source: UUID) -> Step:
    is_transfer = kind == Kind.TRANSFER
    return Step(
        level, on_hand, source, is_transfer=is_transfer, is_sale=kind == Kind.SHIPMENT, is_return=kind == Kind.RETURN,
        lost=-incoming if is_transfer and not on_hand and incoming < 0 else 0,
    )  # fmt: skip
