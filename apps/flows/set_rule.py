"""A channel's rule is set by a person who has seen what it changes: the numbers and prices before and after, each with its why.

Nothing is sent by looking. What is made so is told by the next push; what the person saw falling to none is let pass once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from apps.channels import pricing
from apps.channels import services as channels
from apps.channels.models import ChannelRule, Listing, SellingPolicy
from apps.channels.pricing import Wanted
from apps.channels.states import SellingState
from apps.core import audit
from apps.flows import push_prices, wiring
from apps.hub.models import Connection

# What a preview looks at; beyond it the rest is counted as not looked at, and said so.
MOST_LOOKED, MOST_ROWS = 20_000, 100
FIELDS = (
    "buffer", "cap", "minimum", "weight", "blind_after_minutes", "stop_percent", "price_factor", "price_addition",
    "price_ending", "least_margin",
)  # fmt: skip


class Stale(Exception):
    """More would fall to none now than the person saw: look again."""


class UnderWay(Exception):
    """Prices are on their way to the channel; the next ones are told when it has answered."""


@dataclass(frozen=True, slots=True)
class Told:
    """How many listings are told another number, and another price."""

    numbers: int
    prices: int


@dataclass(frozen=True, slots=True)
class Change:
    """One listing: what it shows and costs there now and by the rule. `free`: units before the rule; None: it is leased."""

    of: Listing
    shown: int | None
    shows: int
    free: int | None
    price: Wanted | None
    is_new_price: bool

    @property
    def is_new_number(self) -> bool:
        """Whether another number would be shown."""
        return self.shown != self.shows

    @property
    def falls(self) -> bool:
        """Whether something is shown now and nothing would be."""
        return bool(self.shown and self.shown > 0 and self.shows == 0)


@dataclass(slots=True)
class Preview:
    """What a rule would change. `changes`: the first of them, by SKU; the figures count all that was looked at."""

    changes: list[Change] = field(default_factory=list)
    looked: int = 0
    is_all: bool = True
    numbers: int = 0
    falls: int = 0
    prices: int = 0


def preview(channel: Connection, rule: ChannelRule) -> Preview:
    """What would change at this channel by this rule; nothing is written."""
    rows = _listings(channel)
    made = Preview(looked=min(len(rows), MOST_LOOKED), is_all=len(rows) <= MOST_LOOKED)
    for change in _changes(channel, rule, rows[:MOST_LOOKED]):
        made.numbers += change.is_new_number
        made.falls += change.falls
        made.prices += change.is_new_price
        if (change.is_new_number or change.is_new_price) and len(made.changes) < MOST_ROWS:
            made.changes.append(change)
    return made


def make_so(channel: Connection, rule: ChannelRule, *, seen_falls: int, actor: str) -> Told:
    """Keep the rule and have the channel told by it. `seen_falls`: how many fell to none in what the person saw. Raises `Stale`,
    `UnderWay`.
    """
    with transaction.atomic():
        Connection.objects.select_for_update(no_key=True, of=("self",)).get(id=channel.id)
        changes = _changes(channel, rule, _listings(channel))
        falls = [change.of.id for change in changes if change.falls]
        if len(falls) > seen_falls:
            raise Stale
        was = {name: getattr(channels.rule_of(channel), name) for name in FIELDS}
        values = {name: getattr(rule, name) for name in FIELDS}
        ChannelRule.objects.update_or_create(connection_id=channel.id, defaults=values)
        changed = {name: [_plain(was[name]), _plain(values[name])] for name in FIELDS if was[name] != values[name]}
        audit.record("rule.set", actor=actor, subject=channel, detail=changed)
        channels.tell_all(channel.id)
        Listing.objects.filter(id__in=falls, is_dirty=True).update(may_fall=True, is_held=False)
        prices = _tell_prices(channel, changes)
    return Told(sum(change.is_new_number for change in changes), prices)


def _tell_prices(channel: Connection, changes: Sequence[Change]) -> int:
    """Channels that take prices are told them; while an earlier push is not settled nothing is, and the person is told so."""
    new = [
        (change.of, change.price.wanted, change.price.currency)
        for change in changes
        if change.is_new_price and change.price
    ]
    if not new or not wiring.has(channel, "price.write"):
        return 0
    if push_prices.under_way(channel):
        raise UnderWay
    return push_prices.tell(channel, new)


def _listings(channel: Connection) -> list[Listing]:
    rows = Listing.objects.filter(connection=channel, variant__isnull=False).select_related("variant")
    found = list(rows.order_by("sku", "id")[: MOST_LOOKED + 1])
    for row in found:
        row.connection = channel
    return found


def _changes(channel: Connection, rule: ChannelRule, rows: Sequence[Listing]) -> list[Change]:
    variants = {row.variant_id for row in rows if row.variant_id}
    free = channels.sellable(variants)
    leased: set[UUID] = set(
        SellingPolicy.objects.filter(variant__in=variants, state=SellingState.LEASED).values_list("variant", flat=True)
    )
    prices = pricing.of(rows, rule)
    made = []
    for row in rows:
        if row.variant_id is None:
            continue
        is_leased = row.variant_id in leased
        units = free[row.variant_id] - row.buffer
        shows = max(0, row.shown or 0) if is_leased else rule.shown(units)
        price = prices.get(row.id)
        is_new = bool(price and price.why != "base" and row.price is not None and price.wanted != row.price)
        made.append(Change(row, row.shown, shows, None if is_leased else free[row.variant_id], price, is_new))
    return made


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value
