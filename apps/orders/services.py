"""Opening orders and writing their axes. An axis is a mirror: it is written in the transaction that changed the truth."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection as database
from django.db import models, transaction

from apps.catalog.services import Article
from apps.core import clock, rows, states
from apps.core.ids import uuid7
from apps.core.models import Company
from apps.core.money import Rounding
from apps.core.states import Cause
from apps.hub.contracts import LineDraft, OrderDraft
from apps.hub.models import Connection
from apps.ledger import tax
from apps.orders import states as drawing
from apps.orders.errors import DoesNotAddUp
from apps.orders.models import Order, OrderHold, OrderLine
from apps.orders.states import AllocationState, FulfilmentState, Lifecycle, PaymentState

_AXES: dict[str, states.Moves] = {
    "lifecycle": drawing.LIFECYCLE_MOVES,
    "payment": drawing.PAYMENT_MOVES,
    "allocation": drawing.ALLOCATION_MOVES,
    "fulfilment": drawing.FULFILMENT_MOVES,
}
_SUMS = [
    "items_minor", "charges_minor", "discount_minor", "added_tax_minor", "tax_minor", "tax_computed_minor", "total_minor",
]  # fmt: skip
_FIRST_PAYMENT_STATE = {"cod": PaymentState.ON_DELIVERY, "free": PaymentState.NOT_REQUIRED}


@dataclass(frozen=True, slots=True)
class Sale:
    """A draft with what was recognised in it: the order's id, its customer, its address."""

    id: UUID
    draft: OrderDraft
    customer: UUID | None
    ship_to: UUID | None


def open_orders(
    source: Connection, sales: Sequence[Sale], articles: Mapping[str, Article], *, country: str
) -> list[tuple[Order, list[OrderLine]]]:
    """Write orders with all their lines in two statements. Raises `DoesNotAddUp` for a draft whose lines are not its total."""
    house, numbers = _numbers(len(sales))
    at, opened = clock.now(), []
    for sale, number in zip(sales, numbers, strict=True):
        draft = sale.draft
        order = rows.new(
            Order, id=sale.id, brand_id=source.brand_id, number=number, channel_id=source.id,
            external_number=draft.number[:80], source_version=draft.version, customer_id=sale.customer,
            ship_to_id=sale.ship_to, placed_at=draft.placed_at, taken_at=at, ship_by=draft.placed_at + house.ships_within,
            currency=draft.currency, prices_include_tax=draft.prices_include_tax, payment_method=draft.payment_method,
            payment_raw=draft.payment_raw[:80], customer_note=draft.note,
            wished_on=draft.wished_on, time_slot=draft.time_slot[:20],
        )  # fmt: skip
        lines = [_line(order, line, articles, country) for line in draft.lines]
        _total(order, lines, draft, house.rounding)
        order.payment = first_payment_state(order)
        opened.append((order, lines))
    rows.insert(order for order, _ in opened)
    rows.insert(line for _, lines in opened for line in lines)
    return opened


@dataclass(frozen=True, slots=True)
class _House:
    """What the company says of its orders."""

    ships_within: timedelta
    rounding: Rounding


def _numbers(count: int) -> tuple[_House, list[str]]:
    """The house's rules, and our own order numbers: from a sequence, unique, rising, with gaps where a transaction was
    rolled back."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT nextval('orders_number'), c.order_prefix, c.ships_within_days, c.rounding"
            " FROM generate_series(1, %s) LEFT JOIN core_company AS c ON true",
            [count],
        )
        told = cursor.fetchall()
    _, prefix, days, rounding = told[0]
    if prefix is None:
        company = Company()
        prefix, days, rounding = company.order_prefix, company.ships_within_days, company.rounding
    return _House(timedelta(days=days), Rounding(rounding)), [f"{prefix}{row[0]:06d}" for row in told]


def _line(order: Order, draft: LineDraft, articles: Mapping[str, Article], country: str) -> OrderLine:
    article = articles.get(draft.sku) if draft.kind == OrderLine.Kind.ITEM else None
    tax_code = article.tax_code if article else "standard"
    rate = draft.tax_rate_bp
    if rate is None:
        rate = tax.rate_bp(tax_code, country, clock.business_date(order.placed_at))
    return rows.new(
        OrderLine, id=uuid7(), order_id=order.id, number=draft.number, kind=draft.kind,
        external_id=draft.external_id[:120], variant_id=article.id if article else None, sku=draft.sku[:64],
        title=draft.title[:255], quantity=draft.quantity, unit_price=draft.unit_price, total_minor=draft.total_minor,
        tax_code=tax_code, tax_rate_bp=rate, tax_minor=draft.tax_minor,
    )  # fmt: skip


def _total(order: Order, lines: Iterable[OrderLine], draft: OrderDraft, rounding: Rounding) -> None:
    """Fill the order's sums; charged tax is the channel's fact, computed tax is ours, and both are kept."""
    lines = list(lines)
    kinds = {kind: sum(line.total_minor for line in lines if line.kind == kind) for kind in OrderLine.Kind}
    order.items_minor = kinds[OrderLine.Kind.ITEM]
    order.charges_minor = kinds[OrderLine.Kind.SHIPPING] + kinds[OrderLine.Kind.FEE]
    order.discount_minor = kinds[OrderLine.Kind.DISCOUNT]
    order.tax_minor = sum(line.tax_minor or 0 for line in lines)
    order.added_tax_minor = 0 if order.prices_include_tax else order.tax_minor
    order.total_minor = order.items_minor + order.charges_minor + order.discount_minor + order.added_tax_minor
    order.tax_computed_minor = sum(
        tax.tax_by_rate(
            ((line.tax_rate_bp or 0, line.total_minor) for line in lines),
            includes_tax=order.prices_include_tax,
            rounding=rounding,
        ).values()
    )
    if order.total_minor != draft.total_minor:
        raise DoesNotAddUp(f"{draft.number}: lines make {order.total_minor}, the channel says {draft.total_minor}")


def take_amounts(order: Order, draft: OrderDraft, *, country: str) -> bool:
    """Bring an order (locked, nothing of it paid, called off or shipped) to the amounts that its channel tells now.

    False, and nothing changed, where it tells of other articles or units. Raises `DoesNotAddUp`.
    """
    items = list(OrderLine.objects.filter(order=order, kind=OrderLine.Kind.ITEM).order_by("number"))
    told = [line for line in draft.lines if line.kind == OrderLine.Kind.ITEM]
    if [(i.number, i.sku, i.quantity) for i in items] != [(t.number, t.sku[:64], t.quantity) for t in told]:
        return False
    company = Company.objects.first() or Company()
    order.prices_include_tax = draft.prices_include_tax
    for line, said in zip(items, told, strict=True):
        line.unit_price, line.total_minor, line.tax_minor = said.unit_price, said.total_minor, said.tax_minor
        line.tax_rate_bp = line.tax_rate_bp if said.tax_rate_bp is None else said.tax_rate_bp
    charges = [_line(order, line, {}, country) for line in draft.lines if line.kind != OrderLine.Kind.ITEM]
    _total(order, [*items, *charges], draft, Rounding(company.rounding))
    OrderLine.objects.filter(order=order).exclude(kind=OrderLine.Kind.ITEM).delete()
    rows.update(items, ["unit_price", "total_minor", "tax_minor", "tax_rate_bp"])
    rows.insert(charges)
    rows.update([order], [*_SUMS, "prices_include_tax"])
    return True


def first_payment_state(order: Order) -> str:
    """Where the payment axis of an order begins, by its way of paying."""
    method = "free" if order.total_minor == 0 else order.payment_method
    return _FIRST_PAYMENT_STATE.get(method, PaymentState.UNPAID)


def mark(orders: Sequence[Order], *, cause: Cause, **axes: str | Mapping[UUID, str]) -> None:
    """Write axes of orders, each a state for all or a state by order id. Moves that change nothing are left out."""
    for axis, wanted in axes.items():
        changes = [
            states.Change(order.id, getattr(order, axis), wanted if isinstance(wanted, str) else wanted[order.id])
            for order in orders
            if isinstance(wanted, str) or order.id in wanted
        ]
        unwritten = {order.id for order in orders if rows.is_unwritten(order)}
        states.move_all(Order, axis, changes, moves=_AXES[axis], cause=cause, unwritten=unwritten)
        for order in orders:
            if isinstance(wanted, str) or order.id in wanted:
                setattr(order, axis, wanted if isinstance(wanted, str) else wanted[order.id])


def hold(reasons: Mapping[UUID, Sequence[tuple[str, str]]], *, actor: str) -> None:
    """Put orders on hold (`order id -> [(reason, detail)]`); a reason that holds already is left as it is."""
    placed = [
        OrderHold(id=uuid7(), order_id=order, reason=reason, detail=detail[:300], set_by=actor, set_at=clock.now())
        for order, wanted in reasons.items()
        for reason, detail in wanted
    ]
    if placed:
        rows.insert_new(placed)
        Order.objects.filter(id__in=[hold.order_id for hold in placed]).update(is_held=True)


def release(orders: Iterable[UUID], *, actor: str, reasons: Sequence[str] | None = None) -> int:
    """End holds (all, or of these reasons); an order without a hold left goes on. Returns how many holds ended."""
    ids = list(orders)
    with transaction.atomic():
        holds = OrderHold.objects.filter(order__in=ids, released_at=None)
        if reasons is not None:
            holds = holds.filter(reason__in=reasons)
        ended = holds.update(released_at=clock.now(), released_by=actor)
        if ended:
            still = OrderHold.objects.filter(order=models.OuterRef("pk"), released_at=None)
            Order.objects.filter(id__in=ids, is_held=True).exclude(models.Exists(still)).update(is_held=False)
    return ended


def lock(ids: Iterable[UUID]) -> list[Order]:
    """Orders locked for this transaction, in id order (everywhere the same, so that two stories never deadlock)."""
    return list(Order.objects.filter(id__in=set(ids)).order_by("id").select_for_update(no_key=True))


def payable_minor(order: Order, lines: Iterable[OrderLine]) -> int:
    """What is to be paid after units were called off: the total less the cancelled units' share (with their added tax)."""
    return order.total_minor - sum(called_off_minor(order, line, line.cancelled) for line in lines)


def called_off_minor(order: Order, line: OrderLine, units: int, *, before: int = 0) -> int:
    """The value of units of a line that were called off, `before` of them earlier. Called-off units are counted from the
    end of the line and shipped ones from its start, so that each unit has one value whatever happened first.
    """
    return part_minor(order, line, units, before=line.quantity - before - units)


def part_minor(order: Order, line: OrderLine, units: int, *, before: int) -> int:
    """What the customer pays for units of a line after its first `before`; the parts of a line add up to it exactly."""
    if not line.quantity:
        return 0
    whole = line.total_minor + (0 if order.prices_include_tax else (line.tax_minor or 0))
    return tax.share(whole, before=before, units=units, of=line.quantity)


def count_units(*, shipped: Mapping[UUID, int] | None = None, cancelled: Mapping[UUID, int] | None = None) -> None:
    """Add units to lines' counters (`line id -> units`) in one statement each; the CHECK refuses more than was sold."""
    for column, units in (("shipped", shipped), ("cancelled", cancelled)):
        if units:
            with database.cursor() as cursor:
                cursor.execute(
                    f"UPDATE orders_orderline AS line SET {column} = line.{column} + new.units"
                    " FROM unnest(%s::uuid[], %s::int[]) AS new(id, units) WHERE line.id = new.id",
                    [list(units), list(units.values())],
                )


def close_if_done(orders: Sequence[Order], *, cause: Cause) -> None:
    """An order that is delivered (or shipped) and settled needs nobody any more."""
    done = [
        order
        for order in orders
        if order.lifecycle == Lifecycle.OPEN
        and order.fulfilment in {FulfilmentState.DELIVERED, FulfilmentState.RETURNED}
        and order.payment
        in {PaymentState.PAID, PaymentState.PARTLY_REFUNDED, PaymentState.REFUNDED, PaymentState.NOT_REQUIRED}
    ]
    mark(done, cause=cause, lifecycle=Lifecycle.CLOSED)


def allocation_of(wanted: int, allocated: int) -> str:
    """The allocation axis of an order whose unshipped units are `wanted`, of which `allocated` are promised."""
    if allocated >= wanted:
        return AllocationState.FULL
    return AllocationState.PARTIAL if allocated else AllocationState.NONE


def as_row(order: Order) -> dict[str, Any]:
    """Numbers of an order for a fact: references only, no personal data."""
    return {
        "order": str(order.id),
        "number": order.number,
        "total_minor": order.total_minor,
        "currency": order.currency,
    }
