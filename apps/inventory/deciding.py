"""Who gets units and who bears a cost: pure functions, exact. No database, no clock."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TypeVar

H = TypeVar("H")


def serve(free: int, wanted: Sequence[int]) -> list[int]:
    """Units for each demand in order of arrival: each takes what is left, up to what it wants, and keeps it."""
    given = []
    for units in wanted:
        take = max(0, min(free, units))
        free -= take
        given.append(take)
    return given


def serve_leased(
    free: int, leases: Mapping[H, int], wanted: Sequence[tuple[int, H]]
) -> list[tuple[int, int]]:  # fmt: skip
    """The same where holders have units of their own: (out of the holder's lease, out of what is free) for each demand.

    A sale uses up its own channel's lease first, then what is free to all, and never another's lease.
    """
    if not leases:
        return [(0, units) for units in serve(free, [units for units, _ in wanted])]
    left = dict(leases)
    given = []
    for units, holder in wanted:
        own = max(0, min(left.get(holder, 0), units))
        common = max(0, min(free, units - own))
        if own:
            left[holder] -= own
        free -= common
        given.append((own, common))
    return given


def take_back(short: int, held: Sequence[int]) -> list[int]:
    """Units to take from each holder, newest first as given, until `short` units are found."""
    taken = []
    for units in held:
        take = max(0, min(short, units))
        short -= take
        taken.append(take)
    return taken


def spread(amount: int, weights: Sequence[int | Fraction]) -> list[int]:
    """Parts of an amount of minor units by weight, by largest remainder: they add up to it exactly, each within one unit of
    its exact share; of equal remainders the first gets more. Raises `ValueError` where nothing weighs anything."""
    whole = sum(weights)
    if whole <= 0 or min(weights) < 0:
        raise ValueError("no weight to spread by")
    shares = [Fraction(abs(amount)) * weight / whole for weight in weights]
    parts = [share.numerator // share.denominator for share in shares]
    by_remainder = sorted(range(len(parts)), key=lambda at: (parts[at] - shares[at], at))
    for at in by_remainder[: abs(amount) - sum(parts)]:
        parts[at] += 1
    return [part if amount >= 0 else -part for part in parts]
