"""Alerts on the screen: the bell counts what is new to this person, the page says it and leads to where it is mended."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from apps.core import clock
from apps.core.models import AuditEntry
from apps.flows import alert_kinds, wiring
from apps.hub import delivery
from apps.hub.models import Connection, Delivery
from apps.messaging import alerts
from apps.messaging.models import Alert, AlertChoice, AlertNotice
from apps.staff import roles
from tests import builders

pytestmark = pytest.mark.django_db
PAGE, CHOICES, LOOK, BELL = (reverse(f"staff:{name}") for name in ("alerts", "alert_choices", "alert_look", "bell"))


def open_alert(kind="reconnect", subject="x", severity=3, **facts):
    again = clock.now() - timedelta(hours=6)
    alerts.keep([alerts.Cause(kind, subject, severity, facts, again)], whole=[])
    return Alert.objects.get(kind=kind, subject=subject)


def counted(page):
    """The figure of the bell, and how it is coloured."""
    text = page.content.decode()
    found = re.search(r'id="bell".*?(?:<span class="count" data-is="(\w+)">([^<]+)</span>)?</a>', text, re.S)
    return (found[2], found[1])


# The table of kinds


def test_every_kind_has_a_page_an_ability_and_a_sentence_of_its_facts():
    names = [kind.name for kind in alert_kinds.KINDS]
    assert len(set(names)) == len(names)
    assert {kind.ability for kind in alert_kinds.KINDS} <= set(roles.ABILITIES)
    some = {"id": str(builders.some_id())}
    assert [kind.name for kind in alert_kinds.KINDS if not (kind.path(some) or kind.path({}))] == []
    assert max(len(kind.name) for kind in alert_kinds.KINDS) <= Alert._meta.get_field("kind").max_length


def test_a_sentence_of_an_older_alert_does_not_fail():
    translation.activate("en")
    assert alert_kinds.BY_NAME["held"].sentence({}) == "– waits for a person: –."
    assert alert_kinds.BY_NAME["held"].sentence({"number": "KG-1", "reason": "no_address"}) == (
        "KG-1 waits for a person: The address is incomplete."
    )


# Bell and page


def test_the_bell_counts_what_is_new_to_this_person(browser_as):
    owner, warehouse = browser_as("owner"), browser_as("warehouse")
    assert counted(owner.get(PAGE)) == (None, None)
    open_alert("low", "a", 2, sku="CUP")
    assert counted(owner.get(PAGE)) == ("1", "act")
    open_alert("reconnect", "b", name="Stripe")

    assert counted(owner.get(reverse("staff:desk"))) == ("2", "bad")
    assert counted(warehouse.get(reverse("staff:stock"))) == ("1", "act")  # connections are not their affair
    assert counted(owner.get(BELL)) == ("2", "bad")


def test_the_bell_stops_counting(browser_as):
    owner = browser_as("owner")
    causes = [alerts.Cause("low", str(n), 2, {}, clock.now()) for n in range(101)]
    alerts.keep(causes, whole=[])
    with CaptureQueriesContext(
        database,
    ) as said:
        assert counted(owner.get(BELL)) == ("99+", "act")
    asked = [row["sql"] for row in said if "messaging_alert" in row["sql"]]
    assert ([sql.count("LIMIT 100") for sql in asked], "count(" in str(asked).lower()) == ([1], False)


def test_the_page_says_each_and_leads_to_where_it_is_mended(browser_as):
    row = builders.connection("stripe", name="Till & <Co>")
    open_alert("reconnect", str(row.id), id=str(row.id), name=row.name)
    page = browser_as("owner").get(PAGE).content.decode()
    assert (
        f'<a href="/connections/{row.id}/">Till &amp; &lt;Co&gt; must be reconnected; nothing goes out or is asked for until'
        " then.</a>"
    ) in page


def test_nobody_sees_what_they_may_not_look_at(browser_as):
    open_alert("reconnect", "b", name="Stripe")
    warehouse = browser_as("warehouse")
    assert "Stripe" not in warehouse.get(PAGE).content.decode()
    warehouse.post(LOOK, {"alert": str(Alert.objects.get().id)})
    owner = browser_as("owner")
    assert "Stripe" in owner.get(PAGE).content.decode()


def test_pages_follow_the_last_row(browser_as):
    owner = browser_as("owner")
    alerts.keep([alerts.Cause("low", str(n), 2, {"sku": f"S-{n:03}"}, clock.now()) for n in range(60)], whole=[])
    first = owner.get(PAGE)
    second = owner.get(PAGE, {"after": first.context["page"].after})
    found = [{row.of.subject for row in page.context["rows"]} for page in (first, second)]
    assert ([len(part) for part in found], found[0] & found[1]) == ([50, 10], set())


def test_seen_put_off_and_shown_again(browser_as):
    owner = browser_as("owner")
    one, two = open_alert("low", "a", 2, sku="CUP"), open_alert("low", "b", 2, sku="POT")
    owner.post(LOOK, {"alert": [str(one.id)], "deed": "seen"})
    owner.post(LOOK, {"alert": [str(two.id), "no id"], "deed": "morning"})
    assert counted(owner.get(PAGE)) == (None, None)
    assert [row.of.subject for row in owner.get(PAGE, {"only": "seen"}).context["rows"]] == ["b", "a"]
    until = two.looks.get().until.astimezone(clock.shop_zone())
    assert (f"{until:%H:%M}", clock.now() < until <= clock.now() + timedelta(days=1)) == ("08:00", True)

    back = owner.post(LOOK, {"alert": [str(one.id)], "deed": "again", "only": "seen"})
    assert back.headers["Location"] == f"{PAGE}?only=seen"
    assert counted(owner.get(PAGE)) == ("1", "act")


def test_what_is_over_stays_to_be_read(browser_as):
    owner, warehouse = browser_as("owner"), browser_as("warehouse")
    open_alert("reconnect", "a", name="Stripe")
    open_alert("low", "b", 2, sku="CUP")
    alerts.keep([], whole=["reconnect", "low"])
    assert counted(owner.get(PAGE)) == (None, None)
    assert sorted(row.of.kind for row in owner.get(PAGE, {"only": "gone"}).context["rows"]) == ["low", "reconnect"]
    assert [row.of.kind for row in warehouse.get(PAGE, {"only": "gone"}).context["rows"]] == ["low"]
    assert (
        "<button"
        not in owner.get(PAGE, {"only": "gone"}).content.decode().partition('id="t-alerts"')[2].partition("pager")[0]
    )


def test_a_filter_of_one_kind(browser_as):
    open_alert("reconnect", "a", name="Stripe")
    open_alert("low", "b", 2, sku="CUP")
    owner = browser_as("owner")
    assert [row.of.kind for row in owner.get(PAGE, {"kind": "low"}).context["rows"]] == ["low"]
    assert len(owner.get(PAGE, {"kind": "nothing"}).context["rows"]) == 2


# How a person is told


@pytest.fixture
def ways(db):
    wiring.forget()
    made = builders.connection("smtp", name="Mail")
    yield made
    wiring.forget()


def form_of(row, **facts):
    said = {"is_on": "on", "to": "aoi@example.jp", "least": "2", "when": "at_once", "kinds": ["low", "held"]} | facts
    return {f"{row.id}-{name}": value for name, value in said.items() if value is not None}


def test_a_choice_is_kept_for_this_person_alone(browser_as, ways):
    owner = browser_as("owner")
    assert owner.get(CHOICES).context["ways"][0].form["to"].value() == "owner@example.com"
    assert owner.post(CHOICES, form_of(ways, when="morning")).status_code == 302

    row = AlertChoice.objects.get()
    assert (row.person.username, row.connection, row.is_on, row.to, row.least, row.when, row.locale) == (
        "owner", ways, True, "aoi@example.jp", 2, "morning", "en",
    )  # fmt: skip
    assert set(row.muted) == set(alert_kinds.BY_NAME) - {"low", "held"}
    assert AuditEntry.objects.get(action="alerts.chosen").detail == {"ways": ["Mail"]}
    form = owner.get(CHOICES).context["ways"][0].form
    assert (form["is_on"].value(), form["kinds"].value()) == (True, ["held", "low"])
    assert not browser_as("staff").get(CHOICES).context["ways"][0].form["is_on"].value()


@pytest.mark.parametrize("to", ["", "aoi", "aoi@", "a@b.jp\nBcc: c@d.jp"])
def test_who_wants_to_be_told_says_where(browser_as, ways, to):
    page = browser_as("owner").post(CHOICES, form_of(ways, to=to))
    assert (page.status_code, AlertChoice.objects.count()) == (400, 0)


def test_slack_needs_no_address_and_line_a_user_s(browser_as):
    wiring.forget()
    slack, line = builders.connection("slack", name="Slack"), builders.connection("line", name="LINE")
    owner = browser_as("owner")
    forms = {way.connection: way.form for way in owner.get(CHOICES).context["ways"]}
    assert ("to" in forms[slack].fields, forms[line]["to"].value()) == (False, "")

    wrong = owner.post(CHOICES, form_of(slack, to=None) | form_of(line, to="hanako"))
    assert (wrong.status_code, AlertChoice.objects.count()) == (400, 0)
    good = "U" + "0" * 32
    assert owner.post(CHOICES, form_of(slack, to=None) | form_of(line, to=good)).status_code == 302
    assert set(AlertChoice.objects.values_list("connection__name", "to")) == {("Slack", ""), ("LINE", good)}


def test_a_way_that_is_off_needs_nothing_and_an_old_choice_is_ended(browser_as, ways):
    owner = browser_as("owner")
    owner.post(CHOICES, form_of(ways, is_on=None, to=""))
    assert AlertChoice.objects.count() == 0
    owner.post(CHOICES, form_of(ways))
    owner.post(CHOICES, form_of(ways, is_on=None, to=""))
    assert AlertChoice.objects.get().is_on is False


def test_what_somebody_may_not_look_at_stays_as_it_was_chosen(browser_as, ways):
    warehouse = browser_as("warehouse")
    person = get_user_model().objects.get(username="warehouse")
    AlertChoice.objects.create(person=person, connection=ways, to="x@y.jp", muted=["reconnect"], changed_at=clock.now())
    warehouse.post(CHOICES, form_of(ways, kinds=["low"]))
    assert set(AlertChoice.objects.get().muted) == {"reconnect", "overdue", "unlinked"}


def test_a_trial_is_sent_to_who_chose_and_not_more_often_than_once_a_minute(browser_as, ways):
    owner, trial = browser_as("owner"), reverse("staff:alert_try", args=[ways.id])
    assert owner.post(trial).status_code == 404
    owner.post(CHOICES, form_of(ways))
    for _ in range(2):
        owner.post(trial)
    notice, row = AlertNotice.objects.get(), Delivery.objects.get()
    assert (notice.to, notice.count, notice.subject) == ("aoi@example.jp", 0, "[Kurogo] A trial")
    assert (row.operation, row.subject, delivery.words_of(row)[0].to) == ("message.send", notice.id, "aoi@example.jp")
    assert alerts.last_told(clock.now() - timedelta(hours=1)) == {}
    way = owner.get(CHOICES).context["ways"][0]
    assert (way.last, way.delivery, way.mark) == (notice, row, "wait")
    assert browser_as("staff").post(trial).status_code == 404


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({}, (False, False)), ({"status": "paused"}, (True, False)), ({"paused_abilities": ["message"]}, (True, False)),
        ({"shadowed_abilities": ["message"]}, (False, True)),
    ],
)  # fmt: skip
def test_a_way_that_sends_nothing_says_so(browser_as, ways, facts, said):
    Connection.objects.filter(id=ways.id).update(**facts)
    wiring.forget()
    (way,) = browser_as("owner").get(CHOICES).context["ways"]
    assert (way.is_stopped, way.is_shadowed) == said


def test_without_a_way_the_page_says_what_to_do(browser_as):
    Connection.objects.all().delete()
    wiring.forget()
    assert "Nothing here can send yet" in browser_as("owner").get(CHOICES).content.decode()
