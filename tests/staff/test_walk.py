"""Knock at every door without a key, and with half of one: none opens but those that are listed."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.staff.addresses import Address, every_address
from tests.staff.people import PASSWORD, browser_of, make_person

# What a stranger may see; each is nothing but a door.
OPEN = {
    ("staff:home", "GET"): 200,
    ("staff:home", "POST"): 405,
    ("staff:setup_owner", "GET"): 302,  # somebody lives here: it leads to the front door
    ("staff:setup_owner", "POST"): 302,
    ("account_login", "GET"): 200,
    ("account_login", "POST"): 200,  # the form again, with what is missing
    ("account_logout", "GET"): 302,
    ("account_logout", "POST"): 302,
    ("account_inactive", "GET"): 200,
    ("account_inactive", "POST"): 405,
    ("mfa_authenticate", "GET"): 302,
    ("mfa_authenticate", "POST"): 302,
    ("set_language", "GET"): 302,
    ("set_language", "POST"): 302,
    ("health", "GET"): 200,
    ("health", "POST"): 405,
    ("healthz", "GET"): 200,
    ("healthz", "POST"): 405,
    ("readyz", "GET"): 503,  # no worker has looked at the timetable
    ("readyz", "POST"): 405,
    ("metrics", "GET"): 403,  # for loopback or a token
    ("metrics", "POST"): 405,
}
# Programs bring a token instead of a session: tests/api/test_access.py knocks at their addresses.
FOR_PROGRAMS = {one.name for one in every_address() if one.name.startswith("api:")} - {"api:docs"}
# What a person may reach between the password and the second factor, beside those.
HALFWAY = {"mfa_activate_totp", "mfa_reauthenticate", "account_reauthenticate"}


def _for_people() -> list[Address]:
    return [one for one in every_address() if one.name not in FOR_PROGRAMS]


def _knock(browser: Client, **headers: str) -> dict[tuple[str, str, str], tuple[int, str]]:
    """(name, path, method) -> (status, where it sends to) for every address that does not answer as OPEN says.

    The door out is tried last: it ends the session.
    """
    found = {}
    for address in sorted(_for_people(), key=lambda address: address.name == "account_logout"):
        for method in ("GET", "POST"):
            response = browser.generic(method, address.path, headers=headers)
            if (address.name, method) in OPEN and response.status_code == OPEN[address.name, method]:
                continue
            found[address.name, address.path, method] = (response.status_code, response.headers.get("Location", ""))
    return found


def _everywhere(expected) -> dict[tuple[str, str, str], tuple[int, str]]:
    return {
        (address.name, address.path, method): expected(address, method)
        for address in _for_people()
        for method in ("GET", "POST")
        if (address.name, method) not in OPEN
    }


@pytest.mark.django_db
def test_a_stranger_is_sent_to_sign_in_from_every_address():
    make_person("somebody", "warehouse")
    login = reverse("account_login")

    found = _knock(Client())

    assert {key: (status, to.partition("?")[0]) for key, (status, to) in found.items()} == _everywhere(
        lambda address, method: (302, login)
    )


@pytest.mark.django_db
def test_a_part_loaded_by_htmx_is_refused_to_a_stranger():
    make_person("somebody", "warehouse")
    found = _knock(Client(), hx_request="true")

    assert found == _everywhere(lambda address, method: (403, ""))


@pytest.mark.django_db
def test_a_password_alone_opens_nothing_to_somebody_with_a_second_factor():
    make_person("aoi", "owner", is_enrolled=True)
    browser = Client()
    signed_in = browser.post(reverse("account_login"), {"login": "aoi", "password": PASSWORD})

    found = _knock(browser)

    public = {name for name, _method in OPEN}
    beyond = {key: (status, to.partition("?")[0]) for key, (status, to) in found.items() if key[0] not in public}
    assert signed_in.headers["Location"] == reverse("mfa_authenticate")
    assert beyond == _everywhere(lambda address, method: (302, reverse("account_login")))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("is_enrolled", "door"),
    [(False, "mfa_activate_totp"), (True, "mfa_reauthenticate")],
    ids=["to enrol", "to give it"],
)
def test_a_session_without_the_second_factor_opens_nothing_else(is_enrolled: bool, door: str):
    browser = browser_of(make_person("aoi", "owner", is_enrolled=is_enrolled), gave_second_factor=False)

    found = _knock(browser)

    reachable = HALFWAY | {name for name, _method in OPEN}
    beyond = {key: (status, to.partition("?")[0]) for key, (status, to) in found.items() if key[0] not in reachable}
    wanted = _everywhere(lambda address, method: (302, reverse(door)))
    assert beyond == {key: told for key, told in wanted.items() if key[0] not in HALFWAY}


@pytest.mark.django_db
def test_a_role_that_needs_no_second_factor_comes_in_with_a_password():
    browser = browser_of(make_person("wako", "warehouse"), gave_second_factor=False)

    assert browser.get(reverse("mfa_index")).status_code == 200


@pytest.mark.django_db
def test_a_person_without_any_role_needs_the_second_factor():
    browser = browser_of(make_person("nobody"), gave_second_factor=False)

    assert browser.get(reverse("mfa_index")).headers["Location"].startswith(reverse("mfa_activate_totp"))
