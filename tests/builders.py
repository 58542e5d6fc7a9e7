"""Small things that tests need before they can act. Everything has a default; a test names only what it is about."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

from apps.catalog.models import Component, Product, Variant
from apps.core import clock
from apps.core.ids import uuid7
from apps.core.models import Brand
from apps.customers.models import Customer
from apps.hub.contracts import Address, CustomerCard, LineDraft, OrderDraft
from apps.hub.models import Connection
from apps.inventory import shelf
from apps.inventory.models import Location
from apps.inventory.shelf import ReceiptRow
from apps.orders.models import Order, OrderLine

PLACED = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
_numbers = count(1)


def brand(code: str = "aoba") -> Brand:
    """The brand of that code; made once."""
    return Brand.objects.get_or_create(code=code, defaults={"name": "Aobado"})[0]


def connection(connector: str = "shopify", **facts: Any) -> Connection:
    """A connection as a row: without settings or credentials, for what never calls it."""
    facts.setdefault("name", f"{connector} {next(_numbers)}")
    facts.setdefault("brand", brand())
    return Connection.objects.create(connector=connector, created_at=clock.now(), **facts)


def location(code: str = "main", **facts: Any) -> Location:
    """A location; `main` takes new orders."""
    defaults = {"name": code, "is_default": code == "main"} | facts
    return Location.objects.get_or_create(code=code, defaults=defaults)[0]


def variant(sku: str = "", **facts: Any) -> Variant:
    """A variant with its product."""
    sku = sku or f"SKU-{next(_numbers)}"
    facts.setdefault("title", sku)
    facts.setdefault("tax_code_id", "standard")
    product = Product.objects.create(brand=brand(), title=sku)
    return Variant.objects.create(product=product, sku=sku, **facts)


def bundle(sku: str, *parts: tuple[Variant, int]) -> Variant:
    """A set of so many units of each of these."""
    whole = variant(sku)
    for part, units in parts:
        Component.objects.create(bundle=whole, variant=part, units=units)
    return whole


def stock(
    article: Variant, units: int, *, unit_cost: str = "100", number: str = "", place: Location | None = None
) -> None:
    """Units on the shelf of `main`, or another place, by a receipt."""
    row = ReceiptRow(number=1, variant=article.id, quantity=units, unit_cost=Decimal(unit_cost))
    shelf.receive(
        number or f"R-{next(_numbers)}", [row], location=place or location(), source=None, at=clock.now(), currency="JPY",
        actor="test", is_opening=True,
    )  # fmt: skip


def line_draft(number: int = 1, **facts: Any) -> LineDraft:
    """One unit of 1,100 yen, tax included."""
    facts = {"kind": "item", "title": "A thing", "quantity": 1, "unit_price": Decimal(1100)} | facts
    facts.setdefault("total_minor", int(facts["unit_price"] * facts["quantity"]))
    return LineDraft(number=number, **facts)


def order_draft(*lines: LineDraft, **facts: Any) -> OrderDraft:
    """A sale of these lines; its total is what they make."""
    number = next(_numbers)
    lines = lines or (line_draft(),)
    facts.setdefault("external_id", f"x{number}")
    facts.setdefault("number", f"#{number}")
    facts.setdefault("total_minor", sum(line.total_minor for line in lines))
    facts.setdefault("customer", CustomerCard(email="rina@example.com", name="Kato Rina"))
    facts.setdefault("ship_to", Address(name="Kato Rina", country="JP", line1="1-2-3"))
    return OrderDraft(
        **({"version": 1, "placed_at": PLACED, "currency": "JPY", "payment_method": "card", "lines": lines} | facts)
    )


def order(channel: Connection | None = None, *, lines: Sequence[dict[str, Any]] = (), **facts: Any) -> Order:
    """An order row with lines, written directly: for what does not care how it came to be."""
    channel = channel or connection()
    wanted = [_line_facts(number, line) for number, line in enumerate(lines, start=1)]
    items = sum(line["total_minor"] for line in wanted if line["kind"] == "item")
    others = sum(line["total_minor"] for line in wanted if line["kind"] != "item")
    number = f"KG-{next(_numbers):06d}"
    row = Order.objects.create(
        **(
            {
                "brand": channel.brand, "number": number, "channel": channel, "external_number": f"#{number}",
                "placed_at": PLACED, "taken_at": clock.now(), "currency": "JPY", "items_minor": items,
                "charges_minor": others, "total_minor": items + others,
            }
            | facts
        )
    )  # fmt: skip
    OrderLine.objects.bulk_create(OrderLine(id=uuid7(), order=row, **line) for line in wanted)
    return row


def _line_facts(number: int, line: dict[str, Any]) -> dict[str, Any]:
    facts = {"number": number, "kind": "item", "title": "A thing", "quantity": 1, "unit_price": Decimal(1100)} | line
    facts.setdefault("total_minor", int(facts["unit_price"] * facts["quantity"]))
    if article := facts.get("variant"):
        facts.setdefault("sku", article.sku)
    return facts


def customer(**facts: Any) -> Customer:
    """Somebody who bought."""
    facts.setdefault("brand", brand())
    return Customer.objects.create(created_at=PLACED, **facts)


def some_id() -> UUID:
    """An id of nothing in particular."""
    return uuid7()
