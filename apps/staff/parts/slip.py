"""納品書: what lies in one parcel and what it costs. Parts of a line add up to the line; charges go with the first parcel."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from apps.core.models import Company
from apps.core.money import Rounding
from apps.ledger import tax
from apps.orders.models import Order, OrderLine
from apps.shipping.models import Shipment


@dataclass(frozen=True, slots=True)
class Rate:
    """Consumption tax of one rate: the amounts it applies to and the tax, in minor units."""

    rate_bp: int
    base_minor: int
    tax_minor: int

    @property
    def percent(self) -> str:
        """10, 8, 17.5."""
        return f"{self.rate_bp / 100:g}"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the slip."""

    line: OrderLine
    units: int
    amount_minor: int

    @property
    def is_reduced(self) -> bool:
        """Marked with ※."""
        return self.line.tax_code == "reduced"


@dataclass(frozen=True, slots=True)
class Slip:
    """The document: its rows, their sum with tax, and the tax in it by rate."""

    order: Order
    shipment: Shipment | None
    rows: tuple[Row, ...]
    total_minor: int
    rates: tuple[Rate, ...]


def of(
    order: Order, lines: Sequence[OrderLine], units: Mapping[UUID, int], company: Company | None, *,
    shipment: Shipment | None, is_first: bool,
) -> Slip:  # fmt: skip
    """The slip of some units of lines (`line id -> units`)."""
    rows = []
    for line in lines:
        if line.kind != OrderLine.Kind.ITEM:
            if is_first:
                rows.append(Row(line, line.quantity, line.total_minor))
        elif count := units.get(line.id, 0):
            rows.append(Row(line, count, tax.share(line.total_minor, before=0, units=count, of=line.quantity or 1)))
    found = rates(((row.line.tax_rate_bp or 0, row.amount_minor) for row in rows), order, company)
    total = sum(row.amount_minor for row in rows)
    if not order.prices_include_tax:
        total += sum(rate.tax_minor for rate in found)
    return Slip(order, shipment, tuple(rows), total, tuple(found))


def rates(amounts: Iterable[tuple[int, int]], order: Order, company: Company | None) -> list[Rate]:
    """Tax per rate of (rate in basis points, amount), rounded once per rate as the company rounds."""
    rounding = Rounding(company.rounding) if company else Rounding.DOWN
    bases: dict[int, int] = defaultdict(int)
    for rate_bp, minor in amounts:
        bases[rate_bp] += minor
    taxes = tax.tax_by_rate(bases.items(), includes_tax=order.prices_include_tax, rounding=rounding)
    return [Rate(rate_bp, base, taxes[rate_bp]) for rate_bp, base in sorted(bases.items()) if base]
