"""Workers die and come late: a delivery is taken over as of unknown outcome, and the late one's word does not count."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F

from apps.core import clock, locks
from apps.core.ids import uuid7
from apps.hub import delivery, errors, waiting
from apps.hub.contracts import Address, CaptureRequest, LabelRequest, Parcel
from apps.hub.delivery import NewDelivery
from apps.hub.models import Attempt, Connection, Delivery, InboxEvent
from tests.hub import parrot as bird

CAPTURE = CaptureRequest(provider_id="pi_1", amount_minor=1100, currency="JPY")
LABEL = LabelRequest(reference="S1-1", ship_from=Address(), ship_to=Address(), parcel=Parcel(weight_g=500))


def _enqueue(parrot, count=1, operation="label.buy", word=LABEL):
    delivery.enqueue([NewDelivery(parrot.id, operation, f"k{n}", [word], "parcel", uuid7()) for n in range(count)])


def _lease_runs_out():
    Delivery.objects.update(leased_until=clock.wall() - timedelta(seconds=1))


def _asked():
    return [method for method, _, _ in bird.heard]


@pytest.mark.django_db
def test_a_claimed_delivery_is_not_claimed_again(parrot):
    _enqueue(parrot)

    assert [len(delivery.claim(worker=name)) for name in ("w1", "w2", "w1")] == [1, 0, 0]


@pytest.mark.django_db
def test_a_dead_workers_delivery_is_asked_for_before_it_is_bought(parrot):
    _enqueue(parrot)
    delivery.claim(worker="w1")
    _lease_runs_out()

    (taken,) = delivery.claim(worker="w2")
    delivery.make(taken)

    assert (taken.is_unsettled, _asked()) == (True, ["find_label", "buy_label"])
    assert list(Attempt.objects.values_list("number", "outcome")) == [(2, "sent")]


@pytest.mark.django_db
def test_a_worker_that_starts_takes_over_from_its_dead_namesake_at_once(parrot):
    _enqueue(parrot)
    delivery.claim(worker="w1")

    assert (delivery.release("w2"), delivery.release("w1")) == (0, 1)

    (taken,) = delivery.claim(worker="w1")
    assert taken.is_unsettled


@pytest.mark.django_db
def test_who_sits_in_the_seat_takes_what_its_name_holds_and_who_lost_it_gets_nothing(parrot):
    """A claim that was committed while the database died has an owner who never heard of it."""
    _enqueue(parrot, 2)
    old = locks.seize("worker:w1", holder="w1:1")
    assert len(delivery.claim(1, worker="w1", seat=old)) == 1

    new = locks.seize("worker:w1", holder="w1:2")
    other = locks.seize("worker:w2", holder="w2:1")

    assert delivery.claim(worker="w1", seat=old) == []
    assert [item.is_unsettled for item in delivery.claim(1, worker="w2", seat=other)] == [False]
    assert [item.is_unsettled for item in delivery.claim(worker="w1", seat=new)] == [True]


@pytest.mark.django_db
def test_a_death_is_remembered_until_it_was_asked_for(parrot):
    """Died, then refused for credentials, then mended: the label may lie there already."""
    _enqueue(parrot)
    delivery.claim(worker="w1")
    _lease_runs_out()
    bird.script["find_label"] = [errors.Misconfigured("key revoked")]
    delivery.make(delivery.claim(worker="w2")[0])

    waiting.reconnected(parrot)
    delivery.make(delivery.claim(worker="w2")[0])

    assert _asked() == ["find_label", "find_label", "buy_label"]


@pytest.mark.django_db
def test_a_late_settlement_is_fenced_off(parrot):
    """The first worker called, slept, and woke after another had taken over: only the later word counts."""
    _enqueue(parrot, operation="payment.capture", word=CAPTURE)
    (late,) = delivery.claim(worker="w1")
    _lease_runs_out()
    (present,) = delivery.claim(worker="w2")

    outcome = delivery._Outcome("waiting", "refused", "too late")
    assert not delivery.settle(late.delivery, outcome)

    delivery.make(present)
    assert not delivery.settle(late.delivery, outcome)
    assert list(Attempt.objects.values_list("number", "outcome")) == [(2, "sent")]
    assert Delivery.objects.get().status == "sent"
    assert InboxEvent.objects.count() == 1


@pytest.mark.django_db
def test_a_claim_that_waited_too_long_makes_no_call(parrot):
    """Forty deliveries behind one slow vendor: the last of them may be another's by the time it is their turn."""
    _enqueue(parrot)
    (late,) = delivery.claim(worker="w1")
    late.delivery.leased_until = clock.wall() - timedelta(seconds=1)
    Delivery.objects.update(token=F("token") + 1)

    delivery.make(late)

    assert (_asked(), Attempt.objects.count()) == ([], 0)


@pytest.mark.django_db
def test_a_claim_that_waited_but_is_still_ours_is_renewed(parrot):
    _enqueue(parrot)
    (mine,) = delivery.claim(worker="w1")
    mine.delivery.leased_until = clock.wall() + timedelta(seconds=1)
    seen = []
    bird.script["buy_label"] = [lambda: seen.append(Delivery.objects.get().leased_until)]

    delivery.make(mine)

    assert seen[0] > clock.wall() + timedelta(seconds=delivery.LEASE_SECONDS / 2)


@pytest.mark.django_db(transaction=True)
def test_eight_workers_make_every_call_once(parrot):
    _enqueue(parrot, 40, "payment.capture", CAPTURE)
    together = threading.Barrier(8)

    def work(number):
        together.wait(10)
        made = 0
        try:
            while claimed := delivery.claim(3, worker=f"w{number}"):
                for item in claimed:
                    delivery.make(item)
                made += len(claimed)
            return made
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        made = sum(pool.map(work, range(8)))

    assert (made, len(bird.heard), len({key for _, key, _ in bird.heard})) == (40, 40, 40)
    assert Delivery.objects.filter(status="sent").count() == Attempt.objects.count() == 40


@pytest.mark.django_db(transaction=True)
def test_no_call_is_made_inside_a_transaction(parrot):
    _enqueue(parrot, operation="payment.capture", word=CAPTURE)
    seen = []
    bird.script["capture"] = [lambda: seen.append(connection.in_atomic_block) or errors.Permanent("enough")]

    delivery.make(delivery.claim()[0])

    assert seen == [False]
    assert Connection.objects.get().last_error == "enough"
