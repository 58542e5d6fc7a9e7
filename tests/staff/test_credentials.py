"""The calendar of credentials on the connections' page, and ends that a person enters."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from apps.core import clock
from apps.core.models import AuditEntry
from apps.hub.models import Credential
from tests import builders

pytestmark = pytest.mark.django_db
PAGE = reverse("staff:connections")


def credential(row, name, ends=None):
    return Credential.objects.create(
        connection=row, name=name, sealed=b"x", set_at=clock.wall(), expires_at=clock.now() + ends if ends else None
    )


def test_the_calendar_lists_the_next_to_end_with_days_and_who_says_so(browser_as):
    stripe, rakuten, shopify = (builders.connection(slug, name=slug) for slug in ("stripe", "rakuten", "shopify"))
    credential(stripe, "api_key", timedelta(days=40))
    credential(rakuten, "license_key", timedelta(days=13, hours=1))
    credential(shopify, "access_token", timedelta(hours=3))
    credential(stripe, "webhook_secret")
    credential(rakuten, "service_secret", -timedelta(days=1))

    ends = browser_as("read-only").get(PAGE).context["ends"]

    assert [(end.row.name, end.words, end.mark, end.known_from) for end in ends] == [
        ("service_secret", "over", "bad", "a person"),
        ("access_token", "1 day", "bad", "when Kurogo was let in"),
        ("license_key", "14 days", "act", "the vendor, asked daily"),
        ("api_key", "40 days", "", "a person"),
    ]


def test_without_an_end_there_is_no_calendar(browser_as):
    credential(builders.connection("stripe"), "api_key")
    assert 'id="ends-t"' not in browser_as("read-only").get(PAGE).content.decode()


def test_a_person_enters_the_last_day_and_takes_it_back(browser_as):
    row = builders.connection("stripe")
    key = credential(row, "api_key")
    owner, address = browser_as("owner"), reverse("staff:credential_end", args=[row.id])
    assert "Enter when it ends" in owner.get(reverse("staff:connection", args=[row.id])).content.decode()

    owner.post(address, {"name": "api_key", "day": "2027-01-31"})
    key.refresh_from_db()
    assert key.expires_at == datetime(2027, 1, 31, 14, 59, 59, tzinfo=UTC)  # the day's last second in Tokyo
    assert 'value="2027-01-31"' in owner.get(reverse("staff:connection", args=[row.id])).content.decode()

    owner.post(address, {"name": "api_key", "day": ""})
    key.refresh_from_db()
    assert key.expires_at is None
    assert [entry.detail["day"] for entry in AuditEntry.objects.order_by("id")] == ["2027-01-31", ""]


@pytest.mark.parametrize("day", ["tomorrow", "2027-02-31", "31.1.2027"])
def test_what_is_no_day_changes_nothing(browser_as, day):
    row = builders.connection("stripe")
    key = credential(row, "api_key", timedelta(days=3))
    page = browser_as("owner").post(
        reverse("staff:credential_end", args=[row.id]), {"name": "api_key", "day": day}, follow=True
    )
    before, _ = key.expires_at, key.refresh_from_db()
    assert (key.expires_at, "is not a day" in page.content.decode()) == (before, True)


def test_what_the_vendor_tells_is_not_entered(browser_as):
    row = builders.connection("rakuten")
    credential(row, "license_key", timedelta(days=3))
    owner = browser_as("owner")
    page = owner.get(reverse("staff:connection", args=[row.id])).content.decode()
    answer = owner.post(reverse("staff:credential_end", args=[row.id]), {"name": "license_key", "day": "2027-01-31"})
    assert ("Enter when it ends" in page, answer.status_code) == (False, 404)
