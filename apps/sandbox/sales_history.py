"""A file of orders as histories of demand: what was known on a day is what had been sold and called off before that day.

Units called off are no demand. A cancellation names a customer and an article; as in the product it is linked to that
customer's sales of it, not later than itself, newest first, and what no sale covers takes nothing away.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from apps.inventory.forecasting import History, Sale
from apps.sandbox.retail import Invoice, Orders


@dataclass(slots=True)
class SoldLine:
    """One line of a sale with what was called off of it: (day, units) pairs."""

    sale: Sale
    called_off: tuple[tuple[int, int], ...] = ()

    def left(self, before: int | None = None) -> int:
        """Units less those called off, `before` a day or ever."""
        return self.sale.units - sum(units for day, units in self.called_off if before is None or day < before)

    def known(self, before: int) -> Sale:
        """The sale as it stood before a day."""
        return Sale(self.sale.day, self.left(before)) if self.called_off else self.sale


class Book:
    """All sales of a file by article, its days numbered from the first. The file tells no stock: an article counts as one
    that could be bought from its first sale on.
    """

    def __init__(self, orders: Orders) -> None:
        sales = _in_time(orders.sales)
        self.first: date = sales[0].at.date()
        self.days = (sales[-1].at.date() - self.first).days + 1
        by_code: dict[str, list[SoldLine]] = defaultdict(list)
        of_customer: dict[tuple[str, str], list[SoldLine]] = defaultdict(list)
        todo = iter(_in_time(orders.returns))
        document = next(todo, None)
        for invoice in sales:
            while document and document.at < invoice.at:
                self._call_off(document, of_customer)
                document = next(todo, None)
            for row in invoice.rows:
                if row.is_product:
                    line = SoldLine(Sale(self._day(invoice), row.quantity))
                    by_code[row.code].append(line)
                    if row.customer:
                        of_customer[row.customer, row.code].append(line)
        while document:
            self._call_off(document, of_customer)
            document = next(todo, None)
        self.codes = sorted(by_code)
        self.lines = [by_code[code] for code in self.codes]

    def known(self, day: int) -> list[History]:
        """The history of each article as it stood before a day."""
        return [self._history(lines, day) for lines in self.lines]

    def asked(self, *, is_gross: bool = False) -> list[list[int]]:
        """Units of each article on each day, less what was ever called off (`is_gross`: as they were ordered)."""
        found = []
        for lines in self.lines:
            units = [0] * self.days
            for line in lines:
                units[line.sale.day] += line.sale.units if is_gross else line.left()
            found.append(units)
        return found

    def sold_often(self, least: int, *, before: int | None = None) -> list[int]:
        """Numbers of the articles with at least so many sales (lines of orders), `before` a day or in the whole file."""
        end = self.days if before is None else before
        return [
            number for number, lines in enumerate(self.lines) if sum(line.sale.day < end for line in lines) >= least
        ]

    def _history(self, lines: list[SoldLine], day: int) -> History:
        sales = [line.known(day) for line in lines[: bisect_left(lines, day, key=_day_of)]]
        sales = [sale for sale in sales if sale.units]
        first = sales[0].day if sales else day
        return History(sales, [0.0] * first + [1.0] * (day - first))

    def _day(self, invoice: Invoice) -> int:
        return (invoice.at.date() - self.first).days

    def _call_off(self, document: Invoice, of_customer: dict[tuple[str, str], list[SoldLine]]) -> None:
        for row in document.rows:
            left = -row.quantity
            for line in reversed(of_customer.get((row.customer, row.code), [])):
                units = min(left, line.left())
                if units:
                    line.called_off += ((self._day(document), units),)
                    left -= units


def _day_of(line: SoldLine) -> int:
    return line.sale.day


def _in_time(invoices: Iterable[Invoice]) -> list[Invoice]:
    return sorted(invoices, key=lambda invoice: invoice.at)
