"""A shop that has lived a little: everything in it came about through the stories, so that every invariant holds."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from apps.channels import services as channels
from apps.channels.models import ChannelRule
from apps.core import clock
from apps.core.models import Company
from apps.flows import (
    announce,
    cancel_order,
    receive_return,
    reconcile_money,
    refund_order,
    settle_payment,
    ship_order,
    take_listings,
    take_stock,
    wiring,
)
from apps.flows.place_orders import place_orders
from apps.hub import connections, delivery, inbox
from apps.hub.abilities import Event
from apps.hub.contracts import (
    CustomerCard,
    Label,
    MoneyLine,
    PaymentFact,
    Payout,
    RefundFact,
    ReturnDraft,
    ReturnLineDraft,
    Sent,
    StockChange,
    StockOutcome,
    TrackEvent,
    VariantCard,
)
from apps.hub.delivery import _Outcome
from apps.hub.models import Connection, InboxEvent, JobRun
from apps.ledger import services as ledger
from apps.orders.models import Order
from apps.payments.models import Refund
from apps.shipping.models import Parcel
from tests import builders
from tests.flows import buying
from tests.inventory import sheets


@dataclass
class Shop:
    """The connections and what was sold: an order for each way that one can go."""

    shopify: Connection
    stripe: Connection
    csv: Connection
    shipped: Order
    waiting: Order
    cancelled: Order
    on_delivery: Order


def _receive(shop: Connection, sku: str, units: int, line: int) -> None:
    change = StockChange(
        document="R1", line=line, sku=sku, kind="receipt", quantity=units, at=clock.now(), unit_cost=Decimal(400),
        currency="JPY",
    )  # fmt: skip
    assert take_stock.take([change], source=shop) == []


def _fact(order: Order, status: str, *, captured: int = 0) -> PaymentFact:
    return PaymentFact(
        provider_id=f"pi_{order.number}", status=status, currency="JPY", amount_minor=order.total_minor,
        authorised_minor=order.total_minor, captured_minor=captured, at=clock.now(), method="card",
        order_reference=order.external_number,
    )  # fmt: skip


def _send_all() -> None:
    """Announce everything and settle every call as sent, as if the vendors had taken it."""
    while announce.announce():
        pass
    for item in delivery.claim(100):
        assert delivery.settle(item.delivery, _Outcome("sent", "sent", answers=[Sent(reference="r", external_id="e")]))
    inbox.close(InboxEvent.objects.filter(status="new"), InboxEvent.Status.DONE)


def _hear(source: Connection, id_: str) -> None:
    """A notice as it came in, done."""
    inbox.store(source.id, [Event(id=id_, topic="order", at=clock.now(), raw=b"{}")], origin="hook", body=b"{}")
    inbox.close(InboxEvent.objects.filter(event_id=id_), InboxEvent.Status.DONE)


def open_shop() -> Shop:
    """Open it and let it live a few days."""
    wiring.forget()
    connections.forget()
    ledger.forget_rules()
    Company.objects.create(name="Aobado", ships_by_itself=True)
    builders.location()
    made = {slug: builders.connection(slug) for slug in ("shopify", "stripe", "csv", "shipengine", "smtp")}
    shopify, stripe, csv = made["shopify"], made["stripe"], made["csv"]
    for number, sku in enumerate(("CUP", "TEA"), start=1):
        builders.variant(sku)
        _receive(csv, sku, 10, number)
    cards = [
        VariantCard(sku=sku, title=sku, external_id=f"v-{sku}", stock_external_id=f"i-{sku}") for sku in ("CUP", "TEA")
    ]
    take_listings.take(cards, source=shopify)
    line = builders.line_draft
    cups, tea = line(1, sku="CUP", quantity=6), line(2, sku="TEA", quantity=2)
    postage = line(3, kind="shipping", title="送料", unit_price=Decimal(550))
    drafts = [
        builders.order_draft(cups, tea, postage, external_id="a", customer=CustomerCard(email="a@example.com")),
        builders.order_draft(line(1, sku="CUP", quantity=9), external_id="b"),
        builders.order_draft(line(1, sku="TEA", quantity=3), external_id="c"),
        builders.order_draft(line(1, sku="TEA", quantity=1), external_id="d", payment_method="cod"),
    ]
    for draft in drafts:
        _hear(shopify, f"notice-{draft.external_id}")
    shipped, waiting, cancelled, on_delivery = place_orders(drafts, source=shopify).orders
    settle_payment.settle([_fact(shipped, "authorised"), _fact(cancelled, "authorised")], source=stripe)
    cancel_order.cancel(cancelled, actor="hana", reason="changed her mind")
    _ship([shipped, on_delivery])
    settle_payment.settle([_fact(shipped, "captured", captured=shipped.total_minor)], source=stripe)
    _bring_back(shipped, csv, stripe)
    buying.live()
    sheets.live()
    _send_all()
    _tell_stock(shopify)
    _pay_out(shipped, stripe)
    _run_nights()
    for order in (shipped, waiting, cancelled, on_delivery):
        order.refresh_from_db()
    return Shop(shopify, stripe, csv, shipped, waiting, cancelled, on_delivery)


def _ship(orders: list[Order]) -> None:
    planned = ship_order.plan(orders, actor="hana", leaves_by_itself=True)
    _send_all()
    parcels = Parcel.objects.filter(shipment__in=planned).order_by("id")
    labels = [
        (
            parcel.id,
            Label(
                reference=f"{parcel.shipment.number}-1", label_id=f"L{n}", tracking_number=f"T{n}", carrier="yamato",
                service="", cost_minor=600, currency="JPY",
            ),
        )
        for n, parcel in enumerate(parcels.select_related("shipment"))
    ]  # fmt: skip
    ship_order.take_labels(labels, actor="test")
    events = [
        TrackEvent(tracking_number=label.tracking_number, status="delivered", at=clock.now()) for _, label in labels
    ]
    assert ship_order.take_tracking(events, actor="carrier") == []


def _bring_back(order: Order, csv: Connection, stripe: Connection) -> None:
    """Two cups come back and their money goes back; one article that was never sold stays unmatched."""
    lines = (
        ReturnLineDraft(number=1, sku="CUP", quantity=2, amount_minor=2200),
        ReturnLineDraft(number=2, sku="POT", quantity=1, amount_minor=900),
    )
    draft = ReturnDraft(
        external_id="C1", at=clock.now(), currency="JPY", lines=lines, customer=CustomerCard(email="a@example.com")
    )
    receive_return.receive(draft, source=csv)
    refund = Refund.objects.get()
    fact = RefundFact(
        provider_id="re_1", payment_provider_id=f"pi_{order.number}", status="succeeded", currency="JPY", amount_minor=2200,
        at=clock.now(), reference=str(refund.id),
    )  # fmt: skip
    assert refund_order.take_fact(fact, source=stripe)


def _tell_stock(shopify: Connection) -> None:
    rows = channels.to_tell([row.id for row in channels.dirty(shopify.id, 10)], rule=ChannelRule(), unheard=dict)
    outcomes = [StockOutcome(external_id=row.stock_external_id, is_set=True) for row, _ in rows]
    pushed = {row.stock_external_id: units for row, units in rows}
    channels.told(shopify, {one.external_id: one for one in outcomes}, pushed, is_answered=True)


def _pay_out(order: Order, stripe: Connection) -> None:
    """What was captured of an order less its refund and the fee reaches the bank."""
    taken = order.total_minor
    facts = {"currency": "JPY", "at": clock.now(), "payment_id": f"pi_{order.number}"}
    lines = [
        MoneyLine(provider_id="txn_1", kind="charge", amount_minor=taken, fee_minor=36, net_minor=taken - 36, **facts),
        MoneyLine(
            provider_id="txn_2", kind="refund", amount_minor=-2200, fee_minor=0, net_minor=-2200, refund_id="re_1", **facts
        ),
    ]  # fmt: skip
    payout = Payout(
        provider_id="po_1", amount_minor=taken - 2236, currency="JPY", arrives_on=date(2026, 11, 27), status="paid",
        at=clock.now(),
    )  # fmt: skip
    assert not reconcile_money.take_payout(payout, lines, source=stripe, period="2026-11-22")


def _run_nights() -> None:
    today = clock.business_date()
    for days in (3, 2, 1):
        at = clock.now() - timedelta(days=days - 1)
        period = (today - timedelta(days=days)).isoformat()
        JobRun.objects.create(job="night", period=period, due_at=at, started_at=at, finished_at=at)
