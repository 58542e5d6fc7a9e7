"""Connections: settings are typed, secrets are sealed for one host, and health is written by whoever spoke last."""

import pytest

from apps.hub import connections, registry
from apps.hub.connections import SettingsRefused
from apps.hub.errors import Misconfigured
from apps.hub.models import Connection, Credential
from tests import builders

pytestmark = pytest.mark.django_db


def _again(connection):
    return Connection.objects.get(id=connection.id)


def test_secrets_lie_sealed_and_open_for_the_connector(parrot):
    credential = Credential.objects.get(name="token")

    assert b"canary" not in bytes(credential.sealed)
    assert credential.hint == "nary"
    assert connections.settings_of(parrot).token == "parrot-token-canary"


def test_a_short_secret_gives_no_hint(parrot):
    assert connections.set_secret(parrot, "token", "short").hint == ""


def test_settings_that_do_not_fit_are_refused(parrot):
    with pytest.raises(SettingsRefused, match="resend_when_unknown"):
        connections.change_settings(parrot, {"resend_when_unknown": "perhaps"})
    with pytest.raises(SettingsRefused, match="no credential called"):
        connections.set_secret(parrot, "password", "x")


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1/", "http://169.254.169.254/latest", "https://[::1]/", "http://10.0.0.8/"]
)
def test_a_private_address_is_refused_with_its_reason(parrot, settings, address):
    settings.PRIVATE_PEERS = []

    with pytest.raises(SettingsRefused, match="address: "):
        connections.change_settings(parrot, {"address": address})


def test_the_operator_may_allow_one_private_peer(parrot, settings):
    settings.PRIVATE_PEERS = ["127.0.0.1:8123"]

    connections.change_settings(parrot, {"address": "http://127.0.0.1:8123/"})

    assert _again(parrot).settings == {"address": "http://127.0.0.1:8123/"}


@pytest.mark.parametrize("field", ["address", "nest"])
def test_a_changed_host_drops_the_credentials_of_the_old_one(parrot, settings, field):
    settings.PRIVATE_PEERS = ["127.0.0.1:8123"]

    connections.change_settings(parrot, {field: "http://127.0.0.1:8123/"})

    assert parrot.credentials.count() == 0


def test_a_credential_of_another_host_is_not_used(parrot):
    parrot.credentials.update(host="evil.example")

    with pytest.raises(Misconfigured, match="given for evil"):
        connections.settings_of(parrot)


def test_a_secret_in_the_plain_settings_is_not_kept(parrot):
    connections.change_settings(parrot, {"token": "plain"})

    assert _again(parrot).settings == {}


def test_a_secret_moved_to_another_row_does_not_open(parrot):
    token, hook = (Credential.objects.get(name=name) for name in ("token", "hook_secret"))
    Credential.objects.filter(id=token.id).update(sealed=hook.sealed)

    with pytest.raises(Misconfigured, match="does not open"):
        connections.settings_of(parrot)


def test_an_unknown_connector_stays_readable(parrot):
    row = builders.connection("gone")

    with pytest.raises(registry.UnknownConnector):
        registry.manifest("gone")
    with pytest.raises(Misconfigured, match="no connector called gone"):
        connections.settings_of(row)


def test_only_active_connections_that_have_not_paused_it_are_found(parrot):
    other = builders.connection("parrot")
    assert connections.with_ability("label") == [parrot, other]

    connections.pause(parrot, ["label"])
    Connection.objects.filter(id=other.id).update(status="needs_reconnect")

    assert connections.with_ability("label") == []
    assert connections.with_ability("payment") == [parrot]


def test_the_process_forgets_a_connection_that_it_changed(parrot):
    assert connections.live(parrot.id).settings.token == "parrot-token-canary"

    connections.set_secret(parrot, "token", "another-token-canary")

    assert connections.live(parrot.id).settings.token == "another-token-canary"


def test_health_says_what_was_heard_and_what_went_wrong(parrot):
    connections.heard(parrot.id)
    connections.succeeded(parrot.id)
    connections.failed(parrot.id, "x" * 500, reconnect=True)

    row = _again(parrot)
    assert None not in {row.last_heard_at, row.last_ok_at, row.last_error_at}
    assert (len(row.last_error), row.status) == (300, "needs_reconnect")
