"""What was counted survives whatever happens between count and approval, and nothing is corrected twice."""

from itertools import permutations

import pytest
from django.db import IntegrityError, transaction

from apps.core.ids import uuid7
from apps.inventory import shelf, stocktakes, variances
from apps.inventory.errors import Refused
from apps.inventory.models import Aside, Shrinkage, StockLevel, StockMovement, Stocktake
from apps.inventory.variances import Judged, Other, judge
from apps.ledger.models import Line
from tests import builders
from tests.inventory import shelves
from tests.inventory.sheets import approve, close, counted, opened, put, row
from tests.inventory.shelves import demand, held, level_of
from tests.locks import _locks_are_taken_in_order  # noqa: F401

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _shelves_keep_their_rules():
    yield
    assert shelves.broken() == []


@pytest.fixture
def article():
    made = builders.variant("CUP")
    builders.stock(made, 10)
    return made


def test_a_row_is_judged_against_the_book_of_its_moment():
    assert judge(7, 10, 5, others=[]) == Judged(10, -3)
    # An earlier count was booked after this one was taken: the book of that moment did not know its correction yet.
    assert judge(7, 10, 5, others=[Other(4, 6, -3)]) == Judged(7, 0)
    # Booked before: the book knew it.
    assert judge(7, 7, 5, others=[Other(3, 4, -3)]) == Judged(7, 0)
    # A later count was booked: it knows better.
    assert judge(7, 10, 5, others=[Other(6, 7, -4)]) == Judged(6, 0, is_superseded=True)
    assert judge(7, 10, 5, others=[], is_recounted=True) == Judged(10, 0, is_superseded=True)


@pytest.mark.parametrize("order", list(permutations(("receipt", "shipment", "count"))))
def test_what_comes_and_goes_around_a_count_does_not_spoil_it(article, order):
    """Three are missing, whenever it is counted; 4 come, 2 leave."""
    sheet, promised, lying = opened(article), demand(article, 2), 7
    for what in order:
        if what == "receipt":
            builders.stock(article, 4)
            lying += 4
        elif what == "shipment":
            shelves.ship(promised, 2)
            lying -= 2
        else:
            put(sheet, article, lying)
    close(sheet)

    approve(sheet)

    assert level_of(article).on_hand == lying == 9
    assert row(sheet, article).difference == -3


@pytest.mark.parametrize("is_first_approved_first", [True, False])
def test_two_stocktakes_correct_one_shelf_once(article, is_first_approved_first):
    first, second = counted(article, 7), counted(article, 7)

    for sheet in (first, second) if is_first_approved_first else (second, first):
        approve(sheet)

    assert level_of(article).on_hand == 7
    assert sorted([row(first, article).booked, row(second, article).booked]) == [-3, 0]
    assert row(first, article).is_superseded is not is_first_approved_first


@pytest.mark.parametrize("is_first_approved_first", [True, False])
def test_of_two_counts_that_disagree_the_later_one_holds(article, is_first_approved_first):
    first, second = counted(article, 7), counted(article, 12)
    builders.stock(article, 5)

    for sheet in (first, second) if is_first_approved_first else (second, first):
        approve(sheet)

    assert level_of(article).on_hand == 12 + 5


def test_a_count_that_a_warehouse_told_meanwhile_knows_better(article):
    sheet = counted(article, 7)
    row_ = shelf.Correction(id=uuid7(), variant=article.id, quantity=6, reason="their count", is_count=True)
    shelf.correct([row_], location=builders.location(), actor="warehouse")

    approve(sheet)

    assert level_of(article).on_hand == 6
    assert row(sheet, article).is_superseded


def test_differences_are_worth_the_average_and_the_book_follows(article):
    builders.stock(article, 10, unit_cost="200")
    other = builders.variant("BOX")
    builders.stock(other, 4)
    sheet = opened()
    put(sheet, article, 18)
    put(sheet, other, 5)
    close(sheet)

    approved = approve(sheet)

    assert (approved.rows, approved.value_minor) == (2, -300 + 100)
    moved = StockMovement.objects.filter(source_kind="stocktake", source_id=sheet.id)
    assert sorted(moved.values_list("kind", "on_hand", "value_minor", "actor", "reason")) == [
        ("count", -2, -300, "hana", sheet.number), ("count", 1, 100, "hana", sheet.number),
    ]  # fmt: skip
    booked = Line.objects.filter(entry__source_kind="stocktake", entry__source_id=sheet.id)
    assert dict(booked.values_list("account_id", "debit_minor")) == {"shrinkage": 200, "inventory": 0}


def test_below_what_is_promised_the_newest_go_back_to_waiting(article):
    builders.stock(article, 0)
    first, second = demand(article, 6), demand(article, 3)
    sheet = counted(article, 7)
    line = sheet.lines.select_related("level").get()
    assert variances.below_promised(line, -3) == 2

    approved = approve(sheet)

    assert held(first, second) == [6, 1]
    assert [(change.subject, change.units) for change in approved.lost] == [(second.subject, -2)]
    assert variances.took_back(sheet) == {second.id: 2}


def test_what_is_not_there_was_not_set_aside_either(article):
    """The whole shelf is counted: where even promised units do not suffice, safety stock gives way, then pieces under
    inspection, then broken ones; the number that was counted holds."""
    StockLevel.objects.update(safety=2, damaged=3, quality_control=1)
    level = level_of(article)
    for aside, units in (("safety", 2), ("damaged", 3), ("quality_control", 1)):
        StockMovement.objects.create(
            level=level, at=builders.PLACED, kind="status", source_kind="aside", source_id=uuid7(), actor="x", **{aside: units}
        )  # fmt: skip
    promised = demand(article, 4)

    approve(counted(article, 2))

    level = level_of(article)
    assert (level.on_hand, held(promised)) == (2, [0])
    assert [getattr(level, aside) for aside in (Aside.SAFETY, Aside.QUALITY_CONTROL, Aside.DAMAGED)] == [0, 0, 2]
    assert Shrinkage.objects.count() == 0


def test_found_units_go_to_who_waits(article):
    waiting = demand(article, 12)

    approved = approve(counted(article, 13))

    assert (held(waiting), [change.units for change in approved.gained]) == ([12], [2])


def test_rows_that_nobody_counted_are_left_alone(article):
    other = builders.variant("BOX")
    builders.stock(other, 4)
    sheet = opened()
    put(sheet, article, 9)
    close(sheet)

    approve(sheet)

    assert [level_of(article).on_hand, level_of(other).on_hand, row(sheet, other).booked] == [9, 4, None]


@pytest.mark.parametrize(
    ("actor", "says"), [("wako", "You counted"), ("ume", "You counted"), ("saki", "You closed"), ("hana", "")]
)
def test_nobody_approves_what_they_counted_or_closed(article, actor, says):
    sheet = opened(article)
    put(sheet, article, 9)
    put(sheet, article, 8, actor="ume")
    close(sheet, actor="saki")

    if says:
        with pytest.raises(Refused, match=says):
            approve(sheet, actor=actor)
        # The database's own guard, once the service's is gone.
        with pytest.raises(IntegrityError), transaction.atomic():
            Stocktake.objects.filter(id=sheet.id).update(state="approved", decided_by=actor, decided_at=builders.PLACED)
        assert level_of(article).on_hand == 10
    else:
        approve(sheet, actor=actor)
        assert level_of(article).on_hand == 8


def test_approving_twice_or_what_was_not_looked_at_is_refused(article):
    sheet = counted(article, 9)
    with pytest.raises(Refused, match="counted anew"):
        approve(sheet, seen=2)
    approve(sheet)
    with pytest.raises(Refused, match="is approved"):
        approve(sheet)
    with pytest.raises(Refused, match="is approved already"):
        stocktakes.reject(sheet.id, actor="hana", reason="no")
    assert level_of(article).on_hand == 9


def test_less_than_nothing_cannot_lie_there_and_is_kept_for_a_person(article):
    """Counted 0, yet 8 leave after it: the count was wrong, and the rest is said."""
    promised = demand(article, 8)
    sheet = counted(article, 0)
    shelves.ship(promised, 8)

    approve(sheet)

    assert level_of(article).on_hand == 0
    assert list(Shrinkage.objects.values_list("asked", "booked", "source_id")) == [(10, 2, sheet.id)]
