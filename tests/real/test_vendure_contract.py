"""Our shape file says of the Admin API what a real server says of itself, and the facts in it are as the server has them."""

from datetime import timedelta

import pytest
from graphql import build_client_schema, get_introspection_query

from apps.connectors.vendure.codes import moment
from apps.connectors.vendure.documents import DOCUMENTS
from tests.contracts import shape
from tests.contracts.graphql_contract import drawn, faults_of
from tests.real.vendure_server import Caller, Refused

pytestmark = pytest.mark.real
SHAPE = shape.load("vendure")
DRAWN = ("types", "interfaces", "implements", "inputs", "directives", "unions")


@pytest.fixture
def schema(shop):
    told = shop.admin(get_introspection_query(descriptions=False))
    return build_client_schema({"__schema": told})


def updated(shop, id):
    return shop.order(id)["updatedAt"]


def between(shop, start, end):
    """Ids of orders whose change lies between two bounds, as the server compares."""
    window = {"filter": {"updatedAt": {"between": {"start": start, "end": end}}}, "take": 1000}
    found = shop.admin("query($o: OrderListOptions!) { orders(options: $o) { items { id } } }", o=window)
    return {one["id"] for one in found["items"]}


def test_our_documents_keep_to_the_server_s_schema(schema):
    assert faults_of(schema, DOCUMENTS) == []


def test_the_shape_says_what_the_server_s_schema_says(schema):
    assert drawn(schema, DOCUMENTS.values()) == {name: SHAPE[name] for name in DRAWN}


def test_our_words_are_the_server_s(schema):
    assert {name: sorted(schema.type_map[name].values) for name in SHAPE["words"]} == SHAPE["words"]


def test_the_clock_of_orders_ticks_in_whole_seconds(shop):
    order = shop.buy({shop.article(): 1}, state="Settled")
    assert updated(shop, order["id"]).endswith(".000Z")


def test_a_millisecond_early_a_window_says_the_same_however_a_second_is_kept(shop):
    """Texts are compared, and a change is kept with a fraction or without one: its own second may leave it out."""
    order = shop.buy({shop.article(): 1}, state="Settled")
    for act in (lambda id: None, shop.cancel):
        act(order["id"])
        at = updated(shop, order["id"])
        early = (moment(at) - timedelta(milliseconds=1)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        since = order["id"] in between(shop, early, "2999-01-01T00:00:00.000Z")
        until = order["id"] in between(shop, "2000-01-01T00:00:00.000Z", early)
        assert (since, until) == (True, False)


def test_a_sort_goes_by_the_schema_s_order_of_its_fields(schema):
    assert [name for name in schema.type_map["OrderSortParameter"].fields if name in ("id", "updatedAt")] == [
        "id",
        "updatedAt",
    ]


def test_a_refund_does_not_date_an_order_and_a_cancellation_does(shop):
    tea = shop.article()
    order = shop.buy({tea: 2}, state="Settled")
    at = updated(shop, order["id"])
    shop.refund(order["id"], 100)
    assert updated(shop, order["id"]) == at
    shop.wait_for_another_second(at)
    shop.cancel(order["id"], {tea: 1})
    assert updated(shop, order["id"]) > at


def test_a_key_is_refused_with_status_200_and_may_not_ask_who_it_is(shop):
    caller = Caller(shop.admin.url)
    caller.headers["vendure-api-key"] = "0123456789ab:wrong"
    with pytest.raises(Refused, match="not currently authorized"):
        caller("{ activeChannel { code } }")
    caller.headers["vendure-api-key"] = shop.key
    assert caller("{ activeChannel { code } }") == {"code": "__default_channel__"}
    with pytest.raises(Refused, match="not currently authorized"):
        caller("{ me { id } }")


def test_one_variant_that_is_not_there_undoes_the_whole_call(shop):
    tea = shop.article(stock=5)
    level = {"stockLevels": [{"stockLocationId": "1", "stockOnHand": 9}]}
    with pytest.raises(Refused, match="No ProductVariant with the id"):
        shop.admin(
            "mutation($i: [UpdateProductVariantInput!]!) { updateProductVariants(input: $i) { id } }",
            i=[{"id": tea, **level}, {"id": "999999", **level}],
        )
    assert shop.levels(tea) == (5, 0)


def test_a_list_takes_no_more_than_the_server_s_limit(shop):
    with pytest.raises(Refused, match="Cannot take more than 1000"):
        shop.admin("{ orders(options: {take: 1001}) { totalItems } }")


def test_amounts_have_two_decimals_for_yen_too(shop):
    told = shop.admin("{ globalSettings { serverConfig { moneyStrategyPrecision } } }")
    assert told["serverConfig"]["moneyStrategyPrecision"] == 2
