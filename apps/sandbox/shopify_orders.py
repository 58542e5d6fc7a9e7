"""Sales priced as Shopify does, and told in the webhook's form.

A `Priced` sale's lines, discounts and taxes add up to what the customer owes, or the sale is refused; the Admin API's
form (shopify_nodes.py) is made from the same.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import orjson

from apps.core.money import digits, to_minor
from apps.sandbox.words import Person, Sale, SaleLine

GATEWAYS = {
    "card": ["stripe"],
    "konbini": ["Konbini (コンビニ決済)"],
    "cod": ["Cash on Delivery (COD)"],
    "prepaid": ["paypal"],
}
FINANCIAL = {"card": "authorized", "prepaid": "paid", "free": "paid"}
LINES_AN_ORDER = 1024


@lru_cache(maxsize=65_536)
def number_of(kind: str, *parts: object) -> int:
    """An id under 2^43, the same in every run."""
    text = "|".join(map(str, (kind, *parts)))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 21


def gid(kind: str, number: object) -> str:
    """`gid://shopify/Order/1`."""
    return f"gid://shopify/{kind}/{number}"


@dataclass(slots=True)
class PricedLine:
    """A line with its share of the discount and its tax, in minor units."""

    id: int
    said: SaleLine
    total: int
    discount: int = 0
    tax: int = 0

    @property
    def needs_shipping(self) -> bool:
        """A charge that is no article is told as a custom line that nobody ships."""
        return self.said.kind == "item"


@dataclass(slots=True)
class Priced:
    """A sale as the shop has it. `discount` covers the lines' shares and what no line could carry."""

    id: int
    sale: Sale
    lines: list[PricedLine]
    shipping: list[PricedLine]
    discount: int
    tax: int


@lru_cache(maxsize=65_536)
def text(minor: int, currency: str) -> str:
    """Minor units as REST writes them: 12.30, 1230 for yen."""
    places = digits(currency)
    return f"{Decimal(minor).scaleb(-places):.{places}f}"


def price_text(price: Decimal, currency: str) -> str:
    """A unit price, finer than the currency where the shop prices finer."""
    places = max(digits(currency), -int(price.normalize().as_tuple().exponent))  # type: ignore[arg-type]
    return f"{price:.{places}f}"


def iso(seconds: int) -> str:
    """Whole seconds in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def priced(sale: Sale) -> Priced:
    """Price a sale. Raises ValueError where it does not add up to its own total."""
    id = number_of("order", sale.number)
    lines: list[PricedLine] = []
    shipping: list[PricedLine] = []
    discount = 0
    for place, said in enumerate(sale.lines):
        total = to_minor(said.unit_price * said.quantity, sale.currency)
        if said.kind == "discount" or total < 0:
            discount -= total
            continue
        line = PricedLine(id * LINES_AN_ORDER + place, said, total)
        (shipping if said.kind == "shipping" else lines).append(line)
    _share(discount, lines)
    net = sum(line.total for line in (*lines, *shipping)) - discount
    taxed = [line for line in (*lines, *shipping) if line.said.tax_rate_bp]
    for line in taxed:
        base, rate = line.total - line.discount, line.said.tax_rate_bp
        line.tax = _half_up(base * rate, (10_000 + rate) if sale.prices_include_tax else 10_000)
    missing = sale.total_minor - net
    if not sale.prices_include_tax and taxed:
        # The driver rounds taxes in its own way: the largest line takes the difference.
        largest = max(taxed, key=lambda line: line.total)
        largest.tax += missing - sum(line.tax for line in taxed)
    elif missing:
        raise ValueError(f"sale {sale.number} says {sale.total_minor}, its lines add up to {net}")
    return Priced(id, sale, lines, shipping, discount, sum(line.tax for line in taxed))


def _share(discount: int, lines: list[PricedLine]) -> None:
    """Spread a discount of the whole order over its lines, in proportion; the last one takes the rest."""
    whole = sum(line.total for line in lines)
    if not discount or whole < discount:
        return
    left = discount
    for line in lines:
        line.discount = min(left, discount * line.total // whole)
        left -= line.discount
    for line in reversed(lines):
        more = min(left, line.total - line.discount)
        line.discount += more
        left -= more


def _half_up(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)


# The webhook's form


def webhook_body(
    order: Priced, *, placed: int, updated: int, cancelled: int | None, refunds: list[Any]
) -> dict[str, Any]:
    """An order as orders/* tells it, every field that the vendor's schema requires."""
    sale, person = order.sale, order.sale.person
    money = _Money(sale.currency)
    lines = sum(line.total for line in order.lines)
    carriage = sum(line.total for line in order.shipping)
    subtotal = lines - order.discount
    address = _address(person)
    zero = money.bag(0)
    body = _NOTHING | {
        "id": order.id,
        "admin_graphql_api_id": gid("Order", order.id),
        "name": sale.number,
        "number": order.id % 1_000_000,
        "order_number": order.id % 1_000_000,
        "token": f"{order.id:x}",
        "order_status_url": f"https://sandbox.invalid/orders/{order.id}",
        "cancelled_at": iso(cancelled) if cancelled else None,
        "cancel_reason": "customer" if cancelled else None,
        "created_at": iso(placed),
        "processed_at": iso(placed),
        "updated_at": iso(updated),
        "currency": sale.currency,
        "presentment_currency": sale.currency,
        "taxes_included": sale.prices_include_tax,
        "financial_status": "voided" if cancelled else FINANCIAL.get(sale.payment, "pending"),
        "payment_gateway_names": GATEWAYS.get(sale.payment, []),
        "contact_email": person.email,
        "email": person.email,
        "customer_locale": "ja" if person.country == "JP" else "en",
        "billing_address": address,
        "shipping_address": address,
        "customer": _customer(person, sale.currency, address) if person.id or person.email else None,
        "discount_applications": [_APPLICATION | {"value": money.text(order.discount)}] if order.discount else [],
        "line_items": [_line(line, money) for line in order.lines],
        "shipping_lines": [_shipping(line, money) for line in order.shipping],
        "tax_lines": [],
        "refunds": refunds,
        "total_outstanding": money.text(sale.total_minor),
        "total_weight": 0,
        "total_tip_received": money.text(0),
        "total_cash_rounding_payment_adjustment_set": zero,
        "total_cash_rounding_refund_adjustment_set": zero,
    }  # fmt: skip
    for name, amount in (
        ("subtotal_price", subtotal), ("total_line_items_price", lines), ("total_discounts", order.discount),
        ("total_tax", order.tax), ("total_price", sale.total_minor), ("current_subtotal_price", subtotal),
        ("current_total_discounts", order.discount), ("current_total_tax", order.tax),
        ("current_total_price", sale.total_minor),
    ):  # fmt: skip
        body[name] = money.text(amount)
        body[f"{name}_set"] = money.bag(amount)
    body["total_shipping_price_set"] = body["current_shipping_price_set"] = money.bag(carriage)
    return body


class _Money:
    """Amounts of one currency in the webhook's form."""

    def __init__(self, currency: str) -> None:
        self.currency = currency

    def text(self, minor: int) -> str:
        return text(minor, self.currency)

    def bag(self, minor: int) -> dict[str, Any]:
        return self.bag_of(self.text(minor))

    def bag_of(self, amount: str) -> dict[str, Any]:
        money = {"amount": amount, "currency_code": self.currency}
        return {"shop_money": money, "presentment_money": money}


_NOTHING: dict[str, Any] = dict.fromkeys(
    (
        "app_id", "browser_ip", "cart_token", "checkout_token", "client_details", "closed_at", "confirmation_number",
        "current_total_additional_fees_set", "current_total_duties_set", "device_id", "fulfillment_status",
        "landing_site", "landing_site_ref", "location_id", "merchant_of_record_app_id", "note",
        "original_total_additional_fees_set", "original_total_duties_set", "payment_terms", "phone", "po_number",
        "reference", "referring_site", "source_identifier", "source_url", "user_id",
    )
) | {
    "buyer_accepts_marketing": False, "confirmed": True, "duties_included": False, "estimated_taxes": False,
    "tax_exempt": False, "test": True, "source_name": "web", "tags": "", "merchant_business_entity_id": "sandbox",
    "discount_codes": [], "fulfillments": [], "line_item_groups": [], "note_attributes": [], "returns": [],
}  # fmt: skip
_APPLICATION = {
    "target_type": "line_item", "type": "manual", "value_type": "fixed_amount", "allocation_method": "across",
    "target_selection": "all", "title": "Discount", "description": "Discount",
}  # fmt: skip
_ARTICLE: dict[str, Any] = {
    "attributed_staffs": [], "duties": [], "fulfillment_service": "manual", "fulfillment_status": None,
    "gift_card": False, "grams": 0, "properties": [], "total_discount": "0.00", "variant_title": None, "vendor": None,
}  # fmt: skip
_CARRIAGE: dict[str, Any] = {
    "carrier_identifier": None, "code": None, "is_removed": False, "phone": None, "source": "shopify",
    "requested_fulfillment_service_id": None, "discount_allocations": [],
}  # fmt: skip


def _line(line: PricedLine, money: _Money) -> dict[str, Any]:
    said, is_article = line.said, line.needs_shipping
    price = price_text(said.unit_price, money.currency)
    return _ARTICLE | {
        "id": line.id,
        "admin_graphql_api_id": gid("LineItem", line.id),
        "current_quantity": said.quantity,
        "fulfillable_quantity": said.quantity,
        "name": said.title,
        "title": said.title,
        "price": price,
        "price_set": money.bag_of(price),
        "product_exists": is_article,
        "product_id": number_of("product", said.sku) if is_article else None,
        "quantity": said.quantity,
        "requires_shipping": is_article,
        "sku": said.sku,
        "taxable": bool(said.tax_rate_bp),
        "total_discount_set": money.bag(0),
        "variant_id": number_of("variant", said.sku) if is_article else None,
        "variant_inventory_management": "shopify" if is_article else None,
        "tax_lines": _taxes(line, money),
        "discount_allocations": _allocations(line, money),
    }  # fmt: skip


def _allocations(line: PricedLine, money: _Money) -> list[dict[str, Any]]:
    if not line.discount:
        return []
    share = money.text(line.discount)
    return [{"amount": share, "amount_set": money.bag_of(share), "discount_application_index": 0}]


def _shipping(line: PricedLine, money: _Money) -> dict[str, Any]:
    amount = money.text(line.total)
    bag = money.bag_of(amount)
    return _CARRIAGE | {
        "id": line.id, "title": line.said.title, "price": amount, "price_set": bag, "discounted_price": amount,
        "discounted_price_set": bag, "current_discounted_price_set": bag, "tax_lines": _taxes(line, money),
    }  # fmt: skip


def _taxes(line: PricedLine, money: _Money) -> list[dict[str, Any]]:
    rate = line.said.tax_rate_bp
    if not rate:
        return []
    return [
        {
            "title": "Tax", "rate": rate / 10_000, "price": money.text(line.tax), "price_set": money.bag(line.tax),
            "channel_liable": False,
        }
    ]  # fmt: skip


def names(person: Person) -> tuple[str, str]:
    """First and last name; a Japanese name is written last name first."""
    one, _, two = person.name.partition(" ")
    return (two, one) if person.country == "JP" and two else (one, two)


def _address(person: Person) -> dict[str, Any]:
    first, last = names(person)
    return {
        "first_name": first, "last_name": last, "name": person.name, "company": None, "address1": person.line1,
        "address2": person.line2 or None, "city": person.city, "province": person.region, "province_code": "",
        "country": person.country, "country_code": person.country, "zip": person.postal_code, "phone": person.phone,
        "latitude": None, "longitude": None,
    }  # fmt: skip


def _customer(person: Person, currency: str, address: dict[str, Any]) -> dict[str, Any]:
    id = number_of("customer", person.id or person.email)
    first, last = names(person)
    return {
        "id": id, "admin_graphql_api_id": gid("Customer", id), "created_at": None, "updated_at": None,
        "first_name": first, "last_name": last, "email": person.email, "phone": person.phone or None,
        "state": "enabled", "note": None, "verified_email": True, "multipass_identifier": None, "tax_exempt": False,
        "tax_exemptions": [], "currency": currency,
        "default_address": address
        | {"id": id, "customer_id": id, "country_name": person.country, "default": True, "company": None},
    }  # fmt: skip


def refund_body(order: Priced, *, id: int, at: int, note: str, units: dict[int, int]) -> dict[str, Any]:
    """A refund as refunds/create tells it: `units` of lines by the line's id, at what was paid for them."""
    money = _Money(order.sale.currency)
    adds_tax = not order.sale.prices_include_tax
    lines, paid = [], 0
    for line in order.lines:
        count = units.get(line.id, 0)
        if not count:
            continue
        share = (line.total - line.discount) * count // line.said.quantity
        tax = line.tax * count // line.said.quantity
        paid += share + (tax if adds_tax else 0)
        lines.append(
            {
                "id": number_of("refund line", id, line.id), "line_item_id": line.id, "location_id": None,
                "quantity": count, "restock_type": "no_restock",
                "subtotal": orjson.Fragment(money.text(share)), "total_tax": orjson.Fragment(money.text(tax)),
                "subtotal_set": money.bag(share), "total_tax_set": money.bag(tax), "line_item": _line(line, money),
            }
        )  # fmt: skip
    return {
        "id": id, "admin_graphql_api_id": gid("Refund", id), "order_id": order.id, "created_at": iso(at),
        "processed_at": iso(at), "note": note, "user_id": 1, "duties": [], "order_adjustments": [], "restock": False,
        "return": None, "refund_shipping_lines": [], "total_duties_set": money.bag(0), "refund_line_items": lines,
        "transactions": [_transaction(order, id=id, at=at, amount=money.text(paid))],
    }  # fmt: skip


def _transaction(order: Priced, *, id: int, at: int, amount: str) -> dict[str, Any]:
    empty = (
        "amount_rounding", "authorization", "device_id", "error_code", "location_id", "message", "parent_id", "user_id",
    )  # fmt: skip
    nothing = {"amount": text(0, order.sale.currency), "currency": order.sale.currency}
    return dict.fromkeys(empty) | {
        "id": id, "admin_graphql_api_id": gid("OrderTransaction", id), "order_id": order.id, "kind": "refund",
        "gateway": (GATEWAYS.get(order.sale.payment) or ["manual"])[0], "status": "success", "test": True,
        "amount": amount, "currency": order.sale.currency, "created_at": iso(at), "processed_at": iso(at),
        "manual_payment_gateway": False, "payment_id": f"{order.sale.number}.{id}", "receipt": {},
        "source_name": "web", "total_unsettled_set": {"shop_money": nothing, "presentment_money": nothing},
    }  # fmt: skip
