"""A merchant says in the record room what is sold beyond the shelf; what cannot be promised is refused beside its field."""

import html
from datetime import date, timedelta

import pytest
from django.urls import reverse

from apps.channels import services as channels
from apps.core import clock
from apps.inventory.models import BackorderPolicy, Demand
from tests import builders
from tests.inventory import shelves

pytestmark = pytest.mark.django_db


def _post(browser_as, article, **facts):
    day = (clock.business_date() + timedelta(days=20)).isoformat()
    form = {"variant": str(article.pk), "choice": "preorder", "cap": "5", "until": day, "promised_on": day}
    answer = browser_as("owner").post(reverse("admin:inventory_backorderpolicy_add"), form | facts)
    return answer.status_code, html.unescape(answer.content.decode())


def test_a_merchant_says_how_many_are_sold_for_later(browser_as):
    cup, _ = builders.variant("CUP"), builders.location()

    assert _post(browser_as, cup)[0] == 302
    assert (channels.sellable([cup.id])[cup.id], BackorderPolicy.objects.get().is_open) == (5, True)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"cap": "0"}, "Say how many units may be sold for later."),
        ({"cap": "-1"}, "greater than or equal to 0"),
        ({"cap": "99999999999"}, "less than or equal to 100000"),
        ({"cap": "2"}, "3 units are sold for later already."),
        ({"until": ""}, "A preorder needs its last day."),
        ({"until": "2020-01-01"}, "This day has passed."),
        ({"choice": "backorder", "promised_on": "2020-01-01"}, "This day has passed."),
        ({"promised_on": ""}, "Promise either a day or a number of days."),
        ({"promised_days": "3"}, "Promise either a day or a number of days."),
        ({"promised_days": "9999"}, "less than or equal to 730"),
        ({"promised_on": date.max.isoformat(), "until": "soon"}, "Enter a valid date."),
    ],
)
def test_what_cannot_be_promised_is_refused_in_a_sentence(browser_as, facts, words):
    cup, _ = builders.variant("CUP"), builders.location()
    Demand.objects.filter(id=shelves.demand(cup, 3).id).update(later=3)

    status, page = _post(browser_as, cup, **facts)

    assert (status, words in page, BackorderPolicy.objects.count()) == (200, True, 0)
