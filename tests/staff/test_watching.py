"""What machines are told: open and terse, late is 503 with its reason, figures are for loopback or the bearer of the token."""

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.test import Client

from apps.core import clock
from apps.core.ids import uuid7
from apps.flows import standing
from apps.hub.models import Connection, Delivery, InboxEntry, InboxEvent, JobRun
from tests import builders

HOME = {"REMOTE_ADDR": "127.0.0.1", "SERVER_NAME": "127.0.0.1"}
NOTHING = {"inbox": None, "deliveries": None}


def _run(job, *, minutes, error="", finished=True):
    at = clock.now() - timedelta(minutes=minutes)
    JobRun.objects.create(
        id=uuid7(), job=job, period=f"{at:%Y-%m-%dT%H:%M}", due_at=at, started_at=at,
        finished_at=at if finished else None, error=error,
    )  # fmt: skip


def _late_call(connection, *, minutes):
    at = clock.now() - timedelta(minutes=minutes)
    Delivery.objects.create(
        connection=connection, operation="stock.set", key="k", kind="x", subject=uuid7(), due_at=at, created_at=at
    )


def _ask(path="/readyz"):
    standing.forget()
    answer = Client().get(path)
    return answer.status_code, answer.json()


def test_the_process_answers_without_a_database():
    assert _ask("/healthz") == (200, {"ok": True})


@pytest.mark.django_db
def test_a_shop_that_goes_is_ready():
    _run("poll_orders", minutes=1)
    _run("night", minutes=300)

    status, said = _ask()

    assert (status, said["ready"], said["reasons"], said["oldest_due_seconds"]) == (200, True, [], NOTHING)
    assert said["last_beat_seconds"] == pytest.approx(60, abs=5)


@pytest.mark.django_db
def test_each_trouble_is_named():
    connection = builders.connection()
    _run("poll_orders", minutes=6)
    _run("night", minutes=300, error="ValueError: the vendor's own words")
    _late_call(connection, minutes=11)
    at = clock.now() - timedelta(minutes=12)
    entry = InboxEntry.objects.create(connection=connection, received_at=at, size=0, origin="hook", digest=b"d")
    InboxEvent.objects.create(
        entry=entry, connection=connection, event_id="e", topic="t", said_at=at, received_at=at, due_at=at
    )

    status, said = _ask()

    assert (status, said["reasons"]) == (503, ["inbox late", "deliveries late", "no beat", "night failed"])
    assert "vendor's own words" not in str(said)


@pytest.mark.django_db
@pytest.mark.parametrize("change", [{"status": "paused"}, {"held_until": "later"}])
def test_a_call_that_is_kept_on_purpose_is_not_late(change):
    connection = builders.connection()
    _run("poll_orders", minutes=1)
    _late_call(connection, minutes=11)
    before = _ask()[1]["reasons"]

    if change.get("held_until"):
        change = {"held_until": clock.now() + timedelta(minutes=5)}
    Connection.objects.filter(id=connection.id).update(**change)

    assert (before, _ask()[1]["reasons"]) == (["deliveries late"], [])


def test_a_database_that_is_away_is_said(monkeypatch):
    monkeypatch.setattr(standing, "_oldest_event", _raise)
    monkeypatch.setattr(standing.database, "close", lambda: None)

    status, said = _ask()

    assert (status, said["reasons"], said["database"]) == (503, ["database"], False)


def _raise(_at):
    raise OperationalError("password=hunter2 host=10.0.0.5")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("where", "status"),
    [
        ({}, 200),
        ({"REMOTE_ADDR": "192.168.1.20"}, 403),
        ({"HTTP_X_FORWARDED_FOR": "127.0.0.1"}, 403),
        ({"REMOTE_ADDR": "192.168.1.20", "HTTP_AUTHORIZATION": "Bearer watcher"}, 200),
        ({"REMOTE_ADDR": "192.168.1.20", "HTTP_AUTHORIZATION": "Bearer watchers"}, 403),
    ],
)
def test_figures_are_for_loopback_or_the_token(settings, where, status):
    settings.METRICS_TOKEN = "watcher"

    assert Client(**HOME | where).get("/metrics").status_code == status


@pytest.mark.django_db
def test_no_token_set_lets_no_empty_token_in():
    far = Client(REMOTE_ADDR="192.168.1.20", HTTP_AUTHORIZATION="Bearer ")

    assert far.get("/metrics").status_code == 403


@pytest.mark.django_db
def test_behind_a_proxy_loopback_is_everybody(settings):
    settings.IS_HTTPS = True

    assert Client(**HOME).get("/metrics").status_code == 403


@pytest.mark.django_db
def test_figures_without_counting_tables(django_assert_max_num_queries):
    connection = builders.connection()
    _run("poll_orders", minutes=1)
    _late_call(connection, minutes=11)

    with django_assert_max_num_queries(12) as asked:
        Client().get("/health/")
        said = Client(**HOME).get("/metrics").content.decode()

    lines = said.splitlines()
    assert f'kurogo_waiting{{connection="{connection.id}",connector="{connection.connector}",state="due"}} 1.0' in lines
    assert [line.split(" ")[0] for line in lines if line.startswith("kurogo_oldest")] == [
        'kurogo_oldest_due_seconds{queue="inbox"}', 'kurogo_oldest_due_seconds{queue="deliveries"}',
    ]  # fmt: skip
    assert 'kurogo_answers_total{status="2xx",view="health"}' in said
    assert [query["sql"] for query in asked if "count(" in query["sql"].lower() and "LIMIT" not in query["sql"]] == []
