"""Credentials that end by themselves: asked daily when they do, and kept where the connections' page looks for it."""

from datetime import UTC, datetime

import pytest

from apps.core.ids import uuid7
from apps.flows import nights
from apps.hub import connections, errors, registry
from apps.hub.models import Connection, Credential, JobRun
from tests import builders

pytestmark = pytest.mark.django_db
END = "2026-11-28T23:59:59+09:00"


class Shop:
    """A connector that tells when its key ends, or cannot."""

    said: object = {"account": "A", "expires_at:access_token": END, "expires_at:nobody": END}

    def __init__(self, _settings, _connection_id):
        pass

    def check(self):
        if isinstance(self.said, Exception):
            raise self.said
        return self.said


@pytest.fixture
def shop(monkeypatch):
    """A shop whose access token ends by itself."""
    connections.forget()
    known = registry.manifests()
    named = {name: getattr(known["shopify"], name) for name in known["shopify"].__dataclass_fields__}
    changed = known | {"shopify": registry.Manifest(**named | {"expiring": ("access_token",)})}
    monkeypatch.setattr(registry, "manifests", lambda: changed)
    monkeypatch.setattr(connections.Live, "connector", lambda self: Shop(self.settings, self.id))
    monkeypatch.setattr(connections, "_host", lambda connection: "shop.example")
    row = builders.connection("shopify")
    connections.set_secret(row, "access_token", "t" * 20)
    connections.set_secret(row, "webhook_secret", "w" * 20)
    return row


def ends():
    return dict(Credential.objects.values_list("name", "expires_at"))


def run_job():
    run = JobRun.objects.create(
        id=uuid7(), job="check_keys", period="2026-11-23", due_at=datetime(2026, 11, 23, tzinfo=UTC)
    )
    return nights._step(run)


def test_the_day_s_job_keeps_when_a_credential_ends(shop):
    assert run_job()
    assert ends() == {"access_token": datetime(2026, 11, 28, 14, 59, 59, tzinfo=UTC), "webhook_secret": None}


def test_a_new_credential_has_an_end_of_its_own(shop):
    run_job()
    connections.set_secret(shop, "access_token", "u" * 20)
    assert ends()["access_token"] is None


@pytest.mark.parametrize(
    ("error", "status"),
    [(errors.Transient("busy"), "active"), (errors.Misconfigured("the key has ended"), "needs_reconnect")],
)
def test_a_vendor_that_does_not_say_is_noted_and_stops_nobody(shop, monkeypatch, error, status):
    monkeypatch.setattr(Shop, "said", error)
    assert run_job()
    row = Connection.objects.get(id=shop.id)
    assert (row.status, row.last_error, ends()["access_token"]) == (status, str(error), None)


def test_only_connections_with_such_credentials_are_asked(shop):
    builders.connection("stripe")
    assert [row.id for row in connections.expiring()] == [shop.id]


# The calendar


def test_what_is_renewed_by_itself_is_in_nobody_s_calendar(shop, monkeypatch):
    run_job()
    assert [row.name for row in connections.ending()] == ["access_token"]
    known = registry.manifests()
    named = {name: getattr(known["shopify"], name) for name in known["shopify"].__dataclass_fields__}
    renewing = known | {"shopify": registry.Manifest(**named | {"renewed": ("access_token",)})}
    monkeypatch.setattr(registry, "manifests", lambda: renewing)
    assert list(connections.ending()) == []


def test_a_person_enters_an_end_where_the_vendor_does_not_tell(shop):
    at = datetime(2027, 1, 31, 14, 59, 59, tzinfo=UTC)
    assert connections.enter_end(shop, "webhook_secret", at)
    assert not connections.enter_end(shop, "access_token", at)  # its vendor tells
    assert not connections.enter_end(shop, "nothing", at)
    assert ends() == {"access_token": None, "webhook_secret": at}
    assert connections.enter_end(shop, "webhook_secret", None)
    assert ends()["webhook_secret"] is None
