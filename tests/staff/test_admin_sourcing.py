"""Places that ship and the rules by which they do are set in the record room; the order says in words what was decided."""

import html

import pytest
from django.urls import reverse

from apps.channels import services as channels
from apps.flows import wiring
from apps.flows.place_orders import place_orders
from apps.inventory.models import Location, SourcingRule, StockLevel
from apps.orders.models import Order
from tests import builders
from tests.builders import line_draft, order_draft

pytestmark = pytest.mark.django_db
ADD_RULE = reverse("admin:inventory_sourcingrule_add")


@pytest.fixture
def shop(settings):
    settings.SANDBOX_ADDRESS = ""
    wiring.forget()
    builders.stock(builders.variant("CUP"), 1, unit_cost="0")
    yield builders.connection("shopify")
    wiring.forget()


def _sell(shop, units):
    draft = order_draft(line_draft(sku="CUP", quantity=units), payment_method="prepaid")
    return place_orders([draft], source=shop).orders[0]


def _place(browser, row, **facts):
    form = {"code": row.code, "name": row.name, "ship_from": "{}", "is_active": "on", "parcel_minor": "700"}
    answer = browser.post(reverse("admin:inventory_location_change", args=[row.pk]), form | facts)
    return answer.status_code, html.unescape(answer.content.decode())


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"kind": "most_parcels", "number": ""}, "Say how many parcels one order may become"),
        ({"kind": "nearest", "number": "2"}, "Say how many parcels one order may become"),
        ({"kind": "most_parcels", "number": "0"}, "greater than or equal to 1"),
        ({"kind": "most_parcels", "number": "-4"}, "greater than or equal to"),
        ({"kind": "most_parcels", "number": "999"}, "less than or equal to 20"),
        ({"kind": "by_the_moon", "number": ""}, "not one of the available choices"),
        ({"kind": "cheapest", "number": ""}, "already exists"),
    ],
)
def test_a_rule_that_says_nothing_is_refused_in_a_sentence(browser_as, form, words):
    SourcingRule.objects.create(kind="cheapest")

    page = browser_as("owner").post(ADD_RULE, form | {"position": "1", "is_active": "on"})

    assert (page.status_code, words in html.unescape(page.content.decode())) == (200, True)


def test_a_place_that_begins_to_ship_serves_who_waits_and_cannot_stop_while_it_owes(browser_as, shop):
    other = builders.location("osaka", name="Osaka")
    cup = builders.Variant.objects.get(sku="CUP")
    StockLevel.objects.create(variant=cup, location=other, on_hand=0)
    order = _sell(shop, 2)
    StockLevel.objects.filter(location=other).update(on_hand=3)  # as a transfer would have brought it
    browser = browser_as("owner")

    begun = _place(browser, other, ships_orders="on")
    stopped = _place(browser, other)

    assert (begun[0], Order.objects.get(id=order.id).allocation) == (302, "full")
    assert (stopped[0], "Orders still leave from Osaka" in stopped[1]) == (200, True)
    assert (Location.objects.get(id=other.id).ships_orders, channels.sellable([cup.id])[cup.id]) == (True, 2)


def test_the_order_says_from_where_it_leaves_and_why(browser_as, shop):
    other = builders.location("osaka", name="Osaka", ships_orders=True)
    StockLevel.objects.create(variant=builders.Variant.objects.get(sku="CUP"), location=other, on_hand=3)

    order = _sell(shop, 5)

    browser = browser_as("owner")
    said = html.unescape(browser.get(reverse("staff:order", args=[order.id])).content.decode())
    for words in ("It leaves in parts: from main, Osaka.", "Nothing else holds as much of it.", "1 unit waits at main"):
        assert words in said, words
    record = browser.get(reverse("admin:inventory_sourcingdecision_changelist")).content.decode()
    assert "It leaves in parts" in record
