"""The door: who gets in, in which language, how often, for how long, and what the browser is told to keep."""

import runpy
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from apps.core import clock
from apps.staff import accounts
from tests.staff.people import PASSWORD, browser_of, make_person

LOGIN = "/accounts/login/"


def _try(browser: Client, login: str, password: str):
    return browser.post(LOGIN, {"login": login, "password": password})


@pytest.mark.django_db
@pytest.mark.parametrize(("asked", "language"), [("en-GB,en;q=0.9", "en"), ("ja", "ja"), ("fr", "ja"), ("", "ja")])
def test_sign_in_page_follows_the_browsers_language(asked: str, language: str):
    make_person("aoi", "owner")
    page = Client().get("/", headers={"accept-language": asked}).content.decode()

    assert f'<html lang="{language}">' in page


@pytest.mark.django_db
def test_sign_in_page_can_switch_the_language():
    browser = Client(headers={"accept-language": "ja"})

    switched = browser.post(reverse("set_language"), {"language": "en", "next": LOGIN})

    assert switched.headers["Location"] == LOGIN
    assert '<html lang="en">' in browser.get(LOGIN).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("login", ["wako", "wako@example.com", "WAKO@example.com"])
def test_signs_in_by_name_and_by_mail_address(login: str):
    make_person("wako", "warehouse")

    assert _try(Client(), login, PASSWORD).headers["Location"] == "/"


@pytest.mark.django_db
def test_a_stranger_and_a_wrong_password_are_answered_alike(settings):
    make_person("wako", "warehouse")
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    answers = []

    for login in ("wako", "stranger", "stranger@example.com"):
        CountingHasher.counted = 0
        page = _try(Client(headers={"accept-language": "en"}), login, "wrong").content.decode()
        answers.append((page.split('role="alert"')[1].split("</div>")[0], CountingHasher.counted))

    assert answers == [answers[0]] * 3
    assert answers[0][1] > 0


class CountingHasher(Argon2PasswordHasher):
    """Argon2 that counts how often it works: equal work is equal time."""

    counted = 0

    def encode(self, password: str, salt: str) -> str:
        type(self).counted += 1
        return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        type(self).counted += 1
        return super().verify(password, encoded)


@pytest.mark.django_db
def test_five_wrong_passwords_lock_the_account_for_a_while():
    make_person("wako", "warehouse")
    browser = Client()
    for _attempt in range(5):
        assert _try(browser, "wako", "wrong").status_code == 200

    refused = _try(Client(), "wako", PASSWORD)
    cache.clear()  # the while has passed
    let_in = _try(Client(), "wako", PASSWORD)

    assert (refused.status_code, let_in.status_code) == (200, 302)


@pytest.mark.django_db
def test_nobody_signs_up_or_resets_a_password_by_mail():
    for path in ("signup/", "password/reset/", "email/", "confirm-email/", "social/signup/"):
        assert Client().get(f"/accounts/{path}").status_code == 404


@pytest.mark.django_db
def test_the_session_changes_its_key_at_sign_in():
    make_person("wako", "warehouse")
    browser = Client()
    browser.get(LOGIN)
    browser.session.save()  # a session a stranger may have planted
    session = browser.session
    session["planted"] = True
    session.save()
    before = session.session_key
    browser.cookies[settings.SESSION_COOKIE_NAME] = before

    _try(browser, "wako", PASSWORD)

    assert browser.session.session_key != before
    assert not Session.objects.filter(session_key=before).exists()


@pytest.mark.django_db
def test_a_person_switched_off_is_out_at_the_next_request_and_for_good():
    person = make_person("wako", "warehouse")
    browser = browser_of(person, gave_second_factor=False)
    assert browser.get(reverse("mfa_index")).status_code == 200

    get_user_model().objects.filter(pk=person.pk).update(is_active=False)
    out = browser.get(reverse("mfa_index"))
    get_user_model().objects.filter(pk=person.pk).update(is_active=True)
    still_out = browser.get(reverse("mfa_index"))

    assert [out.status_code, still_out.status_code] == [302, 302]
    assert Session.objects.count() == 0


@pytest.mark.django_db
def test_a_changed_password_ends_the_other_sessions():
    person = make_person("wako", "warehouse")
    browser = browser_of(person, gave_second_factor=False)

    person.set_password("six dry umbrellas")
    person.save()

    assert browser.get(reverse("mfa_index")).status_code == 302


@pytest.mark.django_db
def test_ending_sessions_ends_this_persons_and_no_others():
    wako, aoi = make_person("wako", "warehouse"), make_person("aoi", "warehouse")
    first, second, other = (browser_of(person, gave_second_factor=False) for person in (wako, wako, aoi))
    Session.objects.filter(session_key=second.session.session_key).update(expire_date=clock.wall() - timedelta(1))

    assert accounts.end_sessions(wako) == 1
    assert [browser.get(reverse("mfa_index")).status_code for browser in (first, other)] == [302, 200]


@pytest.mark.django_db
def test_cookies_are_not_for_scripts_nor_for_other_sites():
    make_person("wako", "warehouse")
    browser = Client()
    browser.get(LOGIN)
    _try(browser, "wako", PASSWORD)
    browser.post(reverse("set_language"), {"language": "en"})

    kept = {name: (morsel["httponly"], morsel["samesite"]) for name, morsel in browser.cookies.items()}

    assert kept == dict.fromkeys(("kurogo-session", "kurogo-csrf", "kurogo-language"), (True, "Lax"))


@pytest.mark.parametrize(
    ("address", "secure", "prefix"),
    [("https://kurogo.example", True, "__Host-"), ("http://localhost:8000", False, "kurogo-")],
)
def test_cookies_over_https_are_bound_to_the_host(monkeypatch, address: str, secure: bool, prefix: str):
    monkeypatch.setenv("PUBLIC_ADDRESS", address)

    read = runpy.run_path(str(settings.BASE_DIR / "config" / "settings.py"))

    assert read["SESSION_COOKIE_SECURE"] is read["CSRF_COOKIE_SECURE"] is secure
    assert (read["SESSION_COOKIE_NAME"], read["CSRF_COOKIE_NAME"]) == (f"{prefix}session", f"{prefix}csrf")
    assert read["CSRF_TRUSTED_ORIGINS"] == [address]
    assert (read["SECURE_HSTS_SECONDS"] > 0) is secure


def test_security_keys_never_work_over_plain_http():
    assert not hasattr(settings, "MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN")


@pytest.mark.django_db
def test_the_record_room_has_no_sign_in_of_its_own():
    response = Client().get(reverse("admin:login"))

    assert response.headers["Location"].startswith(reverse("account_login"))


@pytest.mark.django_db
def test_sign_in_leads_only_to_our_own_pages():
    make_person("wako", "warehouse")

    response = Client().post(f"{LOGIN}?next=https://evil.example/", {"login": "wako", "password": PASSWORD})

    assert response.headers["Location"] == "/"


@pytest.mark.django_db
def test_health_answers_everybody():
    assert Client().get(reverse("health")).json() == {"ok": True}
