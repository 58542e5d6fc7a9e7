"""Telling of parcels: request built so, called so, answer parsed so, error parsed so."""

from dataclasses import replace

import msgspec
import pytest

from apps.connectors.shopify import mapping_fulfilment
from apps.connectors.shopify.connector import ShopifyConnector
from apps.core import clock
from apps.hub import contracts as c
from apps.hub import errors
from tests.connectors.shopify.conftest import CONNECTION
from tests.connectors.stand import line

PARCEL = c.Fulfilment(
    reference="S-1", order_external_id="1", order_number="#1001", tracking_number="400012345678", carrier="ヤマト運輸",
    lines=(c.FulfilmentLine(line_external_id="11", sku="TEA", quantity=3),), shipped_at=clock.wall(),
)  # fmt: skip


def fulfilment_order(*lines, id=7, status="OPEN", location="70001", actions=("CREATE_FULFILLMENT",)):
    return {
        "id": f"gid://shopify/FulfillmentOrder/{id}",
        "status": status,
        "fulfillAt": "2026-12-24T00:00:00Z",
        "supportedActions": [{"action": action} for action in actions],
        "fulfillmentHolds": [{"displayReason": "住所が正しくありません"}] if status == "ON_HOLD" else [],
        "assignedLocation": {"name": "東京倉庫", "location": {"id": f"gid://shopify/Location/{location}"}},
        "lineItems": {
            "nodes": [
                {
                    "id": f"gid://shopify/FulfillmentOrderLineItem/{id}{number}",
                    "remainingQuantity": left,
                    "lineItem": {"id": f"gid://shopify/LineItem/{number}"},
                }
                for number, left in lines
            ]
        },
    }


def order(*nodes, cancelled=None, fulfilments=()):
    return {"cancelledAt": cancelled, "fulfillmentOrders": {"nodes": list(nodes)}, "fulfillments": list(fulfilments)}


def told(number, *, id=5, status="SUCCESS"):
    return {"id": f"gid://shopify/Fulfillment/{id}", "status": status, "trackingInfo": [{"number": number}]}


def test_the_request_is_built_so():
    found = order(fulfilment_order((11, 2), (12, 1)), fulfilment_order((11, 4), id=8))
    spread = mapping_fulfilment.spread(PARCEL, found, location="gid://shopify/Location/70001")
    parcel = replace(PARCEL, tracking_url="https://example.jp/400012345678")
    assert spread.moves == []
    assert mapping_fulfilment.fulfilment_input(parcel, spread.places) == {
        "lineItemsByFulfillmentOrder": [
            {
                "fulfillmentOrderId": "gid://shopify/FulfillmentOrder/7",
                "fulfillmentOrderLineItems": [{"id": "gid://shopify/FulfillmentOrderLineItem/711", "quantity": 2}],
            },
            {
                "fulfillmentOrderId": "gid://shopify/FulfillmentOrder/8",
                "fulfillmentOrderLineItems": [{"id": "gid://shopify/FulfillmentOrderLineItem/811", "quantity": 1}],
            },
        ],
        "notifyCustomer": False,
        "trackingInfo": {
            "number": "400012345678",
            "company": "ヤマト運輸",
            "url": "https://example.jp/400012345678",
        },
    }


def test_it_is_called_after_the_order_was_looked_at(connector, place, asked):
    sale, id = place(line("TEA", 3))
    event = connector.fetch_order(id)
    (draft,) = connector.read(event.topic, event.raw)
    parcel = replace(
        PARCEL, order_external_id=id, order_number=sale.number,
        lines=(c.FulfilmentLine(line_external_id=draft.lines[0].external_id, sku="TEA", quantity=3),),
    )  # fmt: skip
    receipt = connector.create_fulfilment(parcel, "key")
    again = connector.create_fulfilment(parcel, "key")
    assert [name for name, _ in asked()] == ["Order", "Fulfilments", "CreateFulfilment", "Fulfilments"]
    assert (again, receipt.reference) == (receipt, "S-1")


def test_an_order_of_many_lines_is_looked_at_whole(connector, place, asked):
    sale, id = place(*[line(f"SKU{number}", 1) for number in range(300)])
    event = connector.fetch_order(id)
    (draft,) = connector.read(event.topic, event.raw)
    parcel = replace(
        PARCEL, order_external_id=id, order_number=sale.number,
        lines=tuple(c.FulfilmentLine(line_external_id=one.external_id, sku=one.sku, quantity=1) for one in draft.lines),
    )  # fmt: skip
    connector.create_fulfilment(parcel, "key")
    assert [name for name, _ in asked()][2:] == ["Fulfilments", "FulfilmentLines", "CreateFulfilment"]


def test_an_answer_is_parsed_so():
    for number, found in (("400012345678", c.FulfilmentReceipt(reference="S-1", external_id="5")), ("4", None)):
        assert mapping_fulfilment.fulfilment_of(order(fulfilments=[told("1", id=4), told(number)]), PARCEL) == found


def test_a_parcel_without_a_tracking_number_is_known_by_ours():
    parcel = replace(PARCEL, tracking_number="")
    spread = mapping_fulfilment.spread(parcel, order(fulfilment_order((11, 3), location="4")), location="")
    wanted = mapping_fulfilment.fulfilment_input(parcel, spread.places)
    assert wanted["trackingInfo"]["number"] == "S-1"
    assert mapping_fulfilment.fulfilment_of(order(fulfilments=[told("S-1")]), parcel).external_id == "5"


def test_a_fulfilment_that_was_called_off_does_not_count():
    for status in ("CANCELLED", "ERROR", "FAILURE"):
        assert (
            mapping_fulfilment.fulfilment_of(order(fulfilments=[told("400012345678", status=status)]), PARCEL) is None
        )


@pytest.mark.parametrize(
    ("node", "cancelled", "words"),
    [
        (fulfilment_order((11, 2)), None, "1 of line 11; they are not open there"),
        (
            fulfilment_order((11, 3), status="ON_HOLD"), None,
            "3 of line 11; Shopify holds them back (住所が正しくありません): release the hold there",
        ),
        (fulfilment_order((11, 3), status="SCHEDULED"), None, "they are scheduled for 2026-12-24T00:00:00Z"),
        (fulfilment_order((11, 0), status="CLOSED"), None, "their fulfilment order is closed there"),
        (fulfilment_order((11, 0), status="CANCELLED"), None, "their fulfilment order was cancelled there"),
        (fulfilment_order((11, 0), status="INCOMPLETE"), None, "closed there as incomplete"),
        (fulfilment_order((11, 3), status="DREAMING"), None, "their fulfilment order is dreaming"),
        (fulfilment_order((11, 3), status="CANCELLED"), "2026-11-23T00:00:00Z", "the order was cancelled there"),
        (
            fulfilment_order((11, 3), location="4"), None,
            "Shopify has assigned them to 東京倉庫 and does not let them be moved",
        ),
    ],
)  # fmt: skip
def test_an_error_is_parsed_so(node, cancelled, words):
    with pytest.raises(errors.Permanent) as caught:
        mapping_fulfilment.spread(PARCEL, order(node, cancelled=cancelled), location="70001")
    assert str(caught.value).endswith(words)


def test_a_refusal_of_the_shop_is_permanent(connector, stand, place):
    sale, id = place(line("TEA", 3))
    stand.told("shopify/cancel", number=sale.number)
    with pytest.raises(errors.Permanent, match="cancelled there"):
        connector.create_fulfilment(replace(PARCEL, order_external_id=id, order_number=sale.number), "key")


# Fulfilment orders at other locations


@pytest.fixture
def parcel_of(connector, place):
    """Somebody has bought three of one and one of another; the parcel that holds all of it."""

    def pack(number="400012345678"):
        sale, id = place(line("TEA", 3), line("CUP", 1))
        event = connector.fetch_order(id)
        (draft,) = connector.read(event.topic, event.raw)
        lines = tuple(
            c.FulfilmentLine(line_external_id=one.external_id, sku=one.sku, quantity=one.quantity)
            for one in draft.lines
        )
        return replace(PARCEL, order_external_id=id, order_number=sale.number, tracking_number=number, lines=lines)

    return pack


@pytest.fixture
def left(stand):
    def fulfilments(parcel):
        found = stand.told("shopify/told")["fulfilments"]
        return [(one["units"], one["location"]) for one in found if one["order"] == parcel.order_number]

    return fulfilments


def moves(asked):
    return [said for name, said in asked() if name == "MoveFulfilment"]


def test_the_request_to_move_is_built_so():
    elsewhere = fulfilment_order((11, 5), id=8, location="4", actions=("CREATE_FULFILLMENT", "MOVE"))
    spread = mapping_fulfilment.spread(PARCEL, order(elsewhere, fulfilment_order((11, 1))), location="70001")
    ((move,), (here,)) = spread.moves, spread.places
    assert here["fulfillmentOrderLineItems"] == [{"id": "gid://shopify/FulfillmentOrderLineItem/711", "quantity": 1}]
    assert move.variables("70001") == {
        "id": "gid://shopify/FulfillmentOrder/8",
        "location": "gid://shopify/Location/70001",
        "lines": [{"id": "gid://shopify/FulfillmentOrderLineItem/811", "quantity": 2}],
    }


def test_nothing_is_moved_where_not_everything_can_leave():
    movable = fulfilment_order((11, 2), id=8, location="4", actions=("MOVE",))
    with pytest.raises(errors.Permanent, match="1 of line 11; Shopify holds them back"):
        mapping_fulfilment.spread(PARCEL, order(movable, fulfilment_order((11, 1), status="ON_HOLD")), location="70001")


def test_what_is_assigned_elsewhere_is_moved_and_leaves_from_here(connector, stand, asked, parcel_of, left):
    parcel = parcel_of()
    stand.told("shopify/fulfilment_order", number=parcel.order_number, location=70002)
    receipt = connector.create_fulfilment(parcel, "key")
    names = [name for name, _ in asked()][1:]
    assert names == ["Fulfilments", "MoveFulfilment", "Fulfilments", "CreateFulfilment"]
    assert connector.create_fulfilment(parcel, "key") == receipt
    assert left(parcel) == [({"TEA": 3, "CUP": 1}, "70001")]


def test_only_the_units_that_left_are_moved(connector, stand, asked, parcel_of, left):
    """Two of three at another location; the parcel holds two of them, one of which is at ours."""
    parcel = parcel_of()
    stand.told("shopify/fulfilment_order", number=parcel.order_number, location=70002, units={"TEA": 2})
    tea = replace(parcel, lines=(replace(parcel.lines[0], quantity=2),))
    connector.create_fulfilment(tea, "key")
    assert [[one["quantity"] for one in said["lines"]] for said in moves(asked)] == [[1]]
    rest = replace(parcel, tracking_number="2", lines=(replace(parcel.lines[0], quantity=1), parcel.lines[1]))
    connector.create_fulfilment(rest, "key-2")
    assert left(parcel) == [({"TEA": 2}, "70001"), ({"TEA": 1, "CUP": 1}, "70001")]


@pytest.mark.parametrize("fault", ["failed", "html", "cut"])
@pytest.mark.parametrize("turn", [1, 3])
def test_whatever_goes_wrong_at_a_move_a_repeat_does_nothing_twice(
    connector, stand, asked, parcel_of, left, misbehave, fault, turn
):
    """The move (or the fulfilment after it) takes effect or not, and its answer never comes."""
    parcel = parcel_of()
    stand.told("shopify/fulfilment_order", number=parcel.order_number, location=70002, units={"TEA": 2})
    for what in (*[""] * turn, fault):
        misbehave(what)
    with pytest.raises(errors.Transient) as caught:
        connector.create_fulfilment(parcel, "key")
    connector.create_fulfilment(parcel, "key")
    assert (caught.value.sent, left(parcel)) == (True, [({"TEA": 3, "CUP": 1}, "70001")])
    assert len(moves(asked)) == (2 if turn == 1 and fault != "cut" else 1)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"location": 70002, "is_pinned": True}, "assigned them to Osaka store and does not let them be moved"),
        ({"status": "ON_HOLD", "hold": "Address wrong"}, r"holds them back \(Address wrong\)"),
        ({"location": 70002, "status": "ON_HOLD", "hold": "Address wrong"}, "holds them back"),
        ({"status": "SCHEDULED"}, "they are scheduled for 2026-12-24"),
        ({"status": "CLOSED"}, "their fulfilment order is closed there"),
    ],
)
def test_what_may_not_leave_is_said_and_nothing_is_moved(connector, stand, asked, parcel_of, left, facts, words):
    parcel = parcel_of()
    stand.told("shopify/fulfilment_order", number=parcel.order_number, **facts)
    with pytest.raises(errors.Permanent, match=words):
        connector.create_fulfilment(parcel, "key")
    assert (moves(asked), left(parcel)) == ([], [])


def test_a_refusal_to_move_is_said_with_the_location_s_name(parcel_of, stand, settings_of_shop, left):
    """Our location is gone from the shop: the move that it let itself be asked for is refused."""
    parcel = parcel_of()
    gone = ShopifyConnector(msgspec.structs.replace(settings_of_shop, location_id="4"), CONNECTION)
    with pytest.raises(errors.Permanent, match="not moved from Main warehouse: The location could not be found"):
        gone.create_fulfilment(parcel, "key")
    assert left(parcel) == []
