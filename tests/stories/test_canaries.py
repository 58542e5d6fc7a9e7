"""Canaries: every connector's secrets, and card numbers in vendors' words, planted and then looked for wherever a person or a
program could read them.
"""

import logging

import msgspec
import pytest
from django.db import connection
from django.urls import reverse

from apps.core import net
from apps.hub import connections, delivery, errors, registry
from apps.hub.contracts import CaptureRequest
from apps.hub.delivery import NewDelivery
from apps.hub.models import Attempt, Connection
from tests import builders
from tests.staff.people import browser_of, make_person

pytestmark = pytest.mark.django_db
CARD = "4242 4242 4242 4242"
NOBODY = {"host": "127.0.0.1"}  # a mail server's bare host; all others are told an address where nobody listens


def canary(slug: str, name: str) -> str:
    return f"canary-{slug}-{name}-0123456789"


def everywhere() -> str:
    """Every column of every table, as whoever has the database without its keys reads it."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT row_to_json(t)::text FROM "{table}" t')
            found += [row[0] for row in cursor.fetchall()]
    return "".join(found)


@pytest.mark.parametrize("slug", sorted(registry.manifests()))
def test_a_connector_s_secrets_are_in_no_table_no_log_and_no_page(slug, caplog, capfd, settings):
    """It is made, tried where nobody answers, called, and looked at."""
    caplog.set_level(logging.DEBUG)
    settings.PRIVATE_PEERS = ["127.0.0.1:9", "127.0.0.1:443", "127.0.0.1:587"]
    manifest = registry.manifest(slug)
    plain = {
        field.name: NOBODY.get(field.name, "http://127.0.0.1:9/") if field.name in manifest.hosts else "x"
        for field in msgspec.structs.fields(manifest.settings)
        if field.required and field.name not in manifest.secrets
    }
    row = connections.create(
        brand=builders.brand(), connector=slug, name=slug, settings=plain,
        secrets={name: canary(slug, name) for name in manifest.secrets},
    )  # fmt: skip
    try:
        connector = connections.live(row.id).connector()
        if hasattr(connector, "check"):
            connector.check()
    except (errors.VendorError, net.Unreachable, ValueError) as error:
        logging.getLogger("test").warning("as anybody would log it: %s %r", error, error)
    owner = browser_of(make_person("boss", "owner"))
    pages = [owner.get(reverse(name, args=[row.id])) for name in ("staff:connection", "admin:hub_connection_change")]

    said = everywhere() + caplog.text + "".join(capfd.readouterr()) + "".join(page.content.decode() for page in pages)

    assert [name for name in manifest.secrets if canary(slug, name) in said] == []
    kept = connections.settings_of(Connection.objects.get(id=row.id))
    assert [getattr(kept, name) for name in manifest.secrets] == [canary(slug, name) for name in manifest.secrets]


def test_the_search_would_find_one(caplog):
    """The negative control: a secret in a plain column is found."""
    builders.connection(last_error=canary("x", "token"))
    assert canary("x", "token") in everywhere()


def test_a_card_number_in_a_vendor_s_words_is_kept_nowhere(monkeypatch, caplog):
    row = builders.connection("stripe")
    word = CaptureRequest(provider_id="pi_1", amount_minor=100, currency="JPY")
    delivery.enqueue([NewDelivery(row.id, "payment.capture", "payment.capture:1", [word], "payment", row.id)])

    def refuse(_claimed):
        return delivery._Outcome("waiting", "refused", f"card {CARD} with sk_live_canary123456 was declined")

    monkeypatch.setattr(delivery, "_try", refuse)
    for claimed in delivery.claim(worker="test"):
        delivery.make(claimed)

    assert "card ••• with ••• was declined" in {Attempt.objects.get().reason}
    assert [one for one in (CARD, "canary") if one in everywhere() + caplog.text] == []
