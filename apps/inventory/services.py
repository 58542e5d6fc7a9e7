"""Promising units and moving them: never more than the shelf holds, and no free unit while somebody waits for it.

Every service locks the levels it touches in id order, decides by a pure function and writes levels, demands and movements
in sets. What a receipt, a return or a release frees goes to who has waited longest, in the same transaction.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F

from apps.core import rows
from apps.core.ids import uuid7
from apps.inventory import deciding
from apps.inventory.errors import InsufficientStock
from apps.inventory.levels import Desk
from apps.inventory.models import Demand, Lease, Location, StockLevel, StockMovement

Kind = StockMovement.Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Units that something wants: `subject` the order line, `group` its order, `holder` the connection that sold them."""

    kind: str
    subject: UUID
    group: UUID
    holder: UUID | None
    variant: UUID
    quantity: int
    arrived_at: datetime
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What a service did to one demand: `group` is the order whose allocation has to be looked at again."""

    demand: UUID
    subject: UUID
    group: UUID
    units: int


def allocate(wanted: Sequence[Wanted], *, actor: str, location: Location | None = None) -> list[Demand]:
    """Promise units, first come first served in the order given; what is short waits. One demand each, in that order."""
    if not wanted:
        return []
    with transaction.atomic(savepoint=False):
        desk = Desk.of_variants((want.variant for want in wanted), location=location, actor=actor)
        by_variant = desk.by_variant()
        queue: dict[UUID, list[Demand]] = defaultdict(list)
        demands = []
        for want in wanted:
            demand = rows.new(
                Demand, id=uuid7(), level_id=by_variant[want.variant].id, kind=want.kind, subject=want.subject, group=want.group,
                holder=want.holder, quantity=want.quantity, arrived_at=want.arrived_at, expires_at=want.expires_at,
            )  # fmt: skip
            demands.append(demand)
            queue[demand.level_id].append(demand)
        leases = _locked_leases(desk, {want.holder for want in wanted if want.holder})
        for level_id, waiting in queue.items():
            _serve(desk, desk.levels[level_id], waiting, leases.get(level_id, {}), part="")
            desk.levels[level_id].backordered += sum(demand.waiting for demand in waiting)
        rows.insert(demands)
        rows.update((lease for held in leases.values() for lease in held.values()), ["units"])
        desk.write()
    return demands


def _locked_leases(desk: Desk, holders: set[UUID]) -> dict[UUID, dict[UUID | None, Lease]]:
    """level -> holder -> what these holders have of the locked levels; asked only where something is leased."""
    leased = [level.id for level in desk.levels.values() if level.leased]
    held: dict[UUID, dict[UUID | None, Lease]] = defaultdict(dict)
    if leased and holders:
        rented = Lease.objects.filter(level__in=leased, holder__in=holders, units__gt=0)
        for lease in rented.order_by("level", "holder").select_for_update(no_key=True):
            held[lease.level_id][lease.holder] = lease
    return held


def _serve(
    desk: Desk, level: StockLevel, waiting: Sequence[Demand], leases: Mapping[UUID | None, Lease], *, part: str
) -> list[Change]:
    """Give units of one level to demands in order of arrival: out of their holder's lease, then out of what is free.

    The demands and leases are changed in memory only.
    """
    changes = []
    given = deciding.serve_leased(
        level.available,
        {holder: lease.units for holder, lease in leases.items()},
        [(demand.waiting, demand.holder) for demand in waiting],
    )
    for demand, (own, common) in zip(waiting, given, strict=True):
        units = own + common
        if units:
            demand.allocated += units
            if own:
                leases[demand.holder].units -= own
            desk.change(
                level,
                Kind.ALLOCATION,
                source_kind="demand",
                source_id=demand.id,
                part=part,
                reserved=units,
                leased=-own,
            )
            changes.append(Change(demand.id, demand.subject, demand.group, units))
    return changes


def refill(desk: Desk, *, part: str) -> list[Change]:
    """Free units of the locked levels go to who has waited longest; `part` names the cause in the movements."""
    free = [level.id for level in desk.levels.values() if level.available > 0 and level.backordered > 0]
    if not free:
        return []
    queue: dict[UUID, list[Demand]] = defaultdict(list)
    waiters = Demand.objects.filter(level__in=free, quantity__gt=F("allocated") + F("shipped") + F("cancelled"))
    for demand in waiters.order_by("level", "arrived_at", "id").select_for_update(no_key=True):
        queue[demand.level_id].append(demand)
    changes, touched = [], []
    for level_id, waiting in queue.items():
        level = desk.levels[level_id]
        served = _serve(desk, level, waiting, {}, part=part)
        level.backordered -= sum(change.units for change in served)
        changes += served
        touched += waiting
    write_demands(touched)
    return changes


def cancel(units: Mapping[UUID, int], *, actor: str, cause: UUID) -> list[Change]:
    """Call units of demands off (`subject` -> units): those that wait first, then promised ones, which become free and go
    to who waits. Returns the demands that gained by it. Raises `InsufficientStock` for more than is unshipped."""
    if not units:
        return []
    with transaction.atomic():
        demands = _locked_demands(units)
        desk = Desk.of_levels((demand.level_id for demand in demands), actor=actor)
        for demand in demands:
            level = desk.levels[demand.level_id]
            count = units[demand.subject]
            if count > demand.waiting + demand.allocated:
                raise InsufficientStock(f"{count} units to cancel, {demand.waiting + demand.allocated} unshipped")
            unpromised = min(count, demand.waiting)
            released = count - unpromised
            level.backordered -= unpromised
            demand.cancelled += count
            demand.allocated -= released
            desk.change(
                level, Kind.RELEASE, source_kind="demand", source_id=demand.id, part=cause.hex, reserved=-released
            )
        write_demands(demands)
        gained = refill(desk, part=cause.hex)
        desk.write()
    return gained


def ship(units: Mapping[UUID, int], *, actor: str, parts: Mapping[UUID, str]) -> dict[UUID, int]:
    """Promised units leave the shelf (`subject` -> units; `parts`: `subject` -> number of the shipment, the movement's cause).

    Returns what each cost, in minor units.

    Raises `InsufficientStock` when fewer are promised; nothing is shipped then.
    """
    with transaction.atomic():
        demands = _locked_demands(units)
        if len(demands) != len(units):
            raise InsufficientStock("nothing is promised for some of the lines")
        desk = Desk.of_levels((demand.level_id for demand in demands), actor=actor)
        costs: dict[UUID, int] = {}
        for demand in demands:
            level = desk.levels[demand.level_id]
            count = units[demand.subject]
            if count > demand.allocated:
                raise InsufficientStock(f"{count} units to ship, {demand.allocated} promised")
            cost = level.value_minor * count // level.on_hand if level.on_hand else 0
            demand.allocated -= count
            demand.shipped += count
            desk.change(
                level, Kind.SHIPMENT, source_kind="demand", source_id=demand.id, part=parts[demand.subject],
                on_hand=-count, reserved=-count, value_minor=-cost,
            )  # fmt: skip
            costs[demand.subject] = cost
        write_demands(demands)
        desk.write()
    return costs


def put_back(units: Mapping[UUID, int], *, actor: str, cause: UUID) -> tuple[dict[UUID, int], list[Change]]:
    """Shipped units come back to the shelf at what they cost when they left (`subject` -> units).

    Returns the cost of each, and the demands that gained by it.
    """
    if not units:
        return {}, []
    with transaction.atomic():
        demands = _locked_demands(units)
        desk = Desk.of_levels((demand.level_id for demand in demands), actor=actor)
        left = _shipped_value([demand.id for demand in demands])
        costs: dict[UUID, int] = {}
        for demand in demands:
            count = units[demand.subject]
            shipped_units, shipped_value = left.get(demand.id, (0, 0))
            cost = shipped_value * count // shipped_units if shipped_units else 0
            desk.change(
                desk.levels[demand.level_id], Kind.RETURN, source_kind="demand", source_id=demand.id, part=cause.hex,
                on_hand=count, value_minor=cost,
            )  # fmt: skip
            costs[demand.subject] = cost
        # One document may call units off and bring others back: the refills of the two are two causes.
        gained = refill(desk, part=f"{cause.hex}.back")
        desk.write()
    return costs, gained


def _shipped_value(demands: Sequence[UUID]) -> dict[UUID, tuple[int, int]]:
    totals: dict[UUID, tuple[int, int]] = {}
    moved = StockMovement.objects.filter(source_id__in=demands, kind=Kind.SHIPMENT)
    for source, units, value in moved.values_list("source_id", "on_hand", "value_minor"):
        before = totals.get(source, (0, 0))
        totals[source] = (before[0] - units, before[1] - value)
    return totals


def _locked_demands(units: Mapping[UUID, int]) -> list[Demand]:
    """Demands of order lines with their levels' locks taken first (levels before demands, everywhere)."""
    levels = Demand.objects.filter(kind="order_line", subject__in=list(units)).values_list("level", flat=True)
    list(StockLevel.objects.filter(id__in=set(levels)).order_by("id").select_for_update(no_key=True).values_list("id"))
    return list(
        Demand.objects.filter(kind="order_line", subject__in=list(units))
        .order_by("level", "id")
        .select_for_update(no_key=True)
    )


def write_demands(demands: Iterable[Demand]) -> None:
    """Put changed demands down in one statement."""
    rows.update(demands, ["allocated", "shipped", "cancelled"])
