"""Orders and refunds in the Admin API's form; connections are `Nodes`, cut to what a query selects elsewhere."""

from functools import lru_cache
from typing import Any

from apps.sandbox.graphql import Nodes
from apps.sandbox.shopify_orders import (
    FINANCIAL,
    GATEWAYS,
    Priced,
    PricedLine,
    gid,
    iso,
    names,
    number_of,
    price_text,
    text,
)


@lru_cache(maxsize=65_536)
def graphql_text(minor: int, currency: str) -> str:
    """Minor units as GraphQL writes them: 12.3, 1230.0 for yen."""
    whole, _, part = text(minor, currency).partition(".")
    return f"{whole}.{part.rstrip('0') or '0'}"


def graphql_order(
    order: Priced, *, placed: int, updated: int, cancelled: int | None, refunds: list[Any]
) -> dict[str, Any]:
    """An order as the Admin API tells it; connections are `Nodes`."""
    sale, person = order.sale, order.sale.person
    first, last = names(person)
    has_customer = bool(person.id or person.email)

    def bag(minor: int) -> dict[str, Any]:
        return _bag(graphql_text(minor, sale.currency), sale.currency)

    return {
        "__typename": "Order",
        "id": gid("Order", order.id),
        "name": sale.number,
        "createdAt": iso(placed),
        "processedAt": iso(placed),
        "updatedAt": iso(updated),
        "cancelledAt": iso(cancelled) if cancelled else None,
        "currencyCode": sale.currency,
        "taxesIncluded": sale.prices_include_tax,
        "totalPriceSet": bag(sale.total_minor),
        "totalDiscountsSet": bag(order.discount),
        "totalTipReceivedSet": bag(0),
        "originalTotalAdditionalFeesSet": None,
        "originalTotalDutiesSet": None,
        "paymentGatewayNames": GATEWAYS.get(sale.payment, []),
        "displayFinancialStatus": "VOIDED" if cancelled else FINANCIAL.get(sale.payment, "pending").upper(),
        "note": None,
        "email": person.email,
        "phone": None,
        "customerLocale": "ja" if person.country == "JP" else "en",
        "customer": {
            "id": gid("Customer", number_of("customer", person.id or person.email)),
            "firstName": first,
            "lastName": last,
            "defaultEmailAddress": {"emailAddress": person.email} if person.email else None,
            "defaultPhoneNumber": {"phoneNumber": person.phone} if person.phone else None,
        } if has_customer else None,
        "shippingAddress": {
            "name": person.name, "company": None, "zip": person.postal_code, "countryCodeV2": person.country or None,
            "province": person.region, "city": person.city, "address1": person.line1, "address2": person.line2 or None,
            "phone": person.phone,
        },
        "shippingLines": Nodes([_graphql_shipping(line, sale.currency) for line in order.shipping]),
        "discountApplications": Nodes(
            [{"__typename": "ManualDiscountApplication", "index": 0, "title": "Discount"}] if order.discount else []
        ),
        "refunds": refunds,
        "lineItems": Nodes([_graphql_line(line, sale.currency) for line in order.lines]),
    }  # fmt: skip


def _bag(amount: str, currency: str) -> dict[str, Any]:
    return {"shopMoney": {"amount": amount, "currencyCode": currency}}


def _graphql_line(line: PricedLine, currency: str) -> dict[str, Any]:
    said, is_article = line.said, line.needs_shipping
    return {
        "__typename": "LineItem",
        "id": gid("LineItem", line.id),
        "sku": said.sku,
        "name": said.title,
        "title": said.title,
        "quantity": said.quantity,
        "requiresShipping": is_article,
        "variant": {"id": gid("ProductVariant", number_of("variant", said.sku))} if is_article else None,
        "originalUnitPriceSet": _bag(price_text(said.unit_price, currency), currency),
        "taxLines": _graphql_taxes(line, currency),
        "discountAllocations": [
            {
                "allocatedAmountSet": _bag(graphql_text(line.discount, currency), currency),
                "discountApplication": {"index": 0},
            }
        ] if line.discount else [],
    }  # fmt: skip


def _graphql_shipping(line: PricedLine, currency: str) -> dict[str, Any]:
    return {
        "__typename": "ShippingLine",
        "id": gid("ShippingLine", line.id),
        "title": line.said.title,
        "originalPriceSet": _bag(graphql_text(line.total, currency), currency),
        "taxLines": _graphql_taxes(line, currency),
        "discountAllocations": [],
    }


def _graphql_taxes(line: PricedLine, currency: str) -> list[dict[str, Any]]:
    rate = line.said.tax_rate_bp
    return [{"rate": rate / 10_000, "priceSet": _bag(graphql_text(line.tax, currency), currency)}] if rate else []


def graphql_refund(body: dict[str, Any]) -> dict[str, Any]:
    """A refund of the webhook's form as the Admin API tells it."""

    def bag(money: dict[str, Any]) -> dict[str, Any]:
        return _bag(money["shop_money"]["amount"], money["shop_money"]["currency_code"])

    return {
        "__typename": "Refund",
        "id": body["admin_graphql_api_id"],
        "note": body["note"],
        "createdAt": body["created_at"],
        "processedAt": body["processed_at"],
        "totalRefundedSet": _bag(body["transactions"][0]["amount"], body["transactions"][0]["currency"]),
        "refundLineItems": Nodes(
            [
                {
                    "quantity": line["quantity"],
                    "restockType": line["restock_type"].upper(),
                    "subtotalSet": bag(line["subtotal_set"]),
                    "totalTaxSet": bag(line["total_tax_set"]),
                    "lineItem": {
                        "id": line["line_item"]["admin_graphql_api_id"],
                        "sku": line["line_item"]["sku"],
                        "title": line["line_item"]["title"],
                    },
                }
                for line in body["refund_line_items"]
            ]
        ),
    }
