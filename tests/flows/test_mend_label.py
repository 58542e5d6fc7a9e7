"""Who carries a parcel is a person's choice until a label is asked for; after that it stays with whoever was asked."""

import pytest

from apps.flows import announce, mend_label, wiring
from apps.hub.models import Delivery
from apps.orders.models import Order
from apps.shipping import queries as shipping
from apps.shipping.models import Parcel, SheetRow, Shipment
from tests.flows.desk import make_carrier, open_desk_shop
from tests.staff.builders import make_connection, make_order, make_shop, plan

pytestmark = pytest.mark.django_db


def tell():
    while announce.announce():
        pass


def asked() -> list[tuple[str, str]]:
    rows = Delivery.objects.filter(operation="label.buy").order_by("id")
    return list(rows.values_list("connection__connector", "status"))


@pytest.fixture
def shop():
    """ShipEngine is the older carrier, Yamato the younger."""
    return make_shop(CUP=100)


@pytest.fixture
def yamato(shop):
    return make_carrier(shop)


@pytest.fixture
def parcel(shop, yamato):
    return plan(make_order(shop, ("CUP", 1), method="cod"))


def given(parcel, carrier, service=""):
    made = mend_label.give([parcel.id], carrier, service=service, actor="hana")
    parcel.refresh_from_db()
    return [len(made.done), len(made.stay)]


def test_the_older_carrier_is_taken_where_nobody_chose(shop, yamato, parcel):
    assert parcel.carrier == shop.carrier
    assert wiring.carrier(shop.brand.id) == shop.carrier


def test_what_is_about_to_be_asked_stays(shop, yamato, parcel):
    """The fact lies there, and whoever announces it may have read the carrier already."""
    assert given(parcel, yamato) == [0, 1]
    assert parcel.carrier == shop.carrier


def test_what_was_asked_stays_until_the_call_is_given_up(shop, yamato, parcel):
    tell()
    assert (given(parcel, yamato), asked()) == ([0, 1], [("shipengine", "due")])
    Delivery.objects.update(status="dead")
    assert given(parcel, yamato, "nekopos") == [1, 0]
    assert (parcel.carrier, parcel.service) == (yamato, "nekopos")
    assert [row.shipment_id for row in shipping.to_export([yamato.id])] == [parcel.id]
    tell()
    assert asked() == [("shipengine", "dead")]


def test_a_seller_is_asked_once_and_not_a_second_time(shop, yamato, parcel):
    tell()
    Delivery.objects.update(status="dead")
    given(parcel, yamato)
    assert given(parcel, shop.carrier) == [0, 1]


def test_from_a_file_to_a_seller_asks_for_the_label():
    shop, yamato = open_desk_shop(CUP=10)
    parcel = plan(make_order(shop, ("CUP", 1), method="cod"))
    tell()
    assert (parcel.carrier, asked()) == (yamato, [])
    seller = make_connection(shop.brand, "shipengine", "ShipEngine")
    wiring.forget()
    assert given(parcel, seller) == [1, 0]
    tell()
    assert asked() == [("shipengine", "due")]


def test_a_parcel_with_a_label_stays(shop, yamato, parcel):
    tell()
    Delivery.objects.update(status="dead")
    Parcel.objects.update(label_status="bought")
    assert given(parcel, yamato) == [0, 1]


def test_what_has_left_is_not_given_to_anybody(shop, yamato, parcel):
    Shipment.objects.update(status="shipped")
    assert given(parcel, yamato) == [0, 0]


def test_another_service_after_an_export_is_exported_again():
    shop, yamato = open_desk_shop(CUP=10)
    parcel = plan(make_order(shop, ("CUP", 1), method="free", shipping=0))
    from_queue = [row.id for row in shipping.to_export([yamato.id])]
    SheetRow.objects.create(
        sheet=yamato.sheet_set.create(name="x", ship_on=Order.objects.get().placed_at.date(), made_at=parcel.planned_at),
        parcel=parcel.parcels.get(), number=1,
    )  # fmt: skip
    assert (len(from_queue), list(shipping.to_export([yamato.id]))) == (1, [])
    assert given(parcel, yamato, "compact") == [1, 0]
    assert [row.id for row in shipping.to_export([yamato.id])] == from_queue
