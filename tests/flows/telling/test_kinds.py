"""Each kind of alert: found while its cause is there, by a sentence that says it, and gone when it is mended.

A kind without a cause in `CAUSES` fails: what nobody can bring about nobody is told of.
"""

from datetime import timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from oauth2_provider.models import get_application_model

from apps.channels.models import Listing, Stop
from apps.core import clock
from apps.core.ids import uuid7
from apps.flows import tell, wiring
from apps.flows.alert_kinds import BY_NAME, KINDS
from apps.hub import inbox
from apps.hub.abilities import Event
from apps.hub.models import Connection, Credential, Cursor, Delivery, FileRun, InboxEvent, JobRun
from apps.inventory.models import Forecast, StockLevel
from apps.messaging.models import Alert
from apps.orders.models import Order, OrderHold
from apps.reconciliation.models import Difference
from tests import builders
from tests.flows.telling.shop import MINUTE

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(time, settings):
    settings.SCHEDULE = tuple(job for job in settings.SCHEDULE if job.name in ("night", "forecast"))
    wiring.forget()
    row = builders.connection("shopify", name="本店")
    Cursor.objects.create(connection=row, name="orders", read_until=time.now, read_at=time.now)
    translation.activate("en")
    yield row
    wiring.forget()


def look(now):
    """The open alerts after one look, by kind."""
    wiring.forget()
    tell.look(now)
    return {row.kind: BY_NAME[row.kind].sentence(row.facts) for row in Alert.objects.filter(closed_at=None)}


def make_call(row, status="waiting", **facts):
    facts = {"operation": "fulfilment.create", "due_at": clock.now(), "created_at": clock.now()} | facts
    return Delivery.objects.create(connection=row, key=str(uuid7()), kind="x", subject=uuid7(), status=status, **facts)


def make_notice(row, status):
    event = Event(id=str(uuid7()), topic="orders/create", at=clock.now(), raw=b"{}", subject="order:1")
    inbox.store(row.id, [event], origin="hook")
    InboxEvent.objects.filter(event_id=event.id).update(status=status)
    return InboxEvent.objects.get(event_id=event.id)


def make_run(job, **facts):
    at = clock.now() - timedelta(hours=1)
    return JobRun.objects.create(id=uuid7(), job=job, period="2026-11-22", **({"due_at": at, "started_at": at} | facts))


def reconnect(row):
    row.status = Connection.Status.NEEDS_RECONNECT
    row.save()
    return lambda: Connection.objects.update(status="active")


def breaker(row):
    Connection.objects.update(failures_in_a_row=5)
    return lambda: Connection.objects.update(failures_in_a_row=4)


def unread(_row):
    Cursor.objects.update(read_at=clock.now() - timedelta(hours=1, minutes=16))
    return lambda: Cursor.objects.update(read_at=clock.now() - timedelta(hours=1, minutes=14))


def blind(row):
    made = make_call(row, "unknown", operation="stock.set", created_at=clock.now() - timedelta(hours=9))
    Delivery.objects.filter(id=made.id).update(due_at=clock.now() + timedelta(hours=1))
    return lambda: Delivery.objects.update(status="sent")


def calls(row):
    make_call(row)
    make_call(row)
    return lambda: Delivery.objects.update(status="dead")


def notices(row):
    make_notice(row, "set_aside")
    return lambda: InboxEvent.objects.update(status="done")


def files(row):
    FileRun.objects.create(
        event=make_notice(row, "done"), connection=row, name="stock.csv", kind="stock", started_at=clock.now(),
        stopped_at=clock.now(),
    )  # fmt: skip
    return lambda: FileRun.objects.update(decision="rejected")


def stops(row):
    Stop.objects.create(connection=row, fallen=30, shown=40)
    return lambda: Stop.objects.update(state="let_pass")


def unlinked(row):
    Listing.objects.create(connection=row, sku="X", title="X", external_id="x")
    return lambda: Listing.objects.update(link="not_ours")


def credential(row):
    Credential.objects.create(
        connection=row, name="access_token", sealed=b"x", set_at=clock.now(), expires_at=clock.now() + timedelta(days=6)
    )
    return lambda: Credential.objects.update(expires_at=clock.now() + timedelta(days=15))


def clients(_row):
    model = get_application_model()
    facts = {"client_type": model.CLIENT_CONFIDENTIAL, "authorization_grant_type": model.GRANT_CLIENT_CREDENTIALS}
    model.objects.create(name="till", client_secret="x", expires_at=clock.now() + timedelta(days=6), **facts)
    model.objects.create(name="old", client_secret="x", expires_at=clock.now(), ended_at=clock.now(), **facts)
    model.objects.create(name="endless", client_secret="x", **facts)
    return lambda: model.objects.update(ended_at=clock.now())


def jobs(_row):
    make_run("night", error="Transient: 503", finished_at=clock.now())
    return lambda: JobRun.objects.update(error="")


def late(row):
    make_call(row, "due", due_at=clock.now() - timedelta(minutes=11))
    return lambda: Delivery.objects.update(due_at=clock.now())


def differences(row):
    for thing in ("a", "b"):
        Difference.objects.create(
            connection=row, kind="missing_order", thing=thing, period="2026-11-22", found_at=clock.now()
        )
    return lambda: Difference.objects.update(state="accepted")


def held(row):
    order = builders.order(row, number="KG-1", is_held=True, fulfilment="shipped")
    OrderHold.objects.create(order=order, reason="no_address", set_by="rule", set_at=clock.now())
    return lambda: OrderHold.objects.update(released_at=clock.now())


def overdue(row):
    builders.order(row, payment="paid", ship_by=clock.now() - timedelta(days=1))
    return lambda: Order.objects.update(ship_by=clock.now() + timedelta(days=1))


def low(_row):
    level = StockLevel.objects.create(
        variant=builders.variant("CUP", title="湯のみ"), location=builders.location(), on_hand=10
    )
    Forecast.objects.create(
        level=level, as_of=clock.business_date(), computed_at=clock.now(), sales=9, units=9, days_counted=99, days_out=0,
        daily=1, noise=1, lead_days=14, review_days=7, service_percent=95, order_days=28, safety=10, reorder_point=40,
        up_to=68, lasts_days=10,
    )  # fmt: skip
    return lambda: StockLevel.objects.update(incoming=50)


# Each brings a cause about and answers what mends it.
CAUSES = {
    name: (cause, words)
    for cause, name, words in (
        (reconnect, "reconnect", "本店 must be reconnected; nothing goes out or is asked for until then."),
        (breaker, "breaker", "本店 fails again and again; it is asked once a minute until it answers."),
        (unread, "unread", "The orders of 本店 were read last at 2026-11-24 00:44."),
        (
            blind,
            "blind",
            "本店 has not acknowledged its stock since 2026-11-23 17:00; it may still sell what it shows.",
        ),
        (calls, "calls", "Calls to 本店 wait for a person: 2."),
        (notices, "notices", "Notices of 本店 could not be understood and were set aside: 1."),
        (files, "files", "The file stock.csv of 本店 was stopped before anything was booked; a person has to decide."),
        (stops, "stops", "30 of 40 articles that 本店 shows would fall to none; a person has to decide."),
        (unlinked, "unlinked", "Listings of 本店 are linked to no article: 1."),
        (credential, "credential", "The credential access_token of 本店 is valid until 2026-11-30."),
        (clients, "clients", "The API client till is valid until 2026-11-30."),
        (jobs, "jobs", "Nightly reconciliation of 2026-11-22 did not come to its end. Transient: 503"),
        (late, "late", "What should go out has waited for more than ten minutes. Is a worker running?"),
        (differences, "differences", "Differences of the night of 2026-11-22 wait for a decision: 2."),
        (held, "held", "KG-1 waits for a person: The address is incomplete."),
        (overdue, "overdue", "Orders that should have left: 1."),
        (low, "low", "CUP 湯のみ (main) runs out before a delivery would arrive."),
    )
}


def test_every_kind_can_be_brought_about():
    assert list(CAUSES) == [kind.name for kind in KINDS]


@pytest.mark.parametrize("name", sorted(CAUSES))
def test_a_cause_is_told_of_while_it_is_there(shop, time, name):
    cause, words = CAUSES[name]
    assert look(time.now) == {}

    mend = cause(shop)
    assert look(time.now) == {name: words}

    mend()
    assert look(time.now) == {}


@pytest.mark.parametrize("name", sorted(CAUSES))
def test_its_sentence_is_translated(shop, time, name):
    cause, words = CAUSES[name]
    cause(shop)
    tell.look(time.now)
    row = Alert.objects.get(closed_at=None)
    with translation.override("ja"):
        assert BY_NAME[name].sentence(row.facts) not in ("", words)


# At the edges


def test_what_waits_by_itself_is_nobody_s_affair(shop, time):
    for reason in ("short", "awaits_channel", "by_hand"):
        order = builders.order(shop, is_held=True, fulfilment="shipped")
        OrderHold.objects.create(order=order, reason=reason, set_by="rule", set_at=time.now)
    assert look(time.now) == {}


def test_a_channel_that_stands_still_or_cannot_be_asked_is_not_missed(shop, time):
    Cursor.objects.update(read_at=time.now - timedelta(days=1))
    assert list(look(time.now)) == ["unread"]
    for change in ({"status": "paused"}, {"status": "active", "paused_abilities": ["orders"]}):
        Connection.objects.update(**change)
        assert look(time.now) == {}


def test_a_channel_that_was_never_read_counts_from_its_birth(shop, time):
    Cursor.objects.all().delete()
    assert look(time.now) == {}
    Connection.objects.update(created_at=time.now - timedelta(hours=2))
    assert list(look(time.now)) == ["unread"]


def test_a_night_that_does_not_end_is_a_night_that_fails(shop, time):
    make_run("night", due_at=time.now - timedelta(hours=5, minutes=59))
    assert look(time.now) == {}
    time.now += MINUTE * 2
    tell.look(time.now)
    assert [(row.kind, row.severity) for row in Alert.objects.filter(closed_at=None)] == [("jobs", 3)]


def test_a_job_that_fails_and_is_tried_again_is_waited_for(shop, time):
    run = make_run("forecast", error="ValueError: x")
    assert look(time.now) == {}
    JobRun.objects.filter(id=run.id).update(finished_at=time.now)
    assert list(look(time.now)) == ["jobs"]


def test_a_newer_run_that_went_well_is_the_end_of_it(shop, time):
    make_run("forecast", error="ValueError: x", finished_at=time.now)
    assert list(look(time.now)) == ["jobs"]
    JobRun.objects.create(
        id=uuid7(), job="forecast", period="2026-11-23", due_at=time.now, started_at=time.now, finished_at=time.now
    )
    assert look(time.now) == {}


def test_a_look_costs_the_same_however_much_is_wrong(shop, time):
    with CaptureQueriesContext(database) as quiet:
        look(time.now)
    for cause, _ in CAUSES.values():
        cause(shop)
    for _ in range(60):
        order = builders.order(shop, is_held=True, fulfilment="shipped")
        OrderHold.objects.create(order=order, reason="no_address", set_by="rule", set_at=time.now)
    with CaptureQueriesContext(database) as busy:
        assert tell.look(time.now) == []
    assert len(busy) <= len(quiet) + 8  # names of what was found
    assert Alert.objects.filter(closed_at=None).count() > 60
