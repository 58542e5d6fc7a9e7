"""Orders that may leave from several places: each is decided in turn, under the locks, and why is written down.

Its demands lie where it was decided; what is missing waits at the first of its places.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from apps.core import rows
from apps.core.ids import uuid7
from apps.inventory import network, sourcing
from apps.inventory.levels import Desk
from apps.inventory.models import Demand, Lease, SourcingDecision, StockLevel
from apps.inventory.serving import serve
from apps.inventory.sourcing import Decision, Need

Address = tuple[str, str]  # (country, region)
Leased = Mapping[UUID, Mapping[UUID | None, Lease]]  # level -> holder -> lease


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Units of a variant that something wants: `subject` the order line, `group` its order, `holder` the connection whose
    lease may be used, `per_unit` how many of them one unit of the line takes, `is_part`: as a component of a bundle.
    """

    kind: str
    subject: UUID
    group: UUID
    holder: UUID | None
    variant: UUID
    quantity: int
    arrived_at: datetime
    expires_at: datetime | None = None
    per_unit: int = 1
    is_part: bool = False

    def at(self, level: StockLevel, quantity: int) -> Demand:
        """Its demand at a level, for so many units of the variant."""
        demand = rows.new(
            Demand, id=uuid7(), level_id=level.id, kind=self.kind, subject=self.subject, group=self.group,
            holder=self.holder, quantity=quantity, per_unit=self.per_unit, is_part=self.is_part,
            arrived_at=self.arrived_at, expires_at=self.expires_at,
        )  # fmt: skip
        demand.level = level
        return demand


def spread(desk: Desk, wanted: Sequence[Wanted], leases: Leased, to: Mapping[UUID, Address]) -> list[Demand]:
    """Demands where they are to be shipped from, served as far as units reach; in the order of what is wanted."""
    places, rules = network.places(), network.rules()
    home = next((place.id for place in places if place.is_default), None)
    levels = desk.by_place()
    demands: list[Demand] = []
    told: list[SourcingDecision] = []
    for group, wants in _grouped(wanted, lambda want: want.group).items():
        lines = _grouped(wants, lambda want: want.subject)
        decision = sourcing.decide(
            [_need(line, several) for line, several in lines.items()], places=places, rules=rules, to=to.get(group, ("", "")),
            free=_free(desk), leased=_own(desk, leases, wants),
        )  # fmt: skip
        for line, several in lines.items():
            for place, units in _units(decision, line).items():
                at = place if home is None or all((want.variant, place) in levels for want in several) else home
                for want in several:
                    level = levels[want.variant, at]
                    demand = want.at(level, units * want.per_unit)
                    serve(desk, level, [demand], leases.get(level.id, {}), part="")
                    demands.append(demand)
        reasons = [{"code": reason.code, "facts": dict(reason.facts)} for reason in decision.reasons]
        told.append(SourcingDecision(id=uuid7(), group=group, at=desk.at, reasons=reasons))
    rows.insert(told)
    return demands


def _grouped(wants: Iterable[Wanted], key: Callable[[Wanted], UUID]) -> dict[UUID, list[Wanted]]:
    found: dict[UUID, list[Wanted]] = {}
    for want in wants:
        found.setdefault(key(want), []).append(want)
    return found


def _need(line: UUID, several: Sequence[Wanted]) -> Need:
    first = several[0]
    parts = tuple((want.variant, want.per_unit) for want in several)
    return Need(line, first.quantity // first.per_unit, parts, may_use_lease=first.holder is not None)


def _units(decision: Decision, line: UUID) -> dict[UUID, int]:
    """place -> units of a line that are promised or wait there."""
    units: dict[UUID, int] = {}
    for found in (decision.promised, decision.waiting):
        for (whose, place), count in found.items():
            if whose == line:
                units[place] = units.get(place, 0) + count
    return units


def _free(desk: Desk) -> dict[UUID, dict[UUID, int]]:
    free: dict[UUID, dict[UUID, int]] = {}
    for level in desk.levels.values():
        free.setdefault(level.location_id, {})[level.variant_id] = level.available
    return free


def _own(desk: Desk, leases: Leased, wants: Sequence[Wanted]) -> dict[UUID, dict[UUID, int]]:
    """What the channel that sold this order has of its own."""
    holders = {want.holder for want in wants if want.holder}
    own: dict[UUID, dict[UUID, int]] = {}
    for level in desk.levels.values():
        units = sum(lease.units for holder, lease in leases.get(level.id, {}).items() if holder in holders)
        own.setdefault(level.location_id, {})[level.variant_id] = units
    return own
