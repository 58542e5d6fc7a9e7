"""What a rehearsal and the demo tell the stand-ins, and what the dispatch log says: plain data, JSON on the way.

Commands (`Standin.command`), each with a list so that a whole slot is one call:
- `shopify` `list_variants {"variants": [Article, …]}`: the catalogue it lists, with shown quantities at the start.
- `shopify` `place_orders {"sales": [Sale, …]}`: the people buy whatever the channel shows; it lowers its own shown
  quantity, its checkout makes the payment at the stripe stand-in, notices follow.
- `shopify` `edit_stock {"night": "YYYY-MM-DD"}`: somebody edits stock in its console, for the SKUs that the plan hits.
- `csv` `send_orders {"sales": […]}`, `send_returns {"returns": [Returned, …]}`, `send_stock {"rows": [StockRow, …]}`:
  one file each, pushed to the hook `csv`, stock files to the hook `csv:warehouse`.
- `stripe` `settle_day {"day": "YYYY-MM-DD"}`: payouts of that day are made.

Dispatch log (`World.log`):
- `sent` {hook, topic, thing, status, again, seq}: written by the server when a notice has been answered. The thing of
  an order's notices is `order:<number>`, of a file's `file:<name>`.
- `file` {name, kind, things: [number | document, …]}: what a file of the csv stand-in holds, in order.
- `parcel` {reference, label, order, lines: {sku: units}}: a label was sold for these units of this order (the label
  request says both; `label` is the vendor's id of it); `voided` {reference, label}: it was given back.
- `slip` {key, number}: a carrier's program numbered the slip of the parcel with this key.
- `fulfilled` {order, reference, lines: {sku: units}}: a channel was told of a shipment.
- `expired` {order, payment}: nobody paid in time; the order will not be paid.
- `found` {standin, thing}: night has begun and a lost thing is shown again.
- `shown` {channel, sku, shown}: a channel that honours what it shows was told a number, and shows it from now on.
- `sold` {channel, number, at, units: {sku: n}, refused: {sku: n}}: what a channel that honours what it shows sold of a
  sale, and what it had to refuse (both may be empty).
"""

from decimal import Decimal
from typing import Any

import msgspec


class SaleLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line as it was bought. `kind`: item, shipping, fee, discount. `unit_price` in major units."""

    sku: str
    title: str
    quantity: int
    unit_price: Decimal
    kind: str = "item"
    tax_rate_bp: int = 0


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Who bought and where it goes; made up, and said to be. `email` empty: a guest without one."""

    id: str = ""
    email: str = ""
    name: str = ""
    kana: str = ""
    phone: str = ""
    country: str = ""
    postal_code: str = ""
    region: str = ""
    city: str = ""
    line1: str = ""
    line2: str = ""


class Sale(msgspec.Struct, frozen=True, kw_only=True):
    """One sale of the file. `at` ISO 8601 with offset. `payment`: card, konbini, cod, prepaid, free.

    `total_minor` is what the customer owes: each line's quantity × unit price rounded half up to minor units, summed,
    plus tax where prices exclude it.
    """

    number: str
    at: str
    currency: str
    payment: str
    total_minor: int
    lines: tuple[SaleLine, ...]
    person: Person
    prices_include_tax: bool = True
    channel: str = ""

    def units(self) -> dict[str, int]:
        """Units of articles, by SKU."""
        units: dict[str, int] = {}
        for line in self.lines:
            if line.kind == "item":
                units[line.sku] = units.get(line.sku, 0) + line.quantity
        return units


class ReturnedLine(msgspec.Struct, frozen=True, kw_only=True):
    """Units of a SKU called off or sent back; the document does not say of which sale."""

    sku: str
    title: str
    quantity: int
    amount_minor: int


class Returned(msgspec.Struct, frozen=True, kw_only=True):
    """One cancellation document."""

    number: str
    at: str
    currency: str
    email: str
    lines: tuple[ReturnedLine, ...]


class StockRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a stock file. `kind`: receipt, adjustment (signed)."""

    document: str
    line: int
    at: str
    sku: str
    kind: str
    quantity: int
    unit_cost: Decimal | None = None
    currency: str = ""
    reason: str = ""


class Article(msgspec.Struct, frozen=True, kw_only=True):
    """A sellable article as channels list it."""

    sku: str
    title: str
    price: Decimal
    currency: str
    barcode: str = ""
    tax_rate_bp: int = 0
    shown: int = 0


def plain(thing: Any) -> Any:
    """A thing of this file, or a list of them, as JSON-ready data."""
    return msgspec.to_builtins(thing)


def sales(args: dict[str, Any]) -> list[Sale]:
    """The sales of a command's arguments."""
    return msgspec.convert(args["sales"], list[Sale])
