"""Who may show how many: pure functions, exact. No database, no clock.

A channel's *need* is the most it may still sell unheard: what it shows, what old numbers may have sold (escrow), and a number
that is on its way. Where every need is covered by a lease, no promise can be broken.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from apps.hub.abilities import Writes

C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class Promise:
    """What one channel may sell of one variant. `pushing`: a number on its way, None when nothing is."""

    shown: int
    escrow: int
    writes: Writes
    pushing: int | None = None

    @property
    def standing(self) -> int:
        """What it shows; a channel that sold more than it showed shows nothing."""
        return max(0, self.shown)

    @property
    def need(self) -> int:
        """The most it may still sell unheard.

        Compare and set happens on the number we believe or not at all: either number, never both. An absolute write may
        come after everything shown was sold: both.
        """
        if self.pushing is None:
            return self.standing + self.escrow
        if self.writes is Writes.COMPARE_AND_SET:
            return max(self.standing, self.pushing) + self.escrow
        return self.standing + self.pushing + self.escrow


def most(promise: Promise, *, lease: int, free: int) -> int:
    """The largest number that may be sent to this channel now, given its lease and the free units it may still take."""
    if promise.writes is Writes.COMPARE_AND_SET:
        return max(0, lease + free - promise.escrow)
    return max(0, lease + free - promise.escrow - promise.standing)


def divide(units: int, weights: Mapping[C, float]) -> dict[C, int]:
    """Units for each channel by weight: the largest remainders round up, and with equal ones the first named."""
    total = sum(weights.values())
    if units <= 0 or total <= 0:
        return dict.fromkeys(weights, 0)
    exact = {channel: units * weight / total for channel, weight in weights.items()}
    shares = {channel: int(share) for channel, share in exact.items()}
    order = sorted(weights, key=lambda channel: shares[channel] - exact[channel])
    for channel in order[: units - sum(shares.values())]:
        shares[channel] += 1
    return shares


def target(promise: Promise, *, share: int, lease: int, free: int, is_called_back: bool) -> int:
    """The number a channel of a leased variant shall show now: its share, as far as its lease and free units reach.

    A number is lowered only when it is called back (another channel has nothing, somebody waits, or it is not covered): each
    change is a call, and an absolute one binds units twice until the order feed has passed it.
    """
    fits = min(share, most(promise, lease=lease, free=free))
    if fits >= promise.standing or is_called_back or promise.need > lease:
        return fits
    return promise.standing
