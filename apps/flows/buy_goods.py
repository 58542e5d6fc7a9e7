"""Goods that were bought come in, cost what they cost to get here, and are owed for: shelf, book and waiting orders in one go."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from apps.catalog.models import Variant
from apps.core import clock
from apps.core.states import Cause
from apps.flows import allocation
from apps.hub import external_ids
from apps.hub.models import Connection
from apps.inventory import arrivals, landing, purchasing
from apps.inventory.arrivals import Arrived
from apps.inventory.landing import Bill
from apps.inventory.models import LandedCost, PurchaseOrder
from apps.inventory.purchasing import home_currency
from apps.ledger import services as ledger
from apps.ledger.services import Posting


def book(order: UUID, *, slip: str, actor: str) -> Arrived:
    """What was counted at the door becomes stock; orders that wait for it are served. Raises `Refused`."""
    with transaction.atomic(), clock.one_moment():
        return _took_in(arrivals.book(order, slip=slip, actor=actor), actor=actor)


def receive(order: UUID, units: Mapping[UUID, int], *, slip: str, actor: str) -> Arrived:
    """The same for units of lines that a document names (line -> units). Raises `Refused`."""
    with transaction.atomic(), clock.one_moment():
        return _took_in(arrivals.receive(order, units, slip=slip, actor=actor), actor=actor)


def take_document(
    order: PurchaseOrder, document: str, came: Mapping[int, tuple[Variant, int]], *, source: Connection
) -> Arrived | None:
    """A warehouse tells of goods of a purchase order (row -> article and units), each row once; None where all had come before.

    Articles that nobody ordered wait for somebody's word like any surplus.
    """
    with transaction.atomic(), clock.one_moment():
        purchasing.lock(order.id)
        names = {f"{document}/{row}": row for row in came}
        known = external_ids.find(source.id, "receipt_row", names)
        fresh = {name: row for name, row in names.items() if name not in known}
        if not fresh:
            return None
        external_ids.claim(source.id, "receipt_row", dict.fromkeys(fresh, order.id))
        variants = {came[row][0].id: came[row][0] for row in fresh.values()}
        lines = arrivals.line_for(order.id, list(variants.values()))
        units: dict[UUID, int] = defaultdict(int)
        for row in fresh.values():
            variant, count = came[row]
            units[lines[variant.id]] += count
        return receive(order.id, units, slip=document, actor=f"connection:{source.name}"[:80])


def decide(surplus: UUID, *, keep: bool, actor: str, reason: str, price: Decimal | None = None) -> Arrived:
    """Somebody's word on units that came beyond the order: kept, they are stock and owed for. Raises `Refused`."""
    with transaction.atomic(), clock.one_moment():
        arrived = arrivals.decide(surplus, keep=keep, actor=actor, reason=reason, price=price)
        return _took_in(arrived, actor=actor, part=surplus.hex)


def land(bill: Bill, receipts: Sequence[UUID], *, actor: str) -> LandedCost:
    """A bill for freight, duty and the like is spread and owed for; what belongs to goods that are gone was their cost of
    sales. Raises `Refused`."""
    with transaction.atomic(), clock.one_moment():
        cost = landing.land(bill, receipts, actor=actor)
        stock, sold = landing.sums(cost)
        ledger.record(
            [
                Posting(
                    event="cost.landed", at=clock.now(), currency=cost.currency, source_kind="landed_cost", source_id=cost.id,
                    figures={"amount": cost.amount_minor, "stock": stock, "sold": sold}, memo=cost.bill or cost.reason,
                )
            ]
        )  # fmt: skip
    return cost


def _took_in(arrived: Arrived, *, actor: str, part: str = "") -> Arrived:
    order, receipt = arrived.order, arrived.receipt
    ledger.record(
        [
            Posting(
                event="goods.received", at=clock.now(), currency=home_currency(), source_kind="receipt",
                source_id=receipt.id, part=part, party=order.supplier_id, figures={"cost": arrived.value_minor},
                memo=receipt.number,
            )
        ]
    )  # fmt: skip
    allocation.look_again(arrived.gained, cause=Cause(actor, receipt.number, "receipt", receipt.id))
    return arrived
