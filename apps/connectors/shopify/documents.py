"""Every GraphQL document that we send, by its operation's name. The stand-in and the contract test read this table."""

_PAGE = "pageInfo { hasNextPage endCursor }"
_MONEY = "shopMoney { amount currencyCode }"
_TAX = f"taxLines {{ rate priceSet {{ {_MONEY} }} }}"
_LINE_TAX = f"taxLines(first: 5) {{ rate priceSet {{ {_MONEY} }} }}"
_ALLOCATIONS = f"discountAllocations {{ allocatedAmountSet {{ {_MONEY} }} discountApplication {{ index }} }}"

_LINE = f"""
fragment Line on LineItem {{
  id sku name title quantity requiresShipping variant {{ id }}
  originalUnitPriceSet {{ {_MONEY} }}
  {_LINE_TAX}
  {_ALLOCATIONS}
}}"""

_ORDER = f"""
fragment OrderNow on Order {{
  id name createdAt processedAt updatedAt cancelledAt
  currencyCode taxesIncluded
  totalPriceSet {{ {_MONEY} }}
  totalDiscountsSet {{ {_MONEY} }}
  totalTipReceivedSet {{ {_MONEY} }}
  originalTotalAdditionalFeesSet {{ {_MONEY} }}
  originalTotalDutiesSet {{ {_MONEY} }}
  paymentGatewayNames displayFinancialStatus note email phone customerLocale
  customer {{ id firstName lastName defaultEmailAddress {{ emailAddress }} defaultPhoneNumber {{ phoneNumber }} }}
  shippingAddress {{ name company zip countryCodeV2 province city address1 address2 phone }}
  shippingLines(first: 5) {{ nodes {{ id title originalPriceSet {{ {_MONEY} }} {_TAX} {_ALLOCATIONS} }} }}
  discountApplications(first: 10) {{ nodes {{
    index
    ... on DiscountCodeApplication {{ code }}
    ... on ManualDiscountApplication {{ title }}
    ... on AutomaticDiscountApplication {{ title }}
    ... on ScriptDiscountApplication {{ title }}
  }} }}
  refunds(first: 50) {{ id }}
  lineItems(first: $lines) {{ nodes {{ ...Line }} {_PAGE} }}
}}"""

ORDERS = f"""
query Orders($first: Int!, $lines: Int!, $after: String, $query: String!) {{
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {{ nodes {{ ...OrderNow }} {_PAGE} }}
}}{_ORDER}{_LINE}"""

ORDER = f"""
query Order($id: ID!, $lines: Int!) {{
  order(id: $id) {{ ...OrderNow }}
}}{_ORDER}{_LINE}"""

ORDER_LINES = f"""
query OrderLines($id: ID!, $lines: Int!, $after: String) {{
  order(id: $id) {{ lineItems(first: $lines, after: $after) {{ nodes {{ ...Line }} {_PAGE} }} }}
}}{_LINE}"""

REFUND = f"""
query Refund($id: ID!, $lines: Int!, $after: String) {{
  refund(id: $id) {{
    id note createdAt processedAt
    totalRefundedSet {{ {_MONEY} }}
    refundLineItems(first: $lines, after: $after) {{
      nodes {{
        quantity restockType subtotalSet {{ {_MONEY} }} totalTaxSet {{ {_MONEY} }} lineItem {{ id sku title }}
      }}
      {_PAGE}
    }}
  }}
}}"""

_SHOWN = 'quantities(names: ["available"]) { quantity }'
_ARTICLE = "id sku title barcode price"
_ITEM = "id measurement { weight { unit value } }"

VARIANTS = f"""
query Variants($first: Int!, $after: String, $location: ID!) {{
  shop {{ currencyCode taxesIncluded }}
  productVariants(first: $first, after: $after, sortKey: ID) {{
    nodes {{
      {_ARTICLE}
      product {{ id title }}
      inventoryItem {{ {_ITEM} inventoryLevel(locationId: $location) {{ {_SHOWN} }} }}
    }}
    {_PAGE}
  }}
}}"""

VARIANT_COUNT = """
query VariantCount($limit: Int!) {
  productVariantsCount(limit: $limit) { count }
}"""

SHOWN_STOCK = f"""
query ShownStock($first: Int!, $after: String, $location: ID!) {{
  location(id: $location) {{
    inventoryLevels(first: $first, after: $after) {{
      nodes {{ item {{ id sku }} {_SHOWN} }}
      {_PAGE}
    }}
  }}
}}"""

SHOWN_ITEMS = f"""
query ShownItems($ids: [ID!]!, $location: ID!) {{
  nodes(ids: $ids) {{
    ... on InventoryItem {{ id inventoryLevel(locationId: $location) {{ {_SHOWN} }} }}
  }}
}}"""

SET_STOCK = """
mutation SetStock($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { id }
    userErrors { code field message }
  }
}"""

SET_PRICES = """
mutation SetPrices($product: ID!, $variants: [ProductVariantsBulkInput!]!) {
  productVariantsBulkUpdate(productId: $product, variants: $variants, allowPartialUpdates: true) {
    productVariants { id price }
    userErrors { code field message }
  }
}"""

_TO_FULFIL = f"""
fragment ToFulfil on FulfillmentOrder {{
  id status fulfillAt
  assignedLocation {{ name location {{ id }} }}
  supportedActions {{ action }}
  fulfillmentHolds {{ displayReason }}
  lineItems(first: $lines) {{ nodes {{ id remainingQuantity lineItem {{ id }} }} {_PAGE} }}
}}"""

FULFILMENTS = f"""
query Fulfilments($id: ID!, $orders: Int!, $lines: Int!) {{
  order(id: $id) {{
    id cancelledAt
    fulfillments(first: 100) {{ id status trackingInfo(first: 10) {{ number }} }}
    fulfillmentOrders(first: $orders) {{ nodes {{ ...ToFulfil }} }}
  }}
}}{_TO_FULFIL}"""

FULFILMENT_LINES = f"""
query FulfilmentLines($id: ID!, $lines: Int!, $after: String) {{
  fulfillmentOrder(id: $id) {{
    lineItems(first: $lines, after: $after) {{ nodes {{ id remainingQuantity lineItem {{ id }} }} {_PAGE} }}
  }}
}}"""

MOVE_FULFILMENT = """
mutation MoveFulfilment($id: ID!, $location: ID!, $lines: [FulfillmentOrderLineItemInput!]!) {
  fulfillmentOrderMove(id: $id, newLocationId: $location, fulfillmentOrderLineItems: $lines) {
    movedFulfillmentOrder { id }
    userErrors { code field message }
  }
}"""

CREATE_FULFILMENT = """
mutation CreateFulfilment($fulfillment: FulfillmentInput!) {
  fulfillmentCreate(fulfillment: $fulfillment) {
    fulfillment { id }
    userErrors { field message }
  }
}"""

START_BULK = """
mutation StartBulk($query: String!) {
  bulkOperationRunQuery(query: $query) {
    bulkOperation { id }
    userErrors { code field message }
  }
}"""

BULK_STATE = """
query BulkState($id: ID!) {
  bulkOperation(id: $id) { status errorCode objectCount url partialDataUrl }
}"""

CANCEL_BULK = """
mutation CancelBulk($id: ID!) {
  bulkOperationCancel(id: $id) { userErrors { field message } }
}"""

HEALTH = """
query Health($location: ID!) {
  shop { name currencyCode }
  currentAppInstallation { accessScopes { handle } }
  location(id: $location) { name isActive }
}"""

LOCATIONS = """
query Locations {
  locations(first: 50) { nodes { id name isActive } }
}"""

DOCUMENTS: dict[str, str] = {
    "Orders": ORDERS,
    "Order": ORDER,
    "OrderLines": ORDER_LINES,
    "Refund": REFUND,
    "Variants": VARIANTS,
    "VariantCount": VARIANT_COUNT,
    "ShownStock": SHOWN_STOCK,
    "ShownItems": SHOWN_ITEMS,
    "SetStock": SET_STOCK,
    "SetPrices": SET_PRICES,
    "Fulfilments": FULFILMENTS,
    "FulfilmentLines": FULFILMENT_LINES,
    "MoveFulfilment": MOVE_FULFILMENT,
    "CreateFulfilment": CREATE_FULFILMENT,
    "StartBulk": START_BULK,
    "BulkState": BULK_STATE,
    "CancelBulk": CANCEL_BULK,
    "Health": HEALTH,
    "Locations": LOCATIONS,
}


def bulk_variants(location: str) -> str:
    """What a bulk operation is given to run: it takes no variables, and every connection in `edges` and `node`."""
    return f"""{{
  products {{ edges {{ node {{
    id title
    variants {{ edges {{ node {{
      {_ARTICLE}
      inventoryItem {{ {_ITEM} inventoryLevel(locationId: "{location}") {{ {_SHOWN} }} }}
    }} }} }}
  }} }} }}
}}"""


def bulk_stock(location: str) -> str:
    """As above: every item with what is available at a location."""
    return f"""{{
  inventoryItems {{ edges {{ node {{
    id sku inventoryLevel(locationId: "{location}") {{ {_SHOWN} }}
  }} }} }}
}}"""


# What an operation asks for at a time, widest first. Shopify refuses a query whose computed cost is over 1,000 points
# (MAX_COST_EXCEEDED) and does not publish the cost of a field: the next step is tried, and remembered.
STEPS: dict[str, tuple[dict[str, int], ...]] = {
    "Orders": (
        {"first": 50, "lines": 250}, {"first": 10, "lines": 50}, {"first": 4, "lines": 25}, {"first": 1, "lines": 25},
    ),
    "Order": ({"lines": 250}, {"lines": 100}, {"lines": 25}),
    "OrderLines": ({"lines": 250}, {"lines": 100}, {"lines": 50}),
    "Refund": ({"lines": 250}, {"lines": 100}, {"lines": 50}),
    "Variants": ({"first": 250}, {"first": 100}, {"first": 50}),
    "ShownStock": ({"first": 250}, {"first": 100}),
    "Fulfilments": ({"orders": 20, "lines": 250}, {"orders": 5, "lines": 50}, {"orders": 2, "lines": 25}),
    "FulfilmentLines": ({"lines": 250}, {"lines": 100}),
}  # fmt: skip
