"""Which places ship an order: a pure function, exact. No database, no clock.

What can be promised comes first; among ways that promise as much the merchant's rules decide, in their order. A unit of a
bundle leaves from one place whole. Every decision says why, in codes that screens put into words.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any
from uuid import UUID

from apps.inventory import prefectures

ONE_PLACE, NEAREST, CHEAPEST, MOST_PARCELS = "one_place", "nearest", "cheapest", "most_parcels"
# Ways are looked at one by one: of more places than this those that hold most of the order.
MOST_PLACES = 8
Stock = Mapping[UUID, Mapping[UUID, int]]  # place -> variant -> units


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A location that ships orders; `parcel_minor` is what a parcel from there costs."""

    id: UUID
    name: str
    is_default: bool = False
    country: str = ""
    region: str = ""
    parcel_minor: int = 0


@dataclass(frozen=True, slots=True)
class Rule:
    """One of the merchant's rules; `number` is the most parcels where it is about those."""

    kind: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class Need:
    """Units of an order line; `parts` are (variant, units in one). Only a plain line may use its channel's leases."""

    line: UUID
    units: int
    parts: tuple[tuple[UUID, int], ...]
    may_use_lease: bool = True


@dataclass(frozen=True, slots=True)
class Reason:
    """A code and what it speaks of."""

    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """(line, place) -> units that are promised there, and that wait there; and why."""

    promised: Mapping[tuple[UUID, UUID], int]
    waiting: Mapping[tuple[UUID, UUID], int]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class _Way:
    places: tuple[Place, ...]  # in order of preference; each ships something
    promised: Mapping[tuple[UUID, UUID], int]
    missing: int
    score: tuple[Any, ...]


def decide(
    needs: Sequence[Need], *, places: Collection[Place], free: Stock, leased: Stock, rules: Sequence[Rule],
    to: tuple[str, str],
) -> Decision:  # fmt: skip
    """The best way to ship these lines to an address (`to`: country, region). `leased`: what their channel has of its own."""
    ranked = sorted(places, key=lambda place: (_rank(place, rules, to), not place.is_default, place.name, place.id))
    able = [place for place in ranked if _way((place,), needs, free, leased, rules, to).promised]
    if len(able) > MOST_PLACES:
        able.sort(key=lambda place: _way((place,), needs, free, leased, rules, to).missing)
        able = sorted(able[:MOST_PLACES], key=ranked.index)
    limits = [rule.number for rule in rules if rule.kind == MOST_PARCELS]
    most = min(limits, default=len(able))
    ways = [_way((), needs, free, leased, rules, to)]
    unlimited = ways[0]
    for count in range(1, len(able) + 1):
        fresh = [_way(some, needs, free, leased, rules, to) for some in combinations(able, count)]
        fresh = [way for way in fresh if len(way.places) == count]
        if count <= most:
            ways += fresh
        unlimited = min([unlimited, *fresh], key=lambda way: way.missing)
        if not min(way.missing for way in ways) and count > 1 and _is_settled(ways, rules):
            break
    ways.sort(key=lambda way: way.score)
    best = ways[0]
    home = best.places[0] if best.places else min(ranked, key=lambda place: not place.is_default)
    waiting = {
        (need.line, home.id): need.units - sum(best.promised.get((need.line, place.id), 0) for place in best.places)
        for need in needs
    }
    waits = {key: units for key, units in waiting.items() if units}
    return Decision(best.promised, waits, _reasons(best, ways[1:], unlimited, rules, to, home))


def _is_settled(ways: Sequence[_Way], rules: Sequence[Rule]) -> bool:
    """More parcels cannot be better: every rule that weighs ways likes fewer of them."""
    return not rules or rules[0].kind in {ONE_PLACE, MOST_PARCELS} or len(ways) > 2**MOST_PLACES


def _way(
    some: tuple[Place, ...], needs: Sequence[Need], free: Stock, leased: Stock, rules: Sequence[Rule],
    to: tuple[str, str],
) -> _Way:  # fmt: skip
    """Ship from these places, each line from the first that has it; a place of which nothing is needed is left out."""
    left: dict[tuple[UUID, UUID], int] = {}
    own: dict[tuple[UUID, UUID], int] = {}
    promised: dict[tuple[UUID, UUID], int] = {}
    missing = 0
    for need in needs:
        wanted = need.units
        for place in some:
            can = wanted
            for variant, per_unit in need.parts:
                at = (place.id, variant)
                left.setdefault(at, max(0, free.get(place.id, {}).get(variant, 0)))
                own.setdefault(at, max(0, leased.get(place.id, {}).get(variant, 0)))
                can = min(can, (left[at] + (own[at] if need.may_use_lease else 0)) // per_unit)
            if can <= 0:
                continue
            for variant, per_unit in need.parts:
                at, units = (place.id, variant), can * per_unit
                of_own = min(own[at], units) if need.may_use_lease else 0
                own[at] -= of_own
                left[at] -= units - of_own
            promised[need.line, place.id] = can
            wanted -= can
        missing += wanted
    used = tuple(place for place in some if any(at == place.id for _, at in promised))
    return _Way(used, promised, missing, (missing, *_scores(used, rules, to), len(used), not _has_default(used)))


def _has_default(used: Sequence[Place]) -> bool:
    return any(place.is_default for place in used)


def _scores(used: Sequence[Place], rules: Sequence[Rule], to: tuple[str, str]) -> list[int]:
    """What each rule says of a way: less is better."""
    scores = []
    for rule in rules:
        if rule.kind == ONE_PLACE:
            scores.append(int(len(used) > 1))
        elif rule.kind == NEAREST:
            scores.append(sum(_km(place, to) for place in used))
        elif rule.kind == CHEAPEST:
            scores.append(sum(place.parcel_minor for place in used))
        else:
            scores.append(0)
    return scores


def _rank(place: Place, rules: Sequence[Rule], to: tuple[str, str]) -> list[int]:
    return _scores([place], rules, to)


def _km(place: Place, to: tuple[str, str]) -> int:
    return prefectures.km((place.country, place.region), to)


def _reasons(
    best: _Way, others: Sequence[_Way], unlimited: _Way, rules: Sequence[Rule], to: tuple[str, str], home: Place
) -> tuple[Reason, ...]:
    found = []
    names = [place.name for place in best.places]
    if len(names) == 1:
        found.append(Reason("from_one", {"place": names[0]}))
    elif names:
        found.append(Reason("split", {"places": names}))
    rivals = [way for way in others if way.places and way.places != best.places]
    if names and rivals:
        found.append(_by_what(best, rivals[0], rules, to))
    if best.missing:
        if unlimited.missing < best.missing:
            found.append(
                Reason(
                    "too_many_parcels", {"needed": len(unlimited.places), "most": len(best.places), "place": home.name}
                )
            )
        else:
            found.append(Reason("short", {"units": best.missing, "place": home.name}))
    return tuple(found)


def _by_what(best: _Way, rival: _Way, rules: Sequence[Rule], to: tuple[str, str]) -> Reason:
    """What the chosen way has over the next best one."""
    at = next((i for i, (a, b) in enumerate(zip(best.score, rival.score, strict=True)) if a != b), None)
    if at == 0:
        return Reason("holds_most")
    if at is not None and at <= len(rules):
        kind = rules[at - 1].kind
        facts = {
            NEAREST: {"km": best.score[at], "other_km": rival.score[at]},
            CHEAPEST: {"minor": best.score[at], "other_minor": rival.score[at]},
        }.get(kind, {})
        return Reason(f"by_{kind}", facts)
    if at == len(rules) + 1:
        return Reason("fewest_parcels")
    return Reason("by_default")
