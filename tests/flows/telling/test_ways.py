"""People are told by Slack and LINE, and of credentials that end: once, by the other side's own count."""

from datetime import timedelta

import pytest

from apps.flows import alert_kinds, tell, wiring
from apps.hub import connections, shadow, waiting
from apps.hub.models import Credential, Delivery
from apps.messaging.models import Alert, AlertNotice
from apps.sandbox import line as line_door
from apps.sandbox import slack as slack_door
from tests import builders
from tests.flows.telling.shop import MINUTE, NIGHT, choose, hold, taken

pytestmark = pytest.mark.django_db


# By Slack and LINE


@pytest.fixture
def slack(stand, time):
    base = stand.url("slack")
    made = connections.create(
        brand=builders.brand(), connector="slack", name="Slack", settings={"base_url": base},
        secrets={"webhook_url": f"{base}{slack_door.PATH}/{slack_door.KEY}"},
    )  # fmt: skip
    wiring.forget()
    return made


@pytest.fixture
def line(stand, time):
    made = connections.create(
        brand=builders.brand(), connector="line", name="LINE", settings={"base_url": stand.url("line")},
        secrets={"channel_access_token": line_door.KEY},
    )  # fmt: skip
    wiring.forget()
    return made


def test_a_bad_night_is_one_message_in_slack_whoever_asked_for_it(stand, slack, time):
    choose(slack, "kenji", to="")
    choose(slack, "yui", to="", locale="ja")
    hold(400)
    before = len(stand.told("slack/said")["said"])
    for _ in range(65):
        time.pass_(MINUTE)
    (said,) = stand.told("slack/said")["said"][before:]
    assert said.startswith("[Kurogo] Kurogo: 400 things need a look\n")
    assert list(Delivery.objects.values_list("operation", "status")) == [("notice.send", "sent")]


def test_a_bad_night_is_one_message_in_line_also_where_its_answer_was_lost(stand, line, time):
    choose(line, to=line_door.HANAKO, locale="ja")
    hold(400)
    before = len(stand.told("line/said")["said"])
    stand.told("misbehave", slug="line", what="cut")
    for _ in range(65):
        time.pass_(MINUTE)
    (said,) = stand.told("line/said", to=line_door.HANAKO)["said"][before:]
    assert said.startswith("【Kurogo】Kurogo：確認が必要なこと 400 件\n")
    assert list(Delivery.objects.values_list("status", "attempts")) == [("sent", 2)]
    assert [answer.status for answer in stand.answered if answer.status != 404][-2:] == [200, 409]


def test_a_way_that_is_gone_is_told_of_by_the_other(stand, slack, mail, time):
    choose(slack, "kenji", to="")
    aoi = choose(mail)
    connections.set_secret(slack, "webhook_url", f"{stand.url('slack')}{slack_door.PATH}/gonegonegone")
    hold(2)
    for _ in range(30):
        time.pass_(MINUTE)

    notice = Delivery.objects.get(connection=slack)
    assert (notice.status, notice.reason) == ("waiting", "the webhook does not work any more: invalid_token")
    assert [letter["subject"].partition(" must")[0] for letter in taken(stand, aoi.to)] == [
        "[Kurogo] 青葉堂: 2 things need a look", "[Kurogo] 青葉堂: 2 things need a look",
    ]  # fmt: skip
    assert "URGENT: Slack must be reconnected" in taken(stand, aoi.to)[0]["body"]

    # Mended: what waited is said, once.
    before = len(stand.told("slack/said")["said"])
    connections.set_secret(slack, "webhook_url", f"{stand.url('slack')}{slack_door.PATH}/{slack_door.KEY}")
    waiting.reconnected(slack)
    time.pass_(MINUTE)
    assert len(stand.told("slack/said")["said"]) - before == 1


def test_letters_to_customers_never_leave_by_slack(slack):
    assert wiring.first("message", builders.brand().id) is None


def test_what_slack_is_not_to_be_told_yet_is_shown_and_not_sent(stand, slack, time):
    connections.shadow(slack, ["notice"])
    choose(slack, to="")
    hold(1)
    before = len(stand.told("slack/said")["said"])
    time.pass_(MINUTE)
    time.pass_(2 * MINUTE)
    shadow.settle_due()
    assert (len(stand.told("slack/said")["said"]) - before, Delivery.objects.get().status) == (0, "shadowed")


# Credentials


def test_a_credential_is_told_of_fourteen_seven_and_one_day_before_its_end_each_once(stand, mail, time):
    aoi = choose(mail)
    row = builders.connection("stripe", name="Stripe")
    key = Credential.objects.create(
        connection=row, name="api_key", sealed=b"x", set_at=NIGHT, expires_at=NIGHT + timedelta(days=20)
    )
    told = []
    for _ in range(21 * 4):  # three weeks, every six hours; each look twice
        time.pass_(timedelta(hours=6))
        tell.run(time.now)
        left = alert_kinds.days_left(key.expires_at, time.now)
        told += [left] * (len(taken(stand, aoi.to)) - len(told))
    assert told == [14, 7, 1]
    assert "The credential api_key of Stripe is valid until 2026-12-14." in taken(stand, aoi.to)[0]["subject"]


def test_an_end_that_is_unknown_for_a_while_is_not_told_again(mail, time):
    choose(mail)
    row = builders.connection("stripe")
    key = Credential.objects.create(
        connection=row, name="api_key", sealed=b"x", set_at=NIGHT, expires_at=NIGHT + timedelta(days=13)
    )
    for ends in (key.expires_at, None, key.expires_at, key.expires_at + timedelta(days=2)):
        Credential.objects.update(expires_at=ends)
        for _ in range(8):
            time.pass_(timedelta(hours=3))
    # The same end is one alert however often it comes back; another end is another.
    assert (AlertNotice.objects.count(), sorted(Alert.objects.values_list("times", flat=True))) == (2, [1, 2])


def test_a_new_credential_has_an_end_of_its_own(mail, time):
    choose(mail)
    row = builders.connection("stripe")
    Credential.objects.create(
        connection=row, name="api_key", sealed=b"x", set_at=NIGHT, expires_at=NIGHT + timedelta(hours=5)
    )
    for _ in range(4):
        time.pass_(timedelta(minutes=30))
    Credential.objects.update(expires_at=NIGHT + timedelta(days=90))
    time.pass_(MINUTE)
    assert Alert.objects.get().closed_at == time.now
    time.pass_(timedelta(days=80))
    time.pass_(timedelta(minutes=30))
    assert AlertNotice.objects.count() == 2
