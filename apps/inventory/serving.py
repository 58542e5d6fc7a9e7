"""Units go to who waits, first come first served: at the place where they are free, and to who waits at another place.

A demand that waits moves to where units are free if the merchant's rules let its order become that parcel. A bundle's parts
stay together, so they do not move. Levels are locked by the caller, demands here.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from uuid import UUID

from django.db.models import F

from apps.core import rows
from apps.core.ids import uuid7
from apps.inventory import deciding, later, network
from apps.inventory.levels import Desk
from apps.inventory.models import Demand, Lease, SourcingDecision, StockLevel, StockMovement

Kind = StockMovement.Kind


@dataclass(frozen=True, slots=True)
class Change:
    """What a service did to one demand: `group` is the order whose allocation has to be looked at again."""

    demand: UUID
    subject: UUID
    group: UUID
    units: int


def serve(
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
            later.settle(demand)
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
    levels: dict[UUID, list[StockLevel]] = defaultdict(list)
    for level in desk.levels.values():
        levels[level.variant_id].append(level)
    hungry = [
        level.id
        for several in levels.values()
        if any(level.available > 0 for level in several)
        for level in several
        if level.backordered > 0
    ]
    if not hungry:
        return []
    found = Demand.objects.filter(level__in=hungry, quantity__gt=F("allocated") + F("shipped") + F("cancelled"))
    waiters = list(found.order_by("level", "arrived_at", "id").select_for_update(no_key=True))
    mover = None if desk.is_of_one_place else _Mover(desk, levels, waiters, part=part)
    changes = []
    for demand in sorted(waiters, key=lambda demand: (demand.arrived_at, demand.id)):
        level = desk.levels[demand.level_id]
        served = serve(desk, level, [demand], {}, part=part)
        level.backordered -= sum(change.units for change in served)
        changes += served
        if mover and demand.waiting and not demand.is_part:
            changes += mover.move(demand)
    write_demands(waiters)
    if mover:
        mover.write()
    return changes


class _Mover:
    """Demands that wait at one place and are served at another."""

    def __init__(
        self, desk: Desk, levels: Mapping[UUID, Sequence[StockLevel]], waiters: Sequence[Demand], *, part: str
    ) -> None:
        self._desk, self._levels, self._part = desk, levels, part
        self._places = {place.id: place for place in network.places()}
        self._most = network.most_parcels()
        mine = {demand.id: demand for demand in waiters}
        others = Demand.objects.filter(subject__in={demand.subject for demand in waiters}, level__in=list(desk.levels))
        self._known = {
            (row.subject, row.level_id): mine.get(row.id, row)
            for row in others.order_by("level", "id").select_for_update(no_key=True)
        }
        self._parcels: dict[UUID, set[UUID]] = defaultdict(set)
        if self._most:
            held = Demand.objects.filter(group__in={demand.group for demand in waiters}, allocated__gt=0)
            for group, place in held.values_list("group", "level__location"):
                self._parcels[group].add(place)
        self._touched: dict[UUID, Demand] = {}
        self._told: list[SourcingDecision] = []

    def move(self, demand: Demand) -> list[Change]:
        """As many units as are free at other places that ship orders."""
        own, changes = self._desk.levels[demand.level_id], []
        for level in sorted(self._levels[own.variant_id], key=lambda level: (-level.available, level.id)):
            units = min(demand.waiting, level.available)
            if level.id == own.id or units <= 0 or not self._may(demand.group, level.location_id):
                continue
            demand.quantity -= units
            later.settle(demand)
            own.backordered -= units
            target = self._at(demand, level)
            target.quantity += units
            target.allocated += units
            self._desk.change(
                level,
                Kind.ALLOCATION,
                source_kind="demand",
                source_id=target.id,
                part=self._cause(demand),
                reserved=units,
            )
            changes.append(Change(target.id, demand.subject, demand.group, units))
            self._tell(demand, units, level.location_id)
        return changes

    def _may(self, group: UUID, place: UUID) -> bool:
        """Whether the place ships orders, and the order may become one more parcel."""
        if place not in self._places:
            return False
        if not self._most:
            return True
        parcels = self._parcels[group]
        if place not in parcels and len(parcels) >= self._most:
            return False
        parcels.add(place)
        return True

    def _at(self, demand: Demand, level: StockLevel) -> Demand:
        key = (demand.subject, level.id)
        if key not in self._known:
            self._known[key] = Demand(
                id=uuid7(), level=level, kind=demand.kind, subject=demand.subject, group=demand.group,
                holder=demand.holder, quantity=0, per_unit=demand.per_unit, arrived_at=demand.arrived_at,
                expires_at=demand.expires_at,
            )  # fmt: skip
        target = self._known[key]
        self._touched[target.id] = target
        return target

    def _cause(self, demand: Demand) -> str:
        """Of this refill and this demand: two that move to one place are two causes."""
        return blake2b(f"{self._part} {demand.id}".encode(), digest_size=16).hexdigest()

    def _tell(self, demand: Demand, units: int, place: UUID) -> None:
        facts = {"units": units, "place": self._places[place].name}
        reasons = [{"code": "moved", "facts": facts}]
        self._told.append(SourcingDecision(id=uuid7(), group=demand.group, at=self._desk.at, reasons=reasons))

    def write(self) -> None:
        """Where they are served, and why."""
        rows.insert([row for row in self._touched.values() if row._state.adding])
        write_demands(row for row in self._touched.values() if not row._state.adding)
        rows.insert(self._told)


def write_demands(demands: Iterable[Demand]) -> None:
    """Put changed demands down in one statement."""
    rows.update(demands, ["quantity", "allocated", "shipped", "cancelled", "later", "beyond"])
