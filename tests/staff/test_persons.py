"""A person's page: what they allowed, their data as a file, and erasure after a second look and a fresh proof of who asks."""

import io
import time
import zipfile

import pytest
from django.urls import reverse

from apps.core.models import AuditEntry
from apps.customers.models import Consent, Customer
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def hanako():
    return builders.customer(name="山田花子", email="hanako@example.jp")


def _page(name, customer):
    return reverse(f"staff:{name}", args=[customer.id])


def _long_ago(browser):
    """The sign-in was an hour ago."""
    session = browser.session
    session["account_authentication_methods"] = [{"method": "mfa", "type": "totp", "at": time.time() - 3600}]
    session.save()
    return browser


def test_what_somebody_said_is_noted_with_its_words(browser_as, hanako):
    form = {"kind": "mail", "is_given": "1", "source": "phone", "wording": "May we write to you?"}
    staff = browser_as("staff")
    assert staff.post(_page("person_consent", hanako), form).status_code == 302
    row = Consent.objects.get()
    assert (row.is_given, row.wording, row.noted_by) == (True, "May we write to you?", "staff")
    assert staff.post(_page("person_consent", hanako), form | {"wording": ""}).status_code == 400
    assert "May we write to you?" in staff.get(_page("person", hanako)).content.decode()


def test_the_file_is_a_zip_and_its_leaving_is_written_down(browser_as, hanako):
    answer = browser_as("owner").post(_page("person_disclose", hanako))
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        assert sorted(packed.namelist()) == ["data.html", "data.json"]
    assert [entry.action for entry in AuditEntry.objects.all()] == ["person.disclosed"]


@pytest.mark.parametrize("name", ["person_disclose", "person_erase"])
def test_who_signed_in_long_ago_is_asked_again_first(browser_as, hanako, name):
    owner = _long_ago(browser_as("owner"))
    form = {"reason": "asked", "is_meant": "on"}
    answer = owner.post(_page(name, hanako), form, headers={"referer": f"http://testserver{_page('person', hanako)}"})
    assert answer.headers["Location"].split("?")[0] == reverse("account_reauthenticate")
    assert (Customer.objects.get(id=hanako.id).erased_at, AuditEntry.objects.count()) == (None, 0)


def test_an_erasure_is_previewed_meant_and_done(browser_as, hanako):
    owner = browser_as("owner")
    assert owner.get(_page("person_erase", hanako)).status_code == 200
    assert owner.post(_page("person_erase", hanako), {"reason": "asked"}).status_code == 400
    assert Customer.objects.get(id=hanako.id).name == "山田花子"

    owner.post(_page("person_erase", hanako), {"reason": "asked", "is_meant": "on"})

    assert (Customer.objects.get(id=hanako.id).name, AuditEntry.objects.get().action) == ("", "person.erased")
    assert "山田花子" not in owner.get(_page("person", hanako)).content.decode()


def test_who_has_an_open_order_is_not_erased(browser_as, hanako):
    order = builders.order(customer=hanako)
    answer = browser_as("owner").post(_page("person_erase", hanako), {"reason": "asked", "is_meant": "on"})
    assert (answer.status_code, order.number in answer.content.decode()) == (409, True)
    assert Customer.objects.get(id=hanako.id).name == "山田花子"


def test_the_register_names_every_place(browser_as):
    page = browser_as("owner").get(reverse("staff:privacy")).content.decode()
    assert [
        one for one in ("customers.customer", "messaging.message", "hub.inboxentry", "auth.user") if one not in page
    ] == []
