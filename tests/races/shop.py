"""Leases under everything that may happen to them: whatever the order of sales, notices, looks, pushes, answers, faults, crashes,
receipts, losses and jumps of the clock, what the shop windows can still sell of a leased variant lies on the shelf.

The oracle is the windows' own ledgers and the shelf's own count; nothing of the product's is believed.
"""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.db import connection, transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from apps.channels import services as channels
from apps.channels.models import SellingPolicy
from apps.core import clock
from apps.core.ids import uuid7
from apps.core.models import Company
from apps.flows import announce, dispatch, lease_stock, poll_orders, push_stock, wiring
from apps.flows.verify import INVARIANTS
from apps.hub import connections, delivery, inbox
from apps.hub.contracts import VariantCard
from apps.inventory import services as inventory
from apps.inventory import shelf
from apps.inventory.models import Demand, StockLevel
from apps.inventory.services import Wanted
from apps.inventory.shelf import Correction
from tests import builders
from tests.races import windows as shop_windows
from tests.races.windows import LAG, MANIFESTS, SETTLES, Window, event

SKUS = ("CUP", "TEA")  # a cup is leased by hand, tea when it runs low
THRESHOLD = 6
START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
SKU, SLUG = st.sampled_from(SKUS), st.sampled_from(sorted(MANIFESTS))
UNITS = st.integers(1, 4)
PLACE = st.integers(0, 1)  # orders leave from either


class Killed(BaseException):
    """The process ends here."""


class Shop(RuleBasedStateMachine):
    """One shop with three windows: exact (compare and set), plain (absolute), slow (absolute, applied later)."""

    clock_file: Path  # given by the test

    @initialize()
    def open(self) -> None:
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.drive = clock.Drive(self.clock_file, START)
        wiring.forget()
        connections.forget()
        shop_windows.windows.clear()
        Company.objects.create(name="Test", lease_below=THRESHOLD)
        self.channels, self.windows = {}, {}
        for slug in sorted(MANIFESTS):
            channel = connections.create(brand=builders.brand(), connector=slug, name=slug, settings={}, secrets={})
            window = Window(slug, shown=dict.fromkeys(SKUS, 0), delay=SETTLES if slug == "slow" else timedelta(0))
            self.channels[slug] = channel
            self.windows[slug] = shop_windows.windows[channel.id] = window
        self.places = [builders.location(), builders.location("further", ships_orders=True)]
        self.variants = {sku: builders.variant(sku) for sku in SKUS}
        cards = [VariantCard(sku=sku, title=sku, external_id=sku, shown=0) for sku in SKUS]
        for channel in self.channels.values():
            channels.take_cards(channel, cards, {sku: row.id for sku, row in self.variants.items()})
        SellingPolicy.objects.create(
            variant=self.variants["CUP"], choice=SellingPolicy.Choice.LEASED, since=clock.now()
        )
        self.shelf: Counter[str] = Counter()  # what really lies there or was sold and not yet sent
        self.debt: Counter[str] = Counter()  # units that a loss took from under numbers that were shown
        self.is_short = False

    def teardown(self) -> None:
        if not hasattr(self, "atomic"):
            return
        try:
            self.calm_down()
        finally:
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    # The outside

    @rule(slug=SLUG, sku=SKU, units=UNITS, late=st.integers(0, int(LAG.total_seconds())))
    def somebody_buys(self, slug, sku, units, late):
        self.windows[slug].sell(sku, units, late=timedelta(seconds=late))

    @rule(slug=SLUG, pick=st.integers(0, 99))
    def somebody_calls_an_order_off(self, slug, pick):
        alive = [order for order in self.windows[slug].orders if not order.is_cancelled]
        if alive:
            self.windows[slug].cancel(alive[pick % len(alive)])

    @rule(slug=SLUG, restocks=st.booleans())
    def a_shop_changes_its_habit(self, slug, restocks):
        self.windows[slug].restocks = restocks

    @rule(
        slug=SLUG, trouble=st.lists(st.sampled_from(["before", "after", "unsent", "limited"]), min_size=1, max_size=2)
    )
    def a_channel_has_trouble(self, slug, trouble):
        self.windows[slug].trouble += trouble

    @rule(sku=SKU, units=UNITS)
    def somebody_telephones(self, sku, units):
        want = Wanted(
            kind="telephone", subject=uuid7(), group=uuid7(), holder=None, variant=self.variants[sku].id, quantity=units,
            arrived_at=clock.now(),
        )  # fmt: skip
        inventory.allocate([want], actor="test")

    @rule(sku=SKU, units=UNITS, place=PLACE)
    def goods_arrive(self, sku, units, place=0):
        builders.stock(self.variants[sku], units, place=self.places[place])
        self.shelf[sku] += units

    @rule(sku=SKU, units=UNITS, place=PLACE)
    def goods_are_lost(self, sku, units, place=0):
        before = self.on_hand(sku)
        row = Correction(id=uuid7(), variant=self.variants[sku].id, quantity=-units, reason="broken")
        shelf.correct([row], location=self.places[place], actor="test")
        self.shelf[sku] -= before - self.on_hand(sku)
        self.debt[sku] = max(self.debt[sku], self.sellable(sku) - self.unsold(sku))
        self.is_short = True

    @rule(seconds=st.sampled_from([1, 60, 299, 301, 601, 3600, 86_400, -240]))
    def the_clock_moves(self, seconds):
        self.drive = clock.Drive(self.clock_file, clock.now() + timedelta(seconds=seconds))

    # The product, step by step

    @rule(slug=SLUG, pick=st.integers(0, 99), times=st.integers(1, 2))
    def a_notice_comes(self, slug, pick, times):
        told = [order for order in self.windows[slug].orders if order.listed_at <= clock.now()]
        if told:
            for _ in range(times):
                inbox.store(self.channels[slug].id, [event(told[pick % len(told)])], origin="hook")

    @rule(slug=SLUG)
    def orders_are_looked_at(self, slug):
        poll_orders.poll(self.channels[slug])

    @rule(dies_after=st.one_of(st.none(), st.integers(0, 60)))
    def the_inbox_is_drained(self, dies_after):
        self.unless_killed(lambda: dispatch.drain("test"), dies_after)

    @rule(dies_after=st.one_of(st.none(), st.integers(0, 60)))
    def channels_are_told(self, dies_after):
        announce.announce()
        self.unless_killed(push_stock.build, dies_after)

    @rule(dies=st.sampled_from(["", "", "", "before the call", "after the call"]))
    def calls_are_made(self, dies):
        for claimed in delivery.claim(worker="test"):
            if dies == "after the call":
                delivery._try(claimed)
            if not dies:
                delivery.make(claimed)
        if dies:
            delivery.release("test")

    @rule()
    def time_is_looked_at(self):
        lease_stock.sweep()

    def unless_killed(self, work, dies_after):
        """Run a step whose process may be killed after so many statements: what was not committed is undone."""
        count = 0

        def wrapper(execute, sql, params, many, context):
            nonlocal count
            count += 1
            if dies_after is not None and count > dies_after:
                raise Killed
            return execute(sql, params, many, context)

        try:
            with transaction.atomic(), connection.execute_wrapper(wrapper):
                work()
        except Killed:
            pass
        with connection.cursor() as cursor:  # its lease of the intake dies with it
            cursor.execute("UPDATE core_lease SET until = '1970-01-01+00'")

    # What must be true

    def on_hand(self, sku):
        return sum(StockLevel.objects.filter(variant=self.variants[sku]).values_list("on_hand", flat=True))

    def unsold(self, sku):
        sold = sum(
            order.units
            for window in self.windows.values()
            for order in window.orders
            if order.sku == sku and not order.is_cancelled
        )
        return self.shelf[sku] - sold - self.told_by_telephone(sku)

    def told_by_telephone(self, sku):
        """Units that people without a channel were promised."""
        rows = Demand.objects.filter(level__variant=self.variants[sku], kind="telephone")
        return sum(rows.values_list("allocated", flat=True))

    def sellable(self, sku):
        return sum(window.most_sellable(sku) for window in self.windows.values())

    def is_leased(self, sku):
        return SellingPolicy.objects.filter(variant=self.variants[sku], state="leased").exists()

    @invariant()
    def whatever_can_be_sold_lies_there(self):
        if not hasattr(self, "atomic"):
            return
        for sku in SKUS:
            if self.is_leased(sku):
                self.debt[sku] = min(self.debt[sku], max(0, self.sellable(sku) - self.unsold(sku)))
                assert self.sellable(sku) <= max(0, self.unsold(sku)) + self.debt[sku], sku
            else:
                self.debt[sku] = 0

    @invariant()
    def the_rows_agree(self):
        if hasattr(self, "atomic"):
            found = INVARIANTS["I1"]()
            assert found.is_ok, found.examples

    def work(self, rounds=1, *, minutes=20):
        """Everything that is due gets done, again and again."""
        for _ in range(rounds):
            self.drive.set(self.drive.now() + timedelta(minutes=minutes))
            for channel in self.channels.values():
                poll_orders.poll(channel)
            for _ in range(6):
                self.the_inbox_is_drained(None)
                self.channels_are_told(None)
                self.calls_are_made("")
            self.time_is_looked_at()
            self.whatever_can_be_sold_lies_there()

    def calm_down(self):
        """No more trouble: everything comes to rest, nothing is lost, and what is left can be bought somewhere."""
        for window in self.windows.values():
            window.trouble.clear()
        self.work(12)
        self.the_rows_agree()
        assert not any(push_stock.under_way(channel) for channel in self.channels.values())
        for sku in SKUS:
            sold = [o for w in self.windows.values() for o in w.orders if o.sku == sku and not o.is_cancelled]
            wanted = list(Demand.objects.filter(level__variant=self.variants[sku]))
            ours = [row for row in wanted if row.kind != "telephone"]
            open_units = sum(row.quantity - row.cancelled for row in wanted)
            assert sum(row.quantity - row.cancelled for row in ours) == sum(order.units for order in sold)
            assert sum(row.allocated for row in wanted) == min(self.shelf[sku], open_units)
            assert (self.sellable(sku) > 0) == (self.unsold(sku) > 0), "sold out without being"
