"""Orders of a real Vendure server: placed at its checkout, called off and refunded by its staff, read by the connector."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from apps.connectors.vendure.codes import moment
from apps.core import clock
from apps.hub import contracts as c
from tests.real.vendure_shop import COUPON

pytestmark = pytest.mark.real


@pytest.fixture
def window():
    return clock.now() - timedelta(minutes=5), clock.now() + timedelta(minutes=5)


def kinds(draft):
    return [(one.kind, one.sku, one.quantity, one.total_minor, one.tax_rate_bp, one.tax_minor) for one in draft.lines]


def test_an_order_of_the_checkout_is_a_sale_in_our_words(shop, words):
    tea, cup = shop.article(sku="TEA-A", price=1200, tax=8), shop.article(sku="CUP-A", price=2160)
    order = shop.buy({tea: 2, cup: 1}, coupon=COUPON)
    (draft,) = words(order["id"])
    assert draft == c.OrderDraft(
        external_id=order["id"], number=order["code"], version=draft.version, placed_at=draft.placed_at, currency="JPY",
        total_minor=4764, prices_include_tax=True, payment_method="card", payment_raw="stripe",
        raw_status="PaymentAuthorized",
        customer=replace(draft.customer, name="山田 花子", phone="0312345678"),
        ship_to=c.Address(
            name="山田 花子", postal_code="100-0001", country="JP", region="東京都", city="千代田区", line1="千代田1-1",
            line2="くろこビル", phone="0312345678",
        ),
        lines=(
            c.LineDraft(
                number=1, kind="item", title="TEA-A の品", quantity=2, total_minor=2400, unit_price=Decimal(1200), sku="TEA-A",
                external_id=draft.lines[0].external_id, tax_rate_bp=800, tax_minor=160,
            ),
            c.LineDraft(
                number=2, kind="item", title="CUP-A の品", quantity=1, total_minor=2160, unit_price=Decimal(2160), sku="CUP-A",
                external_id=draft.lines[1].external_id, tax_rate_bp=1000, tax_minor=177,
            ),
            c.LineDraft(
                number=3, kind="shipping", title="Post", quantity=1, total_minor=660, unit_price=Decimal(660),
                external_id=draft.lines[2].external_id, tax_rate_bp=1000, tax_minor=60,
            ),
            c.LineDraft(
                number=4, kind="discount", title="Autumn", quantity=1, total_minor=-240, unit_price=Decimal(-240),
                external_id="discount:800", tax_rate_bp=800, tax_minor=0,
            ),
            c.LineDraft(
                number=5, kind="discount", title="Autumn", quantity=1, total_minor=-216, unit_price=Decimal(-216),
                external_id="discount:1000", tax_rate_bp=1000, tax_minor=0,
            ),
        ),
    )  # fmt: skip
    assert abs(draft.placed_at - clock.wall()) < timedelta(minutes=1)


def test_a_basket_that_nobody_paid_for_is_no_order(shop, connector):
    tea = shop.article()
    shopper = shop.server.shopper()
    shop.add(shopper, tea, 1)
    order = shopper("{ activeOrder { id } }")
    assert connector.fetch_order(order["id"]) is None


@pytest.mark.parametrize(
    ("method", "state", "word", "awaits"),
    [
        ("stripe", "Authorized", "card", ""),
        ("konbini", "Authorized", "konbini", ""),
        ("cash-on-delivery", "Authorized", "cod", ""),
        ("paypal", "Settled", "prepaid", ""),
        ("paypal", "Authorized", "prepaid", "its payment is authorised there and not settled"),
    ],
)
def test_how_it_is_paid(shop, words, method, state, word, awaits):
    order = shop.buy({shop.article(): 1}, method=method, state=state)
    (draft,) = words(order["id"])
    assert (draft.payment_method, draft.payment_raw, draft.awaits) == (word, method, awaits)


def test_a_payment_that_was_settled_lets_the_order_go(shop, words):
    order = shop.buy({shop.article(): 1}, method="paypal", state="Authorized")
    (before,) = words(order["id"])
    shop.settle(order["id"])
    (after,) = words(order["id"])
    assert (bool(before.awaits), after.awaits, after.version > before.version) == (True, "", True)


def test_an_order_that_the_staff_is_changing_is_not_the_packer_s(shop, words):
    order = shop.buy({shop.article(): 1}, state="Settled")
    shop.admin(
        'mutation($id: ID!) { transitionOrderToState(id: $id, state: "Modifying") { __typename } }', id=order["id"]
    )
    assert words(order["id"])[0].awaits == "the shop is changing it"


@pytest.mark.parametrize("rows", [1, 2, 3, 100])
def test_every_order_comes_however_many_share_a_second(shop, connect, window, rows):
    tea = shop.article(stock=100)
    ids = [shop.buy({tea: 2})["id"] for _ in range(6)]
    lines = {id: shop.order(id)["lines"][0]["id"] for id in ids}
    cancel = 'cancelOrder(input: {orderId: "%s", lines: [{orderLineId: "%s", quantity: 1}]}) { __typename }'
    shop.admin("mutation { " + " ".join(f"c{id}: {cancel % (id, lines[id])}" for id in ids) + " }")
    seconds = Counter(shop.order(id)["updatedAt"] for id in ids)
    since = moment(min(seconds))
    connector = connect(rows_a_page=rows)
    events = [event for page in connector.changed_orders(since, window[1]) for event in page]
    told = [connector.read(event.topic, event.raw)[0].external_id for event in events]
    assert max(seconds.values()) > 1
    assert [told.count(id) for id in ids] == [1] * 6
    assert [event.at for event in events] == sorted(event.at for event in events)


def test_two_changes_of_one_second_are_two_events_and_two_versions(shop, connector):
    tea = shop.article()
    order = shop.buy({tea: 3}, state="Settled")
    seen = []
    for _ in range(2):
        shop.cancel(order["id"], {tea: 1})
        event = connector.fetch_order(order["id"])
        seen.append((event.id, connector.read(event.topic, event.raw)[0].version))
    assert (seen[0][0] != seen[1][0], seen[1][1] > seen[0][1]) == (True, True)


# Called off and given back


def test_units_that_were_called_off_and_refunded_are_a_return_that_is_paid_back(shop, words):
    tea = shop.article(sku="TEA-R", price=1000)
    order = shop.buy({tea: 3}, state="Settled", coupon=COUPON)
    (before,) = words(order["id"])
    shop.cancel(order["id"], {tea: 1}, reason="割れていました")
    shop.refund(order["id"], 900)
    draft, back = words(order["id"])
    assert (kinds(draft), draft.total_minor, draft.is_cancelled) == (kinds(before), before.total_minor, False)
    assert back == c.ReturnDraft(
        external_id=back.external_id, at=back.at, currency="JPY", is_refunded=True,
        lines=(
            c.ReturnLineDraft(
                number=1, sku="TEA-R", quantity=1, amount_minor=900, order_number=order["code"], reason="割れていました",
                title="TEA-R の品", order_external_id=order["id"],
            ),
        ),
    )  # fmt: skip


def test_each_cancellation_is_a_return_of_its_own_and_refunds_count_for_the_oldest_first(shop, words):
    tea = shop.article(price=1000)
    order = shop.buy({tea: 4}, state="Settled")
    for _ in range(2):
        shop.cancel(order["id"], {tea: 1})
    shop.refund(order["id"], 1000)
    _draft, first, second = words(order["id"])
    assert (first.is_refunded, second.is_refunded) == (True, False)
    assert first.external_id != second.external_id


def test_a_return_waits_for_its_refund_and_no_longer_than_it_has_to(shop, connect):
    tea = shop.article(price=1000)
    order = shop.buy({tea: 2}, state="Settled")
    shop.cancel(order["id"], {tea: 1})

    def told(**facts):
        connector = connect(**facts)
        event = connector.fetch_order(order["id"])
        return [word.is_refunded for word in connector.read(event.topic, event.raw)[1:]]

    assert (told(refund_wait_seconds=600), told(refund_wait_seconds=0)) == ([], [False])
    shop.refund(order["id"], 1000)
    assert told(refund_wait_seconds=600) == [True]


def test_an_order_that_was_called_off_as_a_whole_is_cancelled_and_says_what_it_was(shop, words):
    tea, cup = shop.article(tax=8), shop.article(price=2160)
    order = shop.buy({tea: 2, cup: 1}, state="Settled")
    (before,) = words(order["id"])
    shop.cancel(order["id"])
    (after,) = words(order["id"])
    assert (before.is_cancelled, after.is_cancelled, after.raw_status) == (False, True, "Cancelled")
    assert (kinds(after), after.total_minor) == (kinds(before), before.total_minor)


def test_a_cancelled_order_has_its_discount_back(shop, words):
    tea = shop.article(price=1000)
    order = shop.buy({tea: 3}, state="Settled", coupon=COUPON)
    (before,) = words(order["id"])
    shop.cancel(order["id"])
    (after,) = words(order["id"])
    assert (kinds(after), after.total_minor) == (kinds(before), before.total_minor)
