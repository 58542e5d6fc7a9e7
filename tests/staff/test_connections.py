"""Connections: one verdict each, the log of both ways, and what a person may do: retry, give up, pause, ask again."""

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse

from apps.channels.models import Listing
from apps.core import clock
from apps.core.models import AuditEntry
from apps.hub import inbox, queries
from apps.hub.abilities import Event
from apps.hub.models import Connection, Credential, Delivery, InboxEvent, JobRun
from tests.staff.builders import make_delivery, make_order, make_shop


@pytest.fixture
def shop(db):
    return make_shop(TEA=10)


def _notice(connection, number: int, status: str = "done", **fields) -> InboxEvent:
    event = Event(id=f"e{number}", topic="orders/create", at=clock.now(), raw=b'{"id": 1}', subject=f"order:{number}")
    inbox.store(connection.id, [event], origin="hook")
    InboxEvent.objects.filter(connection=connection, event_id=f"e{number}").update(status=status, **fields)
    return InboxEvent.objects.get(connection=connection, event_id=f"e{number}")


def _health(browser, connection):
    healths = browser.get(reverse("staff:connections")).context["healths"]
    return next(health for health in healths if health.row.id == connection.id)


def _update(connection, **fields):
    Connection.objects.filter(id=connection.id).update(**fields)


STATES = {
    "normal": ({}, "ok", "Normal"),
    "reconnect": ({"status": "needs_reconnect"}, "bad", "Reconnect needed"),
    "paused": ({"status": "paused"}, "idle", "Paused"),
    "limited": ({"held_until": timedelta(seconds=40)}, "wait", "Asked to wait 40 seconds"),
    "silent": (
        {"last_heard_at": -timedelta(hours=36), "last_ok_at": -timedelta(hours=40)},
        "stale",
        "Silent for 36 hours",
    ),
    "failed": ({"last_error_at": timedelta(seconds=5)}, "act", "The last call failed"),
    "new": ({"last_heard_at": None, "last_ok_at": None}, "idle", "Not heard of yet"),
}


@pytest.mark.parametrize("state", STATES)
def test_each_connection_has_one_verdict_in_words(browser_as, shop, state: str):
    fields, mark, label = STATES[state]
    now = clock.now()
    _update(
        shop.channel, **{name: now + value if isinstance(value, timedelta) else value for name, value in fields.items()}
    )

    with time_machine.travel(now, tick=False):
        health = _health(browser_as("read-only"), shop.channel)

    assert (health.mark, health.label) == (mark, label)


def test_what_waits_for_a_person_is_counted_and_stands_on_top(browser_as, shop):
    make_delivery(shop.channel, "stock.set", status="due")
    make_delivery(shop.channel, "stock.set", status="unknown")
    waiting = make_delivery(shop.channel, "fulfilment.create", status="waiting", reason="12 digits")
    aside = _notice(shop.channel, 7, "set_aside", reason="no total")

    page = browser_as("read-only").get(reverse("staff:connections"))

    first = page.context["healths"][0]
    assert (first.row.id, first.due, first.unknown, first.waiting, first.set_aside) == (shop.channel.id, 1, 1, 1, 1)
    assert {line.id for line in page.context["undecided"]} == {waiting.id, aside.id}
    assert page.context["counts"]["staff:connections"]["n"] == 1


def test_a_credential_that_ends_soon_is_said(browser_as, shop):
    Credential.objects.create(
        connection=shop.channel, name="access_token", sealed=b"x", set_at=clock.wall(), expires_at=clock.now() + timedelta(days=6)
    )  # fmt: skip

    assert _health(browser_as("read-only"), shop.channel).label == "Credential ends soon"


def _log(browser, connection, **query) -> list:
    page = browser.get(reverse("staff:connection", args=[connection.id]), query)
    return [line.id for line in page.context["lines"]]


def test_the_log_shows_both_ways_newest_first_and_narrows(browser_as, shop):
    order = make_order(shop, ("TEA", 1), method="cod")
    came = _notice(shop.channel, 1)
    sent = make_delivery(shop.channel, "fulfilment.create", order=order, tries=("sent",))
    aside = _notice(shop.channel, 2, "set_aside")
    unknown = make_delivery(shop.channel, "stock.set", status="unknown")
    dead = make_delivery(shop.channel, "stock.set", status="dead")
    make_delivery(shop.provider, "payment.capture")
    browser = browser_as("read-only")

    assert _log(browser, shop.channel) == [dead.id, unknown.id, aside.id, sent.id, came.id]
    assert _log(browser, shop.channel, dir="in") == [aside.id, came.id]
    assert _log(browser, shop.channel, dir="out") == [dead.id, unknown.id, sent.id]
    assert _log(browser, shop.channel, state="person") == [aside.id]
    assert _log(browser, shop.channel, state="unknown") == [unknown.id]
    assert _log(browser, shop.channel, state="failed") == [dead.id]


def test_the_log_goes_back_page_by_page(browser_as, shop):
    rows = [make_delivery(shop.channel, "stock.set").id for _ in range(45)]
    browser = browser_as("read-only")
    first = browser.get(reverse("staff:connection", args=[shop.channel.id])).context

    older = _log(browser, shop.channel, before=first["older"])

    assert [line.id for line in first["lines"]] + older == rows[::-1]


def test_one_body_with_many_notices_is_one_line_that_shows_the_worst(browser_as, shop):
    events = [Event(id=f"p{n}", topic="stock", at=clock.now(), raw=b"{}", subject=f"sku:{n}") for n in range(3)]
    inbox.store(shop.channel.id, events, origin="hook", body=b"[]")
    InboxEvent.objects.update(status="done")
    InboxEvent.objects.filter(event_id="p1").update(status="set_aside")

    (line,) = browser_as("read-only").get(reverse("staff:connection", args=[shop.channel.id])).context["lines"]

    assert (line.words, line.mark) == ("stock and 2 more in one body", "act")
    assert browser_as("staff").get(reverse(line.address, args=[line.id])).status_code == 200


def test_the_log_reads_each_state_by_its_own_range(shop, django_assert_num_queries):
    for _ in range(3):
        make_delivery(shop.channel, "stock.set")

    with django_assert_num_queries(1):
        rows = queries.deliveries([shop.channel.id], state="", before=None, limit=2)

    assert len(rows) == 2


# What a person may do


def test_a_call_that_waits_is_sent_again_with_the_same_key(browser_as, shop):
    row = make_delivery(shop.channel, "fulfilment.create", status="waiting", tries=("refused",), reason="12 digits")

    answer = browser_as("staff").post(reverse("staff:call_retry", args=[row.id]))

    again = Delivery.objects.get(id=row.id)
    assert (answer.status_code, again.status, again.key, again.reason) == (302, "due", row.key, "")
    assert AuditEntry.objects.get(action="delivery.retried").subject == str(row.id)


def test_a_call_whose_outcome_is_not_known_is_asked_for_first_where_the_vendor_can_be_asked(browser_as, shop):
    told = make_delivery(shop.channel, "fulfilment.create", status="waiting", tries=("unknown",))
    mail = make_delivery(shop.mailer, "message.send", status="waiting", tries=("unknown",))
    browser = browser_as("staff")
    pages = [browser.get(reverse("staff:call", args=[row.id])).content.decode() for row in (told, mail)]

    for row in (told, mail):
        browser.post(reverse("staff:call_retry", args=[row.id]))

    assert ["it may arrive twice" in page for page in pages] == [False, True]
    assert [Delivery.objects.get(id=row.id).status for row in (told, mail)] == ["unknown", "due"]


def test_giving_up_needs_a_reason(browser_as, shop):
    row = make_delivery(shop.channel, "fulfilment.create", status="waiting", tries=("refused",))
    browser = browser_as("staff")
    address = reverse("staff:call_give_up", args=[row.id])

    answers = [browser.post(address, {"reason": reason}).status_code for reason in ("", "told the shop by phone")]

    row.refresh_from_db()
    assert (answers, row.status, row.reason) == ([409, 302], "dead", "told the shop by phone")


def test_what_does_not_wait_is_left_alone(browser_as, shop):
    row = make_delivery(shop.channel, "fulfilment.create", tries=("sent",))
    browser = browser_as("staff")

    answer = browser.post(reverse("staff:call_retry", args=[row.id]), follow=True)

    assert "Nothing was changed." in answer.content.decode()
    assert (Delivery.objects.get(id=row.id).status, AuditEntry.objects.count()) == ("sent", 0)


def test_a_notice_that_was_set_aside_is_taken_in_again(browser_as, shop):
    row = _notice(shop.channel, 7, "set_aside", reason="no total", attempts=3)

    browser_as("staff").post(reverse("staff:notice_retry", args=[row.id]))

    row.refresh_from_db()
    assert (row.status, row.attempts, row.reason) == ("new", 0, "")


def test_one_capability_is_stopped_and_started_by_itself(browser_as, shop):
    browser = browser_as("owner")
    address = reverse("staff:connection_switch", args=[shop.channel.id])

    def paused() -> list[str]:
        return Connection.objects.get(id=shop.channel.id).paused_abilities

    browser.post(address, {"ability": "stock.write", "on": "0"})
    browser.post(address, {"ability": "orders", "on": "0"})
    both = paused()
    browser.post(address, {"ability": "orders", "on": "1"})

    assert (both, paused()) == (["orders", "stock.write"], ["stock.write"])
    assert AuditEntry.objects.filter(action__startswith="connection.").count() == 3


def test_a_capability_that_the_connector_does_not_have_is_not_found(browser_as, shop):
    answer = browser_as("owner").post(
        reverse("staff:connection_switch", args=[shop.channel.id]), {"ability": "label", "on": "0"}
    )

    assert (answer.status_code, Connection.objects.get(id=shop.channel.id).paused_abilities) == (404, [])


def test_a_whole_connection_is_stopped_and_started(browser_as, shop):
    browser = browser_as("owner")
    address = reverse("staff:connection_switch", args=[shop.channel.id])

    states = []
    for on in ("0", "1"):
        browser.post(address, {"on": on})
        states.append(Connection.objects.get(id=shop.channel.id).status)

    assert states == ["paused", "active"]


def test_mended_credentials_let_what_waited_for_them_go(browser_as, shop):
    _update(shop.mailer, status="needs_reconnect", last_error="535")
    row = make_delivery(shop.mailer, "message.send", status="waiting", tries=("misconfigured",))

    browser_as("owner").post(reverse("staff:connection_switch", args=[shop.mailer.id]), {"on": "1", "reconnected": "1"})

    assert Connection.objects.get(id=shop.mailer.id).status == "active"
    assert Delivery.objects.get(id=row.id).status == "due"


@pytest.mark.parametrize("word", ["number", "external", "bare"])
def test_an_order_is_asked_for_again_by_a_worker(browser_as, shop, word: str):
    order = make_order(shop, ("TEA", 1), method="cod")
    thing = {"number": order.number, "external": order.external_number, "bare": order.external_number.lstrip("#")}[word]

    browser_as("staff").post(reverse("staff:connection_ask", args=[shop.channel.id]), {"thing": thing})

    assert [run.period for run in JobRun.objects.all()] == [str(order.id)]


def test_an_order_of_another_channel_is_not_asked_for_here(browser_as, shop):
    order = make_order(shop, ("TEA", 1), method="cod", source=shop.files)

    page = browser_as("staff").post(
        reverse("staff:connection_ask", args=[shop.channel.id]), {"thing": order.number}, follow=True
    )

    assert (JobRun.objects.count(), "Neither an order of this connection nor a SKU" in page.content.decode()) == (
        0,
        True,
    )


def test_of_a_sku_every_channel_is_told_again(browser_as, shop):
    Listing.objects.update(is_dirty=False)

    browser_as("staff").post(reverse("staff:connection_ask", args=[shop.channel.id]), {"thing": "tea"})

    assert Listing.objects.get(sku="TEA").is_dirty


def test_the_pages_cost_the_same_however_much_there_is(browser_as, shop, django_assert_max_num_queries):
    for number in range(10):
        _notice(shop.channel, number)
        make_delivery(shop.channel, "stock.set", tries=("sent",))
    browser = browser_as("owner")

    with django_assert_max_num_queries(20):
        assert browser.get(reverse("staff:connections")).status_code == 200
    with django_assert_max_num_queries(23):
        assert browser.get(reverse("staff:connection", args=[shop.channel.id])).status_code == 200


def test_a_connection_whose_connector_is_gone_is_still_shown(browser_as, shop):
    _update(shop.channel, connector="gone")

    page = browser_as("read-only").get(reverse("staff:connection", args=[shop.channel.id]))

    assert (page.status_code, page.context["capabilities"]) == (200, [])
