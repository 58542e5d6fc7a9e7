"""Events are taken in the order in which they came, wait and wake, and never run for ever."""

from datetime import timedelta

import pytest
from django.db import transaction

from apps.core import clock, crypto
from apps.core.crypto import SealBroken
from apps.hub import inbox
from apps.hub.abilities import Event
from apps.hub.inbox import Stored
from apps.hub.models import InboxEntry, InboxEvent
from tests import builders

pytestmark = pytest.mark.django_db

Status = InboxEvent.Status


@pytest.fixture
def source():
    return builders.connection()


def _event(id_, raw=b"{}", topic="order"):
    return Event(id=id_, topic=topic, at=clock.now(), raw=raw)


def _keep(source, *ids):
    inbox.store_many((source.id, _event(id_)) for id_ in ids)
    return [InboxEvent.objects.select_related("entry").get(event_id=id_) for id_ in ids]


def _due():
    return [event.event_id for event in inbox.due(100)]


def _state(event):
    return InboxEvent.objects.values_list("status", "attempts", "is_alone").get(id=event.id)


def test_events_come_out_in_the_order_in_which_they_came(source, drive):
    _keep(source, "b", "a")
    drive.set(drive.now() + timedelta(seconds=1))
    _keep(source, "c")

    assert _due() == ["b", "a", "c"]


def test_a_batch_keeps_what_is_new_and_counts_what_is_not(source):
    other = builders.connection()
    _keep(source, "a")

    pairs = [(source, "a"), (source, "b"), (other, "a"), (source, "b")]
    stored = inbox.store_many((connection.id, _event(id_)) for connection, id_ in pairs)

    assert stored == Stored(new=2, repeated=2)
    assert (InboxEvent.objects.count(), InboxEntry.objects.count()) == (3, 3)


def test_a_rival_that_stored_the_same_first_wins(source, monkeypatch):
    """The look for known events came before the rival's commit: our row gives way, and so does our entry."""
    _keep(source, "a")
    look = InboxEvent.objects.none()
    monkeypatch.setattr(type(InboxEvent.objects), "filter", lambda self, **named: look)

    inbox.store_many([(source.id, _event("a"))])

    monkeypatch.undo()
    assert (InboxEvent.objects.count(), InboxEntry.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("body", [None, b"[1, 2]"])
def test_a_rivals_event_in_another_body_leaves_no_body_of_ours(source, monkeypatch, body):
    """Both looked before either stored: the same change, told by a notice and found by a look, in other bytes."""
    insert, rivals = inbox.rows.insert_new, [Event("a", "order", clock.now(), b"their bytes")]

    def after_a_rival(wanted):
        while rivals:
            inbox.store_many([(source.id, rivals.pop())])
        insert(wanted)

    monkeypatch.setattr(inbox.rows, "insert_new", after_a_rival)

    inbox.store(source.id, [_event("a", b"our bytes"), _event("b")], origin="hook", body=body)

    assert list(InboxEvent.objects.order_by("event_id").values_list("event_id", flat=True)) == ["a", "b"]
    assert not InboxEntry.objects.filter(events=None).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("body", [None, b"[1, 2]"])
def test_a_death_between_body_and_events_leaves_neither(source, monkeypatch, body):
    insert, deaths = inbox.rows.insert_new, [KeyboardInterrupt()]

    def dying(wanted):
        insert(wanted)
        if deaths:
            raise deaths.pop()

    monkeypatch.setattr(inbox.rows, "insert_new", dying)
    events = [_event("a"), _event("b")]

    with pytest.raises(KeyboardInterrupt):
        inbox.store(source.id, events, origin="hook", body=body)
    assert (InboxEvent.objects.count(), InboxEntry.objects.count()) == (0, 0)

    assert inbox.store(source.id, events, origin="hook", body=body) == Stored(new=2, repeated=0)


def test_a_body_opens_only_as_its_own_events(source):
    first, second = _keep(source, "a", "b")
    InboxEntry.objects.filter(id=first.entry_id).update(sealed=second.entry.sealed)

    with pytest.raises(SealBroken):
        inbox.raw(InboxEvent.objects.select_related("entry").get(id=first.id))


def test_a_body_past_its_retention_says_so(source):
    (event,) = _keep(source, "a")
    event.entry.sealed = None

    with pytest.raises(LookupError, match="retention"):
        inbox.raw(event)


def test_a_closed_event_is_not_due(source):
    event, _ = _keep(source, "a", "b")

    inbox.close([event], Status.DONE)

    assert _due() == ["b"]
    assert inbox.has_due()


def test_closing_undoes_itself_with_the_effect(source):
    (event,) = _keep(source, "a")

    with transaction.atomic():
        inbox.close([event], Status.DONE)
        transaction.set_rollback(True)

    assert _due() == ["a"]


def test_an_event_waits_for_its_thing_and_wakes_in_its_old_place(source):
    first, second, _ = _keep(source, "a", "b", "c")
    inbox.wait(first, waits_for="order:7", reason="no such order yet")
    inbox.wait(second, waits_for="order:8", reason="no such order yet")
    assert _due() == ["c"]

    assert inbox.wake(["order:7", "order:9"]) == 1

    assert _due() == ["a", "c"]
    assert _state(second)[0] == "waiting"


def test_a_postponed_event_comes_back_later_each_time(source, drive):
    (event,) = _keep(source, "a")
    waits = []
    for attempt in (1, 2, 5):
        event.attempts = attempt
        inbox.postpone([event], "the database was busy")
        waits.append((InboxEvent.objects.get().due_at - drive.now()).total_seconds())

    assert waits == [2, 4, 32]
    assert not inbox.has_due()
    drive.set(drive.now() + timedelta(seconds=32))
    assert _due() == ["a"]


def test_an_event_that_died_with_its_worker_runs_alone_next_time(source):
    before, suspect, after = _keep(source, "a", "b", "c")
    inbox.begin([suspect])

    assert inbox.isolate_suspects() == 1

    assert _due() == ["a"]
    inbox.close([before], Status.DONE)
    assert _due() == ["b"]
    inbox.close([suspect], Status.DONE)
    assert _due() == ["c"]
    assert _state(after) == ("new", 0, False)


def test_an_event_that_kills_again_and_again_is_set_aside(source):
    (event,) = _keep(source, "a")
    for _ in range(inbox.MAX_ATTEMPTS):
        assert _state(event)[0] == "new"
        inbox.begin([event])
        inbox.isolate_suspects()

    assert _state(event)[0] == "set_aside"


def test_who_waited_or_was_postponed_is_no_suspect(source):
    """Only an attempt that nobody ended is the process's death; a busy database says so in the reason."""
    postponed, woken = _keep(source, "a", "b")
    for _ in range(inbox.MAX_ATTEMPTS + 1):
        inbox.begin([postponed, woken])
        inbox.postpone([postponed], "the database was busy")
        inbox.wait(woken, waits_for="order:7", reason="no such order yet")
        inbox.wake(["order:7"])

    assert inbox.isolate_suspects() == 0

    assert (_state(postponed)[0], _state(woken)[0]) == ("new", "new")


@pytest.mark.parametrize("status", [Status.SET_ASIDE, Status.WAITING])
def test_a_person_may_try_again(source, status):
    (event,) = _keep(source, "a")
    InboxEvent.objects.update(status=status, attempts=5, reason="broken")

    assert inbox.retry(event.id)

    assert (_due(), _state(event)[1]) == (["a"], 0)


def test_what_is_done_is_not_tried_again(source):
    (event,) = _keep(source, "a")
    inbox.close([event], Status.DONE)

    assert not inbox.retry(event.id)


def test_the_digest_tells_every_part_apart(source):
    """Also where a letter moves from one part to the next."""
    seen = {
        inbox.digest(source.id, topic, id_, body)
        for topic, id_, body in [("ab", "c", b""), ("a", "bc", b""), ("ab", "", b"c"), ("ab", "c", b"c")]
    }

    assert len(seen) == 4


def test_sealed_rows_are_bound_to_their_table(source):
    (event,) = _keep(source, "a")

    with pytest.raises(SealBroken):
        crypto.unseal(event.entry.sealed, table="hub_inboxevent", row=event.entry_id, field="sealed")
