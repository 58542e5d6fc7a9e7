"""A rotation while the shop goes on: everything readable at every moment, and in the end nothing under an old key."""

import json
import threading
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from apps.core import clock, crypto, resealing, runtime
from apps.hub import connections, inbox
from apps.hub.abilities import Event
from apps.hub.models import Credential, InboxEntry, InboxEvent
from tests import builders


@pytest.fixture(autouse=True)
def _own_keyset(settings, tmp_path):
    settings.KEYSET = crypto.new_keyset()
    settings.DATA_DIR = tmp_path


def _rotate(*words) -> str:
    out = StringIO()
    call_command("rotate_keys", *words, stdout=out, stderr=StringIO())
    return out.getvalue().strip()


def _keep(count, start=0):
    """Notices with their bodies, and a connection with a credential."""
    source = builders.connection("shopify")
    connections.set_secret(source, "access_token", f"token-{start}")
    for number in range(start, start + count):
        inbox.store(
            source.id, [Event(id=f"e{number}", topic="order", at=clock.now(), raw=b"body %d" % number)], origin="hook"
        )
    return source


def _bodies():
    return sorted(inbox.raw(event) for event in InboxEvent.objects.select_related("entry"))


@pytest.mark.django_db
def test_the_steps_of_a_rotation(settings, monkeypatch):
    source = _keep(7)
    monkeypatch.setattr(resealing, "ROWS", 2)
    before = _bodies()

    settings.KEYSET = _rotate("--add")
    assert {crypto.sealed_with(row.sealed) for row in InboxEntry.objects.all()} == {crypto.primary_key_id()}
    settings.KEYSET = _rotate("--promote")
    with pytest.raises(CommandError, match=r"still needed: \{'hub_credential': 1, 'hub_inboxentry': 7\}"):
        _rotate("--drop")
    said = _rotate()
    settings.KEYSET = _rotate("--drop")

    assert "hub_credential: 1 sealed anew, 0 that no key opens" in said.splitlines()
    assert "hub_inboxentry: 7 sealed anew, 0 that no key opens" in said.splitlines()
    assert _bodies() == before
    assert connections.settings_of(source).access_token == "token-0"


@pytest.mark.django_db
def test_an_added_key_seals_nothing_until_it_is_promoted(settings):
    """So that a program that has not been restarted yet can open whatever the others write."""
    old = settings.KEYSET
    settings.KEYSET = _rotate("--add")
    source = _keep(1)

    settings.KEYSET = old

    assert _bodies() == [b"body 0"]
    assert connections.settings_of(source).access_token == "token-0"


@pytest.mark.django_db
def test_begun_again_it_goes_on_and_done_twice_it_changes_nothing(settings):
    _keep(3)
    settings.KEYSET = crypto.with_new_primary(settings.KEYSET)
    first = InboxEntry.objects.order_by("id").first()
    sealed = crypto.seal(b"body 0", table="hub_inboxentry", row=first.id, field="sealed")
    InboxEntry.objects.filter(id=first.id).update(sealed=sealed)

    counts = [resealing.reseal("hub_inboxentry").rows for _ in range(2)]

    assert counts == [2, 0]
    assert bytes(InboxEntry.objects.get(id=first.id).sealed) == sealed


@pytest.mark.django_db
def test_a_row_that_no_key_opens_is_named_and_left(settings):
    _keep(2)
    lost = InboxEntry.objects.first()
    InboxEntry.objects.filter(id=lost.id).update(sealed=InboxEntry.objects.last().sealed)
    settings.KEYSET = crypto.with_new_primary(settings.KEYSET)
    out = StringIO()

    with pytest.raises(CommandError, match="left as they are"):
        call_command("rotate_keys", stdout=out)

    assert "hub_inboxentry: 1 sealed anew, 1 that no key opens" in out.getvalue().splitlines()
    assert str(lost.id) in out.getvalue()


@pytest.mark.django_db
def test_what_was_emptied_stays_empty(settings):
    _keep(1)
    InboxEntry.objects.update(sealed=None)
    settings.KEYSET = crypto.with_new_primary(settings.KEYSET)

    _rotate()

    assert InboxEntry.objects.get().sealed is None


@pytest.mark.django_db
def test_every_sealed_table_is_found():
    assert resealing.sealed_tables() == [
        "api_answered", "core_sealingkey", "hub_credential", "hub_delivery", "hub_inboxentry", "hub_inboxevent",
        "hub_setasiderow", "hub_wayin", "shipping_sheet",
    ]  # fmt: skip


@pytest.mark.django_db
def test_the_keyset_that_up_keeps_is_changed_in_its_place(settings):
    kept = runtime.Secrets.kept_in(settings.DATA_DIR)
    settings.KEYSET = kept.keyset

    assert _rotate("--add") == ""

    now = json.loads((settings.DATA_DIR / "secrets.json").read_text())
    assert now == kept.__dict__ | {"keyset": now["keyset"]}
    assert crypto.with_primary_alone(now["keyset"]) != now["keyset"]
    assert (settings.DATA_DIR / "secrets.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.django_db(transaction=True)
def test_nothing_fails_while_it_goes_on(settings, monkeypatch):
    """Readers and writers on real connections of their own, while every row is sealed anew in small steps."""
    source = _keep(40)
    settings.KEYSET = crypto.with_new_primary(settings.KEYSET)
    monkeypatch.setattr(resealing, "ROWS", 3)
    is_done, failures, rounds = threading.Event(), [], []

    def use(work):
        try:
            while not (is_done.is_set() and rounds):
                work(len(rounds))
                rounds.append(1)
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    def read(_round):
        connections.settings_of(source)
        _bodies()

    def write(number):
        connections.set_secret(source, "access_token", f"token-{number}")
        inbox.store(
            source.id,
            [Event(id=f"live{number}-{threading.get_ident()}", topic="order", at=clock.now(), raw=b"live")],
            origin="hook",
        )

    threads = [threading.Thread(target=use, args=(work,)) for work in (read, write)]
    for thread in threads:
        thread.start()
    try:
        _rotate()
        _rotate()
    finally:
        is_done.set()
        for thread in threads:
            thread.join()

    assert failures == []
    assert [resealing.left_over(table) for table in resealing.sealed_tables()] == [0] * len(resealing.sealed_tables())
    assert connections.settings_of(source).access_token.startswith("token-")
    assert Credential.objects.count() == 1
