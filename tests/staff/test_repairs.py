"""Lost notices are said on the desk and at the connections on the first day's first repair, and drawn day by day."""

from datetime import timedelta

import pytest
from django.urls import reverse

from apps.core import clock
from apps.flows import repairs
from apps.hub.models import Repair
from tests.staff.builders import make_shop

WORDS = "Notices of 自社サイト are being lost: 3 things were found today only by asking."


@pytest.fixture
def shop(db):
    return make_shop(TEA=5)


def _pages(shop):
    return [reverse("staff:desk"), reverse("staff:connections"), reverse("staff:connection", args=[shop.channel.id])]


def test_the_first_repair_of_the_day_is_said_where_people_look(browser_as, shop):
    browser = browser_as("staff")
    before = [WORDS[:10] in browser.get(page).content.decode() for page in _pages(shop)]
    repairs.count(shop.channel.id, 2, kind=Repair.Kind.ORDER, by=Repair.By.POLL)
    repairs.count(shop.channel.id, 1, kind=Repair.Kind.CANCEL, by=Repair.By.GAP)

    pages = [browser.get(page) for page in _pages(shop)]

    assert (before, [WORDS in page.content.decode() for page in pages]) == ([False] * 3, [True] * 3)
    assert [one.by for one in pages[0].context["lost"]] == ["2 by the regular look · 1 by a missing number"]
    shop.channel.refresh_from_db()
    assert shop.channel.repaired_count == 0  # not by the night


def test_a_number_that_was_edited_over_there_is_no_lost_notice(browser_as, shop):
    repairs.count(shop.channel.id, 4, kind=Repair.Kind.STOCK)

    page = browser_as("staff").get(_pages(shop)[2])

    assert (page.context["lost"], page.context["repairs"]) == ([], [])
    shop.channel.refresh_from_db()
    assert shop.channel.repaired_count == 4


def test_the_days_are_drawn_oldest_first(browser_as, shop):
    today = clock.business_date()
    for days, by, count in ((0, "poll", 1), (2, "night", 4), (2, "gap", 2), (45, "poll", 9)):
        Repair.objects.create(
            connection=shop.channel, day=today - timedelta(days=days), by=by, kind="order", count=count
        )

    bars = browser_as("staff").get(_pages(shop)[2]).context["repairs"]

    assert len(bars) == 30
    assert [(bar.total, bar.look_h, bar.night_h) for bar in bars[-3:]] == [
        (6, "28.0", "56.0"), (0, "0.0", "0.0"), (1, "14.0", "0.0"),
    ]  # fmt: skip


def test_who_may_not_see_connections_is_not_told(browser_as, shop):
    repairs.count(shop.channel.id, 3, kind=Repair.Kind.ORDER, by=Repair.By.POLL)

    assert WORDS not in browser_as("warehouse").get(reverse("staff:desk")).content.decode()
