"""Files of carriers from the packing bench: what is exported, said and kept, and that nothing is replaced unseen."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from apps.core.models import AuditEntry
from apps.flows import export_parcels, ship_order
from apps.hub.models import Delivery, InboxEvent
from apps.shipping import packing
from apps.shipping.models import Parcel, Sheet, SheetRow, Shipment
from tests.flows.desk import CONTRACT, drain, make_carrier, numbers_file, open_desk_shop, rows_of
from tests.staff.builders import make_order, make_shop, plan

GOOD = "123456789013"


@pytest.fixture
def opened(db):
    return open_desk_shop(CUP=100)


@pytest.fixture
def carrier(opened):
    return opened[1]


@pytest.fixture
def browser(browser_as):
    return browser_as("warehouse")


def planned(opened, **more):
    return plan(make_order(opened[0], ("CUP", 1), **({"method": "cod"} | more)))


def at(name: str, *args: object) -> str:
    return reverse(f"staff:{name}", args=args)


def text(answer) -> str:
    return answer.content.decode()


# The list


def test_a_shop_without_such_a_carrier_sees_the_list_as_before(browser_as, db):
    shop = make_shop(CUP=5)
    plan(make_order(shop, ("CUP", 1), method="cod"))
    page = browser_as("warehouse").get(at("pack"))
    assert (page.context["by_file"], 'name="shipment"' in text(page)) == ([], False)


def test_the_list_says_where_each_parcel_stands(browser, opened, carrier):
    exported, new = planned(opened), planned(opened)
    export_parcels.export(carrier, actor="x", chosen=[exported.id])
    page = browser.get(at("pack"))
    assert [(row.id, row.slip) for row in page.context["page"].rows] == [(exported.id, "number"), (new.id, "export")]
    assert [(one["to_export"], one["exported"]) for one in page.context["by_file"]] == [(1, 1)]


def test_chosen_parcels_go_with_the_chosen_service(browser, opened, carrier):
    parcel = planned(opened)
    browser.post(at("pack_give"), {"to": f"{carrier.id}|compact", "shipment": [parcel.id, "nonsense"]})
    parcel.refresh_from_db()
    assert parcel.service == "compact"


@pytest.mark.parametrize("to", ["", "x|y", "{channel}|", "{carrier}|moon"])
def test_nobody_is_given_to_who_does_not_carry(browser, opened, carrier, to):
    parcel = planned(opened)
    told = to.format(channel=opened[0].channel.id, carrier=carrier.id)
    page = browser.post(at("pack_give"), {"to": told, "shipment": parcel.id}, follow=True)
    parcel.refresh_from_db()
    assert (parcel.carrier, parcel.service, "Choose a carrier." in text(page)) == (carrier, "", True)


def test_a_parcel_whose_label_is_asked_for_stays_and_that_is_said(browser_as, db):
    shop = make_shop(CUP=5)
    yamato = make_carrier(shop)
    parcel = plan(make_order(shop, ("CUP", 1), method="cod"))
    page = browser_as("warehouse").post(at("pack_give"), {"to": f"{yamato.id}|", "shipment": parcel.id}, follow=True)
    parcel.refresh_from_db()
    assert (parcel.carrier, f"{parcel.number} stay" in text(page)) == (shop.carrier, True)


# Exporting


def test_all_that_waits_is_exported_and_can_be_downloaded_as_it_was_made(browser, opened, carrier):
    good, bad = planned(opened), planned(opened, name="𠮷野")
    answer = browser.post(at("pack_export", carrier.id), {"what": "all"})
    sheet = Sheet.objects.get()
    assert answer.headers["Location"] == f"{at('pack_carrier', carrier.id)}?sheet={sheet.id}"
    page = browser.get(answer.headers["Location"])
    assert (page.context["made"].id, page.context["to_mend"], page.context["n_exported"]) == (sheet.id, 1, 1)
    assert [line["shipment"].id for line in page.context["waiting"]] == [bad.id]

    files = [browser.get(at("pack_sheet", sheet.id)) for _ in range(2)]
    assert files[0].content == files[1].content == export_parcels.content_of(sheet)
    assert [row[0] for row in rows_of(files[0].content)] == [f"{good.number}-1"]
    assert (files[0].headers["Content-Disposition"], files[0].headers["Cache-Control"]) == (
        f'attachment; filename="{sheet.name}"', "no-store",
    )  # fmt: skip
    assert AuditEntry.objects.filter(action="sheet.downloaded").count() == 2


def test_the_same_parcels_again_are_said_to_be_the_same_file(browser, opened, carrier):
    parcel = planned(opened)
    browser.post(at("pack_export", carrier.id), {"what": "all"})
    page = browser.post(at("pack_export", carrier.id), {"what": "chosen", "shipment": parcel.id}, follow=True)
    assert ("It was exported before; it is the same file." in text(page), Sheet.objects.count()) == (True, 1)


def test_a_part_of_an_earlier_file_is_said_to_be_printed_twice(browser, opened, carrier):
    parcels = [planned(opened) for _ in range(2)]
    browser.post(at("pack_export", carrier.id), {"what": "all"})
    page = browser.post(at("pack_export", carrier.id), {"what": "chosen", "shipment": parcels[0].id}, follow=True)
    assert ("throw its first slip away" in text(page), Sheet.objects.count()) == (True, 2)


@pytest.mark.parametrize(
    ("told", "words"),
    [({"what": "chosen"}, "Choose at least one parcel."), ({"what": "all"}, "Nothing was exported")],
)
def test_an_export_of_nothing_is_said(browser, carrier, told, words):
    answer = browser.post(at("pack_export", carrier.id), told)
    assert (answer.status_code, words in text(answer)) == (409, True)


def test_settings_that_lack_something_are_named(browser, opened, carrier):
    carrier.settings = CONTRACT | {"contents": ""}
    carrier.save()
    planned(opened)
    page = browser.get(at("pack_carrier", carrier.id))
    assert [(one.label, page.context["ready"]) for one in page.context["of_shop"]] == [("Contents", 0)]


def test_settings_that_do_not_fit_are_said(browser, opened, carrier):
    carrier.settings = {"customer_code": "12"}
    carrier.save()
    planned(opened)
    assert "The settings of this connection are wrong" in text(browser.get(at("pack_carrier", carrier.id)))
    assert browser.post(at("pack_export", carrier.id), {"what": "all"}).status_code == 409


def test_only_carriers_by_file_have_the_page(browser, opened):
    assert browser.get(at("pack_carrier", opened[0].channel.id)).status_code == 404


def test_a_file_past_its_time_is_gone(browser, opened, carrier):
    planned(opened)
    browser.post(at("pack_export", carrier.id), {"what": "all"})
    Sheet.objects.update(sealed=None)
    assert browser.get(at("pack_sheet", Sheet.objects.get().id)).status_code == 404


# Mending


def mend(browser, parcel, **told):
    said = {"service": "", "time_slot": "", "wished_on": ""} | told
    return browser.post(at("pack_label", parcel.id), said, follow=True)


def test_nothing_is_replaced_that_nobody_accepted(browser, opened):
    parcel = planned(opened, name="𠮷野 髙子")
    mend(browser, parcel)
    assert Shipment.objects.get(id=parcel.id).ship_to is None
    page = mend(browser, parcel, accept=["name:𠮷"])
    assert Shipment.objects.get(id=parcel.id).ship_to.name == "吉野 髙子"
    assert "Saved. 1 thing still keeps it from being exported." in text(page)
    page = mend(browser, parcel, accept=["name:髙"])
    assert (Shipment.objects.get(id=parcel.id).ship_to.name, f"{parcel.number} can be exported." in text(page)) == (
        "吉野 高子", True,
    )  # fmt: skip


def test_what_is_not_offered_cannot_be_accepted(browser, opened):
    parcel = planned(opened, name="김 花子")
    mend(browser, parcel, accept=["name:김", "line1:池", "name:花"])
    assert Shipment.objects.get(id=parcel.id).ship_to is None


def test_what_is_typed_goes_before_what_is_offered(browser, opened):
    parcel = planned(opened, name="𠮷野")
    mend(browser, parcel, name="よしの", accept=["name:𠮷"])
    assert Shipment.objects.get(id=parcel.id).ship_to.name == "よしの"


def test_a_service_and_hours_are_chosen(browser, opened, carrier):
    parcel = planned(opened)
    mend(browser, parcel, service="takkyubin:frozen", time_slot="1921", wished_on="2099-01-02")
    parcel.refresh_from_db()
    assert (parcel.service, parcel.time_slot, str(parcel.wished_on)) == ("takkyubin:frozen", "1921", "2099-01-02")


def test_a_day_that_is_none_is_said(browser, opened):
    parcel = planned(opened)
    answer = mend(browser, parcel, wished_on="2026-02-30")
    assert (answer.status_code, "The wished day is no day." in text(answer)) == (409, True)


def test_a_label_that_is_there_is_not_changed(browser, opened):
    parcel = planned(opened)
    Parcel.objects.filter(shipment=parcel).update(label_status="bought")
    answer = mend(browser, parcel, name="別の人")
    assert (answer.status_code, "Nothing was changed" in text(answer)) == (409, True)
    assert "disabled" in text(browser.get(at("pack_label", parcel.id)))


def test_what_the_customer_wrote_stands_beside_it(browser, opened):
    parcel = planned(opened, name="𠮷野 花子")
    mend(browser, parcel, accept=["name:𠮷"])
    page = text(browser.get(at("pack_label", parcel.id)))
    assert ('value="吉野 花子"' in page, "𠮷野 花子" in page) == (True, True)


# The box


def test_a_packed_box_is_closed_and_leaves_with_its_number(browser, opened, carrier):
    parcel, following = planned(opened), planned(opened)
    packing.scan(parcel.id, "CUP")
    answer = browser.post(at("pack_confirm", parcel.id))
    parcel.refresh_from_db()
    assert (parcel.status, parcel.leaves_by_itself) == ("planned", True)
    assert answer.headers["Location"] == at("pack_one", following.id)
    assert "leaves by itself when the carrier" in text(browser.get(at("pack_one", parcel.id)))
    assert Delivery.objects.count() == 0


def test_a_numbered_box_leaves_when_it_is_confirmed(browser, opened, carrier):
    parcel = planned(opened)
    packing.scan(parcel.id, "CUP")
    upload(browser, carrier, (f"{parcel.number}-1", GOOD))
    browser.post(at("pack_confirm", parcel.id))
    parcel.refresh_from_db()
    assert (parcel.status, ship_order.waits_for_number(parcel)) == ("shipped", False)


def test_a_number_that_came_at_the_same_moment_lets_the_box_leave_now(browser, opened, carrier, monkeypatch):
    parcel = planned(opened)
    packing.scan(parcel.id, "CUP")
    upload(browser, carrier, (f"{parcel.number}-1", GOOD))
    monkeypatch.setattr(ship_order, "waits_for_number", lambda shipment: True)
    browser.post(at("pack_confirm", parcel.id))
    parcel.refresh_from_db()
    assert parcel.status == "shipped"


# Numbers


def upload(browser, carrier, *pairs: tuple[str, str], name: str = "issued.csv"):
    file = SimpleUploadedFile(name, numbers_file(*pairs), content_type="text/csv")
    answer = browser.post(at("pack_upload", carrier.id), {"file": file})
    drain()
    return answer


def test_each_row_is_shown_with_what_became_of_it(browser, opened, carrier):
    parcels = [planned(opened) for _ in range(2)]
    keys = [f"{one.number}-1" for one in parcels]
    answer = upload(browser, carrier, (keys[0], GOOD), ("S1-1", GOOD), (keys[1], "123456789014"), ("", GOOD))
    page = browser.get(answer.headers["Location"])
    assert [(line["row"], line["words"], bool(line["doubt"])) for line in page.context["rows"]] == [
        (1, "number taken", False),
        (2, "No parcel of ours that goes with this carrier has this key.", False),
        (3, "number taken", True),
        (4, "A cell that must be filled is empty.", False),
    ]
    counted = [page.context[name] for name in ("n_taken", "n_left", "n_doubted", "n_aside")]
    assert counted == [2, 0, 1, 2]


def test_a_file_under_way_says_so_and_looks_again(browser, opened, carrier):
    file = SimpleUploadedFile("a.csv", numbers_file(("S1-1", GOOD)))
    answer = browser.post(at("pack_upload", carrier.id), {"file": file})
    page = browser.get(answer.headers["Location"])
    assert (page.context["is_under_way"], "hx-get" in text(page)) == (True, True)


def test_the_same_file_again_leads_to_the_same_page_and_says_so(browser, opened, carrier):
    pair = (f"{planned(opened).number}-1", GOOD)
    first = upload(browser, carrier, pair)
    again = upload(browser, carrier, pair, name="again.csv")
    page = browser.get(again.headers["Location"])
    assert (first.headers["Location"], "had come before" in text(page)) == (again.headers["Location"], True)


def test_a_file_that_is_none_is_said_with_its_reason(browser, carrier):
    file = SimpleUploadedFile("menu.pdf", b"%PDF-1.4")
    answer = browser.post(at("pack_upload", carrier.id), {"file": file})
    drain()
    page = text(browser.get(answer.headers["Location"]))
    assert ("Nothing of this file could be taken." in page, "お客様管理番号" in page) == (True, True)


def test_no_file_is_said(browser, carrier):
    assert browser.post(at("pack_upload", carrier.id)).status_code == 409


def test_another_notice_has_no_such_page(browser, opened):
    assert InboxEvent.objects.count() == 0
    assert browser.get(at("pack_numbers", opened[0].channel.id)).status_code == 404


def test_the_pages_stay_within_their_statements(browser, opened, carrier, django_assert_max_num_queries):
    for _ in range(5):
        planned(opened)
    browser.post(at("pack_export", carrier.id), {"what": "all"})
    for _ in range(5):
        planned(opened)
    with django_assert_max_num_queries(22):
        assert browser.get(at("pack_carrier", carrier.id)).status_code == 200
    with django_assert_max_num_queries(18):
        assert browser.get(at("pack")).status_code == 200
    assert SheetRow.objects.count() == 5
