"""Receipts serve who waits; write-offs take free units first, then the newest promises, then say what is missing."""

from decimal import Decimal

import pytest

from apps.core import clock
from apps.core.ids import uuid7
from apps.inventory import shelf
from apps.inventory.models import Receipt, Shrinkage, StockMovement
from apps.inventory.shelf import Correction, ReceiptRow
from tests import builders
from tests.inventory import shelves
from tests.inventory.shelves import demand, held, level_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _shelves_keep_their_rules():
    yield
    assert shelves.broken() == []


@pytest.fixture
def article():
    made = builders.variant()
    builders.stock(made, 5)
    return made


def _receive(number, *rows, currency="JPY"):
    return shelf.receive(
        number, [ReceiptRow(number=n, variant=v.id, quantity=q, unit_cost=Decimal(c)) for n, v, q, c in rows],
        location=builders.location(), source=None, at=clock.now(), currency=currency, actor="warehouse",
    )  # fmt: skip


def _correct(article, quantity, *, is_count=False, id_=None):
    row = Correction(id=id_ or uuid7(), variant=article.id, quantity=quantity, reason="damaged", is_count=is_count)
    return shelf.correct([row], location=builders.location(), actor="warehouse")


def test_a_receipt_goes_to_who_waits_and_the_rest_lies_free(article):
    first, second = demand(article, 6), demand(article, 2)

    _, shelved = _receive("R1", (1, article, 5, "80"))

    assert [change.units for change in shelved.gained] == [1, 2]
    assert held(first, second) == [6, 2]
    level = level_of(article)
    assert (level.on_hand, level.available, level.backordered, level.value_minor) == (10, 2, 0, 900)


def test_the_same_receipt_twice_is_received_once(article):
    _receive("R1", (1, article, 5, "80"))

    _, shelved = _receive("R1", (1, article, 5, "80"))

    assert shelved.value_minor == 0
    assert level_of(article).on_hand == 10


def test_a_receipt_may_arrive_in_parts(article):
    waiting = demand(article, 20)

    _receive("R1", (1, article, 5, "80"))
    _receive("R1", (1, article, 5, "80"), (2, article, 5, "80"))
    _receive("R1", (3, article, 5, "80"))

    assert held(waiting) == [20]
    assert Receipt.objects.get(number="R1").lines.count() == 3


def test_costs_below_a_minor_unit_are_rounded_once_a_line(article):
    _, shelved = _receive("R1", (1, article, 3, "0.333"), currency="USD")

    assert shelved.value_minor == 100


def test_found_units_are_worth_the_average_and_go_to_who_waits(article):
    waiting = demand(article, 6)

    shelved = _correct(article, 2)

    assert (shelved.value_minor, held(waiting)) == (200, [6])
    assert level_of(article).value_minor == 700


def test_a_write_off_takes_free_units_first(article):
    row = demand(article, 3)

    shelved = _correct(article, -2)

    assert (shelved.lost, shelved.value_minor, held(row)) == ([], -200, [3])


def test_beyond_the_free_units_the_newest_promises_go_back_to_waiting(article):
    first, second, third = demand(article, 2), demand(article, 2), demand(article, 1)

    shelved = _correct(article, -2)

    assert held(first, second, third) == [2, 1, 0]
    assert [(change.subject, change.units) for change in shelved.lost] == [(third.subject, -1), (second.subject, -1)]
    assert level_of(article).backordered == 2


def test_who_lost_units_keeps_their_place_in_the_queue(article):
    first, second = demand(article, 3), demand(article, 2)
    _correct(article, -3)
    late = demand(article, 1)

    _receive("R1", (1, article, 3, "100"))

    assert held(first, second, late) == [3, 2, 0]


def test_a_write_off_larger_than_the_shelf_is_booked_so_far_and_said(article):
    row = demand(article, 4)

    _correct(article, -9)

    assert held(row) == [0]
    assert level_of(article).on_hand == 0
    assert list(Shrinkage.objects.values_list("asked", "booked")) == [(9, 5)]


@pytest.mark.parametrize(("found", "on_hand"), [(7, 7), (5, 5), (3, 3), (0, 0)])
def test_a_count_makes_the_shelf_what_was_found(article, found, on_hand):
    _correct(article, found, is_count=True)

    assert level_of(article).on_hand == on_hand


@pytest.mark.parametrize(("quantity", "is_count"), [(-2, False), (2, False), (3, True), (5, True), (-9, False)])
def test_the_same_correction_twice_is_booked_once(article, quantity, is_count):
    """Also a count that found nothing new: told again after a sale it must not bring the sold units back."""
    id_ = uuid7()
    _correct(article, quantity, is_count=is_count, id_=id_)
    row = demand(article, 1)
    if row.allocated:
        shelves.ship(row, 1)
    before = level_of(article).on_hand

    _correct(article, quantity, is_count=is_count, id_=id_)

    assert level_of(article).on_hand == before


def test_corrections_are_booked_in_the_order_told(article):
    waiting = demand(article, 6)
    rows = [
        Correction(id=uuid7(), variant=article.id, quantity=quantity, reason="", is_count=is_count)
        for quantity, is_count in [(3, False), (4, True), (-1, False)]
    ]

    shelf.correct(rows, location=builders.location(), actor="warehouse")

    assert held(waiting) == [3]
    kinds = StockMovement.objects.filter(source_kind="correction").order_by("id").values_list("kind", "on_hand")
    assert list(kinds) == [("adjustment", 3), ("count", -4), ("adjustment", -1)]
