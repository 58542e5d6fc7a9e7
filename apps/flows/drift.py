"""Why a channel shows another number than ours: one cause for each part of the difference, by evidence. Pure.

The parts add up to the difference. A part is called edited only where the channel had acknowledged a number, everything that we
heard of since leads to what we believe, and nothing else explains what it shows; what has no such evidence is a fault of ours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Cause(StrEnum):
    """Where a part of a difference comes from."""

    EDITED = "edited"
    MISSED = "missed"
    WRONG_LINK = "wrong_link"
    LATE = "late"
    OURS = "ours"


# What a person has to see as a difference; the others are told by the orders or the push that they belong to.
NOTED = frozenset({Cause.EDITED, Cause.WRONG_LINK, Cause.OURS})


@dataclass(frozen=True, slots=True)
class Drifted:
    """So many units (signed: theirs less ours) by this cause. `evidence`: plain values, kept as JSON."""

    cause: Cause
    units: int
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Named:
    """Units of some orders, and their numbers."""

    units: int = 0
    orders: Sequence[str] = ()

    def part(self, cause: Cause, units: int, **more: Any) -> Drifted:
        """A part of the difference that these orders are the evidence of."""
        return Drifted(cause, units, {"orders": list(self.orders)[:5], "orders_in_all": len(self.orders)} | more)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen of one listing, and everything that may explain it.

    `right`: what it should show; `believed`: what we think it shows; `theirs`: what it shows. `pushing`: a number on its way.
    `told`: (the number that it acknowledged last, what we believed before it, when) as far as the call is still kept; `sold`:
    units that we heard of since and took off. `missed`, `called_off`: sales, and cancelled ones, that only this night brought.
    `elsewhere`: units sold under this listing's SKU that were booked on another article; `twin`: the channel's id of another
    listing with this SKU. `is_recent`: the acknowledgement is so young that the old
    number may still show.
    """

    right: int
    believed: int
    theirs: int
    pushing: int | None = None
    set_at: datetime | None = None
    told: tuple[int, int | None, datetime] | None = None
    sold: int | None = None
    is_recent: bool = False
    missed: Named = field(default_factory=Named)
    called_off: Named = field(default_factory=Named)
    elsewhere: Named = field(default_factory=Named)
    twin: str = ""


def explain(seen: Seen) -> list[Drifted]:
    """The causes of `theirs - right`, in the order in which they are certain."""
    found: list[Drifted] = []
    if seen.pushing is None and seen.believed != seen.right:
        evidence = {"fault": "not_marked", "believed": seen.believed, "right": seen.right}
        found.append(Drifted(Cause.OURS, seen.believed - seen.right, evidence))
    base = seen.believed if seen.pushing is None else seen.right
    rest = seen.theirs - base

    def take(part: Drifted) -> None:
        nonlocal rest
        if part.units:
            found.append(part)
            rest -= part.units

    take(seen.missed.part(Cause.MISSED, -seen.missed.units, event="order"))
    if 0 < seen.called_off.units <= rest:
        take(seen.called_off.part(Cause.MISSED, seen.called_off.units, event="cancel"))
    if seen.pushing is not None and rest == seen.pushing - base:
        take(Drifted(Cause.LATE, rest, {"late": "answer", "number": seen.pushing}))
    elif _is_late(seen, rest):
        take(Drifted(Cause.LATE, rest, {"late": "effect", **_acknowledged(seen)}))
    if rest < 0:
        take(seen.elsewhere.part(Cause.WRONG_LINK, -min(-rest, seen.elsewhere.units), twin=seen.twin))
    if rest:
        take(_miscounted(seen, rest))
    if rest:
        take(Drifted(Cause.EDITED, rest, _acknowledged(seen)))
    return found


def _is_late(seen: Seen, rest: int) -> bool:
    """Whether it still shows, or shows again for a moment, what it showed before the number that it acknowledged just now."""
    if seen.told is None or not seen.is_recent or not rest:
        return False
    number, before, _at = seen.told
    return before is not None and rest == before - number


def _miscounted(seen: Seen, rest: int) -> Drifted:
    """What is ours of the rest: nobody ever told it a number, or what we believe is not what was told less what was sold."""
    if seen.set_at is None:
        return Drifted(Cause.OURS, rest, {"fault": "never_told"})
    if seen.told is None or seen.sold is None or seen.pushing is not None:
        return Drifted(Cause.OURS, 0)
    recounted = seen.told[0] - seen.sold
    return Drifted(
        Cause.OURS,
        recounted - seen.believed,
        {"fault": "miscounted", "recounted": recounted, "believed": seen.believed},
    )


def _acknowledged(seen: Seen) -> dict[str, Any]:
    """What it said last, and when."""
    if seen.told is not None:
        return {"number": seen.told[0], "at": seen.told[2].isoformat(), "sold": seen.sold or 0}
    return {"at": seen.set_at.isoformat()} if seen.set_at else {}
