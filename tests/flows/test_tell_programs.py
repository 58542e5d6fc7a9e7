"""Programs of the merchant's own: each fact once to each that wants it, without a person's data, and again when asked."""

import ast
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction

from apps.core import clock
from apps.core.ids import uuid7
from apps.flows import announce, tell_programs, wiring
from apps.hub import connections, delivery, outbox
from apps.hub.models import Delivery, OutboxFact
from tests import builders

pytestmark = pytest.mark.django_db
SECRET = "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQ="


def program(name: str, *topics: str):
    """A program that wants these; none: everything."""
    wiring.forget()
    return connections.create(
        brand=builders.brand(), connector="webhook", name=name,
        settings={"url": "https://program.example/", "topics": list(topics)}, secrets={"signing_secret": SECRET},
    )  # fmt: skip


def happen(topic: str, **detail: object) -> OutboxFact:
    with transaction.atomic():
        (made,) = outbox.publish([outbox.NewFact(topic, "order", uuid7(), detail)], are_new_subjects=True)
    return made


def told(row) -> list[tuple[str, str]]:
    words = [delivery.words_of(one)[0] for one in Delivery.objects.filter(connection=row).order_by("id")]
    return [(word.topic, word.reference) for word in words]


def test_each_fact_goes_once_to_each_program_that_wants_it():
    everything, shipments = program("everything"), program("shipments", "shipment.shipped")
    placed, shipped = happen("order.placed"), happen("shipment.shipped", order=str(uuid7()))
    announce.announce()
    announce.announce()

    assert told(everything) == [("order.placed", str(placed.id)), ("shipment.shipped", str(shipped.id))]
    assert told(shipments) == [("shipment.shipped", str(shipped.id))]


def test_where_no_program_listens_nothing_is_made():
    happen("order.placed")
    announce.announce()
    assert not Delivery.objects.filter(operation="fact.tell").exists()


def test_what_is_ours_alone_and_who_did_it_stay_here():
    row = program("everything")
    happen("payment.let_go", payment="1")
    happen("shipment.planned", order="o", by="hanako")
    announce.announce()

    (word,) = [delivery.words_of(one)[0] for one in Delivery.objects.filter(connection=row)]
    assert (word.topic, word.detail) == ("shipment.planned", {"order": "o"})


def test_an_order_is_not_troubled_by_a_program_that_does_not_answer():
    row = program("everything")
    happen("order.placed", order=str(uuid7()))
    announce.announce()
    assert Delivery.objects.get(connection=row).order_ref is None


def test_again_means_the_same_ids_and_tries_what_waits():
    row = program("everything", "order.placed")
    first, second = happen("order.placed"), happen("order.placed")
    announce.announce()
    Delivery.objects.filter(connection=row).update(status="waiting", attempts=12)
    OutboxFact.objects.filter(id=first.id).update(at=clock.now() - timedelta(hours=2))

    count, left = tell_programs.tell_again(row, clock.now() - timedelta(hours=1))

    assert (count, left) == (1, None)
    assert told(row) == [("order.placed", str(one)) for one in (first.id, second.id, second.id)]
    assert set(Delivery.objects.filter(connection=row).values_list("status", flat=True)) == {"unknown", "due"}


def test_more_than_one_press_sends_is_said(monkeypatch):
    monkeypatch.setattr(tell_programs, "MOST_AGAIN", 2)
    row = program("everything")
    facts = [happen("order.placed") for _ in range(3)]
    announce.announce()
    Delivery.objects.filter(connection=row).delete()

    count, left = tell_programs.tell_again(row, facts[0].at)

    assert (count, left) == (2, facts[2].at)
    assert [one for _, one in told(row)] == [str(fact.id) for fact in facts[:2]]


def test_every_fact_is_either_public_or_ours_alone():
    topics = set(tell_programs.PUBLIC) | tell_programs.INTERNAL
    assert sorted(_published() - topics) == []
    assert set(tell_programs.PUBLIC) & tell_programs.INTERNAL == set()


def _published() -> set[str]:
    """Topics of every `NewFact(…)` in the product; one that is put together counts with its beginning alone."""
    found = set()
    for path in Path(settings.BASE_DIR, "apps").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == "NewFact":
                topic = node.args[0]
                if isinstance(topic, ast.Constant):
                    found.add(str(topic.value))
                else:
                    assert ast.unparse(topic) == "f'payment.{payment.status}'", (
                        path
                    )  # every one of them is public, below
    return found


def test_every_state_of_a_payment_is_public():
    from_states = {f"payment.{status}" for status in ("expected", "authorised", "captured", "cancelled", "failed")}
    assert from_states == {topic for topic in tell_programs.PUBLIC if topic.startswith("payment.")}
