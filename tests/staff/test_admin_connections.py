"""Connections are set up by a form of their connector's settings; secrets go in sealed and never come out."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from apps.core.models import AuditEntry, Brand
from apps.hub import connections
from apps.hub.models import Connection, Credential
from tests.staff.people import browser_of, make_person

SignIn = Callable[[str], Client]
ADD = reverse("admin:hub_connection_add")
SECRET = "sk_test_the_canary_0001"
THERE = "https://8.8.8.8"  # public addresses are by number, so that no name server is asked


@pytest.fixture
def brand(db: None) -> Brand:
    return Brand.objects.create(code="aoba", name="Aobado")


def _stripe(brand: Brand, **more: object) -> dict[str, object]:
    return {
        "brand": str(brand.pk), "name": "Stripe", "silent_after_hours": "26", "setting_api_base": "https://1.1.1.1",
        "setting_order_reference_key": "order_number", "setting_konbini_days": "3", "secret_api_key": SECRET,
    } | more  # fmt: skip


def _change(connection: Connection) -> str:
    return reverse("admin:hub_connection_change", args=[connection.pk])


def test_first_the_connector_is_chosen(browser_as: SignIn):
    page = browser_as("owner").get(ADD).content.decode()

    assert [f"?connector={slug}" in page for slug in ("stripe", "shopify", "csv")] == [True, True, True]


def test_the_form_has_a_field_for_every_setting_and_none_shows_a_secret(browser_as: SignIn, brand: Brand):
    page = browser_as("owner").get(f"{ADD}?connector=stripe").content.decode()

    fields = ("setting_api_base", "setting_konbini_days", "secret_api_key", "secret_webhook_secret")
    assert [f'name="{field}"' in page for field in fields] == [True] * 4
    assert page.count('type="password"') == 3


def test_a_connection_is_made_with_its_secret_sealed(browser_as: SignIn, brand: Brand):
    owner = browser_as("owner")

    owner.post(f"{ADD}?connector=stripe", _stripe(brand))

    made = Connection.objects.get()
    credential = made.credentials.get()
    assert (made.connector, made.settings["konbini_days"], credential.name, credential.host) == (
        "stripe", 3, "api_key", "1.1.1.1",
    )  # fmt: skip
    assert SECRET.encode() not in bytes(credential.sealed)
    assert connections.settings_of(made).api_key == SECRET


def test_a_secret_is_never_shown_again_nor_written_down(browser_as: SignIn, brand: Brand):
    owner = browser_as("owner")
    owner.post(f"{ADD}?connector=stripe", _stripe(brand))
    made = Connection.objects.get()
    owner.post(_change(made), _stripe(brand, secret_api_key="sk_test_the_canary_0002"))

    pages = [owner.get(path).content.decode() for path in (_change(made), _change(made).replace("change", "history"))]
    written = [*pages, str(list(AuditEntry.objects.values())), str(list(made.edits.values()))]

    assert not any("canary" in text for text in written)
    assert "•••0002" in pages[0]


def test_an_empty_secret_keeps_the_one_there_is(browser_as: SignIn, brand: Brand):
    owner = browser_as("owner")
    owner.post(f"{ADD}?connector=stripe", _stripe(brand))
    made = Connection.objects.get()

    owner.post(_change(made), _stripe(brand, secret_api_key="", name="Stripe Japan", setting_konbini_days="5"))

    made.refresh_from_db()
    assert (made.name, connections.settings_of(made).api_key, made.settings["konbini_days"]) == (
        "Stripe Japan",
        SECRET,
        5,
    )


def test_a_changed_address_asks_for_the_secret_again(browser_as: SignIn, brand: Brand):
    owner = browser_as("owner")
    owner.post(f"{ADD}?connector=stripe", _stripe(brand))
    made = Connection.objects.get()

    refused = owner.post(_change(made), _stripe(brand, setting_api_base=THERE, secret_api_key=""))
    kept = Connection.objects.get().settings["api_base"]
    owner.post(_change(made), _stripe(brand, setting_api_base=THERE))

    assert "The address changed" in refused.content.decode()
    assert kept == "https://1.1.1.1"
    assert (Connection.objects.get().settings["api_base"], Credential.objects.get().host) == (THERE, "8.8.8.8")


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:9000",
        "http://169.254.169.254",
        "http://10.0.0.7",
        "http://[::1]",
        "http://[::ffff:10.0.0.7]",
        "http://0.0.0.0",
    ],
)
def test_an_address_inside_the_house_is_refused_with_the_reason(browser_as: SignIn, brand: Brand, address: str):
    refused = browser_as("owner").post(f"{ADD}?connector=stripe", _stripe(brand, setting_api_base=address))

    assert "only the operator can allow it" in refused.content.decode()
    assert Connection.objects.count() == 0


def test_a_bare_host_inside_the_house_is_refused_too(browser_as: SignIn, brand: Brand):
    form = {
        "brand": str(brand.pk), "name": "Mail", "silent_after_hours": "26", "setting_host": "10.0.0.7",
        "setting_port": "25", "setting_security": "starttls",
    }  # fmt: skip

    refused = browser_as("owner").post(f"{ADD}?connector=smtp", form)

    assert "only the operator can allow it" in refused.content.decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [("setting_konbini_days", "soon"), ("setting_api_base", "http://[oops"), ("brand", ""), ("name", "")],
)
def test_what_does_not_fit_is_refused(browser_as: SignIn, brand: Brand, field: str, value: str):
    refused = browser_as("owner").post(f"{ADD}?connector=stripe", _stripe(brand) | {field: value})

    assert refused.status_code == 200
    assert Connection.objects.count() == 0


def test_who_set_it_up_is_written_down_without_the_secret(browser_as: SignIn, brand: Brand):
    browser_as("owner").post(f"{ADD}?connector=stripe", _stripe(brand))

    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.detail["secrets"]) == ("connection.created", "owner", ["api_key"])


def test_staff_see_settings_and_no_field_to_change(browser_as: SignIn, brand: Brand):
    browser_as("owner").post(f"{ADD}?connector=stripe", _stripe(brand))
    made = Connection.objects.get()
    staff = browser_of(make_person("aoi", "staff"))

    page = staff.get(_change(made)).content.decode()

    assert "konbini_days" in page
    assert 'name="secret_api_key"' not in page
    assert staff.post(_change(made), _stripe(brand)).status_code == 403


def test_a_connection_whose_connector_is_gone_stays_readable(browser_as: SignIn, brand: Brand):
    gone = Connection.objects.create(brand=brand, connector="gone", name="Old shop", created_at="2026-01-01T00:00Z")

    page = browser_as("owner").get(_change(gone)).content.decode()

    assert "Old shop" in page


def test_a_mended_credential_wakes_the_connection(browser_as: SignIn, brand: Brand):
    owner = browser_as("owner")
    owner.post(f"{ADD}?connector=stripe", _stripe(brand))
    Connection.objects.update(status=Connection.Status.NEEDS_RECONNECT)

    owner.post(_change(Connection.objects.get()), _stripe(brand))

    assert Connection.objects.get().status == Connection.Status.ACTIVE
