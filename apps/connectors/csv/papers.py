"""Rows to returns, stock movements and articles. A row of stock or of a catalogue stands alone; a return is a document.

Quantities of returns are positive whatever sign the file gives them; stock adjustments keep theirs.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from apps.connectors.csv import codes
from apps.connectors.csv.cells import BadCell, Cells, folded
from apps.connectors.csv.orders import customer_of
from apps.connectors.csv.reading import Table
from apps.connectors.csv.settings import CsvSettings
from apps.core import money
from apps.hub.contracts import FileRead, ReturnDraft, ReturnLineDraft, RowSetAside, SourceFile, StockChange, VariantCard
from apps.hub.contracts import StockQuantity as Shown

_MAX_QUANTITY = 10**8
_RETURN_HEAD = (
    "document", "at", "currency", "customer_id", "email", "name", "last_name", "first_name", "kana", "phone", "locale",
)  # fmt: skip
_RETURN_LINE = ("order_number", "sku", "title", "quantity", "unit_price", "amount", "reason")
_STOCK = (
    "document", "line", "at", "kind", "sku", "quantity", "received", "adjusted", "counted", "location", "unit_cost",
    "currency", "reason",
)  # fmt: skip
_CARD = (
    "sku", "title", "product_id", "product_title", "barcode", "price", "currency", "price_includes_tax", "tax_code",
    "weight_g", "shown",
)  # fmt: skip
# A column that is called so says what its numbers are.
_IMPLIED = (("received", "receipt"), ("adjusted", "adjustment"), ("counted", "count"))


class _Paper:
    """What the kinds of this file have in common: the table, the cells, the faults."""

    def __init__(self, file: SourceFile, kind: str, settings: CsvSettings) -> None:
        self.file = file
        self.settings = settings
        self.cells = Cells(settings)
        self.table = Table(file.content, kind, settings)
        self.faults: dict[int, tuple[str, str]] = {}

    def each_row(
        self, fields: tuple[str, ...], take: Callable[[int, tuple[str, ...]], Any], start_row: int
    ) -> FileRead:
        """A thing a row; `take(row number, cells)` makes it or raises `BadCell`."""
        pick = self.table.picker(fields)
        things: list[Any] = []
        starts: list[int] = []
        count = 0
        for row in self.table.rows():
            count = row.number
            try:
                if row.fault is not None:
                    raise BadCell(*row.fault)
                thing = take(row.number, pick(row.cells))
            except BadCell as bad:
                self.faults[row.number] = (bad.reason, bad.detail)
                continue
            if row.number > start_row:
                things.append(thing)
                starts.append(row.number - 1)
        return self.result(things, starts, count, start_row, set())

    def result(self, things: list[Any], starts: list[int], count: int, start_row: int, skipped: set[int]) -> FileRead:
        """Things and faults from `start_row` on."""
        wanted = {row for row in self.faults if row > start_row and row not in skipped}
        raw = self.table.raw(wanted)
        set_aside = tuple(
            RowSetAside(row=row, reason=self.faults[row][0], detail=self.faults[row][1], raw=raw.get(row, {}))
            for row in sorted(wanted)
        )
        return FileRead(things=tuple(things), set_aside=set_aside, rows=count, starts=tuple(starts))

    def sku(self, text: str) -> str:
        """A SKU, which must be there."""
        sku = self.cells.code(text, "sku")
        if not sku:
            raise BadCell("missing_value", "the SKU is empty")
        return sku

    def currency(self, text: str) -> str:
        """The row's currency, or the connection's."""
        word = text.strip().upper() or self.settings.currency
        if len(word) != 3 or not (word.isascii() and word.isalpha()):
            raise BadCell("bad_currency", f"currency {text[:20]!r}")
        return word

    def quantity(self, text: str, least: int) -> int:
        """A whole number within bounds."""
        if not text.strip():
            raise BadCell("missing_value", "the quantity is empty")
        quantity = self.cells.whole(text, "quantity")
        if not least <= quantity <= _MAX_QUANTITY:
            raise BadCell("bad_quantity", f"quantity {quantity}")
        return quantity

    def stock_change(self, row: int, cells: tuple[str, ...]) -> StockChange:
        """One row of a stock file. (document, line) must never mean two things: where the file gives no document or no
        line number, its name joins the document and the row is the line."""
        document, line, at, kind_word, sku, quantity, *numbers = cells[:9]
        location, unit_cost, currency, reason = cells[9:]
        kind, text = codes.STOCK_KINDS.get(folded(kind_word)), quantity
        if kind is None and kind_word.strip():
            raise BadCell("unknown_kind", f"a stock row of kind {kind_word[:40]!r}")
        for (_column, implied), number in zip(_IMPLIED, numbers, strict=True):
            if number.strip() and (kind is None or (kind == implied and not text)):
                kind, text = implied, number
                break
        if kind is None:
            raise BadCell("missing_value", "the row does not say what its quantity is (receipt, adjustment, count)")
        document = self.cells.code(document, "document", longest=80)
        return StockChange(
            document=document if document and line else _unique(document, self.file.name),
            line=self.cells.whole(line, "line") if line else row,
            sku=self.sku(sku),
            kind=kind,
            quantity=self.quantity(text, {"receipt": 1, "count": 0}.get(kind, -_MAX_QUANTITY)),
            at=self.cells.moment(at, "at") if at else self.file.at,
            location=self.cells.code(location, "location", longest=40),
            unit_cost=self.price(unit_cost, "unit_cost"),
            currency=self.currency(currency),
            reason=reason.strip()[:200],
        )

    def card(self, _row: int, cells: tuple[str, ...]) -> VariantCard:
        """One article of a catalogue file."""
        sku, title, product_id, product_title, barcode, price, currency, includes_tax, tax, weight, shown = cells
        if not title.strip():
            raise BadCell("missing_value", "the title is empty")
        says_tax = folded(includes_tax)
        tax_code = codes.TAX_CODES.get(folded(tax), "") if tax.strip() else ""
        if tax.strip() and not tax_code:
            raise BadCell("unknown_kind", f"tax {tax[:40]!r}")
        code = self.sku(sku)
        return VariantCard(
            sku=code,
            external_id=code,  # a channel of files knows an article by nothing else
            title=title.strip()[:255],
            product_external_id=self.cells.code(product_id, "product_id", longest=160),
            product_title=product_title.strip()[:255],
            barcode=self.cells.code(barcode, "barcode", longest=32),
            price=self.price(price, "price"),
            currency=self.currency(currency),
            price_includes_tax=_yes(says_tax, default=self.settings.prices_include_tax),
            tax_code=tax_code,
            weight_g=self.quantity(weight, 0) if weight.strip() else None,
            shown=self.quantity(shown, -_MAX_QUANTITY) if shown.strip() else None,
        )

    def shown(self, _row: int, cells: tuple[str, ...]) -> Shown:
        """What the other side shows of one SKU; below zero where it sold more than it showed."""
        sku = self.sku(cells[0])
        return Shown(external_id=sku, sku=sku, quantity=self.quantity(cells[1], -_MAX_QUANTITY))

    def price(self, text: str, column: str) -> Decimal | None:
        """A price or cost that is not negative, or None."""
        if not text.strip():
            return None
        price = self.cells.number(text, column)
        if price < 0:
            raise BadCell("bad_amount", f"{column} {text[:40]}")
        return price


@dataclass(slots=True)
class _Document:
    head: tuple[str, ...]
    rows: list[int] = field(default_factory=list)
    lines: list[ReturnLineDraft] = field(default_factory=list)
    is_spoiled: bool = False


def read_returns(file: SourceFile, settings: CsvSettings, *, start_row: int) -> FileRead:
    """Cancellations and returns, one `ReturnDraft` a document, whole or not at all. Raises `Unreadable`."""
    paper = _Paper(file, "returns", settings)
    documents: dict[str, _Document] = {}
    pick_head, pick_line = paper.table.picker(_RETURN_HEAD), paper.table.picker(_RETURN_LINE)
    count = 0
    for row in paper.table.rows():
        count = row.number
        document = None
        try:
            number = paper.cells.code(paper.table.cell(row, "document"), "document", longest=80)
            document = documents.setdefault(number, _Document(("",) * len(_RETURN_HEAD))) if number else None
            if document is not None:
                document.rows.append(row.number)
            if row.fault is not None:
                raise BadCell(*row.fault)
            if document is None:
                raise BadCell("missing_value", "the document's number is empty")
            head = pick_head(row.cells)
            document.head = tuple(mine or theirs for mine, theirs in zip(document.head, head, strict=True))
            document.lines.append(_return_line(paper, pick_line(row.cells), head[2], len(document.lines) + 1))
        except BadCell as bad:
            paper.faults[row.number] = (bad.reason, bad.detail)
            if document is not None:
                document.is_spoiled = True
    return _returned(paper, documents, count, start_row)


def _returned(paper: _Paper, documents: dict[str, _Document], count: int, start_row: int) -> FileRead:
    things: list[ReturnDraft] = []
    starts: list[int] = []
    skipped: set[int] = set()
    for number, document in documents.items():
        start = document.rows[0] - 1
        if start < start_row:
            skipped.update(document.rows)
            continue
        head = dict(zip(_RETURN_HEAD, document.head, strict=True))
        try:
            if not document.is_spoiled:
                things.append(
                    ReturnDraft(
                        external_id=number,
                        at=paper.cells.moment(head["at"], "at"),
                        currency=paper.currency(head["currency"]),
                        lines=tuple(document.lines),
                        customer=customer_of(head, paper.cells),
                    )
                )
                starts.append(start)
                continue
        except BadCell as bad:
            paper.faults[document.rows[0]] = (bad.reason, bad.detail)
        culprit = next(row for row in document.rows if row in paper.faults)
        for row in document.rows:
            paper.faults.setdefault(row, ("order_incomplete", f"row {culprit} of the same document could not be taken"))
    return paper.result(things, starts, count, start_row, skipped)


def _return_line(paper: _Paper, cells: tuple[str, ...], currency: str, number: int) -> ReturnLineDraft:
    order_number, sku, title, quantity_text, price, amount, reason = cells
    quantity = abs(paper.quantity(quantity_text, -_MAX_QUANTITY))
    if quantity == 0:
        raise BadCell("bad_quantity", "nothing came back")
    if amount.strip():
        value = abs(paper.cells.number(amount, "amount"))
    elif price.strip():
        value = abs(paper.cells.number(price, "unit_price")) * quantity
    else:
        raise BadCell("missing_value", "neither amount nor unit price")
    return ReturnLineDraft(
        number=number,
        sku=paper.sku(sku),
        quantity=quantity,
        amount_minor=money.to_minor(value, paper.currency(currency)),
        order_number=paper.cells.code(order_number, "order_number", longest=80),
        reason=reason.strip()[:200],
        title=title.strip()[:255],
    )


def read_stock(file: SourceFile, settings: CsvSettings, *, start_row: int) -> FileRead:
    """Receipts, adjustments and counts of a warehouse, one `StockChange` a row. Raises `Unreadable`."""
    paper = _Paper(file, "stock", settings)
    return paper.each_row(_STOCK, paper.stock_change, start_row)


def read_catalogue(file: SourceFile, settings: CsvSettings, *, start_row: int) -> FileRead:
    """Articles, one `VariantCard` a row. Raises `Unreadable`."""
    paper = _Paper(file, "catalogue", settings)
    return paper.each_row(_CARD, paper.card, start_row)


def read_shown(file: SourceFile, settings: CsvSettings) -> FileRead:
    """What the other side shows, one `StockQuantity` a row. Raises `Unreadable`."""
    paper = _Paper(file, "shown", settings)
    return paper.each_row(("sku", "quantity"), paper.shown, 0)


def _unique(document: str, name: str) -> str:
    """A document's name within 80 characters, of its own for each file."""
    full = f"{document}@{name}" if document else name
    return full if len(full) <= 80 else f"{full[:63]}~{hashlib.sha256(full.encode()).hexdigest()[:16]}"


def _yes(word: str, *, default: bool) -> bool:
    if word in codes.YES:
        return True
    return False if word in codes.NO else default
