"""Alerts: one open alert of a cause, closed when the cause is gone; what flaps is one alert; nobody hears twice of one."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction

from apps.core import clock
from apps.core.ids import uuid7
from apps.messaging import alerts
from apps.messaging.alerts import Address, Cause, Wish
from apps.messaging.models import Alert, AlertLook, AlertNote, AlertNotice
from tests import builders

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
HOURS = timedelta(hours=6)


@pytest.fixture
def at(monkeypatch):
    """Business time, set by hand."""

    def set_to(moment: datetime) -> None:
        monkeypatch.setattr(clock, "now", lambda: moment)

    set_to(NOON)
    return set_to


def cause(subject="a", kind="calls", severity=2, *, since=None, **facts):
    return Cause(kind, subject, severity, facts, (since or clock.now()) - HOURS)


def rows():
    return list(Alert.objects.order_by("subject", "since").values_list("kind", "subject", "times", "closed_at"))


def test_a_cause_opens_one_alert_however_often_it_is_found(at):
    assert alerts.keep([cause(n=1), cause(n=1)], whole=["calls"]) == 1
    assert alerts.keep([cause(n=1)], whole=["calls"]) == 0
    assert rows() == [("calls", "a", 1, None)]


def test_a_second_open_alert_of_a_cause_is_refused_by_the_table(at):
    alerts.keep([cause()], whole=[])
    with pytest.raises(IntegrityError, match="messaging_one_open_alert"), transaction.atomic():
        Alert.objects.create(kind="calls", subject="a", severity=2, since=NOON, opened_at=NOON)


def test_what_it_says_follows_its_cause(at):
    alerts.keep([cause(n=1)], whole=["calls"])
    alerts.keep([cause(n=7, severity=3)], whole=["calls"])
    row = Alert.objects.get()
    assert (row.facts, row.severity, row.times, row.opened_at) == ({"n": 7}, 3, 1, NOON)


def test_an_alert_closes_when_its_cause_is_gone_and_only_of_kinds_that_were_looked_at_whole(at):
    alerts.keep([cause("a"), cause("b"), cause("c", kind="low")], whole=["calls", "low"])
    later = NOON + timedelta(minutes=1)
    at(later)
    alerts.keep([cause("b")], whole=["calls"])
    assert rows() == [("calls", "a", 1, later), ("calls", "b", 1, None), ("low", "c", 1, None)]


@pytest.mark.parametrize(
    ("away", "found"),
    [(timedelta(hours=5, minutes=59), [2]), (timedelta(hours=6), [1, 1]), (timedelta(days=2), [1, 1])],
)
def test_what_comes_back_soon_is_the_same_alert_and_later_another(at, away, found):
    alerts.keep([cause()], whole=["calls"])
    alerts.keep([], whole=["calls"])
    at(NOON + away)
    alerts.keep([cause()], whole=["calls"])
    assert list(Alert.objects.order_by("since").values_list("times", flat=True)) == found
    assert Alert.objects.filter(closed_at=None).count() == 1


# People


@pytest.fixture
def aoi():
    return get_user_model().objects.create_user("aoi").pk


@pytest.fixture
def hana():
    return get_user_model().objects.create_user("hana").pk


def unseen(person):
    return sorted(alerts.unseen(alerts.for_person(["calls"]), person).values_list("subject", flat=True))


def test_one_person_s_look_is_not_another_s(at, aoi, hana):
    alerts.keep([cause("a"), cause("b"), cause("x", kind="low")], whole=[])
    alerts.look(Alert.objects.filter(subject="a"), aoi)
    assert (unseen(aoi), unseen(hana)) == (["b"], ["a", "b"])
    assert alerts.seen(alerts.for_person(["calls"]), aoi).get().subject == "a"


def test_what_was_put_off_comes_back_at_its_time(at, aoi):
    alerts.keep([cause("a")], whole=[])
    alerts.look(Alert.objects.all(), aoi, until=NOON + timedelta(hours=1))
    assert unseen(aoi) == []
    at(NOON + timedelta(hours=1))
    assert unseen(aoi) == ["a"]


def test_a_look_holds_until_the_cause_comes_back(at, aoi):
    alerts.keep([cause("a")], whole=["calls"])
    alerts.look(Alert.objects.all(), aoi)
    alerts.keep([], whole=["calls"])
    at(NOON + timedelta(minutes=5))
    alerts.keep([cause("a")], whole=["calls"])
    assert unseen(aoi) == ["a"]
    alerts.look(Alert.objects.all(), aoi)
    assert (unseen(aoi), AlertLook.objects.count()) == ([], 1)
    alerts.unlook(Alert.objects.all(), aoi)
    assert unseen(aoi) == ["a"]


# Addresses


def wish(address, person, *, kind="calls", least=2, before=None, is_morning=False):
    return Wish(address, person, kind, least, before or clock.now(), is_morning)


def told(*wishes):
    found = alerts.untold(wishes)
    subject = dict(Alert.objects.values_list("id", "subject"))
    return {address.to: sorted(subject[row.alert] for row in rows) for address, rows in found.items()}


def test_an_address_is_due_what_somebody_there_wants_and_has_not_seen(at, aoi, hana):
    mail = builders.connection("smtp")
    here, there = Address(mail.id, "aoi@example.jp"), Address(mail.id, "hana@example.jp")
    alerts.keep([cause("a"), cause("b", severity=1), cause("c", kind="low"), cause("d", severity=3)], whole=[])
    alerts.look(Alert.objects.filter(subject="d"), aoi)

    assert told() == {}
    assert told(wish(here, aoi), wish(there, hana, least=3)) == {"aoi@example.jp": ["a"], "hana@example.jp": ["d"]}
    assert told(wish(here, aoi), wish(here, hana, kind="low")) == {"aoi@example.jp": ["a", "c"]}
    assert told(wish(here, aoi, before=NOON - timedelta(seconds=1))) == {}


def test_of_one_alert_an_address_hears_once(at, aoi):
    mail = builders.connection("smtp")
    here = Address(mail.id, "aoi@example.jp")
    alerts.keep([cause("a"), cause("b")], whole=[])
    one, two = Alert.objects.order_by("subject").values_list("id", flat=True)
    first, second = make_notice(here), make_notice(here)

    assert alerts.claim(first, here, [one]) == [one]
    assert sorted(alerts.claim(second, here, [one, two])) == [two]
    assert alerts.claim(uuid7(), here, [one, two]) == []
    assert told(wish(here, aoi)) == {}
    assert AlertNote.objects.count() == 2
    assert alerts.last_told(NOON - timedelta(hours=1)) == {here: NOON}
    assert alerts.last_told(NOON) == {}


def make_notice(address, at=NOON):
    return AlertNotice.objects.create(
        connection_id=address.connection, to=address.to, locale="ja", subject="s", text="t", count=1, at=at
    ).id


def test_what_has_been_over_for_long_is_forgotten_and_what_is_open_stays(at):
    mail = builders.connection("smtp")
    here = Address(mail.id, "aoi@example.jp")
    alerts.keep([cause("gone"), cause("open")], whole=[])
    ids = dict(Alert.objects.values_list("subject", "id"))
    for subject in ids:
        alerts.claim(make_notice(here), here, [ids[subject]])
    make_notice(here, NOON + timedelta(days=2))
    alerts.keep([cause("open")], whole=["calls"])

    at(NOON + alerts.KEPT)
    assert alerts.forget_old()
    assert Alert.objects.count() == 2
    at(NOON + alerts.KEPT + timedelta(days=1))
    assert alerts.forget_old()

    assert list(Alert.objects.values_list("subject", flat=True)) == ["open"]
    assert (AlertNote.objects.count(), AlertNotice.objects.count()) == (1, 2)
