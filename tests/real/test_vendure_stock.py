"""Stock of a real Vendure server: the number that is set is the number that its checkout lets people buy."""

from decimal import Decimal

import pytest

from apps.connectors.vendure import stock
from apps.hub import contracts as c
from apps.hub import errors
from tests.real.vendure_shop import NotSold

pytestmark = pytest.mark.real


def put(connector, units):
    """Show these numbers; what became of each."""
    wanted = [c.StockQuantity(external_id=id, quantity=quantity) for id, quantity in units.items()]
    return connector.set_stock(wanted, "key")


def is_set(id, quantity):
    return [c.StockOutcome(external_id=id, is_set=True, shown=quantity)]


def parcel(shop, words, order, number="T-1"):
    (draft,) = words(order["id"])
    return c.Fulfilment(
        reference="S-1", order_external_id=order["id"], order_number=order["code"], tracking_number=number,
        carrier="ヤマト運輸", shipped_at=draft.placed_at,
        lines=tuple(
            c.FulfilmentLine(line_external_id=one.external_id, sku=one.sku, quantity=one.quantity)
            for one in draft.lines if one.kind == "item"
        ),
    )  # fmt: skip


def test_an_article_is_read_as_it_is_listed(shop, connector):
    id = shop.article(sku="MATCHA", price=1080, tax=8, stock=8)
    (card,) = [card for page in connector.variants() for card in page if card.sku == "MATCHA"]
    assert card == c.VariantCard(
        sku="MATCHA", title="MATCHA の品", product_external_id=card.product_external_id, external_id=id,
        location_external_id="1", product_title="MATCHA の品", price=Decimal(1080), currency="JPY", shown=8,
    )  # fmt: skip


@pytest.mark.parametrize("quantity", [7, 0])
def test_what_is_set_is_what_people_can_buy(shop, connector, quantity):
    tea = shop.article(stock=50)
    assert put(connector, {tea: quantity}) == is_set(tea, quantity)
    with pytest.raises(NotSold) as refused:
        shop.buy({tea: quantity + 1})
    assert refused.value.left == quantity
    if quantity:
        shop.buy({tea: quantity})
        assert shop.saleable(tea) == 0


def test_units_that_were_sold_and_have_not_left_are_counted_beside_it(shop, connector):
    tea = shop.article(stock=50)
    shop.buy({tea: 4})
    assert put(connector, {tea: 7}) == is_set(tea, 7)
    assert (shop.levels(tea), shop.saleable(tea)) == ((11, 4), 7)


def test_units_that_are_kept_back_are_counted_beside_it(shop, connector):
    tea = shop.article(stock=50, useGlobalOutOfStockThreshold=False, outOfStockThreshold=5)
    (shown,) = [one for page in connector.shown_stock() for one in page if one.external_id == tea]
    assert (shown.quantity, shop.saleable(tea)) == (45, 45)
    assert put(connector, {tea: 7}) == is_set(tea, 7)
    assert (shop.levels(tea), shop.saleable(tea)) == ((12, 0), 7)


def test_a_variant_that_is_sold_beyond_the_shelf_shows_no_more_than_it_is_told(shop, connector):
    tea = shop.article(stock=2, useGlobalOutOfStockThreshold=False, outOfStockThreshold=-10)
    assert shop.saleable(tea) == 12
    assert put(connector, {tea: 3}) == is_set(tea, 3)
    assert shop.saleable(tea) == 3


def test_a_variant_that_is_not_counted_is_left_out_and_refused(shop, connector):
    tea = shop.article(trackInventory="FALSE")
    assert [one for page in connector.shown_stock() for one in page if one.external_id == tea] == []
    (outcome,) = put(connector, {tea: 3})
    assert (outcome.is_set, outcome.error) == (False, stock.UNCOUNTED)


def test_stock_at_another_location_of_the_channel_counts(shop, connect):
    tea = shop.article(stock=5)
    annex = shop.make("StockLocation", name="Annex")
    try:
        connector = connect(location_id="1")
        shop.change(tea, stockLevels=[{"stockLocationId": annex, "stockOnHand": 2}])
        assert shop.saleable(tea) == 7
        assert put(connector, {tea: 4}) == is_set(tea, 4)
        assert shop.saleable(tea) == 4
    finally:
        shop.admin(
            "mutation($i: DeleteStockLocationInput!) { deleteStockLocation(input: $i) { result } }", i={"id": annex}
        )


# What happens between reading and writing


def writes(proxy):
    return sum(b'"operationName":"SetStock"' in body for body in proxy.heard)


def test_a_sale_between_reading_and_writing_is_not_overwritten(shop, connector, proxy):
    tea = shop.article(stock=50)
    proxy.interrupt("mutation SetStock", lambda: shop.buy({tea: 3}))
    assert put(connector, {tea: 10}) == is_set(tea, 10)
    assert (writes(proxy), shop.saleable(tea)) == (1, 7)


def test_a_sale_before_reading_is_overwritten(shop, connector):
    tea = shop.article(stock=50)
    shop.buy({tea: 3})
    assert put(connector, {tea: 10}) == is_set(tea, 10)
    assert shop.saleable(tea) == 10


def test_a_fulfilment_between_reading_and_writing_is_put_right(shop, connector, proxy, words):
    tea = shop.article(stock=50)
    told = parcel(shop, words, shop.buy({tea: 3}, state="Settled"))
    proxy.interrupt("mutation SetStock", lambda: connector.create_fulfilment(told, "key"))
    assert put(connector, {tea: 10}) == is_set(tea, 10)
    assert (writes(proxy), shop.saleable(tea)) == (2, 10)


def test_a_cancellation_between_reading_and_writing_is_put_right(shop, connector, proxy):
    tea = shop.article(stock=50)
    order = shop.buy({tea: 3}, state="Settled")
    proxy.interrupt("mutation SetStock", lambda: shop.cancel(order["id"]))
    assert put(connector, {tea: 10}) == is_set(tea, 10)
    assert (writes(proxy), shop.saleable(tea)) == (2, 10)


def test_without_the_second_look_a_fulfilment_would_leave_too_much_to_buy(shop, connector, proxy, words, monkeypatch):
    monkeypatch.setattr(stock, "ROUNDS", 1)
    tea = shop.article(stock=50)
    told = parcel(shop, words, shop.buy({tea: 3}, state="Settled"))
    proxy.interrupt("mutation SetStock", lambda: connector.create_fulfilment(told, "key"))
    assert put(connector, {tea: 10}) == [c.StockOutcome(external_id=tea, is_set=False, is_unknown=True)]
    assert shop.saleable(tea) == 13


def test_a_variant_that_is_deleted_in_between_fails_alone(shop, connector, proxy):
    tea, cup = shop.article(), shop.article()
    delete = "mutation($id: ID!) { deleteProductVariant(id: $id) { result } }"
    proxy.interrupt("mutation SetStock", lambda: shop.admin(delete, id=cup))
    first, second = put(connector, {tea: 10, cup: 10})
    assert (first, second.is_set, bool(second.error)) == (is_set(tea, 10)[0], False, True)
    assert shop.saleable(tea) == 10


# Parcels


@pytest.mark.parametrize("calls", [["", "cut"], ["", "", "cut"]], ids=["made", "moved"])
def test_a_parcel_whose_outcome_was_unknown_is_one_fulfilment(shop, connector, proxy, words, calls):
    tea = shop.article()
    order = shop.buy({tea: 2}, method="paypal", state="Settled")
    told = parcel(shop, words, order, "4000-1")
    proxy.told.extend(calls)
    with pytest.raises(errors.Transient):
        connector.create_fulfilment(told, "key")
    found = connector.find_fulfilment(told)
    receipt = connector.create_fulfilment(told, "key")
    assert found == (receipt if len(calls) == 3 else None)
    (one,) = shop.order(order["id"])["fulfillments"]
    assert (one["id"], one["state"], one["method"], one["trackingCode"]) == (
        receipt.external_id, "Shipped", "ヤマト運輸", "4000-1",
    )  # fmt: skip
    assert shop.order(order["id"])["state"] == "Shipped"
    assert shop.levels(tea) == (48, 0)


def test_a_parcel_that_the_staff_has_told_already_is_not_told_again(shop, connector, words):
    order = shop.buy({shop.article(): 2}, state="Settled")
    told = parcel(shop, words, order, "4000-2")
    arguments = [{"name": "method", "value": "by hand"}, {"name": "trackingCode", "value": "4000-2"}]
    made = shop.admin(
        "mutation($i: FulfillOrderInput!) { addFulfillmentToOrder(input: $i) { ... on Fulfillment { id } } }",
        i={
            "lines": [{"orderLineId": told.lines[0].line_external_id, "quantity": 2}],
            "handler": {"code": "manual-fulfillment", "arguments": arguments},
        },
    )  # fmt: skip
    assert connector.create_fulfilment(told, "key").external_id == made["id"]
    assert len(shop.order(order["id"])["fulfillments"]) == 1
