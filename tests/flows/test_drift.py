"""Why a channel shows another number: every cause is found at a stand-in, also two at once; a calm night has none."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection as database
from hypothesis import given
from hypothesis import strategies as st

from apps.catalog.models import Price
from apps.channels.models import Listing
from apps.core import clock, net
from apps.core.ids import uuid7
from apps.core.models import Company
from apps.flows import (
    announce,
    dispatch,
    poll_orders,
    push_stock,
    reconcile_orders,
    reconcile_stock,
    take_listings,
    wiring,
)
from apps.flows.drift import Cause, Named, Seen, explain
from apps.hub import connections, delivery
from apps.hub.contracts import StockQuantity
from apps.hub.models import Connection, JobRun
from apps.reconciliation.models import Difference, Statement, StockDrift
from apps.sandbox.words import Article, plain
from tests import builders
from tests.connectors.stand import Stand, line
from tests.connectors.woocommerce.conftest import sale_of

KEYS = {"consumer_key": "ck_1", "consumer_secret": "cs_1", "webhook_secret": "hush"}
SKUS = ("TEA", "CUP", "POT")
numbers = st.integers(0, 9)
some = st.builds(Named, st.integers(0, 4))


@pytest.mark.parametrize(("place", "shown"), [("70001", 5), ("70002", 3), ("70003", 5), ("", 5)])
def test_what_is_shown_is_judged_at_the_listing_s_own_location(place, shown):
    """A channel of two locations tells both; a place that it tells nothing of is the first that it tells of."""
    told = [
        StockQuantity(external_id=thing, quantity=quantity, location_external_id=where)
        for where, thing, quantity in (("70001", "TEA", 5), ("70002", "TEA", 3), ("70002", "CUP", 9))
    ]
    seen = reconcile_stock._Shown(told)
    assert (seen.of(Listing(stock_external_id="TEA", location_external_id=place)), len(seen)) == (shown, 2)
    assert seen.of(Listing(stock_external_id="CUP", location_external_id="70001")) is None


@given(
    numbers, numbers, numbers, st.none() | numbers, st.booleans(), st.none() | st.tuples(numbers, numbers), st.none() | numbers,
    st.booleans(), some, some, some,
)  # fmt: skip
def test_the_causes_add_up_to_the_difference(
    right, believed, theirs, pushing, is_told, told, sold, is_recent, missed, called_off, elsewhere
):
    now = clock.now()
    seen = Seen(
        right=right if pushing is None else believed, believed=believed, theirs=theirs, pushing=pushing,
        set_at=now if is_told else None, told=(*told, now) if is_told and told else None, sold=sold, is_recent=is_recent,
        missed=missed, called_off=called_off, elsewhere=elsewhere,
    )  # fmt: skip

    causes = explain(seen)

    assert sum(part.units for part in causes) == seen.theirs - seen.right
    assert [part for part in causes if not part.units] == []


# At a stand-in


@pytest.fixture
def drive(tmp_path, settings):
    settings.CLOCK_FILE = str(tmp_path / "clock")
    return clock.Drive(tmp_path / "clock", datetime(2026, 11, 22, 15, tzinfo=UTC))


@pytest.fixture
def stand(tmp_path, settings, drive):
    with Stand(tmp_path) as stand:
        settings.PRIVATE_PEERS = stand.peers()
        stand.told("woocommerce/setup", **KEYS)
        yield stand
        net.close()


@pytest.fixture
def shop(db, drive, stand):
    """Ten of each of three articles, shown, told and acknowledged; each sells for 1,200 yen."""
    wiring.forget()
    connections.forget()
    Company.objects.create(name="青葉堂")
    for sku in SKUS:
        article = builders.variant(sku)
        Price.objects.create(id=uuid7(), variant=article, currency="JPY", amount=1200)
        builders.stock(article, 10)
    articles = [Article(sku=sku, title=sku, price=Decimal(1200), currency="JPY") for sku in SKUS]
    stand.told("woocommerce/list_variants", variants=plain(articles))
    made = connections.create(
        brand=builders.brand(), connector="woocommerce", name="Woo", settings={"shop_url": stand.url("woocommerce")},
        secrets=KEYS,
    )  # fmt: skip
    take_listings.refresh(made)
    work()
    assert stand.told("woocommerce/shown")["shown"] == dict.fromkeys(sorted(SKUS), 10)
    return made


def work():
    """Everything that is due, until nothing is."""
    while announce.announce() + push_stock.build() + _calls() + dispatch.drain("test"):
        pass


def _calls():
    calls = delivery.claim(100, worker="test")
    for call in calls:
        delivery.make(call)
    return len(calls)


def a_night(drive, between=work):
    """The legs of a night that concern stock; what the orders brought is taken in before stock is judged."""
    drive.set(clock.now() + timedelta(minutes=20))
    run = JobRun.objects.create(
        id=uuid7(), job="night", period="2026-11-22", due_at=clock.now(), started_at=clock.now()
    )
    reconcile_stock.look(run)
    reconcile_orders.compare(run)
    between()
    reconcile_stock.judge(run)
    return run


def found():
    """SKU -> [(cause, units)] as the night wrote it down."""
    causes: dict[str, list] = {}
    for row in StockDrift.objects.order_by("id"):
        causes.setdefault(row.sku, []).append((row.cause, row.units))
    return causes


def edit(stand, sku, delta):
    stand.told("woocommerce/edit_stock", sku=sku, delta=delta)


def buy(stand, sku, units):
    """A sale of which no notice arrives: the shop was told of no hook."""
    sale = sale_of(line(sku, units))
    stand.told("woocommerce/place_orders", sales=plain([sale]))
    return sale


def test_a_calm_night_finds_nothing(drive, stand, shop):
    buy(stand, "TEA", 2)
    poll_orders.poll(shop)
    work()

    a_night(drive)

    assert (found(), Difference.objects.count(), Statement.objects.get(leg="stock").verdict) == ({}, 0, "matched")


def test_what_was_edited_a_sale_nobody_told_of_and_both_at_once(drive, stand, shop):
    edit(stand, "TEA", 3)
    missed = buy(stand, "CUP", 2)
    edit(stand, "POT", -4)
    both = buy(stand, "POT", 1)

    a_night(drive)

    assert found() == {"TEA": [("edited", 3)], "CUP": [("missed", -2)], "POT": [("missed", -1), ("edited", -4)]}
    by_sku = {row.sku: row for row in StockDrift.objects.filter(cause="missed")}
    assert [by_sku[sku].evidence["orders"] for sku in ("CUP", "POT")] == [[missed.number], [both.number]]
    assert StockDrift.objects.get(sku="TEA").value_minor == 3600
    edited = Difference.objects.get(evidence__sku="TEA")
    assert (edited.kind, edited.state, edited.evidence["causes"][0]["number"]) == ("stock_drift", "repaired", 10)
    assert sorted(Difference.objects.filter(kind="stock_drift").values_list("evidence__sku", flat=True)) == [
        "POT",
        "TEA",
    ]
    work()
    assert stand.told("woocommerce/shown")["shown"] == {"CUP": 8, "POT": 9, "TEA": 10}


def test_a_cancel_nobody_told_of_shows_the_units_again(drive, stand, shop):
    sale = buy(stand, "TEA", 3)
    poll_orders.poll(shop)
    work()
    stand.told("woocommerce/cancel", number=sale.number)

    a_night(drive)

    assert (found(), Difference.objects.count()) == ({"TEA": [("missed", 3)]}, 0)
    assert StockDrift.objects.get().evidence == {"event": "cancel", "orders": [sale.number], "orders_in_all": 1}
    assert Connection.objects.get().repaired_count == 1


def test_a_listing_linked_to_another_article_is_known_by_its_sales(drive, stand, shop):
    """What is sold as TEA is booked on TEA, while TEA's listing says that it is a CUP; and somebody edited it, too."""
    cup, tea = Listing.objects.get(sku="CUP"), Listing.objects.get(sku="TEA")
    Listing.objects.filter(id=cup.id).update(variant=None)
    Listing.objects.filter(id=tea.id).update(variant=cup.variant)
    drive.set(clock.now() + timedelta(minutes=5))
    sale = buy(stand, "TEA", 2)
    edit(stand, "TEA", -3)
    poll_orders.poll(shop)
    work()

    a_night(drive)

    assert found() == {"TEA": [("wrong_link", -2), ("edited", -3)]}
    assert StockDrift.objects.get(cause="wrong_link").evidence == {
        "orders": [sale.number],
        "orders_in_all": 1,
        "twin": "",
    }


def test_a_number_that_arrived_and_whose_answer_lies_unread_is_late(drive, stand, shop):
    builders.stock(Listing.objects.get(sku="TEA").variant, 5)
    Listing.objects.filter(sku="TEA").update(is_dirty=True)
    push_stock.build()
    _calls()  # told; the answer is in the inbox

    a_night(drive, between=lambda: None)

    assert (found(), Difference.objects.count()) == ({"TEA": [("late", 5)]}, 0)
    assert Statement.objects.get(leg="stock").verdict == "stale"
    work()
    assert Listing.objects.get(sku="TEA").shown == 15


def test_a_number_that_was_acknowledged_and_does_not_show_yet_is_late(drive, stand, shop):
    builders.stock(Listing.objects.get(sku="TEA").variant, 5)
    Listing.objects.filter(sku="TEA").update(is_dirty=True)
    work()
    edit(stand, "TEA", -5)  # the shop still shows what it showed

    a_night(drive)

    assert found() == {"TEA": [("late", -5)]}


_FEWER = "UPDATE inventory_stocklevel SET on_hand = 8 FROM catalog_variant v WHERE v.id = variant_id AND v.sku = 'TEA'"


@pytest.mark.parametrize(
    ("faults", "evidence"),
    [
        ([_FEWER], {"fault": "not_marked", "believed": 10, "right": 8}),
        (
            [_FEWER, "UPDATE channels_listing SET shown = 8 WHERE sku = 'TEA'"],
            {"fault": "miscounted", "recounted": 10, "believed": 8},
        ),
        ([_FEWER, "UPDATE channels_listing SET shown = 8, set_at = NULL WHERE sku = 'TEA'"], {"fault": "never_told"}),
    ],
)
def test_what_we_forgot_to_tell_or_miscounted_is_ours(drive, stand, shop, faults, evidence):
    with database.cursor() as cursor:
        for fault in faults:
            cursor.execute(fault)

    a_night(drive)

    assert found() == {"TEA": [("ours", 2)]}
    assert StockDrift.objects.get().evidence == evidence


def test_a_number_that_the_channel_refused_is_no_fault_of_ours(drive, stand, shop):
    with database.cursor() as cursor:
        cursor.execute(_FEWER)
        cursor.execute("UPDATE channels_listing SET refused = 'no such thing' WHERE sku = 'TEA'")

    a_night(drive)

    assert found() == {}


def test_a_difference_of_long_ago_is_no_late_answer(drive, stand, shop):
    """The control of lateness: the same number, an hour after it was acknowledged, was put there by somebody."""
    seen = Seen(right=15, believed=15, theirs=10, set_at=clock.now(), told=(15, 10, clock.now()), sold=0)
    late = Seen(
        right=15, believed=15, theirs=10, set_at=clock.now(), told=(15, 10, clock.now()), sold=0, is_recent=True
    )
    assert [[part.cause for part in explain(one)] for one in (seen, late)] == [[Cause.EDITED], [Cause.LATE]]
