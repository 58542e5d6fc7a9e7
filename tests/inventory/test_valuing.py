"""What stock was worth on any past day: by place and article, on shelves and on the way, and always what the book says."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from apps.core import clock
from apps.inventory import valuing
from tests import builders
from tests.flows.buying import arrive, come, land, ordered, sent

pytestmark = pytest.mark.django_db
FIRST = datetime(2026, 11, 1, 3, 0, tzinfo=UTC)


@pytest.fixture
def drive(settings, tmp_path):
    """A clock that a test moves."""
    settings.CLOCK_FILE = str(tmp_path / "clock")
    yield clock.Drive(tmp_path / "clock", FIRST)
    clock._mapped.cache_clear()


def _days(drive):
    """One thing a day: 10 cups come, 4 set off, their freight is billed, 3 arrive, 1 is lost, the rest of the order comes."""
    cup = builders.variant("CUP")
    order = ordered((cup, 12, "100"))
    made = []
    for deed in (
        lambda: come(order, 10),
        lambda: made.append(sent(cup, 4)),
        lambda: land(100, order),
        lambda: arrive(made[0], 3),
        lambda: arrive(made[0], 1, lost="fell off"),
        lambda: come(order, 2),
    ):
        deed()
        drive.set(drive.now() + timedelta(days=1))
    return cup


def _told(day):
    return {(row.name, row.is_on_way): (row.units, row.minor) for row in valuing.places(day)}


def test_every_past_day_keeps_its_value_and_is_what_the_book_says(drive):
    _days(drive)
    first = clock.business_date(FIRST)

    days = [_told(first + timedelta(days=number)) for number in range(-1, 8)]

    main, shop, way = ("main", False), ("shop", False), ("shop", True)
    assert days == [
        {},
        {main: (10, 1000)},
        {main: (6, 600), way: (4, 400)},
        {main: (6, 660), way: (4, 440)},
        {main: (6, 660), shop: (3, 330), way: (1, 110)},
        {main: (6, 660), shop: (3, 330)},
        {main: (8, 860), shop: (3, 330)},
        {main: (8, 860), shop: (3, 330)},
        {main: (8, 860), shop: (3, 330)},
    ]
    books = [valuing.book(first + timedelta(days=number)) for number in range(-1, 8)]
    assert books == [sum(minor for _, minor in day.values()) for day in days]


def test_a_day_ends_at_the_shops_midnight(drive):
    cup = builders.variant("CUP")
    order = ordered((cup, 2, "100"))
    drive.set(datetime(2026, 11, 1, 14, 59, 59, tzinfo=UTC))
    come(order, 1)
    drive.set(datetime(2026, 11, 1, 15, 0, tzinfo=UTC))
    come(order, 1)

    day = datetime(2026, 11, 1).date()
    assert [sum(row.units for row in valuing.places(at)) for at in (day, day + timedelta(days=1))] == [1, 2]


def test_lines_come_by_sku_a_page_at_a_time_and_for_one_place(drive):
    _days(drive)
    for number in range(5):
        come(ordered((builders.variant(f"A{number}"), 1, "10")), 1)
    day = clock.business_date()

    all_at_once = [(line.sku, line.place, line.units) for line in valuing.lines(day)]
    by_twos = [(line.sku, line.place, line.units) for line in valuing.every_line(day, at_once=2)]
    shop = builders.location("shop")

    assert all_at_once == by_twos
    assert sorted(all_at_once) == sorted(
        [*((f"A{number}", "main", 1) for number in range(5)), ("CUP", "main", 8), ("CUP", "shop", 3)]
    )
    assert [(line.sku, line.units, line.minor) for line in valuing.lines(day, location=shop.id)] == [("CUP", 3, 330)]
    assert [(row.name, row.articles) for row in valuing.places(day)] == [("main", 6), ("shop", 1)]


def test_later_movements_are_found_by_their_time(drive):
    """The block index can serve the statement: a dozen rows are cheaper to read otherwise, so every other way is closed."""
    _days(drive)
    with connection.cursor() as cursor:
        for way in ("seqscan", "indexscan", "indexonlyscan"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
        cursor.execute("EXPLAIN " + valuing._SUMS, {"end": valuing.end_of(clock.business_date()), "location": None})
        plan = "\n".join(row[0] for row in cursor.fetchall())

    assert "Bitmap Index Scan on inventory_movement_at" in plan
