"""A shop as the screens see it, made by the same stories that make a real one, and small means to bring an order anywhere.

The connections have no credentials and call nobody: nothing here drains the outbox.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from apps.catalog.models import Price, Product, Variant
from apps.channels.models import Listing
from apps.core import clock
from apps.core.ids import uuid7
from apps.core.models import Brand, Company
from apps.flows import settle_payment, ship_order, wiring
from apps.flows.place_orders import place_orders
from apps.hub.contracts import Address, CustomerCard, LineDraft, OrderDraft, PaymentFact
from apps.hub.models import Attempt, Connection, Delivery
from apps.inventory import shelf
from apps.inventory.models import Location
from apps.inventory.shelf import ReceiptRow
from apps.ledger.models import TaxCode
from apps.orders.models import Order
from apps.payments.models import Payment
from apps.reconciliation.models import Difference, Statement
from apps.shipping.models import Parcel, Shipment

_numbers = count(1001)


@dataclass(slots=True)
class Shop:
    """Everything a test wants to reach for."""

    company: Company
    brand: Brand
    location: Location
    channel: Connection
    files: Connection
    provider: Connection
    carrier: Connection
    mailer: Connection
    variants: dict[str, Variant] = field(default_factory=dict)


def make_shop(**stock: int) -> Shop:
    """和のうつわ 青葉堂 with a channel of each sort; `stock` is SKU -> units on the shelf (a dash is written as _)."""
    company = Company.objects.create(
        name="株式会社青葉堂",
        registration_number="T1180301018771",
        address="東京都台東区上野 1-2-3",
        phone="03-0000-0000",
    )
    brand = Brand.objects.create(code="aoba", name="和のうつわ 青葉堂", mail_from="shop@example.com")
    place = {
        "name": "青葉堂",
        "country": "JP",
        "postal_code": "110-0005",
        "region": "東京都",
        "city": "台東区",
        "line1": "1-2-3",
    }
    location = Location.objects.create(code="main", name="東京倉庫", is_default=True, ship_from=place)
    made = {
        slug: make_connection(brand, slug, name)
        for slug, name in (
            ("shopify", "自社サイト"), ("csv", "卸の注文"), ("stripe", "Stripe"), ("shipengine", "ShipEngine"), ("smtp", "メール"),
        )
    }  # fmt: skip
    wiring.forget()
    shop = Shop(
        company, brand, location, made["shopify"], made["csv"], made["stripe"], made["shipengine"], made["smtp"]
    )
    for sku, units in stock.items():
        make_variant(shop, sku.replace("_", "-"), units)
    return shop


def make_connection(brand: Brand, connector: str, name: str, **fields: Any) -> Connection:
    """A connection that was heard just now."""
    now = clock.now()
    wanted = {"created_at": now, "last_heard_at": now, "last_ok_at": now} | fields
    return Connection.objects.create(brand=brand, connector=connector, name=name, **wanted)


def make_variant(
    shop: Shop,
    sku: str,
    units: int = 0,
    *,
    title: str = "",
    barcode: str = "",
    price: int = 1100,
    reduced: bool = False,
) -> Variant:
    """An article with stock, a price with tax, and a listing at the channel."""
    product = Product.objects.create(brand=shop.brand, title=title or f"品 {sku}")
    variant = Variant.objects.create(
        product=product, sku=sku, title=title or f"品 {sku}", barcode=barcode, weight_g=300,
        tax_code=TaxCode.objects.get(pk="reduced" if reduced else "standard"),
    )  # fmt: skip
    Price.objects.create(variant=variant, currency="JPY", amount=price)
    Listing.objects.create(
        connection=shop.channel, variant=variant, sku=sku, title=variant.title, external_id=f"v-{sku}",
        stock_external_id=f"i-{sku}", shown=units, set_at=clock.now(),
    )  # fmt: skip
    shop.variants[sku] = variant
    receive(shop, sku, units, is_opening=True)
    return variant


def receive(shop: Shop, sku: str, units: int, *, is_opening: bool = False) -> None:
    """Goods arrive."""
    if units:
        row = ReceiptRow(number=1, variant=shop.variants[sku].id, quantity=units, unit_cost=Decimal(400))
        shelf.receive(
            f"R-{next(_numbers)}", [row], location=shop.location, source=None, at=clock.now(), currency="JPY",
            actor="tests", is_opening=is_opening,
        )  # fmt: skip


def make_order(
    shop: Shop, *lines: tuple[str, int], method: str = "card", name: str = "高橋 直子", phone: str = "090-1234-4471",
    email: str = "", placed_at: datetime | None = None, shipping: int = 770, is_complete: bool = True, note: str = "",
    source: Connection | None = None,
) -> Order:  # fmt: skip
    """A sale as the channel tells it: `lines` are (SKU, units). Prices are those of the variants, with tax."""
    number = next(_numbers)
    prices = {
        sku: shop.variants[sku].prices.get().amount if sku in shop.variants else Decimal(1100) for sku, _ in lines
    }
    drafts = [
        LineDraft(
            number=at, kind="item", title=shop.variants[sku].title if sku in shop.variants else sku, quantity=units,
            total_minor=int(prices[sku]) * units, unit_price=prices[sku], sku=sku, external_id=f"line-{number}-{at}",
        )
        for at, (sku, units) in enumerate(lines, 1)
    ]  # fmt: skip
    if shipping:
        drafts.append(
            LineDraft(
                number=len(drafts) + 1, kind="shipping", title="送料", quantity=1, total_minor=shipping,
                unit_price=Decimal(shipping),
            )
        )  # fmt: skip
    draft = OrderDraft(
        external_id=f"gid-{number}", number=f"#{number}", version=1, placed_at=placed_at or clock.now(), currency="JPY",
        total_minor=sum(line.total_minor for line in drafts), lines=tuple(drafts), payment_method=method, note=note,
        customer=CustomerCard(email=email or f"c{number}@example.com", name=name, phone=phone),
        ship_to=Address(
            name=name, postal_code="662-0911", country="JP", region="兵庫県", city="西宮市",
            line1="池田町 4-12" if is_complete else "",
        ),
    )  # fmt: skip
    (order,) = place_orders([draft], source=source or shop.channel).orders
    if placed_at:
        Order.objects.filter(id=order.id).update(taken_at=placed_at)
    return Order.objects.get(id=order.id)


def pay(order: Order, *, status: str = "authorised", shop: Shop) -> Payment:
    """The provider tells that the money is promised, or taken."""
    payment = Payment.objects.get(order=order)
    settle_payment.settle(
        [
            PaymentFact(
                provider_id=payment.provider_id or f"pi_{order.number}", status=status, currency=payment.currency,
                amount_minor=payment.expected_minor, at=clock.now(), order_reference=order.number, method=payment.method,
                authorised_minor=payment.expected_minor,
                captured_minor=payment.expected_minor if status == "captured" else 0,
            )
        ],
        source=shop.provider,
    )  # fmt: skip
    order.refresh_from_db()
    return Payment.objects.get(order=order)


def plan(order: Order) -> Shipment:
    """A parcel of everything that is promised."""
    (shipment,) = ship_order.plan([Order.objects.get(id=order.id)], actor="tests")
    return shipment


def label(shipment: Shipment, number: str = "301744206610") -> Parcel:
    """The carrier has sold the label."""
    parcel = Parcel.objects.get(shipment=shipment)
    parcel.tracking_number, parcel.carrier_name, parcel.label_status = number, "ヤマト", "bought"
    parcel.label_id = f"se-{number}"
    parcel.save()
    return parcel


def make_delivery(
    connection: Connection, operation: str, *, order: Order | None = None, status: str = "sent", tries: tuple[str, ...] = (),
    reason: str = "", **fields: Any,
) -> Delivery:  # fmt: skip
    """A call with attempts of these outcomes, half a minute apart."""
    now = clock.now()
    wanted = {"kind": "order", "subject": uuid7(), "done_at": now if status == "sent" else None} | fields
    row = Delivery.objects.create(
        connection=connection, operation=operation, key=f"{operation}:{uuid7()}", order_ref=order.id if order else None,
        status=status, due_at=now, created_at=now, attempts=len(tries), reason=reason, **wanted,
    )  # fmt: skip
    for number, outcome in enumerate(tries, 1):
        at = now + timedelta(seconds=30 * number)
        Attempt.objects.create(
            delivery=row, number=number, at=at, wall_at=at, milliseconds=400 * number, outcome=outcome,
            reason="" if outcome == "sent" else "503 busy",
        )  # fmt: skip
    return row


def make_statement(connection: Connection, leg: str, period: str, verdict: str = "matched", **fields: Any) -> Statement:
    """One look at a source."""
    wanted = {"read_at": clock.now(), "source_until": connection.last_heard_at} | fields
    return Statement.objects.create(connection=connection, leg=leg, period=period, verdict=verdict, **wanted)


def make_difference(
    connection: Connection, kind: str, period: str, *, state: str = "open", **fields: Any
) -> Difference:
    """Two sides that do not agree."""
    wanted = {"thing": f"thing-{next(_numbers)}", "currency": "JPY", "found_at": clock.now()} | fields
    return Difference.objects.create(connection=connection, kind=kind, period=period, state=state, **wanted)
