"""Tell channels what to show: one push at a time for each, built from what is free now, so that no stale number goes out.

A push whose outcome is unknown is repeated as it was built, or lapses where the channel cannot tell a repeat; only when it is
settled is the next one built, with a new key. Of a leased variant a channel is told its own part, and its lease covers the
number before it is sent.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Min, OuterRef, Subquery, Sum

from apps.channels import dividing
from apps.channels import services as channels
from apps.channels.manners import manners
from apps.channels.models import ChannelRule, Listing
from apps.channels.states import SellingState as State
from apps.core import clock
from apps.core.ids import uuid7
from apps.flows import lease_stock, stop_falls, wiring
from apps.hub import abilities, connections, delivery, outbox
from apps.hub.contracts import StockOutcome, StockQuantity
from apps.hub.delivery import NewDelivery
from apps.hub.models import Connection, Delivery, InboxEvent

OPERATION = "stock.set"
Told = list[tuple[Listing, int]]


def build() -> int:
    """One push for each channel that has something to be told and no push under way; returns how many were built."""
    wanted = channels.to_be_told()
    if not wanted:
        return 0
    sinks = [
        channel
        for channel in wiring.with_ability("stock.write")
        if channel.id in wanted and "stock.write" not in channel.shadowed_abilities
    ]
    return sum(_build_for(channel) for channel in sinks)


def has_unbuilt() -> bool:
    """Whether some channel has something to be told that no push carries yet (a push that waits carries what it carries)."""
    wanted = channels.to_be_told()
    return any(
        channel.id in wanted and "stock.write" not in channel.shadowed_abilities and not under_way(channel)
        for channel in connections.with_ability("stock.write")
    )


def under_way(channel: Connection) -> bool:
    """Whether a push to this channel is not settled, or its answer not taken in: the channel may show what it showed before
    or what it is being told, and an older answer must never come after a newer one.
    """
    return (
        Delivery.objects.filter(
            connection=channel, operation=OPERATION, status__in=["due", "unknown", "waiting"]
        ).exists()
        or InboxEvent.objects.filter(
            connection=channel, topic=f"answer/{OPERATION}", status=InboxEvent.Status.NEW
        ).exists()
    )


def _build_for(channel: Connection) -> bool:
    if under_way(channel):
        return False
    many, limits = _many(channel), stop_falls.limits()
    dirty = channels.dirty(channel.id, max(many, limits.least))
    if len(dirty) >= limits.least and stop_falls.hold_falls(channel.id, limits):
        dirty = channels.dirty(channel.id, many)
    dirty = dirty[:many]
    lease_stock.decide({row.variant for row in dirty})
    with transaction.atomic():
        # The channel's row is the lock: two builders must not both see that no push is under way.
        locked = (
            Connection.objects.select_for_update(no_key=True, of=("self",)).select_related("rule").get(id=channel.id)
        )
        if under_way(channel):
            return False
        dirty = channels.dirty(channel.id, many)
        leased = {row.variant for row in dirty if row.state != State.SHARED}
        others = [row.id for row in dirty if row.state == State.SHARED]
        rows = _leased(locked, leased, also=others) if leased else []
        rule = channels.rule_of(locked)
        rows += channels.to_tell(others, rule=rule, unheard=unheard)
        if not rows:
            return False
        _enqueue(channel, rows)
    return True


def _many(channel: Connection) -> int:
    return min(abilities.OPERATIONS[OPERATION].many, manners(channel).many)


def _leased(channel: Connection, variants: set[UUID], *, also: Iterable[UUID]) -> Told:
    """What this channel is told of variants that are leased or about to be; the leases cover it before it is sent. `also`:
    listings that the push tells besides.
    """
    desk = lease_stock.Desk.of(variants, also=also)
    rule = channels.rule_of(channel)
    told: Told = []
    for row in desk.book.listings.values():
        if row.connection_id != channel.id or not row.is_dirty or row.variant_id not in variants:
            continue
        row.is_dirty, row.may_fall = False, False
        if row.pushing is not None:  # a person gave the push up: nobody will ever know
            desk.book.answered(row, None, row.pushing, at=clock.now(), keeps_escrow=_is_leased(desk, row.variant_id))
        number = _number(desk, row, rule=rule)
        if not _is_leased(desk, row.variant_id) or _has_to_be_sent(desk, row, number):
            row.pushing = number
            told.append((row, number))
    covered = {row.variant_id for row, _ in told if row.variant_id and _is_leased(desk, row.variant_id)}
    desk.settle(covered, cause=uuid7())
    desk.book.write()
    return told


def _number(desk: lease_stock.Desk, row: Listing, *, rule: ChannelRule) -> int:
    assert row.variant_id is not None
    share = rule.shown(lease_stock.shares(desk, row.variant_id).get(row.connection_id, 0) + rule.buffer)
    if not _is_leased(desk, row.variant_id):
        return share
    promise = desk.book.promise(row)
    return dividing.target(
        promise, share=max(0, share - promise.escrow), lease=desk.leases.held(lease_stock.key_of(row)),
        free=desk.leases.free(row.variant_id), is_called_back=_is_called_back(desk, row),
    )  # fmt: skip


def _is_leased(desk: lease_stock.Desk, variant: UUID) -> bool:
    return desk.state(variant) == State.LEASED


def _is_called_back(desk: lease_stock.Desk, row: Listing) -> bool:
    """Whether this channel has to give something up: somebody waits, units expire, or another channel has a part and shows
    nothing.
    """
    assert row.variant_id is not None
    if desk.leases.waiting(row.variant_id) or desk.leases.spoiling(row.variant_id):
        return True
    if desk.leases.free(row.variant_id):
        return False
    parts = lease_stock.shares(desk, row.variant_id)
    return any(
        other.id != row.id and parts.get(other.connection_id, 0) and desk.book.promise(other).need == 0
        for other in desk.offers(row.variant_id)
    )


def _has_to_be_sent(desk: lease_stock.Desk, row: Listing, number: int) -> bool:
    in_doubt = any(escrow.until is None for escrow in desk.book.escrows[row.id])
    return row.shown != number or row.set_at is None or in_doubt


def _enqueue(channel: Connection, rows: Told) -> None:
    words = [
        StockQuantity(
            external_id=row.stock_external_id or row.external_id, quantity=quantity, sku=row.sku,
            location_external_id=row.location_external_id, expected=row.shown,
        )
        for row, quantity in rows
    ]  # fmt: skip
    push = uuid7()
    delivery.enqueue(
        [
            NewDelivery(
                connection_id=channel.id, operation=OPERATION, key=f"{OPERATION}:{push}", words=words, kind="stock",
                subject=push,
            )
        ]
    )  # fmt: skip


def take_outcomes(outcomes: Sequence[StockOutcome], *, delivery_id: UUID, source: Connection) -> None:
    """What became of a push: beliefs, and the leases that rest on them."""
    row = Delivery.objects.get(id=delivery_id)
    quantities = {word.external_id: word.quantity for word in delivery.words_of(row)}
    by_id = {outcome.external_id: outcome for outcome in outcomes}
    with transaction.atomic():
        concerned = lease_stock.lock(channels.variants_of(source, quantities))
        channels.lock_listings(concerned, also=channels.sent_as(source, quantities))
        leased = channels.told(source, by_id, quantities, is_answered=bool(outcomes))
        lease_stock.settle(leased, cause=row.id)
    if _is_old(row.created_at, channels.rule_of(source).blind_after_minutes):
        _show_again(source)


def _show_again(heard: Connection) -> None:
    """A channel that was blind is heard again: what others did not show because of it they may show now, and no later change
    would tell them. One that is being told, or about to be, may be told what was right while the channel was blind.
    """
    kept = Listing.objects.filter(connection=heard, variant__isnull=False, shown__gt=0)
    others = Listing.objects.filter(variant__in=kept.values("variant"), shown__isnull=False).exclude(connection=heard)
    rows = list(others.select_related("connection", "connection__rule"))
    wanted = channels.wanted(rows, unheard=unheard())
    changed = {
        str(row.variant_id)
        for row in rows
        if row.is_dirty or (row.shown if row.pushing is None else row.pushing) != wanted[row.id]
    }
    if changed:
        # Told as any change is: more listings are not locked beside those whose answer was just taken in (docs/locks.md).
        facts = {"variants": sorted(changed)}
        outbox.publish([outbox.NewFact("stock.changed", "stock", uuid7(), facts)], are_new_subjects=True)


# Channels of which nothing is heard


@dataclass(frozen=True, slots=True)
class Blind:
    """Since when nothing has been heard, and what the channel keeps meanwhile: units that it showed last, of so many articles."""

    since: datetime
    units: int
    articles: int


def is_blind(channel: Connection) -> bool:
    """Whether a push has been under way for longer than the merchant lets a channel be silent."""
    return channel.id in _silent_since([channel])


def blind() -> dict[UUID, Blind]:
    """Channels that are blind now, for people to see."""
    since = _silent_since(wiring.with_ability("stock.write"))
    if not since:
        return {}
    shown = Listing.objects.filter(connection__in=since, variant__isnull=False, shown__gt=0)
    sums = shown.order_by().values_list("connection").annotate(units=Sum("shown"), articles=Count("id"))
    kept = {channel: (units, articles) for channel, units, articles in sums}
    return {channel: Blind(at, *kept.get(channel, (0, 0))) for channel, at in since.items()}


def _silent_since(channels_: Iterable[Connection]) -> dict[UUID, datetime]:
    """blind channel -> when the push was built that it has not answered."""
    waits = Delivery.objects.filter(
        connection=OuterRef("pk"), operation=OPERATION, status__in=["due", "unknown", "waiting"]
    )
    oldest = waits.order_by().values("connection").annotate(first=Min("created_at")).values("first")
    rows = Connection.objects.filter(id__in=[channel.id for channel in channels_]).annotate(first=Subquery(oldest))
    usual = ChannelRule().blind_after_minutes
    found = {}
    for id_, first, minutes in rows.values_list("id", "first", "rule__blind_after_minutes"):
        if first is not None and _is_old(first, usual if minutes is None else minutes):
            found[id_] = first
    return found


def _is_old(built: datetime, minutes: int) -> bool:
    """Whether a push was built so long ago that its channel counts as blind when it has not answered."""
    return built < clock.now() - timedelta(minutes=minutes)


def unheard(silent: Iterable[UUID] | None = None) -> channels.Unheard:
    """blind channel -> variant -> what it showed last: units that it may still sell, so that others do not show them.

    `silent`: the channels that are blind, where the caller knows them already.
    """
    found: dict[UUID, dict[UUID, int]] = {}
    if silent is None:
        silent = _silent_since(wiring.with_ability("stock.write"))
    for channel in silent:
        shown = Listing.objects.filter(connection=channel, variant__isnull=False, shown__gt=0)
        found[channel] = {
            row.variant_id: row.shown for row in shown.only("variant", "shown") if row.variant_id and row.shown
        }
    return found
