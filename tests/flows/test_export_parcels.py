"""Parcels go into files: each once, the same again where it is the same, and what does not fit stays with its reason."""

from dataclasses import replace
from datetime import timedelta

import pytest

from apps.core import clock
from apps.core.models import AuditEntry
from apps.flows import cancel_order, export_parcels, hold_order, mend_label, retention
from apps.flows.label_requests import orders_own
from apps.hub import contracts as c
from apps.orders.models import Order
from apps.shipping import queries as shipping
from apps.shipping.models import Parcel, Sheet, SheetRow, Shipment
from tests.flows.desk import Desk, open_desk_shop, rows_of, today
from tests.staff.builders import make_order, plan

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


@pytest.fixture
def opened():
    return open_desk_shop(CUP=100)


def planned(shop, **more):
    return plan(make_order(shop, ("CUP", 2), **({"method": "cod"} | more)))


def keys(exported) -> list[str]:
    return [row[0] for row in rows_of(export_parcels.content_of(exported.sheet))]


def test_a_parcel_waits_to_be_exported_and_no_label_is_bought(opened):
    shop, carrier = opened
    shipment = planned(shop)
    assert (shipment.carrier, shipment.status) == (carrier, "planned")
    assert [row.shipment_id for row in shipping.to_export([carrier.id])] == [shipment.id]


def test_the_program_takes_the_file_and_no_parcel_goes_twice(opened, desk):
    shop, carrier = opened
    first, second = planned(shop), planned(shop, method="free", shipping=0)
    exported = export_parcels.export(carrier, actor="hana")
    assert (exported.parcels, exported.is_again, exported.repeated, exported.faults) == (2, False, 0, ())
    assert keys(exported) == [f"{first.number}-1", f"{second.number}-1"]
    assert desk.register(export_parcels.content_of(exported.sheet))[:2] == (2, [])
    assert list(shipping.to_export([carrier.id])) == []
    again = export_parcels.export(carrier, actor="hana")
    assert (again.sheet, again.faults) == (None, ())


def test_cash_is_what_is_owed_with_the_tax_in_it(opened):
    shop, carrier = opened
    shipment = planned(shop)
    (row,) = rows_of(export_parcels.content_of(export_parcels.export(carrier, actor="hana").sheet))
    order = shipment.order
    assert (row[1], row[33], row[34], row[4]) == ("2", str(order.total_minor), str(order.tax_computed_minor), today())
    assert (order.total_minor, order.tax_computed_minor) == (2970, 270)


def test_cash_is_the_value_of_what_is_in_the_box_and_charges_go_with_the_first(opened):
    """Two parcels of one order never collect more than is owed."""
    shop, carrier = opened
    first = planned(shop)
    line = first.lines.get()
    line.quantity = 1
    line.save()
    second = Shipment.objects.create(
        order=first.order, location_ref=first.location_ref, number="S99999999", carrier=carrier,
        planned_at=first.planned_at + timedelta(hours=1),
    )  # fmt: skip
    second.lines.create(order_line=line.order_line, quantity=1)
    Parcel.objects.create(shipment=second, weight_g=100)
    rows = rows_of(export_parcels.content_of(export_parcels.export(carrier, actor="hana").sheet))
    assert [(row[33], row[34]) for row in rows] == [("1870", "170"), ("1100", "100")]


def test_the_customers_telephone_number_serves_where_the_address_has_none(opened):
    shop, carrier = opened
    shipment = planned(shop, phone="090-1234-4471")
    (row,) = rows_of(export_parcels.content_of(export_parcels.export(carrier, actor="hana").sheet))
    assert (row[8], shipment.order.ship_to.phone) == ("090-1234-4471", "")


def test_the_wish_of_the_order_is_on_the_slip(opened):
    shop, carrier = opened
    order = make_order(shop, ("CUP", 1), method="cod")
    day = clock.business_date() + timedelta(days=3)
    Order.objects.filter(id=order.id).update(wished_on=day, time_slot="1820")
    plan(order)
    (row,) = rows_of(export_parcels.content_of(export_parcels.export(carrier, actor="hana").sheet))
    assert (row[5], row[6]) == (f"{day:%Y/%m/%d}", "1820")


def test_the_same_parcels_again_on_the_same_day_are_the_same_file(opened):
    shop, carrier = opened
    shipments = [planned(shop) for _ in range(3)]
    first = export_parcels.export(carrier, actor="hana")
    chosen = [row.id for row in shipments]
    again = export_parcels.export(carrier, actor="taro", chosen=chosen)
    assert (again.sheet, again.is_again, again.repeated) == (first.sheet, True, 3)
    assert Sheet.objects.count() == 1


def test_some_of_them_again_are_another_file_that_says_so(opened):
    shop, carrier = opened
    shipments = [planned(shop) for _ in range(3)]
    export_parcels.export(carrier, actor="hana")
    one = export_parcels.export(carrier, actor="hana", chosen=[shipments[1].id])
    assert (keys(one), one.is_again, one.repeated, Sheet.objects.count()) == ([f"{shipments[1].number}-1"], False, 1, 2)


def test_a_parcel_with_a_fault_stays_and_the_others_go(opened):
    shop, carrier = opened
    bad = planned(shop, name="𠮷野 花子")
    good = planned(shop)
    exported = export_parcels.export(carrier, actor="hana")
    assert keys(exported) == [f"{good.number}-1"]
    assert [(one.reference, one.field, one.character, one.offered) for one in exported.faults] == [
        (f"{bad.number}-1", "name", "𠮷", "吉")
    ]
    assert [row.shipment_id for row in shipping.to_export([carrier.id])] == [bad.id]


def test_an_accepted_replacement_is_on_the_label_alone(opened):
    shop, carrier = opened
    bad = planned(shop, name="𠮷野 花子")
    written = replace(orders_own(bad), name="吉野 花子")
    assert mend_label.mend(bad.id, written, wished_on=None, time_slot="", service="", actor="hana") is True
    (row,) = rows_of(export_parcels.content_of(export_parcels.export(carrier, actor="hana").sheet))
    bad.refresh_from_db()
    assert (row[15], bad.ship_to.name, bad.order.ship_to.name) == ("吉野 花子", "吉野 花子", "𠮷野 花子")
    assert bad.ship_to.customer_id == bad.order.customer_id


def test_what_is_mended_after_its_export_waits_to_be_exported_again(opened):
    shop, carrier = opened
    shipment = planned(shop)
    export_parcels.export(carrier, actor="hana")
    same = orders_own(shipment)
    assert mend_label.mend(shipment.id, same, wished_on=None, time_slot="0812", service="", actor="hana") is True
    assert mend_label.mend(shipment.id, same, wished_on=None, time_slot="0812", service="", actor="hana") is False
    assert [row.shipment_id for row in shipping.to_export([carrier.id])] == [shipment.id]
    assert list(SheetRow.objects.values_list("is_void", flat=True)) == [True]
    (row,) = rows_of(export_parcels.content_of(export_parcels.export(carrier, actor="hana").sheet))
    assert row[6] == "0812"


def test_the_orders_own_address_again_needs_no_address_of_the_labels(opened):
    shop, _ = opened
    shipment = planned(shop)
    own = orders_own(shipment)
    for wanted in (replace(own, name="別の人"), own):
        mend_label.mend(shipment.id, wanted, wished_on=None, time_slot="", service="", actor="hana")
    shipment.refresh_from_db()
    assert shipment.ship_to is None


def test_a_label_that_is_there_is_not_mended(opened):
    shop, _ = opened
    shipment = planned(shop)
    Parcel.objects.filter(shipment=shipment).update(label_status="bought", tracking_number="1")
    with pytest.raises(mend_label.LabelIsThere):
        mend_label.mend(shipment.id, c.Address(name="x"), wished_on=None, time_slot="", service="", actor="hana")


def test_stopped_orders_wait(opened):
    shop, carrier = opened
    held, cancelled = planned(shop), planned(shop)
    hold_order.hold(held.order, reason="look", actor="hana")
    cancel_order.cancel(cancelled.order, actor="hana", reason="no")
    assert export_parcels.export(carrier, actor="hana").sheet is None


def test_settings_that_lack_something_stop_the_whole_file(opened):
    shop, carrier = opened
    planned(shop)
    carrier.settings = {}
    carrier.save()
    exported = export_parcels.export(carrier, actor="hana")
    assert (exported.sheet, {one.reference for one in exported.faults}) == (None, {""})
    assert {one.field for one in exported.faults} == {"customer_code", "contents"}


def test_looking_first_writes_nothing(opened):
    shop, carrier = opened
    planned(shop)
    parcels = list(shipping.unnumbered([carrier.id]).select_related("shipment__order__ship_to", "shipment__ship_to"))
    assert len(export_parcels.preview(carrier, parcels).references) == 1
    assert (Sheet.objects.count(), SheetRow.objects.count()) == (0, 0)


def test_an_export_is_a_deed_with_a_name(opened):
    shop, carrier = opened
    planned(shop)
    exported = export_parcels.export(carrier, actor="hana")
    entry = AuditEntry.objects.get(action="parcels.exported")
    assert (entry.actor, entry.detail) == ("hana", {"name": exported.sheet.name, "parcels": 1})


def test_the_bytes_are_sealed_and_their_time_ends(opened, settings):
    settings.CALL_DAYS = 60
    shop, carrier = opened
    planned(shop)
    sheet = export_parcels.export(carrier, actor="hana").sheet
    sheet.refresh_from_db()
    assert "高橋".encode("cp932") not in bytes(sheet.sealed)
    Sheet.objects.update(made_at=clock.now() - timedelta(days=61))
    while not retention.empty_old():
        pass
    sheet.refresh_from_db()
    assert export_parcels.content_of(sheet) is None
