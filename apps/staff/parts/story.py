"""One order with everything that belongs to it, each table read once: what the order page and its timeline are made of."""

from collections import defaultdict
from dataclasses import dataclass, field
from uuid import UUID

from apps.core.models import Company
from apps.inventory import queries as inventory
from apps.inventory.models import Demand
from apps.inventory.portions import Portion
from apps.orders import queries as orders
from apps.orders import services
from apps.orders.models import Order, OrderHold, OrderLine, ReturnLine
from apps.orders.states import AllocationState, FulfilmentState, Lifecycle
from apps.payments.models import Payment, Refund
from apps.shipping.models import Parcel, Shipment, ShipmentLine, TrackStep
from apps.shipping.states import Status
from apps.staff.parts import slip


@dataclass(slots=True, kw_only=True)
class Story:
    """An order and its own rows."""

    order: Order
    lines: list[OrderLine]
    company: Company | None
    holds: list[OrderHold]
    portions: dict[UUID, list[Portion]]  # line -> what is wanted for it at each place
    payments: list[Payment]
    refunds: list[Refund]
    parcels: list[Parcel]
    shipments: dict[UUID, Shipment]
    packed: dict[UUID, list[ShipmentLine]]
    steps: list[TrackStep]
    returns: list[ReturnLine]
    by_line: dict[UUID, list[ShipmentLine]] = field(default_factory=dict)

    @property
    def open_holds(self) -> list[OrderHold]:
        """What keeps it now."""
        return [hold for hold in self.holds if hold.released_at is None]

    @property
    def payment(self) -> Payment | None:
        """The payment that refunds go against: the one with money in it, else the first."""
        return max(self.payments, key=lambda row: row.captured_minor, default=None)

    @property
    def pending(self) -> Shipment | None:
        """A shipment that is planned and has not left."""
        return next((s for s in self.shipments.values() if s.status in {Status.PLANNED, Status.LABELLED}), None)

    @property
    def short(self) -> list[Demand]:
        """What it still waits for."""
        return [
            row
            for portions in self.portions.values()
            for portion in portions
            for row in portion.demands
            if row.waiting > 0
        ]

    @property
    def payable_minor(self) -> int:
        """What is to be paid after units were called off."""
        return services.payable_minor(self.order, self.lines)

    @property
    def rates(self) -> list[slip.Rate]:
        """Tax per rate of the whole order."""
        return slip.rates(((line.tax_rate_bp or 0, line.total_minor) for line in self.lines), self.order, self.company)

    @property
    def slip(self) -> slip.Slip:
        """納品書 of the newest parcel, or of everything that is still wanted while none is planned."""
        live = [row for row in self.shipments.values() if row.status != Status.CANCELLED]
        live.sort(key=lambda row: row.planned_at)
        if live:
            units = {row.order_line_id: row.quantity for row in self.packed[live[-1].id]}
        else:
            units = {line.id: line.quantity - line.cancelled for line in self.lines}
        newest = live[-1] if live else None
        return slip.of(self.order, self.lines, units, self.company, shipment=newest, is_first=len(live) < 2)

    @property
    def refundable_minor(self) -> int:
        """What may still be given back of the payment."""
        return self.payment.captured_minor - self.payment.refunded_minor if self.payment else 0

    @property
    def is_open(self) -> bool:
        """Whether anything may still be done to it."""
        return self.order.lifecycle == Lifecycle.OPEN

    @property
    def can_ship(self) -> bool:
        """Nothing keeps it, and no parcel of it is under way to the door."""
        order = self.order
        return (
            self.is_open
            and not order.is_held
            and order.allocation == AllocationState.FULL
            and order.payment in orders.PAID_ENOUGH
            and order.fulfilment in {FulfilmentState.UNFULFILLED, FulfilmentState.PARTIAL}
            and self.pending is None
        )

    @property
    def can_cancel(self) -> bool:
        """As long as nothing of it has left."""
        return self.is_open and self.order.fulfilment == FulfilmentState.UNFULFILLED


def read(order_id: UUID) -> Story:
    """Everything about one order. Raises `Order.DoesNotExist`."""
    order = Order.objects.select_related("customer", "ship_to", "channel", "brand").get(id=order_id)
    lines = list(OrderLine.objects.filter(order=order).select_related("variant").order_by("number"))
    payments = list(Payment.objects.filter(order=order).select_related("connection").order_by("created_at", "id"))
    has_refunds = any(payment.refunded_minor for payment in payments) or order.payment.endswith("refunded")
    parcels = list(Parcel.objects.filter(shipment__order=order).select_related("shipment__carrier").order_by("id"))
    shipments = {parcel.shipment_id: parcel.shipment for parcel in parcels}
    packed: dict[UUID, list[ShipmentLine]] = defaultdict(list)
    by_line: dict[UUID, list[ShipmentLine]] = defaultdict(list)
    if shipments:
        for row in ShipmentLine.objects.filter(shipment__in=list(shipments)).order_by("shipment", "order_line__number"):
            row.shipment = shipments[row.shipment_id]
            packed[row.shipment_id].append(row)
            by_line[row.order_line_id].append(row)
    has_left = any(shipment.shipped_at for shipment in shipments.values())
    has_returns = any(line.cancelled or line.returned for line in lines)
    return Story(
        order=order,
        lines=lines,
        holds=list(OrderHold.objects.filter(order=order).order_by("set_at", "id")),
        portions=inventory.portions_of([order.id]),
        payments=payments,
        refunds=list(Refund.objects.filter(payment__in=payments).order_by("requested_at")) if has_refunds else [],
        parcels=parcels,
        shipments=shipments,
        packed=packed,
        by_line=by_line,
        steps=list(TrackStep.objects.filter(parcel__in=parcels).select_related("parcel")) if has_left else [],
        returns=list(
            ReturnLine.objects.filter(order_line__in=lines).select_related("document")
        ) if has_returns else [],
        company=Company.objects.first(),
    )  # fmt: skip
