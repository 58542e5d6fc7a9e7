"""Webhooks on the screen: a secret is shown once and kept sealed; a new one signs beside the former; events go again on demand."""

import base64

import pytest
from django.urls import reverse

from apps.core.models import AuditEntry
from apps.hub import connections, delivery
from apps.hub.models import Connection, Delivery
from tests import builders

pytestmark = pytest.mark.django_db
WEBHOOKS = reverse("staff:webhooks")
FORM = {"name": "till", "url": "https://93.184.216.34/events", "topics": ["order.placed"]}


@pytest.fixture
def owner(browser_as):
    builders.brand()
    return browser_as("owner")


@pytest.fixture
def made(owner):
    page = owner.post(WEBHOOKS, FORM)
    return Connection.objects.get(connector="webhook"), page.context["secret"]


def _settings(row):
    connections.forget()
    return connections.settings_of(Connection.objects.get(id=row.id))


def test_the_secret_is_shown_once(owner, made):
    row, secret = made
    page = owner.get(reverse("staff:webhook", args=[row.id]))
    assert (secret in owner.get(WEBHOOKS).content.decode(), secret in page.content.decode()) == (False, False)
    assert (_settings(row).signing_secret, len(base64.b64decode(secret.removeprefix("whsec_")))) == (secret, 32)
    assert (row.name, row.settings) == ("till", {"url": FORM["url"], "topics": ["order.placed"]})
    assert [entry.action for entry in AuditEntry.objects.all()] == ["webhook.made"]


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/x", "https://10.0.0.1/", "https://[::ffff:169.254.169.254]/", "ftp://x.example/", "x"]
)
def test_an_address_inside_the_house_or_none_at_all_is_refused(owner, url):
    assert owner.post(WEBHOOKS, FORM | {"url": url}).status_code == 400
    assert not Connection.objects.filter(connector="webhook").exists()


def test_a_new_secret_signs_beside_the_former(owner, made):
    row, former = made
    page = owner.post(reverse("staff:webhook_rotate", args=[row.id]))
    kept = _settings(row)
    assert (kept.signing_secret, kept.former_secret) == (page.context["secret"], former)
    assert (former == kept.signing_secret, kept.former_until is None, former in page.content.decode()) == (
        False,
        False,
        False,
    )


def test_another_host_gets_a_secret_of_its_own(owner, made):
    row, former = made
    same = owner.post(reverse("staff:webhook_change", args=[row.id]), FORM | {"name": "desk", "topics": []})
    assert (same.status_code, _settings(row).signing_secret) == (302, former)

    page = owner.post(reverse("staff:webhook_change", args=[row.id]), FORM | {"url": "https://93.184.216.35/events"})

    assert (page.context["secret"] == former, _settings(row).signing_secret) == (False, page.context["secret"])


def test_a_test_event_is_on_its_way(owner, made):
    row, _secret = made
    owner.post(reverse("staff:webhook_tell", args=[row.id]))
    assert [delivery.words_of(one)[0].topic for one in Delivery.objects.all()] == ["test.sent"]


def test_a_moment_that_is_none_sends_nothing(owner, made):
    row, _secret = made
    owner.post(reverse("staff:webhook_tell", args=[row.id]), {"since": "yesterday"})
    assert not Delivery.objects.exists()


def test_the_wizard_leads_to_it(owner):
    assert owner.get(reverse("staff:connect_new", args=["webhook"])).headers["Location"] == WEBHOOKS
