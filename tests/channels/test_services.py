"""Listings: linked to what we know, told what is free, believed as last set less what was sold since."""

from datetime import timedelta

import pytest

from apps.channels import services as channels
from apps.channels.models import ChannelRule, Listing
from apps.channels.services import Sold
from apps.hub.contracts import StockOutcome, VariantCard
from apps.inventory.models import StockLevel
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop():
    return builders.connection()


@pytest.fixture
def cup():
    made = builders.variant("CUP")
    builders.stock(made, 10)
    return made


def _card(sku="CUP", **facts):
    return VariantCard(
        **({"sku": sku, "title": sku, "external_id": f"v-{sku}", "stock_external_id": f"i-{sku}"} | facts)
    )


def _take(shop, *cards, **variants):
    return channels.take_cards(shop, cards, {sku: variant.id for sku, variant in variants.items()})


def _listing():
    return Listing.objects.get()


def _tell(shop, limit=10):
    """What a push of so many would carry, (SKU, number); the listings are clean from then on."""
    listings = [row.id for row in channels.dirty(shop.id, limit)]
    return [(row.sku, units) for row, units in channels.to_tell(listings, rule=ChannelRule(), unheard=dict)]


def _sell(shop, variant, units, placed_at=builders.PLACED):
    return channels.sold(shop, [Sold(variant.id, units, placed_at)])


def test_what_a_channel_lists_is_linked_and_has_to_be_told(shop, cup):
    assert _take(shop, _card(shown=7), CUP=cup) == 1

    row = _listing()
    assert (row.variant, row.shown, row.is_dirty, row.set_at) == (cup, 7, True, None)


def test_an_unknown_article_stays_unlinked_and_is_not_told(shop):
    _take(shop, _card("TEA"))

    assert (_listing().variant, _listing().is_dirty) == (None, False)
    assert _tell(shop) == []


def test_once_it_is_known_it_is_linked_and_has_to_be_told(shop, cup):
    _take(shop, _card())

    assert _take(shop, _card(), CUP=cup) == 1

    assert (_listing().variant, _listing().is_dirty) == (cup, True)


def test_the_same_cards_again_write_nothing(shop, cup):
    _take(shop, _card(shown=7), CUP=cup)
    _tell(shop)

    assert _take(shop, _card(shown=3), _card(shown=3), CUP=cup) == 0

    assert (_listing().shown, _listing().is_dirty) == (7, False)


def test_a_changed_title_keeps_what_we_believe(shop, cup):
    _take(shop, _card(shown=7), CUP=cup)

    assert _take(shop, _card(title="Tea cup", shown=3), CUP=cup) == 1

    assert (_listing().title, _listing().shown) == ("Tea cup", 7)


def test_a_channel_without_ids_is_known_by_sku(shop, cup):
    _take(shop, _card(external_id="", stock_external_id=""), CUP=cup)

    assert _listing().external_id == "CUP"


def test_a_changed_shelf_marks_every_listing_of_the_article(cup):
    for connection in (builders.connection(), builders.connection()):
        _take(connection, _card(), CUP=cup)
    Listing.objects.update(is_dirty=False)

    channels.mark_dirty([cup.id])

    assert Listing.objects.filter(is_dirty=True).count() == 2


def test_what_it_sold_is_taken_off_what_we_believe(shop, cup):
    _take(shop, _card(shown=2), CUP=cup)
    Listing.objects.update(is_dirty=False)

    _sell(shop, cup, 3)

    assert (_listing().shown, _listing().is_dirty) == (-1, True)


def test_what_it_never_showed_is_not_believed(shop, cup):
    _take(shop, _card(), CUP=cup)

    _sell(shop, cup, 3)

    assert _listing().shown is None


@pytest.mark.parametrize(("numbers", "free"), [({}, 10), ({"damaged": 2, "leased": 4}, 4), ({"reserved": 10}, 0)])
def test_free_is_what_nobody_holds(cup, numbers, free):
    StockLevel.objects.update(**numbers)
    nothing = builders.variant()

    assert channels.sellable([cup.id, nothing.id]) == {cup.id: free, nothing.id: 0}


def test_a_closed_location_sells_nothing(cup):
    StockLevel.objects.get().location.__class__.objects.update(is_active=False)

    assert channels.sellable([cup.id]) == {cup.id: 0}


@pytest.mark.parametrize(("buffer", "quantity"), [(0, 10), (3, 7), (12, 0)])
def test_the_buffer_is_kept_back(shop, cup, buffer, quantity):
    _take(shop, _card(), CUP=cup)
    Listing.objects.update(buffer=buffer)

    assert _tell(shop) == [("CUP", quantity)]


def test_a_push_takes_no_more_than_it_may_and_leaves_the_rest(shop):
    variants = {sku: builders.variant(sku) for sku in ("A", "B", "C")}
    _take(shop, *(_card(sku) for sku in variants), **variants)

    counts = [len(_tell(shop, 2)) for _ in range(3)]

    assert counts == [2, 1, 0]


def _told(shop, outcome, quantity=10):
    return channels.told(shop, {outcome.external_id: outcome}, {outcome.external_id: quantity}, is_answered=True)


def test_what_was_set_is_believed(shop, cup):
    _take(shop, _card(shown=7), CUP=cup)
    _tell(shop)

    assert _told(shop, StockOutcome(external_id="i-CUP", is_set=True)) == set()

    row = _listing()
    assert (row.shown, row.is_dirty, row.set_at is not None) == (10, False, True)


def test_what_showed_another_number_is_believed_and_told_again(shop, cup):
    _take(shop, _card(shown=7), CUP=cup)
    _tell(shop)

    _told(shop, StockOutcome(external_id="i-CUP", is_set=False, is_stale=True, shown=4))

    assert (_listing().shown, _listing().is_dirty) == (4, True)


def test_a_change_meanwhile_is_not_forgotten(shop, cup):
    _take(shop, _card(shown=7), CUP=cup)
    _tell(shop)
    channels.mark_dirty([cup.id])

    _told(shop, StockOutcome(external_id="i-CUP", is_set=True))

    assert _listing().is_dirty


def test_a_refused_one_stays_as_it_was(shop, cup):
    _take(shop, _card(shown=7), CUP=cup)
    _tell(shop)

    _told(shop, StockOutcome(external_id="i-CUP", is_set=False, error="archived"))

    assert (_listing().shown, _listing().set_at) == (7, None)


def test_a_listing_without_a_stock_id_is_found_by_its_own(shop, cup):
    _take(shop, _card(stock_external_id=""), CUP=cup)

    _told(shop, StockOutcome(external_id="v-CUP", is_set=True))

    assert _listing().shown == 10


def test_another_channels_answer_changes_nothing_here(shop, cup):
    _take(shop, _card(shown=7), CUP=cup)

    _told(builders.connection(), StockOutcome(external_id="i-CUP", is_set=True))

    assert _listing().shown == 7


def _absolute(cup, *, settles_minutes=0):
    """A channel that is told absolute numbers, shows 10 cups and was told so at noon."""
    shop = builders.connection("smtp")  # any connector without manners of its own is trusted with nothing
    ChannelRule.objects.create(connection=shop, settles_minutes=settles_minutes)
    _take(shop, _card(shown=10), CUP=cup)
    Listing.objects.filter(connection=shop).update(set_at=NOON)
    return shop


NOON = builders.PLACED.replace(hour=12)


@pytest.mark.parametrize(
    ("minutes_after_noon", "shown"),
    [(-1, 10), (0, 7), (1, 7)],
)
def test_what_was_sold_before_an_absolute_number_is_not_taken_off_it(cup, minutes_after_noon, shown):
    shop = _absolute(cup)

    _sell(shop, cup, 3, NOON + timedelta(minutes=minutes_after_noon))

    assert (_listing().shown, _listing().is_dirty) == (shown, True)


@pytest.mark.parametrize(("minutes_after_noon", "shown"), [(14, 10), (15, 7)])
def test_an_absolute_number_counts_from_when_it_surely_shows(cup, minutes_after_noon, shown):
    shop = _absolute(cup, settles_minutes=15)

    _sell(shop, cup, 3, NOON + timedelta(minutes=minutes_after_noon))

    assert _listing().shown == shown
