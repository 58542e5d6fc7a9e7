"""Telling of parcels: request built so, called so, answer parsed so, error parsed so."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from apps.connectors.amazon import codes, mapping_goods
from apps.hub import contracts as c
from apps.hub import errors
from tests.connectors.amazon.conftest import line

AT = datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC)


@pytest.fixture
def parcel(place, draft):
    def packed(*lines, **facts):
        sale = place(*(lines or (line("TEA", 3),)), **facts)
        return c.Fulfilment(
            reference="KG-000123-1", order_external_id=sale.number, order_number=sale.number,
            lines=tuple(
                c.FulfilmentLine(line_external_id=one.external_id, sku=one.sku, quantity=one.quantity)
                for one in draft(sale.number).lines if one.kind == "item"
            ),
            tracking_number="400012345678", carrier="ヤマト運輸", shipped_at=AT,
        )  # fmt: skip

    return packed


def test_a_parcel_is_confirmed_with_its_number_carrier_and_items(stand, connector, parcel, asked):
    packed = parcel()
    stand.forget()
    receipt = connector.create_fulfilment(packed, "key")

    look, told = asked()
    assert look.query == {"includedData": "FULFILLMENT,PACKAGES,PAYMENT"}
    assert (told.method, told.path) == ("POST", f"/orders/v0/orders/{packed.order_external_id}/shipmentConfirmation")
    assert told.body == {
        "marketplaceId": "A1VC38T7YXB528",
        "packageDetail": {
            "packageReferenceId": receipt.external_id, "carrierCode": "YamatoTransport",
            "trackingNumber": "400012345678", "shipDate": "2026-11-23T01:02:03Z",
            "orderItems": [{"orderItemId": packed.lines[0].line_external_id, "quantity": 3}],
        },
    }  # fmt: skip
    assert (receipt.reference, receipt.external_id.isdigit(), int(receipt.external_id) > 0) == (
        "KG-000123-1",
        True,
        True,
    )


def test_the_parcel_s_number_is_ours_and_the_same_on_each_try():
    numbers = {mapping_goods.package_reference(f"KG-{n}") for n in range(2000)}
    assert (len(numbers), max(map(len, numbers)) <= 9) == (2000, True)
    assert mapping_goods.package_reference("KG-1") == mapping_goods.package_reference("KG-1")


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("ヤマト運輸", ("YamatoTransport", "")),
        ("Sagawa", ("SagawaExpress", "")),
        (" fedex ", ("FedEx", "")),
        ("日本郵便", ("Other", "日本郵便")),
        ("", ("Other", "")),
        ("Local Bike", ("BIKE", "")),
    ],
)
def test_carriers_go_by_amazon_s_codes_or_by_name(said, code):
    assert codes.carrier(said, {"local bike": "BIKE"}) == code


def test_a_parcel_without_number_or_carrier_names_itself(connector, parcel, asked):
    packed = replace(parcel(), tracking_number="", carrier="")
    connector.create_fulfilment(packed, "key")
    package = asked()[-1].body["packageDetail"]
    assert (package["trackingNumber"], package["carrierCode"], package["carrierName"]) == (
        "KG-000123-1",
        "Other",
        "Other",
    )


def test_what_was_paid_at_the_door_was_paid_to_the_merchant(connector, parcel, asked):
    connector.create_fulfilment(parcel(payment="cod"), "key")
    assert asked()[-1].body["codCollectionMethod"] == "DirectPayment"


def test_a_parcel_that_amazon_has_is_not_told_again(stand, connector, parcel, asked):
    packed = parcel()
    first = connector.create_fulfilment(packed, "key")
    stand.forget()
    assert (connector.create_fulfilment(packed, "key"), [ask.method for ask in asked()]) == (first, ["GET"])


def test_told_twice_all_the_same_it_is_one_parcel(stand, connector, parcel, monkeypatch):
    """As after an answer that never came while Amazon's own list lags behind: the number makes it the same parcel."""
    packed = parcel()
    monkeypatch.setattr(mapping_goods, "receipt", lambda *_: None)
    monkeypatch.setattr(mapping_goods, "missing_units", lambda *_: [])
    for _ in range(2):
        connector.create_fulfilment(packed, "key")
    told = [one for one in stand.told("amazon/told")["fulfilments"] if one["order"] == packed.order_number]
    assert [one["units"] for one in told] == [{"TEA": 3}]


def test_part_of_an_order_may_leave_and_amazon_says_so(connector, parcel, draft):
    packed = parcel(line("TEA", 3), line("CUP", 1))
    connector.create_fulfilment(replace(packed, lines=(replace(packed.lines[0], quantity=2),)), "key")
    assert draft(packed.order_external_id).raw_status == "PARTIALLY_SHIPPED"


def test_units_that_are_not_left_are_refused_before_anything_is_told(stand, connector, parcel, asked):
    packed = parcel()
    stranger = c.FulfilmentLine(line_external_id="999", sku="X", quantity=1)
    stand.forget()
    with pytest.raises(errors.Permanent) as caught:
        connector.create_fulfilment(replace(packed, lines=(*packed.lines, *packed.lines, stranger)), "key")

    item = packed.lines[0].line_external_id
    assert str(caught.value) == (
        f"{packed.order_number}: Amazon has not left 6 of item {item} (3 left), 1 of item 999 (0 left); it says UNSHIPPED"
    )
    assert [ask.method for ask in asked()] == ["GET"]


def test_amazon_s_own_refusal_is_told_with_the_order(stand, connector, parcel):
    packed = parcel()
    stand.told("amazon/cancel", number=packed.order_number)
    with pytest.raises(
        errors.Permanent, match=f"^{packed.order_number}: confirmShipment: Amazon answered 400: InvalidInput The order"
    ):
        connector.create_fulfilment(packed, "key")


def test_what_is_left_is_counted_where_amazon_does_not_say_it():
    order = {"orderItems": [{"orderItemId": "1", "quantityOrdered": 3, "fulfillment": {"quantityFulfilled": 1}}]}
    parcel = c.Fulfilment(
        reference="S", order_external_id="1", order_number="1", tracking_number="", carrier="", shipped_at=AT,
        lines=(c.FulfilmentLine(line_external_id="1", sku="", quantity=3),),
    )  # fmt: skip
    assert mapping_goods.missing_units(order, parcel) == ["3 of item 1 (2 left)"]
