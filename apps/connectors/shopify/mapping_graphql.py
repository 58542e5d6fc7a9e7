"""A polled order in the form of a webhook's, as far as `mapping` reads it. Pure; only names and nesting change here."""

from typing import Any

from apps.connectors.shopify.mapping import Body, tail


def webhook_order(node: Body) -> dict[str, Any]:
    """An `OrderNow` with all its lines and refunds."""
    customer = node["customer"]
    return {
        "admin_graphql_api_id": node["id"],
        "name": node["name"],
        "created_at": node["createdAt"],
        "processed_at": node["processedAt"],
        "updated_at": node["updatedAt"],
        "cancelled_at": node["cancelledAt"],
        "currency": node["currencyCode"],
        "taxes_included": node["taxesIncluded"],
        "total_price": _amount(node["totalPriceSet"]),
        "total_discounts": _amount(node["totalDiscountsSet"]) if node["totalDiscountsSet"] else None,
        "total_tip_received": _amount(node["totalTipReceivedSet"]),
        "original_total_additional_fees_set": _money(node["originalTotalAdditionalFeesSet"]),
        "original_total_duties_set": _money(node["originalTotalDutiesSet"]),
        "payment_gateway_names": node["paymentGatewayNames"],
        "financial_status": node["displayFinancialStatus"],
        "note": node["note"],
        "email": node["email"],
        "phone": node["phone"],
        "customer_locale": node["customerLocale"],
        "customer": _customer(customer) if customer else None,
        "shipping_address": _address(node["shippingAddress"]),
        "shipping_lines": [_shipping(line) for line in node["shippingLines"]["nodes"]],
        "discount_applications": sorted(node["discountApplications"]["nodes"], key=lambda said: said["index"]),
        "line_items": [_line(line) for line in node["lineItems"]["nodes"]],
        "refunds": [_refund(refund) for refund in node["refunds"]],
    }


def _amount(bag: Body) -> str:
    return str(bag["shopMoney"]["amount"])


def _money(bag: Body | None) -> dict[str, Any] | None:
    if bag is None:
        return None
    return {"shop_money": {"amount": _amount(bag), "currency_code": bag["shopMoney"]["currencyCode"]}}


def _line(line: Body) -> dict[str, Any]:
    return {
        "admin_graphql_api_id": line["id"],
        "sku": line["sku"],
        "name": line["name"],
        "title": line["title"],
        "quantity": line["quantity"],
        "requires_shipping": line["requiresShipping"],
        "variant_id": line["variant"] and line["variant"]["id"],
        "price": _amount(line["originalUnitPriceSet"]),
        "tax_lines": _taxes(line),
        "discount_allocations": _allocations(line),
    }


def _shipping(line: Body) -> dict[str, Any]:
    return {
        "id": tail(line["id"] or ""),
        "title": line["title"],
        "price": _amount(line["originalPriceSet"]),
        "tax_lines": _taxes(line),
        "discount_allocations": _allocations(line),
    }


def _taxes(line: Body) -> list[dict[str, Any]]:
    return [{"rate": tax["rate"], "price": _amount(tax["priceSet"])} for tax in line["taxLines"]]


def _allocations(line: Body) -> list[dict[str, Any]]:
    return [
        {
            "amount": _amount(allocation["allocatedAmountSet"]),
            "discount_application_index": allocation["discountApplication"]["index"],
        }
        for allocation in line["discountAllocations"]
    ]


def _customer(said: Body) -> dict[str, Any]:
    return {
        "admin_graphql_api_id": said["id"],
        "first_name": said["firstName"],
        "last_name": said["lastName"],
        "email": (said["defaultEmailAddress"] or {}).get("emailAddress"),
        "phone": (said["defaultPhoneNumber"] or {}).get("phoneNumber"),
    }


def _address(said: Body | None) -> dict[str, Any] | None:
    if said is None:
        return None
    same = {key: said[key] for key in ("name", "company", "zip", "province", "city", "address1", "address2", "phone")}
    return same | {"country_code": said["countryCodeV2"]}


def _refund(refund: Body) -> dict[str, Any]:
    return {
        "admin_graphql_api_id": refund["id"],
        "note": refund["note"],
        "created_at": refund["createdAt"],
        "processed_at": refund["processedAt"],
        "transactions": [{"kind": "refund", "amount": _amount(refund["totalRefundedSet"])}],
        "refund_line_items": [
            {
                "quantity": line["quantity"],
                "restock_type": line["restockType"].lower(),
                "subtotal_set": _money(line["subtotalSet"]),
                "total_tax_set": _money(line["totalTaxSet"]),
                "line_item": {"sku": line["lineItem"]["sku"], "title": line["lineItem"]["title"]},
            }
            for line in refund["refundLineItems"]["nodes"]
        ],
    }
