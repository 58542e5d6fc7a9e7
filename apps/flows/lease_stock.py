"""Leases: below a threshold, or on demand, a variant's units are divided among its channels, and each may sell its own alone.

A lease covers everything that its channel may still sell unheard (channels.dividing); it is raised before a higher number is
sent and lowered only when the channel has acknowledged a lower one and its orders are known up to then. Locks: stock levels,
leases, listings, escrows, orders, each in id order. The argument is in docs/no-oversell.md.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from django.db import connection as database
from django.db import transaction
from django.db.models import Sum

from apps.channels import feed
from apps.channels.dividing import divide
from apps.channels.models import Escrow, Listing, SellingPolicy
from apps.channels.promises import Book
from apps.channels.states import MOVES
from apps.channels.states import SellingState as State
from apps.core import clock, rows
from apps.core.ids import uuid7
from apps.core.models import Company
from apps.core.states import Cause, Change, move_all
from apps.flows import allocation, wiring
from apps.hub.abilities import Writes
from apps.hub.models import Connection
from apps.inventory.leases import Key, Leases
from apps.inventory.models import BackorderPolicy, free_sql, ships_sql
from apps.orders.models import OrderLine

ACTOR = "leases"
Choice = SellingPolicy.Choice
# A variant that was leased becomes shared again at a multiple of the threshold, so that it does not swing.
SHARED_AGAIN = 2
WEIGHED_OVER = timedelta(days=28)


@dataclass(slots=True)
class Desk:
    """Everything about some variants, locked: policies, leases, listings, escrows."""

    leases: Leases
    book: Book
    policies: dict[UUID, SellingPolicy]
    sold: dict[tuple[UUID, UUID], int]  # (variant, channel) -> units sold lately
    later: set[UUID]  # variants that are sold beyond the shelf
    _offers: dict[UUID, list[Listing]]
    _moved: dict[str, list[tuple[SellingPolicy, str]]] = field(default_factory=lambda: defaultdict(list))
    _known: dict[UUID, feed.Known] = field(default_factory=dict)

    @classmethod
    def of(cls, variants: Collection[UUID], *, also: Iterable[UUID] = ()) -> "Desk":
        """Lock in the order that everybody keeps; `also`: listings of other variants that are to be locked with them."""
        leases = Leases(variants, actor=ACTOR)
        book = Book.of_variants(variants, also=also)
        policies = SellingPolicy.objects.filter(variant__in=variants).order_by("id").select_for_update(no_key=True)
        wanted = set(variants)
        offers: dict[UUID, list[Listing]] = defaultdict(list)
        for row in book.listings.values():
            if row.variant_id in wanted and wiring.has(row.connection, "stock.write"):
                offers[row.variant_id].append(row)
        later = set(
            BackorderPolicy.objects.filter(variant__in=variants, is_open=True).values_list("variant", flat=True)
        )
        return cls(leases, book, {row.variant_id: row for row in policies}, _sold_lately(variants), later, offers)

    def offers(self, variant: UUID) -> list[Listing]:
        """Listings of a variant at channels that can be told what to show."""
        return self._offers.get(variant, [])

    def state(self, variant: UUID) -> str:
        """How a variant is offered."""
        policy = self.policies.get(variant)
        return policy.state if policy else State.SHARED

    def move(self, policy: SellingPolicy, state: State, reason: str) -> None:
        """A variant is offered in another way from now on; `write` puts it down."""
        self._moved[reason].append((policy, policy.state))
        policy.state, policy.since = state, clock.now()

    def known(self, channel: Connection) -> feed.Known:
        """How far a channel's orders are known."""
        if channel.id not in self._known:
            self._known[channel.id] = feed.known(channel)
        return self._known[channel.id]

    def write(self) -> None:
        """Policies, listings and escrows as they stand, in sets."""
        moved = [one for group in self._moved.values() for one in group]
        fresh = [policy for policy, _ in moved if policy._state.adding]
        rows.insert(fresh)
        for reason, group in self._moved.items():
            changes = [Change(policy.id, old, policy.state) for policy, old in group]
            unwritten = {policy.id for policy in fresh}
            move_all(SellingPolicy, "state", changes, moves=MOVES, cause=Cause(ACTOR, reason), unwritten=unwritten)
        rows.update((policy for policy, _ in moved), ["since"])
        self._moved.clear()
        self.book.write()

    def settle(self, variants: Iterable[UUID], *, cause: UUID) -> None:
        """Bring the leases of leased variants to what their channels may sell; what cannot be covered is told again."""
        offers = [row for variant in set(variants) for row in self.offers(variant)]
        needs = {key_of(row): self.book.promise(row).need for row in offers}
        # Whoever has no listing of it any more needs none.
        gone = {(variant, holder): 0 for variant in set(variants) for holder in self.leases.holders(variant)}
        if not gone and not needs:
            return
        held, gained = self.leases.hold(gone | needs, cause=cause)
        for row in offers:
            key = key_of(row)
            row.unbacked = needs[key] - held[key]
            row.is_dirty = row.is_dirty or row.unbacked > 0
        allocation.look_again(gained, cause=Cause(ACTOR, "units that a channel no longer offers"))


def key_of(row: Listing) -> Key:
    """Whose lease a linked listing has."""
    if row.variant_id is None:
        raise ValueError(f"{row} is linked to nothing")
    return row.variant_id, row.connection_id


def leased(variants: Iterable[UUID]) -> set[UUID]:
    """Those of these variants that are leased now."""
    wanted = SellingPolicy.objects.filter(variant__in=set(variants), state=State.LEASED)
    return set(wanted.values_list("variant", flat=True))


def settle(variants: Iterable[UUID], *, cause: UUID) -> None:
    """After something changed what channels may sell: the leases follow."""
    concerned = leased(variants)
    if not concerned:
        return
    with transaction.atomic():
        desk = Desk.of(concerned)
        desk.settle(concerned, cause=cause)
        desk.book.write()


def lock(variants: Iterable[UUID]) -> set[UUID]:
    """Take the locks that come before those of listings, for the leased ones among these variants; answers which they are."""
    concerned = leased(variants)
    if concerned:
        Leases(concerned, actor=ACTOR)
    return concerned


def shown_again(channel: Connection, units: Mapping[UUID, int]) -> None:
    """An order was called off at its channel (`variant -> units`), which may show them again by itself: they stay its own
    until it has been told a number.
    """
    with transaction.atomic():
        concerned = lock(units)
        if not concerned:
            return
        desk = Desk.of(concerned)
        for row in desk.book.listings.values():
            if row.connection_id == channel.id and row.variant_id:
                desk.book.restocked(row, units[row.variant_id])
                row.is_dirty = True
        desk.settle(concerned, cause=uuid7())
        desk.book.write()


# Shared or leased

_DUE = f"""
SELECT pool.variant FROM (
    SELECT level.variant_id AS variant, sum({free_sql("level")} + level.leased) AS units
    FROM inventory_stocklevel AS level JOIN inventory_location AS place ON place.id = level.location_id
    WHERE {ships_sql("place")} AND level.variant_id = ANY(%(variants)s::uuid[])
      AND NOT EXISTS (SELECT 1 FROM catalog_component part WHERE part.bundle_id = level.variant_id)
    GROUP BY level.variant_id
) AS pool LEFT JOIN channels_sellingpolicy AS policy ON policy.variant_id = pool.variant
WHERE policy.state = 'leasing' OR CASE coalesce(policy.choice, 'automatic')
    WHEN 'shared' THEN policy.state <> 'shared'
    WHEN 'leased' THEN policy.state <> 'leased'
    ELSE CASE WHEN EXISTS (SELECT 1 FROM inventory_backorderpolicy p WHERE p.variant_id = pool.variant AND p.is_open)
        THEN policy.state <> 'shared'
        WHEN coalesce(policy.state, 'shared') = 'shared' THEN %(threshold)s > 0 AND pool.units <= %(threshold)s
        ELSE pool.units > %(threshold)s * {SHARED_AGAIN} OR %(threshold)s = 0 END END
"""


def _due(variants: Collection[UUID], threshold: int) -> list[UUID]:
    """Those for which there is something to decide."""
    with database.cursor() as cursor:
        cursor.execute(_DUE, {"variants": list(variants), "threshold": threshold})
        return [row[0] for row in cursor.fetchall()]


def decide(variants: Collection[UUID]) -> int:
    """Which of these variants are to be leased, and which no longer; returns how many changed. Call it before telling."""
    threshold = Company.objects.values_list("lease_below", flat=True).first() or 0
    variants = _due(variants, threshold)
    if not variants:
        return 0
    with transaction.atomic():
        desk = Desk.of(variants)
        before = {variant: desk.state(variant) for variant in desk.leases.variants}
        for variant in before:
            free = desk.leases.free(variant)
            _decide(desk, variant, pool=free + desk.leases.leased(variant), free=free, threshold=threshold)
        changed = {variant: desk.state(variant) for variant, was in before.items() if desk.state(variant) != was}
        desk.settle((variant for variant, now in changed.items() if now == State.LEASED), cause=uuid7())
        _give_back(desk, [variant for variant, now in changed.items() if now == State.SHARED])
        desk.write()
    return len(changed)


def _decide(desk: Desk, variant: UUID, *, pool: int, free: int, threshold: int) -> None:
    policy = desk.policies.get(variant)
    state = desk.state(variant)
    offers = desk.offers(variant)
    # What is sold for later has no last unit that two channels could sell: the second one waits for its day.
    can_run_low = len(offers) > 1 and variant not in desk.later
    if not _is_to_be_leased(policy, pool, threshold, can_run_low=can_run_low):
        if policy is not None and state != State.SHARED:
            _share(desk, policy, offers)
        return
    if policy is None:
        policy = desk.policies[variant] = SellingPolicy(id=uuid7(), variant_id=variant, since=clock.now())
    if state == State.SHARED:
        desk.move(policy, State.LEASING, f"{pool} units are left")
    elif state == State.LEASED or not all(_is_settled(desk, row, policy) for row in offers):
        return
    elif sum(desk.book.promise(row).need for row in offers) <= free:
        desk.move(policy, State.LEASED, "every number shown is covered")
        return
    for row in offers:
        row.is_dirty = True


def _is_to_be_leased(policy: SellingPolicy | None, pool: int, threshold: int, *, can_run_low: bool) -> bool:
    choice = policy.choice if policy else Choice.AUTOMATIC
    if choice != Choice.AUTOMATIC:
        return choice == Choice.LEASED
    is_leased = policy is not None and policy.state != State.SHARED
    return can_run_low and pool <= threshold * (SHARED_AGAIN if is_leased else 1) and threshold > 0


def _is_settled(desk: Desk, row: Listing, policy: SellingPolicy) -> bool:
    """Whether what the channel shows is known: told since the decision, acknowledged, and its orders known up to then."""
    if row.pushing is not None or row.is_dirty or row.set_at is None or row.set_at < policy.since:
        return False
    told = desk.book.manners(row)
    if told.writes is Writes.COMPARE_AND_SET:
        return True
    return desk.known(row.connection).covers(row.set_at + told.settles, after_look=row.set_look)


def _share(desk: Desk, policy: SellingPolicy, offers: Sequence[Listing]) -> None:
    desk.move(policy, State.SHARED, "there are plenty")
    for row in offers:
        for escrow in list(desk.book.escrows[row.id]):
            desk.book.drop(row, escrow)
        row.unbacked = 0
        row.is_dirty = True


def _give_back(desk: Desk, variants: Sequence[UUID]) -> None:
    """Leases of variants that are shared again are free for all."""
    keys = {(variant, holder): 0 for variant in variants for holder in desk.leases.holders(variant)}
    if keys:
        _, gained = desk.leases.hold(keys, cause=uuid7())
        allocation.look_again(gained, cause=Cause(ACTOR, "shared again"))


# Who gets how many


def _sold_lately(variants: Collection[UUID]) -> dict[tuple[UUID, UUID], int]:
    lines = OrderLine.objects.filter(
        variant__in=variants, order__placed_at__gte=clock.now() - WEIGHED_OVER, quantity__gt=0
    )
    sums = lines.order_by().values_list("variant", "order__channel").annotate(units=Sum("quantity"))
    return {(variant, channel): units for variant, channel, units in sums}


def shares(desk: Desk, variant: UUID) -> dict[UUID, int]:
    """channel -> units of a leased (or soon leased) variant that are its part of what nobody waits for."""
    leases = desk.leases
    pool = leases.free(variant) + leases.leased(variant) - leases.waiting(variant) - leases.spoiling(variant)
    return divide(pool, {row.connection_id: _weight(desk, row) for row in desk.offers(variant)})


def _weight(desk: Desk, row: Listing) -> float:
    """What the merchant said, else what the channel sold lately, and a little for each."""
    rule = getattr(row.connection, "rule", None)
    if rule is not None and rule.weight is not None:
        return float(rule.weight)
    return 1.0 + desk.sold.get(key_of(row), 0)


# The order feed passes


def sweep() -> int:
    """What time alone brings: old numbers expire, and variants become leased when their channels' orders are known."""
    leasing = set(SellingPolicy.objects.filter(state=State.LEASING).values_list("variant", flat=True))
    return expire() + (decide(leasing) if leasing else 0)


def expire() -> int:
    """What old numbers may have sold is free again where the channel's orders are known up to then; returns the listings."""
    waiting = Escrow.objects.filter(until__isnull=False, until__lte=clock.now())
    those = Connection.objects.filter(id__in=waiting.values("listing__connection"))
    found = 0
    for channel in those.select_related("rule"):
        known = feed.known(channel)
        passed = waiting.filter(listing__connection=channel, until__lte=known.until, after_look__lt=known.look)
        variants = set(passed.values_list("listing__variant", flat=True))
        if not variants:
            continue
        with transaction.atomic():
            desk = Desk.of(variants)
            for row in desk.book.listings.values():
                if row.connection_id == channel.id:
                    desk.book.passed(row, known)
                    row.is_dirty = row.is_dirty or row.pushing is None
            desk.settle(variants & {v for v, p in desk.policies.items() if p.state == State.LEASED}, cause=uuid7())
            desk.book.write()
        found += len(variants)
    return found
