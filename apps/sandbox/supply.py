"""What the shelves get: opening stock and weekly receipts with unit costs, made from the file's sales and the seed.

The list is such that 3-8 % of the sale lines meet a short shelf (`AIM`); whether they did is counted in the rehearsal,
not here. It goes in through the warehouse's stock files and is kept beside them, for the recount.
"""

import csv
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

from apps.sandbox.market import Market, share
from apps.sandbox.retail import Invoice, Orders
from apps.sandbox.words import StockRow

AIM = 0.052  # share of sale lines that meet a short shelf
CLOSE = 0.008
UNHEARD_OF = 10_000  # units in one line: nobody orders goods for that (the one in the real set was a slip)
AMPLE = 1.2  # of what will be sold until the next receipt, where supply is not short
PERIOD_WEEKS = 3  # a SKU is supplied every so many weeks, and whenever somebody waits for it
ARRIVES = time(6, 0)  # before anybody buys
FIELDS = ("document", "line", "at", "sku", "quantity", "unit_cost", "currency")


@dataclass(frozen=True, slots=True)
class Supply:
    """Receipts by day, oldest first, and the share of sale lines that a simple simulation found short."""

    rows: list[StockRow]
    expected_short: float

    def on(self, day: date) -> list[StockRow]:
        """What arrives that day."""
        return [row for row in self.rows if row.at[:10] == day.isoformat()]

    def write(self, path: Path) -> None:
        """The list as a CSV file for the recount."""
        with path.open("w", encoding="utf-8", newline="") as file:
            out = csv.writer(file, lineterminator="\n")
            out.writerow(FIELDS)
            out.writerows(
                (row.document, row.line, row.at, row.sku, row.quantity, row.unit_cost, row.currency)
                for row in self.rows
            )


@dataclass(slots=True)
class _Event:
    """Units wanted (> 0), given back (< 0) or written off at a place in the file."""

    sku: str
    units: int
    kind: str


def make(orders: Orders, market: Market, *, seed: int) -> Supply:
    """Find how often supply must be short to meet `AIM`, and write it down. Deterministic."""
    weeks = _weeks(orders)
    if not weeks:
        return Supply([], 0.0)
    demand = _demand(weeks)
    low, high = 0.0, 1.0
    best: tuple[dict[int, Counter[str]], float] | None = None
    for attempt in range(24):
        often = (low + high) / 2 if attempt < 9 else share(seed, "often", attempt) / 2
        receipts, short = _simulate(weeks, demand, often=often, seed=seed)
        if best is None or abs(short - AIM) < abs(best[1] - AIM):
            best = receipts, short
        if abs(best[1] - AIM) < CLOSE:
            break
        low, high = (often, high) if short < AIM else (low, often)  # a small file moves in jumps: then others are tried
    assert best is not None
    return Supply(_rows(best[0], orders, market, seed), best[1])


def _weeks(orders: Orders) -> list[list[_Event]]:
    """Everything that moves units, by week of the file (the first one begins with its first day)."""
    papers: list[tuple[datetime, int, Invoice, str]] = []
    for order, (kind, group) in enumerate(
        (("sale", orders.sales), ("back", orders.returns), ("lost", orders.adjustments))
    ):
        papers += [(paper.at, order, paper, kind) for paper in group]
    if not papers:
        return []
    papers.sort(key=lambda one: (one[0], one[1], one[2].number))
    monday = _monday(papers[0][0].date())
    weeks: list[list[_Event]] = [[] for _ in range((papers[-1][0].date() - monday).days // 7 + 1)]
    for at, _order, paper, kind in papers:
        week = weeks[(at.date() - monday).days // 7]
        week += [_Event(row.code, abs(row.quantity), kind) for row in paper.rows if row.is_product]
    return weeks


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _demand(weeks: Sequence[Iterable[_Event]]) -> dict[str, list[int]]:
    """Units sold by SKU and week."""
    demand: dict[str, list[int]] = defaultdict(lambda: [0] * len(weeks))
    for number, week in enumerate(weeks):
        for event in week:
            if event.kind == "sale" and event.units < UNHEARD_OF:
                demand[event.sku][number] += event.units
    return demand


def _simulate(
    weeks: Sequence[Sequence[_Event]], demand: dict[str, list[int]], *, often: float, seed: int
) -> tuple[dict[int, Counter[str]], float]:
    """Receipts by week when supply is short so often, and the share of sale lines that find less than they want."""
    free: Counter[str] = Counter()
    waiting: Counter[str] = Counter()
    receipts: dict[int, Counter[str]] = {}
    lines = short = 0
    for number, week in enumerate(weeks):
        arriving = receipts[number] = Counter()
        for sku, sold in demand.items():
            is_turn = number == 0 or (number + int(share("turn", sku) * PERIOD_WEEKS)) % PERIOD_WEEKS == 0
            if not is_turn and not waiting[sku]:
                continue
            ahead = sum(sold[number : number + PERIOD_WEEKS])
            level = AMPLE
            if share(seed, "short", sku, number) < often:
                level = 0.85 * share(seed, "level", sku, number)
            units = math.ceil(ahead * level) + waiting[sku] - free[sku]
            if units > 0:
                arriving[sku] = units
                _fill(sku, units, free, waiting)
        for event in week:
            if event.kind == "sale":
                taken = min(free[event.sku], event.units)
                free[event.sku] -= taken
                waiting[event.sku] += event.units - taken
                lines += 1
                short += taken < event.units
            elif event.kind == "back":
                called_off = min(waiting[event.sku], event.units)
                waiting[event.sku] -= called_off
                free[event.sku] += event.units - called_off
            else:
                free[event.sku] -= min(free[event.sku], event.units)
    return receipts, short / max(lines, 1)


def _fill(sku: str, units: int, free: Counter[str], waiting: Counter[str]) -> None:
    served = min(units, waiting[sku])
    waiting[sku] -= served
    free[sku] += units - served


def _rows(receipts: dict[int, Counter[str]], orders: Orders, market: Market, seed: int) -> list[StockRow]:
    first = min(paper.at for paper in (*orders.sales, *orders.returns, *orders.adjustments)).date()
    prices = {}
    for sale in orders.sales:
        for row in sale.rows:
            if row.price and row.code not in prices:
                prices[row.code] = market.price(row)
    rows = []
    step = Decimal(1) if market.currency == "JPY" else Decimal("0.01")
    for week, arriving in receipts.items():
        day = max(first, _monday(first) + timedelta(weeks=week))
        at = market.at(datetime.combine(day, ARRIVES, tzinfo=market.zone))
        document = f"RECEIPT-{at:%Y-%m-%d}"
        for line, (sku, units) in enumerate(sorted(arriving.items()), start=1):
            part = Decimal(35 + int(share(seed, "cost", sku) * 25)) / 100
            cost = (prices.get(sku, step * 100) * part).quantize(step)
            rows.append(
                StockRow(
                    document=document,
                    line=line,
                    at=at.isoformat(),
                    sku=sku,
                    kind="receipt",
                    quantity=units,
                    unit_cost=max(cost, step),
                    currency=market.currency,
                )
            )
    return rows
