"""A file of numbers: each row lands, or fails alone with its reason; the same file twice changes nothing."""

import pytest

from apps.flows import announce, cancel_order, export_parcels, hold_order, ship_order, take_numbers
from apps.hub.models import Delivery, FileRun, InboxEvent, SetAsideRow
from apps.shipping import packing
from apps.shipping.models import IssuedRow, Parcel, Shipment
from tests.flows.desk import Desk, drain, make_carrier, numbers_file, open_desk_shop
from tests.staff.builders import make_order, plan

pytestmark = pytest.mark.django_db
GOOD, OTHER, WRONG = "123456789013", "401234567893", "123456789014"


@pytest.fixture
def opened():
    return open_desk_shop(CUP=100)


@pytest.fixture
def parcels(opened):
    shop, carrier = opened
    made = [plan(make_order(shop, ("CUP", 1), method="cod")) for _ in range(3)]
    export_parcels.export(carrier, actor="hana")
    return made


def hand_in(carrier, *pairs, name="numbers.csv"):
    event, is_new = take_numbers.hand_in(carrier, name, numbers_file(*pairs), actor="hana")
    drain()
    event.refresh_from_db()
    return event, is_new


def numbers(parcels) -> list[str]:
    return list(Parcel.objects.filter(shipment__in=parcels).order_by("id").values_list("tracking_number", flat=True))


def outcomes() -> list[tuple[int, str, str, str]]:
    rows = IssuedRow.objects.order_by("run__started_at", "row")
    return list(rows.values_list("row", "outcome", "before", "doubt"))


def aside() -> list[tuple[int, str]]:
    return list(SetAsideRow.objects.order_by("run__started_at", "row").values_list("row", "reason"))


def pack(shipment: Shipment) -> None:
    packing.scan(shipment.id, "CUP")
    ship_order.leave_when_numbered(shipment)


def test_numbers_land_and_the_parcels_can_leave(opened, parcels):
    event, is_new = hand_in(
        opened[1], *((f"{one.number}-1", n) for one, n in zip(parcels, (GOOD, OTHER), strict=False))
    )
    assert (is_new, event.status, numbers(parcels)) == (True, "done", [GOOD, OTHER, ""])
    assert outcomes() == [(1, "landed", "", ""), (2, "landed", "", "")]
    states = Shipment.objects.order_by("id").values_list("status", flat=True)
    assert list(states) == ["labelled", "labelled", "planned"]
    parcel = Parcel.objects.get(tracking_number=GOOD)
    assert (parcel.carrier_name, parcel.label_status, parcel.cost_minor) == ("yamato", "bought", 0)
    assert parcel.tracking_url.endswith(GOOD)


def test_what_is_packed_leaves_with_its_number_and_the_channel_hears_it(opened, parcels):
    pack(parcels[0])
    assert ship_order.waits_for_number(parcels[0])
    hand_in(opened[1], (f"{parcels[0].number}-1", GOOD), (f"{parcels[1].number}-1", OTHER))
    assert list(Shipment.objects.order_by("id").values_list("status", flat=True)) == ["shipped", "labelled", "planned"]
    while announce.announce():
        pass
    calls = Delivery.objects.filter(subject__in=[one.id for one in parcels])
    assert [(row.operation, row.subject) for row in calls] == [("fulfilment.create", parcels[0].id)]


def test_a_box_that_was_opened_again_does_not_leave(opened, parcels):
    pack(parcels[0])
    packing.take_out(parcels[0].id, parcels[0].lines.get().id)
    hand_in(opened[1], (f"{parcels[0].number}-1", GOOD))
    assert Shipment.objects.get(id=parcels[0].id).status == "labelled"


def test_what_is_on_hold_keeps_its_number_and_stays(opened, parcels):
    pack(parcels[0])
    hold_order.hold(parcels[0].order, reason="look", actor="hana")
    hand_in(opened[1], (f"{parcels[0].number}-1", GOOD))
    assert (Shipment.objects.get(id=parcels[0].id).status, numbers(parcels)[0]) == ("labelled", GOOD)


def test_the_same_file_twice_changes_nothing_under_any_name(opened, parcels):
    pair = (f"{parcels[0].number}-1", GOOD)
    first, _ = hand_in(opened[1], pair)
    again, is_new = hand_in(opened[1], pair, name="other.csv")
    assert (again.id, is_new) == (first.id, False)
    assert (FileRun.objects.count(), len(outcomes())) == (1, 1)


def test_a_longer_file_with_the_same_rows_adds_the_new_ones_alone(opened, parcels):
    first, second = ((f"{one.number}-1", n) for one, n in zip(parcels, (GOOD, OTHER), strict=False))
    hand_in(opened[1], first)
    hand_in(opened[1], first, second)
    assert outcomes() == [(1, "landed", "", ""), (1, "same", "", ""), (2, "landed", "", "")]
    assert numbers(parcels) == [GOOD, OTHER, ""]


def test_a_wrong_check_digit_is_kept_and_doubted(opened, parcels):
    hand_in(opened[1], (f"{parcels[0].number}-1", WRONG), (f"{parcels[1].number}-1", "12345678901"))
    assert numbers(parcels) == [WRONG, "12345678901", ""]
    assert outcomes() == [(1, "landed", "", "check_digit"), (2, "landed", "", "odd_number")]
    assert aside() == []


def test_an_unknown_key_fails_alone_and_is_shown(opened, parcels):
    strange = [("X1", GOOD), ("S99999999-1", GOOD), (f"{parcels[0].number}-7", GOOD), ("", GOOD)]
    hand_in(opened[1], *strange, (f"{parcels[0].number}-1", OTHER))
    assert numbers(parcels) == [OTHER, "", ""]
    assert aside() == [(1, "unknown_parcel"), (2, "unknown_parcel"), (3, "unknown_parcel"), (4, "missing_value")]


def test_another_connections_parcel_is_unknown(opened, parcels):
    other = make_carrier(opened[0], "別の契約")
    hand_in(other, (f"{parcels[0].number}-1", GOOD))
    assert (aside(), numbers(parcels)) == ([(1, "unknown_parcel")], ["", "", ""])


def test_a_slip_that_was_printed_again_has_its_later_number(opened, parcels):
    key = f"{parcels[0].number}-1"
    hand_in(opened[1], (key, WRONG))
    hand_in(opened[1], (key, GOOD))
    assert (numbers(parcels)[0], outcomes()[1]) == (GOOD, (1, "replaced", WRONG, ""))
    hand_in(opened[1], (f"{parcels[1].number}-1", GOOD), (f"{parcels[1].number}-1", OTHER))
    assert (numbers(parcels)[1], outcomes()[3]) == (OTHER, (2, "replaced", GOOD, ""))


def test_a_parcel_that_has_left_keeps_its_number(opened, parcels):
    pack(parcels[0])
    key = f"{parcels[0].number}-1"
    hand_in(opened[1], (key, GOOD))
    hand_in(opened[1], (key, OTHER))
    assert (numbers(parcels)[0], aside()) == (GOOD, [(1, "has_left")])


def test_a_parcel_that_was_called_off_is_said_and_not_numbered(opened, parcels):
    cancel_order.cancel(parcels[0].order, actor="hana", reason="no")
    hand_in(opened[1], (f"{parcels[0].number}-1", GOOD))
    assert (numbers(parcels)[0], aside()) == ("", [(1, "called_off")])


def test_a_numbered_parcel_that_is_called_off_calls_nobody(opened, parcels):
    hand_in(opened[1], (f"{parcels[0].number}-1", GOOD))
    cancel_order.cancel(parcels[0].order, actor="hana", reason="no")
    while announce.announce():
        pass
    assert list(Delivery.objects.filter(operation="label.void")) == []


def test_a_file_that_is_none_is_set_aside_whole(opened):
    event, _ = take_numbers.hand_in(opened[1], "menu.pdf", b"%PDF-1.4", actor="hana")
    drain()
    event.refresh_from_db()
    assert (event.status, FileRun.objects.get().finished_at) == (InboxEvent.Status.SET_ASIDE, None)
    assert "お客様管理番号" in event.reason


def test_a_run_that_died_goes_on_and_takes_no_row_twice(opened, parcels, monkeypatch):
    monkeypatch.setattr("apps.flows.take_file.PIECE", 1)
    calls = []
    real = take_numbers.take

    def dies_at_the_second(issued, **more):
        calls.append(issued)
        if len(calls) == 2:
            raise RuntimeError("killed")
        return real(issued, **more)

    monkeypatch.setattr(take_numbers, "take", dies_at_the_second)
    pairs = [(f"{one.number}-1", n) for one, n in zip(parcels, (GOOD, OTHER), strict=False)]
    event, _ = hand_in(opened[1], *pairs)
    assert (event.status, numbers(parcels)) == ("set_aside", [GOOD, "", ""])
    InboxEvent.objects.update(status="new", done_at=None)
    drain()
    assert (numbers(parcels), outcomes()) == ([GOOD, OTHER, ""], [(1, "landed", "", ""), (2, "landed", "", "")])


def test_the_program_s_own_file_goes_all_the_way(opened, parcels, tmp_path):
    desk = Desk(tmp_path)
    sheet = opened[1].sheet_set.get()
    slips, refused, file = desk.register(export_parcels.content_of(sheet))
    take_numbers.hand_in(opened[1], "issued.csv", file, actor="hana")
    drain()
    assert (slips, refused) == (3, [])
    assert numbers(parcels) == [slip["number"] for slip in desk.slips()]
