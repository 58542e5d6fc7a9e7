"""A Japanese shop on the real server: opened by its staff, bought from by its customers."""

import time
from collections.abc import Mapping
from itertools import count
from typing import Any

from apps.core import clock
from tests.real.vendure_server import Caller, Server

# What the connector's README asks for, and nothing more.
PERMISSIONS = ("ReadOrder", "UpdateOrder", "ReadProduct", "UpdateProduct", "ReadStockLocation")
METHODS = ("stripe", "konbini", "cash-on-delivery", "paypal", "moon dust")
COUPON = "AKI"
YEN = 100  # the server counts in hundredths of a yen
_numbers = count(1)


class NotSold(Exception):
    """The checkout sells less than was wanted; `left` is what it lets this shopper buy."""

    def __init__(self, left: int) -> None:
        super().__init__(f"only {left} left")
        self.left = left


def named(text: str, **more: str) -> list[dict[str, str]]:
    """Translations in the shop's only language."""
    return [{"languageCode": "en", "name": text, **more}]


class Shop:
    """A shop whose prices include tax: 10 %, 8 % on food; carriage 660 yen; a coupon of a tenth."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.admin = server.admin
        self.taxes = self._set_taxes()
        self._open()
        self.key = self._make_key(PERMISSIONS)
        # The first order is a basket that nobody pays for.
        self.basket = server.shopper()
        self.add(self.basket, self.article(), 1)

    def make(self, what: str, **facts: Any) -> Any:
        """`create<what>(input)`; its id."""
        made = self.admin(
            f"mutation($i: Create{what}Input!) {{ create{what}(input: $i) {{ ... on {what} {{ id }} }} }}", i=facts
        )
        return made["id"]

    def _set_taxes(self) -> dict[int, str]:
        country = self.make("Country", code="JP", enabled=True, translations=named("Japan"))
        self.zone = self.make("Zone", name="Japan", memberIds=[country])
        taxes = {}
        for percent in (10, 8):
            taxes[percent] = self.make("TaxCategory", name=f"{percent} %", isDefault=percent == 10)
            self.make(
                "TaxRate", name=f"{percent} %", enabled=True, value=percent, categoryId=taxes[percent], zoneId=self.zone
            )
        return taxes

    def _open(self) -> None:
        channel = {
            "id": "1", "pricesIncludeTax": True, "defaultTaxZoneId": self.zone, "defaultShippingZoneId": self.zone,
            "availableCurrencyCodes": ["JPY"], "defaultCurrencyCode": "JPY",
        }  # fmt: skip
        self.admin("mutation($i: UpdateChannelInput!) { updateChannel(input: $i) { __typename } }", i=channel)
        self.make(
            "ShippingMethod", code="post", fulfillmentHandler="manual-fulfillment",
            checker={"code": "default-shipping-eligibility-checker", "arguments": [{"name": "orderMinimum", "value": "0"}]},
            calculator={
                "code": "default-shipping-calculator",
                "arguments": [
                    {"name": "rate", "value": str(660 * YEN)}, {"name": "taxRate", "value": "10"},
                    {"name": "includesTax", "value": "include"},
                ],
            },
            translations=named("Post", description=""),
        )  # fmt: skip
        for method in METHODS:
            handler = {"code": "till", "arguments": []}
            self.make(
                "PaymentMethod", code=method, enabled=True, handler=handler, translations=named(method, description="")
            )
        tenth = {"code": "order_percentage_discount", "arguments": [{"name": "discount", "value": "10"}]}
        self.make(
            "Promotion", enabled=True, couponCode=COUPON, conditions=[], actions=[tenth], translations=named("Autumn")
        )

    def _make_key(self, permissions: tuple[str, ...]) -> str:
        role = self.make("Role", code=f"role-{next(_numbers)}", description="Kurogo", permissions=list(permissions))
        made = self.admin(
            "mutation($i: CreateApiKeyInput!) { createApiKey(input: $i) { apiKey } }",
            i={"roleIds": [role], "translations": named("Kurogo")},
        )
        return str(made["apiKey"])

    def key_with(self, *permissions: str) -> str:
        """An API key with these rights."""
        return self._make_key(permissions)

    # The catalogue, and what a shopper may buy

    def article(self, *, price: int = 1200, stock: int = 50, tax: int = 10, sku: str = "", **more: Any) -> str:
        """A product with one variant; the variant's id. `price` in yen."""
        sku = sku or f"SKU-{next(_numbers)}"
        product = self.make(
            "Product", enabled=True, translations=named(f"{sku} の品", slug=sku.lower(), description="")
        )
        variant = {
            "productId": product, "sku": sku, "price": price * YEN, "taxCategoryId": self.taxes[tax], "stockOnHand": stock,
            "translations": named(f"{sku} の品"), **more,
        }  # fmt: skip
        (made,) = self.admin(
            "mutation($i: [CreateProductVariantInput!]!) { createProductVariants(input: $i) { id } }", i=[variant]
        )
        return str(made["id"])

    def skus(self) -> dict[str, str]:
        """{variant id: SKU} of everything listed."""
        listed = self.admin("{ productVariants(options: {take: 1000}) { items { id sku } } }")["items"]
        return {one["id"]: one["sku"] for one in listed}

    def change(self, variant: str, **facts: Any) -> None:
        """Somebody edits a variant in the dashboard."""
        self.admin(
            "mutation($i: [UpdateProductVariantInput!]!) { updateProductVariants(input: $i) { id } }",
            i=[{"id": variant, **facts}],
        )

    def levels(self, variant: str) -> tuple[int, int]:
        """(what lies there, what is allocated)."""
        found = self.admin(
            "query($id: ID!) { productVariant(id: $id) { stockLevels { stockOnHand stockAllocated } } }", id=variant
        )
        (level,) = found["stockLevels"]
        return level["stockOnHand"], level["stockAllocated"]

    def saleable(self, variant: str) -> int:
        """What the checkout lets a new shopper buy: asked for far more, it says how many it has put into the basket."""
        try:
            self.add(self.server.shopper(), variant, 900)
        except NotSold as refused:
            return refused.left
        raise AssertionError("the shop sold 900")

    # Buying

    def add(self, shopper: Caller, variant: str, units: int) -> None:
        """Into the basket. Raises `NotSold`."""
        answer = shopper(
            "mutation($v: ID!, $n: Int!) { addItemToOrder(productVariantId: $v, quantity: $n) {"
            " __typename ... on InsufficientStockError { quantityAvailable } } }",
            v=variant, n=units,
        )  # fmt: skip
        if answer["__typename"] == "InsufficientStockError":
            raise NotSold(answer["quantityAvailable"])
        assert answer["__typename"] == "Order", answer

    def buy(
        self, units: Mapping[str, int], *, method: str = "stripe", state: str = "Authorized", coupon: str = ""
    ) -> dict[str, Any]:
        """Somebody fills a basket and pays: the order's id and code. Raises `NotSold`."""
        shopper = self.server.shopper()
        for variant, number in units.items():
            self.add(shopper, variant, number)
        if coupon:
            shopper("mutation($c: String!) { applyCouponCode(couponCode: $c) { __typename } }", c=coupon)
        self._tell_address(shopper)
        (post,) = shopper("{ eligibleShippingMethods { id } }")
        shopper("mutation($i: [ID!]!) { setOrderShippingMethod(shippingMethodId: $i) { __typename } }", i=[post["id"]])
        shopper('mutation { transitionOrderToState(state: "ArrangingPayment") { __typename } }')
        order = shopper(
            "mutation($i: PaymentInput!) { addPaymentToOrder(input: $i) {"
            " ... on Order { id code state totalWithTax } ... on ErrorResult { message } } }",
            i={"method": method, "metadata": {"state": state}},
        )  # fmt: skip
        assert "id" in order, order
        return order

    def _tell_address(self, shopper: Caller) -> None:
        number = next(_numbers)
        shopper(
            "mutation($i: CreateCustomerInput!) { setCustomerForOrder(input: $i) { __typename } }",
            i={
                "firstName": "花子", "lastName": "山田", "emailAddress": f"hanako{number}@example.jp",
                "phoneNumber": "0312345678",
            },
        )  # fmt: skip
        shopper(
            "mutation($i: CreateAddressInput!) { setOrderShippingAddress(input: $i) { __typename } }",
            i={
                "fullName": "山田 花子", "streetLine1": "千代田1-1", "streetLine2": "くろこビル", "city": "千代田区",
                "province": "東京都", "postalCode": "100-0001", "countryCode": "JP", "phoneNumber": "0312345678",
            },
        )  # fmt: skip

    # The shop's own staff

    def order(self, id: str) -> dict[str, Any]:
        """An order as its staff see it."""
        found: dict[str, Any] = self.admin(
            "query($id: ID!) { order(id: $id) { id code state updatedAt totalWithTax"
            " lines { id quantity productVariant { id sku } } payments { id amount state refunds { total state } }"
            " fulfillments { id state method trackingCode lines { orderLineId quantity } } } }",
            id=id,
        )  # fmt: skip
        return found

    def fulfilled(self, id: str) -> list[dict[str, int]]:
        """Units by SKU of every fulfilment of an order that counts."""
        order = self.order(id)
        skus = {line["id"]: line["productVariant"]["sku"] for line in order["lines"]}
        return [
            {skus[line["orderLineId"]]: line["quantity"] for line in one["lines"]}
            for one in sorted(order["fulfillments"], key=lambda one: int(one["id"]))
            if one["state"] != "Cancelled"
        ]

    def cancel(self, id: str, units: Mapping[str, int] | None = None, *, reason: str = "") -> None:
        """Call units of variants off, or the whole order."""
        wanted: dict[str, Any] = {"orderId": id, "reason": reason}
        if units is None:
            wanted["cancelShipping"] = True
        else:
            lines = {line["productVariant"]["id"]: line["id"] for line in self.order(id)["lines"]}
            wanted["lines"] = [{"orderLineId": lines[variant], "quantity": n} for variant, n in units.items()]
        self._acted("cancelOrder", "CancelOrderInput", wanted, "Order")

    def refund(self, id: str, yen: int, *, reason: str = "") -> None:
        """Give money of the order's payment back."""
        (payment,) = self.order(id)["payments"]
        wanted = {
            "paymentId": payment["id"], "amount": yen * YEN, "lines": [], "shipping": 0, "adjustment": 0, "reason": reason
        }  # fmt: skip
        self._acted("refundOrder", "RefundOrderInput", wanted, "Refund")

    def wait_for_another_second(self, at: str) -> None:
        """The server's clock shows another second than this one: until then nothing can be told apart by time."""
        while clock.wall().isoformat()[:19] <= at[:19]:
            time.sleep(0.02)

    def settle(self, id: str) -> None:
        """Take the money that was authorised."""
        (payment,) = self.order(id)["payments"]
        self.admin("mutation($id: ID!) { settlePayment(id: $id) { __typename } }", id=payment["id"])

    def _acted(self, name: str, kind: str, wanted: dict[str, Any], expected: str) -> None:
        answer = self.admin(
            f"mutation($i: {kind}!) {{ {name}(input: $i) {{ __typename ... on ErrorResult {{ message }} }} }}", i=wanted
        )
        assert answer["__typename"] == expected, answer
