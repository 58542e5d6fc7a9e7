"""Why a number is what it is: the facts behind any quantity on a screen, read for that number alone and put together.

Every number is explained from rows that other stories wrote (orders that hold units, leases, lines of purchase orders), never
from the column that shows it, so that a column that is wrong leaves a residual.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, F, Max, Q, QuerySet, Sum
from django.db.models.expressions import Combinable

from apps.catalog.models import Component
from apps.channels import services as channels
from apps.channels.manners import manners
from apps.channels.models import Escrow, Listing, SellingPolicy
from apps.channels.states import SellingState
from apps.core import clock
from apps.flows import push_stock, wiring
from apps.flows.reckoning import HANDFUL, Holder, Holders, Part, Reckoning, Shelf, Shown, free, shown
from apps.hub import delivery
from apps.hub.models import Connection, Delivery
from apps.inventory import portions
from apps.inventory.models import (
    SHIPS,
    Aside,
    Demand,
    Lease,
    Location,
    PurchaseOrderLine,
    StockLevel,
    StockMovement,
    TransferLine,
)
from apps.inventory.on_way import BETWEEN, ON_ITS_WAY
from apps.orders.models import Order, OrderLine
from apps.payments.models import Payment
from apps.payments.states import Status

# How far back the push that a channel acknowledged last is looked for, before the moment of its acknowledgement.
_PUSHED_BEFORE = timedelta(hours=1)
_PUSHES_READ = 20
_HOLDS = Q(allocated__gt=0)
_WAITS = Q(quantity__gt=F("allocated") + F("shipped") + F("cancelled"))


# Levels: one article at one place


def of_level(level: StockLevel, what: str) -> Reckoning:
    """Why a number of a level is what it is; `what` is one of `OF_LEVEL`. Raises KeyError."""
    return OF_LEVEL[what](level)


def _by_kind(level: StockLevel, column: str) -> list[Part]:
    """Sums of the movements of each kind, in the order of the kinds."""
    rows = level.movements.exclude(**{column: 0}).order_by().values("kind")
    sums = {row["kind"]: row for row in rows.annotate(sum=Sum(column), n=Count("id"), last=Max("at"))}
    return [
        Part("movements", row["sum"], {"kind": kind.label, "n": row["n"], "last": row["last"]})
        for kind in StockMovement.Kind
        if (row := sums.get(kind.value))
    ]


def _on_hand(level: StockLevel) -> Reckoning:
    return Reckoning(level.on_hand, tuple(_by_kind(level, "on_hand")))


def _value(level: StockLevel) -> Reckoning:
    notes = [Part("average", level.value_minor, {"units": level.on_hand})] if level.on_hand else []
    return Reckoning(level.value_minor, tuple(_by_kind(level, "value_minor")), tuple(notes))


def _unavailable(level: StockLevel) -> Reckoning:
    parts, notes = [], []
    for aside in Aside:
        rows = level.movements.exclude(**{aside.value: 0}).order_by()
        units = rows.aggregate(sum=Sum(aside.value))["sum"] or 0
        if units:
            parts.append(Part("aside", units, {"reason": aside.label}))
        last = rows.order_by("-id").first()
        if last and units:
            notes.append(
                Part("set_aside", getattr(last, aside.value),
                     {"reason": aside.label, "why": last.reason, "actor": last.actor, "at": last.at})
            )  # fmt: skip
    return Reckoning(level.unavailable, tuple(parts), tuple(notes))


def _reserved(level: StockLevel) -> Reckoning:
    return Reckoning(level.reserved, tuple(_holders(level.demands.filter(_HOLDS), F("allocated")).parts("held", 1)))


def _available(level: StockLevel) -> Reckoning:
    return free(level.available, _shelf(StockLevel.objects.filter(id=level.id)))


def _leased(level: StockLevel) -> Reckoning:
    parts = [Part("lease_of", units, {"channel": name}) for name, units in _leases(Q(level=level))]
    return Reckoning(level.leased, tuple(parts))


def _backordered(level: StockLevel) -> Reckoning:
    units = F("quantity") - F("allocated") - F("shipped") - F("cancelled")
    return Reckoning(level.backordered, tuple(_holders(level.demands.filter(_WAITS), units).parts("waits", 1)))


def _incoming(level: StockLevel) -> Reckoning:
    bought = PurchaseOrderLine.objects.filter(
        order__location=level.location_id, variant=level.variant_id, order__state__in=ON_ITS_WAY
    ).select_related("order__supplier")
    sent = TransferLine.objects.filter(
        transfer__destination=level.location_id, variant=level.variant_id, transfer__state__in=BETWEEN
    ).select_related("transfer__origin")
    parts = [
        Part("bought", line.to_come,
             {"purchase": line.order, "supplier": line.order.supplier.name, "expected_on": line.order.expected_on})
        for line in bought.order_by("order__expected_on", "id")
        if line.to_come
    ]  # fmt: skip
    parts += [
        Part("sent", line.to_come, {"transfer": line.transfer, "origin": line.transfer.origin.name})
        for line in sent.order_by("id")
        if line.to_come
    ]
    return Reckoning(level.incoming, tuple(parts))


OF_LEVEL: dict[str, Callable[[StockLevel], Reckoning]] = {
    "on_hand": _on_hand,
    "unavailable": _unavailable,
    "reserved": _reserved,
    "available": _available,
    "leased": _leased,
    "backordered": _backordered,
    "incoming": _incoming,
    "value": _value,
}


# Lines of orders


def of_line(line: OrderLine) -> Reckoning:
    """Why so many units of an order's line are promised or gone, and what it waits for; of a bundle, what its components lack."""
    demands = Demand.objects.filter(subject=line.id).select_related("level__location", "level__variant").order_by("id")
    several = portions.of(demands).get(line.id, [])
    parts, notes = [], []
    for portion in several:
        place = portion.demands[0].level.location.name
        if portion.promised:
            until = _until(*(one.expires_at for one in portion.demands))
            parts.append(Part("promised_here", portion.promised, {"place": place, "until": until}))
        if portion.shipped:
            parts.append(Part("left", portion.shipped, {"place": place}))
        for one in portion.demands:
            notes += _waits_for(one, place)
    if line.cancelled:
        notes.append(Part("called_off", line.cancelled))
    return Reckoning(sum(portion.promised + portion.shipped for portion in several), tuple(parts), tuple(notes))


def _waits_for(one: Demand, place: str) -> list[Part]:
    """What a demand still wants, who comes before it, and what is on its way."""
    if one.waiting <= 0:
        return []
    before = one.level.demands.filter(_WAITS).filter(
        Q(arrived_at__lt=one.arrived_at) | Q(arrived_at=one.arrived_at, id__lt=one.id)
    )
    said = {"sku": one.level.variant.sku, "place": place, "ahead": before.count(), "free": one.level.available}
    notes = [Part("still_waits", one.waiting, said)]
    return [*notes, Part("to_come", one.level.incoming, {"place": place})] if one.level.incoming else notes


# What a channel shows


def of_listing(listing: Listing) -> Reckoning:
    """Why a channel shows what it shows, with what it was last told and acknowledged."""
    if listing.variant_id is None:
        return Reckoning(listing.shown, (), (Part("unlinked", 0, {"sku": listing.sku}),))
    return shown(facts_of(listing), _notes(listing))


def facts_of(listing: Listing) -> Shown:
    """Everything that decides what a channel shows of a linked listing."""
    if listing.variant_id is None:
        raise ValueError(f"{listing} is linked to nothing")
    channel = Connection.objects.select_related("rule").get(id=listing.connection_id)
    policy = SellingPolicy.objects.filter(variant=listing.variant_id).first()
    state = policy.state if policy else SellingState.SHARED
    can_be_told = wiring.has(channel, "stock.write")
    levels = StockLevel.objects.filter(variant=listing.variant_id, location__in=Location.objects.filter(SHIPS))
    push = _under_way(channel) if listing.pushing is not None else None
    return Shown(
        channel=channel.name, shown=listing.shown, shelf=_shelf(levels),
        sellable=channels.sellable([listing.variant_id])[listing.variant_id], rule=channels.rule_of(channel),
        state=state if can_be_told else SellingState.SHARED, writes=manners(channel).writes, buffer=listing.buffer,
        blind=_blind(listing) if state == SellingState.SHARED else (),
        escrows=list(Escrow.objects.filter(listing=listing).order_by("id").values_list("units", "until")),
        unbacked=listing.unbacked, pushing=listing.pushing, pushed_at=push.created_at if push else None,
        is_dirty=listing.is_dirty, is_bundle=Component.objects.filter(bundle=listing.variant_id).exists(),
        trouble=_trouble(listing, channel, can_be_told=can_be_told),
    )  # fmt: skip


def _trouble(listing: Listing, channel: Connection, *, can_be_told: bool) -> str:
    if listing.is_held:
        return "held"
    if channel.status == Connection.Status.NEEDS_RECONNECT:
        return "reconnect"
    if channel.status == Connection.Status.PAUSED or "stock.write" in channel.paused_abilities:
        return "paused"
    if listing.refused:
        return "refused"
    return "" if can_be_told else "cannot_be_told"


def _blind(listing: Listing) -> list[tuple[str, int]]:
    """(name, units) of other channels of which nothing is heard, and what they showed last of this article."""
    others = Listing.objects.filter(variant=listing.variant_id, shown__gt=0).exclude(connection=listing.connection_id)
    return [
        (row.connection.name, row.shown or 0)
        for row in others.select_related("connection", "connection__rule").order_by("connection__name")
        if wiring.has(row.connection, "stock.write") and push_stock.is_blind(row.connection)
    ]


def _under_way(channel: Connection) -> Delivery | None:
    """The push to a channel that is not settled, or whose answer is not taken in."""
    return Delivery.objects.filter(connection=channel, operation=push_stock.OPERATION).order_by("-id").first()


def _notes(listing: Listing) -> list[Part]:
    channel = Connection.objects.select_related("rule").get(id=listing.connection_id)
    notes = []
    if wiring.has(channel, "stock.write") and push_stock.is_blind(channel):
        push = _under_way(channel)
        since = push.created_at if push else None
        notes.append(Part("is_blind", 0, {"since": since, "minutes": channels.rule_of(channel).blind_after_minutes}))
    if listing.shown is None:
        notes.append(Part("never_told", 0))
    if listing.refused:
        notes.append(Part("said_no", 0, {"words": listing.refused}))
    components = Component.objects.filter(bundle=listing.variant_id).select_related("variant").order_by("variant__sku")
    free_of = channels.sellable([one.variant_id for one in components])
    notes += [
        Part("component", free_of[one.variant_id], {"sku": one.variant.sku, "each": one.units}) for one in components
    ]
    told = last_told(listing)
    if told is not None:
        number, at = told
        sold = _sold_since(listing)
        notes.append(Part("acknowledged", number, {"at": at, "sold": sold}))
    elif listing.set_at:
        notes.append(Part("acknowledged_some", 0, {"at": listing.set_at}))
    policy = SellingPolicy.objects.filter(variant=listing.variant_id).exclude(state=SellingState.SHARED).first()
    if policy:
        notes.append(Part(f"policy_{policy.state}", 0, {"since": policy.since}))
    return notes


def last_told(listing: Listing) -> tuple[int, datetime] | None:
    """(number, when) of the last push that the channel acknowledged for a listing; None where none is kept any more."""
    push = last_push(listing, set_at=listing.set_at)
    return (push[0], push[2]) if push else None


def last_push(listing: Listing, *, set_at: datetime | None) -> tuple[int, int | None, datetime] | None:
    """(number, what we believed before it, when) of the push that was acknowledged at that moment."""
    if set_at is None:
        return None
    name = listing.stock_external_id or listing.external_id
    pushes = Delivery.objects.filter(
        connection=listing.connection_id, operation=push_stock.OPERATION, status=Delivery.Status.SENT,
        created_at__gte=set_at - _PUSHED_BEFORE, created_at__lte=set_at,
    )  # fmt: skip
    for push in pushes.order_by("-id")[:_PUSHES_READ]:
        for word in delivery.words_of(push):
            if word.external_id == name:
                return word.quantity, word.expected, push.done_at or set_at
    return None


def _sold_since(listing: Listing) -> int:
    """Units of the article in orders of this channel that we heard of since it acknowledged a number."""
    lines = OrderLine.objects.filter(
        variant=listing.variant_id,
        order__channel=listing.connection_id,
        order__taken_at__gt=listing.set_at,
        quantity__gt=0,
    )
    return lines.aggregate(units=Sum("quantity"))["units"] or 0


# Whose units they are


def _shelf(levels: QuerySet[StockLevel]) -> Shelf:
    sums = levels.order_by().aggregate(hand=Sum("on_hand"), **{aside.value: Sum(aside.value) for aside in Aside})
    return Shelf(
        on_hand=sums["hand"] or 0,
        aside={str(aside.label): sums[aside.value] or 0 for aside in Aside},
        held=_holders(Demand.objects.filter(_HOLDS, level__in=levels), F("allocated")),
        leases=_leases(Q(level__in=levels)),
    )


def _leases(which: Q) -> list[tuple[str, int]]:
    rows = Lease.objects.filter(which, units__gt=0).order_by().values_list("holder").annotate(units=Sum("units"))
    units: dict[UUID, int] = dict(rows)
    names = dict(Connection.objects.filter(id__in=units).order_by("name", "id").values_list("id", "name"))
    return [(names[holder], units[holder]) for holder in names]


def _holders(demands: QuerySet[Demand], units: Combinable) -> Holders:
    """The first few by arrival, with their orders, and the sum of all others."""
    rows = demands.annotate(holds=units)
    first = list(rows.order_by("arrived_at", "id")[:HANDFUL])
    whole = rows.order_by().aggregate(n=Count("id"), units=Sum("holds"))
    orders = Order.objects.in_bulk({row.group for row in first})
    ends = _ends(orders)
    named = tuple(
        Holder(
            row.holds, orders[row.group].external_number or orders[row.group].number if row.group in orders else row.kind,
            orders.get(row.group), _until(row.expires_at, ends.get(row.group)), row.arrived_at,
        )
        for row in first
    )  # fmt: skip
    return Holders(named, whole["n"] - len(first), (whole["units"] or 0) - sum(one.units for one in named))


def _ends(orders: Iterable[UUID]) -> dict[UUID, datetime]:
    """Until when each of these orders may still be paid."""
    rows = Payment.objects.filter(order__in=list(orders), status=Status.EXPECTED, expires_at__isnull=False)
    ends = rows.order_by("-expires_at").values_list("order", "expires_at")
    return {order: at for order, at in ends if at}


def _until(*ends: datetime | None) -> datetime | None:
    """Until when units are kept; nothing where that has passed and the end is under way, or where there is none."""
    return min((at for at in ends if at and at > clock.now()), default=None)
