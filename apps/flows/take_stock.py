"""The warehouse tells of receipts, adjustments and counts: booked once each, in the order told.

A receipt whose document names a purchase order (PO-1001, PO-1001/2) is goods of that order.
"""

from collections.abc import Sequence
from decimal import Decimal
from uuid import NAMESPACE_URL, UUID, uuid5

from django.db import transaction

from apps.catalog import services as catalog
from apps.catalog.models import Variant
from apps.core import clock
from apps.core.models import Company
from apps.core.states import Cause
from apps.flows import allocation, buy_goods
from apps.hub.contracts import StockChange
from apps.hub.models import Connection
from apps.inventory import purchasing, shelf
from apps.inventory.levels import default_location
from apps.inventory.models import Location
from apps.inventory.shelf import Correction, ReceiptRow
from apps.ledger import services as ledger
from apps.ledger.services import Posting


def take(changes: Sequence[StockChange], *, source: Connection) -> list[tuple[StockChange, str]]:
    """Book changes; hands back those that cannot be, each with a reason code (unknown_sku, unknown_location)."""
    refused: list[tuple[StockChange, str]] = []
    with transaction.atomic(), clock.one_moment():
        variants = catalog.find_variants(change.sku for change in changes)
        locations = {location.code: location for location in Location.objects.filter(is_active=True)}
        for group in _runs(changes):
            location = locations.get(group[0].location) if group[0].location else default_location()
            known = [change for change in group if change.sku in variants]
            refused += [(change, "unknown_sku") for change in group if change.sku not in variants]
            if location is None:
                refused += [(change, "unknown_location") for change in known]
            elif known and known[0].kind == "receipt":
                _receive(known, variants, location, source)
            elif known:
                _correct(known, variants, location, source)
    return refused


def _runs(changes: Sequence[StockChange]) -> list[list[StockChange]]:
    """Neighbours of one kind, place and (for receipts) document, in the order told."""
    runs: list[list[StockChange]] = []
    last: tuple[str, ...] = ()
    for change in changes:
        is_receipt = change.kind == "receipt"
        key = (change.document if is_receipt else "", str(is_receipt), change.location)
        if key != last:
            runs.append([])
            last = key
        runs[-1].append(change)
    return runs


def _receive(
    changes: Sequence[StockChange], variants: dict[str, Variant], location: Location, source: Connection
) -> None:
    order = purchasing.named_in(changes[0].document)
    if order is not None and order.location_id == location.id:
        came = {change.line: (variants[change.sku], change.quantity) for change in changes}
        buy_goods.take_document(order, changes[0].document, came, source=source)
        return
    currency = changes[0].currency or _home_currency()
    rows = [
        ReceiptRow(number=c.line, variant=variants[c.sku].id, quantity=c.quantity, unit_cost=c.unit_cost or Decimal(0))
        for c in changes
    ]
    receipt, shelved = shelf.receive(
        changes[0].document, rows, location=location, source=source.id, at=changes[0].at, currency=currency,
        actor=f"connection:{source.name}"[:80],
    )  # fmt: skip
    part = f"{min(c.line for c in changes)}-{max(c.line for c in changes)}"
    ledger.record(
        [
            Posting(
                event="goods.received", at=clock.now(), currency=currency, source_kind="receipt", source_id=receipt.id,
                part=part, figures={"cost": shelved.value_minor},
            )
        ]
    )  # fmt: skip
    allocation.look_again(shelved.gained, cause=Cause("warehouse", receipt.number, "receipt", receipt.id))


def _correct(
    changes: Sequence[StockChange], variants: dict[str, Variant], location: Location, source: Connection
) -> None:
    corrections = [
        Correction(
            id=_named(source.id, change), variant=variants[change.sku].id, quantity=change.quantity,
            reason=change.reason or change.document, is_count=change.kind == "count",
        )
        for change in changes
    ]  # fmt: skip
    shelved = shelf.correct(corrections, location=location, actor=f"connection:{source.name}"[:80])
    ledger.record(
        [
            Posting(
                event="stock.adjusted", at=clock.now(), currency=_home_currency(), source_kind="correction",
                source_id=corrections[0].id, figures={"cost": -shelved.value_minor},
            )
        ]
    )  # fmt: skip
    allocation.look_again(shelved.gained + shelved.lost, cause=Cause("warehouse", "the shelf held another number"))


def _named(source: UUID, change: StockChange) -> UUID:
    """A stable id of one row of one document, so that the same file twice books once."""
    return uuid5(NAMESPACE_URL, f"{source}/{change.document}/{change.line}/{change.sku}")


def _home_currency() -> str:
    return Company.objects.values_list("currency", flat=True).first() or "JPY"
