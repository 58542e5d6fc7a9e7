"""Reads a file of orders in the columns of the UCI set "Online Retail" and says of every row what it is.

A row is placed, cancelled, fee, adjusted or set aside with a reason; the five counts sum to the rows read. What the
file does not have (names, addresses, e-mail, payments, taxes) is made up elsewhere and said to be. `.gz` is read as is.

The set: Chen, D. (2015), "Online Retail", UCI Machine Learning Repository, doi 10.24432/C5BW33, CC BY 4.0.
"""

import csv
import gzip
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from sys import intern
from typing import NamedTuple, TextIO
from zoneinfo import ZoneInfo

COLUMNS = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")
# The shop's form of a product code, letter case meant. All others (POST, DOT, M, C2, D, S, BANK CHARGES, AMAZONFEE,
# CRUK, gift_…, and a few DCGS… and PADS) are no stock of the shop: money without units, a fee.
PRODUCT = re.compile(r"\d{5}[A-Za-z]{0,2}")
CARRIAGE = frozenset({"POST", "DOT", "C2"})  # fees that are the price of sending


class NotThisFile(Exception):
    """The file cannot be read as orders at all; the message says why."""


class Row(NamedTuple):
    """One readable row. `number`: 1 is the first after the header. `price` in major units."""

    number: int
    invoice: str
    code: str
    title: str
    quantity: int
    at: datetime
    price: Decimal
    customer: str
    country: str

    @property
    def is_product(self) -> bool:
        return PRODUCT.fullmatch(self.code) is not None


@dataclass(slots=True)
class Invoice:
    """The rows of one number, from wherever in the file, at the time and place of the first of them.

    Some invoices of the set carry two timestamps a minute apart, and equal rows in one invoice are two real lines.
    """

    number: str
    at: datetime
    customer: str
    country: str
    rows: list[Row] = field(default_factory=list)


@dataclass(slots=True)
class Orders:
    """What a file holds, in file order. `fees`: rows of invoices or cancellations that name no product at all, and the
    fees on cancellations: money between shop and customer that no channel sells, so they are counted and not sent.
    """

    sales: list[Invoice] = field(default_factory=list)
    returns: list[Invoice] = field(default_factory=list)
    adjustments: list[Invoice] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)  # placed, cancelled, fee, adjusted
    set_aside: Counter[str] = field(default_factory=Counter)  # reason -> rows
    rows_read: int = 0
    titles: dict[str, str] = field(default_factory=dict)  # product code -> its first name

    def check(self) -> None:
        """Every row is somewhere exactly once."""
        assert self.counts.total() + self.set_aside.total() == self.rows_read


def read(path: Path, *, zone: ZoneInfo, invoices: int | None = None) -> Orders:
    """Read and classify a file; `invoices`: only the rows before the first number after so many. Times are in `zone`.

    Raises `NotThisFile`.
    """
    try:
        with opened(path) as file:
            return classified(limited(csv.reader(file), invoices), zone=zone)
    except (UnicodeDecodeError, gzip.BadGzipFile, EOFError, csv.Error) as error:
        raise NotThisFile(f"{path.name} cannot be read: {error}") from error


def opened(path: Path) -> TextIO:
    """The file as text, unpacked when its name ends in .gz."""
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def classified(records: Iterable[list[str]], *, zone: ZoneInfo) -> Orders:
    """Header and records to orders. Columns may come in any order; a missing one is an error."""
    lines = iter(records)
    try:
        header = [name.strip() for name in next(lines)]
        places = [header.index(name) for name in COLUMNS]
    except StopIteration:
        raise NotThisFile("the file is empty") from None
    except ValueError as error:
        raise NotThisFile(f"the header lacks a column: {error}") from None
    orders = Orders()
    groups: dict[str, Invoice] = {}
    for number, record in enumerate(lines, start=1):
        orders.rows_read = number
        row = _row(number, record, places, zone)
        if isinstance(row, str):
            orders.set_aside[row] += 1
            continue
        invoice = groups.get(row.invoice)
        if invoice is None:
            invoice = groups[row.invoice] = Invoice(row.invoice, row.at, row.customer, row.country)
        invoice.rows.append(row)
        if row.title and row.is_product:
            orders.titles.setdefault(row.code, row.title)
    for invoice in groups.values():
        _sort_in(orders, invoice)
    orders.check()
    return orders


def limited(records: Iterator[list[str]], invoices: int | None) -> Iterator[list[str]]:
    """The header and the rows before the number that would be one too many."""
    seen: set[str] = set()
    column = None
    for record in records:
        if column is None:
            column = record.index("InvoiceNo") if "InvoiceNo" in record else 0
        elif invoices is not None and len(record) > column:
            if len(seen) >= invoices and record[column] not in seen:
                return
            seen.add(record[column])
        yield record


_times: dict[str, datetime] = {}
_prices: dict[str, Decimal] = {}


def _row(number: int, record: list[str], places: list[int], zone: ZoneInfo) -> Row | str:
    """The row, or the reason why it cannot be used."""
    if len(record) <= max(places):
        return "too_short"
    invoice, code, title, quantity, at, price, customer, country = (record[place].strip() for place in places)
    if not invoice or not code:
        return "no_number_or_code"
    if invoice.startswith("A"):
        return "bad_debt"  # an entry of the books, neither sale nor return
    try:
        units = int(quantity)
    except ValueError:
        return "bad_quantity"
    try:
        when = _times.get(at) or _times.setdefault(at, datetime.strptime(at, "%Y-%m-%d %H:%M"))  # noqa: DTZ007 - local
    except ValueError:
        return "bad_date"
    try:
        amount = _prices.get(price) or _prices.setdefault(price, Decimal(price))
    except InvalidOperation:
        return "bad_price"
    if amount < 0 or not amount.is_finite():
        return "bad_price"
    if not units:
        return "no_quantity"
    return Row(
        number, intern(invoice), intern(code), intern(title), units, when.replace(tzinfo=zone), amount,
        intern(customer), intern(country),
    )  # fmt: skip


def _sort_in(orders: Orders, invoice: Invoice) -> None:
    """Put an invoice where it belongs, its rows counted. Rows that it may not have are set aside."""
    is_return = invoice.number.startswith("C")
    kept: list[Row] = []
    counts: Counter[str] = Counter()
    is_write_off = not is_return and all(row.quantity < 0 and not row.price for row in invoice.rows)
    for row in invoice.rows:
        if is_return and row.quantity > 0:
            orders.set_aside["positive_on_cancellation"] += 1
        elif is_write_off and not row.is_product:
            orders.set_aside["write_off_of_no_product"] += 1
        elif not is_return and not is_write_off and row.quantity < 0:
            orders.set_aside["negative_on_sale"] += 1
        else:
            counts["fee" if not row.is_product else _kind(is_return=is_return, is_write_off=is_write_off)] += 1
            kept.append(row)
    orders.counts.update(counts)
    if not any(row.is_product for row in kept):
        return  # fees alone, or nothing
    invoice.rows = kept if not is_return else [row for row in kept if row.is_product]
    target = orders.returns if is_return else orders.adjustments if is_write_off else orders.sales
    target.append(invoice)


def _kind(*, is_return: bool, is_write_off: bool) -> str:
    if is_return:
        return "cancelled"
    return "adjusted" if is_write_off else "placed"
