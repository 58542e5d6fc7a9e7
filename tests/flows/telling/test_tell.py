"""People are told: what falls together is one message, what flaps is told once, each as they chose, counted by the other side."""

from datetime import timedelta

import pytest
from django.db import IntegrityError

from apps.flows import alert_kinds, nights, tell
from apps.flows.verifying import peers
from apps.hub.models import Connection, Delivery, JobRun
from apps.messaging import alerts
from apps.messaging.models import Alert, AlertNote, AlertNotice
from apps.orders.models import OrderHold
from tests import builders
from tests.flows.telling.shop import MINUTE, NIGHT, choose, hold, taken
from tests.staff.people import make_person

pytestmark = pytest.mark.django_db


# Gathered


def test_four_hundred_things_of_one_night_are_one_message(stand, mail, time):
    aoi = choose(mail)
    hold(400)

    for _ in range(65):  # minutes
        time.pass_(MINUTE)

    (letter,) = taken(stand, aoi.to)
    assert letter["subject"] == "[Kurogo] 青葉堂: 400 things need a look"
    assert "Orders on hold: 400\n" in letter["body"]
    assert letter["body"].count(" waits for a person: The address is incomplete.\n") == tell.NAMED
    assert "And 390 more.\n" in letter["body"]
    assert (AlertNotice.objects.get().count, AlertNote.objects.count(), Delivery.objects.count()) == (400, 400, 1)


def test_without_gathering_it_would_be_four_hundred(stand, mail, time, monkeypatch):
    """The negative control: the same night with nothing that holds messages together."""
    aoi = choose(mail)
    monkeypatch.setattr(tell, "GATHER", timedelta(0))
    monkeypatch.setattr(tell, "REST", timedelta(0))

    for _ in range(12):
        hold(1)
        time.pass_(MINUTE)

    assert len(taken(stand, aoi.to)) == 12


def test_what_comes_one_by_one_is_one_message_and_an_hour_later_another(stand, mail, time):
    aoi = choose(mail)

    for _ in range(50):
        hold(1)
        time.pass_(MINUTE)
    assert list(AlertNotice.objects.values_list("count", flat=True)) == [3]
    for _ in range(20):
        time.pass_(MINUTE)

    assert [letter["subject"] for letter in taken(stand, aoi.to)] == [
        "[Kurogo] 青葉堂: 47 things need a look", "[Kurogo] 青葉堂: 3 things need a look",
    ]  # fmt: skip


def test_what_is_urgent_waits_a_quarter_of_an_hour_and_no_more(mail, time):
    choose(mail)
    hold(1)
    time.pass_(MINUTE)
    time.pass_(2 * MINUTE)
    builders.connection("stripe", status="needs_reconnect")
    time.pass_(MINUTE)
    for _ in range(20):
        time.pass_(MINUTE)
    times = list(AlertNotice.objects.order_by("at").values_list("at", flat=True))
    assert times == [NIGHT + 3 * MINUTE, NIGHT + 18 * MINUTE]


def test_a_thing_alone_says_itself_in_the_subject(stand, mail, time):
    aoi = choose(mail, locale="ja")
    row = builders.connection("stripe", name="Stripe", status="needs_reconnect")
    time.pass_(MINUTE)
    time.pass_(2 * MINUTE)
    (letter,) = taken(stand, aoi.to)
    assert letter["subject"].startswith("【Kurogo】Stripe")
    assert f"http://localhost:8000/connections/{row.id}/\n" in letter["body"]


# Once


def test_what_flaps_is_told_once_in_six_hours(mail, time):
    choose(mail)
    row = builders.connection("stripe")
    for _ in range(9 * 60 // 20):  # nine hours: broken for ten minutes, well for ten
        Connection.objects.filter(id=row.id).update(failures_in_a_row=9)
        time.pass_(MINUTE)
        time.pass_(9 * MINUTE)
        Connection.objects.filter(id=row.id).update(failures_in_a_row=0)
        time.pass_(10 * MINUTE)

    assert list(Alert.objects.order_by("since").values_list("times", flat=True)) == [18, 9]
    assert AlertNotice.objects.count() == 2


def test_without_that_rule_it_would_be_told_each_time(mail, time, monkeypatch):
    """The negative control: every return is an alert of its own, and nothing rests."""
    kinds = [kind for kind in alert_kinds.KINDS if kind.name == "breaker"]
    object.__setattr__(kinds[0], "same", timedelta(0))
    monkeypatch.setattr(tell, "URGENT_REST", timedelta(0))
    try:
        test_body = [choose(mail), builders.connection("stripe")]
        for _ in range(5):
            Connection.objects.filter(id=test_body[1].id).update(failures_in_a_row=9)
            time.pass_(MINUTE)
            time.pass_(9 * MINUTE)
            Connection.objects.filter(id=test_body[1].id).update(failures_in_a_row=0)
            time.pass_(10 * MINUTE)
    finally:
        object.__setattr__(kinds[0], "same", alert_kinds.SAME)
    assert AlertNotice.objects.count() == 5


def test_a_second_run_of_the_minute_tells_nothing_anew(mail, time):
    choose(mail)
    hold(3)
    time.pass_(MINUTE)
    time.pass_(2 * MINUTE)
    tell.run(time.now)
    assert (tell.send(), AlertNotice.objects.count(), Delivery.objects.count()) == (0, 1, 1)


def test_what_a_rival_told_at_this_moment_is_left_out(mail, time, monkeypatch):
    choice = choose(mail)
    hold(2)
    time.pass_(MINUTE)
    time.now += 2 * MINUTE
    before = alerts.untold

    def rivalled(wishes):
        found = before(wishes)
        notice = AlertNotice.objects.create(
            connection=mail, to=choice.to, locale="en", subject="s", text="t", count=1, at=NIGHT - timedelta(days=1)
        )
        alerts.claim(notice.id, alerts.Address(mail.id, choice.to), [next(iter(found.values()))[0].alert])
        return found

    monkeypatch.setattr(alerts, "untold", rivalled)
    assert tell.send() == 1
    assert sorted(AlertNotice.objects.values_list("count", flat=True)) == [1, 1]


# As each chose


def test_nobody_is_told_unasked_and_nobody_of_what_they_may_not_see(mail, time):
    make_person("hana", "owner")
    choose(mail, "kenji", "warehouse", to="kenji@example.jp")
    choose(mail, "yui", "owner", to="yui@example.jp", is_on=False)
    choose(mail, "ren", "read-only", to="ren@example.jp")
    builders.connection("stripe", status="needs_reconnect")
    hold(2)
    time.pass_(MINUTE)
    time.pass_(2 * MINUTE)

    # Connections are not the warehouse's affair, holds neither the warehouse's nor a reader's.
    assert list(AlertNotice.objects.values_list("to", "count")) == [("ren@example.jp", 1)]


def test_severity_and_kinds_are_chosen(mail, time):
    choose(mail, "kenji", to="kenji@example.jp", least=3)
    choose(mail, "yui", to="yui@example.jp", muted=["reconnect"])
    builders.connection("stripe", status="needs_reconnect")
    hold(2)
    time.pass_(MINUTE)
    time.pass_(2 * MINUTE)
    assert sorted(AlertNotice.objects.values_list("to", "count")) == [("kenji@example.jp", 1), ("yui@example.jp", 2)]


def test_in_the_morning_what_is_new_and_still_open_is_gathered(mail, time):
    choose(mail, when="morning")
    hold(3)
    time.pass_(MINUTE)
    OrderHold.objects.filter(id=OrderHold.objects.first().id).update(released_at=NIGHT)
    for _ in range(11):
        time.pass_(timedelta(minutes=30))  # until 07:31
    assert AlertNotice.objects.count() == 0

    time.pass_(timedelta(minutes=29))  # 08:00
    hold(1)
    for _ in range(4):
        time.pass_(timedelta(hours=5))  # until 04:00
    assert list(AlertNotice.objects.values_list("count", flat=True)) == [2]
    time.pass_(timedelta(hours=5))
    assert sorted(AlertNotice.objects.values_list("count", flat=True)) == [1, 2]


def test_two_who_read_at_one_address_hear_once(mail, time):
    choose(mail, "kenji", to="desk@example.jp")
    choose(mail, "yui", to="desk@example.jp", when="morning")
    hold(2)
    time.pass_(MINUTE)
    for _ in range(20):
        time.pass_(timedelta(minutes=30))
    assert list(AlertNotice.objects.values_list("to", "count")) == [("desk@example.jp", 2)]


def test_what_somebody_has_seen_on_the_screen_is_not_sent_to_them(mail, time):
    choice = choose(mail)
    hold(2)
    time.pass_(MINUTE)
    alerts.look(Alert.objects.all()[:1], choice.person_id)
    time.pass_(2 * MINUTE)
    assert list(AlertNotice.objects.values_list("count", flat=True)) == [1]


def test_a_connection_that_stands_still_is_waited_for(mail, time):
    choose(mail)
    hold(2)
    Connection.objects.filter(id=mail.id).update(status="paused")
    time.pass_(MINUTE)
    time.pass_(2 * MINUTE)
    assert AlertNotice.objects.count() == 0
    Connection.objects.filter(id=mail.id).update(status="active")
    time.pass_(MINUTE)
    assert AlertNotice.objects.count() == 1


def test_somebody_who_left_is_told_nothing(mail, time):
    choice = choose(mail)
    choice.person.is_active = False
    choice.person.save()
    hold(2)
    time.pass_(MINUTE)
    time.pass_(2 * MINUTE)
    assert AlertNotice.objects.count() == 0


# The job


def test_the_job_runs_each_minute_and_a_question_that_fails_stops_nothing_else(mail, time, monkeypatch, settings):
    settings.SCHEDULE = tuple(job for job in settings.SCHEDULE if job.name == "tell")
    nights._looked_until.clear()
    choose(mail)
    hold(1)
    alerts.keep([alerts.Cause("breaker", "x", 3, {}, NIGHT)], whole=[])

    def fails(_now):
        raise ValueError("no answer")

    broken = next(kind for kind in alert_kinds.KINDS if kind.name == "breaker")
    before = broken.find
    object.__setattr__(broken, "find", fails)
    try:
        nights.run_due("worker")
        assert sorted(Alert.objects.filter(closed_at=None).values_list("kind", flat=True)) == ["breaker", "held"]
        run = JobRun.objects.get(job="tell")
        assert (run.finished_at, run.error) == (None, "ValueError: no answer")
    finally:
        object.__setattr__(broken, "find", before)
    nights._asked_at[0] = 0.0
    nights.run_due("worker")
    run.refresh_from_db()
    assert (run.finished_at, run.error, run.period) == (NIGHT, "", "2026-11-24T02:00")
    assert list(Alert.objects.filter(closed_at=None).values_list("kind", flat=True)) == ["held"]


def test_a_kind_that_is_looked_for_seldom_is_left_as_it_was_meanwhile(mail, time, monkeypatch):
    alerts.keep([alerts.Cause("low", "x", 2, {}, NIGHT)], whole=[])
    time.pass_(MINUTE)
    assert Alert.objects.get().closed_at is None
    time.pass_(14 * MINUTE)
    assert Alert.objects.get().closed_at == NIGHT + 15 * MINUTE


def test_more_causes_than_are_read_close_nothing(mail, time, monkeypatch):
    monkeypatch.setattr(tell, "MOST", 3)
    hold(4)
    alerts.keep([alerts.Cause("held", "another", 2, {}, NIGHT)], whole=[])
    time.pass_(MINUTE)
    assert Alert.objects.filter(closed_at=None).count() == 5


def test_each_message_is_counted_by_the_mail_server_itself(stand, mail, time, settings):
    """I7 holds for notices: one effect a delivery; and its negative control, one that the server never saw."""
    choose(mail)
    hold(2)
    time.pass_(MINUTE)
    time.pass_(2 * MINUTE)
    row = Delivery.objects.get()
    effects = {"smtp": {"message.send": {str(row.subject): 1}}}
    assert peers.compare(effects).violations == 0
    assert peers.compare({"smtp": {"message.send": {}}}).violations == 1
    with pytest.raises(IntegrityError):
        Delivery.objects.create(
            connection=mail, operation=row.operation, key=row.key, kind="notice", subject=row.subject, due_at=NIGHT,
            created_at=NIGHT,
        )  # fmt: skip
