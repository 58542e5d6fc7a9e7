"""Sold for later: no more waits under a promised day than the merchant's cap allows, whoever sells and however many at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from apps.channels import services as channels
from apps.channels.models import Listing
from apps.core import clock
from apps.core.models import Company
from apps.flows import lease_stock, sell_later, verify, wiring
from apps.flows.place_orders import place_orders
from apps.hub.contracts import VariantCard
from apps.inventory import later
from apps.inventory import services as inventory
from apps.inventory.models import BackorderPolicy, Demand, StockLevel
from apps.orders.models import OrderLine
from tests import builders
from tests.builders import line_draft, order_draft
from tests.inventory import shelves

pytestmark = pytest.mark.django_db
TODAY = clock.business_date


@pytest.fixture
def shop(settings):
    settings.SANDBOX_ADDRESS = ""
    wiring.forget()
    yield builders.connection("shopify")
    wiring.forget()


@pytest.fixture
def drive(settings, tmp_path):
    settings.CLOCK_FILE = str(tmp_path / "clock")
    yield clock.Drive(tmp_path / "clock", builders.PLACED)
    clock._mapped.cache_clear()


def _policy(article, cap=5, **facts):
    policy = BackorderPolicy(variant=article, cap=cap, **({"choice": "backorder", "promised_days": 14} | facts))
    builders.location()
    assert later.why_not(policy) == {}
    sell_later.keep(policy)


def _offered(article):
    return channels.sellable([article.id])[article.id]


def _waits():
    return list(Demand.objects.order_by("arrived_at", "id").values_list("allocated", "later", "beyond"))


def test_what_is_there_and_what_the_cap_still_allows_is_offered_and_sold(shop):
    cup = builders.variant("CUP")
    builders.stock(cup, 2, unit_cost="0")
    _policy(cup, cap=5)
    offered = [_offered(cup)]

    for number, units in enumerate((3, 3, 4), start=1):
        draft = order_draft(line_draft(sku="CUP", quantity=units), external_id=f"x{number}", payment_method="prepaid")
        place_orders([draft], source=shop)
        offered.append(_offered(cup))

    assert offered == [7, 4, 1, 0]
    assert _waits() == [(2, 1, 0), (0, 3, 0), (0, 1, 3)]  # the last one was sold by a channel that showed too many
    assert (
        list(OrderLine.objects.order_by("id").values_list("promised_on", flat=True))
        == [TODAY() + timedelta(days=14)] * 3
    )
    assert [finding.id for finding in verify.verify() if not finding.is_ok] == []


def test_units_that_come_in_serve_what_waits_beyond_the_cap_last_and_make_room_again():
    cup = builders.variant("CUP")
    _policy(cup, cap=2)
    first, second = shelves.demand(cup, 1), shelves.demand(cup, 3)

    builders.stock(cup, 2)
    inventory.cancel({second.subject: 1}, actor="hana", cause=builders.some_id())

    assert _waits() == [(1, 0, 0), (1, 1, 0)]
    assert (_offered(cup), first.later) == (1, 1)


def test_without_a_policy_nothing_beyond_the_shelf_is_offered_and_what_is_sold_waits_as_ever():
    cup = builders.variant("CUP")
    builders.stock(cup, 1)

    shelves.demand(cup, 3)

    assert (_offered(cup), _waits()) == (0, [(1, 0, 0)])


def test_a_set_is_sold_for_later_as_its_articles_are():
    cup, pot = builders.variant("CUP"), builders.variant("POT")
    gift = builders.bundle("GIFT", (cup, 2), (pot, 1))
    builders.stock(pot, 9)
    _policy(cup, cap=5)

    assert (_offered(gift), _offered(pot)) == (2, 9)


def test_a_preorder_ends_with_its_last_day_and_the_channels_are_told(shop, drive):
    cup = builders.variant("CUP")
    _policy(cup, cap=3, choice="preorder", until=TODAY(), promised_on=TODAY() + timedelta(days=30), promised_days=None)
    channels.take_cards(shop, [VariantCard(sku="CUP", title="CUP", external_id="CUP")], {"CUP": cup.id})
    Listing.objects.update(is_dirty=False)
    before = (sell_later.close_due(), _offered(cup))

    drive.set(drive.now() + timedelta(days=1))
    ended = sell_later.close_due()

    assert (before, ended, _offered(cup), Listing.objects.get().is_dirty) == ((0, 3), 1, 0, True)


def test_what_is_sold_for_later_is_not_leased_for_running_low(shop):
    cup = builders.variant("CUP")
    builders.stock(cup, 1)
    Company.objects.create(name="S", lease_below=5)
    for channel in (shop, builders.connection("shopify")):
        channels.take_cards(channel, [VariantCard(sku="CUP", title="CUP", external_id="CUP")], {"CUP": cup.id})

    low = lease_stock.decide([cup.id])
    _policy(cup, cap=3)

    assert (low, lease_stock.decide([cup.id]), lease_stock.decide([cup.id])) == (1, 1, 0)


@pytest.mark.django_db(transaction=True)
def test_many_who_sell_at_once_never_exceed_the_cap():
    cup = builders.variant("CUP")
    builders.stock(cup, 3)
    _policy(cup, cap=7)

    def sell(number):
        try:
            for _ in range(5):
                inventory.allocate([shelves.want(cup, 1 + number % 2)], actor=f"writer {number}")
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(sell, range(6)))

    level = StockLevel.objects.get()
    sold = [sum(column) for column in zip(*_waits(), strict=True)]
    assert (sold, level.backordered) == ([3, 7, 45 - 3 - 7], 45 - 3)
