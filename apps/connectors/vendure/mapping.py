"""Orders as Vendure tells them, to our words. Pure.

An order is told as it was placed: units that were called off since come as returns of their own, so that what was sold stays
what was sold. Its lines add up to its total, or the order is `Unreadable` with both amounts.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from apps.connectors.vendure import amounts, codes
from apps.connectors.vendure.amounts import AS_TOLD, Charge, Scale
from apps.hub import contracts as c
from apps.hub.errors import Unreadable

Body = Mapping[str, Any]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a merchant says of the shop: the prefix of its order numbers, {payment method: our word}, decimals of amounts."""

    prefix: str = ""
    own_words: Mapping[str, str] = field(default_factory=dict)
    places: int = AS_TOLD


def words_of(told: Body, reading: Reading) -> tuple[Any, ...]:
    """A polled order (`shop` and `order`): the order, and what was called off of it since."""
    order = told["order"]
    scale = Scale.of(told["shop"], order["currencyCode"], reading.places)
    charges = priced(order, scale)
    draft = _draft(order, charges, scale, reading)
    if draft.is_cancelled and not _has_left(order):
        return (draft,)  # the whole order falls; nothing of it was out of the house
    return (draft, *_returns(order, charges, scale, number=draft.number))


def _draft(order: Body, charges: Sequence[Charge], scale: Scale, reading: Reading) -> c.OrderDraft:
    payments = _live_payments(order)
    methods = list(dict.fromkeys(one["method"] for one in payments))
    total = amounts.summed(charges, scale)
    word = codes.payment_method(methods, reading.own_words, is_free=total == 0)
    is_unsettled = word == "prepaid" and any(one["state"] != codes.SETTLED for one in payments)
    return c.OrderDraft(
        external_id=order["id"],
        number=reading.prefix + order["code"],
        version=version(order),
        placed_at=codes.moment(order["orderPlacedAt"]),
        currency=order["currencyCode"],
        total_minor=total,
        lines=tuple(_numbered(charges, scale)),
        prices_include_tax=scale.includes_tax,
        payment_method=word,
        payment_raw=", ".join(methods)[:80],
        is_cancelled=order["state"] == codes.CANCELLED,
        customer=_customer(order),
        ship_to=_address(order["shippingAddress"]),
        raw_status=order["state"],
        awaits=codes.AWAITS.get(order["state"], codes.UNSETTLED if is_unsettled else ""),
    )


def version(order: Body) -> int:
    """Milliseconds of its last change, and how many entries its history has: two changes of one second differ in these."""
    changed = (codes.moment(order["updatedAt"]) - _EPOCH) // timedelta(milliseconds=1)
    return changed + int(order["changes"]["totalItems"])


def _live_payments(order: Body) -> list[Body]:
    return [one for one in order["payments"] or () if one["state"] in codes.LIVE_PAYMENTS]


def _has_left(order: Body) -> bool:
    return any(one["state"] in codes.LEFT_FULFILMENTS for one in order["fulfillments"] or ())


# What was charged


def priced(order: Body, scale: Scale) -> list[Charge]:
    """The charges of an order as it was placed. Raises `Unreadable` where they do not come to its total."""
    charges = [charge for line in order["lines"] if (charge := _item(line, scale))]
    charges += [_shipping(line, order, scale) for line in order["shippingLines"]]
    charges += [_surcharge(one, scale) for one in order["surcharges"]]
    is_changed = any(line["quantity"] < line["orderPlacedQuantity"] for line in order["lines"]) or any(
        _is_cancelled(line) for line in order["shippingLines"]
    )
    if not is_changed:
        _fit(order, charges, scale.minor(order["totalWithTax"]), scale)
    elif order["payments"] and not order["modifications"]:
        # Its total is that of what is left; what the customer owed once is what was paid or promised then.
        owed = sum(scale.minor(one["amount"]) for one in _live_payments(order))
        missing = amounts.summed(charges, scale) - owed
        if missing > len(charges):
            amounts.take_off(charges, missing, scale)
        elif owed:
            amounts.even_out(charges, -missing, scale)
    return charges


def _fit(order: Body, charges: list[Charge], total: int, scale: Scale) -> None:
    difference = total - amounts.summed(charges, scale)
    if abs(difference) > len(charges):
        raise Unreadable(
            f"order {order['code']} says {total} {scale.currency} (minor units), its lines and taxes add up to"
            f" {total - difference}"
        )
    amounts.even_out(charges, difference, scale)


def _item(line: Body, scale: Scale) -> Charge | None:
    """A line as it was placed; None for one that was added later and taken off again."""
    now, placed = line["quantity"], max(line["orderPlacedQuantity"], line["quantity"])
    if not placed:
        return None
    rate = _basis_points(line)
    unit = line[f"unitPrice{scale.suffix}"]
    if now:
        total = scale.minor(_scaled(line[f"linePrice{scale.suffix}"], placed, now))
        net, gross = (_scaled(line[name], placed, now) for name in ("proratedLinePrice", "proratedLinePriceWithTax"))
        paid, tax = scale.minor(gross if scale.includes_tax else net), scale.minor(gross - net)
    else:
        total = paid = scale.minor(Decimal(str(unit)) * placed)
        tax = amounts.tax_of(paid, rate, includes_tax=scale.includes_tax)
    article = line["productVariant"]
    return Charge(
        "item", article["name"], placed, line["id"], article["sku"] or "", scale.price(unit), total, paid, tax, rate,
        lost=not now, words=[one["description"] for one in line["discounts"]],
    )  # fmt: skip


def _scaled(amount: Any, placed: int, now: int) -> Decimal:
    return Decimal(str(amount)) * placed / now


def _basis_points(line: Body) -> int | None:
    return round(Decimal(str(line["taxRate"])) * 100) if line["taxLines"] else None


def _is_cancelled(line: Body) -> bool:
    return any(one["adjustmentSource"] == codes.CANCELLED_SHIPPING for one in line["discounts"])


def _shipping(line: Body, order: Body, scale: Scale) -> Charge:
    kept = [one for one in line["discounts"] if one["adjustmentSource"] != codes.CANCELLED_SHIPPING]
    net = Decimal(str(line["price"])) + sum(Decimal(str(one["amount"])) for one in kept)
    gross = Decimal(str(line["priceWithTax"])) + sum(Decimal(str(one["amountWithTax"])) for one in kept)
    listed = line[f"price{scale.suffix}"]
    return Charge(
        "shipping", line["shippingMethod"]["name"], 1, line["id"], "", scale.price(listed), scale.minor(listed),
        scale.minor(gross if scale.includes_tax else net), scale.minor(gross - net), _shipping_rate(line, order),
        words=[one["description"] for one in kept],
    )  # fmt: skip


def _shipping_rate(line: Body, order: Body) -> int | None:
    """Vendure tells no rate of a shipping line: the one of the order's that fits its two prices, else what they make."""
    net, gross = (Decimal(str(line[name])) for name in ("price", "priceWithTax"))
    if not net:
        return None
    rates = [Decimal(str(one["taxRate"])) for one in order["taxSummary"]]
    fitting = [rate for rate in rates if abs(gross - net * (100 + rate) / 100) <= 1]
    return round((fitting[0] if fitting else (gross / net - 1) * 100) * 100)


def _surcharge(one: Body, scale: Scale) -> Charge:
    amount = scale.minor(one[f"price{scale.suffix}"])
    return Charge(
        "discount" if amount < 0 else "fee", one["description"], 1, f"surcharge:{one['id']}", one["sku"] or "",
        scale.price(one[f"price{scale.suffix}"]), amount, amount,
        scale.minor(Decimal(str(one["priceWithTax"])) - Decimal(str(one["price"]))),
        round(Decimal(str(one["taxRate"])) * 100),
    )  # fmt: skip


def _numbered(charges: Sequence[Charge], scale: Scale) -> Iterator[c.LineDraft]:
    numbers = count(1)
    discounts: dict[int | None, list[Charge]] = {}
    for one in charges:
        yield c.LineDraft(
            number=next(numbers), kind=one.kind, title=one.title, quantity=one.quantity, total_minor=one.total,
            unit_price=one.unit_price, external_id=one.external_id, sku=one.sku, tax_rate_bp=one.rate_bp,
            tax_minor=one.tax,
        )  # fmt: skip
        if one.paid != one.total:
            discounts.setdefault(one.rate_bp, []).append(one)
    for rate, parts in discounts.items():
        amount = sum(one.paid - one.total for one in parts)
        titles = dict.fromkeys(word for one in parts for word in one.words if word)
        # A line's tax is already that of its discounted price.
        yield c.LineDraft(
            number=next(numbers), kind="discount", title=", ".join(titles) or "Discount", quantity=1, total_minor=amount,
            unit_price=scale.major(amount), external_id=f"discount:{'' if rate is None else rate}",
            tax_rate_bp=rate, tax_minor=0,
        )  # fmt: skip


# What was called off


def _returns(order: Body, charges: Sequence[Charge], scale: Scale, *, number: str) -> Iterator[c.ReturnDraft]:
    """One for each cancellation in the order's history. What was refunded there counts for the oldest first."""
    by_line = {one.external_id: one for one in charges if one.kind == "item"}
    refunded = sum(
        scale.minor(refund["total"])
        for payment in order["payments"] or ()
        for refund in payment["refunds"]
        if refund["state"] not in codes.DEAD_REFUNDS
    )
    for entry in cancellations(order):
        lines = tuple(_called_off(entry, by_line, scale, order, number))
        if not lines:
            continue
        yield c.ReturnDraft(
            external_id=_return_id(order, entry),
            at=codes.moment(entry["createdAt"]),
            currency=scale.currency,
            lines=lines,
            is_refunded=refunded > 0,
        )
        refunded -= sum(line.amount_minor for line in lines)


def _return_id(order: Body, entry: Body) -> str:
    return f"{order['code']}:{entry['id']}"


def cancellations(order: Body) -> list[Body]:
    """The entries of an order's history that called units off, oldest first."""
    return sorted(
        order["cancellations"]["items"], key=lambda entry: (entry["createdAt"], len(entry["id"]), entry["id"])
    )


def ripe(told: Body, *, now: datetime, wait: timedelta) -> Body:
    """An order without the cancellations of the last moments whose refund may be on its way.

    A shop's staff calls off first and refunds then. A return that is told before its refund would be refunded by us, too.
    """
    order = told["order"]
    if not any(one["state"] == codes.SETTLED for one in order["payments"] or ()):
        return told
    entries = cancellations(order)
    if all(codes.moment(entry["createdAt"]) <= now - wait for entry in entries):
        return told
    scale = Scale.of(told["shop"], order["currencyCode"])
    refunded = {
        draft.external_id: draft.is_refunded for draft in _returns(order, priced(order, scale), scale, number="")
    }
    kept = [
        entry
        for entry in entries
        if codes.moment(entry["createdAt"]) <= now - wait or refunded.get(_return_id(order, entry), True)
    ]
    return {**told, "order": {**order, "cancellations": {"items": kept}}}


def _called_off(
    entry: Body, by_line: Mapping[str, Charge], scale: Scale, order: Body, number: str
) -> Iterator[c.ReturnLineDraft]:
    numbers = count(1)
    for said in entry["data"].get("lines") or ():
        units, one = int(said["quantity"]), by_line.get(str(said["orderLineId"]))
        if one is None and str(said["orderLineId"]) not in {line["id"] for line in order["lines"]}:
            # The history keeps the database's own ids, which a server may write otherwise in its API.
            raise Unreadable(
                f"order {order['code']}: a cancellation names the line {said['orderLineId']}, which it lacks"
            )
        if one and units:
            yield c.ReturnLineDraft(
                number=next(numbers), sku=one.sku, quantity=units, title=one.title, order_number=number,
                order_external_id=order["id"], reason=entry["data"].get("reason") or "",
                amount_minor=amounts.summed([one], scale) * units // one.quantity,
            )  # fmt: skip


# Who bought


def _customer(order: Body) -> c.CustomerCard | None:
    said = order["customer"]
    if not said:
        return None
    address = order["shippingAddress"] or {}
    names = [said["firstName"] or "", said["lastName"] or ""]
    if address.get("countryCode") == "JP":
        names.reverse()
    return c.CustomerCard(
        external_id=said["id"],
        email=said["emailAddress"] or "",
        name=" ".join(name for name in names if name),
        phone=said["phoneNumber"] or "",
    )


def _address(said: Body | None) -> c.Address | None:
    if not said or not any(said.values()):
        return None
    return c.Address(
        name=said["fullName"] or "",
        company=said["company"] or "",
        postal_code=said["postalCode"] or "",
        country=said["countryCode"] or "",
        region=said["province"] or "",
        city=said["city"] or "",
        line1=said["streetLine1"] or "",
        line2=said["streetLine2"] or "",
        phone=said["phoneNumber"] or "",
    )
