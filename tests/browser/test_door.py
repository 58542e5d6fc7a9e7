"""Signing in as a person does: by keyboard, on a phone, in either language."""

from allauth.mfa.totp.internal import auth as totp
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, WIDE
from tests.browser.looking import faults
from tests.staff.people import PASSWORD, make_person

EVERY_WAY = [(language, size) for language in ("ja", "en") for size in (WIDE, PHONE)]
STRANGERS = ("/", "/accounts/login/", "/accounts/inactive/", "/nowhere/")
OWN = ("/accounts/2fa/", "/accounts/password/", "/accounts/2fa/recovery-codes/generate/", "/accounts/logout/")


def test_pages_before_the_rail_are_in_order(screen_of):
    found, complaints = {}, []

    for role, paths in ((None, STRANGERS), ("owner", OWN)):
        for language, size in EVERY_WAY:
            screen = screen_of(role, language=language, size=size)
            for path in paths:
                page = screen.open(path)
                told = (page.get_attribute("html", "lang"), screen.overflow(), faults(page))
                found[path, language, size["width"]] = told
            complaints += [said for said in screen.complaints if said != "404 /nowhere/"]

    assert found == {key: (key[1], 0, []) for key in found}
    assert complaints == []


def test_language_is_switched_on_the_sign_in_page(screen_of):
    make_person("aoi", "owner")
    page = screen_of(language="ja").open("/")

    page.get_by_role("button", name="English").click()

    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_signs_in_enrols_and_signs_out_by_keyboard_alone(screen_of):
    make_person("aoi", "owner")
    screen = screen_of(language="en")
    page = screen.open("/")

    page.get_by_label("User name or e-mail address").focus()
    page.keyboard.type("aoi")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Set up your second factor")
    assert faults(page) == []
    page.get_by_text("Or type this key").click()
    secret = page.locator("details .code").inner_text()
    page.get_by_label("Code").fill(
        totp.format_hotp_value(totp.hotp_value(secret, next(iter(totp.yield_hotp_counters_from_time()))))
    )
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
    expect(page.locator(".codes li")).to_have_count(10)
    assert faults(page) == []
    assert screen.complaints == []


def test_a_wrong_password_is_said_where_the_person_is(screen_of):
    make_person("aoi", "owner")
    page = screen_of(language="en").open("/accounts/login/")

    page.get_by_label("User name or e-mail address").fill("aoi")
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")

    expect(page.get_by_role("alert")).to_have_text("Name and password do not go together.")
    expect(page.get_by_label("User name or e-mail address")).to_have_value("aoi")
