"""Leases: units that one channel alone may sell. Leases, promises and what is set aside never exceed what lies there (CHECK).

A lease is raised only out of free units and lowered only by who keeps the channel's promises (apps.channels): here nobody
asks why. What a lowered lease frees goes to who waits first.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import timedelta
from uuid import UUID

from django.db import transaction

from apps.core import clock, rows
from apps.core.ids import uuid7
from apps.inventory import expiring
from apps.inventory.levels import Desk
from apps.inventory.models import SHIPS, Lease, Location, StockLevel, StockMovement
from apps.inventory.services import Change, refill

Key = tuple[UUID, UUID]  # (variant, holder)


class Leases:
    """The leases of some variants over all places that ship orders, with their levels, locked for this transaction."""

    def __init__(self, variants: Iterable[UUID], *, actor: str) -> None:
        levels = StockLevel.objects.filter(variant__in=set(variants), location__in=Location.objects.filter(SHIPS))
        self.desk = Desk(levels.order_by("id").select_for_update(no_key=True, of=("self",)), actor=actor)
        held = (
            Lease.objects.filter(level__in=list(self.desk.levels))
            .order_by("level", "holder")
            .select_for_update(no_key=True)
        )
        self._leases = {(lease.level_id, lease.holder): lease for lease in held}
        self._holders: dict[UUID, list[UUID]] = defaultdict(list)
        for level_id, holder in self._leases:
            self._holders[level_id].append(holder)
        self._levels: dict[UUID, list[StockLevel]] = defaultdict(list)
        for level in self.desk.levels.values():
            self._levels[level.variant_id].append(level)
        self._touched: dict[tuple[UUID, UUID], Lease] = {}

    @property
    def variants(self) -> list[UUID]:
        """Those that lie anywhere, in the order of their ids."""
        return sorted(self._levels)

    def free(self, variant: UUID) -> int:
        """Units of a variant that nobody has."""
        return sum(level.available for level in self._levels[variant])

    def spoiling(self, variant: UUID) -> int:
        """Units of a variant that tomorrow are past their last day for sale: a lease has to shrink before."""
        held = [level.id for level in self._levels[variant] if level.in_lots]
        tomorrow = clock.business_date() + timedelta(days=1)
        return sum(units for units in expiring.due(held, on=tomorrow).values() if units > 0) if held else 0

    def waiting(self, variant: UUID) -> int:
        """Units of a variant that somebody waits for."""
        return sum(level.backordered for level in self._levels[variant])

    def leased(self, variant: UUID) -> int:
        """Units of a variant that channels have."""
        return sum(level.leased for level in self._levels[variant])

    def holders(self, variant: UUID) -> set[UUID]:
        """Who has, or had, a lease of a variant."""
        return {holder for level in self._levels[variant] for holder in self._holders[level.id]}

    def held(self, key: Key) -> int:
        """Units of one lease."""
        variant, holder = key
        leases = (self._leases.get((level.id, holder)) for level in self._levels[variant])
        return sum(lease.units for lease in leases if lease)

    def hold(self, wanted: Mapping[Key, int], *, cause: UUID) -> tuple[dict[Key, int], list[Change]]:
        """Bring leases to these sizes: lowered ones first, then raised ones as far as free units go.

        Returns what each is now, and the demands that gained by what became free. `cause` names it in the movements.
        """
        now = {key: self.held(key) for key in wanted}
        for key, units in wanted.items():
            if units < now[key]:
                self._lower(key, now[key] - units, cause)
        gained = refill(self.desk, part=cause.hex)
        for key, units in wanted.items():
            if units > now[key]:
                self._raise(key, units - now[key], cause)
        self.write()
        return {key: self.held(key) for key in wanted}, gained

    def _lower(self, key: Key, units: int, cause: UUID) -> None:
        variant, holder = key
        for level in reversed(self._levels[variant]):
            lease = self._leases.get((level.id, holder))
            take = min(units, lease.units) if lease else 0
            if take:
                self._change(level, holder, -take, cause)
                units -= take

    def _raise(self, key: Key, units: int, cause: UUID) -> None:
        variant, holder = key
        for level in sorted(self._levels[variant], key=lambda level: -level.available):
            take = min(units, max(0, level.available))
            if take:
                self._change(level, holder, take, cause)
                units -= take

    def _change(self, level: StockLevel, holder: UUID, units: int, cause: UUID) -> None:
        key = (level.id, holder)
        lease = self._leases.get(key)
        if lease is None:
            lease = self._leases[key] = Lease(id=uuid7(), level_id=level.id, holder=holder)
            self._holders[level.id].append(holder)
        lease.units += units
        self._touched[key] = lease
        direction = "+" if units > 0 else "-"
        self.desk.change(
            level, StockMovement.Kind.LEASE, source_kind="lease", source_id=lease.id, part=f"{direction}{cause.hex}",
            leased=units,
        )  # fmt: skip

    def write(self) -> None:
        """Levels, movements and leases as they stand."""
        self.desk.write()
        rows.insert([lease for lease in self._touched.values() if lease._state.adding])
        rows.update([lease for lease in self._touched.values() if not lease._state.adding], ["units"])
        self._touched.clear()


def hold(wanted: Mapping[Key, int], *, actor: str, cause: UUID) -> tuple[dict[Key, int], list[Change]]:
    """`Leases.hold` in a transaction of its own."""
    with transaction.atomic():
        return Leases((variant for variant, _ in wanted), actor=actor).hold(wanted, cause=cause)
