"""Every GraphQL document that we send, by its operation's name. The stand-in and the contract tests read this table."""

_SHOP = """
  activeChannel { code defaultCurrencyCode pricesIncludeTax }
  globalSettings { trackInventory outOfStockThreshold serverConfig { moneyStrategyPrecision } }"""

_LEVELS = "stockLevels { stockLocationId stockOnHand stockAllocated }"
_ERROR = "... on ErrorResult { errorCode message }"

_ORDER = """
fragment OrderNow on Order {
  id code state active type createdAt updatedAt orderPlacedAt currencyCode totalWithTax
  lines {
    id quantity orderPlacedQuantity unitPrice unitPriceWithTax linePrice linePriceWithTax
    proratedLinePrice proratedLinePriceWithTax taxRate taxLines { taxRate }
    discounts { description }
    productVariant { id sku name }
  }
  shippingLines {
    id price priceWithTax
    discounts { adjustmentSource description amount amountWithTax }
    shippingMethod { name }
  }
  surcharges { id description sku price priceWithTax taxRate }
  taxSummary { taxRate }
  payments { id method amount state refunds { id total state } }
  fulfillments { id state }
  modifications { id }
  customer { id firstName lastName emailAddress phoneNumber }
  shippingAddress { fullName company streetLine1 streetLine2 city province postalCode countryCode phoneNumber }
  changes: history(options: {take: 1}) { totalItems }
  cancellations: history(options: {filter: {type: {eq: "ORDER_CANCELLATION"}}, take: 100}) {
    items { id createdAt data }
  }
}"""

CHANGED_ORDERS = """
query ChangedOrders($options: OrderListOptions!) {
  orders(options: $options) { items { id updatedAt } }
}"""

ORDERS = f"""
query Orders($options: OrderListOptions!) {{{_SHOP}
  orders(options: $options) {{ items {{ ...OrderNow }} }}
}}{_ORDER}"""

_STOCK = f"id trackInventory outOfStockThreshold useGlobalOutOfStockThreshold {_LEVELS}"

VARIANTS = f"""
query Variants($options: ProductVariantListOptions!) {{{_SHOP}
  stockLocations(options: {{take: 100}}) {{ items {{ id name }} }}
  productVariants(options: $options) {{
    items {{ {_STOCK} sku name price priceWithTax currencyCode product {{ id name }} }}
  }}
}}"""

SHOWN_STOCK = f"""
query ShownStock($options: ProductVariantListOptions!) {{
  globalSettings {{ trackInventory outOfStockThreshold }}
  stockLocations(options: {{take: 100}}) {{ items {{ id name }} }}
  productVariants(options: $options) {{ items {{ {_STOCK} sku }} }}
}}"""

SET_STOCK = f"""
mutation SetStock($input: [UpdateProductVariantInput!]!) {{
  updateProductVariants(input: $input) {{ id {_LEVELS} }}
}}"""

FULFILMENTS = """
query Fulfilments($id: ID!) {
  order(id: $id) { id code state active orderPlacedAt fulfillments { id state trackingCode } }
}"""

CREATE_FULFILMENT = f"""
mutation CreateFulfilment($input: FulfillOrderInput!) {{
  addFulfillmentToOrder(input: $input) {{ __typename ... on Fulfillment {{ id state }} {_ERROR} }}
}}"""

MOVE_FULFILMENT = f"""
mutation MoveFulfilment($id: ID!, $state: String!) {{
  transitionFulfillmentToState(id: $id, state: $state) {{ __typename ... on Fulfillment {{ id state }} {_ERROR} }}
}}"""

HEALTH = f"""
query Health {{{_SHOP}
  stockLocations(options: {{take: 100}}) {{ items {{ id name }} }}
  orders(options: {{take: 1}}) {{ items {{ id }} }}
  productVariants(options: {{take: 1}}) {{ items {{ id }} }}
}}"""

# Nothing to do, so nothing is done: who may not do it is told so.
RIGHTS = f"""
mutation Rights {{
  updateProductVariants(input: []) {{ id }}
  addFulfillmentToOrder(input: {{lines: [], handler: {{code: "manual-fulfillment", arguments: []}}}}) {{
    __typename {_ERROR}
  }}
}}"""

DOCUMENTS: dict[str, str] = {
    "ChangedOrders": CHANGED_ORDERS,
    "Orders": ORDERS,
    "Variants": VARIANTS,
    "ShownStock": SHOWN_STOCK,
    "SetStock": SET_STOCK,
    "Fulfilments": FULFILMENTS,
    "CreateFulfilment": CREATE_FULFILMENT,
    "MoveFulfilment": MOVE_FULFILMENT,
    "Health": HEALTH,
    "Rights": RIGHTS,
}
