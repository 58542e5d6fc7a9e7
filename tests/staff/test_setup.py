"""Moving in: who may, what each page keeps, what it refuses, and that a set-up which was left is taken up again."""

import threading

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client

from apps.core import clock, first_run, place
from apps.core.models import AuditEntry, Brand, Company
from apps.inventory.models import Location
from apps.staff import roles
from tests.staff.people import browser_of, make_person

ACCOUNT = {
    "username": "hanako",
    "email": "hanako@example.com",
    "password1": "five wet umbrellas",
    "password2": "five wet umbrellas",
}
COMPANY = {
    "name": "黒子商店", "country": "JP", "time_zone": "Asia/Tokyo", "currency": "JPY",
    "registration_number": "T1180301018771", "address": "東京都台東区上野1-2-3", "phone": "03-0000-0000", "order_prefix": "KG-",
}  # fmt: skip
BRAND = {"name": "黒子", "code": "main", "locale": "ja", "mail_from": ""}
LOCATION = {
    "name": "上野倉庫", "code": "WH1", "sender": "黒子商店", "postal_code": "110-0005", "region": "東京都", "city": "台東区",
    "line1": "上野1-2-3", "line2": "", "phone": "03-0000-0000",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _place_is_forgotten():
    place.forget()
    yield
    place.forget()


def _code() -> str:
    return first_run.code(settings.SECRET_KEY)


def _owner() -> Client:
    return browser_of(make_person("owner1", "owner"))


@pytest.mark.django_db
def test_an_empty_house_leads_to_the_first_account() -> None:
    visitor = Client()
    assert visitor.get("/").headers["Location"] == "/setup/owner/"
    assert visitor.get("/setup/owner/").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("code", ["x", "0" * 24, "é"])
def test_without_the_code_nobody_becomes_owner(code: str) -> None:
    answer = Client().post("/setup/owner/", ACCOUNT | {"code": code})
    assert answer.status_code == 403
    assert not get_user_model().objects.exists()


@pytest.mark.django_db
def test_the_first_person_is_an_owner_and_must_enrol_a_second_factor() -> None:
    browser = Client()
    answer = browser.post("/setup/owner/", ACCOUNT | {"code": _code()})
    assert answer.headers["Location"] == "/setup/"
    person = get_user_model().objects.get()
    assert (person.username, person.is_superuser, roles.may(person, "settings.manage")) == ("hanako", False, True)
    assert browser.get("/setup/").headers["Location"] == "/accounts/2fa/totp/activate/?next=%2Fsetup%2F"
    assert AuditEntry.objects.get(action="person.first_owner").actor == "hanako"


@pytest.mark.django_db
def test_the_door_is_shut_behind_the_first() -> None:
    make_person("someone", "warehouse")
    for answer in (
        Client().get(f"/setup/owner/?code={_code()}"),
        Client().post("/setup/owner/", ACCOUNT | {"code": _code()}),
    ):
        assert answer.headers["Location"] == "/"
    assert get_user_model().objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"password2": "another one entirely"}, "password2"),
        ({"password1": "short", "password2": "short"}, "password1"),
        ({"email": "nobody"}, "email"),
        ({"username": "a b"}, "username"),
    ],
)
def test_what_is_mistyped_is_said_beside_its_field(change: dict[str, str], field: str) -> None:
    answer = Client().post("/setup/owner/", ACCOUNT | {"code": _code()} | change)
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == [field]
    assert not get_user_model().objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_press_at_once_one_is_the_owner() -> None:
    barrier = threading.Barrier(2)

    def press(name: str) -> None:
        browser = Client()
        barrier.wait()
        browser.post("/setup/owner/", ACCOUNT | {"code": _code(), "username": name})
        connection.close()

    both = [threading.Thread(target=press, args=(name,)) for name in ("ume", "take")]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert get_user_model().objects.count() == 1


@pytest.mark.django_db
def test_the_steps_follow_one_another_and_a_left_one_is_taken_up() -> None:
    Company.objects.all().delete()
    owner = _owner()
    assert owner.get("/").headers["Location"] == "/setup/"
    assert owner.post("/setup/company/", COMPANY).headers["Location"] == "/setup/brand/"
    assert owner.post("/setup/location/", LOCATION).headers["Location"] == "/setup/tax/"  # out of order is no harm
    assert owner.get("/").headers["Location"] == "/setup/"
    assert owner.post("/setup/brand/", BRAND).headers["Location"] == "/setup/tax/"
    assert owner.get("/").headers["Location"] == "/orders/"
    assert owner.post("/setup/tax/", {"rounding": "down"}).headers["Location"] == "/connections/new/"
    company, location = Company.objects.get(), Location.objects.get()
    assert (company.name, company.registration_number, company.country) == ("黒子商店", "T1180301018771", "JP")
    assert company.tax_checked_at is not None
    assert (Brand.objects.get().code, location.is_default) == ("main", True)
    assert location.ship_from == {
        "name": "黒子商店", "country": "JP", "postal_code": "110-0005", "region": "東京都", "city": "台東区",
        "line1": "上野1-2-3", "phone": "03-0000-0000",
    }  # fmt: skip


@pytest.mark.django_db
def test_a_mistyped_registration_number_keeps_what_was_typed() -> None:
    answer = _owner().post("/setup/company/", COMPANY | {"registration_number": "T1180301018772"})
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == ["registration_number"]
    assert "黒子商店" in answer.content.decode()
    assert not Company.objects.exists()


@pytest.mark.django_db
def test_the_shops_days_are_counted_by_the_zone_that_was_chosen() -> None:
    _owner().post(
        "/setup/company/",
        COMPANY | {"country": "GB", "time_zone": "Europe/London", "currency": "GBP", "registration_number": ""},
    )
    assert (clock.shop_zone().key, place.country()) == ("Europe/London", "GB")


@pytest.mark.django_db
def test_country_and_zone_are_chosen_once() -> None:
    owner = _owner()
    owner.post("/setup/company/", COMPANY)
    owner.post("/setup/company/", COMPANY | {"country": "GB", "time_zone": "Europe/London", "name": "黒子"})
    company = Company.objects.get()
    assert (company.name, company.country, company.time_zone) == ("黒子", "JP", "Asia/Tokyo")
