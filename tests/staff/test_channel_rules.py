"""A channel's rule: tried out with what it would change and why; only then made so, and told."""

from decimal import Decimal

import pytest
from django.urls import reverse

from apps.channels.models import ChannelRule, Listing
from apps.core.models import AuditEntry
from tests.staff.builders import make_shop


@pytest.fixture
def shop(db):
    shop = make_shop(TEA=10, POT=1)
    Listing.objects.update(link="sku", price=Decimal(1100), currency="JPY")
    return shop


def _form(**said):
    return {"try": "1", "buffer": "0", "minimum": "0", "blind_after_minutes": "30", "price_addition": "0"} | said


def _page(shop):
    return reverse("staff:channel_rule", args=[shop.channel.id])


def test_a_rule_is_tried_out_and_nothing_is_written(browser_as, shop):
    form = _form(buffer="2", cap="5", price_factor="1.1", price_ending="80")

    context = browser_as("staff").get(_page(shop), form).context

    found = context["found"]
    assert (found.numbers, found.falls, found.prices) == (2, 1, 2)
    rows = {row["of"].of.sku: (row["of"].shows, row["price_by_rule"], row["why"]) for row in context["rows"]}
    price = ["ours ¥1,100", "× 1.1", "rounded up to …80 (1,280)"]
    assert rows == {
        "TEA": (5, "¥1,280", ["free 10", "less 2 held back", "at most 5", *price]),
        "POT": (0, "¥1,280", ["free 1", "less 2 held back", *price]),
    }
    assert (ChannelRule.objects.count(), Listing.objects.filter(is_dirty=True).count()) == (0, 0)


def test_made_so_it_is_kept_told_and_written_down(browser_as, shop):
    answer = browser_as("staff").post(
        reverse("staff:channel_rule_save", args=[shop.channel.id]), _form(buffer="2", falls="1")
    )

    rule = ChannelRule.objects.get()
    assert (answer.status_code, rule.buffer, rule.connection) == (302, 2, shop.channel)
    assert set(Listing.objects.values_list("sku", "is_dirty", "may_fall")) == {
        ("TEA", True, False),
        ("POT", True, True),
    }
    assert AuditEntry.objects.get(action="rule.set").detail == {"buffer": [0, 2]}


def test_what_the_person_did_not_see_falling_is_not_made_so(browser_as, shop):
    answer = browser_as("staff").post(
        reverse("staff:channel_rule_save", args=[shop.channel.id]), _form(buffer="2", falls="0")
    )

    assert (answer.status_code, ChannelRule.objects.count()) == (409, 0)


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({"buffer": "-1"}, "buffer"), ({"buffer": "many"}, "buffer"), ({"cap": "1", "minimum": "2"}, "cap"),
        ({"price_factor": "0"}, "price_factor"), ({"least_margin": "100"}, "least_margin"),
        ({"price_addition": "0.001"}, "price_addition"), ({"blind_after_minutes": "0"}, "blind_after_minutes"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_said_beside_its_field(browser_as, shop, said, wrong):
    page = browser_as("staff").get(_page(shop), _form(**said))

    assert list(page.context["errors"]) == [wrong]
    assert page.context["values"][wrong] == said[wrong]


def test_a_connection_without_listings_has_no_rule(browser_as, shop):
    assert browser_as("staff").get(reverse("staff:channel_rule", args=[shop.carrier.id])).status_code == 404
