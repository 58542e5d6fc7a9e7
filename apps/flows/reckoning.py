"""How a number comes about: parts with signed units whose sum is the number asked about. Pure: no database, no clock, no words.

What no part explains is stated as the residual, also when it is nothing; nothing is made to fit. A gap between what a channel
shows and what it should show is explained only by what is known to be the matter with it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from apps.channels.dividing import Promise
from apps.channels.models import ChannelRule
from apps.channels.states import SellingState
from apps.hub.abilities import Writes

# Orders that are named one by one; the others are counted.
HANDFUL = 5


@dataclass(frozen=True, slots=True)
class Part:
    """So many units (of money: minor units) for this reason. `code` names the words, `facts` fills them."""

    code: str
    units: int
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reckoning:
    """A number (None: nothing is known), the parts that make it, and notes: what matters and changes no sum."""

    number: int | None
    parts: tuple[Part, ...]
    notes: tuple[Part, ...] = ()

    @property
    def residual(self) -> int:
        """What no part explains."""
        return (self.number or 0) - sum(part.units for part in self.parts)


@dataclass(frozen=True, slots=True)
class Holder:
    """Units of one order (or another thing that wants units) and until when it keeps them."""

    units: int
    label: str
    order: Any = None
    until: datetime | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Holders:
    """The first of those who hold units or wait for them, and how many others with how many units."""

    first: tuple[Holder, ...] = ()
    others: int = 0
    other_units: int = 0

    def parts(self, code: str, sign: int) -> list[Part]:
        """One part for each that is named, one for all others."""
        named = [
            Part(code, sign * one.units,
                 {"order": one.order, "label": one.label, "until": one.until, "since": one.since})
            for one in self.first
        ]  # fmt: skip
        more = Part(f"{code}_more", sign * self.other_units, {"n": self.others})
        return [*named, more] if self.others else named


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """What lies there and whose it is. `aside`: reason -> units; `leases`: (name, units) of each channel that has some."""

    on_hand: int
    aside: Mapping[str, int] = field(default_factory=dict)
    held: Holders = field(default_factory=Holders)
    leases: Sequence[tuple[str, int]] = ()

    def parts(self, *, but_lease_of: str = "") -> list[Part]:
        """From what lies there down to what is free; one channel's own lease may be left in."""
        return [
            Part("on_hand", self.on_hand),
            *self.held.parts("held", -1),
            *(Part("aside", -units, {"reason": reason}) for reason, units in self.aside.items() if units),
            *(
                Part("leased", -units, {"channel": name})
                for name, units in self.leases
                if units and name != but_lease_of
            ),
        ]


def free(number: int, shelf: Shelf) -> Reckoning:
    """What may still be promised."""
    return Reckoning(number, tuple(shelf.parts()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Everything that decides what one channel shows of one article.

    `sellable`: what is free by the house's own statement; `blind`: (name, units) of channels of which nothing is heard and
    what they may still sell; `escrows`: units that an old number may have sold, until when that is not known (None: until the
    next number is acknowledged); `trouble`: why it is not told at all now, "" where nothing is.
    """

    channel: str
    shown: int | None
    shelf: Shelf
    sellable: int
    rule: ChannelRule
    state: str = SellingState.SHARED
    writes: Writes = Writes.COMPARE_AND_SET
    buffer: int = 0
    blind: Sequence[tuple[str, int]] = ()
    escrows: Sequence[tuple[int, datetime | None]] = ()
    unbacked: int = 0
    pushing: int | None = None
    pushed_at: datetime | None = None
    is_dirty: bool = False
    is_bundle: bool = False
    trouble: str = ""


def shown(facts: Shown, notes: Iterable[Part] = ()) -> Reckoning:
    """What a channel shows: of a leased article its own lease, else what is free by its rule."""
    parts = _leased(facts) if facts.state == SellingState.LEASED else _shared(facts)
    number = facts.shown
    gap = (number or 0) - sum(part.units for part in parts)
    if number is not None and gap:
        parts += _known_gap(facts, gap)
    return Reckoning(number if number is not None else sum(part.units for part in parts), tuple(parts), tuple(notes))


def should_show(facts: Shown) -> int:
    """The number without what is still the matter with it: where all is told and acknowledged it is what is shown."""
    return sum(part.units for part in (_leased(facts) if facts.state == SellingState.LEASED else _shared(facts)))


def _shared(facts: Shown) -> list[Part]:
    """Free units, less what is kept from this channel; step by step as `ChannelRule.shown` decides it."""
    parts = [Part("sets", facts.sellable)] if facts.is_bundle else facts.shelf.parts()
    left = sum(part.units for part in parts)
    if facts.sellable != left:
        parts.append(Part("beyond", facts.sellable - left))
        left = facts.sellable
    start = left

    def keep(code: str, units: int, **said: Any) -> None:
        nonlocal left
        units = min(units, max(0, left))
        if units:
            parts.append(Part(code, -units, said))
            left -= units

    keep("buffer_listing", facts.buffer, asked=facts.buffer)
    for name, units in facts.blind:
        keep("blind_elsewhere", units, channel=name)
    keep("buffer", facts.rule.buffer, asked=facts.rule.buffer)
    if facts.rule.cap is not None:
        keep("cap", left - facts.rule.cap, cap=facts.rule.cap)
    if left < facts.rule.minimum:
        keep("minimum", left, minimum=facts.rule.minimum)
    by_rule = facts.rule.shown(start - facts.buffer - sum(units for _, units in facts.blind))
    if by_rule != left:
        parts.append(Part("rule", by_rule - left))
    return parts


def _leased(facts: Shown) -> list[Part]:
    """Its own lease, less what may have been sold unheard: what it shows is covered by what is left of it."""
    promise = Promise(
        shown=facts.shown or 0,
        escrow=sum(units for units, _ in facts.escrows),
        writes=facts.writes,
        pushing=facts.pushing,
    )
    parts = facts.shelf.parts(but_lease_of=facts.channel)
    if facts.sellable:
        parts.append(Part("unleased", -facts.sellable))
    if facts.unbacked:
        parts.append(Part("unbacked", facts.unbacked))
    parts += [Part("escrow", -units, {"until": until}) for units, until in facts.escrows]
    on_way = promise.need - promise.standing - promise.escrow
    if on_way:
        parts.append(Part("kept_for_push", -on_way, {"number": facts.pushing, "at": facts.pushed_at}))
    if facts.shown is not None and facts.shown < promise.standing:
        parts.append(Part("oversold", facts.shown - promise.standing))
    return parts


def _known_gap(facts: Shown, gap: int) -> list[Part]:
    """Why a channel shows another number than it should, where something is known to be the matter; else nothing."""
    if facts.state == SellingState.LEASED:
        return []
    if facts.pushing is not None:
        return [Part("on_its_way", gap, {"number": facts.pushing, "at": facts.pushed_at})]
    if facts.trouble:
        return [Part(facts.trouble, gap)]
    if facts.is_dirty:
        return [Part("to_be_told", gap)]
    if facts.state == SellingState.LEASING:
        return [Part("leasing", gap)]
    return []
