"""Confirming orders and telling of parcels: request built so, called so, answer parsed so, error parsed so."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from apps.connectors.rakuten import connector as connectors
from apps.connectors.rakuten import mapping_goods
from apps.hub import contracts as c
from apps.hub import errors
from tests.connectors.rakuten.orders import item, order, package
from tests.connectors.stand import line

NUMBER = order()["orderNumber"]
PARCEL = c.Fulfilment(
    reference="S-1", order_external_id=NUMBER, order_number=NUMBER, tracking_number="400012345678", carrier="ヤマト運輸",
    lines=(c.FulfilmentLine(line_external_id="11", sku="TEA-100", quantity=2),),
    shipped_at=datetime(2026, 11, 23, 16, 30, tzinfo=UTC),
)  # fmt: skip


def lines(*wanted):
    return tuple(c.FulfilmentLine(line_external_id=id, sku="", quantity=units) for id, units in wanted)


# Parcels


def test_the_request_is_built_so():
    assert mapping_goods.shipping(order(), PARCEL) == {
        "orderNumber": NUMBER,
        "BasketidModelList": [
            {
                "basketId": 501,
                "ShippingModelList": [
                    {
                        "deliveryCompany": "1001",
                        "shippingNumber": "400012345678",
                        "shippingDate": "2026-11-24",  # in Japan it is the next day already
                        "shippingDeleteFlag": 0,
                    }
                ],
            }
        ],
    }


def test_a_parcel_without_a_number_is_known_by_ours():
    told = mapping_goods.shipping(order(), replace(PARCEL, tracking_number="", carrier=""))
    (one,) = told["BasketidModelList"][0]["ShippingModelList"]
    assert (one["shippingNumber"], one["deliveryCompany"]) == ("S-1", "1000")


@pytest.mark.parametrize(
    ("wanted", "baskets"), [([("11", 1)], [501]), ([("12", 1)], [502]), ([("11", 2), ("12", 1)], [501, 502])]
)
def test_each_destination_hears_of_what_is_for_it(wanted, baskets):
    body = order(package(), package(item(itemDetailId=12, units=1), basketId=502))
    told = mapping_goods.shipping(body, replace(PARCEL, lines=lines(*wanted)))
    assert [one["basketId"] for one in told["BasketidModelList"]] == baskets


@pytest.mark.parametrize(
    ("facts", "wanted", "words"),
    [
        ({}, [("11", 3)], "fewer units were bought of line 11"),
        ({}, [("11", 1), ("99", 1)], "Rakuten knows no line 99 of it"),
        ({"orderProgress": 200}, [("11", 1)], "Rakuten takes no shipment at 200 楽天処理中"),
        ({"orderProgress": 900}, [("11", 1)], "Rakuten takes no shipment at 900 キャンセル確定"),
    ],
)
def test_what_cannot_be_told_is_said_with_the_order_s_number(facts, wanted, words):
    with pytest.raises(errors.Permanent, match=f"{NUMBER}: {words}"):
        mapping_goods.shipping(order(**facts), replace(PARCEL, lines=lines(*wanted)))


def test_it_is_called_after_the_order_was_looked_at_and_once(connector, place, release, draft_of, asked, stand):
    number = release(place(line("TEA", 3)).number)
    (tea,) = draft_of(number).lines
    parcel = replace(
        PARCEL, order_external_id=number, order_number=number,
        lines=(c.FulfilmentLine(line_external_id=tea.external_id, sku="TEA", quantity=3),),
    )  # fmt: skip
    stand.forget()
    receipt = connector.create_fulfilment(parcel, "key")
    assert connector.create_fulfilment(parcel, "key") == receipt
    assert [function for function, _body in asked()] == ["getOrder", "updateOrderShipping", "getOrder"]
    assert stand.told("rakuten/told")["fulfilments"][-1] == {
        "order": number, "number": "400012345678", "company": "1001", "date": "2026-11-24",
    }  # fmt: skip
    assert draft_of(number).raw_status == "500 発送済"


def test_the_answer_s_id_is_the_receipt_and_without_one_the_order_is_asked():
    assert mapping_goods.receipt(PARCEL, [{"shippingDetailId": 15420}]) == c.FulfilmentReceipt(
        reference="S-1", external_id="15420"
    )
    assert mapping_goods.receipt(PARCEL, [{"shippingDetailId": None}]) is None
    there = package(ShippingModelList=[{"shippingDetailId": 7, "shippingNumber": "400012345678"}])
    assert mapping_goods.shipped(order(there), PARCEL) == c.FulfilmentReceipt(reference="S-1", external_id="7")
    assert mapping_goods.shipped(order(there), replace(PARCEL, tracking_number="9")) is None


def test_a_refusal_is_said_in_rakuten_s_words(connector, place, release, draft_of, monkeypatch):
    number = release(place().number)
    body = connector._order(number)
    monkeypatch.setattr(mapping_goods, "packages", lambda _body: [body["PackageModelList"][0] | {"basketId": 1}])
    parcel = replace(PARCEL, order_external_id=number, order_number=number, lines=())
    with pytest.raises(errors.Permanent, match="basketIdの指定が不正です"):
        connector.create_fulfilment(parcel, "key")


# Confirming


def asks(*numbers):
    return [c.Confirmation(order_external_id=number, order_number=number) for number in numbers]


def test_progress_is_asked_first_and_only_what_waits_is_confirmed(connector, place, release, asked, stand):
    fresh, gone_on = place().number, release(place().number)
    stand.forget()
    connector.confirm_orders(asks(fresh, gone_on), "key")
    assert asked() == [
        ("getOrder", {"orderNumberList": [fresh, gone_on], "version": 7}),
        ("confirmOrder", {"orderNumberList": [fresh]}),
    ]


def test_where_all_has_gone_on_nothing_is_confirmed(connector, place, release, asked, stand):
    number = release(place().number)
    stand.forget()
    (outcome,) = connector.confirm_orders(asks(number), "key")
    assert (outcome.is_confirmed, [function for function, _body in asked()]) == (True, ["getOrder"])


def test_what_was_called_off_is_not_confirmed(connector, place, stand):
    number = place().number
    stand.told("rakuten/cancel", number=number)
    (outcome,) = connector.confirm_orders(asks(number), "key")
    assert (outcome.is_confirmed, outcome.error) == (False, "Rakuten has it at 900 キャンセル確定")


def test_an_order_whose_amounts_are_open_says_so(connector, place, stand):
    number = place().number
    stand.told("rakuten/leave_open", number=number)
    (outcome,) = connector.confirm_orders(asks(number), "key")
    assert (outcome.is_confirmed, outcome.error) == (
        False, "指定された注文番号は金額が未設定です。 ORDER_EXT_API_CONFIRM_ORDER_ERROR_105",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("message", "is_confirmed"),
    [
        ({"messageType": "INFO"}, True), ({"messageType": "WARNING"}, True),
        ({"messageType": "ERROR", "messageCode": "ORDER_EXT_API_CONFIRM_ORDER_ERROR_103"}, True),
        ({"messageType": "ERROR", "messageCode": "ORDER_EXT_API_CONFIRM_ORDER_ERROR_999"}, False), (None, False),
    ],
)  # fmt: skip
def test_a_message_is_read_so(message, is_confirmed):
    outcome = connectors._confirmed("1", 100, message)
    assert (outcome.is_confirmed, bool(outcome.error)) == (is_confirmed, not is_confirmed)
