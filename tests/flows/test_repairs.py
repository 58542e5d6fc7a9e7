"""What no notice told of is counted a connection and day; a missing number is asked for at once; each channel in its turn."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from apps.channels.models import ChannelRule
from apps.connectors.shopify import client
from apps.core import clock, net
from apps.core.models import Company
from apps.flows import dispatch, find_gaps, poll_orders, repairs, wiring
from apps.flows.find_gaps import MOST, Numbered, gaps
from apps.hub import connections, inbox
from apps.hub.models import Connection, Cursor, MissingNumber, Repair
from apps.orders.models import Order
from apps.sandbox.shopify_stock import LOCATION
from apps.sandbox.words import Article, plain
from tests import builders
from tests.connectors.stand import Stand, line
from tests.connectors.woocommerce.conftest import sale_of

AT = datetime(2026, 11, 22, 15, tzinfo=UTC)
TOKEN = "shpat_0123456789"


def numbered(*numbers, young=()):
    return [Numbered(number, AT + timedelta(minutes=number), number not in young) for number in numbers]


@pytest.mark.parametrize(
    ("orders", "missing"),
    [
        (numbered(1, 2, 3), []),
        (numbered(3, 1), [((2,), AT + timedelta(minutes=1))]),
        (numbered(1, 2, 5, 6, 8), [((3, 4), AT + timedelta(minutes=2)), ((7,), AT + timedelta(minutes=6))]),
        (numbered(1, 3, young=(3,)), []),  # the notice of 2 may be on its way
        (numbered(1, 2, 1000), []),  # another way to count
        (numbered(*range(1, 100, 2)), []),  # this channel has gaps as a rule
        (numbered(1, MOST + 2), [(tuple(range(2, MOST + 2)), AT + timedelta(minutes=1))]),
        ([], []),
    ],
)
def test_a_gap_is_what_is_missing_between_two_neighbours(orders, missing):
    assert [(gap.numbers, gap.since) for gap in gaps(orders)] == missing


# At a stand-in


@pytest.fixture
def drive(tmp_path, settings):
    settings.CLOCK_FILE = str(tmp_path / "clock")
    settings.POLL_MINUTES = 0
    return clock.Drive(tmp_path / "clock", AT)


@pytest.fixture
def stand(tmp_path, settings, drive):
    with Stand(tmp_path) as stand:
        settings.PRIVATE_PEERS = stand.peers()
        yield stand
        net.close()


@pytest.fixture
def shop(db, drive, stand):
    wiring.forget()
    connections.forget()
    Company.objects.create(name="青葉堂")
    builders.stock(builders.variant("TEA"), 50)
    article = Article(sku="TEA", title="TEA", price=Decimal(1200), currency="JPY")
    stand.told("shopify/list_variants", variants=plain([article]))
    stand.told("shopify/setup", access_token=TOKEN)
    client.forget()
    made = connections.create(
        brand=builders.brand(), connector="shopify", name="Shopify",
        settings={"shop_url": stand.url("shopify"), "location_id": str(LOCATION)},
        secrets={"access_token": TOKEN, "webhook_secret": "hush"},
    )  # fmt: skip
    return heard(made)


def heard(connection):
    """One of which notices have come before."""
    Connection.objects.filter(id=connection.id).update(last_heard_at=clock.now())
    connections.forget()
    return connection


def sell(stand, *numbers):
    """Sales of which no notice arrives: the shop was told of no hook."""
    stand.told("shopify/place_orders", sales=plain([sale_of(line("TEA"), number=f"#{number}") for number in numbers]))


def take_in(connection):
    new = poll_orders.poll(connection)
    while dispatch.drain("test"):
        pass
    return new


def counted():
    return {(row.by, row.kind): row.count for row in Repair.objects.all()}


def test_what_only_a_look_found_is_counted_when_its_notice_had_time_to_come(drive, stand, shop):
    sell(stand, 1001)
    drive.set(AT + timedelta(minutes=1))
    take_in(shop)
    young = counted()
    sell(stand, 1002, 1003)
    drive.set(AT + timedelta(minutes=10))
    take_in(shop)
    take_in(shop)  # an overlapping look reads them again and counts nothing

    assert (young, counted(), repairs.of_today()) == ({}, {("poll", "order"): 2}, {shop.id: {"poll": 2}})
    assert Order.objects.count() == 3


def test_a_channel_that_never_called_us_has_lost_nothing(drive, stand, shop):
    Connection.objects.update(last_heard_at=None)
    connections.forget()
    sell(stand, 1001)
    drive.set(AT + timedelta(minutes=10))

    assert (take_in(shop), counted()) == (1, {})


def test_a_cancel_that_no_notice_told_of_is_counted(drive, stand, shop):
    sell(stand, 1001)
    take_in(shop)
    drive.set(AT + timedelta(minutes=5))
    stand.told("shopify/cancel", number="#1001")
    drive.set(AT + timedelta(minutes=20))

    take_in(shop)

    assert (counted(), Order.objects.get().lifecycle) == ({("poll", "cancel"): 1}, "cancelled")


def test_a_missing_number_is_asked_for_at_once_and_found(drive, stand, shop):
    sell(stand, 1001)
    take_in(shop)
    sell(stand, 1002)  # its notice is lost
    hidden = drive.now()
    drive.set(AT + timedelta(minutes=3))
    sell(stand, 1003)
    _only(stand, shop, "#1003", since=hidden)
    drive.set(AT + timedelta(minutes=4))
    early = find_gaps.look(shop)  # the notice of 1002 may be on its way behind that of 1003
    drive.set(AT + timedelta(minutes=6))

    found = find_gaps.look_all()
    while dispatch.drain("test"):
        pass

    assert (early, found, counted()) == (0, 1, {("gap", "order"): 1})
    assert sorted(Order.objects.values_list("external_number", flat=True)) == ["#1001", "#1002", "#1003"]


def _only(stand, shop, number, *, since):
    """The notice of this order alone has come: as if the shop had called."""
    connector = connections.live(shop.id).connector()
    events = [event for page in connector.changed_orders(since, clock.now() + timedelta(minutes=1)) for event in page]
    inbox.store_many([(shop.id, event) for event in events if event.subject == f"order:{number}"], origin="hook")
    while dispatch.drain("test"):
        pass


def test_a_number_that_is_nowhere_is_asked_for_three_times_and_then_left_alone(drive, stand, shop):
    sell(stand, 1001, 1003)
    take_in(shop)
    asked = []
    for minutes in (3, 4, 6, 30, 60, 600):
        drive.set(AT + timedelta(minutes=minutes))
        before = len(stand.heard)
        find_gaps.look(shop)
        asked.append(len(stand.heard) > before)

    assert (asked, MissingNumber.objects.get().asked) == ([True, False, True, True, False, False], 3)


def test_a_channel_that_numbers_with_gaps_is_not_asked(drive, stand, shop):
    Connection.objects.filter(id=shop.id).update(connector="woocommerce")
    builders.order(shop, external_number="#1", placed_at=clock.now())
    builders.order(shop, external_number="#3", placed_at=clock.now())
    drive.set(AT + timedelta(minutes=10))

    assert (find_gaps.look_all(), MissingNumber.objects.count(), len(stand.heard)) == (0, 0, 0)


@pytest.mark.parametrize(
    ("connector", "rule", "operator", "minutes"),
    [
        ("shopify", None, 0, 15), ("vendure", None, 0, 1), ("rakuten", None, 0, 2), ("amazon", None, 0, 2), ("csv", None, 0, 15),
        ("rakuten", 5, 0, 5), ("rakuten", 5, 30, 0),
    ],
)  # fmt: skip
def test_how_often_a_channel_is_asked(db, settings, connector, rule, operator, minutes):
    settings.POLL_MINUTES = operator
    assert poll_orders.cadence(builders.connection(connector), rule) == timedelta(minutes=minutes)


def test_each_channel_is_asked_in_its_turn(drive, stand, shop):
    ChannelRule.objects.create(connection=shop, poll_minutes=3)
    looks = []
    for minute in range(8):
        drive.set(AT + timedelta(minutes=minute))
        poll_orders.poll_due()
        looks.append(Cursor.objects.get(connection=shop, name="orders").looks)

    assert looks == [1, 1, 1, 2, 2, 2, 3, 3]
