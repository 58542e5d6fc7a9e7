"""Orders as WooCommerce tells them, to our words. Pure.

The shop keeps each amount without its tax and the tax beside it, rounded to what it shows; where prices include tax we put
the two together again. The lines of a draft add up to the order's total: what rounding leaves over is a line of its own,
and more than rounding explains is `Unreadable` with both amounts.
"""

import html
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import count
from typing import Any

from apps.connectors.woocommerce import codes
from apps.core.money import Money, to_minor
from apps.hub import contracts as c
from apps.hub.errors import Unreadable

Body = Mapping[str, Any]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FINE = Decimal("0.000001")


def moment(text: str) -> datetime:
    """A `…_gmt` time (written without a zone, whole seconds) to aware UTC."""
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def changed(order: Body) -> datetime:
    """When an order was changed last."""
    return moment(order.get("date_modified_gmt") or order["date_created_gmt"])


def amount(said: Any) -> Decimal:
    """An amount in major units; the shop writes text, plugins also numbers."""
    try:
        found = Decimal(str(said))
    except InvalidOperation as error:
        raise Unreadable(f"not an amount: {said!r}") from error
    if not found.is_finite() or isinstance(said, bool):
        raise Unreadable(f"not an amount: {said!r}")
    return found


def plain(text: str | None) -> str:
    """A title without WordPress's entities."""
    return html.unescape(text or "").strip()


def whole(said: Any, what: str) -> int:
    """A count of units; plugins sell parts of units, which we cannot."""
    found = amount(said)
    if found != found.to_integral_value():
        raise Unreadable(f"{what}: {said} is no whole number of units")
    return int(found)


# Orders


def is_sold(body: Body) -> bool:
    """Whether there is a sale to take in, or one to call off.

    Not while the customer is still at the checkout, nor when a payment failed there: it may be tried again. An order that was
    called off before anybody paid or promised to was never a sale, and cannot be shipped by us either.
    """
    status, gateway = body["status"], body.get("payment_method") or ""
    if status in codes.NOT_YET:
        return False
    if status == codes.FAILED:
        return gateway in codes.BY_HAND
    if status in codes.CALLED_OFF:
        return bool(gateway in codes.BY_HAND or body.get("date_paid_gmt") or body.get("transaction_id"))
    return True


def order_draft(body: Body, *, prefix: str = "") -> c.OrderDraft:
    """One order. Raises `Unreadable` where the lines do not add up, KeyError and friends where the form is another."""
    currency, status = body["currency"], body["status"]
    total = to_minor(amount(body["total"]), currency)
    includes_tax = body["prices_include_tax"] is True
    lines = tuple(_lines(body, currency, total, includes_tax=includes_tax))
    gateway = body.get("payment_method") or ""
    method = codes.payment_method(gateway, total_minor=total)
    # What the shop's own gateway collects counts as collected once the shop has a date of payment.
    is_awaited = method == "prepaid" and not body.get("date_paid_gmt")
    return c.OrderDraft(
        external_id=str(body["id"]),
        number=prefix + str(body["number"]),
        version=(changed(body) - _EPOCH) // timedelta(milliseconds=1) + codes.age(status),
        placed_at=moment(body["date_created_gmt"]),
        currency=currency,
        total_minor=total,
        lines=lines,
        prices_include_tax=includes_tax,
        payment_method=method,
        payment_raw=(gateway or plain(body.get("payment_method_title")))[:80],
        is_cancelled=status in codes.CALLED_OFF or status == codes.FAILED,
        customer=_customer(body),
        ship_to=_ship_to(body),
        note=body.get("customer_note") or "",
        raw_status=status,
        awaits=f"payment ({status})" if is_awaited else "",
    )


def _lines(body: Body, currency: str, total: int, *, includes_tax: bool) -> Iterator[c.LineDraft]:
    """The order's lines in the shop's order, then what coupons took off by rate of tax, then what rounding left over."""
    numbers, rates = count(1), _rates(body)
    discounts: dict[int | None, int] = {}
    summed, rounded = 0, 0
    for kind, line in _charges(body):
        rate, tax = _rate(line, rates), to_minor(amount(line["total_tax"]), currency)
        net = to_minor(_worth(line, "total", includes_tax=includes_tax), currency)
        summed += net + (0 if includes_tax else tax)
        rounded += 1
        if kind == "item":
            made = _item(line, next(numbers), currency, rate=rate, tax=tax, includes_tax=includes_tax)
            if made.total_minor != net:
                discounts[rate] = discounts.get(rate, 0) + made.total_minor - net
            yield made
            continue
        title = plain(line.get("method_title") if kind == "shipping" else line.get("name"))
        kind = "discount" if kind == "fee" and net < 0 else kind
        yield _charge(
            next(numbers), kind, title or kind.capitalize(), net, currency, name=str(line["id"]), rate=rate, tax=tax
        )
    title = ", ".join(plain(coupon.get("code")) for coupon in body.get("coupon_lines") or []) or "Discount"
    for rate, taken in sorted(discounts.items(), key=lambda found: (found[0] is None, found[0] or 0)):
        kind = "discount" if taken > 0 else "fee"
        name = f"discount:{'' if rate is None else rate}"
        yield _charge(next(numbers), kind, title, -taken, currency, name=name, rate=rate)
    left = total - summed
    if abs(left) > rounded:
        raise Unreadable(
            f"order {body['number']} says {total} {currency} (minor units), its lines and taxes add up to {summed}"
        )
    if left:
        kind = "discount" if left < 0 else "fee"
        yield _charge(next(numbers), kind, "Rounding", left, currency, name="rounding")


def _charges(body: Body) -> Iterator[tuple[str, Body]]:
    yield from (("item", line) for line in body["line_items"])
    yield from (("shipping", line) for line in body["shipping_lines"])
    yield from (("fee", line) for line in body["fee_lines"])


def _worth(line: Body, name: str, *, includes_tax: bool) -> Decimal:
    """`total` (after discounts) or `subtotal` (before them) as prices are shown."""
    return amount(line[name]) + (amount(line[f"{name}_tax"]) if includes_tax else 0)


def _item(line: Body, number: int, currency: str, *, rate: int | None, tax: int, includes_tax: bool) -> c.LineDraft:
    quantity = whole(line["quantity"], line.get("name") or str(line["id"]))
    if quantity < 1:
        raise Unreadable(f"line {line['id']} has {quantity} units")
    worth = _worth(line, "subtotal", includes_tax=includes_tax)
    price = worth / quantity
    return c.LineDraft(
        number=number,
        kind="item",
        title=plain(line.get("name")),
        quantity=quantity,
        total_minor=to_minor(worth, currency),
        unit_price=price if price == round(price, 6) else price.quantize(_FINE),
        external_id=str(line["id"]),
        sku=line.get("sku") or "",
        tax_rate_bp=rate,
        tax_minor=tax,
    )


def _charge(
    number: int, kind: str, title: str, minor: int, currency: str, *, name: str, rate: int | None = None, tax: int = 0
) -> c.LineDraft:
    """A line of one unit. A discount has no tax of its own: a line's tax is already that of its discounted price."""
    return c.LineDraft(
        number=number, kind=kind, title=title, quantity=1, total_minor=minor, unit_price=Money(minor, currency).amount,
        external_id=name, tax_rate_bp=rate, tax_minor=tax,
    )  # fmt: skip


def _rates(body: Body) -> dict[str, tuple[Decimal, bool]]:
    """Rate id -> (percent, compound). Shops older than WooCommerce 3.7 do not tell the percent."""
    return {
        str(tax["rate_id"]): (amount(tax["rate_percent"]), tax.get("compound") is True)
        for tax in body["tax_lines"]
        if tax.get("rate_percent") is not None
    }


def _rate(line: Body, rates: Mapping[str, tuple[Decimal, bool]]) -> int | None:
    """Basis points of all taxes on a line; a compound tax is on top of the others. None where one is not told."""
    plain_percent, factor = Decimal(0), Decimal(1)
    charged = [str(tax["id"]) for tax in line["taxes"] if tax.get("total") not in ("", None)]
    if not charged or any(id not in rates for id in charged):
        return None
    for percent, is_compound in (rates[id] for id in charged):
        if is_compound:
            factor *= 1 + percent / 100
        else:
            plain_percent += percent
    return int((((1 + plain_percent / 100) * factor - 1) * 10_000).to_integral_value())


# People


def _name(said: Body) -> str:
    names = [said.get("first_name") or "", said.get("last_name") or ""]
    if said.get("country") == "JP":
        names.reverse()
    return " ".join(name for name in names if name)


def _customer(body: Body) -> c.CustomerCard | None:
    said = body["billing"]
    email, phone, name = said.get("email") or "", said.get("phone") or "", _name(said)
    id = body.get("customer_id") or 0
    if not (id or email or phone):
        return None
    return c.CustomerCard(
        external_id=str(id) if id else "", email=email, name=name, kana=_kana(body.get("meta_data") or []), phone=phone
    )


def _kana(meta: list[Body]) -> str:
    """フリガナ as the plugin Japanized for WooCommerce keeps it."""
    told = {one.get("key"): one.get("value") for one in meta}
    names = (told.get(f"_billing_yomigana_{part}_name") for part in ("last", "first"))
    return " ".join(name for name in names if isinstance(name, str) and name)


def _ship_to(body: Body) -> c.Address | None:
    """Where it goes: the billing address where the customer gave no other one."""
    billing = body["billing"]
    said = body["shipping"] if body["shipping"].get("address_1") else billing
    if not said.get("address_1"):
        return None
    state = said.get("state") or ""
    return c.Address(
        name=_name(said),
        company=said.get("company") or "",
        postal_code=said.get("postcode") or "",
        country=said.get("country") or "",
        region=codes.PREFECTURES.get(state, state),
        city=said.get("city") or "",
        line1=said.get("address_1") or "",
        line2=said.get("address_2") or "",
        phone=said.get("phone") or billing.get("phone") or "",
    )


# What went back


def hides_refunds(body: Body) -> bool:
    """Whether the order has refunds whose lines it does not tell, as in a notice."""
    return any("line_items" not in refund for refund in body.get("refunds") or [])


def return_drafts(body: Body, *, prefix: str = "") -> Iterator[c.ReturnDraft]:
    """Units that the order's refunds, as `/orders/<id>/refunds` tells them, call off or take back."""
    currency = body["currency"]
    refunds = body.get("refunds") or []
    for refund in refunds:
        lines = [line for line in refund["line_items"] if amount(line.get("quantity") or 0) < 0]
        back = [(line, -whole(line["quantity"], "refund"), -_gross(line)) for line in lines]
        if not lines and refund is _last_without_lines(refunds) and _is_given_up(body):
            back = list(_rest(body, refunds))
        if not back:
            continue  # money alone: whoever moved it tells of it
        yield c.ReturnDraft(
            external_id=str(refund["id"]),
            at=moment(refund["date_created_gmt"]),
            currency=currency,
            is_refunded=refund.get("refunded_payment") is True,
            lines=tuple(
                c.ReturnLineDraft(
                    number=number,
                    sku=line.get("sku") or "",
                    quantity=units,
                    amount_minor=to_minor(worth, currency),
                    order_number=prefix + str(body["number"]),
                    order_external_id=str(body["id"]),
                    reason=refund.get("reason") or "",
                    title=plain(line.get("name")),
                )
                for number, (line, units, worth) in enumerate(back, start=1)
            ),
        )


def _gross(line: Body) -> Decimal:
    return amount(line["total"]) + amount(line["total_tax"])


def _is_given_up(body: Body) -> bool:
    """Refunded as a whole before anything was sent: nothing of it must leave any more."""
    return body["status"] == codes.REFUNDED and not body.get("date_completed_gmt")


def _last_without_lines(refunds: list[Body]) -> Body | None:
    bare = [refund for refund in refunds if not refund["line_items"]]
    return max(bare, key=lambda refund: int(refund["id"])) if bare else None


def refunded_units(refunds: list[Body]) -> dict[str, int]:
    """Units given back by the order's line, which a refund's line names in its meta data."""
    units: dict[str, int] = {}
    for refund in refunds:
        for line in refund.get("line_items") or []:
            of = next((one["value"] for one in line["meta_data"] if one.get("key") == "_refunded_item_id"), "")
            units[str(of)] = units.get(str(of), 0) - whole(line.get("quantity") or 0, "refund")
    return units


def _rest(body: Body, refunds: list[Body]) -> Iterator[tuple[Body, int, Decimal]]:
    given = refunded_units(refunds)
    for line in body["line_items"]:
        quantity = whole(line["quantity"], "order")
        units = quantity - given.get(str(line["id"]), 0)
        if units > 0:
            yield line, units, _gross(line) * units / quantity
