"""What the tables make of words, amounts and forms that a shop may send."""

import json
from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from apps.connectors.vendure import codes
from apps.connectors.vendure.connector import VendureConnector
from apps.connectors.vendure.settings import VendureSettings
from apps.hub import contracts as c
from apps.hub.errors import Misconfigured, Unreadable
from tests.connectors.vendure.conftest import CONNECTION

LINE = {
    "id": "11", "quantity": 2, "orderPlacedQuantity": 2, "unitPrice": 909, "unitPriceWithTax": 1000, "linePrice": 1818,
    "linePriceWithTax": 2000, "proratedLinePrice": 1818, "proratedLinePriceWithTax": 2000, "taxRate": 10,
    "taxLines": [{"taxRate": 10}], "discounts": [], "productVariant": {"id": "5", "sku": "TEA", "name": "Tea"},
}  # fmt: skip
PAYMENT = {"id": "3", "method": "stripe", "amount": 2000, "state": "Settled", "refunds": []}
ORDER = {
    "id": "7", "code": "ABC", "state": "PaymentSettled", "active": False, "type": "Regular",
    "createdAt": "2026-11-23T01:00:00.000Z", "updatedAt": "2026-11-23T01:00:01.000Z",
    "orderPlacedAt": "2026-11-23T01:00:00.051Z", "currencyCode": "USD", "totalWithTax": 2000, "lines": [LINE],
    "shippingLines": [], "surcharges": [], "taxSummary": [], "payments": [PAYMENT], "fulfillments": [],
    "modifications": [], "customer": None, "shippingAddress": None, "changes": {"totalItems": 5},
    "cancellations": {"items": []},
}  # fmt: skip
SHIPPING = {
    "id": "21", "price": 600, "priceWithTax": 660, "discounts": [], "shippingMethod": {"name": "Post"},
}  # fmt: skip


def shop(*, includes_tax=True, places=2):
    settings = {"serverConfig": {"moneyStrategyPrecision": places}, "trackInventory": True, "outOfStockThreshold": 0}
    return {"activeChannel": {"pricesIncludeTax": includes_tax}, "globalSettings": settings}


def read(order, *, of=None, **facts):
    connector = VendureConnector(VendureSettings(**facts), CONNECTION)
    return connector.read("poll/orders", json.dumps({"shop": of or shop(), "order": order}).encode())


def order(**changes):
    return deepcopy(ORDER) | changes


def line(**changes):
    return LINE | changes


def cancelled(*lines, id="9", at="2026-11-23T02:00:00.000Z", reason="none left"):
    said = [{"orderLineId": line, "quantity": units} for line, units in lines]
    return {"id": id, "createdAt": at, "data": {"lines": said, "reason": reason, "shippingCancelled": False}}


def test_the_version_counts_milliseconds_and_the_history():
    (draft,) = read(ORDER)
    at = int(datetime(2026, 11, 23, 1, 0, 1, tzinfo=UTC).timestamp()) * 1000
    assert (draft.version, draft.placed_at) == (at + 5, datetime(2026, 11, 23, 1, 0, 0, 51_000, tzinfo=UTC))
    assert (draft.customer, draft.ship_to) == (None, None)


@pytest.mark.parametrize(
    ("currency", "places", "minor", "unit"),
    [
        ("USD", 2, 2000, Decimal("10.00")),
        ("JPY", 2, 20, Decimal("10.00")),
        ("JPY", 0, 2000, Decimal(1000)),
        ("USD", 3, 200, Decimal("1.000")),
        ("BHD", 3, 2000, Decimal("1.000")),
    ],
)
def test_amounts_have_the_server_s_decimals(currency, places, minor, unit):
    (draft,) = read(order(currencyCode=currency), of=shop(places=places))
    assert (draft.total_minor, draft.lines[0].total_minor, draft.lines[0].unit_price) == (minor, minor, unit)


def test_a_merchant_may_know_the_decimals_better():
    (draft,) = read(order(currencyCode="JPY"), amount_places=0)
    assert (draft.total_minor, draft.lines[0].unit_price) == (2000, Decimal(1000))


def test_amounts_that_do_not_add_up_are_unreadable_and_both_are_named():
    with pytest.raises(Unreadable, match=r"ABC says 2300 USD .* add up to 2000"):
        read(order(totalWithTax=2300))


@pytest.mark.parametrize(
    ("total", "includes_tax", "expected"),
    [
        (2001, True, [("item", 2000, 182), ("fee", 1, 0)]),
        (1999, True, [("item", 2000, 182), ("discount", -1, 0)]),
        (2001, False, [("item", 1818, 183)]),
    ],
)
def test_what_rounding_leaves_over_is_told(total, includes_tax, expected):
    (draft,) = read(order(totalWithTax=total), of=shop(includes_tax=includes_tax))
    assert [(one.kind, one.total_minor, one.tax_minor) for one in draft.lines] == expected
    assert draft.total_minor == total


def test_fractions_of_a_yen_are_rounded_and_told():
    odd = [line(id=str(n), linePriceWithTax=10050, proratedLinePriceWithTax=10050) for n in range(2)]
    (draft,) = read(order(currencyCode="JPY", lines=odd, totalWithTax=20100))
    assert [(one.kind, one.total_minor) for one in draft.lines] == [("item", 101), ("item", 101), ("discount", -1)]
    assert draft.total_minor == 201


def test_discounts_are_kept_apart_by_rate_and_named():
    lines = [
        line(proratedLinePriceWithTax=1800, proratedLinePrice=1636, discounts=[{"description": "Autumn"}]),
        line(id="12", taxRate=8, taxLines=[{"taxRate": 8}], proratedLinePriceWithTax=1900, proratedLinePrice=1759,
             discounts=[{"description": "Autumn"}, {"description": "Member"}]),
    ]  # fmt: skip
    (draft,) = read(order(lines=lines, totalWithTax=3700))
    assert [(one.title, one.total_minor, one.tax_rate_bp) for one in draft.lines if one.kind == "discount"] == [
        ("Autumn", -200, 1000),
        ("Autumn, Member", -100, 800),
    ]
    assert [one.tax_minor for one in draft.lines if one.kind == "item"] == [164, 141]


def test_surcharges_are_fees_or_discounts():
    extra = [
        {"id": "1", "description": "Gift wrap", "sku": "WRAP", "price": 100, "priceWithTax": 110, "taxRate": 10},
        {"id": "2", "description": "Sorry", "sku": None, "price": -50, "priceWithTax": -50, "taxRate": 0},
    ]
    (draft,) = read(order(surcharges=extra, totalWithTax=2060))
    assert [(one.kind, one.title, one.sku, one.total_minor, one.tax_minor) for one in draft.lines[1:]] == [
        ("fee", "Gift wrap", "WRAP", 110, 10),
        ("discount", "Sorry", "", -50, 0),
    ]


@pytest.mark.parametrize(
    ("net", "gross", "summary", "rate"),
    [(600, 660, [], 1000), (600, 660, [8, 10], 1000), (91, 100, [10], 1000), (91, 100, [], 989), (0, 0, [10], None)],
)
def test_the_rate_of_carriage_is_the_one_that_fits(net, gross, summary, rate):
    shipping = SHIPPING | {"price": net, "priceWithTax": gross}
    (draft,) = read(
        order(shippingLines=[shipping], totalWithTax=2000 + gross, taxSummary=[{"taxRate": one} for one in summary])
    )
    assert [(one.total_minor, one.tax_minor, one.tax_rate_bp) for one in draft.lines if one.kind == "shipping"] == [
        (gross, gross - net, rate)
    ]


def test_carriage_has_discounts_of_its_own():
    off = {"adjustmentSource": "PROMOTION:1", "description": "Free post", "amount": -600, "amountWithTax": -660}
    (draft,) = read(order(shippingLines=[SHIPPING | {"discounts": [off]}], taxSummary=[{"taxRate": 10}]))
    assert [(one.kind, one.title, one.total_minor) for one in draft.lines[1:]] == [
        ("shipping", "Post", 660),
        ("discount", "Free post", -660),
    ]


# Called off


def less(now, **changes):
    """The line when so many of its two are left, at 900 each."""
    return line(
        quantity=now, linePriceWithTax=1000 * now, linePrice=909 * now, proratedLinePriceWithTax=900 * now,
        proratedLinePrice=818 * now, discounts=[{"description": "Autumn"}], **changes,
    )  # fmt: skip


@pytest.mark.parametrize("left", [0, 1])
def test_what_is_left_of_a_line_says_what_it_was(left):
    whole = read(order(lines=[less(2)], totalWithTax=1800, payments=[PAYMENT | {"amount": 1800}]))[0]
    entry = cancelled(("11", 2 - left))
    after, back = read(
        order(
            lines=[less(left)], totalWithTax=900 * left, payments=[PAYMENT | {"amount": 1800}],
            cancellations={"items": [entry]},
        )
    )  # fmt: skip
    assert [(one.kind, one.total_minor, one.title) for one in after.lines] == [
        (one.kind, one.total_minor, one.title) for one in whole.lines
    ]
    assert (after.total_minor, back.lines[0].amount_minor) == (1800, 900 * (2 - left))


def test_carriage_that_was_taken_off_says_what_it_was():
    off = {"adjustmentSource": "CANCEL_ORDER", "description": "off", "amount": -600, "amountWithTax": -660}
    changed = order(
        lines=[line(quantity=0, linePriceWithTax=0, proratedLinePriceWithTax=0)], totalWithTax=0, state="Cancelled",
        shippingLines=[SHIPPING | {"discounts": [off]}], payments=[PAYMENT | {"amount": 2660}],
    )  # fmt: skip
    (draft,) = read(changed)
    assert ([one.total_minor for one in draft.lines], draft.total_minor, draft.is_cancelled) == (
        [2000, 660],
        2660,
        True,
    )


def test_a_line_that_was_added_and_taken_off_again_is_none():
    added = line(id="12", quantity=0, orderPlacedQuantity=0)
    (draft,) = read(order(lines=[LINE, added], modifications=[{"id": "1"}]))
    assert len(draft.lines) == 1


def test_cancellations_are_told_oldest_first():
    entries = [
        cancelled(("11", 1), id="10", at="2026-11-23T02:00:00.000Z"),
        cancelled(("11", 1), id="9", at="2026-11-23T02:00:00.000Z"),
    ]
    _draft, *backs = read(order(lines=[less(0)], totalWithTax=0, cancellations={"items": entries}))
    assert [back.external_id for back in backs] == ["ABC:9", "ABC:10"]


def test_a_shipped_order_that_is_cancelled_brings_its_units_back():
    changed = order(
        state="Cancelled", lines=[less(0)], totalWithTax=0, fulfillments=[{"id": "1", "state": "Shipped"}],
        cancellations={"items": [cancelled(("11", 2))]},
    )  # fmt: skip
    draft, back = read(changed)
    assert (draft.is_cancelled, back.lines[0].quantity) == (True, 2)


def test_a_cancellation_of_a_strange_line_is_unreadable():
    """The history keeps the database's ids; a server may write them otherwise in its API."""
    with pytest.raises(Unreadable, match="names the line T_11, which it lacks"):
        read(order(lines=[less(1)], totalWithTax=900, cancellations={"items": [cancelled(("T_11", 1))]}))


@pytest.mark.parametrize(("state", "is_refunded"), [("Settled", True), ("Pending", True), ("Failed", False)])
def test_a_refund_that_failed_is_none(state, is_refunded):
    refunds = [{"id": "1", "total": 900, "state": state}]
    entry = cancelled(("11", 1))
    changed = order(
        lines=[less(1)], totalWithTax=900, payments=[PAYMENT | {"amount": 1800, "refunds": refunds}],
        cancellations={"items": [entry]},
    )  # fmt: skip
    _draft, back = read(changed)
    assert back.is_refunded is is_refunded


# Words


@pytest.mark.parametrize(
    ("methods", "own", "word"),
    [
        (["stripe-payment"], "", "card"),
        (["konbini-gmo"], "", "konbini"),
        (["cash-on-delivery"], "", "cod"),
        (["cod"], "", "cod"),
        (["商品代引"], "", "cod"),
        (["bank-transfer"], "", "bank"),
        (["paypal"], "", "prepaid"),
        (["Atobarai"], "", c.UNKNOWN),
        (["Atobarai"], "atobarai=prepaid, stripe=card", "prepaid"),
        (["stripe-payment"], "stripe-payment=prepaid", "prepaid"),
        (["gift-card", "stripe"], "gift-card=prepaid", "card"),
        (["moon dust"], "", c.UNKNOWN),
    ],
)
def test_payment_words(methods, own, word):
    payments = [PAYMENT | {"id": str(n), "method": method, "amount": 2000} for n, method in enumerate(methods)]
    (draft,) = read(order(payments=payments), payment_words=own)
    assert (draft.payment_method, draft.payment_raw) == (word, ", ".join(methods))


@pytest.mark.parametrize(("total", "word"), [(2000, c.UNKNOWN), (0, "free")])
def test_without_a_payment_an_order_is_free_or_nobody_knows(total, word):
    free = line(unitPriceWithTax=total // 2, linePriceWithTax=total, proratedLinePriceWithTax=total)
    (draft,) = read(order(lines=[free], totalWithTax=total, payments=[PAYMENT | {"state": "Declined"}]))
    assert draft.payment_method == word


@pytest.mark.parametrize("text", ["card", "=card", "stripe=gold", "stripe=card=card"])
def test_payment_words_that_are_none_are_misconfigured(text):
    with pytest.raises(Misconfigured, match="payment words"):
        codes.own_words(text)


@pytest.mark.parametrize(
    ("state", "payment", "awaits"),
    [
        ("PaymentSettled", "Settled", ""),
        ("PaymentAuthorized", "Authorized", "its payment is authorised there and not settled"),
        ("Modifying", "Settled", "the shop is changing it"),
        ("ArrangingAdditionalPayment", "Settled", "the customer has to pay the rest of it"),
    ],
)
def test_what_the_shop_has_still_to_do(state, payment, awaits):
    (draft,) = read(order(state=state, payments=[PAYMENT | {"method": "paypal", "state": payment}]))
    assert draft.awaits == awaits


def test_a_customer_and_an_address():
    person = {"id": "4", "firstName": "花子", "lastName": "山田", "emailAddress": "h@example.jp", "phoneNumber": None}
    place = {
        "fullName": "山田 花子", "company": None, "streetLine1": "千代田1-1", "streetLine2": None, "city": "千代田区",
        "province": "東京都", "postalCode": "100-0001", "countryCode": "JP", "phoneNumber": None,
    }  # fmt: skip
    (here,) = read(order(customer=person, shippingAddress=place))
    (there,) = read(order(customer=person, shippingAddress=place | {"countryCode": "US"}))
    assert (here.customer.name, there.customer.name) == ("山田 花子", "花子 山田")
    assert here.ship_to == c.Address(
        name="山田 花子", postal_code="100-0001", country="JP", region="東京都", city="千代田区", line1="千代田1-1"
    )
    (empty,) = read(order(shippingAddress=dict.fromkeys(place)))
    assert empty.ship_to is None


@pytest.mark.parametrize("changes", [{"updatedAt": "2026-11-23T01:00:01"}, {"totalWithTax": "ten"}, {"lines": None}])
def test_a_form_that_is_none_of_ours_is_unreadable(changes):
    with pytest.raises(Unreadable):
        read(order(**changes))
