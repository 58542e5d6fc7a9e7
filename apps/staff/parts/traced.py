"""The story of a lot in words: what came, left, went elsewhere or was thrown away, with whose order; and who got it, as a table.

What nobody scanned is said to be assumed wherever it stands: a guess is no proof.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from apps.core import clock
from apps.inventory.models import Demand, LotMovement, Receipt, StockMovement, Stocktake, TransferLine
from apps.inventory.whereabouts import Got
from apps.orders.models import Order

AT_ONCE = 500
_KIND = StockMovement.Kind


@dataclass(frozen=True, slots=True)
class Paper:
    """The document behind a step; without an address where it has no page."""

    number: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the story. `order`: with which it left or came back."""

    of: LotMovement
    what: str
    order: Order | None
    paper: Paper | None


def steps(rows: Sequence[LotMovement]) -> list[Step]:
    """The rows in words; read with their movement."""
    papers, orders = _papers(rows), _orders(rows)
    return [
        Step(row, _what(row), orders.get(row.movement.source_id), papers.get(row.movement.source_id)) for row in rows
    ]


def _what(row: LotMovement) -> str:
    movement, came = row.movement, row.units > 0
    if movement.kind == _KIND.LOT:
        return _("named") if came else _("name taken away")
    if movement.kind == _KIND.SHIPMENT:
        return _("left with")
    if movement.kind == _KIND.RETURN:
        return _("came back from")
    if movement.kind == _KIND.TRANSFER:
        return _("came from another place") if came else _("left for another place")
    if movement.kind == _KIND.ADJUSTMENT and movement.expired < 0:
        return _("thrown away")
    return str(movement.get_kind_display())


def _ids(rows: Iterable[LotMovement], kind: str) -> set[UUID]:
    return {row.movement.source_id for row in rows if row.movement.source_kind == kind}


def _orders(rows: Sequence[LotMovement]) -> dict[UUID, Order]:
    """demand -> its order."""
    groups = dict(Demand.objects.filter(id__in=_ids(rows, "demand")).values_list("id", "group"))
    orders = Order.objects.select_related("customer").in_bulk(set(groups.values())) if groups else {}
    return {demand: orders[group] for demand, group in groups.items() if group in orders}


def _papers(rows: Sequence[LotMovement]) -> dict[UUID, Paper]:
    """source -> the document that moved the units."""
    found: dict[UUID, Paper] = {}
    if lines := _ids(rows, "transfer_line"):
        for line in TransferLine.objects.filter(id__in=lines).select_related("transfer"):
            found[line.id] = Paper(line.transfer.number, reverse("staff:transfer", args=[line.transfer_id]))
    if receipts := _ids(rows, "receipt"):
        found |= {row.id: Paper(row.number) for row in Receipt.objects.filter(id__in=receipts)}
    if sheets := _ids(rows, "stocktake"):
        for sheet in Stocktake.objects.filter(id__in=sheets):
            found[sheet.id] = Paper(sheet.number, reverse("staff:stocktake", args=[sheet.id]))
    return found


def head(*, has_mail: bool) -> list[str]:
    """The columns of the table of orders."""
    mail = [_("E-mail")] if has_mail else []
    return [
        _("Order"), _("Number at the channel"), _("Ordered on"), _("Customer"), *mail, _("Units"), _("Came back"), _("Known by"),
    ]  # fmt: skip


def table(got: Sequence[Got], *, has_mail: bool) -> Iterator[list[Any]]:
    """The orders that got units of a lot, a few hundred at a time. The words are said now: the rows are written after the
    answer, when nobody's language is known any more.
    """
    return _rows(got, has_mail, (_("scanned"), _("assumed"), _("scanned and assumed")))


def _rows(got: Sequence[Got], has_mail: bool, known: tuple[str, str, str]) -> Iterator[list[Any]]:
    scanned, assumed, both = known
    for start in range(0, len(got), AT_ONCE):
        some = got[start : start + AT_ONCE]
        orders = Order.objects.select_related("customer").in_bulk([row.order for row in some])
        for row in some:
            order = orders.get(row.order)
            if order is None:
                continue
            customer = order.customer
            mail = [customer.email if customer else ""] if has_mail else []
            by = both if 0 < row.assumed < row.units else assumed if row.assumed else scanned
            yield [
                order.number, order.external_number, clock.business_date(order.placed_at).isoformat(),
                customer.name if customer else "", *mail, row.units, row.back, by,
            ]  # fmt: skip
