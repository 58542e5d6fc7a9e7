"""Where the cost of units is now that came a while ago: pure, exact, no database.

Under a moving average units of one article at one place are one pool: what leaves takes its share of the value with it. A cost
that is known only later is followed through the same movements, as if it had been known when the goods came: the share of
units that were sold is cost of sales, the share of units that went to another place is there or on its way, and what came
back brought its share back. (Where stock never ran across places this is the "stock coverage" of moving-average pricing, kept
per movement instead of per month.)
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Step:
    """A movement as far as it matters: units that came to (+) or left (−) a place; `source` names what carries them on.

    `is_transfer`: they went on their way or came from it (units 0: `lost` of them got lost on the way). `is_sale`: they were
    sold, and may come back; `is_return`: they did.
    """

    place: Hashable
    units: int
    source: Hashable
    is_transfer: bool = False
    is_sale: bool = False
    is_return: bool = False
    lost: int = 0


@dataclass(slots=True)
class Pool:
    """Some units and the part of the cost that they carry."""

    units: int = 0
    cost: int = 0

    def give(self, units: int) -> int:
        """Units leave with their share; the last ones take what is left."""
        units = min(units, self.units)
        part = self.cost * units // self.units if self.units else 0
        self.units -= units
        self.cost -= part
        return part


@dataclass(slots=True)
class Traced:
    """What a cost has become: per place, on the way per transfer, and gone. They add up to it."""

    places: dict[Hashable, int] = field(default_factory=dict)
    on_way: dict[Hashable, int] = field(default_factory=dict)
    gone: int = 0


def trace(cost: int, *, place: Hashable, lying: Mapping[Hashable, int], steps: Iterable[Step]) -> Traced:
    """Follow a cost above 0 of goods that came to `place`; `lying`: units at each place right after they came."""
    shelves = {at: Pool(units) for at, units in lying.items()}
    shelves.setdefault(place, Pool()).cost = cost
    on_way: dict[Hashable, Pool] = {}
    sold: dict[Hashable, Pool] = {}
    for step in steps:
        shelf = shelves.setdefault(step.place, Pool())
        if step.units < 0:
            part = shelf.give(-step.units)
            carried = on_way if step.is_transfer else sold if step.is_sale else None
            if carried is not None:
                pool = carried.setdefault(step.source, Pool())
                pool.units -= step.units
                pool.cost += part
        elif step.units > 0:
            came_by = on_way if step.is_transfer else sold if step.is_return else {}
            pool = came_by.get(step.source, Pool())
            shelf.units += step.units
            shelf.cost += pool.give(step.units)
        elif step.lost and step.source in on_way:
            on_way[step.source].give(step.lost)
    traced = Traced(
        {at: pool.cost for at, pool in shelves.items() if pool.cost},
        {source: pool.cost for source, pool in on_way.items() if pool.cost},
    )
    traced.gone = cost - sum(traced.places.values()) - sum(traced.on_way.values())
    return traced
