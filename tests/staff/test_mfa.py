"""The second factor: enrolled before anything else opens, asked for at every sign-in, each code good for one use."""

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from apps.core import crypto
from tests.staff.people import PASSWORD, browser_of, make_person


def _sign_in(name: str) -> Client:
    browser = Client(headers={"accept-language": "en"})
    browser.post(reverse("account_login"), {"login": name, "password": PASSWORD})
    return browser


def _code(secret: str, *, step: int = 0) -> str:
    now = next(iter(totp.yield_hotp_counters_from_time()))
    return totp.format_hotp_value(totp.hotp_value(secret, now + step))


def _enrol(browser: Client) -> tuple[str, list[str]]:
    """The secret and the recovery codes, as the person sees them."""
    page = browser.get(reverse("mfa_activate_totp")).content.decode()
    secret = re.search(r'<p class="code" translate="no">(\w+)</p>', page).group(1)
    done = browser.post(reverse("mfa_activate_totp"), {"code": _code(secret)})
    shown = browser.get(done.headers["Location"]).content.decode()
    return secret, re.findall(r"<li>(\d{8})</li>", shown)


@pytest.mark.django_db
def test_enrolment_opens_the_house_and_shows_recovery_codes_once():
    make_person("aoi", "owner")
    browser = _sign_in("aoi")
    shut = browser.get(reverse("mfa_index"))

    _secret, codes = _enrol(browser)

    again = browser.get(reverse("mfa_view_recovery_codes")).content.decode()
    assert shut.headers["Location"].startswith(reverse("mfa_activate_totp"))
    assert len(codes) == 10
    assert browser.get(reverse("mfa_index")).status_code == 200
    assert not any(code in again for code in codes)


@pytest.mark.django_db
def test_a_wrong_code_enrols_nothing():
    make_person("aoi", "owner")
    browser = _sign_in("aoi")
    browser.get(reverse("mfa_activate_totp"))

    assert browser.post(reverse("mfa_activate_totp"), {"code": "000000"}).status_code == 200
    assert Authenticator.objects.count() == 0


@pytest.mark.django_db
def test_the_code_is_asked_for_at_the_next_sign_in_and_opens_the_house():
    make_person("aoi", "owner")
    secret, _codes = _enrol(_sign_in("aoi"))
    cache.clear()  # enrolment has used up this half minute's code

    browser = _sign_in("aoi")
    shut = browser.get(reverse("mfa_index"))
    given = browser.post(reverse("mfa_authenticate"), {"code": _code(secret)})

    assert shut.headers["Location"].startswith(reverse("account_login"))
    assert given.headers["Location"] == "/"
    assert browser.get(reverse("mfa_index")).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("step", [-1, 1])
def test_a_code_of_another_half_minute_is_refused(step: int):
    make_person("aoi", "owner")
    secret, _codes = _enrol(_sign_in("aoi"))

    assert _sign_in("aoi").post(reverse("mfa_authenticate"), {"code": _code(secret, step=step)}).status_code == 200


@pytest.mark.django_db
def test_a_code_is_good_for_one_use():
    make_person("aoi", "owner")
    secret, _codes = _enrol(_sign_in("aoi"))
    cache.clear()

    first = _sign_in("aoi").post(reverse("mfa_authenticate"), {"code": _code(secret)})
    second = _sign_in("aoi").post(reverse("mfa_authenticate"), {"code": _code(secret)})

    assert (first.status_code, second.status_code) == (302, 200)


@pytest.mark.django_db
def test_a_recovery_code_is_good_for_one_use():
    make_person("aoi", "owner")
    _secret, codes = _enrol(_sign_in("aoi"))

    first = _sign_in("aoi").post(reverse("mfa_authenticate"), {"code": codes[0]})
    second = _sign_in("aoi").post(reverse("mfa_authenticate"), {"code": codes[0]})

    assert (first.status_code, second.status_code) == (302, 200)


@pytest.mark.django_db
def test_codes_cannot_be_guessed_at_leisure():
    make_person("aoi", "owner")
    secret, _codes = _enrol(_sign_in("aoi"))
    cache.clear()
    browser = _sign_in("aoi")
    for _attempt in range(5):
        browser.post(reverse("mfa_authenticate"), {"code": "000000"})

    assert browser.post(reverse("mfa_authenticate"), {"code": _code(secret)}).status_code == 200


@pytest.mark.django_db
def test_a_post_without_a_code_is_answered_with_a_page():
    make_person("aoi", "owner", is_enrolled=True)

    assert _sign_in("aoi").post(reverse("mfa_authenticate"), {}).status_code == 200


@pytest.mark.django_db
def test_the_secret_is_sealed_at_rest():
    make_person("aoi", "owner")
    secret, _codes = _enrol(_sign_in("aoi"))

    kept = [str(factor.data) for factor in Authenticator.objects.all()]

    assert len(kept) == 2
    assert not any(secret in text for text in kept)
    assert (
        crypto.sealed_with(bytes.fromhex(Authenticator.objects.get(type="totp").data["secret"]))
        == crypto.primary_key_id()
    )


@pytest.mark.django_db
def test_a_forgotten_factor_shuts_the_session_that_gave_it():
    person = make_person("aoi", "owner")
    browser = browser_of(person)
    assert browser.get(reverse("mfa_index")).status_code == 200

    Authenticator.objects.filter(user=person).delete()

    assert browser.get(reverse("mfa_index")).headers["Location"].startswith(reverse("mfa_activate_totp"))


@pytest.mark.django_db
def test_a_factor_enrolled_elsewhere_does_not_open_a_session_that_never_gave_it():
    person = make_person("aoi", "owner")
    thief = browser_of(person, gave_second_factor=False)

    _enrol(_sign_in("aoi"))

    assert thief.get(reverse("mfa_index")).headers["Location"].startswith(reverse("mfa_reauthenticate"))
