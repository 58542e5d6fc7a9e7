"""The negative controls: each guard of a lease, and what is sold twice when it is off.

Every story is told twice: as the product is, where nothing that can be sold is missing on the shelf, and with one guard
switched off, where the windows' own ledgers show that something is.
"""

from datetime import datetime, timedelta

import pytest

from apps.catalog.models import Variant
from apps.channels import dividing, feed, promises
from apps.channels import services as channels
from apps.channels.dividing import Promise
from apps.channels.models import ChannelRule
from apps.core import clock
from apps.flows import expire_lots, lease_stock, revise_order
from apps.hub.abilities import Writes
from apps.inventory import deciding, naming
from apps.inventory.leases import Leases
from apps.inventory.models import StockLevel
from apps.inventory.naming import Name
from tests.races.shop import Shop
from tests.races.windows import LAG


@pytest.fixture
def shop(windows):
    made = Shop()
    made.open()
    yield made
    made.atomic.__exit__(RuntimeError, RuntimeError("undone"), None)


def _weigh(shop, **weights):
    """The merchant says how cups are divided among the channels; they are told by it."""
    for slug, weight in weights.items():
        ChannelRule.objects.update_or_create(connection=shop.channels[slug], defaults={"weight": weight})
        channels.tell_all(shop.channels[slug].id)


def _leased(shop, units):
    """So many cups, leased in halves to `exact` and `plain`."""
    _weigh(shop, exact=1, plain=1, slow=0)
    shop.goods_arrive("CUP", units)
    shop.work(3)
    assert shop.is_leased("CUP")
    assert [shop.windows[slug].shown["CUP"] for slug in ("exact", "plain", "slow")] == [units // 2, units // 2, 0]


def _sold_unheard(shop, slug, sku, units):
    order = shop.windows[slug].sell(sku, units, late=LAG)
    assert order is not None
    return order


def _told(shop):
    shop.channels_are_told(None)
    shop.calls_are_made("")
    shop.whatever_can_be_sold_lies_there()
    shop.the_inbox_is_drained(None)
    shop.whatever_can_be_sold_lies_there()


def _free_units_are_wanted(shop):
    """Whatever is free is shown by `exact` now."""
    _weigh(shop, exact=100)
    for _ in range(2):
        _told(shop)


def sold_while_a_higher_number_is_on_its_way(shop):
    _leased(shop, 4)
    _sold_unheard(shop, "plain", "CUP", 2)
    shop.goods_arrive("CUP", 2)
    _weigh(shop, plain=3)
    for _ in range(3):
        _told(shop)


def sold_just_before_a_new_number_was_acknowledged(shop):
    _leased(shop, 2)
    shop.goods_arrive("CUP", 4)
    shop.channels_are_told(None)
    _sold_unheard(shop, "plain", "CUP", 1)
    _told(shop)
    _free_units_are_wanted(shop)


def looked_at_and_not_yet_taken_in(shop):
    _leased(shop, 2)
    shop.goods_arrive("CUP", 4)
    shop.channels_are_told(None)
    _sold_unheard(shop, "plain", "CUP", 1)
    _told(shop)
    for _ in range(2):
        shop.the_clock_moves(1200)
        shop.orders_are_looked_at("plain")
    shop.time_is_looked_at()
    _weigh(shop, exact=100)
    shop.channels_are_told(None)
    shop.calls_are_made("")
    shop.whatever_can_be_sold_lies_there()


def acknowledged_by_nobody(shop):
    _leased(shop, 2)
    shop.goods_arrive("CUP", 4)
    shop.windows["plain"].trouble.append("after")
    _told(shop)
    _free_units_are_wanted(shop)


def bought_by_telephone(shop):
    _leased(shop, 4)
    shop.somebody_telephones("CUP", 2)
    shop.whatever_can_be_sold_lies_there()


def low_while_much_is_unheard(shop):
    shop.goods_arrive("TEA", 20)
    shop.work(2)
    _sold_unheard(shop, "plain", "TEA", 4)
    shop.windows["exact"].sell("TEA", 15, late=timedelta(0))
    shop.orders_are_looked_at("exact")
    for _ in range(4):
        shop.the_inbox_is_drained(None)
        _told(shop)
        shop.time_is_looked_at()


def called_off_and_shown_again(shop):
    _leased(shop, 2)
    order = _sold_unheard(shop, "plain", "CUP", 1)
    shop.work(2)
    shop.windows["plain"].cancel(order)
    shop.orders_are_looked_at("plain")
    shop.the_inbox_is_drained(None)
    _free_units_are_wanted(shop)


def heard_of_after_the_number_changed(shop):
    _leased(shop, 2)
    shop.goods_arrive("CUP", 4)
    shop.channels_are_told(None)
    _sold_unheard(shop, "plain", "CUP", 1)
    _told(shop)
    shop.work(3)
    _free_units_are_wanted(shop)


def expired_while_channels_may_sell_it(shop):
    """Two of four cups may be sold until tomorrow's end: by then no channel offers them any more."""
    _leased(shop, 4)
    Variant.objects.filter(sku="CUP").update(tracking="lot")
    level = StockLevel.objects.get(variant__sku="CUP", on_hand=4)
    last_day = clock.business_date() + timedelta(days=1)
    naming.name(level.id, [Name(number="L1", units=2, expires_on=last_day)], actor="test")
    for _ in range(2):
        shop.the_clock_moves(86_400)
        is_past = clock.business_date() > last_day
        expire_lots.sweep()
        shop.shelf["CUP"] -= 2 * is_past
        shop.whatever_can_be_sold_lies_there()
        shop.work(3)
        expire_lots.sweep()
    level.refresh_from_db()
    assert (level.expired, level.leased) == (2, 2), "CUP"


def _only_the_larger(monkeypatch):
    exact = Promise.need.fget
    monkeypatch.setattr(
        Promise,
        "need",
        property(lambda one: exact(Promise(one.shown, one.escrow, Writes.COMPARE_AND_SET, one.pushing))),
    )
    most = dividing.most
    monkeypatch.setattr(
        dividing,
        "most",
        lambda one, **more: most(Promise(one.shown, one.escrow, Writes.COMPARE_AND_SET, one.pushing), **more),
    )


def _no_escrow(monkeypatch):
    monkeypatch.setattr(promises.Book, "_keep", lambda *_args, **_more: None)


def _a_look_is_enough(monkeypatch):
    monkeypatch.setattr(feed, "known", lambda _channel: feed.Known(datetime.max.replace(tzinfo=feed.UTC), 2**40))


def _leases_are_everybodys(monkeypatch):
    def serve(free, leases, wanted):
        units = deciding.serve(free + 1000, [count for count, _ in wanted])
        return [(0, count) for count in units]

    monkeypatch.setattr(deciding, "serve_leased", serve)
    monkeypatch.setattr("apps.inventory.services.deciding.serve_leased", serve)


def _leased_at_once(monkeypatch):
    monkeypatch.setattr(lease_stock, "_is_settled", lambda _desk, row, _policy: row.pushing is None)


def _nothing_is_shown_again(monkeypatch):
    monkeypatch.setattr(revise_order.lease_stock, "shown_again", lambda *_args: None)


def _the_newest_number_first(monkeypatch):
    def sold(book, listing, units, _placed_at):
        listing.shown -= units

    monkeypatch.setattr(promises.Book, "sold", sold)


def _nobody_is_told_of_last_days(monkeypatch):
    monkeypatch.setattr(Leases, "spoiling", lambda *_args: 0)


GUARDS = [
    (sold_while_a_higher_number_is_on_its_way, _only_the_larger),
    (sold_just_before_a_new_number_was_acknowledged, _no_escrow),
    (looked_at_and_not_yet_taken_in, _a_look_is_enough),
    (acknowledged_by_nobody, _no_escrow),
    (low_while_much_is_unheard, _leased_at_once),
    (called_off_and_shown_again, _nothing_is_shown_again),
    (heard_of_after_the_number_changed, _the_newest_number_first),
    (expired_while_channels_may_sell_it, _nobody_is_told_of_last_days),
]


@pytest.mark.parametrize(("story", "guard"), GUARDS, ids=lambda one: one.__name__.strip("_"))
def test_with_its_guard_nothing_is_sold_twice(shop, story, guard):
    story(shop)


@pytest.mark.parametrize(("story", "guard"), GUARDS, ids=lambda one: one.__name__.strip("_"))
def test_without_its_guard_something_is(shop, monkeypatch, story, guard):
    guard(monkeypatch)

    with pytest.raises(AssertionError, match=r"CUP|TEA"):
        story(shop)


def test_a_telephone_order_takes_nothing_that_a_channel_may_sell(shop):
    bought_by_telephone(shop)

    assert shop.told_by_telephone("CUP") == 0
