"""Demands of a thing in whole units of it: what one location holds of them is a portion.

A plain line has one demand a location, a bundle one for each component. A unit of the thing counts as promised where every
component has its units; what the components have beyond whole units is kept for it and counts for nothing yet.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from apps.inventory.models import Demand


@dataclass(slots=True)
class Portion:
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


def of(demands: Iterable[Demand]) -> dict[UUID, list[Portion]]:
    """subject -> its portions, from demands whose levels are read with them."""
    found: dict[UUID, dict[UUID, Portion]] = defaultdict(dict)
    for row in demands:
        at = row.level.location_id
        portions = found[row.subject]
        portion = portions.get(at)
        if portion is None:
            portions[at] = Portion(row.group, at, [row])
        else:
            portion.demands.append(row)
    return {subject: list(portions.values()) for subject, portions in found.items()}


def by_group(portions: Mapping[UUID, Iterable[Portion]]) -> dict[UUID, tuple[int, int]]:
    """group -> (units of its things that have not left, how many of them are promised)."""
    found: dict[UUID, tuple[int, int]] = {}
    for several in portions.values():
        for portion in several:
            wanted, given = found.get(portion.group, (0, 0))
            found[portion.group] = wanted + portion.open, given + portion.promised
    return found
