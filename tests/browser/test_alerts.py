"""The bell, the page of alerts and the choices, in both languages, wide and narrow."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from apps.core import clock
from apps.flows import wiring
from apps.hub.models import Credential
from apps.messaging import alerts
from tests import builders
from tests.browser.conftest import PHONE, WIDE
from tests.browser.looking import faults

PICTURES = os.environ.get("KUROGO_PICTURES", "")
SIZES = {"wide": WIDE, "phone": PHONE}


@pytest.fixture
def shop():
    wiring.forget()
    builders.connection("smtp", name="メール", shadowed_abilities=["message"])
    builders.connection("slack", name="Slack")
    builders.connection("line", name="LINE")
    till = builders.connection("stripe", name="Stripe", status="needs_reconnect")
    low = [
        alerts.Cause("low", str(n), 2, {"sku": f"CUP-{n:03}", "title": "湯のみ 青磁", "place": "東京倉庫"}, clock.now())
        for n in range(60)
    ]
    urgent = [
        alerts.Cause("reconnect", "a", 3, {"id": str(till.id), "name": till.name}, clock.now()),
        alerts.Cause("unlinked", "b", 1, {"name": "自社サイト", "n": "12"}, clock.now()),
        alerts.Cause("jobs", "c", 3, {"job": "night", "period": "2026-11-23", "error": "Transient: 503"}, clock.now()),
    ]
    alerts.keep([alerts.Cause("breaker", "z", 3, {"name": "本店"}, clock.now())], whole=[])
    alerts.keep([*low, *urgent], whole=["breaker"])
    for name, days in (("api_key", 3), ("webhook_secret", 60)):
        ends = clock.now() + timedelta(days=days)
        Credential.objects.create(connection=till, name=name, sealed=b"x", set_at=clock.wall(), expires_at=ends)
    yield till
    wiring.forget()


def picture(page, name):
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("size", sorted(SIZES))
def test_alerts_and_choices_are_looked_at(shop, screen_of, language, size):
    screen = screen_of("owner", language=language, size=SIZES[size])
    pages = {
        "alerts": "/alerts/",
        "gone": "/alerts/?only=gone",
        "choices": "/alerts/choices/",
        "calendar": "/connections/",
        "credential": f"/connections/{shop.id}/",
    }
    for name, path in pages.items():
        page = screen.open(path)
        if name in ("choices", "credential"):
            page.locator("main details summary").first.click()
        picture(page, f"{name}-{language}-{size}")
        assert (faults(page), screen.overflow()) == ([], 0)
    assert screen.complaints == []


def test_what_is_seen_leaves_the_bell(shop, screen_of):
    screen = screen_of("owner", language="en")
    page = screen.open("/alerts/")
    assert page.locator("#bell .count").inner_text() == "63"
    page.get_by_label("Pick every alert on this page").check()
    page.get_by_role("button", name="Seen", exact=True).click()
    page.wait_for_url("**/alerts/")
    assert page.locator("#bell .count").inner_text() == "13"
    assert screen.complaints == []
