"""Orders and refunds as Shopify tells them, to our words. Pure.

The form is the webhook's; `mapping_graphql` turns a polled order into the same form, so both ways give the same draft.
The lines of a draft add up to the order's total, or the order is `Unreadable` with both amounts.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from itertools import count
from typing import Any

from apps.connectors.shopify import codes
from apps.core.money import Money, to_minor
from apps.hub import contracts as c
from apps.hub.errors import Unreadable

Body = Mapping[str, Any]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ZERO = frozenset({"0", "0.0", "0.00", "0.000"})
_NOT_GIVEN = frozenset({"failure", "error"})


def gid(kind: str, reference: str) -> str:
    """`Order`, `1001` -> `gid://shopify/Order/1001`; a gid stays one."""
    return reference if reference.startswith("gid://") else f"gid://shopify/{kind}/{reference}"


def tail(reference: str) -> str:
    """`gid://shopify/Order/1001` -> `1001`."""
    return reference.rpartition("/")[2].partition("?")[0]


def number_of(thing: Body) -> str:
    """The id as text. The gid is asked first: a JSON reader on the way may have rounded ids over 2^53."""
    reference = thing.get("admin_graphql_api_id")
    return tail(reference) if reference else str(thing["id"])


def moment(text: str) -> datetime:
    """ISO 8601 to aware UTC."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise Unreadable(f"a time without a zone: {text}")
    return at.astimezone(UTC)


@lru_cache(maxsize=65_536)
def minor(amount: str, currency: str, quantity: int = 1) -> int:
    """Major units as text, times a quantity, in minor units. Cached: a catalogue has few prices."""
    try:
        return to_minor(Decimal(amount) * quantity, currency)
    except InvalidOperation as error:
        raise Unreadable(f"not an amount: {amount!r}") from error


@lru_cache(maxsize=65_536)
def _price(amount: str) -> Decimal:
    return Decimal(amount)


@lru_cache(maxsize=1024)
def _basis_points(rates: tuple[str, ...]) -> int:
    return int((sum(map(Decimal, rates), Decimal(0)) * 10_000).to_integral_value())


def _shop(money: Body) -> str:
    return str(money["shop_money"]["amount"])


def order_draft(body: Body, *, prefix: str = "") -> c.OrderDraft:
    """One order. Raises `Unreadable` where the lines do not add up, KeyError and friends where the form is another."""
    currency = body["currency"]
    total = minor(body["total_price"], currency)
    includes_tax = bool(body["taxes_included"])
    lines = tuple(_numbered(body, currency))
    taxes = 0 if includes_tax else sum(line.tax_minor or 0 for line in lines)
    summed = sum(line.total_minor for line in lines) + taxes
    if summed != total:
        raise Unreadable(
            f"order {body['name']} says {total} {currency} (minor units), its lines and taxes add up to {summed}"
        )
    gateways = body.get("payment_gateway_names") or []
    return c.OrderDraft(
        external_id=number_of(body),
        number=prefix + body["name"],
        version=(moment(body["updated_at"]) - _EPOCH) // timedelta(milliseconds=1),
        placed_at=moment(body.get("processed_at") or body["created_at"]),
        currency=currency,
        total_minor=total,
        lines=lines,
        prices_include_tax=includes_tax,
        payment_method=codes.payment_method(gateways, total_minor=total),
        payment_raw=", ".join(gateways)[:80],
        is_cancelled=body.get("cancelled_at") is not None,
        customer=_customer(body),
        ship_to=_address(body.get("shipping_address")),
        note=body.get("note") or "",
        raw_status=(body.get("financial_status") or "").lower(),
    )


def _numbered(body: Body, currency: str) -> Iterator[c.LineDraft]:
    numbers = count(1)
    discounts: dict[tuple[int, int | None], int] = {}
    for line in body["line_items"]:
        yield _item(line, next(numbers), currency, discounts)
    for line in body["shipping_lines"]:
        if not line.get("is_removed"):
            yield _shipping(line, next(numbers), currency, discounts)
    for name, title, amount in _fees(body, currency):
        yield _plain(next(numbers), "fee", title, amount, name, currency)
    applications = body.get("discount_applications") or []
    for (index, rate), amount in sorted(discounts.items(), key=lambda found: (found[0][0], found[0][1] or 0)):
        yield _plain(
            next(numbers), "discount", _discount_title(applications, index), -amount,
            f"discount:{index}:{'' if rate is None else rate}", currency, rate,
        )  # fmt: skip
    # A discount of the order as a whole is in the total alone.
    rest = minor(body.get("total_discounts") or "0", currency) - sum(discounts.values())
    if rest > 0:
        yield _plain(next(numbers), "discount", _discount_title(applications, 0), -rest, "discount:order", currency)


def _item(line: Body, number: int, currency: str, discounts: dict[tuple[int, int | None], int]) -> c.LineDraft:
    rate, tax = _taxes(line, currency)
    price, quantity = line["price"], line["quantity"]
    _collect(line, rate, currency, discounts)
    # A custom line that nobody ships is a charge (gift wrap, a surcharge), not an article.
    is_charge = line.get("variant_id") is None and not line["requires_shipping"]
    return c.LineDraft(
        number=number,
        kind="fee" if is_charge else "item",
        title=line.get("name") or line["title"],
        quantity=quantity,
        total_minor=minor(price, currency, quantity),
        unit_price=_price(price),
        external_id=number_of(line),
        sku=line.get("sku") or "",
        tax_rate_bp=rate,
        tax_minor=tax,
    )


def _shipping(line: Body, number: int, currency: str, discounts: dict[tuple[int, int | None], int]) -> c.LineDraft:
    rate, tax = _taxes(line, currency)
    price = line["price"]
    _collect(line, rate, currency, discounts)
    return c.LineDraft(
        number=number, kind="shipping", title=line["title"], quantity=1, total_minor=minor(price, currency),
        unit_price=_price(price), external_id=str(line.get("id") or ""), tax_rate_bp=rate, tax_minor=tax,
    )  # fmt: skip


def _plain(
    number: int, kind: str, title: str, amount: int, name: str, currency: str, rate: int | None = None
) -> c.LineDraft:
    """A charge or a discount without tax of its own: a line's tax is already that of its discounted price."""
    return c.LineDraft(
        number=number, kind=kind, title=title, quantity=1, total_minor=amount,
        unit_price=Money(amount, currency).amount, external_id=name, tax_rate_bp=rate, tax_minor=0,
    )  # fmt: skip


def _taxes(line: Body, currency: str) -> tuple[int | None, int]:
    taxes = line["tax_lines"]
    if not taxes:
        return None, 0
    if len(taxes) == 1:
        return _basis_points((str(taxes[0]["rate"] or 0),)), minor(taxes[0]["price"], currency)
    rates = tuple(str(tax["rate"] or 0) for tax in taxes)
    return _basis_points(rates), sum(minor(tax["price"], currency) for tax in taxes)


def _collect(line: Body, rate: int | None, currency: str, discounts: dict[tuple[int, int | None], int]) -> None:
    for allocation in line["discount_allocations"]:
        place = (allocation["discount_application_index"], rate)
        discounts[place] = discounts.get(place, 0) + minor(allocation["amount"], currency)


def _discount_title(applications: list[Body], index: int) -> str:
    if index >= len(applications):
        return "Discount"
    said = applications[index]
    return said.get("code") or said.get("title") or said.get("description") or "Discount"


def _fees(body: Body, currency: str) -> Iterator[tuple[str, str, int]]:
    """Charges that Shopify tells as totals only: (id, title, amount)."""
    for key, name, title in (
        ("original_total_additional_fees_set", "additional_fees", "Additional fees"),
        ("original_total_duties_set", "duties", "Duties"),
    ):
        money = body.get(key)
        if money and _shop(money) not in _ZERO:
            yield name, title, minor(_shop(money), currency)
    tip = body.get("total_tip_received")
    if tip and tip not in _ZERO:
        yield "tip", "Tip", minor(tip, currency)


def _customer(body: Body) -> c.CustomerCard | None:
    said = body.get("customer") or {}
    email = body.get("email") or said.get("email") or ""
    phone = body.get("phone") or said.get("phone") or ""
    if not said and not email and not phone:
        return None
    locale = body.get("customer_locale") or ""
    names = [said.get("first_name") or "", said.get("last_name") or ""]
    if locale.startswith("ja"):
        names.reverse()
    return c.CustomerCard(
        external_id=number_of(said) if said else "",
        email=email,
        name=" ".join(name for name in names if name),
        phone=phone,
        locale=locale,
    )


def _address(said: Body | None) -> c.Address | None:
    if not said:
        return None
    return c.Address(
        name=said.get("name") or "",
        company=said.get("company") or "",
        postal_code=said.get("zip") or "",
        country=said.get("country_code") or "",
        region=said.get("province") or "",
        city=said.get("city") or "",
        line1=said.get("address1") or "",
        line2=said.get("address2") or "",
        phone=said.get("phone") or "",
    )


def return_draft(
    refund: Body, *, order_external_id: str = "", order_number: str = "", adds_tax: bool | None = None
) -> c.ReturnDraft | None:
    """Units that a refund calls off or takes back; None where it gives back money alone (the provider tells of that).

    A refund's own notice knows its order by id only. `adds_tax`: prices exclude tax; None asks the transactions.
    """
    lines = refund["refund_line_items"]
    if not lines:
        return None
    currency = lines[0]["subtotal_set"]["shop_money"]["currency_code"]
    goods = [(line, minor(_shop(line["subtotal_set"]), currency)) for line in lines]
    taxes = [minor(_shop(line["total_tax_set"]), currency) for line in lines]
    given = [t for t in refund.get("transactions") or [] if t["kind"] == "refund" and t.get("status") not in _NOT_GIVEN]
    paid = sum(minor(str(t["amount"]), currency) for t in given)
    if adds_tax is None:
        adds_tax = paid >= sum(amount for _, amount in goods) + sum(taxes)
    owner = order_external_id or str(refund["order_id"])
    return c.ReturnDraft(
        external_id=number_of(refund),
        at=moment(refund.get("processed_at") or refund["created_at"]),
        currency=currency,
        is_refunded=paid > 0,
        lines=tuple(
            c.ReturnLineDraft(
                number=number,
                sku=line["line_item"].get("sku") or "",
                quantity=line["quantity"],
                amount_minor=amount + (tax if adds_tax else 0),
                order_number=order_number,
                order_external_id=owner,
                reason=refund.get("note") or line.get("restock_type") or "",
                title=line["line_item"].get("title") or "",
            )
            for number, ((line, amount), tax) in enumerate(zip(goods, taxes, strict=True), start=1)
        ),
    )


def refunds_of(body: Body, *, prefix: str = "") -> Iterator[c.ReturnDraft]:
    """The refunds that an order carries with it: a lost refund notice is made good by the order's next one."""
    for refund in body.get("refunds") or []:
        draft = return_draft(
            refund, order_external_id=number_of(body), order_number=prefix + body["name"],
            adds_tax=not body["taxes_included"],
        )  # fmt: skip
        if draft:
            yield draft
