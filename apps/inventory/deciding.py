"""Who gets units: pure functions, first come first served, exact. No database, no clock."""

from collections.abc import Sequence


def serve(free: int, wanted: Sequence[int]) -> list[int]:
    """Units for each demand in order of arrival: each takes what is left, up to what it wants, and keeps it."""
    given = []
    for units in wanted:
        take = max(0, min(free, units))
        free -= take
        given.append(take)
    return given


def take_back(short: int, held: Sequence[int]) -> list[int]:
    """Units to take from each holder, newest first as given, until `short` units are found."""
    taken = []
    for units in held:
        take = max(0, min(short, units))
        short -= take
        taken.append(take)
    return taken
