"""A shelf is counted with a phone and a wedge scanner: each code adds one, the field keeps the focus, nothing is lost."""

from django.urls import reverse
from playwright.sync_api import expect

from apps.inventory import stocktakes
from apps.inventory.stocktakes import Plan
from tests.browser.conftest import PHONE
from tests.browser.looking import faults
from tests.staff.builders import make_shop, make_variant


def test_a_shelf_is_counted_by_a_wedge_scanner_on_a_phone(screen_of):
    shop = make_shop(TEA=7391)
    soba = make_variant(shop, "SOBA", 50, title="そば猪口 藍染付 松竹梅", barcode="4901234500112")
    sheet = stocktakes.open_sheet(Plan(location=shop.location), actor="hana")
    screen = screen_of("warehouse", language="ja", size=PHONE)
    page = screen.open(reverse("staff:stocktake", args=[sheet.id]))
    field, tally = page.locator("#code"), page.locator(".tally")
    expect(field).to_be_focused()

    for _ in range(3):
        page.keyboard.type("4901234500112\n")
    expect(tally).to_have_text("3")
    page.keyboard.press("F9")
    expect(tally).to_contain_text("2")
    expect(field).to_be_focused()
    page.locator(".tally-bar input[name=units]").fill("48")
    page.locator(".tally-bar input[name=units]").press("Enter")
    expect(tally).to_have_text("48")
    page.locator("h1").click()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.type("4909999999994\n")
    expect(page.locator("#rows")).to_contain_text("4909999999994")
    expect(field).to_be_focused()

    assert [sheet.lines.get(level__variant=soba).counted, sheet.strays.get().code] == [48, "4909999999994"]
    assert ("7391" in page.content(), screen.overflow(), screen.complaints, faults(page)) == (False, 0, [], [])
