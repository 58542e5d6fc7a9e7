"""The night's forecasts out of our own rows: what was called off is no demand, an empty shelf no lack of it, and a batch costs
the same few statements however large it is."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from apps.catalog.models import Variant
from apps.core import clock
from apps.core.ids import uuid7
from apps.flows import nights
from apps.hub.models import JobRun
from apps.inventory import forecasting, histories, replenishment, shelf
from apps.inventory import services as inventory
from apps.inventory.forecasting import WINDOW_DAYS, Sale
from apps.inventory.models import Demand, Forecast, ReorderRule, StockLevel, Supplier, SupplierItem
from apps.inventory.models.replenishment import NEVER
from apps.inventory.replenishment import Step
from apps.inventory.services import Wanted
from apps.inventory.shelf import Correction
from tests import builders

pytestmark = pytest.mark.django_db
TOKYO = ZoneInfo("Asia/Tokyo")
NIGHT = datetime(2031, 11, 23, 4, 30, tzinfo=TOKYO)
FIRST = (NIGHT - timedelta(days=WINDOW_DAYS)).replace(hour=0, minute=0)


@pytest.fixture
def drive(tmp_path, settings) -> Iterator[clock.Drive]:
    settings.CLOCK_FILE = str(tmp_path / "clock")
    settings.TIME_ZONE = "Asia/Tokyo"
    return clock.Drive(tmp_path / "clock", FIRST - timedelta(days=30))


def at(day: int, hour: int = 12) -> datetime:
    """An hour of a day of the window; day 0 is its first."""
    return FIRST + timedelta(days=day, hours=hour)


def sell(article: Variant, units: int, *, kind: str = "order_line") -> Demand:
    """Somebody wants units now."""
    wanted = Wanted(
        kind=kind, subject=uuid7(), group=uuid7(), holder=None, variant=article.id, quantity=units, arrived_at=clock.now()
    )  # fmt: skip
    (made,) = inventory.allocate([wanted], actor="test")
    return made


def supplier(article: Variant, *, is_preferred: bool = True, **facts: int) -> SupplierItem:
    """Somebody who sells the article."""
    number = Supplier.objects.count()
    made = Supplier.objects.create(code=f"S{number}", name=f"Garden {number}", **facts)
    return SupplierItem.objects.create(supplier=made, variant=article, price=300, is_preferred=is_preferred)


def sell_daily(drive: clock.Drive, article: Variant, days: range, *, units: int = 2) -> None:
    for day in days:
        drive.set(max(clock.now(), at(day)))
        sell(article, units)


def history_of(article: Variant) -> forecasting.History:
    level = StockLevel.objects.get(variant=article)
    return histories.of([level.id], histories.Window.until(clock.now()))[level.id]


def forecast_of(article: Variant) -> Forecast:
    return Forecast.objects.get(level__variant=article)


def test_the_window_is_made_of_the_shops_own_days(drive):
    article = builders.variant()
    builders.stock(article, 100)
    for moment in (at(0, 0) - timedelta(seconds=1), at(0, 0), at(9, 23) + timedelta(minutes=59), at(WINDOW_DAYS, 0)):
        drive.set(moment)
        sell(article, 1)
    drive.set(NIGHT)

    window = histories.Window.until(clock.now())

    assert (window.first, window.as_of) == (FIRST.date(), date(2031, 11, 23))
    assert list(history_of(article).sales) == [Sale(0, 1), Sale(9, 1)]


def test_what_was_called_off_and_what_no_customer_wanted_is_no_demand(drive):
    article = builders.variant()
    builders.stock(article, 100)
    drive.set(at(5))
    whole, half = sell(article, 7), sell(article, 8)
    sell(article, 50, kind="transfer")
    drive.set(at(6))
    inventory.cancel({whole.subject: 7, half.subject: 3}, actor="test", cause=uuid7())
    drive.set(NIGHT)

    assert list(history_of(article).sales) == [Sale(5, 5)]


def test_the_shelf_is_read_back_from_the_movements(drive):
    """Gone at noon of day 10, back at six in the evening of day 12; set aside from day 20 on, and never brought back."""
    article = builders.variant()
    drive.set(at(3, 6))
    builders.stock(article, 4)
    drive.set(at(10))
    sell(article, 4)
    drive.set(at(12, 18))
    builders.stock(article, 9)
    drive.set(at(20, 0))
    StockLevel.objects.filter(variant=article).update(damaged=9)
    level = StockLevel.objects.get(variant=article)
    level.movements.create(at=clock.now(), kind="status", damaged=9, source_kind="t", source_id=uuid7(), actor="t")
    drive.set(NIGHT)

    shares = history_of(article).on_shelf

    assert shares[:4] == [0.0, 0.0, 0.0, 0.75]
    assert shares[4:10] == [1.0] * 6
    assert shares[10:13] == [0.5, 0.0, 0.25]
    assert shares[13:20] == [1.0] * 7
    assert shares[20:] == [0.0] * (WINDOW_DAYS - 20)


def test_what_moves_after_the_window_does_not_change_it(drive):
    article = builders.variant()
    drive.set(at(100, 0))
    builders.stock(article, 5)
    drive.set(at(WINDOW_DAYS, 1))
    sell(article, 5)
    builders.stock(article, 50)
    drive.set(NIGHT)

    assert history_of(article).on_shelf == [0.0] * 100 + [1.0] * (WINDOW_DAYS - 100)


def test_units_that_a_channel_leases_are_for_sale(drive):
    article = builders.variant()
    drive.set(at(0, 0))
    builders.stock(article, 5)
    StockLevel.objects.filter(variant=article).update(leased=5)
    level = StockLevel.objects.get(variant=article)
    level.movements.create(at=clock.now(), kind="lease", leased=5, source_kind="t", source_id=uuid7(), actor="t")
    drive.set(NIGHT)

    assert history_of(article).on_shelf == [1.0] * WINDOW_DAYS
    assert replenishment.position(level) == 5


def test_a_shelf_that_was_empty_for_weeks_does_not_lower_the_forecast(drive, monkeypatch):
    """The control: with the gaps taken for days without demand the same rows give a quarter less."""
    article = builders.variant()
    drive.set(at(0, 0))
    builders.stock(article, 200)
    sell_daily(drive, article, range(100))
    drive.set(at(150, 0))
    builders.stock(article, 200)
    sell_daily(drive, article, range(150, WINDOW_DAYS))
    drive.set(NIGHT)

    replenishment.forecast_levels()
    masked = forecast_of(article)
    Forecast.objects.all().delete()
    monkeypatch.setattr(forecasting, "on_shelf", lambda gaps, midnights: [1.0] * WINDOW_DAYS)
    replenishment.forecast_levels()
    unmasked = forecast_of(article)

    assert (masked.daily, masked.days_counted, masked.days_out) == (
        pytest.approx(Decimal(2), abs=Decimal("0.1")),
        132,
        50,
    )
    assert unmasked.daily < Decimal("1.6")


def test_the_night_writes_forecast_error_and_points(drive):
    article, unsold = builders.variant("SOLD"), builders.variant("UNSOLD")
    drive.set(at(0, 0))
    builders.stock(article, 400)
    builders.stock(unsold, 3)
    sell_daily(drive, article, range(WINDOW_DAYS))
    drive.set(NIGHT)

    step = replenishment.forecast_levels()

    made, none = forecast_of(article), forecast_of(unsold)
    assert step == Step(None, 2)
    assert (made.as_of, made.computed_at) == (NIGHT.date(), NIGHT.astimezone(UTC))
    assert (made.sales, made.units, made.days_counted, made.days_out) == (WINDOW_DAYS, 2 * WINDOW_DAYS, WINDOW_DAYS, 0)
    assert (made.error_percent, made.error_origins, made.error_as_of) == (0, 15, NIGHT.date())
    assert (made.lead_days, made.review_days, made.service_percent, made.order_days) == (14, 7, 95, 28)
    # Two a day for 21 days; z(95 %) * 21 * 0.8 * 2 = 55.3 in reserve; 28 more days; 36 units are left.
    assert (made.expected, made.safety, made.reorder_point, made.up_to) == (42, 56, 98, 154)
    assert made.lasts_days == 18
    assert (none.daily, none.reorder_point, none.error_percent, none.lasts_days) == (0, 0, None, NEVER)


@pytest.mark.parametrize(
    ("rules", "days"),
    [
        ((), 14), (("all",), 1), (("all", "place"), 2), (("all", "place", "supplier"), 5),
        (("all", "place", "supplier", "article"), 3), (("all", "place", "supplier", "article", "both"), 4),
        (("elsewhere",), 14), (("silent",), 14), (("silent", "supplier"), 5), (("silent", "all"), 1),
    ],
)  # fmt: skip
def test_the_most_particular_word_on_the_lead_time_holds(rules, days):
    article = builders.variant()
    builders.stock(article, 1)
    place, other = builders.location(), builders.location("far")
    meant = {
        "all": (None, None, 1), "place": (None, place, 2), "article": (article, None, 3), "both": (article, place, 4),
        "elsewhere": (article, other, 9), "silent": (article, None, None),
    }  # fmt: skip
    for name in rules:
        if name == "supplier":
            supplier(article, lead_time_days=5)
        else:
            variant, location, lead = meant[name]
            ReorderRule.objects.create(variant=variant, location=location, lead_days=lead)

    replenishment.forecast_levels()

    assert forecast_of(article).lead_days == days


def test_the_wished_service_is_the_most_particular_rules_and_the_times_the_suppliers():
    article = builders.variant()
    builders.stock(article, 1)
    ReorderRule.objects.create(service_percent=90, review_days=3, order_days=10)
    ReorderRule.objects.create(variant=article, service_percent=80, order_days=20)
    supplier(article, lead_time_days=5, review_days=30)

    replenishment.forecast_levels()

    row = forecast_of(article)
    assert (row.service_percent, row.order_days, row.lead_days, row.review_days) == (80, 20, 5, 30)


def test_a_variant_is_bought_where_it_is_asked_for_first():
    article, other, off = builders.variant(), builders.variant(), builders.variant()
    supplier(article, is_preferred=False)
    wanted = supplier(article)
    supplier(article)
    only = supplier(other, is_preferred=False)
    Supplier.objects.filter(id=supplier(off).supplier_id).update(is_active=False)

    assert replenishment.sources([article.id, other.id, off.id]) == {article.id: wanted, other.id: only}


def test_two_rules_for_the_same_thing_are_refused():
    ReorderRule.objects.create()

    with pytest.raises(IntegrityError, match="inventory_one_reorder_rule"), transaction.atomic():
        ReorderRule.objects.create()


@pytest.mark.parametrize("wish", [{"service_percent": 100}, {"service_percent": 20}, {"order_days": 0}])
def test_a_wish_out_of_bounds_is_refused(wish):
    with pytest.raises(IntegrityError, match="inventory_reorder_rule_in_bounds"), transaction.atomic():
        ReorderRule.objects.create(**wish)


def test_the_back_test_is_of_the_week_and_the_forecast_of_the_night(drive):
    article = builders.variant()
    drive.set(at(0, 0))
    builders.stock(article, 900)
    found = []

    for days in (0, 6, 7):
        sell_daily(drive, article, range(max(0, WINDOW_DAYS + days - 3), WINDOW_DAYS + days))
        drive.set(NIGHT + timedelta(days=days))
        replenishment.forecast_levels()
        row = forecast_of(article)
        found.append((row.as_of - NIGHT.date(), row.error_as_of - NIGHT.date()))

    assert [(one.days, other.days) for one, other in found] == [(0, 0), (6, 0), (7, 7)]
    assert Forecast.objects.count() == 1


def test_a_quiet_level_is_read_again_after_a_week_and_one_that_moved_the_night_after(drive):
    quiet, moved, waited_for = builders.variant(), builders.variant(), builders.variant()
    drive.set(at(90))
    for article in (quiet, moved):
        builders.stock(article, 10)
    sell(waited_for, 3)
    drive.set(NIGHT)
    replenishment.forecast_levels()
    sell(moved, 1)  # this morning: of today, so it counts the night after tomorrow's midnight
    found = []

    for days in (1, 2, 7):
        drive.set(NIGHT + timedelta(days=days))
        replenishment.forecast_levels()
        found.append([(forecast_of(article).as_of - NIGHT.date()).days for article in (quiet, moved, waited_for)])

    assert found == [[0, 1, 1], [0, 1, 2], [7, 1, 7]]


def test_what_the_merchant_wishes_takes_effect_the_next_night(drive):
    article = builders.variant()
    drive.set(at(0, 0))
    builders.stock(article, 900)
    sell_daily(drive, article, range(160, WINDOW_DAYS))
    drive.set(NIGHT)
    replenishment.forecast_levels()
    before = forecast_of(article)

    ReorderRule.objects.create(lead_days=42)
    drive.set(NIGHT + timedelta(minutes=1))
    replenishment.forecast_levels()

    after = forecast_of(article)
    assert (before.lead_days, after.lead_days, after.as_of) == (14, 42, before.as_of)
    assert after.reorder_point > 2 * before.reorder_point


def _stocked(count: int) -> None:
    for _ in range(count):
        article = builders.variant()
        builders.stock(article, 10)
        sell(article, 3)


def test_a_batch_costs_the_same_however_many_levels_it_has(drive):
    drive.set(at(90))
    _stocked(3)
    drive.set(NIGHT)
    replenishment.forecast_levels()
    with CaptureQueriesContext(connection) as none_due:
        replenishment.forecast_levels()
    _stocked(40)

    with CaptureQueriesContext(connection) as many:
        replenishment.forecast_levels()

    assert _verbs(none_due) == ["SELECT", "SAVEPOINT", "SELECT", "SELECT", "SELECT", "RELEASE"]
    assert _verbs(many) == [
        "SELECT", "SAVEPOINT", "SELECT", "SELECT", "WITH", "WITH", "SELECT", "SELECT", "INSERT", "RELEASE",
    ]  # fmt: skip


def _verbs(captured: CaptureQueriesContext) -> list[str]:
    return [query["sql"].split()[0] for query in captured.captured_queries]


def test_batches_go_through_all_levels_and_give_the_same(drive):
    drive.set(at(90))
    _stocked(5)
    drive.set(NIGHT)
    replenishment.forecast_levels()
    whole = {row.level_id: (row.daily, row.reorder_point) for row in Forecast.objects.all()}
    Forecast.objects.all().delete()

    steps, after = [], None
    while True:
        step = replenishment.forecast_levels(after=after, size=2)
        steps.append(step.levels)
        after = step.last
        if after is None:
            break

    assert steps == [2, 2, 1]
    assert {row.level_id: (row.daily, row.reorder_point) for row in Forecast.objects.all()} == whole


def test_the_nightly_job_does_it_step_by_step(drive, settings, monkeypatch):
    settings.SCHEDULE = tuple(job for job in settings.SCHEDULE if job.name == "forecast")
    monkeypatch.setattr(replenishment, "BATCH", 2)
    drive.set(at(90))
    _stocked(5)
    drive.set(NIGHT)
    nights.make_due("forecast")

    made = [nights.run_due("w") for _ in range(3)]

    run = JobRun.objects.get(job="forecast")
    assert (made, run.period, run.error) == ([1, 1, 1], "2031-11-23", "")
    assert run.finished_at is not None
    assert (run.progress["levels"], Forecast.objects.count()) == (5, 5)


def test_without_any_level_the_night_is_done():
    assert replenishment.forecast_levels() == Step(None, 0)
    assert replenishment.forecast_levels(after=uuid4()) == Step(None, 0)


def test_a_write_off_empties_a_shelf_like_a_sale(drive):
    article = builders.variant()
    drive.set(at(0, 0))
    builders.stock(article, 5)
    drive.set(at(50, 0))
    wrong = Correction(id=uuid7(), variant=article.id, quantity=-5, reason="broken")
    shelf.correct([wrong], location=builders.location(), actor="test")
    drive.set(NIGHT)

    assert history_of(article).on_shelf == [1.0] * 50 + [0.0] * (WINDOW_DAYS - 50)
