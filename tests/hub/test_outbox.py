"""Facts of one aggregate are numbered without a gap, whoever writes them, and each is announced once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from apps.hub import outbox
from apps.hub.models import OutboxFact
from apps.hub.outbox import NewFact
from apps.orders import services as orders
from tests import builders

WRITERS, FACTS_EACH = 4, 5


def _fact(subject, topic="order.placed"):
    return NewFact(topic, "order", subject)


def _numbers(subject):
    return list(OutboxFact.objects.filter(subject=subject).order_by("sequence").values_list("sequence", flat=True))


@pytest.mark.django_db
def test_each_aggregate_counts_its_own_facts():
    first, second = uuid4(), uuid4()
    outbox.publish([_fact(first), _fact(second), _fact(first)])

    outbox.publish([_fact(second)])

    assert (_numbers(first), _numbers(second)) == ([1, 2], [1, 2])


@pytest.mark.django_db
def test_a_fact_stands_or_falls_with_its_change():
    with transaction.atomic():
        outbox.publish([_fact(uuid4())])
        transaction.set_rollback(True)

    assert OutboxFact.objects.count() == 0


@pytest.mark.django_db
def test_nothing_to_say_says_nothing():
    assert outbox.publish([]) == []


@pytest.mark.django_db
def test_a_fact_is_handed_out_until_it_is_announced():
    first, second = outbox.publish([_fact(uuid4()), _fact(uuid4())])
    assert [fact.id for fact in outbox.unannounced(10)] == [first.id, second.id]

    outbox.announced([first])

    assert [fact.id for fact in outbox.unannounced(10)] == [second.id]


def _write_facts(order, *, is_locked):
    """Many real connections tell of one order at once; the errors they met."""
    together = threading.Barrier(WRITERS)

    def work(_number):
        errors = 0
        try:
            for _ in range(FACTS_EACH):
                together.wait(10)
                try:
                    with transaction.atomic():
                        if is_locked:
                            orders.lock([order.id])
                        outbox.publish([_fact(order.id)])
                except IntegrityError:
                    errors += 1
            return errors
        finally:
            connection.close()

    with ThreadPoolExecutor(WRITERS) as pool:
        return sum(pool.map(work, range(WRITERS)))


@pytest.mark.django_db(transaction=True)
def test_rivals_under_the_aggregates_lock_leave_no_gap():
    order = builders.order()

    assert _write_facts(order, is_locked=True) == 0

    assert _numbers(order.id) == list(range(1, WRITERS * FACTS_EACH + 1))


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_the_number_itself_refuses_the_rival():
    """The negative control, and the second guard: no two facts ever carry one number."""
    order = builders.order()

    errors = _write_facts(order, is_locked=False)

    assert errors > 0
    assert _numbers(order.id) == list(range(1, WRITERS * FACTS_EACH - errors + 1))


@pytest.mark.django_db(transaction=True)
def test_two_announcers_never_take_the_same_fact():
    outbox.publish([_fact(uuid4()) for _ in range(6)])
    has_taken, may_go = threading.Event(), threading.Event()

    def rival():
        with transaction.atomic():
            taken = [fact.id for fact in outbox.unannounced(3)]
            has_taken.set()
            may_go.wait(10)
        connection.close()
        return taken

    with ThreadPoolExecutor(1) as pool:
        theirs = pool.submit(rival)
        assert has_taken.wait(10)
        with transaction.atomic():
            ours = [fact.id for fact in outbox.unannounced(10)]
        may_go.set()

    assert len(ours) == 3
    assert set(ours) & set(theirs.result()) == set()
