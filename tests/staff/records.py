"""A few of every record that the record room shows, made straight from the models; `many` of each that lists repeat."""

import uuid
from datetime import timedelta
from types import SimpleNamespace

from apps.catalog.models import Price, Product, Variant
from apps.channels.models import ChannelRule, Listing, SellingPolicy
from apps.core import audit, clock
from apps.core.ids import uuid7
from apps.core.models import Brand, Company
from apps.customers.models import Address, Customer
from apps.hub import delivery, inbox
from apps.hub.abilities import Event
from apps.hub.contracts import VoidLabel
from apps.hub.models import (
    Attempt,
    Connection,
    Delivery,
    ExternalId,
    FieldMap,
    FileRun,
    InboxEvent,
    JobRun,
    SetAsideRow,
)
from apps.inventory.models import (
    BackorderPolicy,
    Demand,
    LandedCost,
    LandedPart,
    Location,
    Lot,
    PurchaseOrder,
    Receipt,
    ReceiptLine,
    ReorderRule,
    SourcingDecision,
    SourcingRule,
    StockLevel,
    StockMovement,
    Stocktake,
    Supplier,
    SupplierItem,
    Transfer,
)
from apps.ledger import services as ledger
from apps.ledger.models import TaxCode
from apps.messaging.models import Message
from apps.orders.models import Order, OrderHold, OrderLine, Return, ReturnLine
from apps.payments.models import Payment, Refund
from apps.reconciliation.models import Difference, MoneyLine, Payout, Statement
from apps.shipping.models import Parcel, Shipment, ShipmentLine, TrackStep

BODY = b'{"order": 1, "email": "rina@example.com"}'


def make_shop(many: int = 1, *, more: bool = False) -> SimpleNamespace:
    """A shop with one connection and `many` of everything that trade repeats; `more` adds that many to the same shop."""
    shop = SimpleNamespace(now=clock.now())
    shop.brand, _made = Brand.objects.get_or_create(code="aoba", defaults={"name": "Aobado"})
    shop.location, _made = Location.objects.get_or_create(
        code="main", defaults={"name": "Warehouse", "is_default": True}
    )
    Company.objects.get_or_create(defaults={"name": "Aobado"})
    shop.connection, _made = Connection.objects.get_or_create(
        name="Stripe", defaults={"brand": shop.brand, "connector": "stripe", "created_at": shop.now}
    )
    first = Order.objects.count()
    for number in range(first, first + many):
        _trade(shop, number)
        _traffic(shop, number)
        _night(shop, number)
    if more:
        _grow(shop, many)
    return shop


def _grow(shop: SimpleNamespace, many: int) -> None:
    """More parts inside the oldest records, whose forms show them."""
    oldest = {model: model.objects.order_by("pk").first() for model in (Order, Product, Payment, Shipment, Delivery)}
    receipt, back, run, customer = (m.objects.order_by("pk").first() for m in (Receipt, Return, FileRun, Customer))
    line = oldest[Order].lines.get()
    for number in range(2, 2 + many):
        variant = Variant.objects.create(
            product=oldest[Product], sku=f"MORE-{number}", title="Tea", tax_code=TaxCode.objects.get(pk="standard")
        )
        Price.objects.create(variant=Variant.objects.order_by("pk").first(), currency=f"X{number:02}", amount=1)
        OrderLine.objects.create(
            order=oldest[Order], number=number, variant=variant, title="Tea", quantity=1, unit_price=1, total_minor=1
        )
        OrderHold.objects.create(order=oldest[Order], reason=f"r{number}", set_by="hana", set_at=shop.now)
        Refund.objects.create(payment=oldest[Payment], amount_minor=1, source_id=uuid.uuid4(), requested_at=shop.now)
        Parcel.objects.create(shipment=oldest[Shipment], number=number, weight_g=1)
        Attempt.objects.create(
            delivery=oldest[Delivery], number=number, at=shop.now, wall_at=shop.now, milliseconds=1, outcome="sent"
        )
        ReceiptLine.objects.create(receipt=receipt, number=number, variant=variant, quantity=1, unit_cost=1)
        ReturnLine.objects.create(document=back, number=number, sku="MORE", order_line=line)
        _grow_buying(number, variant, receipt)
        SetAsideRow.objects.create(run=run, row=number + 10, reason="quantity")
        Address.objects.create(customer=customer, city="Shizuoka")


def _grow_buying(number: int, variant: Variant, receipt: Receipt) -> None:
    """More articles of the oldest supplier, order, transfer and landed cost."""
    supplier, order, transfer, cost, sheet = (
        model.objects.order_by("pk").first() for model in (Supplier, PurchaseOrder, Transfer, LandedCost, Stocktake)
    )
    level, _made = StockLevel.objects.get_or_create(variant=variant, location=sheet.location)
    row = sheet.lines.create(level=level, number=number)
    sheet.strays.create(code=f"4999{number}", units=1, last_at=sheet.made_at, last_by="hana", line=row)
    SupplierItem.objects.create(supplier=supplier, variant=variant, price=1)
    ReorderRule.objects.create(variant=variant)
    order.lines.create(number=number, variant=variant, quantity=1, price=1)
    transfer.lines.create(number=number, variant=variant, quantity=1)
    LandedPart.objects.create(
        cost=cost, line=receipt.lines.get(number=number), amount_minor=1, stock_minor=1, sold_minor=0
    )


def _trade(shop: SimpleNamespace, number: int) -> None:
    now = shop.now + timedelta(minutes=number)
    product = Product.objects.create(brand=shop.brand, title=f"Tea {number}")
    variant = Variant.objects.create(
        product=product,
        sku=f"TEA-{number}",
        barcode=f"49{number:011}",
        title="Tea",
        tax_code=TaxCode.objects.get(pk="reduced"),
    )
    Price.objects.create(variant=variant, currency="JPY", amount=1200)
    customer = Customer.objects.create(
        brand=shop.brand, name=f"Kato {number}", email=f"k{number}@example.com", phone=f"03-{number:04}", created_at=now
    )
    address = Address.objects.create(customer=customer, name="Kato Rina", city="Shizuoka")
    order = Order.objects.create(
        brand=shop.brand, number=f"KG-{number}", channel=shop.connection, external_number=f"#{number}", customer=customer,
        ship_to=address, placed_at=now, taken_at=now, currency="JPY", items_minor=1200, total_minor=1200,
    )  # fmt: skip
    line = OrderLine.objects.create(
        order=order, number=1, variant=variant, sku=variant.sku, title="Tea", quantity=2, shipped=1, returned=1,
        unit_price=600, total_minor=1200,
    )  # fmt: skip
    OrderHold.objects.create(order=order, reason="manual", set_by="hana", set_at=now)
    level = StockLevel.objects.create(variant=variant, location=shop.location, on_hand=9, reserved=1)
    SourcingRule.objects.get_or_create(kind="nearest")
    SourcingDecision.objects.create(
        group=order.id, at=now, reasons=[{"code": "from_one", "facts": {"place": "Warehouse"}}]
    )
    StockMovement.objects.create(
        level=level, at=now, kind="opening", on_hand=9, source_kind="test", source_id=uuid.uuid4(), actor="hana"
    )
    Lot.objects.create(variant=variant, number=f"L-{number}")
    Demand.objects.create(
        level=level, kind="order_line", subject=line.id, group=order.id, quantity=2, allocated=1, arrived_at=now
    )
    receipt = Receipt.objects.create(number=f"R-{number}", location=shop.location, at=now, currency="JPY")
    ReceiptLine.objects.create(receipt=receipt, number=1, variant=variant, quantity=9, unit_cost=300)
    payment = Payment.objects.create(
        order=order, connection=shop.connection, method="card", provider_id=f"pi_{number}", currency="JPY",
        expected_minor=1200, authorised_minor=1200, captured_minor=1200, status="captured", created_at=now,
    )  # fmt: skip
    Refund.objects.create(payment=payment, amount_minor=100, source_id=uuid.uuid4(), requested_at=now)
    shipment = Shipment.objects.create(order=order, location_ref=shop.location.id, number=f"S-{number}", planned_at=now)
    ShipmentLine.objects.create(shipment=shipment, order_line=line, quantity=1)
    parcel = Parcel.objects.create(shipment=shipment, weight_g=300, tracking_number=f"TRK{number}", currency="JPY")
    TrackStep.objects.create(parcel=parcel, at=now, status="in_transit")
    back = Return.objects.create(
        number=f"C-{number}", channel=shop.connection, customer=customer, at=now, currency="JPY"
    )
    ReturnLine.objects.create(document=back, number=1, sku=variant.sku, order_line=line, returned=1)
    Listing.objects.create(connection=shop.connection, variant=variant, sku=variant.sku, external_id=f"gid-{number}")
    SellingPolicy.objects.create(variant=variant)
    BackorderPolicy.objects.create(variant=variant)
    ChannelRule.objects.get_or_create(connection=shop.connection)
    Message.objects.create(
        order_ref=order.id, template="confirmed", source_id=uuid.uuid4(), locale="ja", to="k@example.com", subject="Thanks",
        text="…", created_at=now,
    )  # fmt: skip
    ledger.record([
        ledger.Posting(
            event="payment.captured", at=now, currency="JPY", source_kind="payment", source_id=payment.id,
            figures={"amount": 1200}, order_ref=order.id, party=shop.connection.id,
        )
    ])  # fmt: skip
    audit.record("order.held", actor="hana", subject=order)
    _buying(shop, number, variant, receipt.lines.get())
    shop.order, shop.variant, shop.level, shop.payment, shop.customer = order, variant, level, payment, customer


def _buying(shop: SimpleNamespace, number: int, variant: Variant, line: ReceiptLine) -> None:
    supplier = Supplier.objects.create(code=f"S{number}", name=f"Tea garden {number}")
    SupplierItem.objects.create(supplier=supplier, variant=variant, price=300)
    ReorderRule.objects.create(variant=variant, location=shop.location, lead_days=5)
    order = PurchaseOrder.objects.create(
        number=f"PO-{number}", supplier=supplier, location=shop.location, currency="JPY", rate=1, made_at=shop.now,
        made_by="hana",
    )  # fmt: skip
    order.lines.create(number=1, variant=variant, quantity=9, price=300)
    other, _made = Location.objects.get_or_create(code="other", defaults={"name": "Shop"})
    transfer = Transfer.objects.create(
        number=f"TR-{number}", origin=shop.location, destination=other, made_at=shop.now, made_by="hana"
    )
    transfer.lines.create(number=1, variant=variant, quantity=2)
    cost = LandedCost.objects.create(
        kind="freight", basis="value", amount_minor=100, currency="JPY", at=shop.now, actor="hana"
    )
    LandedPart.objects.create(cost=cost, line=line, amount_minor=100, stock_minor=90, sold_minor=10)
    sheet = Stocktake.objects.create(
        number=f"ST-{number}", location=shop.location, scope="all", made_at=shop.now, made_by="hana"
    )
    level = StockLevel.objects.get(variant=variant, location=shop.location)
    row = sheet.lines.create(level=level, number=1)
    sheet.strays.create(code="4999", units=1, last_at=shop.now, last_by="hana", line=row)


def _traffic(shop: SimpleNamespace, number: int) -> None:
    connection = shop.connection
    event = Event(id=f"evt_{number}", topic="orders/updated", at=shop.now, raw=BODY, subject=f"order:{number}")
    inbox.store(connection.id, [event], origin="hook")
    shop.event = InboxEvent.objects.get(connection=connection, event_id=f"evt_{number}")
    delivery.enqueue([
        delivery.NewDelivery(
            connection_id=connection.id, operation="label.void", key=f"void:{number}",
            words=[VoidLabel(reference="S-1", label_id="se-1")], kind="parcel", subject=uuid7(),
            order_ref=shop.order.id,
        )
    ])  # fmt: skip
    shop.delivery = Delivery.objects.get(key=f"void:{number}")
    Attempt.objects.create(
        delivery=shop.delivery, number=1, at=shop.now, wall_at=shop.now, milliseconds=12, outcome="transient"
    )
    ExternalId.objects.create(connection=connection, kind="order", external_id=f"#{number}", subject=shop.order.id)
    FieldMap.objects.create(connection=connection, version=number + 1, made_at=shop.now)
    run = FileRun.objects.create(
        event=shop.event, connection=connection, name=f"orders{number}.csv", kind="orders", started_at=shop.now
    )
    SetAsideRow.objects.create(run=run, row=3, reason="quantity")
    JobRun.objects.create(job="reconcile_orders", period=f"2026-11-{number + 1:02}", due_at=shop.now)


def _night(shop: SimpleNamespace, number: int) -> None:
    day = f"2026-11-{number + 1:02}"
    Statement.objects.create(
        connection=shop.connection,
        leg="orders",
        period=day,
        verdict="matched",
        read_at=shop.now,
        theirs=1,
        ours=1,
        matched=1,
    )
    payout = Payout.objects.create(
        connection=shop.connection, provider_id=f"po_{number}", amount_minor=1164, currency="JPY", arrives_on=shop.now.date(),
        status="paid", at=shop.now,
    )  # fmt: skip
    MoneyLine.objects.create(
        connection=shop.connection, payout=payout, provider_id=f"txn_{number}", kind="charge", amount_minor=1200,
        fee_minor=36, net_minor=1164, currency="JPY", at=shop.now,
    )  # fmt: skip
    Difference.objects.create(
        kind="payout_sum", connection=shop.connection, thing=f"po_{number}", period=day, found_at=shop.now
    )
