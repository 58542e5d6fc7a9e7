"""Demands of a thing in whole units of it: what one location holds of them is a lot.

A plain line has one demand a location, a bundle one for each component. A unit of the thing counts as promised where every
component has its units; what the components have beyond whole units is kept for it and counts for nothing yet.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from apps.inventory.models import Demand


@dataclass(slots=True)
class Lot:
    """The demands of one thing at one location. Numbers are units of the thing."""

    group: UUID
    location: UUID
    demands: list[Demand]

    @property
    def open(self) -> int:
        """Units that are neither gone nor called off."""
        return min((row.quantity - row.shipped - row.cancelled) // row.per_unit for row in self.demands)

    @property
    def promised(self) -> int:
        """Units of which every component is promised."""
        return min(row.allocated // row.per_unit for row in self.demands)

    @property
    def waiting(self) -> int:
        """Units of which a component is missing."""
        return self.open - self.promised

    @property
    def beyond(self) -> int:
        """Units that wait beyond what was to be sold for later."""
        return max(-(-row.beyond // row.per_unit) for row in self.demands)

    @property
    def shipped(self) -> int:
        """Units that have left."""
        return min(row.shipped // row.per_unit for row in self.demands)


def of(demands: Iterable[Demand]) -> dict[UUID, list[Lot]]:
    """subject -> its lots, from demands whose levels are read with them."""
    found: dict[UUID, dict[UUID, Lot]] = defaultdict(dict)
    for row in demands:
        at = row.level.location_id
        lots = found[row.subject]
        lot = lots.get(at)
        if lot is None:
            lots[at] = Lot(row.group, at, [row])
        else:
            lot.demands.append(row)
    return {subject: list(lots.values()) for subject, lots in found.items()}


def by_group(lots: Mapping[UUID, Iterable[Lot]]) -> dict[UUID, tuple[int, int]]:
    """group -> (units of its things that have not left, how many of them are promised)."""
    found: dict[UUID, tuple[int, int]] = {}
    for several in lots.values():
        for lot in several:
            wanted, given = found.get(lot.group, (0, 0))
            found[lot.group] = wanted + lot.open, given + lot.promised
    return found
