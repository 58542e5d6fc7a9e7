"""The audit trail sealed: whatever is done to it past the application is found, and nothing is found in one that was left alone."""

import json
import os
import random
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import transaction

from apps.core import audit, audit_seals, clock, crypto
from apps.core.ids import floor, uuid7
from apps.core.models import AuditEntry, AuditSeal, SealingKey
from tests import sql

pytestmark = pytest.mark.django_db
ROUNDS = 5000 if os.environ.get("KUROGO_RACES") == "whole" else 300
SEALS, ENTRIES = 12, 6


@pytest.fixture(autouse=True)
def _head(settings, tmp_path):
    settings.AUDIT_HEAD = str(tmp_path / "head.json")
    settings.KEYSET = crypto.new_keyset()


@pytest.fixture
def trail():
    for number in range(SEALS):
        for entry in range(ENTRIES):
            audit.record("order.released", actor=f"person {entry}", detail={"reason": f"{number}", "n": entry})
        audit_seals.seal_new()


def _asleep(*tables):
    """The guards of these tables are off, as only their owner can have them."""
    sql.run("SET CONSTRAINTS ALL IMMEDIATE")  # what waits for the commit is checked now, so that tables can be altered
    for table in tables:
        sql.run(f"ALTER TABLE {table} DISABLE TRIGGER append_only")


def test_a_trail_that_was_left_alone_is_whole(trail):
    assert (list(audit_seals.faults()), audit_seals.count()) == ([], SEALS * ENTRIES)
    assert list(AuditSeal.objects.order_by("number").values_list("number", flat=True)) == list(range(1, SEALS + 1))
    assert SealingKey.objects.count() == 1


def test_where_nothing_is_new_nothing_is_sealed(trail):
    assert (audit_seals.seal_new(), AuditSeal.objects.count()) == (0, SEALS)


def test_who_commits_late_is_sealed_with_the_next(trail):
    late = AuditEntry(id=floor(clock.wall() - timedelta(hours=2)), actor="slow", action="order.released")
    late.save(force_insert=True)
    assert audit_seals.seal_new() == 1
    assert list(audit_seals.faults()) == []


# What somebody does who owns the database and not the keyset


def _edit(dice):
    row = dice.choice(list(AuditEntry.objects.all()))
    column, value = dice.choice(
        [
            ("actor", "nobody"),
            ("action", "x"),
            ("detail", '{"reason": "other"}'),
            ("at", "2020-01-01T00:00:00Z"),
            ("subject", "s"),
        ]
    )
    sql.run(f"UPDATE core_auditentry SET {column} = %s WHERE id = %s", value, row.id)


def _delete(dice):
    sql.run(
        "DELETE FROM core_auditentry WHERE id = %s", dice.choice(list(AuditEntry.objects.values_list("id", flat=True)))
    )


def _put_in(dice):
    at = clock.wall() - timedelta(days=dice.randint(1, 900))
    sql.run("INSERT INTO core_auditentry (id, at, actor, action, kind, subject, detail) VALUES (%s, %s, 'x', 'y', '', '', '{}')",
            floor(at), at)  # fmt: skip


def _swap(dice):
    one, other = dice.sample(list(AuditEntry.objects.values_list("id", "detail")), 2)
    while one[1] == other[1]:
        one, other = dice.sample(list(AuditEntry.objects.values_list("id", "detail")), 2)
    for id_, said in ((one[0], other[1]), (other[0], one[1])):
        sql.run("UPDATE core_auditentry SET detail = %s WHERE id = %s", json.dumps(said), id_)


def _cut_tail(dice):
    since = dice.randint(1, SEALS)
    gone = [id_ for seal in AuditSeal.objects.filter(number__gte=since) for id_ in seal.entries]
    sql.run("DELETE FROM core_auditentry WHERE id = ANY(%s)", gone)
    sql.run("DELETE FROM core_auditseal WHERE number >= %s", since)


def _cut_out(dice):
    """A seal with its entries, and the later ones numbered anew."""
    number = dice.randint(1, SEALS - 1)
    sql.run("DELETE FROM core_auditentry WHERE id = ANY(%s)", AuditSeal.objects.get(number=number).entries)
    sql.run("DELETE FROM core_auditseal WHERE number = %s", number)
    for later in range(number + 1, SEALS + 1):
        sql.run("UPDATE core_auditseal SET number = number - 1 WHERE number = %s", later)


def _forge(dice):
    """An entry changed and every later digest computed anew: only the signatures are missing."""
    row = dice.choice(list(AuditEntry.objects.all()))
    sql.run("UPDATE core_auditentry SET actor = 'nobody' WHERE id = %s", row.id)
    digest = audit_seals.BEGINNING
    for seal in AuditSeal.objects.order_by("number"):
        digest = audit_seals._digest(digest, audit_seals._canonical(seal.entries))
        sql.run("UPDATE core_auditseal SET digest = %s WHERE id = %s", digest, seal.id)


def _forget(dice):
    """An entry dropped from its seal and from the trail."""
    seal = AuditSeal.objects.get(number=dice.randint(1, SEALS))
    id_ = dice.choice(seal.entries)
    sql.run("UPDATE core_auditseal SET entries = array_remove(entries, %s) WHERE id = %s", id_, seal.id)
    sql.run("DELETE FROM core_auditentry WHERE id = %s", id_)


def _other_order(dice):
    seal = AuditSeal.objects.get(number=dice.randint(1, SEALS))
    sql.run("UPDATE core_auditseal SET entries = %s WHERE id = %s", seal.entries[::-1], seal.id)


DEEDS = (_edit, _delete, _put_in, _swap, _cut_tail, _cut_out, _forge, _forget, _other_order)


def test_whatever_is_done_to_it_is_found(trail):
    dice, unseen = random.Random(7), []
    _asleep("core_auditentry", "core_auditseal")
    for number in range(ROUNDS):
        deed = DEEDS[number % len(DEEDS)]
        with transaction.atomic():
            deed(dice)
            if next(audit_seals.faults(), None) is None:
                unseen.append((number, deed.__name__))
            transaction.set_rollback(True)
    assert unseen == []
    assert list(audit_seals.faults()) == []


def test_without_the_head_outside_a_cut_of_the_tail_would_pass(trail, settings):
    """The negative control of the head that is kept outside."""
    settings.AUDIT_HEAD = ""
    _asleep("core_auditentry", "core_auditseal")
    sql.run("DELETE FROM core_auditentry WHERE id = ANY(%s)", AuditSeal.objects.get(number=SEALS).entries)
    sql.run("DELETE FROM core_auditseal WHERE number = %s", SEALS)
    assert list(audit_seals.faults()) == []


def test_without_signatures_a_trail_computed_anew_would_pass(trail, settings, monkeypatch):
    """The negative control of the signature."""
    settings.AUDIT_HEAD = ""
    monkeypatch.setattr(audit_seals, "_is_signed", lambda _key, _seal: True)
    _asleep("core_auditentry", "core_auditseal")
    _forge(random.Random(1))
    assert list(audit_seals.faults()) == []


def test_a_key_of_another_installation_signs_nothing_here(trail, settings):
    settings.KEYSET = crypto.new_keyset()
    assert next(audit_seals.faults()) == "seal 1 is not signed by this installation"


def test_a_change_of_the_keyset_leaves_it_whole(trail, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    settings.KEYSET = crypto.with_new_primary(settings.KEYSET)
    call_command("rotate_keys", verbosity=0)
    settings.KEYSET = crypto.with_primary_alone(settings.KEYSET)
    audit.record("x.y", actor="owner")
    assert (audit_seals.seal_new(), list(audit_seals.faults()), SealingKey.objects.count()) == (1, [], 1)


def test_a_head_that_cannot_be_kept_is_said_and_sealing_goes_on(settings, tmp_path, capsys):
    settings.AUDIT_HEAD = str(tmp_path / "nowhere" / "head.json")
    audit.record("x.y", actor="owner")
    assert audit_seals.seal_new() == 1


def test_an_old_head_is_in_the_trail(trail, settings):
    first = AuditSeal.objects.get(number=1)
    audit_seals.keep_outside(audit_seals.Head(1, bytes(first.digest).hex()))
    assert list(audit_seals.faults()) == []


def test_ids_of_a_moment_lie_above_its_floor():
    before = clock.wall()
    assert floor(before) <= uuid7() < floor(before + timedelta(minutes=1))
