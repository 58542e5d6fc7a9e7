"""Lots leave first expired, first out; serial numbers are in one place; what is past its day is not for sale (M45)."""

import pytest
from django.db import IntegrityError, transaction

from apps.core.ids import uuid7
from apps.inventory import expiring, naming, services, shelf
from apps.inventory.errors import Refused
from apps.inventory.leases import Leases
from apps.inventory.models import LotLevel, LotMovement, StockLevel
from apps.inventory.naming import Name
from tests import builders
from tests.flows.buying import arrive, sent
from tests.inventory import lots_shelf, shelves
from tests.inventory.lots_shelf import at_main, day, named, there
from tests.inventory.shelves import demand, held, level_of, ship

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _rules_hold():
    yield
    assert shelves.broken() + lots_shelf.broken() == []


@pytest.fixture
def tea():
    """Ten packs: four that expire in 30 days, four in 10, two of which nobody said what they are."""
    made = builders.variant("TEA", tracking="lot")
    builders.stock(made, 10)
    named(made, "L30", 4, days=30)
    named(made, "L10", 4, days=10)
    return made


@pytest.fixture
def phone():
    """Two with their serial numbers and one without."""
    made = builders.variant("PHONE", tracking="serial")
    builders.stock(made, 3)
    named(made, "S1")
    named(made, "S2")
    return made


def _out(row, units, said):
    parts, key = {row.subject: "SH-1"}, (row.subject, row.level.variant_id)
    services.ship({row.subject: units}, actor="hana", parts=parts, said={key: said})


def _correct(article, units, **facts):
    row = shelf.Correction(id=uuid7(), variant=article.id, quantity=units, reason="looked", **facts)
    return shelf.correct([row], location=builders.location(), actor="wako")


def test_the_first_to_expire_leaves_first(tea):
    ship(demand(tea, 5), 5)

    assert at_main(tea) == {"L30": 3}
    left = LotMovement.objects.filter(movement__kind="shipment").order_by("units")
    assert [(str(row.lot_level.lot), row.units, row.is_assumed) for row in left] == [
        ("L10", -4, True),
        ("L30", -1, True),
    ]


def test_what_nobody_named_leaves_after_the_lots(tea):
    ship(demand(tea, 9), 9)

    assert (at_main(tea), level_of(tea).on_hand) == ({}, 1)


def test_what_somebody_scanned_is_what_left(tea):
    (l30,) = (row.lot for row in LotLevel.objects.filter(lot__number="L30"))
    _out(demand(tea, 3), 3, {l30: 2})

    assert at_main(tea) == {"L30": 2, "L10": 3}
    said = LotMovement.objects.filter(movement__kind="shipment").values_list("units", "is_assumed")
    assert sorted(said) == [(-2, False), (-1, True)]


def test_more_of_a_lot_than_lies_there_is_filled_up_by_the_rule(tea):
    (l30,) = (row.lot for row in LotLevel.objects.filter(lot__number="L30"))
    _out(demand(tea, 5), 5, {l30: 5})

    assert at_main(tea) == {"L10": 3}


def test_what_comes_back_is_of_the_lot_that_left(tea):
    row = demand(tea, 6)
    ship(row, 6)
    services.put_back({row.subject: 3}, actor="hana", cause=uuid7())

    assert at_main(tea) == {"L10": 3, "L30": 2}


def test_goods_on_their_way_keep_their_lots(tea):
    builders.location("shop")
    transfer = sent(tea, 5)
    away = there(tea)
    arrive(transfer, 2)
    arrive(transfer, 3)

    assert away == {("main", "L30"): (3, 0)}
    assert there(tea) == {("main", "L30"): (3, 0), ("shop", "L10"): (4, 0), ("shop", "L30"): (1, 0)}


def test_lost_goods_of_a_lot_are_nowhere(tea):
    builders.location("shop")
    transfer = sent(tea, 5)
    arrive(transfer, 4, lost="fell off")
    arrive(transfer, 1)

    assert there(tea) == {("main", "L30"): (3, 0), ("shop", "L10"): (1, 0)}


def test_what_is_missing_was_without_a_lot_first(tea):
    _correct(tea, -3)

    assert at_main(tea) == {"L30": 4, "L10": 3}


def test_what_is_found_has_no_lot_yet(tea):
    _correct(tea, 12, is_count=True)

    assert [(row.on_hand, row.in_lots) for row in naming.unnamed()] == [(12, 8)]


def test_a_level_cannot_lose_units_behind_its_lots(tea):
    with pytest.raises(IntegrityError, match="inventory_lots_lie_there"), transaction.atomic():
        StockLevel.objects.update(on_hand=7)


# Names


def test_no_more_units_are_named_than_lie_there_without_a_lot(tea):
    with pytest.raises(Refused, match="2 units are without a lot here; 3 cannot be named"):
        named(tea, "L99", 3)

    assert at_main(tea) == {"L30": 4, "L10": 4}


@pytest.mark.parametrize(
    ("number", "days", "words"),
    [
        ("", 5, "Enter the number"),
        ("x" * 61, 5, "at most 60"),
        ("L10", 11, "known with the expiry date"),
        ("L7", 50 * 400, "Is the year right"),
    ],
)
def test_a_name_that_cannot_be_is_refused(tea, number, days, words):
    with pytest.raises(Refused, match=words):
        named(tea, number, 1, days=days)


def test_what_is_tracked_by_quantity_alone_gets_no_lot():
    cup = builders.variant("CUP")
    builders.stock(cup, 1)

    with pytest.raises(Refused, match="CUP is tracked by its quantity alone"):
        named(cup, "L1")


def test_a_wrong_name_is_taken_away_with_a_reason(tea):
    (row,) = LotLevel.objects.filter(lot__number="L10")
    with pytest.raises(Refused, match="why"):
        naming.take_away(row.id, 1, actor="wako", reason=" ")
    naming.take_away(row.id, 3, actor="wako", reason="read wrongly")

    assert (at_main(tea), level_of(tea).in_lots) == ({"L30": 4, "L10": 1}, 5)
    assert LotMovement.objects.latest("id").movement.reason == "read wrongly"


# Serial numbers


def test_a_serial_number_is_one_unit_in_one_place(phone):
    with pytest.raises(Refused, match="S1 lies at main already"):
        named(phone, "S1")
    there = LotLevel.objects.get(lot__number="S1")
    with pytest.raises(IntegrityError, match="inventory_serial_is_one_unit"), transaction.atomic():
        LotLevel.objects.filter(id=there.id).update(units=2)
    builders.stock(phone, 1, place=builders.location("shop"))
    elsewhere = StockLevel.objects.get(location__code="shop")
    with pytest.raises(IntegrityError, match="inventory_serial_in_one_place"), transaction.atomic():
        LotLevel.objects.create(level=elsewhere, lot=there.lot, is_serial=True, units=1)


def test_two_of_one_number_are_refused_at_once(phone):
    builders.stock(phone, 1)
    with pytest.raises(Refused, match="twice"):
        naming.name(level_of(phone).id, [Name(number="S3"), Name(number="S3")], actor="wako")


def test_an_unscanned_unit_was_the_one_without_a_number(phone):
    """Nobody is told that S1 went to a customer when nobody looked."""
    ship(demand(phone, 1), 1)

    assert at_main(phone) == {"S1": 1, "S2": 1}


def test_a_scanned_serial_number_leaves_and_comes_back(phone):
    (s2,) = (row.lot for row in LotLevel.objects.filter(lot__number="S2"))
    row = demand(phone, 1)
    _out(row, 1, {s2: 1})
    gone = at_main(phone)
    services.put_back({row.subject: 1}, actor="hana", cause=uuid7())

    assert (gone, at_main(phone)) == ({"S1": 1}, {"S1": 1, "S2": 1})


# Expiry


@pytest.fixture
def late(tea, monkeypatch):
    """The day after L10's last day."""
    tomorrow = day(11)
    monkeypatch.setattr("apps.core.clock.business_date", lambda at=None: tomorrow)
    return tea


def _retire():
    return expiring.retire(list(expiring.due()), actor="expiry")


def _lease(article, channel, units):
    with transaction.atomic():
        Leases([article.id], actor="test").hold({(article.id, channel): units}, cause=uuid7())


def test_nothing_is_due_before_its_day(tea):
    assert expiring.due() == {}


def test_past_its_day_it_is_not_for_sale(late):
    _retire()

    level = level_of(late)
    assert (level.on_hand, level.expired, level.available, there(late)["main", "L10"]) == (10, 4, 6, (4, 4))
    assert expiring.due() == {}


def test_days_before_expiry_count(tea):
    tea.days_before_expiry = 10
    tea.save()
    assert expiring.due() == {}
    tea.days_before_expiry = 11
    tea.save()
    assert expiring.due() == {level_of(tea).id: 4}


def test_an_expired_unit_leaves_for_nobody(late):
    """The shelf is asked between the day's end and the sweep: what is past stays, the good one leaves."""
    ship(demand(late, 6), 6)

    assert at_main(late) == {"L10": 4}


def test_promises_that_cannot_be_kept_wait_again_the_newest_first(late):
    first, second = demand(late, 5), demand(late, 4)
    made = _retire()

    assert held(first, second) == [5, 1]
    assert [change.units for change in made.lost] == [-3]
    assert level_of(late).expired == 4


def test_what_a_channel_may_sell_follows_when_it_lets_go(late):
    channel = uuid7()
    _lease(late, channel, 8)
    made = _retire()
    partly = level_of(late).expired
    _lease(late, channel, 6)
    _retire()

    assert (partly, made.held, made.lost) == (2, [late.id], [])
    assert (level_of(late).expired, expiring.due()) == (4, {})


def test_a_corrected_date_brings_units_back(late):
    _retire()
    (row,) = LotLevel.objects.filter(lot__number="L10")
    naming.set_expiry(row.lot_id, day(40))
    assert expiring.due() == {row.level_id: -4}
    _retire()

    assert (level_of(late).expired, level_of(late).available) == (0, 10)


def test_expired_units_are_thrown_away_at_what_they_cost(late):
    _retire()
    (row,) = LotLevel.objects.filter(lot__number="L10")
    with pytest.raises(Refused, match="4 expired units of L10 lie there; 5 cannot"):
        naming.dispose(row.id, 5, actor="wako", reason="mould")

    assert naming.dispose(row.id, 3, actor="wako", reason="mould") == 300
    level = level_of(late)
    assert (level.on_hand, level.expired, level.value_minor, there(late)["main", "L10"]) == (7, 1, 700, (1, 1))


def test_everything_missing_takes_expired_units_only_at_the_end(late):
    _retire()
    _correct(late, 2, is_count=True, is_all=True)

    level = level_of(late)
    assert (level.on_hand, level.expired, there(late)) == (2, 2, {("main", "L10"): (2, 2)})
