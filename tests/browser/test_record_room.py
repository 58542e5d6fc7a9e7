"""The record room in a browser: its scripts run under its policy, forms save, a phone shows every page whole."""

from playwright.sync_api import expect

from apps.core.models import Brand
from apps.hub.models import Connection
from tests.browser.conftest import PHONE, WIDE
from tests.browser.looking import faults
from tests.staff.records import make_shop

PAGES = (
    "/admin/", "/admin/orders/order/", "/admin/hub/connection/", "/admin/hub/connection/add/",
    "/admin/hub/connection/add/?connector=shopify", "/admin/catalog/variant/add/", "/admin/auth/user/",
    "/admin/ledger/postingrule/add/", "/admin/core/brand/",
)  # fmt: skip


def test_pages_fit_and_their_scripts_run(screen_of):
    make_shop(2)
    found, complaints = {}, []

    for language, size in (("ja", WIDE), ("en", PHONE)):
        screen = screen_of("owner", language=language, size=size)
        for path in PAGES:
            page = screen.open(path)
            page.wait_for_load_state("networkidle")
            found[path, language] = (page.get_attribute("html", "lang"), screen.overflow(), faults(page))
        complaints += screen.complaints

    assert found == {key: (key[1], 0, []) for key in found}
    assert complaints == []


def test_a_connection_is_set_up_by_its_form(screen_of):
    Brand.objects.create(code="aoba", name="Aobado")
    screen = screen_of("owner", language="en")
    page = screen.open("/admin/hub/connection/add/")

    page.get_by_role("link", name="Stripe").click()
    page.get_by_label("Brand").select_option(label="Aobado")
    page.get_by_label("Name").fill("Cards")
    page.get_by_label("API base").fill("https://1.1.1.1")
    page.get_by_label("API key").fill("sk_test_the_canary_0001")
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.locator("#result_list").get_by_role("link", name="Cards")).to_be_visible()
    assert [c.name for c in Connection.objects.all()] == ["Cards"]
    assert screen.complaints == []


def test_a_variant_finds_its_product_by_sku(screen_of):
    make_shop(2)
    screen = screen_of("owner", language="en")
    page = screen.open("/admin/catalog/variant/add/")

    page.locator(".select2-selection").first.click()
    page.keyboard.type("TEA-1")
    page.get_by_role("option", name="Tea 1").click()

    expect(page.locator(".select2-selection__rendered").first).to_contain_text("Tea 1")
    assert screen.complaints == []
