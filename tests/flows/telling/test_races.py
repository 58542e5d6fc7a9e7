"""Two workers at once: one alert of a cause, one message of an alert; and what would be without the unique keys."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from apps.flows import tell
from apps.hub.models import Delivery
from apps.messaging import alerts
from apps.messaging.models import Alert, AlertNote, AlertNotice
from tests import sql
from tests.flows.telling.shop import MINUTE, choose, hold

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def both(monkeypatch):
    """Run a function in two threads that meet at a call (after it, or before it): each has read, and neither has written."""

    def run(work, module, name, *, is_before=False):
        meeting = threading.Barrier(2, timeout=10)
        before = getattr(module, name)

        def met(*args, **kwargs):
            if is_before:
                meeting.wait()
            found = before(*args, **kwargs)
            if not is_before:
                meeting.wait()
            return found

        monkeypatch.setattr(module, name, met)

        def alone():
            try:
                return work()
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as pool:
            made = [one.result() for one in [pool.submit(alone), pool.submit(alone)]]
        monkeypatch.setattr(module, name, before)
        return made

    return run


@pytest.fixture
def due(mail, time):
    """Three orders that somebody should hear of now."""
    choose(mail)
    hold(3)
    tell.look(time.now)
    time.now += 3 * MINUTE
    return time


def test_two_that_tell_at_once_send_one_message(due, both):
    assert sorted(both(tell.send, alerts, "untold")) == [0, 1]
    assert (AlertNotice.objects.get().count, AlertNote.objects.count(), Delivery.objects.count()) == (3, 3, 1)


def test_without_its_key_each_would_send_one(due, both):
    sql.run("ALTER TABLE messaging_alertnote DROP CONSTRAINT messaging_told_once")
    try:
        assert both(tell.send, alerts, "untold") == [1, 1]
        assert Delivery.objects.count() == 2
    finally:
        AlertNote.objects.all().delete()
        sql.run(
            'ALTER TABLE messaging_alertnote ADD CONSTRAINT messaging_told_once UNIQUE (alert_id, connection_id, "to")'
        )


def test_two_that_look_at_once_open_one_alert(mail, time, both):
    hold(3)
    assert both(lambda: tell.look(time.now), alerts, "keep", is_before=True) == [[], []]
    assert Alert.objects.filter(kind="held").count() == 3
