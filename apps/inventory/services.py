"""Promising units and moving them: never more than the shelf holds, and no free unit while somebody waits for it.

Callers speak of units of a thing (an order line); its demands are units of variants, `per_unit` each (portions.py).
Every service locks the levels it touches in id order, decides by a pure function and writes levels, demands and movements
in sets. What a receipt, a return or a release frees goes to who has waited longest, in the same transaction.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from apps.core import rows
from apps.inventory import later, lots, placing, portions
from apps.inventory.errors import InsufficientStock
from apps.inventory.levels import Desk
from apps.inventory.models import Demand, Lease, Location, Lot, StockMovement
from apps.inventory.placing import Address
from apps.inventory.placing import Wanted as Wanted
from apps.inventory.portions import Portion
from apps.inventory.serving import Change as Change
from apps.inventory.serving import refill as refill
from apps.inventory.serving import serve
from apps.inventory.serving import write_demands as write_demands

Kind = StockMovement.Kind
# (subject, variant) -> units of each lot, above 0.
Said = Mapping[tuple[UUID, UUID], Mapping[Lot, int]]


def allocate(
    wanted: Sequence[Wanted], *, actor: str, location: Location | None = None, to: Mapping[UUID, Address] | None = None
) -> list[Demand]:
    """Promise units, first come first served in the order given; what is short waits. One demand each, in that order; where
    orders leave from several places, one for each place that a line leaves from (`to`: group -> its country and region).
    """
    if not wanted:
        return []
    with transaction.atomic(savepoint=False):
        desk = Desk.of_variants((want.variant for want in wanted), location=location, actor=actor)
        leases = _locked_leases(desk, wanted)
        if location is None and not desk.is_of_one_place:
            demands = placing.spread(desk, wanted, leases, to or {})
        else:
            demands = _from_one_place(desk, wanted, leases)
        later.sell(desk, demands)
        for demand in demands:
            desk.levels[demand.level_id].backordered += demand.waiting
        rows.insert(demands)
        rows.update((lease for held in leases.values() for lease in held.values()), ["units"])
        desk.write()
    return demands


def _from_one_place(
    desk: Desk, wanted: Sequence[Wanted], leases: Mapping[UUID, Mapping[UUID | None, Lease]]
) -> list[Demand]:
    by_variant = desk.by_variant()
    queue: dict[UUID, list[Demand]] = defaultdict(list)
    demands = []
    for want in wanted:
        demand = want.at(by_variant[want.variant], want.quantity)
        demands.append(demand)
        queue[demand.level_id].append(demand)
    for level_id, waiting in queue.items():
        serve(desk, desk.levels[level_id], waiting, leases.get(level_id, {}), part="")
    return demands


def look_for_units(variants: Iterable[UUID], *, actor: str, cause: UUID) -> list[Change]:
    """A place ships orders from now on: what is free there goes to who waits elsewhere."""
    wanted = set(variants)
    if not wanted:
        return []
    with transaction.atomic():
        desk = Desk.of_variants(wanted, actor=actor)
        gained = refill(desk, part=cause.hex)
        desk.write()
    return gained


def _locked_leases(desk: Desk, wanted: Iterable[Wanted]) -> dict[UUID, dict[UUID | None, Lease]]:
    """level -> holder -> what these sellers have of the locked levels; asked only where something is leased."""
    leased = [level.id for level in desk.levels.values() if level.leased]
    held: dict[UUID, dict[UUID | None, Lease]] = defaultdict(dict)
    if leased and (holders := {want.holder for want in wanted if want.holder}):
        rented = Lease.objects.filter(level__in=leased, holder__in=holders, units__gt=0)
        for lease in rented.order_by("level", "holder").select_for_update(no_key=True):
            held[lease.level_id][lease.holder] = lease
    return held


def cancel(units: Mapping[UUID, int], *, actor: str, cause: UUID) -> list[Change]:
    """Call units of things off (`subject` -> units): those that wait first, then promised ones, which become free and go
    to who waits. Returns the demands that gained by it. Raises `InsufficientStock` for more than is unshipped."""
    if not units:
        return []
    with transaction.atomic():
        desk, found = _locked_portions(units, actor=actor)
        for subject, several in found.items():
            left = _call_off(desk, several, units[subject], cause=cause)
            if left:
                raise InsufficientStock(f"{units[subject]} units to cancel, {units[subject] - left} unshipped")
        write_demands(row for several in found.values() for portion in several for row in portion.demands)
        gained = refill(desk, part=cause.hex)
        desk.write()
    return gained


def _call_off(desk: Desk, several: Sequence[Portion], units: int, *, cause: UUID) -> int:
    """Units of one thing, those of which something is missing first; returns how many could not be called off."""
    taken = dict.fromkeys(range(len(several)), 0)
    for most in ([portion.waiting for portion in several], [portion.promised for portion in several]):
        for at, portion in enumerate(several):
            count = min(units, most[at], portion.open - taken[at])
            taken[at] += count
            units -= count
    for at, portion in enumerate(several):
        for demand in portion.demands if taken[at] else ():
            level, count = desk.levels[demand.level_id], taken[at] * demand.per_unit
            unpromised = min(count, demand.waiting)
            released = count - unpromised
            level.backordered -= unpromised
            demand.cancelled += count
            demand.allocated -= released
            later.settle(demand)
            desk.change(
                level, Kind.RELEASE, source_kind="demand", source_id=demand.id, part=cause.hex, reserved=-released
            )
    return units


def ship(
    units: Mapping[UUID, int], *, actor: str, parts: Mapping[UUID, str], places: Mapping[UUID, UUID] | None = None,
    said: Said | None = None,
) -> dict[UUID, int]:  # fmt: skip
    """Promised units leave the shelf (`subject` -> units; `parts`: `subject` -> number of the shipment, the movement's cause;
    `places`: `subject` -> the location they leave, where a thing lies at several; `said`: (subject, variant) -> the lots that
    somebody scanned, others leave first expired, first out).

    Returns what each cost, in minor units: of a bundle the sum of its components.

    Raises `InsufficientStock` when fewer are promised; nothing is shipped then.
    """
    with transaction.atomic():
        desk, found = _locked_portions(units, actor=actor)
        costs: dict[UUID, int] = {}
        shipped = []
        for subject, count in units.items():
            at = places.get(subject) if places else None
            enough = [
                portion
                for portion in found.get(subject, ())
                if at in {None, portion.location} and portion.promised >= count
            ]
            if not enough:
                raise InsufficientStock(f"{count} units to ship, fewer are promised")
            costs[subject] = sum(
                _leave(desk, demand, count, parts[subject], said or {}) for demand in enough[0].demands
            )
            shipped += enough[0].demands
        write_demands(shipped)
        desk.write()
    return costs


def _leave(desk: Desk, demand: Demand, count: int, part: str, said: Said) -> int:
    level, units = desk.levels[demand.level_id], count * demand.per_unit
    cost = level.value_minor * units // level.on_hand if level.on_hand else 0
    demand.allocated -= units
    demand.shipped += units
    picked = {lot: -count for lot, count in said.get((demand.subject, level.variant_id), {}).items()}
    desk.change(
        level, Kind.SHIPMENT, source_kind="demand", source_id=demand.id, part=part, lots=picked, on_hand=-units,
        reserved=-units, value_minor=-cost,
    )  # fmt: skip
    return cost


def put_back(units: Mapping[UUID, int], *, actor: str, cause: UUID) -> tuple[dict[UUID, int], list[Change]]:
    """Shipped units come back to the shelf they left, at what they cost then (`subject` -> units).

    Returns the cost of each, and the demands that gained by it.
    """
    if not units:
        return {}, []
    with transaction.atomic():
        desk, found = _locked_portions(units, actor=actor)
        demands = [row for several in found.values() for portion in several for row in portion.demands]
        gone, left_as = _gone(demands), lots.left_with(demands)
        costs: dict[UUID, int] = {}
        for subject, several in found.items():
            left, costs[subject] = units[subject], 0
            for portion in several:
                out = min(portion.shipped - gone[row.id].returned // row.per_unit for row in portion.demands)
                # What nobody knows to have left comes back to the last place.
                count = left if portion is several[-1] else min(left, max(0, out))
                left -= count
                for demand in portion.demands if count else ():
                    costs[subject] += _come_back(
                        desk, demand, count * demand.per_unit, gone[demand.id], left_as.get(demand.id, {}), cause=cause
                    )
        # One document may call units off and bring others back: the refills of the two are two causes.
        gained = refill(desk, part=f"{cause.hex}.back")
        desk.write()
    return costs, gained


@dataclass(slots=True)
class _Gone:
    """What left for one demand and what came back, in units, and what those that left cost."""

    shipped: int = 0
    value: int = 0
    returned: int = 0


def _come_back(
    desk: Desk, demand: Demand, units: int, gone: _Gone, left_as: dict[Lot, int], *, cause: UUID
) -> int:  # fmt: skip
    cost = gone.value * units // gone.shipped if gone.shipped else 0
    desk.change(
        desk.levels[demand.level_id], Kind.RETURN, source_kind="demand", source_id=demand.id, part=cause.hex,
        lots=lots.some_of(left_as, units), on_hand=units, value_minor=cost,
    )  # fmt: skip
    return cost


def _gone(demands: Sequence[Demand]) -> dict[UUID, _Gone]:
    totals: dict[UUID, _Gone] = defaultdict(_Gone)
    # By level first: that is how movements are kept in order.
    moved = StockMovement.objects.filter(
        level__in={demand.level_id for demand in demands}, kind__in=[Kind.SHIPMENT, Kind.RETURN],
        source_id__in=[demand.id for demand in demands],
    )  # fmt: skip
    for source, kind, units, value in moved.values_list("source_id", "kind", "on_hand", "value_minor"):
        if kind == Kind.SHIPMENT:
            totals[source].shipped -= units
            totals[source].value -= value
        else:
            totals[source].returned += units
    return totals


def _locked_portions(units: Mapping[UUID, int], *, actor: str) -> tuple[Desk, dict[UUID, list[Portion]]]:
    """Demands of order lines, in portions, with their levels' locks taken first (levels before demands, everywhere)."""
    mine = Demand.objects.filter(kind="order_line", subject__in=list(units))
    desk = Desk.of_levels(mine.values_list("level", flat=True), actor=actor)
    demands = list(mine.order_by("level", "id").select_for_update(no_key=True))
    for demand in demands:
        demand.level = desk.levels[demand.level_id]
    return desk, portions.of(demands)
