"""The main ways through a working day, as people go them: by keyboard at a desk, by thumb on a phone, by a scanner at the bench."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from apps.core import clock
from apps.flows import announce, hold_order, nights
from apps.hub.models import Connection, Delivery
from apps.orders.models import Order
from apps.reconciliation.models import Difference
from apps.shipping.models import Shipment
from tests.browser.conftest import PHONE, WIDE
from tests.staff.builders import make_delivery, make_difference, make_order, make_shop, make_variant, plan

DESK = reverse("staff:desk")


@pytest.fixture
def shop():
    shop = make_shop(TEA=100)
    make_variant(shop, "SOBA", 50, title="そば猪口", barcode="4901234500112")
    make_variant(shop, "MATCHA", 50, title="宇治抹茶 缶 100g", barcode="4901234500020")
    return shop


def test_an_order_is_found_by_keyboard_and_opened(screen_of, shop):
    for name in ("小林 真由美", "高橋 直子"):
        make_order(shop, ("TEA", 1), method="cod", name=name)
    wanted = Order.objects.get(customer__name="高橋 直子")
    page = screen_of("staff", language="ja").open(DESK)

    page.keyboard.press("/")
    page.keyboard.type("高橋")
    page.keyboard.press("Enter")
    expect(page.locator("#rows tr")).to_have_count(1)
    page.keyboard.press("j")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_contain_text(wanted.number)


def test_holds_are_released_by_keyboard_after_a_preview(screen_of, shop):
    for _ in range(3):
        hold_order.hold(make_order(shop, ("TEA", 1), method="cod"), reason="look", actor="tanaka")
    page = screen_of("staff", language="en").open(f"{DESK}?queue=held")

    for key in ("j", "x", "j", "x"):
        page.keyboard.press(key)
    expect(page.locator("[data-picked]")).to_have_text("2 orders picked ¥3,740")
    page.keyboard.press("r")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", level=2)).to_have_text("Release the holds of 2 orders?")
    expect(dialog).to_contain_text("What leaves the house")
    is_held_meanwhile = Order.objects.filter(is_held=True).count()
    page.keyboard.press("Enter")

    expect(page.locator("#toast")).to_contain_text("Released 2 orders.")
    expect(page.locator("#rows tr")).to_have_count(1)
    assert (is_held_meanwhile, Order.objects.filter(is_held=True).count()) == (3, 1)


def test_a_dialog_is_left_without_a_trace(screen_of, shop):
    hold_order.hold(make_order(shop, ("TEA", 1), method="cod"), reason="look", actor="tanaka")
    page = screen_of("staff", language="en").open(f"{DESK}?queue=held")

    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("t")
    page.get_by_role("dialog").get_by_role("link", name=re.compile("Leave it")).click()

    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator("#rows input:checked")).to_have_count(1)


def test_a_tag_without_a_name_is_refused_in_the_dialog(screen_of, shop):
    make_order(shop, ("TEA", 1), method="cod")
    page = screen_of("staff", language="en").open(f"{DESK}?queue=ready")
    page.get_by_role("checkbox").nth(1).check()

    page.get_by_role("button", name="Tag").click()
    page.get_by_role("dialog").get_by_role("button", name="Tag 1 order").click()

    expect(page.get_by_role("dialog")).to_contain_text("Give the tag a name")
    expect(page.get_by_role("dialog").get_by_label("Tag", exact=True)).to_be_focused()


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_an_order_is_shipped_from_its_page_through_the_bench(screen_of, shop, size: dict[str, int]):
    order = make_order(shop, ("TEA", 2), ("SOBA", 1), method="cod")
    screen = screen_of("staff", language="en", size=size)
    page = screen.open(reverse("staff:order", args=[order.id]))

    page.get_by_role("button", name="Ship it").click()
    expect(page.get_by_role("dialog")).to_contain_text("ShipEngine sells 1 label")
    page.get_by_role("button", name="Plan the parcel").click()
    page.get_by_role("link", name="Pack it").click()
    expect(page.locator("input[data-scan]")).to_be_focused()
    for code in ("TEA", "4901234500020"):
        page.keyboard.type(code)  # a wedge scanner types into the field that has the focus, and waits for nobody
        page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Wrong item. Do not pack it.")
    expect(page.get_by_role("button", name="Confirm shipment")).to_be_disabled()
    for code in ("4901234500112", "tea"):
        page.keyboard.type(code)
        page.keyboard.press("Enter")
    expect(page.get_by_text("3 of 3 units")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    page.keyboard.press("F10")

    expect(page.locator("#toast")).to_contain_text("has left the house")
    assert Shipment.objects.get().status == "shipped"
    assert screen.complaints == []


def test_a_scan_that_does_not_arrive_is_said_loudly(screen_of, shop):
    shipment = plan(make_order(shop, ("TEA", 2), method="cod"))
    page = screen_of("warehouse", language="en", size=PHONE).open(reverse("staff:pack_one", args=[shipment.id]))
    page.context.set_offline(True)

    page.keyboard.type("TEA")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("did not reach Kurogo")
    page.context.set_offline(False)
    page.keyboard.type("TEA")
    page.keyboard.press("Enter")

    expect(page.get_by_text("1 of 2 units")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_unit_is_taken_out_again(screen_of, shop):
    shipment = plan(make_order(shop, ("TEA", 2), method="cod"))
    page = screen_of("warehouse", language="en", size=PHONE).open(reverse("staff:pack_one", args=[shipment.id]))

    page.keyboard.type("TEA")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Take one 品 TEA out again").click()

    expect(page.get_by_text("0 of 2 units")).to_be_visible()


def test_the_night_is_run_now_and_watched(screen_of, shop):
    Connection.objects.update(connector="gone")  # nobody is called
    page = screen_of("accountant", language="en").open(reverse("staff:night"))

    page.get_by_role("button", name="Run tonight’s reconciliation now").click()
    expect(page.locator("#runs")).to_contain_text("0 / 5")
    while announce.announce():
        pass
    for _ in range(6):  # a worker's looks: one leg each
        nights.run_due("test")

    expect(page.locator("#runs")).to_contain_text("done", timeout=15_000)
    expect(page.get_by_role("link", name="Show it")).to_be_visible()


def test_a_difference_docks_beside_the_list_and_is_accepted_with_a_reason(screen_of, shop):
    day = clock.business_date().isoformat()
    make_difference(shop.channel, "stock_drift", day, evidence={"sku": "TEA", "ours": 3, "theirs": 5})
    screen = screen_of("accountant", language="en")
    page = screen.open(reverse("staff:night_of", args=[day]))

    page.get_by_role("link", name=re.compile("shows another number")).click()
    panel = page.locator("#panel")
    expect(panel.get_by_role("heading", level=2)).to_be_visible()
    assert page.url.endswith(f"/night/{day}/")
    panel.get_by_role("button", name="Accept the difference").click()
    expect(panel.get_by_role("alert")).to_contain_text("The reason is missing.")
    panel.get_by_label("Let it stand, because").fill("counted by hand")
    panel.get_by_role("button", name="Accept the difference").click()

    expect(page.locator("#toast")).to_contain_text("Accepted.")
    assert Difference.objects.get().note == "counted by hand"


def test_on_a_phone_a_difference_is_a_page_of_its_own(screen_of, shop):
    day = clock.business_date().isoformat()
    row = make_difference(shop.channel, "stock_drift", day, evidence={"sku": "TEA", "ours": 3, "theirs": 5})
    page = screen_of("accountant", language="en", size=PHONE).open(reverse("staff:night_of", args=[day]))

    page.get_by_role("link", name=re.compile("shows another number")).click()

    expect(page).to_have_url(re.compile(f"{row.id}/$"))
    expect(page.get_by_role("button", name="Accept the difference")).to_be_visible()


def test_a_call_that_waits_is_found_and_sent_again(screen_of, shop):
    order = make_order(shop, ("TEA", 1), method="cod")
    row = make_delivery(
        shop.channel, "fulfilment.create", order=order, status="waiting", tries=("refused",), reason="12 digits"
    )
    page = screen_of("staff", language="en").open(reverse("staff:connections"))

    page.get_by_role("link", name=f"Report of the shipment {order.number}").click()
    page.get_by_role("button", name="Send it again").click()

    expect(page.locator("#toast")).to_contain_text("It is being sent again.")
    assert Delivery.objects.get(id=row.id).status == "due"


def test_a_body_is_shown_on_demand(screen_of, shop):
    order = make_order(shop, ("TEA", 1), method="cod")
    make_delivery(shop.channel, "fulfilment.create", order=order, tries=("sent",))
    page = screen_of("staff", language="en").open(reverse("staff:order", args=[order.id]))

    page.get_by_role("link", name="Show the body").click()

    expect(page.get_by_text("past its retention")).to_be_visible()


def test_the_printed_page_of_an_order_is_the_delivery_slip(screen_of, shop):
    order = make_order(shop, ("TEA", 2), method="cod", name="高橋 直子")
    page = screen_of("staff", language="ja").open(reverse("staff:order", args=[order.id]))

    page.emulate_media(media="print")

    expect(page.locator(".sheet")).to_be_visible()
    expect(page.locator("main")).to_be_hidden()
    expect(page.locator(".sheet .to")).to_have_text("高橋 直子 様")


def test_new_orders_wait_until_they_are_asked_for(screen_of, shop):
    make_order(shop, ("TEA", 1), method="cod")
    page = screen_of("staff", language="en").open(f"{DESK}?queue=new")
    page.evaluate("document.querySelector('#fresh').setAttribute('hx-trigger', 'look'); htmx.process(document.body)")
    make_order(shop, ("TEA", 1), method="cod")

    page.evaluate("htmx.ajax('GET', document.querySelector('#fresh').getAttribute('hx-get'), '#fresh')")
    expect(page.locator("#fresh")).to_contain_text("1 new order")
    expect(page.locator("#rows tr")).to_have_count(1)
    page.keyboard.press("n")

    expect(page.locator("#rows tr")).to_have_count(2)
