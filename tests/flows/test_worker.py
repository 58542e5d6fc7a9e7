"""A worker takes its predecessor's place as soon as the database lets it, and not before."""

import pytest
from django.db import OperationalError

from apps.core import locks
from apps.core.models import Lease
from apps.flows import worker as working
from apps.flows.worker import Worker

pytestmark = pytest.mark.django_db


def test_a_worker_that_starts_while_the_database_is_away_arrives_later(monkeypatch):
    monkeypatch.setenv("KUROGO_WORKER", "slot-1")
    locks.take("intake", holder="slot-1:77", seconds=120)
    release = working.delivery.release
    away = [OperationalError("the database is starting up")]

    def once_away(slot):
        if away:
            raise away.pop()
        return release(slot)

    monkeypatch.setattr(working.delivery, "release", once_away)
    starting = Worker()

    with pytest.raises(OperationalError):
        starting.arrive()
    assert starting._seat is None
    starting.arrive()
    starting.arrive()

    seat = Lease.objects.get(name="worker:slot-1")
    assert (seat.holder, seat.token, starting._seat) == (starting.name, 2, locks.Held("worker:slot-1", 2))
    assert locks.take("intake", holder="slot-2:1") is not None


def test_another_worker_keeps_what_it_holds(monkeypatch):
    monkeypatch.setenv("KUROGO_WORKER", "slot-1")
    locks.take("intake", holder="slot-2:77", seconds=120)

    Worker().arrive()

    assert locks.take("intake", holder="slot-3:1") is None
