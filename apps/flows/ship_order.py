"""Ship what is promised and paid: plan, label, confirm. Confirming moves stock, books the sale and tells everybody, at once.

A shipment whose units are no longer promised (a count took them back) is called off and its label returned; the order waits.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef

from apps.core import clock
from apps.core.states import Cause
from apps.flows import expire_lots, pack_lots, wiring
from apps.flows.cancel_order import call_off_shipments
from apps.flows.settle_payment import collect_on_delivery
from apps.hub import inbox, outbox
from apps.hub.contracts import Label, TrackEvent
from apps.inventory import queries as inventory_queries
from apps.inventory import services as inventory
from apps.inventory.levels import lock_shelves
from apps.inventory.portions import Portion
from apps.ledger import services as ledger
from apps.ledger import tax
from apps.ledger.services import Posting
from apps.orders import services as orders
from apps.orders.models import Order, OrderLine
from apps.orders.states import AllocationState, FulfilmentState, Lifecycle, PaymentState
from apps.shipping import services as shipping
from apps.shipping.models import Parcel, Shipment, ShipmentLine
from apps.shipping.services import Packed
from apps.shipping.states import Status

_PAID_ENOUGH = [
    PaymentState.AUTHORISED, PaymentState.PAID, PaymentState.PARTLY_REFUNDED, PaymentState.NOT_REQUIRED,
    PaymentState.ON_DELIVERY,
]  # fmt: skip


def ready_orders(limit: int) -> list[Order]:
    """Open orders that nothing keeps: fully allocated, paid for (or to be paid at the door), not held, not yet planned."""
    pending = Shipment.objects.filter(order=OuterRef("pk"), status__in=[Status.PLANNED, Status.LABELLED])
    return list(
        Order.objects.filter(
            lifecycle=Lifecycle.OPEN, is_held=False, allocation=AllocationState.FULL, payment__in=_PAID_ENOUGH,
            fulfilment__in=[FulfilmentState.UNFULFILLED, FulfilmentState.PARTIAL],
        )
        .exclude(Exists(pending))
        .order_by("placed_at", "id")[:limit]
    )  # fmt: skip


def plan(wanted: Sequence[Order], *, actor: str, leaves_by_itself: bool = False) -> list[Shipment]:
    """One shipment an order and place for all its promised units; its label is asked for by an announcement, or waits to be
    exported.

    `leaves_by_itself`: gone when the label is there (a shop that ships by itself); else somebody packs and confirms it.
    """
    if not wanted:
        return []
    with transaction.atomic():
        locked = orders.lock(order.id for order in wanted)
        pending = set(
            Shipment.objects.filter(
                order__in=[order.id for order in locked], status__in=[Status.PLANNED, Status.LABELLED]
            ).values_list("order", flat=True)
        )
        boxes = _boxes([order for order in locked if order.id not in pending])
        made: list[Shipment] = []
        for (brand, place), group in boxes.items():
            carrier = wiring.carrier(brand)
            made += shipping.plan(
                group,
                location_id=place,
                carrier_id=carrier.id if carrier else None,
                leaves_by_itself=leaves_by_itself,
            )
        outbox.publish(
            outbox.NewFact("shipment.planned", "shipment", shipment.id, {"order": str(shipment.order_id), "by": actor})
            for shipment in made
            if shipment.carrier_id
        )
    return made


def _boxes(wanted: Sequence[Order]) -> dict[tuple[UUID, UUID], list[tuple[Order, list[Packed]]]]:
    """(brand, place) -> what leaves there together: each order with the whole units of its lines that are promised there."""
    found = inventory_queries.portions_of(order.id for order in wanted)
    lines = OrderLine.objects.filter(id__in=list(found)).order_by("order", "number").select_related("variant")
    units: dict[tuple[UUID, UUID], list[Packed]] = defaultdict(list)
    for line in lines:
        for portion in found[line.id]:
            if portion.promised:
                units[line.order_id, portion.location].append(_packed(line, portion))
    boxes: dict[tuple[UUID, UUID], list[tuple[Order, list[Packed]]]] = defaultdict(list)
    by_id = {order.id: order for order in wanted}
    for (order, place), several in units.items():
        boxes[by_id[order].brand_id, place].append((by_id[order], several))
    return boxes


def _packed(line: OrderLine, portion: Portion) -> Packed:
    """Units of a line that leave one place; of a bundle its components are packed."""
    parts = tuple((row.level.variant, row.per_unit) for row in portion.demands)
    weight_g = line.variant.weight_g if line.variant else None
    if [variant.id for variant, _ in parts] == [line.variant_id]:
        return Packed(line.id, portion.promised, weight_g)
    grams = [variant.weight_g * units if variant.weight_g else None for variant, units in parts]
    if weight_g is None and None not in grams:
        weight_g = sum(one for one in grams if one)
    return Packed(line.id, portion.promised, weight_g, tuple((variant.id, units) for variant, units in parts))


def take_labels(labels: Sequence[tuple[UUID, Label]], *, actor: str) -> None:
    """Labels that a carrier sold for parcels (`parcel id -> label`); what leaves by itself leaves now."""
    cause = Cause(actor)
    with transaction.atomic():
        ids = [parcel for parcel, _ in labels]
        order_ids = set(Parcel.objects.filter(id__in=ids).values_list("shipment__order", flat=True))
        lock_shelves(orders=order_ids)
        orders.lock(order_ids)
        rows = (
            Parcel.objects.filter(id__in=ids).select_related("shipment").order_by("id").select_for_update(no_key=True)
        )
        parcels = {parcel.id: parcel for parcel in rows}
        fresh = [
            (parcels[parcel_id], label) for parcel_id, label in labels if parcels[parcel_id].label_status == "none"
        ]
        shipping.labelled(fresh, cause=cause)
        leaving = []
        for parcel, _ in fresh:
            if parcel.shipment.status == Status.CANCELLED:
                outbox.publish([outbox.NewFact("parcel.called_off", "parcel", parcel.id, {"parcel": str(parcel.id)})])
            elif parcel.shipment.leaves_by_itself:
                leaving.append(parcel.shipment)
        confirm_all(leaving, actor=actor)
        inbox.wake(f"parcel:{label.tracking_number}" for _, label in labels)


def confirm(shipment: Shipment, *, actor: str) -> bool:
    """The parcel leaves now. False when its units are no longer promised: it is called off and the order waits."""
    return bool(confirm_all([shipment], actor=actor))


def waits_for_number(shipment: Shipment) -> bool:
    """Whether its carrier works by files and has not numbered it yet: it leaves with its number and not before."""
    return (
        shipment.carrier is not None
        and wiring.has(shipment.carrier, "label.file")
        and shipment.status == Status.PLANNED
    )


def leave_when_numbered(shipment: Shipment) -> bool:
    """Everything is in the box: it leaves by itself as soon as the carrier's number is there. False where it is there now.

    One statement on the shipment's row, which `take_numbers` locks before it decides: one of the two sees the other.
    """
    return bool(Shipment.objects.filter(id=shipment.id, status=Status.PLANNED).update(leaves_by_itself=True))


@dataclass(slots=True)
class _Leaving:
    shipment: Shipment
    order: Order
    lines: list[ShipmentLine]


def confirm_all(shipments: Sequence[Shipment], *, actor: str) -> list[Shipment]:
    """Many parcels leave: stock out, sale booked, axes written, facts published, in one transaction and in sets."""
    if not shipments:
        return []
    cause = Cause(actor, "left the house")
    with transaction.atomic():
        order_ids = {shipment.order_id for shipment in shipments}
        if in_lots := lock_shelves(orders=order_ids):
            expire_lots.retire(in_lots)  # what is past its day does not leave
        locked = {order.id: order for order in orders.lock(order_ids)}
        rows = (
            Shipment.objects.filter(id__in=[shipment.id for shipment in shipments])
            .order_by("id")
            .select_for_update(no_key=True)
        )
        fresh = [row for row in rows if row.status in {Status.PLANNED, Status.LABELLED}]
        by_shipment: dict[UUID, list[ShipmentLine]] = defaultdict(list)
        lines = ShipmentLine.objects.filter(shipment__in=[row.id for row in fresh]).select_related("order_line")
        for line in lines:
            by_shipment[line.shipment_id].append(line)
        _share_lines(by_shipment)
        leaving = [_Leaving(row, locked[row.order_id], by_shipment[row.id]) for row in fresh]
        leaving = _still_promised(leaving, cause)
        for together in _rounds(leaving):
            _ship_and_book(together, actor=actor, cause=cause, has_lots=bool(in_lots))
            _mark_fulfilment([item.order for item in together], cause)
        outbox.publish(
            outbox.NewFact("shipment.shipped", "shipment", item.shipment.id, {"order": str(item.order.id)})
            for item in leaving
        )
    return [item.shipment for item in leaving]


def _share_lines(by_shipment: Mapping[UUID, Sequence[ShipmentLine]]) -> None:
    """Two parcels with units of one line count on one object, so that the second knows what the first took."""
    seen: dict[UUID, OrderLine] = {}
    for lines in by_shipment.values():
        for line in lines:
            line.order_line = seen.setdefault(line.order_line_id, line.order_line)


def _still_promised(leaving: Sequence[_Leaving], cause: Cause) -> list[_Leaving]:
    """Those whose every unit is still promised where it lies; the others are called off."""
    found = inventory_queries.portions_of(item.order.id for item in leaving)
    promised = {(line, portion.location): portion.promised for line, several in found.items() for portion in several}
    good: list[_Leaving] = []
    gone: list[_Leaving] = []
    for item in leaving:
        place = item.shipment.location_ref
        whole = item.lines and all(promised.get((line.order_line_id, place), 0) >= line.quantity for line in item.lines)
        (good if whole else gone).append(item)
    if gone:
        call_off_shipments([item.order.id for item in gone], cause=cause)
    return good


def _rounds(leaving: Sequence[_Leaving]) -> list[list[_Leaving]]:
    """Parcels that can leave in one set: two parcels with units of the same line leave one after the other."""
    rounds: list[tuple[set[UUID], list[_Leaving]]] = []
    for item in leaving:
        lines = {line.order_line_id for line in item.lines}
        for taken, together in rounds:
            if not taken & lines:
                taken |= lines
                together.append(item)
                break
        else:
            rounds.append((lines, [item]))
    return [together for _, together in rounds]


def _ship_and_book(leaving: Sequence[_Leaving], *, actor: str, cause: Cause, has_lots: bool) -> None:
    units = {line.order_line_id: line.quantity for item in leaving for line in item.lines}
    parts = {line.order_line_id: item.shipment.number for item in leaving for line in item.lines}
    places = {line.order_line_id: item.shipment.location_ref for item in leaving for line in item.lines}
    said = pack_lots.said(item.shipment for item in leaving) if has_lots else {}
    with clock.one_moment() as moment:
        costs = inventory.ship(units, actor=actor, parts=parts, places=places, said=said)
    firsts = [item.order.id for item in leaving if item.order.fulfilment == FulfilmentState.UNFULFILLED]
    charges: dict[UUID, list[OrderLine]] = defaultdict(list)
    for line in OrderLine.objects.filter(order__in=firsts).exclude(kind=OrderLine.Kind.ITEM):
        charges[line.order_id].append(line)
    ledger.record([_sale(item, costs, charges[item.order.id], at=moment) for item in leaving])
    orders.count_units(shipped=units)
    for item in leaving:
        for packed in item.lines:
            packed.order_line.shipped += packed.quantity
    shipping.shipped([item.shipment for item in leaving], cause=cause)


def _sale(item: _Leaving, costs: Mapping[UUID, int], charges: Sequence[OrderLine], *, at: datetime) -> Posting:
    """What is sold by this parcel: its units' share of their lines; charges and discounts go with the first parcel."""
    order = item.order
    parts = [part(order, line.order_line, before=line.order_line.shipped, units=line.quantity) for line in item.lines]
    parts += [part(order, line, before=0, units=line.quantity or 1) for line in charges]
    gross, tax_minor = (sum(part[i] for part in parts) for i in (0, 1))
    cost = sum(costs[line.order_line_id] for line in item.lines)
    return Posting(
        event="shipment.shipped", at=at, currency=order.currency, source_kind="shipment",
        source_id=item.shipment.id, order_ref=order.id,
        figures={"gross": gross, "net": gross - tax_minor, "tax": tax_minor, "cost": cost},
    )  # fmt: skip


def part(order: Order, line: OrderLine, *, before: int, units: int) -> tuple[int, int]:
    """(what the customer pays, the tax in it) for units of a line, in minor units; the parts of a line add up to it."""
    of = line.quantity or 1
    goods = tax.share(line.total_minor, before=before, units=units, of=of)
    if line.tax_minor is not None:
        charged = tax.share(line.tax_minor, before=before, units=units, of=of)
    else:
        charged = sum(tax.tax_by_rate([(line.tax_rate_bp or 0, goods)], includes_tax=True).values())
    return (goods if order.prices_include_tax else goods + charged), charged


def _mark_fulfilment(shipped: Sequence[Order], cause: Cause) -> None:
    open_lines = set(
        OrderLine.objects.filter(order__in=[order.id for order in shipped], kind=OrderLine.Kind.ITEM)
        .filter(quantity__gt=F("cancelled") + F("shipped"))
        .values_list("order", flat=True)
    )
    states = {
        order.id: FulfilmentState.PARTIAL if order.id in open_lines else FulfilmentState.SHIPPED for order in shipped
    }
    orders.mark(shipped, cause=cause, fulfilment=states)


def take_tracking(events: Iterable[TrackEvent], *, actor: str) -> list[TrackEvent]:
    """What a carrier says of parcels; hands back events of parcels that are not known (yet)."""
    events = list(events)
    cause = Cause(actor, "tracking")
    with transaction.atomic():
        numbers = {event.tracking_number for event in events}
        pairs = Parcel.objects.filter(tracking_number__in=numbers).values_list("id", "shipment__order")
        locked = {order.id: order for order in orders.lock(order for _, order in pairs)}
        rows = Parcel.objects.filter(id__in=[parcel for parcel, _ in pairs]).select_related("shipment")
        parcels = {row.tracking_number: row for row in rows.order_by("id").select_for_update(no_key=True, of=("self",))}
        known = [(parcel, event) for event in events if (parcel := parcels.get(event.tracking_number))]
        delivered = shipping.tracked(known, cause=cause)
        _mark_delivered([locked[shipment.order_id] for shipment in delivered], cause)
    return [event for event in events if event.tracking_number not in parcels]


def _mark_delivered(delivered: Sequence[Order], cause: Cause) -> None:
    whole = [order for order in delivered if order.fulfilment == FulfilmentState.SHIPPED]
    under_way = set(
        Shipment.objects.filter(order__in=[order.id for order in whole], status=Status.SHIPPED).values_list(
            "order", flat=True
        )
    )
    arrived = [order for order in whole if order.id not in under_way]
    orders.mark(arrived, cause=cause, fulfilment=FulfilmentState.DELIVERED)
    on_delivery = [order.id for order in arrived if order.payment == PaymentState.ON_DELIVERY]
    if on_delivery:
        collect_on_delivery(on_delivery, cause=cause)
        arrived = orders.lock(order.id for order in arrived)
    orders.close_if_done(arrived, cause=cause)
