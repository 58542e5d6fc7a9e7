"""Locked levels: the one place that writes a stock level, always with its movements, always in id order.

`Desk` holds the locked rows of one transaction; services change them in memory, `write()` puts levels and movements down
in two statements. The CHECK of the table has the last word.
"""

from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from django.db import connection as database
from django.db.models import Q

from apps.core import clock, rows
from apps.core.ids import uuid7
from apps.hub import outbox
from apps.inventory import lots
from apps.inventory.errors import NoLocation
from apps.inventory.models import COUNTED, SHIPS, Location, Lot, StockLevel, StockMovement, ships_sql

IN_ORDER = "ORDER BY id FOR NO KEY UPDATE"
_FIGURES = (*COUNTED, "in_lots", "incoming", "backordered", "value_minor")


def default_location() -> Location:
    """The location that takes new orders. Raises `NoLocation`."""
    location = Location.objects.filter(is_default=True, is_active=True).first()
    if location is None:
        raise NoLocation("no location takes new orders; mark one in the settings")
    return location


_SHIPPING = f"SELECT place.id FROM inventory_location AS place WHERE {ships_sql('place')}"


def _locked(variants: Collection[UUID], location: Location | None) -> list[StockLevel]:
    also = " OR place.id = %s" if location else ""
    return rows.read(
        StockLevel, f"WHERE location_id = ANY(ARRAY({_SHIPPING}{also})) AND variant_id = ANY(%s) {IN_ORDER}",
        [*([location.id] if location else []), list(variants)],
    )  # fmt: skip


_SHELVES = """
SELECT level.id, level.in_lots FROM inventory_stocklevel AS level WHERE level.variant_id IN (
    SELECT promised.variant_id FROM inventory_demand AS demand
    JOIN inventory_stocklevel AS promised ON promised.id = demand.level_id
    WHERE demand."group" = ANY(%s) OR demand.subject = ANY(%s))
ORDER BY level.id FOR NO KEY UPDATE
"""


def lock_shelves(*, orders: Iterable[UUID] = (), lines: Iterable[UUID] = ()) -> list[UUID]:
    """Take the locks that come before those of orders: every level of what these orders, or lines, want (docs/locks.md).
    Answers those of them that have lots.

    A story that may free units calls it before it locks an order: who gains by them is another order.
    """
    groups, subjects = list(orders), list(lines)
    if groups or subjects:
        with database.cursor() as cursor:
            cursor.execute(_SHELVES, [groups, subjects])
            return [level for level, in_lots in cursor.fetchall() if in_lots]
    return []


class Desk:
    """Levels locked for this transaction and what happens to them.

    With a level come those of its variant at every place that ships orders: what is freed at one may serve who waits at
    another. `location`: the one that was asked for.
    """

    def __init__(self, levels: Iterable[StockLevel], *, actor: str, location: UUID | None = None) -> None:
        self.levels: dict[UUID, StockLevel] = {level.id: level for level in levels}
        self.actor = actor
        self.at = clock.now()
        self.movements: list[StockMovement] = []
        self.moved: set[UUID] = set()  # levels whose free units changed
        self._said: dict[UUID, Mapping[Lot, int]] = {}  # movement -> the lots that somebody said it was
        self._location = location
        self._waited = {level.id: level.backordered for level in self.levels.values()}

    @classmethod
    def of_variants(cls, variants: Iterable[UUID], *, location: Location | None = None, actor: str) -> "Desk":
        """Lock the levels of variants at one location, or wherever orders are shipped from, making those that do not exist
        yet: at that location, or at the one that takes new orders.

        Raises `NoLocation`.
        """
        wanted = set(variants)
        locked = _locked(wanted, location)
        there = [level for level in locked if location is None or level.location_id == location.id]
        missing = wanted - {level.variant_id for level in there}
        if location is None and len({level.location_id for level in locked}) > 1:
            location = default_location()
            missing = wanted - {level.variant_id for level in locked if level.location_id == location.id}
        if missing:
            location = location or default_location()
            rows.insert_new(
                StockLevel(id=uuid7(), variant_id=variant, location=location) for variant in sorted(missing)
            )
            locked = _locked(wanted, location)
        return cls(locked, actor=actor, location=location.id if location else None)

    @classmethod
    def of_places(cls, places: Iterable[tuple[UUID, UUID]], *, actor: str) -> "Desk":
        """Lock the levels of (variant, location) pairs, at however many locations, making those that do not exist yet."""
        wanted = set(places)
        match = Q(pk__in=[])
        for location in {location for _, location in wanted}:
            match |= Q(location=location, variant__in=[variant for variant, at in wanted if at == location])
        there = StockLevel.objects.filter(match)
        missing = wanted - set(there.values_list("variant", "location"))
        if missing:
            rows.insert_new(
                StockLevel(id=uuid7(), variant_id=variant, location_id=location)
                for variant, location in sorted(missing)
            )
        shipping = Q(variant__in={variant for variant, _ in wanted}, location__in=Location.objects.filter(SHIPS))
        locked = StockLevel.objects.filter(match | shipping)
        return cls(locked.order_by("id").select_for_update(no_key=True), actor=actor)

    @classmethod
    def of_levels(cls, levels: Iterable[UUID], *, actor: str, alone: bool = False) -> "Desk":
        """Lock levels by id. `alone`: nothing is freed, so those of other places are left to others."""
        ids = set(levels)
        match = Q(id__in=ids)
        if not alone:
            variants = StockLevel.objects.filter(id__in=ids).values("variant")
            match |= Q(variant__in=variants, location__in=Location.objects.filter(SHIPS))
        return cls(StockLevel.objects.filter(match).order_by("id").select_for_update(no_key=True), actor=actor)

    def by_variant(self) -> dict[UUID, StockLevel]:
        """The locked levels by their variant, at the location that was asked for."""
        at = self._location
        return {level.variant_id: level for level in self.levels.values() if at is None or level.location_id == at}

    @property
    def is_of_one_place(self) -> bool:
        """Whether everything that is locked lies at one place: nothing has to be chosen."""
        return len({level.location_id for level in self.levels.values()}) <= 1

    def by_place(self) -> dict[tuple[UUID, UUID], StockLevel]:
        """The locked levels by (variant, location)."""
        return {(level.variant_id, level.location_id): level for level in self.levels.values()}

    def change(
        self, level: StockLevel, kind: StockMovement.Kind, *, source_kind: str, source_id: UUID, part: str = "",
        reason: str = "", lots: Mapping[Lot, int] | None = None, **figures: int,
    ) -> None:  # fmt: skip
        """One movement: the level's numbers (`figures`: its columns, signed) and the row that explains them.

        `lots`: which units they are, where that is known (signed as `on_hand` is); else the first to expire leave, and what
        comes has no lot yet.
        """
        if not any(figures.values()):
            return
        for name, units in figures.items():
            if units:
                setattr(level, name, getattr(level, name) + units)
                if name in COUNTED:
                    self.moved.add(level.id)
        self.movements.append(
            rows.new(
                StockMovement, id=uuid7(), level_id=level.id, at=self.at, kind=kind, source_kind=source_kind, source_id=source_id,
                part=part[:40], reason=reason[:200], actor=self.actor, **figures,
            )
        )  # fmt: skip
        if lots:
            self._said[self.movements[-1].id] = lots

    def name(self, level: StockLevel, said: Mapping[Lot, int], *, source_id: UUID, reason: str) -> None:
        """Somebody says which lots units are that lie there (below 0: were not): a movement of nothing but the lots."""
        row = rows.new(
            StockMovement, id=uuid7(), level_id=level.id, at=self.at, kind=StockMovement.Kind.LOT, source_kind="lot",
            source_id=source_id, reason=reason[:200], actor=self.actor,
        )  # fmt: skip
        self.movements.append(row)
        self._said[row.id] = said

    def confirm(
        self, level: StockLevel, *, source_id: UUID, reason: str, source_kind: str = "correction"
    ) -> None:  # fmt: skip
        """A count that found what was known: a movement of nothing, so that the same count later is known as done."""
        self.movements.append(
            StockMovement(
                id=uuid7(), level_id=level.id, at=self.at, kind=StockMovement.Kind.COUNT, source_kind=source_kind,
                source_id=source_id, reason=reason[:200], actor=self.actor,
            )
        )  # fmt: skip

    def write(self) -> None:
        """Levels in one UPDATE, movements in one INSERT, and one fact that names the variants whose free stock changed."""
        if not self.levels:
            return
        changed = self.moved | {row.level_id for row in self.movements}
        traced = lots.follow(self.levels, self.movements, self._said, today=clock.business_date(self.at))
        changed |= {level.id for level in self.levels.values() if level.backordered != self._waited.get(level.id, 0)}
        rows.update([level for level in self.levels.values() if level.id in changed], _FIGURES)
        rows.insert(self.movements)
        rows.insert(traced)
        moved = self.moved
        self.movements, self.moved, self._said = [], set(), {}
        if moved:
            variants = [str(row.variant_id) for row in self.levels.values() if row.id in moved]
            outbox.publish(
                [outbox.NewFact("stock.changed", "stock", uuid7(), {"variants": variants})], are_new_subjects=True
            )
