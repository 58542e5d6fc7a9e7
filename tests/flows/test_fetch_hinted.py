"""A hint is believed for nothing but which thing has changed: the thing is fetched, once, and taken in like any notice."""

from datetime import UTC, datetime, timedelta

import pytest

from apps.core import clock, locks
from apps.flows import dispatch, fetch_hinted, nights, wiring
from apps.hub import connections, errors, hints, inbox, registry
from apps.hub.abilities import Event
from apps.hub.models import Connection, InboxEvent
from apps.orders.models import Order
from tests import builders
from tests.flows import magpie

pytestmark = pytest.mark.django_db


@pytest.fixture
def bird(monkeypatch):
    known = registry.manifests()
    monkeypatch.setattr(registry, "manifests", lambda: known | {"magpie": magpie.MANIFEST})
    magpie.script.clear()
    magpie.asked.clear()
    connections.forget()
    wiring.forget()
    builders.location()
    builders.variant("CUP")
    yield builders.connection("magpie")
    connections.forget()


@pytest.fixture
def drive(tmp_path, settings) -> clock.Drive:
    settings.CLOCK_FILE = str(tmp_path / "clock")
    return clock.Drive(tmp_path / "clock", datetime(2026, 11, 23, tzinfo=UTC))


def hint(connection, thing="order:A1", id="n1"):
    inbox.store(connection.id, [Event(id=id, topic="hint", at=clock.now(), raw=thing.encode())], origin="hook")
    dispatch.drain("me")
    return InboxEvent.objects.get(event_id=id)


def sale(id="A1", **facts):
    return builders.order_draft(builders.line_draft(sku="CUP"), external_id=id, number=id, **facts)


def closed(id="n1"):
    event = InboxEvent.objects.get(event_id=id)
    return event.status, event.reason


def test_the_thing_is_fetched_and_taken_in(bird):
    magpie.script["A1"] = [sale()]
    waiting = hint(bird)

    fetched = fetch_hinted.fetch("me")
    dispatch.drain("me")

    assert (waiting.status, waiting.waits_for) == ("waiting", "fetch:order:A1")
    assert (fetched, magpie.asked, closed()) == (1, ["A1"], ("done", ""))
    assert [order.external_number for order in Order.objects.all()] == ["A1"]
    assert (fetch_hinted.fetch("me"), hints.has_due()) == (0, False)


def test_several_hints_at_one_thing_are_one_fetch_and_the_same_answer_adds_nothing(bird):
    magpie.script["A1"] = [sale()]
    for number in range(3):
        hint(bird, id=f"n{number}")
    assert fetch_hinted.fetch("me") == 1
    hint(bird, id="n3")
    assert fetch_hinted.fetch("me") == 1

    assert magpie.asked == ["A1", "A1"]
    assert InboxEvent.objects.filter(topic="order").count() == 1
    assert set(InboxEvent.objects.filter(topic="hint").values_list("status", flat=True)) == {"done"}


def test_a_thing_that_the_other_side_does_not_know_is_nothing_to_do(bird):
    magpie.script["A1"] = [None]
    hint(bird)
    fetch_hinted.fetch("me")
    assert closed() == ("ignored", "the other side does not know it")


@pytest.mark.parametrize(
    ("error", "seconds"), [(errors.Transient("no answer"), 2), (errors.RateLimited("slow down", retry_after=90), 90)]
)
def test_one_that_cannot_be_asked_now_is_asked_later(bird, drive, error, seconds):
    magpie.script["A1"] = [error, sale()]
    hint(bird)

    assert fetch_hinted.fetch("me") == 0
    assert (hints.has_due(), nights.is_settled()) == (False, True)
    drive.set(clock.now() + timedelta(seconds=seconds - 1))
    assert fetch_hinted.fetch("me") == 0
    drive.set(clock.now() + timedelta(seconds=1))
    assert (hints.has_due(), nights.is_settled()) == (True, False)
    assert fetch_hinted.fetch("me") == 1
    assert (magpie.asked, closed()) == (["A1", "A1"], ("done", ""))


def test_a_silent_side_is_not_asked_again_in_the_same_round_and_others_are(bird):
    other = builders.connection("magpie")
    magpie.script |= {"A1": [errors.Transient("no answer")], "A2": [sale("A2")], "B1": [None]}
    for connection, thing in ((bird, "A1"), (bird, "A2"), (other, "B1")):
        hint(connection, f"order:{thing}", id=thing)

    assert fetch_hinted.fetch("me") == 1
    assert magpie.asked == ["A1", "B1"]


def test_wrong_credentials_wait_for_a_person_and_go_on_when_they_are_mended(bird):
    magpie.script["A1"] = [errors.Misconfigured("the token is not known"), sale()]
    hint(bird)

    fetch_hinted.fetch("me")
    bird.refresh_from_db()
    assert (bird.status, closed()[0], hints.has_due()) == ("needs_reconnect", "waiting", False)
    Connection.objects.update(status="active")
    assert fetch_hinted.fetch("me") == 1
    assert closed() == ("done", "")


@pytest.mark.parametrize(
    ("error", "reason"), [(errors.Permanent("it is locked"), "it is locked"), (KeyError("id"), "KeyError: 'id'")]
)
def test_what_is_refused_is_set_aside_and_its_neighbours_go_on(bird, error, reason):
    magpie.script |= {"A1": [error], "A2": [None]}
    hint(bird, "order:A1", id="n1")
    hint(bird, "order:A2", id="n2")
    assert fetch_hinted.fetch("me") == 2
    assert (closed("n1"), closed("n2")[0]) == (("set_aside", reason), "ignored")


@pytest.mark.parametrize("said", ["moon:1", "order:", "order:A1 order:A2"])
def test_a_hint_that_nobody_can_follow_is_set_aside(bird, said):
    event = hint(bird, said)
    assert (event.status, magpie.asked) == ("set_aside", [])


def test_nothing_is_fetched_while_orders_are_paused_or_the_connection_is_held(bird, drive):
    magpie.script["A1"] = [None]
    hint(bird)
    for change in (
        {"paused_abilities": ["orders"]},
        {"paused_abilities": [], "held_until": clock.now() + timedelta(minutes=1)},
        {"held_until": None, "status": "paused"},
    ):
        Connection.objects.update(**change)
        assert (fetch_hinted.fetch("me"), hints.has_due(), hints.due(9)) == (0, False, [])
    Connection.objects.update(status="active")
    assert fetch_hinted.fetch("me") == 1


def test_one_worker_fetches_at_a_time(bird):
    magpie.script["A1"] = [None]
    hint(bird)
    assert locks.take(fetch_hinted.FETCHING, holder="another", seconds=60)
    assert (fetch_hinted.fetch("me"), magpie.asked) == (0, [])


def test_whoever_lost_the_lease_while_asking_writes_nothing(bird, monkeypatch):
    """Negative control of the fence: without `locks.confirm` the overtaken worker's answer would be stored."""
    magpie.script["A1"] = [sale()]
    hint(bird)
    ask = magpie.Magpie.fetch_order

    def slow(self, external_id):
        locks.release("me")
        assert locks.take(fetch_hinted.FETCHING, holder="another", seconds=60)
        return ask(self, external_id)

    monkeypatch.setattr(magpie.Magpie, "fetch_order", slow)
    with pytest.raises(locks.LeaseLost):
        fetch_hinted.fetch("me")
    assert (closed()[0], InboxEvent.objects.filter(topic="order").count()) == ("waiting", 0)
