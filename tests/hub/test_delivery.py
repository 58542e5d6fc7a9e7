"""The ways of one call: what each outcome does to the delivery, its connection and its neighbours, and what is asked."""

from datetime import timedelta

import pytest

from apps.core import clock
from apps.core.ids import uuid7
from apps.hub import delivery, errors, inbox, waiting
from apps.hub.contracts import Address, CaptureRequest, Label, LabelRequest, Message, Parcel, StockQuantity
from apps.hub.delivery import NewDelivery
from apps.hub.models import Attempt, Connection, Delivery, InboxEvent
from tests.hub import parrot as bird

pytestmark = pytest.mark.django_db

CAPTURE = CaptureRequest(provider_id="pi_1", amount_minor=1100, currency="JPY")
LETTER = Message(reference="m1", to="rina@example.com", subject="s", text="t", sender="shop@example.com")
LABEL = LabelRequest(reference="S1-1", ship_from=Address(), ship_to=Address(), parcel=Parcel(weight_g=500))
BOUGHT = Label(
    reference="S1-1", label_id="L1", tracking_number="T1", carrier="parrot", service="", cost_minor=500, currency="JPY"
)  # fmt: skip


@pytest.fixture(autouse=True)
def _at(drive):
    return drive


@pytest.fixture
def enqueue(parrot):
    def make(operation="payment.capture", word=CAPTURE, key="k1"):
        words = word if isinstance(word, list) else [word]
        new = NewDelivery(parrot.id, operation, key, words, "payment", uuid7(), order_ref=uuid7())
        delivery.enqueue([new])
        return Delivery.objects.get(key=key)

    return make


@pytest.fixture
def go(drive):
    """Let business time pass and make what is due; returns how many calls were claimed."""

    def step(after=timedelta(0)):
        drive.set(drive.now() + after)
        claimed = delivery.claim(worker="w1")
        for item in claimed:
            delivery.make(item)
        return len(claimed)

    return step


def _now(row):
    row.refresh_from_db()
    return row.status


def _tries():
    return list(Attempt.objects.order_by("delivery", "number").values_list("number", "outcome"))


def _asked():
    return [(method, key) for method, key, _ in bird.heard]


def test_a_call_that_goes_well_is_settled_once(enqueue, go, parrot):
    row = enqueue()

    assert (go(), go()) == (1, 0)

    assert (_now(row), _tries(), _asked()) == ("sent", [(1, "sent")], [("capture", "k1")])
    assert bird.heard[0][2] == CAPTURE
    assert Connection.objects.get(id=parrot.id).last_ok_at == clock.now() == row.done_at


def test_the_answer_comes_back_through_the_inbox(enqueue, go):
    row = enqueue()

    go()

    event = InboxEvent.objects.select_related("entry").get()
    answer, words = delivery.read_answer(inbox.raw(event))
    assert (event.topic, event.subject, event.entry.origin) == (
        "answer/payment.capture", f"order:{row.order_ref}", "answer",
    )  # fmt: skip
    assert (answer.delivery, answer.subject, [word.captured_minor for word in words]) == (row.id, row.subject, [1100])


def test_the_same_key_is_one_delivery(enqueue):
    enqueue()
    enqueue()

    assert Delivery.objects.count() == 1


def test_the_words_are_sealed_and_the_same_at_every_attempt(enqueue, go):
    row = enqueue("message.send", LETTER)
    bird.script["send"] = [errors.Transient("down")]
    go()
    go(timedelta(minutes=1))

    assert b"rina" not in bytes(row.sealed)
    assert [words for _, _, words in bird.heard] == [LETTER, LETTER]


def test_many_words_go_in_one_call(enqueue, go):
    words = [StockQuantity(external_id="i1", quantity=3), StockQuantity(external_id="i2", quantity=0)]
    row = enqueue("stock.set", words)

    go()

    assert (row.size, bird.heard[0][2]) == (2, words)
    _, answered = delivery.read_answer(inbox.raw(InboxEvent.objects.select_related("entry").get()))
    assert [word.external_id for word in answered] == ["i1", "i2"]


def test_not_sent_comes_back_with_growing_waits(enqueue, go, drive):
    row = enqueue()
    bird.script["capture"] = [errors.Transient("no route") for _ in range(3)]
    waits = []
    for _ in range(3):
        go(timedelta(hours=1))
        row.refresh_from_db()
        waits.append((row.due_at - drive.now()).total_seconds())

    assert (row.status, waits) == ("due", [5, 15, 60])
    assert (go(), go(timedelta(seconds=60)), _now(row)) == (0, 1, "sent")


def test_after_too_many_attempts_a_person_is_asked(enqueue, go):
    row = enqueue()
    bird.script["capture"] = [errors.Transient("down") for _ in range(delivery.MAX_ATTEMPTS)]

    for _ in range(delivery.MAX_ATTEMPTS):
        go(timedelta(days=1))

    assert (_now(row), len(_tries())) == ("waiting", delivery.MAX_ATTEMPTS)
    assert row.reason == "given up after 12: down"


def test_too_many_calls_hold_the_whole_connection_until_the_vendor_said(enqueue, go, parrot):
    """Retry-After counts in business time, and no neighbour of the same connection knocks meanwhile."""
    first = enqueue(key="k1")
    bird.script["capture"] = [errors.RateLimited("slow down", retry_after=90)]
    go()
    neighbour = enqueue(key="k2")

    assert go(timedelta(seconds=89)) == 0
    assert go(timedelta(seconds=1)) == 2

    assert (_now(first), _now(neighbour)) == ("sent", "sent")
    assert _tries() == [(1, "limited"), (2, "sent"), (1, "sent")]


def test_a_refusal_waits_for_a_person_and_neighbours_go_on(enqueue, go):
    refused, neighbour = enqueue(key="k1"), enqueue(key="k2")
    bird.script["capture"] = [errors.Permanent("no such payment")]

    go()

    assert (_now(refused), refused.reason, _now(neighbour)) == ("waiting", "no such payment", "sent")


def test_wrong_credentials_stop_the_connection_until_they_are_mended(enqueue, go, parrot):
    first, second = enqueue(key="k1"), enqueue(key="k2")
    bird.script["capture"] = [errors.Misconfigured("key revoked"), errors.Permanent("no such payment")]
    go()
    assert Connection.objects.get(id=parrot.id).status == "needs_reconnect"
    later = enqueue(key="k3")
    assert go() == 0

    assert waiting.reconnected(parrot) == 1

    assert go() == 2
    assert (_now(first), _now(later)) == ("sent", "sent")
    assert (_now(second), second.reason) == ("waiting", "no such payment")


def test_a_fault_of_ours_is_one_deliverys_fault(enqueue, go):
    broken, neighbour = enqueue(key="k1"), enqueue(key="k2")
    bird.script["capture"] = [KeyError("amount")]

    go()

    assert (_now(broken), _now(neighbour), _tries()) == ("waiting", "sent", [(1, "fault"), (1, "sent")])


@pytest.mark.parametrize("pause", [{"paused_abilities": ["payment"]}, {"status": "paused"}])
def test_a_pause_holds_what_is_paused_and_nothing_is_lost(enqueue, go, parrot, pause):
    enqueue()
    enqueue("message.send", LETTER, key="k2")
    Connection.objects.filter(id=parrot.id).update(**pause)
    others = 0 if "status" in pause else 1
    assert go() == others

    Connection.objects.filter(id=parrot.id).update(paused_abilities=[], status="active")

    assert go() == 2 - others
    assert set(Delivery.objects.values_list("status", flat=True)) == {"sent"}


def test_a_delivery_may_be_put_off(parrot, go):
    later = clock.now() + timedelta(minutes=5)
    new = NewDelivery(parrot.id, "payment.capture", "k1", [CAPTURE], "payment", uuid7(), due_at=later)
    delivery.enqueue([new])

    assert (delivery.has_due(), go(), go(timedelta(minutes=5))) == (False, 0, 1)


# Unknown outcomes: the call was sent, and no answer came.


def test_by_key_the_same_key_is_sent_again(enqueue, go):
    row = enqueue()
    bird.script["capture"] = [errors.Transient("timeout", sent=True)]

    go()
    assert (_now(row), _tries()) == ("unknown", [(1, "unknown")])
    go(timedelta(seconds=5))

    assert (_now(row), _asked()) == ("sent", [("capture", "k1"), ("capture", "k1")])


@pytest.mark.parametrize(("hours", "status", "calls"), [(22, "sent", 2), (24, "waiting", 1)])
def test_by_key_it_is_not_sent_again_when_the_vendor_may_have_forgotten_the_key(enqueue, go, hours, status, calls):
    row = enqueue()
    bird.script["capture"] = [errors.Transient("timeout", sent=True)]
    go(timedelta(days=3))  # it had waited long before its first try: that does not count

    go(timedelta(hours=hours))

    assert (_now(row), len(_asked())) == (status, calls)


def test_a_person_who_has_looked_may_send_it_again_after_the_key_was_forgotten(enqueue, go):
    row = enqueue()
    bird.script["capture"] = [errors.Transient("timeout", sent=True)]
    go()
    go(timedelta(hours=24))

    assert waiting.retry(row.id)
    go()

    assert (_now(row), _asked()) == ("sent", [("capture", "k1"), ("capture", "k1")])


def test_by_natural_key_the_vendor_is_asked_and_what_is_there_is_not_bought_again(enqueue, go):
    row = enqueue("label.buy", LABEL)
    bird.script["buy_label"] = [errors.Transient("timeout", sent=True)]
    bird.script["find_label"] = [BOUGHT]

    go()
    go(timedelta(seconds=5))

    assert (_now(row), _tries()) == ("sent", [(1, "unknown"), (2, "found")])
    assert _asked() == [("buy_label", "k1"), ("find_label", "S1-1")]


def test_by_natural_key_what_is_not_there_is_bought(enqueue, go):
    row = enqueue("label.buy", LABEL)
    bird.script["buy_label"] = [errors.Transient("timeout", sent=True)]

    go()
    go(timedelta(seconds=5))

    assert (_now(row), _asked()) == ("sent", [("buy_label", "k1"), ("find_label", "S1-1"), ("buy_label", "k1")])


def test_while_asking_fails_the_outcome_stays_unknown(enqueue, go):
    row = enqueue("label.buy", LABEL)
    bird.script["buy_label"] = [errors.Transient("timeout", sent=True)]
    bird.script["find_label"] = [errors.Transient("down"), errors.RateLimited("slow", retry_after=5), BOUGHT]

    for after in (0, 5, 15, 60):
        go(timedelta(seconds=after))

    assert (_now(row), [outcome for _, outcome in _tries()]) == ("sent", ["unknown", "transient", "limited", "found"])
    assert _asked()[1:] == [("find_label", "S1-1")] * 3


def test_with_neither_a_person_decides(enqueue, go):
    row = enqueue("message.send", LETTER)
    bird.script["send"] = [errors.Transient("cut off", sent=True)]
    go()
    go(timedelta(seconds=5))
    assert (_now(row), _asked()) == ("waiting", [("send", "k1")])

    assert waiting.retry(row.id)
    go()

    assert (_now(row), _asked()) == ("sent", [("send", "k1"), ("send", "k1")])


def test_with_neither_and_a_visible_setting_it_is_sent_again(enqueue, go, parrot):
    Connection.objects.filter(id=parrot.id).update(settings={"resend_when_unknown": True})
    row = enqueue("message.send", LETTER)
    bird.script["send"] = [errors.Transient("cut off", sent=True)]

    go()
    go(timedelta(seconds=5))

    assert _now(row) == "sent"


# A person's word


def _push(enqueue):
    return enqueue("stock.set", [StockQuantity(external_id="1", quantity=3)])


def _told(row):
    """The answer to a delivery: how many words, None without one."""
    events = InboxEvent.objects.filter(event_id=f"answer:{row.id}")
    return [len(delivery.read_answer(inbox.raw(event))[1]) for event in events]


def test_a_state_in_doubt_lapses_and_is_never_sent_again(enqueue, go):
    row = _push(enqueue)
    bird.script["set_stock"] = [errors.Transient("cut off", sent=True)]

    assert [go(), go(timedelta(days=2))] == [1, 0]

    assert (_now(row), _told(row), len(bird.heard)) == ("lapsed", [0], 1)


def test_a_state_whose_worker_died_lapses_without_a_call(enqueue, go):
    row = _push(enqueue)
    delivery.claim(worker="dead")
    delivery.release("dead")

    go()

    assert (_now(row), _told(row), bird.heard) == ("lapsed", [0], [])


def test_a_state_that_was_not_sent_is_tried_again(enqueue, go):
    row = _push(enqueue)
    bird.script["set_stock"] = [errors.Transient("no route", sent=False)]

    go()
    go(timedelta(hours=1))

    assert (_now(row), _told(row), len(bird.heard)) == ("sent", [1], 2)


def test_a_retry_of_a_refusal_is_an_ordinary_call(enqueue, go):
    row = enqueue("label.buy", LABEL)
    bird.script["buy_label"] = [errors.Permanent("no such street")]
    go()

    assert (waiting.retry(row.id), waiting.retry(row.id)) == (True, False)
    go()

    assert (_now(row), _asked()) == ("sent", [("buy_label", "k1"), ("buy_label", "k1")])


@pytest.mark.parametrize("again", ["retry", "reconnected"])
def test_what_may_have_happened_is_asked_for_first_also_after_a_person(enqueue, go, parrot, again):
    row = enqueue("label.buy", LABEL)
    bird.script["buy_label"] = [errors.Transient("timeout", sent=True)]
    bird.script["find_label"] = [errors.Misconfigured("key revoked"), BOUGHT]
    go()
    go(timedelta(seconds=5))
    assert _now(row) == "waiting"

    if again == "retry":
        waiting.retry(row.id)
    Connection.objects.filter(id=parrot.id).update(status="active")
    waiting.reconnected(parrot)
    go()

    assert (_now(row), _asked()) == ("sent", [("buy_label", "k1"), ("find_label", "S1-1"), ("find_label", "S1-1")])


def test_what_is_given_up_is_never_sent(enqueue, go):
    row = enqueue()
    bird.script["capture"] = [errors.Permanent("no")]
    go()

    assert (waiting.give_up(row.id, "the customer paid by hand"), waiting.retry(row.id)) == (True, False)

    assert (_now(row), go(timedelta(days=9))) == ("dead", 0)
