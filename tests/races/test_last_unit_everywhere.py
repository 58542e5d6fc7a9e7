"""The last unit of each of many articles, wanted on three channels at once, and told by webhooks that come late, twice and in
any order: each unit is sold once, wherever its lease lies, and sold again when it is called off.

`make test` plays 40 articles; KUROGO_RACES=whole (`make test-full`) a thousand. All of them are played at once, through the
real intake, so that a thousand rounds cost what a flash sale costs.
"""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from apps.channels import services as channels
from apps.channels.models import SellingPolicy
from apps.core import clock
from apps.core.ids import uuid7
from apps.core.models import Company
from apps.flows import announce, dispatch, lease_stock, poll_orders, push_stock
from apps.flows.verify import INVARIANTS
from apps.hub import connections, delivery, inbox
from apps.hub.contracts import VariantCard
from apps.inventory.models import Demand
from tests import builders
from tests.races import windows as shop_windows
from tests.races.windows import LAG, MANIFESTS, SETTLES, Window, event
from tests.races.writers import IS_WHOLE

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("windows")]
ARTICLES = 1000 if IS_WHOLE else 40
START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


class Sale:
    """Three windows with the same articles, one unit of each on the shelf."""

    def __init__(self, clock_file, *, is_leased):
        self.dice = random.Random(7)
        self.drive = clock.Drive(clock_file, START)
        Company.objects.create(name="Test", lease_below=0)
        builders.location()
        self.skus = [f"LAST-{number:04d}" for number in range(ARTICLES)]
        self.variants = {sku: builders.variant(sku) for sku in self.skus}
        self.channels, self.windows = {}, {}
        for slug in sorted(MANIFESTS):
            channel = connections.create(brand=builders.brand(), connector=slug, name=slug, settings={}, secrets={})
            window = Window(slug, shown=dict.fromkeys(self.skus, 0), delay=SETTLES if slug == "slow" else timedelta(0))
            self.channels[slug] = channel
            self.windows[slug] = shop_windows.windows[channel.id] = window
            cards = [VariantCard(sku=sku, title=sku, external_id=sku, shown=0) for sku in self.skus]
            channels.take_cards(channel, cards, {sku: row.id for sku, row in self.variants.items()})
        if is_leased:
            SellingPolicy.objects.bulk_create(
                SellingPolicy(id=uuid7(), variant=row, choice="leased", since=clock.now())
                for row in self.variants.values()
            )
        for row in self.variants.values():
            builders.stock(row, 1)
        self.told = 0

    def rest(self, rounds=8):
        """Everything that is due gets done, until all channels are told and their orders known."""
        for _ in range(rounds):
            self.drive.set(self.drive.now() + timedelta(minutes=20))
            for channel in self.channels.values():
                poll_orders.poll(channel)
            self.take_in()
            for _ in range(4):
                announce.announce(10_000)
                push_stock.build()
                for claimed in delivery.claim(1000, worker="test"):
                    delivery.make(claimed)
                self.take_in()
            lease_stock.sweep()

    def take_in(self):
        """Drain the inbox."""
        while dispatch.drain("test", limit=500):
            pass

    def everybody_buys(self):
        """On each channel somebody wants each article, in any order; the channels' notices come late, some twice."""
        wishes = [(slug, sku) for slug in self.windows for sku in self.skus]
        self.dice.shuffle(wishes)
        sold = [
            (slug, order)
            for slug, sku in wishes
            if (order := self.windows[slug].sell(sku, 1, late=LAG * self.dice.random()))
        ]
        self.drive.set(self.drive.now() + LAG)
        notices = [one for one in sold for _ in range(self.dice.choice((1, 1, 2)))]
        self.dice.shuffle(notices)
        for slug in self.windows:
            inbox.store_many(
                ((self.channels[slug].id, event(order)) for channel, order in notices if channel == slug), origin="hook"
            )
        self.take_in()
        return sold

    def kept(self):
        """SKU -> units that were sold and are not called off, by the windows' own books."""
        return Counter(
            order.sku for window in self.windows.values() for order in window.orders if not order.is_cancelled
        )


def _promised():
    rows = Demand.objects.filter(allocated__gt=0).values_list("level__variant__sku", "allocated")
    return Counter(dict(rows))


def test_the_last_unit_is_sold_once_whoever_shows_it(tmp_path):
    sale = Sale(tmp_path / "clock", is_leased=True)
    once = Counter(sale.skus)
    sale.rest()

    first = sale.everybody_buys()
    assert (sale.kept(), _promised()) == (once, once)

    for slug, order in first[::2]:  # every second one is called off: the unit is shown again, somewhere, and sold again
        sale.windows[slug].cancel(order)
    sale.rest()
    sale.everybody_buys()
    sale.rest(2)

    assert (sale.kept(), _promised()) == (once, once)
    assert not Demand.objects.filter(quantity__gt=0, allocated=0, cancelled=0).exists()
    assert INVARIANTS["I1"]().examples == []


def test_what_all_channels_show_is_sold_as_often_as_it_is_shown(tmp_path):
    """The negative control: the same race where the last unit is shared."""
    sale = Sale(tmp_path / "clock", is_leased=False)
    sale.rest(2)

    sale.everybody_buys()

    assert sale.kept() == Counter(sale.skus * 3)
    assert _promised() == Counter(sale.skus)
