"""A demo has no second factor, and therefore serves nobody but its own computer."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.staff.people import browser_of, make_person

HOME = {"REMOTE_ADDR": "127.0.0.1", "SERVER_NAME": "127.0.0.1"}


@pytest.fixture
def demo(settings) -> None:
    settings.IS_DEMO = True


@pytest.mark.django_db
@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize(
    "asking",
    [
        HOME,
        {"REMOTE_ADDR": "::1", "SERVER_NAME": "::1"},
        {"REMOTE_ADDR": "::ffff:127.0.0.1", "SERVER_NAME": "localhost"},
    ],
    ids=["v4", "v6", "mapped"],
)
def test_answers_its_own_computer(asking: dict[str, str]):
    assert Client(headers={"host": "localhost"}, **asking).get("/health/").status_code == 200


@pytest.mark.django_db
@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize(
    "asking",
    [
        HOME | {"REMOTE_ADDR": "192.168.1.20"},
        HOME | {"REMOTE_ADDR": "2001:db8::1"},
        HOME | {"REMOTE_ADDR": ""},
        HOME | {"SERVER_NAME": "0.0.0.0"},
        HOME | {"SERVER_NAME": "192.168.1.5"},
        HOME | {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        HOME | {"HTTP_FORWARDED": "for=127.0.0.1"},
    ],
    ids=["lan peer", "v6 peer", "no peer", "listens everywhere", "listens on the lan", "proxy", "proxy, new header"],
)
def test_refuses_everybody_else(asking: dict[str, str]):
    browser = Client(headers={"host": "localhost"}, **asking)

    assert [browser.get(path).status_code for path in ("/", "/health/", "/static/staff/kurogo.css")] == [403, 403, 403]


@pytest.mark.django_db
def test_an_installation_that_is_no_demo_answers_the_lan():
    assert Client(headers={"host": "localhost"}, REMOTE_ADDR="192.168.1.20").get("/health/").status_code == 200


@pytest.mark.django_db
@pytest.mark.usefixtures("demo")
def test_needs_no_second_factor_at_home():
    browser = browser_of(make_person("aoi", "owner"), gave_second_factor=False)

    assert browser.get(reverse("mfa_index"), headers={"host": "localhost"}, **HOME).status_code == 200


@pytest.mark.django_db
def test_the_second_factor_is_needed_at_home_where_there_is_no_demo():
    browser = browser_of(make_person("aoi", "owner"), gave_second_factor=False)

    assert browser.get(reverse("mfa_index"), headers={"host": "localhost"}, **HOME).status_code == 302
