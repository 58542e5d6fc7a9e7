"""Rows to sales: rows of one order number are one order, wherever they stand, in order of first appearance.

An order is whole or not at all: when one of its rows cannot be taken, the others are set aside with it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from apps.connectors.csv import codes, wishes
from apps.connectors.csv.cells import BadCell, Cells, country, folded, rate_bp
from apps.connectors.csv.reading import Row, Table
from apps.connectors.csv.settings import CsvSettings
from apps.core import money
from apps.hub.contracts import Address, CustomerCard, FileRead, LineDraft, OrderDraft, RowSetAside, SourceFile

_HEAD = (
    "order_number", "placed_at", "updated_at", "status", "payment_method", "currency", "order_total", "order_tax",
    "shipping_fee", "payment_fee", "discount", "points", "customer_id", "email", "name", "last_name", "first_name",
    "kana", "phone", "locale", "ship_name", "ship_last_name", "ship_company", "postal_code", "country", "region",
    "city", "line1", "line2", "ship_phone", "note", "wished_on", "time_slot",
)  # fmt: skip
_LINE = ("kind", "line_id", "sku", "title", "quantity", "unit_price", "line_total", "tax_rate", "line_tax")
_AT = {name: place for place, name in enumerate(_HEAD)}
_LONGEST = {
    "customer_id": 160, "email": 254, "name": 160, "kana": 160, "phone": 30, "ship_name": 160, "ship_company": 160,
    "postal_code": 16, "region": 80, "city": 120, "line1": 200, "line2": 200, "ship_phone": 30,
}  # fmt: skip
_MAX_QUANTITY = 10**8
_MAX_MINOR = 10**14
_MAX_TITLE = 255
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONEY_COLUMNS = (
    ("shipping_fee", "shipping"),
    ("payment_fee", "fee"),
    ("discount", "discount"),
    ("points", "discount"),
)


@dataclass(slots=True)
class _Gathered:
    """The rows of one order number so far. `rows` are their numbers."""

    head: tuple[str, ...]
    rows: list[int] = field(default_factory=list)
    lines: list[LineDraft] = field(default_factory=list)
    is_spoiled: bool = False


def read_orders(file: SourceFile, settings: CsvSettings, *, start_row: int) -> FileRead:
    """What an orders file says from data row `start_row` (0 = first) on. Raises `Unreadable`, `Misconfigured`."""
    return _Reading(file, settings).read(start_row)


class _Reading:
    def __init__(self, file: SourceFile, settings: CsvSettings) -> None:
        self.file = file
        self.settings = settings
        self.cells = Cells(settings)
        self.table = Table(file.content, "orders", settings)
        self.faults: dict[int, tuple[str, str]] = {}
        self.orders: dict[str, _Gathered] = {}

    def read(self, start_row: int) -> FileRead:
        count = self._gather()
        things: list[OrderDraft] = []
        starts: list[int] = []
        skipped: set[int] = set()
        for number, order in self.orders.items():
            start = order.rows[0] - 1
            if start < start_row:
                skipped.update(order.rows)
                continue
            draft = None if order.is_spoiled else self._draft(number, order)
            if draft is None:
                self._set_all_aside(order)
                continue
            things.append(draft)
            starts.append(start)
        wanted = {row for row in self.faults if row > start_row and row not in skipped}
        raw = self.table.raw(wanted)
        set_aside = tuple(
            RowSetAside(row=row, reason=self.faults[row][0], detail=self.faults[row][1], raw=raw.get(row, {}))
            for row in sorted(wanted)
        )
        return FileRead(things=tuple(things), set_aside=set_aside, rows=count, starts=tuple(starts))

    def _gather(self) -> int:
        """Every row to its order; returns how many rows there are."""
        pick_head, pick_line = self.table.picker(_HEAD), self.table.picker(_LINE)
        orders, code = self.orders, self.cells.code
        count = 0
        for row in self.table.rows():
            count = row.number
            try:
                if row.fault is not None:
                    raise BadCell(*row.fault)
                head = pick_head(row.cells)
                number = code(head[0], "order_number", longest=80)
                if not number:
                    raise BadCell("missing_value", "the order number is empty")
                order = orders.get(number)
                if order is None:
                    order = orders[number] = _Gathered(head)
                order.rows.append(row.number)
                if head != order.head:
                    order.head = _merged(order.head, head, self.settings.currency)
                order.lines.append(self._line(pick_line(row.cells), len(order.lines) + 1, order.head[_AT["currency"]]))
            except BadCell as bad:
                self.faults[row.number] = (bad.reason, bad.detail)
                self._spoil(row)
        return count

    def _spoil(self, row: Row) -> None:
        """A bad row spoils its order, if it tells which one that is."""
        try:
            number = self.cells.code(self.table.cell(row, "order_number"), "order_number", longest=80)
        except BadCell:
            return
        if not number:
            return
        order = self.orders.setdefault(number, _Gathered(("",) * len(_HEAD)))
        order.is_spoiled = True
        if not order.rows or order.rows[-1] != row.number:
            order.rows.append(row.number)

    def _set_all_aside(self, order: _Gathered) -> None:
        culprit = next((row for row in order.rows if row in self.faults), order.rows[0])
        for row in order.rows:
            self.faults.setdefault(row, ("order_incomplete", f"row {culprit} of the same order could not be taken"))

    def _line(self, cells: tuple[str, ...], number: int, currency: str) -> LineDraft:
        kind_word, line_id, sku, title, quantity_text, price_text, total_text, rate_text, tax_text = cells
        kind = codes.LINE_KINDS.get(folded(kind_word)) if kind_word else "item"
        if kind is None:
            raise BadCell("unknown_kind", f"a line of kind {kind_word[:40]!r}")
        currency = self._currency(currency)
        sku = self.cells.code(sku, "sku") if sku else ""
        title = title.strip()[:_MAX_TITLE]
        if not sku and not title:
            raise BadCell("missing_value", "neither SKU nor title")
        if not quantity_text and kind == "item":
            raise BadCell("missing_value", "the quantity is empty")
        quantity = self.cells.whole(quantity_text, "quantity") if quantity_text else 1
        if not 0 < quantity <= _MAX_QUANTITY:
            raise BadCell("bad_quantity", f"quantity {quantity} in a sale")
        price = self.cells.number(price_text, "unit_price") if price_text else None
        if total_text:
            total = money.to_minor(self.cells.number(total_text, "line_total"), currency)
        elif price is not None:
            total = money.to_minor(price * quantity, currency)
        else:
            raise BadCell("missing_value", "neither unit price nor line total")
        if price is None:
            price = (Decimal(total).scaleb(-money.digits(currency)) / quantity).quantize(Decimal("0.0001"))
        if kind == "discount":
            total, price = -abs(total), -abs(price)
        if (kind == "item" and total < 0) or abs(total) > _MAX_MINOR:
            raise BadCell("bad_amount", f"{kind} for {total_text or price_text}")
        return LineDraft(
            number=number,
            kind=kind,
            title=title or sku,
            quantity=quantity,
            total_minor=total,
            unit_price=price,
            external_id=self.cells.code(line_id, "line_id", longest=120) if line_id else "",
            sku=sku,
            tax_rate_bp=rate_bp(rate_text, "tax_rate"),
            tax_minor=money.to_minor(self.cells.number(tax_text, "line_tax"), currency) if tax_text else None,
        )

    def _currency(self, text: str) -> str:
        word = text.strip().upper() or self.settings.currency
        if len(word) != 3 or not (word.isascii() and word.isalpha()):
            raise BadCell("bad_currency", f"currency {text[:20]!r}")
        return word

    def _draft(self, number: str, order: _Gathered) -> OrderDraft | None:
        """The sale, or None when its head cannot be taken (then its first row says why)."""
        try:
            return self._assembled(number, order)
        except BadCell as bad:
            self.faults[order.rows[0]] = (bad.reason, bad.detail)
            return None

    def _assembled(self, number: str, order: _Gathered) -> OrderDraft:
        head = dict(zip(_HEAD, order.head, strict=True))
        for name, longest in _LONGEST.items():
            if len(head[name]) > longest:
                raise BadCell("too_long", f"{name} has {len(head[name])} characters, more than {longest}")
        if not head["placed_at"]:
            raise BadCell("missing_value", "the day of the order is empty")
        currency = self._currency(head["currency"])
        lines = [*order.lines, *self._order_level_lines(head, order.lines, currency)]
        if not self.settings.prices_include_tax:
            lines = with_tax(lines, self._minor(head["order_tax"], "order_tax", currency))
        total = sum(line.total_minor for line in lines)
        if not self.settings.prices_include_tax:
            total += sum(line.tax_minor or 0 for line in lines)
        said = self._minor(head["order_total"], "order_total", currency)
        if said is not None and said != total:
            raise BadCell("total_differs", f"the rows add up to {total}, the order says {said} (minor units)")
        if total < 0:
            raise BadCell("bad_amount", f"the order's total is {total}")
        placed_at = self.cells.moment(head["placed_at"], "placed_at")
        changed = self.cells.moment(head["updated_at"], "updated_at") if head["updated_at"] else self.file.at
        word = folded(head["payment_method"])
        wished_on, wish = wishes.wished_on(head["wished_on"], self.cells)
        return OrderDraft(
            external_id=number,
            number=number,
            version=(changed - _EPOCH) // timedelta(milliseconds=1),
            placed_at=placed_at,
            currency=currency,
            total_minor=total,
            lines=tuple(lines),
            prices_include_tax=self.settings.prices_include_tax,
            payment_method=codes.PAYMENT_METHODS.get(word, codes.UNKNOWN),
            payment_raw=head["payment_method"].strip()[:80],
            is_cancelled=folded(head["status"]) in codes.CANCELLED,
            customer=customer_of(head, self.cells),
            ship_to=self._address(head),
            note="\n".join(filter(None, (head["note"].strip(), wish))),
            wished_on=wished_on,
            time_slot=wishes.time_slot(head["time_slot"]),
            raw_status=head["status"].strip()[:80],
        )

    def _minor(self, text: str, column: str, currency: str) -> int | None:
        return money.to_minor(self.cells.number(text, column), currency) if text.strip() else None

    def _order_level_lines(self, head: dict[str, str], lines: list[LineDraft], currency: str) -> Iterator[LineDraft]:
        """送料, 手数料 and 値引 that stand in columns of the order become lines, unless it has such lines already."""
        number = len(lines)
        for column, kind in _MONEY_COLUMNS:
            amount = self._minor(head[column], column, currency)
            if not amount or any(line.kind == kind for line in lines):
                continue
            number += 1
            minor = -abs(amount) if kind == "discount" else amount
            price = Decimal(minor).scaleb(-money.digits(currency))
            yield LineDraft(
                number=number, kind=kind, title=self.table.header[self.table.index[column]], quantity=1,
                total_minor=minor, unit_price=price, external_id=column,
            )  # fmt: skip

    def _address(self, head: dict[str, str]) -> Address | None:
        line1, region, line2 = head["line1"].strip(), head["region"].strip(), head["line2"].strip()
        if not (line1 or region or head["city"] or head["postal_code"]) and not head["country"].strip():
            return None
        where = country(head["country"]) if head["country"].strip() else self.settings.default_country
        if where == codes.UNKNOWN_COUNTRY:
            line2 = f"{line2} {head['country'].strip()}".strip()  # their word is kept where a person sees it
        if not region and where == "JP":
            region = next((name for name in codes.PREFECTURES if line1.startswith(name)), "")
            line1 = line1.removeprefix(region).strip()
        full = f"{head['ship_last_name'].strip()} {head['ship_name'].strip()}".strip()
        return Address(
            name=full or name_of(head),
            company=head["ship_company"].strip(),
            postal_code=self.cells.code(head["postal_code"], "postal_code"),
            country=where,
            region=region,
            city=head["city"].strip(),
            line1=line1,
            line2=line2,
            phone=self.cells.code(head["ship_phone"] or head["phone"], "phone"),
        )


def name_of(head: dict[str, str]) -> str:
    """The customer's name, whole or from its two halves, family name first."""
    return head["name"].strip() or f"{head['last_name'].strip()} {head['first_name'].strip()}".strip()


def customer_of(head: dict[str, str], cells: Cells) -> CustomerCard | None:
    """Who bought; None where the file says nothing. Raises `BadCell`."""
    card = CustomerCard(
        external_id=cells.code(head["customer_id"], "customer_id", longest=160),
        email=head["email"].strip(),
        name=name_of(head),
        kana=head["kana"].strip(),
        phone=cells.code(head["phone"], "phone"),
        locale=head["locale"].strip()[:8],
    )
    return None if card == CustomerCard(locale=card.locale) else card


def with_tax(lines: list[LineDraft], order_tax: int | None) -> list[LineDraft]:
    """Lines whose prices exclude tax, each with the tax that the channel charges on it.

    Where only the order's tax is told it is spread by amount, what is left going to the largest line; where only rates
    are told each line's tax is computed from its own, rounded half up.
    """
    taxes: list[int] = []
    whole = sum(line.total_minor for line in lines)
    for line in lines:
        if line.tax_minor is not None:
            taxes.append(line.tax_minor)
        elif order_tax is not None:
            taxes.append(line.total_minor * order_tax // whole if whole else 0)
        else:
            taxes.append(money.round_minor(Decimal(line.total_minor * (line.tax_rate_bp or 0)) / 10000))
    if order_tax is not None and lines and any(line.tax_minor is None for line in lines):
        largest = max(range(len(lines)), key=lambda place: lines[place].total_minor)
        taxes[largest] += order_tax - sum(taxes)
    return [_taxed(line, tax) for line, tax in zip(lines, taxes, strict=True)]


def _taxed(line: LineDraft, tax: int) -> LineDraft:
    return LineDraft(
        number=line.number, kind=line.kind, title=line.title, quantity=line.quantity, total_minor=line.total_minor,
        unit_price=line.unit_price, external_id=line.external_id, sku=line.sku, tax_rate_bp=line.tax_rate_bp,
        tax_minor=tax,
    )  # fmt: skip


def _merged(head: tuple[str, ...], other: tuple[str, ...], currency: str) -> tuple[str, ...]:
    """The first word that the rows of an order say for each of its own columns counts; currencies must agree."""
    first, second = head[_AT["currency"]] or currency, other[_AT["currency"]] or currency
    if first != second:
        raise BadCell("mixed_currencies", f"{first} and {second} in one order")
    return tuple(mine or theirs for mine, theirs in zip(head, other, strict=True))
