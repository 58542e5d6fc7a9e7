"""What may be promised and which orders wait: from file, supply list and dispatch log alone, nothing of ours.

Imports the standard library only, reads its files by itself, and shares no line with what it judges. It replays the
log in its order and keeps everything in memory; nothing is optimised that could be wrong. The rules of the product:

- First come, first served in order of arrival: a line takes min(free, wanted) and keeps it; what it lacks waits. A
  receipt, units put back and units released go to waiting lines in order of arrival: free units and a waiting line of
  one SKU never coexist.
- A write-off takes free units first; beyond that the newest promises not yet shipped go back to waiting, keeping their
  place; beyond what lies on the shelf it is booked only so far, the rest is shrinkage.
- A line of a cancellation names a customer and a SKU: sales of both, not later than it, newest first; of each, units
  not shipped are called off (waiting ones first), shipped ones go back to the shelf. All lines of a document find their
  sales before any unit moves. What no sale covers is unmatched (no_customer, no_sale, more_than_sold): nothing moves.
- An order whose payment ran out before it left is called off. Orders leave whole, when the log says so; a parcel whose
  label was given back never left.
"""

import csv
import gzip
import json
import re
import sqlite3
from bisect import insort
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PRODUCT = re.compile(r"^\d{5}[A-Za-z]{0,2}$")


@dataclass(slots=True, eq=False)
class Line:
    """One line of a sale. quantity = waiting + held + shipped + cancelled; `returned` is a part of shipped."""

    order: str
    sku: str
    at: str
    quantity: int
    arrival: int
    held: int = 0
    shipped: int = 0
    cancelled: int = 0
    returned: int = 0

    @property
    def waiting(self) -> int:
        return self.quantity - self.held - self.shipped - self.cancelled


@dataclass(slots=True)
class Shelf:
    """One SKU: what lies there, what of it is free, who waits and who holds, both in order of arrival.

    `put_on`: units that ever arrived less units written off: the most that can be promised or gone at a time.
    """

    on_hand: int = 0
    free: int = 0
    put_on: int = 0
    shrinkage: int = 0
    waiting: list[Line] = field(default_factory=list)
    holding: list[Line] = field(default_factory=list)


class Recount:
    """The shelves and the orders after everything that was told so far."""

    def __init__(self) -> None:
        self.shelves: dict[str, Shelf] = defaultdict(Shelf)
        self.orders: dict[str, list[Line]] = {}
        self.ever_waited: set[str] = set()
        self.shipped: set[str] = set()
        self.lines_short = 0
        self.sent_beyond_shelf: Counter[str] = Counter()  # SKU -> units that left although the shelf did not have them
        self.unmatched: Counter[str] = Counter()  # reason -> units
        self._sold: dict[tuple[str, str], list[Line]] = defaultdict(list)
        self._arrivals = 0

    # What happens

    def arrive(self, order: str, lines: Iterable[tuple[str, int]], *, customer: str = "", at: str = "") -> None:
        """A sale is known: lines (SKU, units) in their order. The same order again changes nothing."""
        if order in self.orders:
            return
        taken = self.orders[order] = []
        for sku, quantity in lines:
            self._arrivals += 1
            line = Line(order, sku, at, quantity, self._arrivals)
            taken.append(line)
            if customer:
                self._sold[customer, sku].append(line)
            shelf = self.shelves[sku]
            self._hold(shelf, line, min(shelf.free, quantity))
            if line.waiting:
                shelf.waiting.append(line)
                self.lines_short += 1
                self.ever_waited.add(order)

    def receive(self, sku: str, quantity: int) -> None:
        """Units arrive on the shelf."""
        shelf = self.shelves[sku]
        shelf.on_hand += quantity
        shelf.free += quantity
        shelf.put_on += quantity
        self._serve(shelf)

    def adjust(self, sku: str, quantity: int) -> None:
        """A signed correction."""
        if quantity > 0:
            self.receive(sku, quantity)
            return
        shelf = self.shelves[sku]
        booked = min(-quantity, shelf.on_hand)
        shelf.shrinkage += -quantity - booked
        self._free_up(shelf, booked)
        shelf.free -= booked
        shelf.on_hand -= booked
        shelf.put_on -= booked

    def give_back(self, customer: str, at: str, lines: Iterable[tuple[str, int]]) -> None:
        """A cancellation document, its customer empty where it names none."""
        called_off: Counter[Line] = Counter()
        back: Counter[Line] = Counter()
        for sku, quantity in lines:
            left = quantity
            known = [line for line in self._sold.get((customer, sku), []) if line.at <= at and _is_left(line)]
            for line in sorted(known, key=lambda one: (one.at, one.arrival), reverse=True):
                unshipped = min(left, line.waiting + line.held - called_off[line])
                shipped = min(left - unshipped, line.shipped - line.returned - back[line])
                called_off[line] += unshipped
                back[line] += shipped
                left -= unshipped + shipped
            if left:
                self.unmatched["no_customer" if not customer else "more_than_sold" if known else "no_sale"] += left
        self._call_off(called_off)
        self._put_back(back)

    def dispatch(self, order: str) -> None:
        """The parcel of an order left with all its open units, whether we would have promised them or not."""
        if order in self.shipped:
            return
        self.shipped.add(order)
        for line in self.orders.get(order, []):
            shelf = self.shelves[line.sku]
            units = line.waiting + line.held
            missing = line.waiting
            shelf.free += line.held
            line.held, line.shipped = 0, line.shipped + units
            self._drop(shelf, line)
            if missing:  # somebody else was promised them: that one waits now
                self._free_up(shelf, units)
                self.sent_beyond_shelf[line.sku] += max(0, units - shelf.free)
            shelf.free -= units
            shelf.on_hand -= units
            self._serve(shelf)

    def call_off_order(self, order: str) -> None:
        """An order will not be paid: what has not left becomes free."""
        if order not in self.shipped:
            self._call_off({line: line.waiting + line.held for line in self.orders.get(order, [])})

    # How

    def _call_off(self, units: Mapping[Line, int]) -> None:
        """Waiting units first, then held ones, which become free; then the waiting are served."""
        for line, count in units.items():
            shelf = self.shelves[line.sku]
            from_held = max(0, count - line.waiting)
            line.cancelled += count
            line.held -= from_held
            shelf.free += from_held
            self._drop(shelf, line)
        for line in units:
            self._serve(self.shelves[line.sku])

    def _put_back(self, units: Mapping[Line, int]) -> None:
        for line, count in units.items():
            shelf = self.shelves[line.sku]
            line.returned += count
            shelf.on_hand += count
            shelf.free += count
        for line in units:
            self._serve(self.shelves[line.sku])

    def _serve(self, shelf: Shelf) -> None:
        while shelf.free > 0 and shelf.waiting:
            line = shelf.waiting[0]
            self._hold(shelf, line, min(shelf.free, line.waiting))
            if not line.waiting:
                shelf.waiting.pop(0)

    def _hold(self, shelf: Shelf, line: Line, units: int) -> None:
        if units > 0:
            if not line.held:
                insort(shelf.holding, line, key=_arrival)
            line.held += units
            shelf.free -= units

    def _free_up(self, shelf: Shelf, units: int) -> None:
        """The newest promises go back to waiting until so many units are free, or nobody holds any."""
        while shelf.free < units and shelf.holding:
            line = shelf.holding[-1]
            taken = min(units - shelf.free, line.held)
            if not line.waiting:
                insort(shelf.waiting, line, key=_arrival)
            line.held -= taken
            shelf.free += taken
            self.ever_waited.add(line.order)
            if not line.held:
                shelf.holding.pop()

    def _drop(self, shelf: Shelf, line: Line) -> None:
        """Out of the queues where it has no business any more."""
        if not line.waiting and line in shelf.waiting:
            shelf.waiting.remove(line)
        if not line.held and line in shelf.holding:
            shelf.holding.remove(line)

    # What came of it

    def promised(self) -> Counter[str]:
        """Units promised or shipped and not come back, by SKU."""
        units: Counter[str] = Counter()
        for lines in self.orders.values():
            for line in lines:
                units[line.sku] += line.held + line.shipped - line.returned
        return units

    def waiting_orders(self) -> set[str]:
        """Orders that wait for units now."""
        return {order for order, lines in self.orders.items() if any(line.waiting for line in lines)}

    def oversold(self, promised: Mapping[str, int]) -> int:
        """Units that somebody promised or shipped (less what came back) beyond what arrived and was not written off."""
        ceilings = {sku: shelf.put_on for sku, shelf in self.shelves.items()}
        return sum(max(0, units - ceilings.get(sku, 0)) for sku, units in promised.items())


def _arrival(line: Line) -> int:
    return line.arrival


def _is_left(line: Line) -> bool:
    return line.quantity > line.cancelled + line.returned


@dataclass(frozen=True, slots=True)
class Paper:
    """One number of the file. `kind`: sale, return, write_off; lines (SKU, units) with units above 0."""

    kind: str
    customer: str
    at: str
    lines: list[tuple[str, int]]


def read_papers(path: Path, *, invoices: int | None = None) -> dict[str, Paper]:
    """Every number of the file that moves units, with its product lines."""
    papers: dict[str, Paper] = {}
    for number, rows in _grouped(path, invoices).items():
        lines = [(row["StockCode"].strip(), int(row["Quantity"])) for row in rows]
        products = [(code, units) for code, units in lines if PRODUCT.match(code)]
        if number.startswith("C"):
            kind, found = "return", [(code, -units) for code, units in products if units < 0]
        elif all(units < 0 for _code, units in lines) and all(float(row["UnitPrice"]) == 0 for row in rows):
            kind, found = "write_off", [(code, -units) for code, units in products]
        else:
            kind, found = "sale", [(code, units) for code, units in products if units > 0]
        if found:
            papers[number] = Paper(kind, rows[0]["CustomerID"].strip(), rows[0]["InvoiceDate"].strip(), found)
    return papers


def _grouped(path: Path, invoices: int | None) -> dict[str, list[dict[str, str]]]:
    groups: dict[str, list[dict[str, str]]] = {}
    numbers: set[str] = set()
    unpack = gzip.open if path.suffix == ".gz" else open
    with unpack(path, "rt", encoding="utf-8-sig", newline="") as file:  # type: ignore[operator]
        for row in csv.DictReader(file):
            number = (row["InvoiceNo"] or "").strip()
            if invoices is not None and len(numbers) >= invoices and number not in numbers:
                break
            numbers.add(number)
            if number and not number.startswith("A") and _is_whole(row):
                groups.setdefault(number, []).append(row)
    return groups


def _is_whole(row: Mapping[str, Any]) -> bool:
    try:
        is_whole = re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", row["InvoiceDate"].strip()) is not None
        return (
            is_whole and bool(row["StockCode"].strip()) and int(row["Quantity"]) != 0 and float(row["UnitPrice"]) >= 0
        )
    except (AttributeError, TypeError, ValueError):
        return False


def read_supply(path: Path) -> dict[str, list[tuple[str, int]]]:
    """The supply list: document -> [(SKU, units)]."""
    documents: dict[str, list[tuple[str, int]]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            documents[row["document"]].append((row["sku"], int(row["quantity"])))
    return documents


def read_log(world: Path, *, after: int = 0) -> Iterator[tuple[str, dict[str, Any]]]:
    """The stand-ins' dispatch log in its order: (kind, facts)."""
    for _at, kind, facts in read_dated_log(world, after=after):
        yield kind, facts


def read_dated_log(world: Path, *, after: int = 0) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """The same with when it was, in microseconds since 1970."""
    db = sqlite3.connect(f"file:{world}?mode=ro", uri=True)
    try:
        for at, kind, facts in db.execute("SELECT at, kind, facts FROM dispatch WHERE seq > ? ORDER BY seq", (after,)):
            yield at, kind, json.loads(facts)
    finally:
        db.close()


class Replay:
    """Applies the log to a recount; a thing that is told twice counts once."""

    def __init__(
        self, file: Path, supply: Path, *, invoices: int | None = None, voided: frozenset[str] = frozenset()
    ) -> None:
        self.recount = Recount()
        self._voided = voided
        self._papers = read_papers(file, invoices=invoices)
        self._documents = read_supply(supply)
        self._contents: dict[str, list[str]] = {}
        self._done: set[str] = set()

    def tell(self, kind: str, facts: Mapping[str, Any]) -> None:
        """One row of the log."""
        if kind == "file":
            self._contents[facts["name"]] = facts["things"]
        elif kind == "found" or (kind == "sent" and 200 <= facts["status"] < 300):
            sort, _, name = facts["thing"].partition(":")
            numbers = [name] if sort == "order" else self._contents.get(name, []) if sort == "file" else []
            for number in numbers:
                self._take(number)
        elif kind == "parcel" and facts["label"] not in self._voided:
            self.recount.dispatch(facts["order"])
        elif kind == "expired":
            self.recount.call_off_order(facts["order"])

    def _take(self, number: str) -> None:
        if number in self._done:
            return
        self._done.add(number)
        for sku, units in self._documents.get(number, []):
            self.recount.receive(sku, units)
        paper = self._papers.get(number)
        if paper is None:
            return
        if paper.kind == "sale":
            self.recount.arrive(number, paper.lines, customer=paper.customer, at=paper.at)
        elif paper.kind == "return":
            self.recount.give_back(paper.customer, paper.at, paper.lines)
        else:
            for sku, units in paper.lines:
                self.recount.adjust(sku, -units)


def recount(file: Path, supply: Path, world: Path, *, invoices: int | None = None) -> Recount:
    """Replay the whole log of a rehearsal on what its file and its supply list say."""
    voided = frozenset(facts["label"] for kind, facts in read_log(world) if kind == "voided")
    replay = Replay(file, supply, invoices=invoices, voided=voided)
    for kind, facts in read_log(world):
        replay.tell(kind, facts)
    return replay.recount
