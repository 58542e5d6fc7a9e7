"""The plan of a rehearsal's days: what happens in which part of a day, in the order of the file.

Within a part the sales keep the file's order (neighbours that the marketplace sold share a file); then come its
cancellations in one file and the warehouse's corrections in one. The calls of a part are built when it comes.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from msgspec import structs

from apps.sandbox.market import Market, channel_of, share
from apps.sandbox.retail import Invoice, Orders
from apps.sandbox.supply import ARRIVES, Supply
from apps.sandbox.words import Article, StockRow, plain

BLOCK = 6  # neighbouring sales that come through one channel
LAST_HOURS = (10, 14, 23)  # of the parts of a day that are played at a time: to the first parcels, the last, and night
Call = tuple[str, str, dict[str, Any]]


@dataclass(slots=True)
class Slot:
    """A part of a day: `ends_at` is where business time is put when its calls are made."""

    ends_at: datetime
    sales: list[tuple[str, Invoice]] = field(default_factory=list)
    returns: list[Invoice] = field(default_factory=list)
    adjustments: list[Invoice] = field(default_factory=list)
    receipts: list[StockRow] = field(default_factory=list)


@dataclass(slots=True)
class Day:
    """A calendar day in the shop's zone, with the parts in which something happens."""

    date: date
    slots: list[Slot]


MASKED = frozenset({"amazon", "rakuten"})  # malls that keep their customers' addresses to themselves


class Plan:
    """Every day from the first to the last of the file, quiet ones too.

    `channels`: the channels that honour what they show, over which the sales are spread, in steps of so many minutes
    (`step`); empty: the usual two, in parts of a day, which sell whatever is asked for.
    """

    def __init__(
        self, orders: Orders, market: Market, supply: Supply, *, channels: Sequence[str] = (), step: int = 10
    ) -> None:
        self.market = market
        self.channels = channels
        self.orders = orders
        slots: dict[datetime, Slot] = {}
        self._sends_back = {paper.customer for paper in orders.returns if paper.customer}

        def slot_of(moment: datetime) -> Slot:
            if channels:
                end = moment.replace(minute=moment.minute // step * step, second=30, microsecond=0)
                return slots.setdefault(end, Slot(end))
            # Before the full hour, when jobs fall due: what comes in and what goes out at one moment has no order.
            last_hour = next(hour for hour in LAST_HOURS if moment.hour <= hour)
            end = moment.replace(hour=last_hour, minute=59, second=0, microsecond=0)
            return slots.setdefault(end, Slot(end))

        for position, sale in enumerate(orders.sales):
            channel = self._channel(position, sale) if channels else channel_of(position // BLOCK)
            slot_of(market.at(sale.at)).sales.append((channel, sale))
        for paper in orders.returns:
            slot_of(market.at(paper.at)).returns.append(paper)
        for paper in orders.adjustments:
            slot_of(market.at(paper.at)).adjustments.append(paper)
        for row in supply.rows:
            moment = datetime.fromisoformat(row.at).astimezone(market.zone)
            assert moment.time() == ARRIVES
            slots.setdefault(moment, Slot(moment)).receipts.append(row)
        by_day: dict[date, list[Slot]] = defaultdict(list)
        for end in sorted(slots):
            by_day[end.astimezone(market.zone).date()].append(slots[end])
        self.days = [Day(day, by_day.get(day, [])) for day in _every_day(by_day)]

    def calls(self, slot: Slot) -> list[Call]:
        """What the stand-ins are told in that part, in order."""
        calls: list[Call] = []
        if slot.receipts:
            calls.append(("csv", "send_stock", {"rows": plain(slot.receipts)}))
        for channel, run in groupby(slot.sales, key=lambda pair: pair[0]):
            sales = [self.market.sale(invoice, channel) for _channel, invoice in run]
            if self.channels:  # a shop knows when it sold: now, while it looks at what it shows
                sales = [structs.replace(sale, at=slot.ends_at.isoformat()) for sale in sales]
            calls.append((channel, "send_orders" if channel == "csv" else "place_orders", {"sales": plain(sales)}))
        if slot.returns:
            documents = plain([self.market.returned(paper) for paper in slot.returns])
            calls.append(("csv", "send_returns", {"returns": documents}))
        if slot.adjustments:
            rows = plain([row for paper in slot.adjustments for row in self._corrections(paper)])
            calls.append(("csv", "send_stock", {"rows": rows}))
        return calls

    def _channel(self, position: int, sale: Invoice) -> str:
        """Which channel a sale comes through: a few more for the first ones, so that they are not alike.

        A cancellation of the file names a customer by e-mail, and malls do not tell it: who sends something back buys elsewhere.
        """
        known = sale.customer not in self._sends_back
        channels = self.channels if known else [one for one in self.channels if one not in MASKED]
        parts = range(len(channels), 0, -1)
        place = share("channel", position) * sum(parts)
        for channel, part in zip(channels, parts, strict=True):
            place -= part
            if place < 0:
                return channel
        return channels[-1]

    def articles(self) -> list[Article]:
        """Everything that is sold, given back or written off, with its first price."""
        first = self.orders.sales[0].at.date() if self.orders.sales else date(2010, 12, 1)
        prices = {}
        for paper in (*self.orders.sales, *self.orders.returns, *self.orders.adjustments):
            for row in paper.rows:
                if row.is_product and (row.code not in prices or not prices[row.code]):
                    prices[row.code] = self.market.price(row)
        titles = self.orders.titles
        return [self.market.article(code, titles.get(code, ""), prices[code], first) for code in sorted(prices)]

    def _corrections(self, paper: Invoice) -> Iterator[StockRow]:
        for line, row in enumerate(paper.rows, start=1):
            yield StockRow(
                document=paper.number,
                line=line,
                at=self.market.at(paper.at).isoformat(),
                sku=row.code,
                kind="adjustment",
                quantity=row.quantity,
                reason=row.title or "written off",
            )


def _every_day(by_day: dict[date, list[Slot]]) -> list[date]:
    if not by_day:
        return []
    first, last = min(by_day), max(by_day)
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
