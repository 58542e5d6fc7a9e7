"""Orders in the Admin API's form, made from the sale as it was placed and from what became of its lines since."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from apps.sandbox.shopify_orders import Priced, PricedLine, names, number_of
from apps.sandbox.vendure_money import Scale

METHODS = {"card": "stripe", "konbini": "konbini", "cod": "cash-on-delivery", "prepaid": "paypal"}
SETTLED = frozenset({"prepaid"})


@dataclass(frozen=True, slots=True)
class State:
    """What became of an order: units left by line id, entries of its history, refunds, fulfilments, times in seconds."""

    left: Mapping[int, int]
    cancellations: Sequence[dict[str, Any]]
    refunds: Sequence[dict[str, Any]]
    fulfilments: Sequence[dict[str, Any]]
    placed: int
    updated: int
    is_cancelled: bool


def iso(seconds: int) -> str:
    """Whole seconds in UTC, as JavaScript writes them."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def node(order: Priced, state: State, scale: Scale) -> dict[str, Any]:
    """An order as the Admin API tells it."""
    sale = order.sale
    if sale.prices_include_tax is not scale.includes_tax:
        raise ValueError(f"sale {sale.number}: the shop's prices {'in' if scale.includes_tax else 'ex'}clude tax")
    lines = [line for line in order.lines if line.said.kind == "item"]
    fees = [line for line in order.lines if line.said.kind != "item"]
    rest = order.discount - sum(line.discount for line in order.lines)
    shown = [_line(line, state, sale.currency, scale) for line in lines]
    shipping = [_shipping(line, sale.currency, scale) for line in order.shipping]
    surcharges = [_surcharge(line, sale.currency, scale) for line in fees]
    if rest:
        surcharges.append(_rebate(order.id, scale.of_minor(-rest, sale.currency)))
    is_whole = all(state.left.get(line.id, 0) == line.said.quantity for line in lines)
    total = scale.of_minor(sale.total_minor, sale.currency) if is_whole else _summed(shown, shipping, surcharges)
    return {
        "__typename": "Order",
        "id": str(order.id),
        "code": sale.number,
        "state": _state(sale.payment, lines, state),
        "active": False,
        "type": "Regular",
        "createdAt": iso(state.placed),
        "updatedAt": iso(state.updated),
        "orderPlacedAt": iso(state.placed),
        "currencyCode": sale.currency,
        "totalWithTax": total,
        "lines": shown,
        "shippingLines": shipping,
        "surcharges": surcharges,
        "taxSummary": [{"taxRate": rate / 100} for rate in sorted({one.said.tax_rate_bp for one in order.shipping})],
        "payments": _payments(order, state, scale),
        "fulfillments": list(state.fulfilments),
        "modifications": [],
        "customer": _customer(order),
        "shippingAddress": _address(order),
        "history": lambda args: _history(args, state),
    }


def _state(payment: str, lines: Sequence[PricedLine], state: State) -> str:
    if state.is_cancelled:
        return "Cancelled"
    left = sum(one["units"] for one in state.fulfilments if one["state"] == "Shipped")
    wanted = sum(state.left.get(line.id, 0) for line in lines)
    if left:
        return "Shipped" if left >= wanted else "PartiallyShipped"
    return "PaymentAuthorized" if payment in METHODS and payment not in SETTLED else "PaymentSettled"


def _line(line: PricedLine, state: State, currency: str, scale: Scale) -> dict[str, Any]:
    said, now = line.said, state.left.get(line.id, line.said.quantity)
    net, gross = scale.both(scale.of_minor(line.total, currency), said.tax_rate_bp)
    paid, tax = scale.of_minor(line.total - line.discount, currency), scale.of_minor(line.tax, currency)
    prorated = (paid - tax, paid) if scale.includes_tax else (paid, paid + tax)
    unit = scale.both(scale.units(said.unit_price), said.tax_rate_bp)

    def share(amount: int) -> int:
        return amount * now // said.quantity

    return {
        "id": str(line.id),
        "quantity": now,
        "orderPlacedQuantity": said.quantity,
        "unitPrice": unit[0],
        "unitPriceWithTax": unit[1],
        "linePrice": share(net),
        "linePriceWithTax": share(gross),
        "proratedLinePrice": share(prorated[0]),
        "proratedLinePriceWithTax": share(prorated[1]),
        "taxRate": said.tax_rate_bp / 100,
        "taxLines": [{"taxRate": said.tax_rate_bp / 100}] if said.tax_rate_bp else [],
        "discounts": [{"description": "Discount"}] if line.discount else [],
        "productVariant": {"id": str(number_of("vendure variant", said.sku)), "sku": said.sku, "name": said.title},
    }


def _shipping(line: PricedLine, currency: str, scale: Scale) -> dict[str, Any]:
    amount, tax = scale.of_minor(line.total, currency), scale.of_minor(line.tax, currency)
    net, gross = (amount - tax, amount) if scale.includes_tax else (amount, amount + tax)
    return {
        "id": str(line.id), "price": net, "priceWithTax": gross, "discounts": [],
        "shippingMethod": {"name": line.said.title},
    }  # fmt: skip


def _surcharge(line: PricedLine, currency: str, scale: Scale) -> dict[str, Any]:
    amount, tax = scale.of_minor(line.total - line.discount, currency), scale.of_minor(line.tax, currency)
    net, gross = (amount - tax, amount) if scale.includes_tax else (amount, amount + tax)
    return {
        "id": str(line.id), "description": line.said.title, "sku": line.said.sku or None, "price": net,
        "priceWithTax": gross, "taxRate": line.said.tax_rate_bp / 100,
    }  # fmt: skip


def _rebate(order: int, amount: int) -> dict[str, Any]:
    """A discount that no line could carry."""
    return {
        "id": str(number_of("vendure rebate", order)), "description": "Discount", "sku": None, "price": amount,
        "priceWithTax": amount, "taxRate": 0,
    }  # fmt: skip


def _summed(lines: Sequence[Any], shipping: Sequence[Any], surcharges: Sequence[Any]) -> int:
    prorated: int = sum(one["proratedLinePriceWithTax"] for one in lines)
    return prorated + sum(one["priceWithTax"] for one in (*shipping, *surcharges))


def _payments(order: Priced, state: State, scale: Scale) -> list[dict[str, Any]]:
    sale = order.sale
    if sale.payment not in METHODS:
        return []
    return [
        {
            "id": str(number_of("vendure payment", order.id)),
            "method": METHODS[sale.payment],
            "amount": scale.of_minor(sale.total_minor, sale.currency),
            "state": "Settled" if sale.payment in SETTLED else "Authorized",
            "refunds": [one | {"total": scale.of_minor(one["total"], sale.currency)} for one in state.refunds],
        }
    ]


def _history(args: Mapping[str, Any], state: State) -> dict[str, Any]:
    options = args.get("options") or {}
    known = 3 + len(state.cancellations) + len(state.refunds) + 2 * len(state.fulfilments)
    wanted = ((options.get("filter") or {}).get("type") or {}).get("eq")
    items = list(state.cancellations) if wanted == "ORDER_CANCELLATION" else []
    return {"totalItems": len(items) if wanted else known, "items": items[: options.get("take")]}


def _customer(order: Priced) -> dict[str, Any] | None:
    person = order.sale.person
    if not (person.id or person.email):
        return None
    first, last = names(person)
    return {
        "id": str(number_of("vendure customer", person.id or person.email)), "firstName": first, "lastName": last,
        "emailAddress": person.email, "phoneNumber": person.phone or None,
    }  # fmt: skip


def _address(order: Priced) -> dict[str, Any]:
    person = order.sale.person
    return {
        "fullName": person.name, "company": None, "streetLine1": person.line1, "streetLine2": person.line2 or None,
        "city": person.city, "province": person.region, "postalCode": person.postal_code,
        "countryCode": person.country, "phoneNumber": person.phone or None,
    }  # fmt: skip
