"""Two clocks: business time may be driven and stands still in between, wall time never is."""

from datetime import UTC, date, datetime, timedelta

import pytest

from apps.core import clock

START = datetime(2031, 11, 23, 14, 59, 59, tzinfo=UTC)


@pytest.fixture
def drive(tmp_path, settings):
    settings.CLOCK_FILE = str(tmp_path / "clock")
    return clock.Drive(tmp_path / "clock", START)


def test_business_time_stands_where_the_driver_put_it(drive):
    assert clock.is_driven()
    assert (clock.now(), clock.now()) == (START, START)


def test_every_reader_sees_the_step_at_once(drive):
    clock.now()

    drive.set(START + timedelta(days=3, microseconds=1))

    assert clock.now() == START + timedelta(days=3, microseconds=1) == drive.now()


def test_business_time_never_goes_back(drive):
    with pytest.raises(ValueError, match="cannot go back"):
        drive.set(START - timedelta(seconds=1))

    assert clock.now() == START


def test_wall_time_is_not_driven(drive):
    assert abs(clock.wall() - START) > timedelta(minutes=1)


def test_without_a_driver_both_clocks_agree(settings):
    settings.CLOCK_FILE = ""

    before, business, after = clock.wall(), clock.now(), clock.wall()

    assert before <= business <= after
    assert not clock.is_driven()


def test_the_shops_day_is_counted_in_its_own_zone(drive, settings):
    settings.TIME_ZONE = "Asia/Tokyo"
    assert clock.business_date() == date(2031, 11, 23)

    drive.set(START + timedelta(seconds=1))

    assert clock.business_date() == date(2031, 11, 24)
    assert clock.business_date(START) == date(2031, 11, 23)
