"""Orders as Amazon tells them (2026-01-01), to our words. Pure.

A draft's total is Amazon's grand total. What Amazon does not break down (a program's charge, a discount of the order) is a line
of its own, so that no sale is lost for a sum. Whether tax lies on top is read off the figures: there is no word for it.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from apps.connectors.amazon import codes
from apps.core.money import Money, to_minor
from apps.hub import contracts as c
from apps.hub.errors import Unreadable

Body = Mapping[str, Any]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FINEST = Decimal("0.000001")


def moment(text: str) -> datetime:
    """ISO 8601 to aware UTC; Amazon's times without a zone are UTC."""
    at = datetime.fromisoformat(text)
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def order_draft(order: Body, *, currency: str, takes_mail: bool = False) -> c.OrderDraft | None:
    """One order, or None where it is no sale of ours (yet): goods that Amazon sends from its own warehouse are sold when it
    has sent them, and orders of other shops that it only delivers are those shops' to tell of.

    Raises `Unreadable`; KeyError and friends where the form is another.
    """
    channel, fulfilment = order["salesChannel"], order["fulfillment"]
    status, is_theirs = str(fulfilment["fulfillmentStatus"]), fulfilment.get("fulfilledBy") == codes.AMAZON
    if channel["channelName"] == codes.ELSEWHERE or (is_theirs and status != codes.SHIPPED):
        return None
    currency = _currency(order) or currency
    bill = Bill(order, currency, marketplace=channel.get("marketplaceId", ""), is_theirs=is_theirs)
    methods = [one["paymentMethod"] for one in (order.get("payment") or {}).get("paymentExecutions", ())]
    is_cancelled = status == codes.CANCELLED
    return c.OrderDraft(
        external_id=order["orderId"],
        number=order["orderId"],
        version=(moment(order["lastUpdatedTime"]) - _EPOCH) // timedelta(milliseconds=1),
        placed_at=moment(order["createdTime"]),
        currency=currency,
        total_minor=bill.total,
        lines=bill.lines,
        prices_include_tax=bill.includes_tax,
        payment_method=codes.payment_method(methods),
        payment_raw=", ".join(methods)[:80],
        is_cancelled=is_cancelled,
        customer=_customer(order, takes_mail=takes_mail),
        ship_to=_address((order.get("recipient") or {}).get("deliveryAddress")),
        note=_note(order),
        raw_status=status,
        awaits="" if is_cancelled or status in codes.RELEASED else status,
    )


class Bill:
    """What an order's figures make: its lines, its total, and whether its prices hold the tax."""

    def __init__(self, order: Body, currency: str, *, marketplace: str, is_theirs: bool) -> None:
        self._currency = currency
        self._marketplace = marketplace
        self._told: set[str] = set()  # kinds of amounts that items told of
        self._charges: dict[str, int] = {}
        self._taxes: dict[str, int] = {}  # of charges
        items = [self._item(item, number, is_theirs) for number, item in enumerate(order["orderItems"], start=1)]
        proceeds = order.get("proceeds") or {}
        rest_tax = self._whole_order(proceeds.get("breakdowns") or ())
        if rest_tax and items:
            items[0]["tax_minor"] = (items[0]["tax_minor"] or 0) + rest_tax
        net = sum(item["total_minor"] for item in items) + sum(self._charges.values())
        taxes = sum(item["tax_minor"] or 0 for item in items) + sum(self._taxes.values())
        told = proceeds.get("grandTotal")
        self.total = self._minor(told) if told else net + taxes
        # On top in every example of the vendor's; where the other lines already make the total, the tax is inside.
        self.includes_tax = not taxes or net == self.total
        rest = self.total - net - (0 if self.includes_tax else taxes)
        if rest:
            self._charges[""] = rest
        lines = [*items, *self._charge_lines(len(items))]
        if not self.includes_tax:  # on top of a line of which no tax is told there is none
            lines = [line | {"tax_minor": line["tax_minor"] or 0} for line in lines]
        self.lines = tuple(c.LineDraft(**line) for line in lines)

    def _item(self, item: Body, number: int, is_theirs: bool) -> dict[str, Any]:
        product, quantity = item["product"], int(item["quantityOrdered"])
        price = (product.get("price") or {}).get("unitPrice")
        parts = (item.get("proceeds") or {}).get("breakdowns") or ()
        self._told.update(part["type"] for part in parts)
        own, tax = self._sort(parts)
        unit = Decimal(price["amount"]) if price else Decimal(0)
        total = own if own is not None else to_minor(unit * quantity, self._currency)
        if not price and quantity:
            unit = (Money(total, self._currency).amount / quantity).quantize(_FINEST)
        by_amazon = codes.BY_AMAZON[self._marketplace == codes.JAPAN] if is_theirs else ""
        return {
            "number": number,
            # Units from Amazon's own warehouse are no demand on our shelves: they are kept and shown as a charge.
            "kind": "fee" if is_theirs else "item",
            "title": f"{product.get('title') or product.get('sellerSku') or product.get('asin', '')}{by_amazon}",
            "quantity": quantity,
            "total_minor": total,
            "unit_price": unit,
            "external_id": item["orderItemId"],
            "sku": product.get("sellerSku") or "",
            "tax_minor": tax,
        }

    def _sort(self, parts: Sequence[Body]) -> tuple[int | None, int | None]:
        """An item's own amount and tax (None: not told); its charges and discounts go to those of the order."""
        own: int | None = None
        tax: int | None = None
        for part in parts:
            kind, amount = part["type"], self._minor(part["subtotal"])
            if kind == codes.ITEM:
                own = (own or 0) + amount
            elif kind == codes.TAX:
                tax = (tax or 0) + amount - self._taxes_of_charges(part, {one["type"] for one in parts})
            else:
                self._add(self._charges, kind, -abs(amount) if kind == codes.DISCOUNT else amount)
        return own, tax

    def _taxes_of_charges(self, part: Body, kinds: Collection[str]) -> int:
        """The tax that belongs to charges which are lines of their own; the rest is the item's, a discount's share too."""
        given = 0
        for detail in part.get("detailedBreakdowns") or ():
            kind = detail.get("subtype", "")
            if kind in kinds and kind not in (codes.ITEM, codes.TAX, codes.DISCOUNT):
                minor = self._minor(detail["value"])
                self._add(self._taxes, kind, minor)
                given += minor
        return given

    def _whole_order(self, parts: Sequence[Body]) -> int:
        """Charges that only the order as a whole tells of (a delivery tip); returns a tax that no item told of."""
        rest_tax = 0
        for part in parts:
            kind, amount = part["type"], self._minor(part["subtotal"])
            if kind in self._told or kind == codes.ITEM:
                continue
            if kind == codes.TAX:
                rest_tax += amount
            else:
                self._add(self._charges, kind, -abs(amount) if kind == codes.DISCOUNT else amount)
        return rest_tax

    def _charge_lines(self, items: int) -> Iterator[dict[str, Any]]:
        for number, (kind, amount) in enumerate(self._charges.items(), start=items + 1):
            yield {
                "number": number,
                "kind": "shipping" if kind == codes.SHIPPING else "discount" if amount < 0 else "fee",
                "title": codes.title(kind, self._marketplace),
                "quantity": 1,
                "total_minor": amount,
                "unit_price": Money(amount, self._currency).amount,
                "external_id": kind.lower() or "rest",
                "tax_minor": self._taxes.get(kind, 0 if kind in ("", codes.DISCOUNT) else None),
            }

    def _minor(self, money: Body) -> int:
        if money["currencyCode"] != self._currency:
            raise Unreadable(f"an amount in {money['currencyCode']} in an order in {self._currency}")
        try:
            return to_minor(Decimal(money["amount"]), self._currency)
        except InvalidOperation as error:
            raise Unreadable(f"not an amount: {money['amount']!r}") from error

    @staticmethod
    def _add(sums: dict[str, int], kind: str, amount: int) -> None:
        sums[kind] = sums.get(kind, 0) + amount


def _currency(order: Body) -> str:
    """The currency that the order's own amounts name; empty where it names none (its prices are not told yet)."""
    told = (order.get("proceeds") or {}).get("grandTotal")
    if told:
        return str(told["currencyCode"])
    prices = ((item["product"].get("price") or {}).get("unitPrice") for item in order["orderItems"])
    return next((str(price["currencyCode"]) for price in prices if price), "")


def _customer(order: Body, *, takes_mail: bool) -> c.CustomerCard | None:
    buyer = order.get("buyer") or {}
    recipient = (order.get("recipient") or {}).get("deliveryAddress") or {}
    name = buyer.get("buyerName") or recipient.get("name") or ""
    mail = buyer.get("buyerEmail", "") if takes_mail else ""
    if not name and not mail:
        return None
    return c.CustomerCard(
        external_id=buyer.get("buyerEmail", ""), email=mail, name=name, phone=recipient.get("phone") or ""
    )


def _address(said: Body | None) -> c.Address | None:
    if not said:
        return None
    first = [said.get(f"addressLine{number}") or "" for number in (1, 2, 3)]
    return c.Address(
        name=said.get("name") or "",
        company=said.get("companyName") or "",
        postal_code=said.get("postalCode") or "",
        country=said.get("countryCode") or "",
        region=said.get("stateOrRegion") or said.get("districtOrCounty") or "",
        city=said.get("city") or said.get("municipality") or "",
        line1=first[0],
        line2=" ".join(line for line in first[1:] if line),
        phone=said.get("phone") or "",
    )


def _note(order: Body) -> str:
    """What the customer wrote for whoever packs and delivers."""
    wishes = (order.get("recipient") or {}).get("deliveryPreference") or {}
    said = [wishes.get("dropOffLocation"), wishes.get("addressInstruction")]
    for item in order["orderItems"]:
        packing = (item.get("fulfillment") or {}).get("packing") or {}
        said.append((packing.get("giftOption") or {}).get("giftMessage"))
    return "\n".join(word for word in said if word)
