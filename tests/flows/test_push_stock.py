"""What a channel is told: one push at a time, each after the answer of the last was taken in, and no change forgotten."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from apps.channels import services as channels
from apps.channels.models import ChannelRule, Listing, SellingPolicy
from apps.channels.services import Sold
from apps.core import clock
from apps.flows import announce, push_stock, wiring
from apps.hub import connections, delivery, inbox
from apps.hub.abilities import Event
from apps.hub.contracts import StockOutcome, VariantCard
from apps.hub.models import Delivery, InboxEvent
from tests import builders

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop():
    wiring.forget()
    connections.forget()
    made = builders.connection()
    cup = builders.variant("CUP")
    builders.stock(cup, 10)
    card = VariantCard(sku="CUP", title="CUP", external_id="v-CUP", stock_external_id="i-CUP")
    channels.take_cards(made, [card], {"CUP": cup.id})
    return made


@pytest.fixture
def drive(tmp_path, settings):
    settings.CLOCK_FILE = str(tmp_path / "clock")
    return clock.Drive(tmp_path / "clock", datetime(2026, 11, 23, tzinfo=UTC))


def _pushes():
    return [delivery.words_of(row)[0].quantity for row in Delivery.objects.order_by("id")]


def _settle_newest(shop):
    """The vendor has answered: the call is settled and its answer lies in the inbox, unread."""
    row = Delivery.objects.order_by("-id").first()
    Delivery.objects.filter(id=row.id).update(status="sent", done_at=clock.now())
    event = Event(id=f"answer:{row.id}", topic="answer/stock.set", at=clock.now(), raw=b"{}")
    inbox.store(shop.id, [event], origin="answer")
    return row


def test_the_next_push_waits_until_the_answer_of_the_last_is_taken_in(shop):
    assert push_stock.build() == 1
    builders.stock(Listing.objects.get().variant, 5)
    with transaction.atomic():
        channels.mark_dirty([Listing.objects.get().variant_id])
    assert push_stock.build() == 0  # under way
    row = _settle_newest(shop)

    assert push_stock.build() == 0  # answered, not taken in
    with transaction.atomic():
        push_stock.take_outcomes([StockOutcome(external_id="i-CUP", is_set=True)], delivery_id=row.id, source=shop)
    inbox.close(InboxEvent.objects.all(), InboxEvent.Status.DONE)

    assert push_stock.build() == 1
    assert _pushes() == [10, 15]


def test_a_change_while_a_push_is_being_built_is_told_with_the_next(shop):
    """The builder has read what is free and not yet committed when the shelf changes and its mark is set."""
    variant = Listing.objects.get().variant
    has_read, may_commit = threading.Event(), threading.Event()

    def build():
        try:
            with transaction.atomic():
                listings = [row.id for row in channels.dirty(shop.id, 250)]
                told = channels.to_tell(listings, rule=ChannelRule(), unheard=dict)
                has_read.set()
                may_commit.wait(10)
            return told[0][1]
        finally:
            connection.close()

    def change():
        try:
            has_read.wait(10)
            builders.stock(variant, 5)
            may_commit_soon = threading.Timer(0.2, may_commit.set)
            may_commit_soon.start()
            with transaction.atomic():
                channels.mark_dirty([variant.id])
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        built, changed = pool.submit(build), pool.submit(change)
        changed.result(20)
        assert built.result(20) == 10

    assert Listing.objects.get().is_dirty


def _sell(shop, listings):
    channels.sold(shop, [Sold(row.variant_id, 1, builders.PLACED) for row in listings])


def _answer(shop, listings):
    outcomes = {row.stock_external_id: StockOutcome(external_id=row.stock_external_id, is_set=True) for row in listings}
    channels.told(shop, outcomes, dict.fromkeys(outcomes, 3), is_answered=True)


def _mark(shop, listings):
    channels.mark_dirty(row.variant_id for row in listings)


@pytest.mark.parametrize("touch", [_sell, _answer, _mark])
def test_everybody_locks_listings_in_the_order_of_their_ids(shop, touch):
    """One row in the middle is held by another: whoever comes has locked what is before it and nothing behind it, though
    the rows lie the other way round in the table."""
    variants = [builders.variant() for _ in range(6)]
    cards = [
        VariantCard(sku=one.sku, title=one.sku, external_id=f"v-{one.sku}", stock_external_id=f"i-{one.sku}", shown=9)
        for one in variants
    ]
    channels.take_cards(shop, cards, {one.sku: one.id for one in variants})
    listings = list(Listing.objects.filter(variant__in=variants).order_by("id"))
    for row in reversed(listings):
        Listing.objects.filter(id=row.id).update(is_dirty=False)
    has_begun = threading.Event()

    def work():
        try:
            with transaction.atomic():
                has_begun.set()
                touch(shop, listings)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Listing.objects.select_for_update().get(id=listings[3].id)
            working = pool.submit(work)
            has_begun.wait(10)
            _wait_until_somebody_waits(working)
            free = Listing.objects.filter(id__in=[row.id for row in listings]).select_for_update(skip_locked=True)
            untouched = {row.id for row in free}
        working.result(10)

    assert untouched == {row.id for row in listings[3:]}  # the held one is our own


def _two_channels(shop):
    """Four articles at two channels, their listings in turn, of which the middle two are leased; a push to the first channel
    is on its way."""
    other = builders.connection(name="other")
    wiring.forget()
    connections.forget()
    variants = [builders.variant() for _ in range(4)]
    for one in variants:
        for at in (shop, other):
            name = f"{one.sku}-{at.id.hex[-4:]}"
            card = VariantCard(sku=one.sku, title=one.sku, external_id=name, stock_external_id=name, shown=9)
            channels.take_cards(at, [card], {one.sku: one.id})
    for one in variants[1:3]:
        SellingPolicy.objects.create(variant=one, state="leased", choice="leased", since=clock.now())
    return list(Listing.objects.filter(variant__in=variants).order_by("id"))


def _take_outcomes(shop, listings):
    own = [row for row in listings if row.connection_id == shop.id]
    outcomes = [StockOutcome(external_id=row.external_id, is_set=False, is_stale=True, shown=7) for row in own]
    push_stock.take_outcomes(outcomes, delivery_id=Delivery.objects.get().id, source=shop)


def _build(shop, _listings):
    push_stock._build_for(shop)


@pytest.mark.parametrize("held", [0, -1])
@pytest.mark.parametrize("touch", [_take_outcomes, _build])
def test_whoever_changes_leases_locks_all_listings_at_once(shop, touch, held):
    """Of leased articles every channel's listing is locked, with the channel's own others, in one order: where one is held by
    another, all before it are locked and none behind it."""
    listings = _two_channels(shop)
    Listing.objects.exclude(id__in=[row.id for row in listings]).delete()
    Listing.objects.update(is_dirty=True)
    if touch is _take_outcomes:
        _build(shop, listings)
    mine = [row for row in listings if row.connection_id == shop.id or row.variant_id in _leased_ones()]
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Listing.objects.select_for_update().get(id=mine[held].id)

            def work():
                try:
                    touch(shop, listings)
                finally:
                    connection.close()

            working = pool.submit(work)
            _wait_until_somebody_waits(working)
            free = Listing.objects.filter(id__in=[row.id for row in mine]).select_for_update(skip_locked=True)
            untouched = {row.id for row in free}
        working.result(10)

    assert untouched == {row.id for row in mine[held:]}  # the held one is our own


def _leased_ones():
    return set(SellingPolicy.objects.filter(state="leased").values_list("variant", flat=True))


def _wait_until_somebody_waits(working):
    until = time.monotonic() + 10
    with connection.cursor() as cursor:
        while time.monotonic() < until:
            cursor.execute("SELECT pg_stat_clear_snapshot()")  # else a transaction sees the same as at its first look
            # Of this database alone: another worker of the tests has its own on the same server, with waits of its own.
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone()[0]:
                return
            if working.done():
                working.result()
                break
            time.sleep(0.01)
    raise AssertionError("nobody waited")


@pytest.fixture
def other(shop, drive):
    """Ten cups; one shop shows all ten, is being told something and falls silent: the other shop is due to show none."""
    other = builders.connection("shopify")
    card = VariantCard(sku="CUP", title="CUP", external_id="o-CUP", stock_external_id="o-CUP")
    with transaction.atomic():
        channels.take_cards(other, [card], {"CUP": Listing.objects.get().variant_id})
    Listing.objects.filter(connection=shop).update(shown=10, set_at=clock.now())
    push_stock.build()
    _answer(other, Delivery.objects.get(connection=other), "o-CUP")
    drive.set(drive.now() + timedelta(minutes=31))
    _change("CUP")
    announce.announce()
    return other


def _tell(channel):
    """Whatever is to be told is built, and this channel acknowledges it."""
    announce.announce()
    push_stock.build()
    _answer(channel, Delivery.objects.filter(connection=channel).latest("id"), "o-CUP")


def test_what_was_not_shown_because_of_a_blind_channel_is_shown_again_when_it_is_heard(shop, other):
    _tell(other)
    while_silent = _shows(other)

    _answer(shop, Delivery.objects.get(connection=shop), "i-CUP")
    _tell(other)

    assert (while_silent, _shows(other)) == (0, 10)


def test_a_number_lowered_for_a_blind_channel_and_under_way_when_it_is_heard_is_told_again(shop, other):
    push_stock.build()
    lowered = Delivery.objects.filter(connection=other).latest("id")
    _answer(shop, Delivery.objects.get(connection=shop), "i-CUP")
    announce.announce()
    _answer(other, lowered, "o-CUP")
    while_silent = _shows(other)

    _tell(other)

    assert (while_silent, _shows(other)) == (0, 10)


def test_who_is_blind_is_asked_when_nobody_else_can_mark_what_is_being_told(shop, other):
    """A builder waits for a listing; meanwhile the blind channel answers: what is built then must know it."""
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Listing.objects.select_for_update(no_key=True).get(connection=other)
            built = pool.submit(_build_alone)
            _wait_until_somebody_waits(built)
            Delivery.objects.filter(connection=shop).update(status="sent", done_at=clock.now())
        built.result(20)

    assert _pushes()[-1] == 10


def _build_alone():
    try:
        push_stock.build()
    finally:
        connection.close()


def test_a_channel_that_answers_in_time_has_nothing_told_again(shop, drive):
    other = builders.connection("shopify")
    card = VariantCard(sku="CUP", title="CUP", external_id="o-CUP", stock_external_id="o-CUP")
    with transaction.atomic():
        channels.take_cards(other, [card], {"CUP": Listing.objects.get().variant_id})
    announce.announce()
    push_stock.build()
    Listing.objects.filter(connection=other).update(shown=3, pushing=None, is_dirty=False)
    drive.set(drive.now() + timedelta(minutes=29))
    _answer(shop, Delivery.objects.get(connection=shop), "i-CUP")

    assert announce.announce() == 0


def _answer(channel, row, name):
    Delivery.objects.filter(id=row.id).update(status="sent", done_at=clock.now())
    with transaction.atomic():
        push_stock.take_outcomes([StockOutcome(external_id=name, is_set=True)], delivery_id=row.id, source=channel)


def _change(sku):
    with transaction.atomic():
        channels.mark_dirty(Listing.objects.filter(sku=sku).values_list("variant", flat=True))


def _shows(channel):
    return Listing.objects.get(connection=channel).shown
