"""Payloads past their time are emptied, each class by its own days; what is still to be done keeps its words."""

from datetime import timedelta

import pytest

from apps.core import clock
from apps.core.ids import uuid7
from apps.flows import nights, retention
from apps.hub import delivery, inbox
from apps.hub.abilities import Event
from apps.hub.contracts import VoidRequest
from apps.hub.delivery import NewDelivery
from apps.hub.models import Delivery, FileRun, InboxEntry, InboxEvent, JobRun, SetAsideRow
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _days(settings):
    settings.NOTICE_DAYS, settings.CALL_DAYS, settings.SET_ASIDE_DAYS = 30, 60, 90


@pytest.fixture
def source():
    return builders.connection()


def _notice(source, status="done", *, days, parts=1):
    events = [
        Event(id=f"{status}-{days}-{part}", topic="order", at=clock.now(), raw=b"name and address")
        for part in range(parts)
    ]
    inbox.store(source.id, events, origin="hook", body=b"name and address")
    at = clock.now() - timedelta(days=days)
    InboxEvent.objects.filter(event_id__startswith=f"{status}-{days}-").update(status=status, received_at=at)
    InboxEntry.objects.filter(events__event_id=events[0].id).update(received_at=at)


def _call(source, status, *, days):
    key = f"{status}-{days}"
    delivery.enqueue(
        [NewDelivery(source.id, "payment.void", key, [VoidRequest(provider_id="pi_1")], "payment", uuid7())]
    )
    Delivery.objects.filter(key=key).update(status=status, created_at=clock.now() - timedelta(days=days))


def _kept(model, name):
    return sorted(model.objects.filter(sealed__isnull=False).values_list(name, flat=True))


def test_old_notices_are_emptied_and_stay_as_rows(source):
    _notice(source, days=31)
    _notice(source, days=29)
    _notice(source, days=40, parts=2)

    assert retention.empty_old() is False
    assert retention.empty_old() is True

    assert (InboxEntry.objects.count(), InboxEvent.objects.count()) == (3, 4)
    assert _kept(InboxEntry, "events__event_id") == ["done-29-0"]
    assert _kept(InboxEvent, "event_id") == []


@pytest.mark.parametrize(
    ("status", "is_kept"), [("new", True), ("waiting", True), ("set_aside", False), ("ignored", False)]
)
def test_a_notice_that_is_still_to_be_taken_keeps_its_words(source, status, is_kept):
    _notice(source, status, days=400)
    _notice(source, status, days=500, parts=2)

    retention.empty_old()

    assert InboxEntry.objects.filter(sealed__isnull=False).count() == (2 if is_kept else 0)
    assert InboxEvent.objects.filter(sealed__isnull=False).count() == (2 if is_kept else 0)


@pytest.mark.parametrize(
    ("status", "is_kept"),
    [("sent", False), ("dead", False), ("cancelled", False), ("due", True), ("unknown", True), ("waiting", True)],
)
def test_a_call_that_may_still_be_made_keeps_its_words(source, status, is_kept):
    _call(source, status, days=61)
    _call(source, "sent", days=59)

    retention.empty_old()

    assert _kept(Delivery, "key") == sorted(["sent-59", *([f"{status}-61"] if is_kept else [])])


def test_rows_of_files_are_emptied_by_their_own_days(source):
    _notice(source, days=1)
    run = FileRun.objects.create(
        event=InboxEvent.objects.get(), connection=source, name="f.csv", kind="orders",
        started_at=clock.now() - timedelta(days=91),
    )  # fmt: skip
    SetAsideRow.objects.create(run=run, row=1, reason="unknown_sku", sealed=b"x")

    retention.empty_old()

    row = SetAsideRow.objects.get()
    assert (row.sealed, row.reason) == (None, "unknown_sku")


def test_runs_of_each_minute_are_forgotten_and_nights_are_not(source):
    for job in ("tell", "poll_orders", "night"):
        for days in (1, 3):
            at = clock.now() - timedelta(days=days)
            JobRun.objects.create(job=job, period=f"{at:%Y-%m-%dT%H:%M}", due_at=at, started_at=at, finished_at=at)

    nights._retention(JobRun())

    kept = {job: JobRun.objects.filter(job=job).count() for job in ("tell", "poll_orders", "night")}
    assert kept == {"tell": 1, "poll_orders": 1, "night": 2}


def test_many_are_emptied_in_steps(source, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 2)
    for days in range(100, 105):
        _notice(source, days=days)

    steps = 0
    while not retention.empty_old():
        steps += 1

    assert (steps, _kept(InboxEntry, "id")) == (3, [])
