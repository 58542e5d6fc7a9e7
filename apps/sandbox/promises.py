"""Which promises were broken, and what keeping them cost: from file, supply list and dispatch log alone, nothing of ours.

The shops sold only what they showed. Here every sale takes its units off the shelf the moment it was made, whenever the
product heard of it, and goods arrive, come back and are lost when the papers were written. A sale that finds too little was a
promise that could not be kept. It is the shelf's fault, and counted apart, as far as a loss took units from under numbers that
were shown at that moment. Standard library and the recount only; shares no line with what it judges.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from apps.sandbox.recount import Paper, Recount, read_dated_log, read_papers, read_supply


@dataclass(frozen=True, slots=True)
class Span:
    """When a variant was leased, in microseconds since 1970; `until` None: it still is."""

    since: int
    until: int | None

    def holds(self, at: int) -> bool:
        """Whether a sale of that moment was made under the lease: sales of a moment come before what is decided in it."""
        return self.since < at and (self.until is None or at <= self.until)


@dataclass(slots=True)
class Kept:
    """What came of the promises. Units, but for `refusals`: lines of sales that a shop could not sell, or not wholly."""

    broken: Counter[str] = field(default_factory=Counter)  # leased, shared, shelf
    refused: Counter[str] = field(default_factory=Counter)  # lease, late, sold_out
    refusals: Counter[str] = field(default_factory=Counter)
    sold: Counter[str] = field(default_factory=Counter)
    worst: list[str] = field(default_factory=list)
    unsold: dict[str, int] = field(default_factory=dict)  # SKU -> units that nobody bought, at the end
    shown: dict[str, int] = field(default_factory=dict)  # SKU -> units that all shops show, at the end


class Replay:
    """Applies the log, in its order, to the shelves as they really were."""

    def __init__(self, papers: Mapping[str, Paper], supply: Mapping[str, Sequence[tuple[str, int]]]) -> None:
        self.kept = Kept()
        self.recount = Recount()
        self._papers = papers
        self._supply = supply
        self._shown: dict[str, Counter[str]] = defaultdict(Counter)  # SKU -> channel -> number
        self._debt: Counter[str] = Counter()
        self._done: set[str] = set()

    def tell(self, at: int, kind: str, facts: Mapping[str, Any], leased: Mapping[str, Sequence[Span]]) -> None:
        """One row of the log."""
        if kind == "shown":
            self._shown[facts["sku"]][facts["channel"]] = facts["shown"]
        elif kind == "sold":
            self._sell(at, facts, leased)
        elif kind == "file":
            for number in facts["things"]:
                self._paper(number)
        elif kind == "parcel":
            self.recount.dispatch(facts["order"])
        elif kind == "expired":
            self.recount.call_off_order(facts["order"])

    def _sell(self, at: int, facts: Mapping[str, Any], leased: Mapping[str, Sequence[Span]]) -> None:
        number = facts["number"]
        if number in self._done:
            return
        self._done.add(number)
        for sku, units in facts["refused"].items():
            self._refuse(sku, units, is_leased=_is_leased(leased, sku, at))
        for sku, units in facts["units"].items():
            free = max(0, self.recount.shelves[sku].free)
            short = max(0, units - free)
            shelf = min(short, self._settle_debt(sku))
            self._debt[sku] -= shelf
            name = "leased" if _is_leased(leased, sku, at) else "shared"
            self.kept.broken["shelf"] += shelf
            self.kept.broken[name] += short - shelf
            if short > shelf and name == "leased":
                self.kept.worst.append(f"{number} {facts['channel']} {sku} {units} of {free} at {at}")
            self.kept.sold[sku] += units
            self._shown[sku][facts["channel"]] -= units
        paper = self._papers.get(number)
        customer, when = (paper.customer, paper.at) if paper else ("", "")
        self.recount.arrive(number, facts["units"].items(), customer=customer, at=when)

    def _refuse(self, sku: str, units: int, *, is_leased: bool) -> None:
        free = max(0, self.recount.shelves[sku].free)
        there = min(units, free)
        why = "lease" if is_leased else "late"
        self.kept.refused[why] += there
        self.kept.refused["sold_out"] += units - there
        self.kept.refusals[why if there else "sold_out"] += 1

    def _paper(self, number: str) -> None:
        paper = self._papers.get(number)
        if number in self._done or (paper is not None and paper.kind == "sale"):
            return
        self._done.add(number)
        for sku, units in self._supply.get(number, ()):
            self.recount.receive(sku, units)
        if paper is None:
            return
        if paper.kind == "return":
            self.recount.give_back(paper.customer, paper.at, paper.lines)
        else:
            for sku, units in paper.lines:
                self.recount.adjust(sku, -units)
                self._debt[sku] = max(self._debt[sku], self._uncovered(sku))

    def _uncovered(self, sku: str) -> int:
        shown = sum(max(0, number) for number in self._shown[sku].values())
        return max(0, shown - max(0, self.recount.shelves[sku].free))

    def _settle_debt(self, sku: str) -> int:
        """What a loss may still be blamed for: no more than numbers that are still shown without units."""
        self._debt[sku] = min(self._debt[sku], self._uncovered(sku))
        return self._debt[sku]

    def end(self) -> Kept:
        """What is left when everything is quiet."""
        self.kept.unsold = {sku: shelf.free for sku, shelf in self.recount.shelves.items() if shelf.free > 0}
        self.kept.shown = {sku: sum(max(0, n) for n in numbers.values()) for sku, numbers in self._shown.items()}
        return self.kept


def _is_leased(leased: Mapping[str, Sequence[Span]], sku: str, at: int) -> bool:
    spans = leased.get(sku, ())
    place = bisect_left(spans, at, key=lambda span: span.since)
    return place > 0 and spans[place - 1].holds(at)


def replay(
    file: Path, supply: Path, world: Path, *, leased: Mapping[str, Sequence[Span]], invoices: int | None = None
) -> Kept:
    """Replay the whole log. `leased`: SKU -> when it was leased, oldest first, as the product wrote it down."""
    told = Replay(read_papers(file, invoices=invoices), read_supply(supply))
    for at, kind, facts in read_dated_log(world):
        told.tell(at, kind, facts, leased)
    return told.end()
