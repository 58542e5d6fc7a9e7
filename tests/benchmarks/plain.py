"""The story of a sale as a good Django shop would write it in plain ORM: the same rows and the same decision, one sale.

`bulk_create` where there are several rows, `select_for_update` in one order, no statement that it can do without, and no
SQL by hand.
"""

from collections import defaultdict
from datetime import timedelta
from uuid import UUID

from django.db import connection as database
from django.db import transaction

from apps.catalog.models import Variant
from apps.channels.models import Listing
from apps.core import clock
from apps.core.ids import uuid7
from apps.core.models import Company, StateMove
from apps.customers.models import Address, Customer
from apps.hub.contracts import OrderDraft
from apps.hub.models import ExternalId, InboxEvent, OutboxFact
from apps.inventory.models import Demand, StockLevel, StockMovement
from apps.ledger import tax
from apps.orders.models import Order, OrderLine
from apps.payments.models import Payment
from tests.benchmarks.shop import Shop


@transaction.atomic
def place(shop: Shop, sale: OrderDraft) -> int:
    """One sale; returns 1."""
    order = _order(shop, sale)
    ExternalId.objects.create(connection=shop.channel, kind="order", external_id=sale.external_id, subject=order.id)
    lines = _lines(order, sale)
    wanted, given = _allocate(shop, order, lines)
    if given:
        order.allocation = "full" if given == wanted else "partial"
        StateMove.objects.create(
            kind="orders.order", subject=order.id, axis="allocation", old="none", new=order.allocation,
            at=order.taken_at, actor="intake",
        )  # fmt: skip
    order.was_short = given < wanted
    order.save(update_fields=["allocation", "was_short"])
    Payment.objects.create(
        order=order, connection=shop.provider, method=order.payment_method, currency=order.currency,
        expected_minor=order.total_minor, created_at=order.taken_at,
    )  # fmt: skip
    units: dict[UUID, int] = defaultdict(int)
    for line in lines:
        units[line.variant_id] += line.quantity
    shown = Listing.objects.filter(connection=shop.channel, variant__in=units, shown__isnull=False)
    listings = list(shown.order_by("id").select_for_update(no_key=True))
    for listing in listings:
        listing.shown -= units[listing.variant_id]
        listing.is_dirty = True
    Listing.objects.bulk_update(listings, ["shown", "is_dirty"])
    _tell(order, lines, given)
    InboxEvent.objects.filter(
        status="waiting", waits_for__in=[f"order:{sale.number}", f"order:{sale.external_id}", f"order:{order.number}"]
    ).update(status="new", due_at=clock.now(), waits_for="")
    return 1


def _order(shop: Shop, sale: OrderDraft) -> Order:
    company = Company.objects.get()
    customer = address = None
    if sale.customer:
        customer, _ = Customer.objects.get_or_create(
            brand_id=shop.channel.brand_id, email=sale.customer.email.strip().lower(),
            defaults={"name": sale.customer.name, "kana": sale.customer.kana, "phone": sale.customer.phone,
                      "locale": sale.customer.locale, "created_at": clock.now()},
        )  # fmt: skip
    if sale.ship_to:
        where = sale.ship_to
        address, _ = Address.objects.get_or_create(
            customer=customer, name=where.name, company=where.company, postal_code=where.postal_code,
            country=where.country, region=where.region, city=where.city, line1=where.line1, line2=where.line2,
            phone=where.phone,
        )  # fmt: skip
    with database.cursor() as cursor:  # the ORM has no word for a sequence
        cursor.execute("SELECT nextval('orders_number')")
        number = f"{company.order_prefix}{cursor.fetchone()[0]:06d}"
    sums: dict[int, int] = defaultdict(int)
    for line in sale.lines:
        sums[line.tax_rate_bp or 0] += line.total_minor
    return Order.objects.create(
        brand_id=shop.channel.brand_id, number=number, channel=shop.channel, external_number=sale.number,
        source_version=sale.version, customer=customer, ship_to=address, placed_at=sale.placed_at, taken_at=clock.now(),
        ship_by=sale.placed_at + timedelta(days=company.ships_within_days), currency=sale.currency,
        items_minor=sum(line.total_minor for line in sale.lines), tax_minor=sum(line.tax_minor or 0 for line in sale.lines),
        tax_computed_minor=sum(tax.tax_by_rate(sums.items(), includes_tax=True).values()),
        total_minor=sale.total_minor, payment_method=sale.payment_method, payment_raw=sale.payment_raw,
        customer_note=sale.note,
    )  # fmt: skip


def _lines(order: Order, sale: OrderDraft) -> list[OrderLine]:
    variants = {row.sku: row for row in Variant.objects.filter(sku__in=[line.sku for line in sale.lines])}
    return OrderLine.objects.bulk_create(
        OrderLine(
            order=order, number=line.number, kind=line.kind, external_id=line.external_id, variant=variants[line.sku],
            sku=line.sku, title=line.title, quantity=line.quantity, unit_price=line.unit_price,
            total_minor=line.total_minor, tax_code=variants[line.sku].tax_code_id, tax_rate_bp=line.tax_rate_bp,
            tax_minor=line.tax_minor,
        )
        for line in sale.lines
    )  # fmt: skip


def _allocate(shop: Shop, order: Order, lines: list[OrderLine]) -> tuple[int, int]:
    variants = [line.variant_id for line in lines]
    levels = (
        StockLevel.objects.filter(location=shop.location, variant__in=variants)
        .order_by("id")
        .select_for_update(no_key=True)
    )
    by_variant = {level.variant_id: level for level in levels}
    demands, movements = [], []
    for line in lines:
        level = by_variant[line.variant_id]
        units = max(0, min(level.available, line.quantity))
        level.reserved += units
        level.backordered += line.quantity - units
        demand = Demand(
            level=level, kind="order_line", subject=line.id, group=order.id, holder=shop.channel.id,
            quantity=line.quantity, allocated=units, arrived_at=order.taken_at,
        )  # fmt: skip
        demands.append(demand)
        if units:
            movements.append(
                StockMovement(
                    level=level, at=order.taken_at, kind="allocation", reserved=units, source_kind="demand",
                    source_id=demand.id, actor="intake",
                )
            )  # fmt: skip
    Demand.objects.bulk_create(demands)
    StockMovement.objects.bulk_create(movements)
    StockLevel.objects.bulk_update(by_variant.values(), ["reserved", "backordered"])
    return sum(line.quantity for line in lines), sum(demand.allocated for demand in demands)


def _tell(order: Order, lines: list[OrderLine], given: int) -> None:
    facts = [
        OutboxFact(
            kind="order", subject=order.id, sequence=1, topic="order.placed", at=order.taken_at,
            detail={"order": str(order.id), "number": order.number, "total_minor": order.total_minor,
                    "currency": order.currency},
        )
    ]  # fmt: skip
    if given:
        facts.append(
            OutboxFact(
                kind="stock", subject=uuid7(), sequence=1, topic="stock.changed", at=order.taken_at,
                detail={"variants": [str(line.variant_id) for line in lines]},
            )
        )  # fmt: skip
    OutboxFact.objects.bulk_create(facts)
