"""Sales told as WooCommerce's REST API does: each amount without its tax, the tax beside it, times twice (site's and GMT).

The shop prices by the same sums as the other shops here (`Priced`); a discount that the articles cannot carry is a negative
fee, because a coupon takes nothing off anything else.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from apps.core.money import digits
from apps.sandbox.shopify_orders import Priced, PricedLine, names, number_of, text
from apps.sandbox.words import Person

SITE_ZONE = ZoneInfo("Asia/Tokyo")  # the clock on the shop's wall
GATEWAYS = {
    "card": ("stripe", "Credit card"), "konbini": ("stripe_konbini", "Konbini (コンビニ決済)"),
    "cod": ("cod", "Cash on delivery"), "prepaid": ("ppcp-gateway", "PayPal"),
}  # fmt: skip
PREFECTURES = (
    "北海道", "青森県", "岩手県", "宮城県", "秋田県", "山形県", "福島県", "茨城県", "栃木県", "群馬県",
    "埼玉県", "千葉県", "東京都", "神奈川県", "新潟県", "富山県", "石川県", "福井県", "山梨県", "長野県",
    "岐阜県", "静岡県", "愛知県", "三重県", "滋賀県", "京都府", "大阪府", "兵庫県", "奈良県", "和歌山県",
    "鳥取県", "島根県", "岡山県", "広島県", "山口県", "徳島県", "香川県", "愛媛県", "高知県", "福岡県",
    "佐賀県", "長崎県", "熊本県", "大分県", "宮崎県", "鹿児島県", "沖縄県",
)  # fmt: skip
_STATES = {name: f"JP{number:02}" for number, name in enumerate(PREFECTURES, start=1)}


def status_of(payment: str) -> str:
    """Where a fresh order stands: a card that is only authorised and a slip that is not paid wait, the rest is worked on."""
    return "on-hold" if payment in ("card", "konbini") else "processing"


def is_paid(payment: str) -> bool:
    """Whether the shop itself has the money."""
    return payment in ("prepaid", "free")


def times(name: str, seconds: int | None) -> dict[str, str | None]:
    """`date_paid` in the site's zone and `date_paid_gmt`, both without a zone."""
    if seconds is None:
        return {name: None, f"{name}_gmt": None}
    at = datetime.fromtimestamp(seconds, UTC)
    return {name: f"{at.astimezone(SITE_ZONE):%Y-%m-%dT%H:%M:%S}", f"{name}_gmt": f"{at:%Y-%m-%dT%H:%M:%S}"}


class Bill:
    """An order's lines in the shop's form."""

    def __init__(self, order: Priced) -> None:
        self.order = order
        self.sale = order.sale
        self._shared = sum(line.discount for line in order.lines if line.needs_shipping)
        self._off_fees = sum(line.discount for line in order.lines if not line.needs_shipping)

    def money(self, minor: int) -> str:
        """An amount as the shop writes it."""
        return text(minor, self.sale.currency)

    def lines(self) -> list[dict[str, Any]]:
        """`line_items`."""
        return [self._item(line) for line in self.order.lines if line.needs_shipping]

    def shipping(self) -> list[dict[str, Any]]:
        """`shipping_lines`."""
        return [
            {"id": line.id, "method_title": line.said.title, "method_id": "flat_rate", "instance_id": "1"}
            | self._taxed(line, line.total - line.discount) | {"meta_data": []}
            for line in self.order.shipping
        ]  # fmt: skip

    def fees(self) -> list[dict[str, Any]]:
        """`fee_lines`."""
        made = [
            {"id": line.id, "name": line.said.title, "tax_class": "", "tax_status": "taxable", "amount": ""}
            | self._taxed(line, line.total - line.discount) | {"meta_data": []}
            for line in self.order.lines if not line.needs_shipping
        ]  # fmt: skip
        left = self.order.discount - self._shared - self._off_fees
        if left > 0:
            made.append(
                {
                    "id": number_of("discount", self.order.id), "name": "Discount", "tax_class": "", "tax_status": "none",
                    "amount": "", "total": self.money(-left), "total_tax": self.money(0), "taxes": [], "meta_data": [],
                }
            )  # fmt: skip
        return made

    def coupons(self) -> list[dict[str, Any]]:
        """`coupon_lines`."""
        if not self._shared:
            return []
        tax = sum(self._subtotal_tax(line) - line.tax for line in self.order.lines if line.needs_shipping)
        bare = self._shared - (tax if self.sale.prices_include_tax else 0)
        return [
            {
                "id": number_of("coupon", self.order.id), "code": "discount", "discount": self.money(bare),
                "discount_tax": self.money(tax), "meta_data": [],
            }
        ]  # fmt: skip

    def taxes(self) -> list[dict[str, Any]]:
        """`tax_lines`, one for each rate."""
        goods: dict[int, int] = {}
        carriage: dict[int, int] = {}
        for kept, lines in ((goods, self.order.lines), (carriage, self.order.shipping)):
            for line in lines:
                if line.said.tax_rate_bp:
                    kept[line.said.tax_rate_bp] = kept.get(line.said.tax_rate_bp, 0) + line.tax
        return [
            {
                "id": number_of("tax", self.order.id, rate), "rate_code": f"TAX-{rate}", "rate_id": rate, "label": "Tax",
                "compound": False, "tax_total": self.money(goods.get(rate, 0)),
                "shipping_tax_total": self.money(carriage.get(rate, 0)), "rate_percent": rate / 100, "meta_data": [],
            }
            for rate in sorted({*goods, *carriage})
        ]  # fmt: skip

    def _item(self, line: PricedLine) -> dict[str, Any]:
        said = line.said
        tax, worth = self._subtotal_tax(line), line.total - line.discount
        bare = line.total - tax if self.sale.prices_include_tax else line.total
        each = Decimal(worth - (line.tax if self.sale.prices_include_tax else 0)).scaleb(-digits(self.sale.currency))
        product, variation = place_of(said.sku)
        taxed = self._taxed(line, worth)
        for one in taxed["taxes"]:
            one["subtotal"] = self.money(tax)
        return {
            "id": line.id, "name": said.title, "product_id": product, "variation_id": variation, "quantity": said.quantity,
            "tax_class": "", "subtotal": self.money(bare), "subtotal_tax": self.money(tax), "sku": said.sku,
            "price": float(each / said.quantity), "parent_name": None, "meta_data": [],
            "image": {"id": 0, "src": ""},
        } | taxed  # fmt: skip

    def _subtotal_tax(self, line: PricedLine) -> int:
        """Tax of a line before its discount; of one without, the line's own."""
        if not line.discount:
            return line.tax
        rate = line.said.tax_rate_bp
        divisor = 10_000 + rate if self.sale.prices_include_tax else 10_000
        return (2 * line.total * rate + divisor) // (2 * divisor)

    def _taxed(self, line: PricedLine, worth: int) -> dict[str, Any]:
        rate = line.said.tax_rate_bp
        tax = self.money(line.tax)
        return {
            "total": self.money(worth - (line.tax if self.sale.prices_include_tax else 0)),
            "total_tax": tax,
            "taxes": [{"id": rate, "total": tax, "subtotal": tax}] if rate else [],
        }


@lru_cache(maxsize=65_536)
def place_of(sku: str) -> tuple[int, int]:
    """Product and variation of an SKU. 10001A and 10001B are variations of 10001, anything else is a product (0)."""
    base, letter = sku[:-1], sku[-1:]
    if len(base) >= 3 and base.isdigit() and letter.isascii() and letter.isalpha():
        return number_of("parent", base), number_of("variation", sku)
    return number_of("product", sku), 0


def order_body(
    order: Priced,
    *,
    status: str,
    placed: int,
    updated: int,
    completed: int | None,
    refunds: Iterable[Mapping[str, Any]],
) -> dict[str, Any]:
    """An order as `/orders/<id>` and the order.* webhooks tell it."""
    sale, bill = order.sale, Bill(order)
    gateway, title = GATEWAYS.get(sale.payment, ("", ""))
    lines, carriage, fees = bill.lines(), bill.shipping(), bill.fees()
    carriage_tax = sum(line.tax for line in order.shipping)
    coupons = bill.coupons()
    paid = placed if is_paid(sale.payment) else None
    return {
        "id": order.id, "parent_id": 0, "status": status, "currency": sale.currency, "version": "10.3.0",
        "prices_include_tax": sale.prices_include_tax,
        **times("date_created", placed), **times("date_modified", updated),
        "discount_total": coupons[0]["discount"] if coupons else bill.money(0),
        "discount_tax": coupons[0]["discount_tax"] if coupons else bill.money(0),
        "shipping_total": _sum(bill, carriage), "shipping_tax": bill.money(carriage_tax),
        "cart_tax": bill.money(order.tax - carriage_tax), "total": bill.money(sale.total_minor),
        "total_tax": bill.money(order.tax), "customer_id": _customer_id(sale.person), "order_key": f"wc_order_{order.id:x}",
        "billing": address(sale.person) | {"email": sale.person.email, "phone": sale.person.phone},
        "shipping": address(sale.person) | {"phone": sale.person.phone},
        "payment_method": gateway, "payment_method_title": title,
        "transaction_id": f"pi_{order.id:x}" if sale.payment in ("card", "konbini") else "", "customer_ip_address": "",
        "customer_user_agent": "", "created_via": "checkout", "customer_note": "", "cart_hash": "", "number": sale.number,
        **times("date_completed", completed), **times("date_paid", paid), "meta_data": [], "line_items": lines,
        "tax_lines": bill.taxes(), "shipping_lines": carriage, "fee_lines": fees, "coupon_lines": coupons,
        "refunds": [
            {"id": one["id"], "reason": one["reason"], "total": f"-{one['amount']}"} for one in refunds
        ],
        "payment_url": f"https://sandbox.invalid/pay/{order.id}", "is_editable": False,
        "needs_payment": False, "needs_processing": True, "currency_symbol": "¥" if sale.currency == "JPY" else "",
        "_links": {"self": [{"href": f"https://sandbox.invalid/wp-json/wc/v3/orders/{order.id}"}]},
    }  # fmt: skip


def _sum(bill: Bill, lines: list[dict[str, Any]]) -> str:
    places = digits(bill.sale.currency)
    return f"{sum((Decimal(line['total']) for line in lines), Decimal(0)):.{places}f}"


def _customer_id(person: Person) -> int:
    return number_of("customer", person.id) if person.id else 0


def address(person: Person) -> dict[str, str]:
    """Where somebody lives, with WooCommerce's code of the prefecture."""
    first, last = names(person)
    return {
        "first_name": first, "last_name": last, "company": "", "address_1": person.line1, "address_2": person.line2,
        "city": person.city, "state": _STATES.get(person.region, person.region), "postcode": person.postal_code,
        "country": person.country,
    }  # fmt: skip


def refund_body(order: Priced, *, id: int, at: int, reason: str, units: Mapping[int, int]) -> dict[str, Any]:
    """A refund as `/orders/<id>/refunds` tells it: `units` of lines by the line's id, at what was paid for them."""
    bill, paid, lines = Bill(order), 0, []
    for line in order.lines:
        count = units.get(line.id, 0)
        if not count:
            continue
        tax = line.tax * count // line.said.quantity
        share = (line.total - line.discount) * count // line.said.quantity
        bare = share - tax if order.sale.prices_include_tax else share
        paid += bare + tax
        product, variation = place_of(line.said.sku)
        lines.append(
            {
                "id": number_of("refund line", id, line.id), "name": line.said.title, "product_id": product,
                "variation_id": variation, "quantity": -count, "tax_class": "", "subtotal": bill.money(-bare),
                "subtotal_tax": bill.money(-tax), "total": bill.money(-bare), "total_tax": bill.money(-tax),
                "taxes": [], "sku": line.said.sku, "price": 0,
                "meta_data": [{"id": line.id, "key": "_refunded_item_id", "value": str(line.id)}],
            }
        )  # fmt: skip
    return {
        "id": id, **times("date_created", at), "amount": bill.money(paid), "reason": reason, "refunded_by": 1,
        "refunded_payment": True, "meta_data": [], "line_items": lines, "shipping_lines": [], "tax_lines": [],
        "fee_lines": [],
    }  # fmt: skip
