"""The keyboard of the staff UI: it goes where it says, keeps out of fields, and can be switched off."""

from playwright.sync_api import Page, expect

from tests.staff.builders import make_shop as make_staff_shop
from tests.staff.records import make_shop


def _cursor(page: Page) -> str:
    return page.locator("[data-rows] > [data-cursor] a").first.inner_text()


def test_letters_go_to_pages_and_rows(screen_of):
    make_shop(3)
    screen = screen_of("owner", language="en")
    page = screen.open("/orders/")

    page.keyboard.press("j")
    first = _cursor(page)
    page.keyboard.press("j")
    second = _cursor(page)
    page.keyboard.press("k")
    back = _cursor(page)
    page.keyboard.press("x")
    picked = page.locator("[data-rows] input:checked").count()
    page.keyboard.press("Escape")
    cleared = page.locator("[data-rows] input:checked").count()
    page.keyboard.press("g")
    page.keyboard.press("z")

    assert (first, second, back, picked, cleared) == ("KG-2", "KG-1", "KG-2", 1, 0)
    expect(page).to_have_url(f"{screen.address}/stock/")
    assert screen.complaints == []


def test_letters_typed_into_a_field_stay_letters(screen_of):
    page = screen_of("owner", language="en").open("/orders/")

    page.keyboard.press("/")
    page.keyboard.type("gz?x")

    expect(page.get_by_role("searchbox")).to_have_value("gz?x")
    expect(page.locator("dialog[open]")).to_have_count(0)


def test_an_input_method_that_is_composing_is_left_alone(screen_of):
    page = screen_of("owner", language="ja").open("/orders/")

    page.evaluate(
        "document.body.dispatchEvent(new KeyboardEvent('keydown', {key: '?', keyCode: 229, isComposing: true, bubbles: true}))"
    )

    expect(page.locator("dialog[open]")).to_have_count(0)


def test_letters_can_be_switched_off_and_stay_off(screen_of):
    screen = screen_of("owner", language="en")
    page = screen.open("/orders/")

    page.keyboard.press("?")
    page.get_by_label("Single-letter keys are on").uncheck()
    page.keyboard.press("Escape")
    screen.open("/orders/")
    page.keyboard.press("?")
    expect(page.locator("dialog[open]")).to_have_count(0)
    page.get_by_role("button", name="Keyboard").click()

    expect(page.get_by_label("Single-letter keys are on")).not_to_be_checked()


def test_a_number_says_why_it_is_what_it_is_and_gives_the_keyboard_back(screen_of):
    make_staff_shop(TEA=5)
    screen = screen_of("warehouse", language="en")
    page = screen.open("/stock/")
    number = page.get_by_role("link", name="5", exact=True).first

    number.focus()
    page.keyboard.press("Enter")
    expect(page.locator("dialog#why[open]")).to_contain_text("Left over")
    page.keyboard.press("Escape")

    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(number).to_be_focused()
    assert screen.complaints == []
