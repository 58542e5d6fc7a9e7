"""Reading orders: request built so, called so, answer parsed so, error parsed so."""

from datetime import timedelta
from decimal import Decimal

import pytest

from apps.connectors.amazon import mapping
from apps.core import clock
from apps.hub import contracts as c
from apps.hub import errors
from tests.connectors.amazon.conftest import SELLER, line
from tests.connectors.stand import HANAKO

YEN = {"currencyCode": "JPY"}


def money(amount, currency="USD"):
    return {"amount": amount, "currencyCode": currency}


def item(id="1", quantity=1, *, parts=(), price=None, **product):
    told = {"asin": "B1", "sellerSku": f"SKU{id}", "title": f"Thing {id}"} | product
    if price:
        told["price"] = {"unitPrice": money(price)}
    body = {"orderItemId": id, "quantityOrdered": quantity, "product": told}
    if parts:
        body["proceeds"] = {"breakdowns": [part(*one) for one in parts]}
    return body


def part(kind, amount, details=()):
    said = {"type": kind, "subtotal": money(amount)}
    if details:
        said["detailedBreakdowns"] = [{"subtype": name, "value": money(value)} for name, value in details]
    return said


def order(*items, total=None, parts=(), status="UNSHIPPED", by="MERCHANT", channel="AMAZON", **more):
    body = {
        "orderId": "250-1", "createdTime": "2026-11-23T01:00:00Z", "lastUpdatedTime": "2026-11-23T02:00:00Z",
        "salesChannel": {"channelName": channel, "marketplaceId": "ATVPDKIKX0DER"},
        "fulfillment": {"fulfillmentStatus": status, "fulfilledBy": by}, "orderItems": list(items),
    }  # fmt: skip
    if total:
        body["proceeds"] = {"grandTotal": money(total), "breakdowns": [part(*one) for one in parts]}
    return body | more


def read(*items, **facts):
    return mapping.order_draft(order(*items, **facts), currency="USD")


def figures(draft):
    lines = [(one.kind, one.title, one.quantity, one.total_minor, one.tax_minor) for one in draft.lines]
    return lines, draft.total_minor, draft.prices_include_tax


# Request built so, called so


def test_one_order_is_asked_for_with_all_that_a_sale_needs(connector, place, asked):
    sale = place()
    connector.fetch_order(sale.number)

    (ask,) = asked()
    assert (ask.method, ask.path) == ("GET", f"/orders/2026-01-01/orders/{sale.number}")
    assert ask.query == {"includedData": "BUYER,RECIPIENT,PROCEEDS,FULFILLMENT,PAYMENT"}
    assert (ask.headers["x-amz-access-token"].startswith("Atza|"), ask.headers["user-agent"]) == (
        True, "Kurogo/0.1 (Language=Python)",
    )  # fmt: skip


def test_a_window_up_to_now_has_no_end_and_an_older_one_has(connector, asked):
    now = clock.now()
    list(connector.changed_orders(now - timedelta(minutes=10), now))
    list(connector.changed_orders(now - timedelta(days=2), now - timedelta(days=1)))

    recent, old = asked()
    assert recent.query["lastUpdatedAfter"].endswith("Z")
    assert ("lastUpdatedBefore" in recent.query, "lastUpdatedBefore" in old.query) == (False, True)
    assert (old.query["marketplaceIds"], old.query["maxResultsPerPage"]) == ("A1VC38T7YXB528", "100")


def test_pages_are_followed_to_their_end(connector, place, asked):
    since = clock.now() - timedelta(seconds=1)
    numbers = {place().number for _ in range(101)}

    pages = list(connector.changed_orders(since, clock.now()))

    found = [event.subject for page in pages for event in page]
    assert ([len(page) >= 1 for page in pages], len(found) == len(set(found))) == ([True, True], True)
    assert {f"order:{number}" for number in numbers} <= set(found)
    assert ["paginationToken" in ask.query for ask in asked()] == [False, True]


def test_an_order_that_amazon_does_not_know_is_none(connector):
    assert connector.fetch_order("250-0000000-0000000") is None


# Answer parsed so


def test_an_order_of_a_marketplace_that_holds_the_tax_in_its_prices(place, draft):
    sale = place(
        line("TEA", 2), line("CUP", 1, "800"), line("", 1, "600", kind="shipping"), line("", 1, "-300", kind="discount")
    )

    read_ = draft(sale.number)

    assert [(one.kind, one.sku, one.quantity, one.total_minor, one.title) for one in read_.lines] == [
        ("item", "TEA", 2, 2400, "TEA の品"),
        ("item", "CUP", 1, 800, "CUP の品"),
        ("shipping", "", 1, 600, "配送料"),
        ("discount", "", 1, -300, "割引"),
    ]
    assert (read_.total_minor, read_.prices_include_tax, read_.currency) == (3500, True, "JPY")
    assert (read_.external_id, read_.number, read_.payment_method, read_.payment_raw) == (
        sale.number, sale.number, "prepaid", "GiftCertificate",
    )  # fmt: skip
    assert (read_.awaits, read_.raw_status, read_.is_cancelled) == ("", "UNSHIPPED", False)
    assert read_.lines[0].unit_price == Decimal(1200)


def test_who_bought_is_named_and_the_relay_address_is_not_kept(place, draft, connector, account):
    number = place().number
    read_ = draft(number)
    assert (read_.customer.name, read_.customer.email, read_.customer.phone) == (HANAKO.name, "", HANAKO.phone)
    assert read_.customer.external_id.endswith("@marketplace.amazon.co.jp")
    assert read_.ship_to == c.Address(
        name="山田 花子", postal_code="100-0001", country="JP", region="東京都", city="千代田区", line1="千代田1-1",
        line2="くろこビル", phone="0312345678",
    )  # fmt: skip

    event = connector.fetch_order(number)
    keeper = type(connector)(type(account)(takes_buyer_mail=True), connector.connection_id)
    assert keeper.read(event.topic, event.raw)[0].customer.email == read_.customer.external_id


def test_a_sale_whose_payment_is_under_way_is_awaited_without_address(stand, place, draft):
    number = place(pending=True).number
    before = draft(number)
    stand.told("amazon/release", number=number)
    after = draft(number)

    assert (before.awaits, before.ship_to, before.customer, before.payment_method) == ("PENDING", None, None, "prepaid")
    assert (after.awaits, after.ship_to.line1, after.version > before.version) == ("", "千代田1-1", True)


def test_prices_that_are_not_told_yet_are_nothing_in_the_currency_of_the_settings():
    draft = read(item(quantity=2), status="PENDING")
    assert (figures(draft), draft.currency) == (([("item", "Thing 1", 2, 0, None)], 0, True), "USD")


@pytest.mark.parametrize("status", ["PENDING_AVAILABILITY", "UNDER_A_SPELL"])
def test_any_word_that_does_not_release_an_order_keeps_it_back(status):
    draft = read(item(price="1.00"), status=status)
    assert (draft.awaits, draft.raw_status) == (status, status)


def test_a_sale_at_the_door_and_one_in_parts(place, draft):
    assert draft(place(payment="cod").number).payment_method == "cod"
    executions = [{"paymentMethod": "GiftCertificate"}, {"paymentMethod": "CreditCard"}]
    draft = read(item(price="1.00"), payment={"paymentExecutions": executions})
    assert (draft.payment_method, draft.payment_raw) == ("prepaid", "GiftCertificate, CreditCard")


# Goods in Amazon's own warehouse


def test_what_amazon_sends_itself_is_told_once_it_is_sent_and_is_no_demand_of_ours(stand, place, draft):
    number = place(line("TEA", 2), line("", 1, "600", kind="shipping"), at="place_at_amazon").number
    before = draft(number)
    stand.told("amazon/send_from_amazon", number=number)
    after = draft(number)

    assert before is None
    assert [(one.kind, one.sku, one.quantity, one.total_minor, one.title) for one in after.lines] == [
        ("fee", "TEA", 2, 2400, "TEA の品（Amazonが出荷）"),
        ("shipping", "", 1, 600, "配送料"),
    ]
    assert (after.awaits, after.payment_method, after.total_minor) == ("", "prepaid", 3000)


def test_an_order_of_another_shop_that_amazon_only_delivers_is_not_ours_to_take():
    assert read(item(price="1.00"), by="AMAZON", status="SHIPPED", channel="NON_AMAZON") is None


# Figures


def test_tax_on_top_belongs_to_the_lines_that_it_is_told_of():
    parts = [("ITEM", "10.00"), ("SHIPPING", "5.00"), ("TAX", "1.50", [("ITEM", "1.00"), ("SHIPPING", "0.50")])]
    assert figures(read(item(parts=parts), item("2", parts=[("ITEM", "2.00")]), total="18.50")) == (
        [("item", "Thing 1", 1, 1000, 100), ("item", "Thing 2", 1, 200, 0), ("shipping", "Shipping", 1, 500, 50)],
        1850,
        False,
    )


def test_tax_inside_the_prices_is_noted_and_not_added():
    parts = [("ITEM", "11.00"), ("TAX", "1.00")]
    assert figures(read(item(parts=parts), total="11.00")) == ([("item", "Thing 1", 1, 1100, 100)], 1100, True)


def test_a_tax_that_only_the_order_tells_of_goes_to_its_first_item():
    assert figures(read(item(parts=[("ITEM", "10.00")]), total="11.00", parts=[("TAX", "1.00")])) == (
        [("item", "Thing 1", 1, 1000, 100)], 1100, False,
    )  # fmt: skip


@pytest.mark.parametrize("amount", ["3.00", "-3.00"])
def test_a_discount_is_taken_off_however_it_is_written(amount):
    parts = [("ITEM", "10.00"), ("DISCOUNT", amount), ("DISCOUNT", "1.00")]
    lines, total, _ = figures(read(item(parts=parts)))
    assert (lines[1:], total) == ([("discount", "Discount", 1, -400, 0)], 600)


def test_a_charge_of_an_unknown_kind_keeps_its_word():
    lines, total, _ = figures(read(item(parts=[("ITEM", "10.00"), ("MOON_DUST", "2.00")]), total="12.00"))
    assert (lines[1:], total) == ([("fee", "MOON_DUST", 1, 200, None)], 1200)


def test_what_only_the_order_tells_of_is_a_line_and_what_nobody_explains_too():
    parts = [("ITEM", "10.00"), ("DELIVERY_TIP", "5.00")]
    lines, total, _ = figures(read(item(parts=[("ITEM", "10.00")]), total="16.00", parts=parts))
    assert (lines[1:], total) == (
        [("fee", "Delivery tip", 1, 500, None), ("fee", "Not broken down by Amazon", 1, 100, 0)], 1600,
    )  # fmt: skip


def test_without_proceeds_a_line_is_its_price():
    assert figures(read(item(quantity=3, price="1.25"))) == ([("item", "Thing 1", 3, 375, None)], 375, True)


def test_without_a_price_a_unit_costs_its_share():
    draft = read(item(quantity=3, parts=[("ITEM", "10.00")]))
    assert (draft.lines[0].unit_price, draft.lines[0].total_minor) == (Decimal("3.333333"), 1000)


def test_notes_for_the_packer_are_kept():
    gift = {"packing": {"giftOption": {"giftMessage": "Happy birthday"}}}
    where = {"deliveryPreference": {"dropOffLocation": "Porch", "addressInstruction": "Blue door"}}
    draft = read(item(price="1.00") | {"fulfillment": gift}, recipient=where)
    assert draft.note == "Porch\nBlue door\nHappy birthday"


def test_an_address_without_a_city_of_its_own_keeps_what_it_has():
    where = {
        "addressLine1": "1",
        "addressLine3": "3",
        "municipality": "M",
        "districtOrCounty": "D",
        "countryCode": "GB",
    }
    draft = read(item(price="1.00"), recipient={"deliveryAddress": where})
    assert draft.ship_to == c.Address(country="GB", region="D", city="M", line1="1", line2="3")


def test_times_are_utc_whatever_their_zone():
    draft = read(item(price="1.00"), createdTime="2026-11-23T10:00:00+09:00", lastUpdatedTime="2026-11-23T02:00:00.250")
    assert draft.placed_at.isoformat() == "2026-11-23T01:00:00+00:00"
    assert draft.version == 1795399200250


# Error parsed so


def test_amounts_in_two_currencies_are_unreadable():
    body = order(item(price="1.00"), total="1.00")
    body["proceeds"]["breakdowns"] = [{"type": "SHIPPING", "subtotal": money("5", "JPY")}]
    with pytest.raises(errors.Unreadable, match="in JPY in an order in USD"):
        mapping.order_draft(body, currency="USD")
    with pytest.raises(errors.Unreadable, match="not an amount: 'much'"):
        read(item(price="1.00"), total="much")


def test_an_answer_of_another_form_is_asked_again(stand, connector, place, monkeypatch):
    monkeypatch.setattr(connector._client, "get", lambda *_: {"orders": [{"orderId": "1"}]})
    with pytest.raises(errors.Transient, match="searchOrders: Amazon's answer has another form"):
        list(connector.changed_orders(clock.now(), clock.now()))
    with pytest.raises(errors.Transient, match="getOrder: Amazon's answer has another form"):
        connector.fetch_order("1")


# Notices


def test_a_notice_is_only_a_hint_whatever_else_it_says(connector, place, notices):
    sale = place()
    (body,) = notices(sale.number)
    assert SELLER.encode() in body
    assert connector.read("ORDER_CHANGE", body) == (c.Hint(kind="order", external_id=sale.number),)


def test_a_notice_of_another_seller_is_not_followed(connector, place, notices):
    (body,) = notices(place().number)
    with pytest.raises(errors.Unreadable, match="a notice for the seller A3STRANGER"):
        connector.read("ORDER_CHANGE", body.replace(SELLER.encode(), b"A3STRANGER"))
