"""Units are set aside for a reason and come back; no promise is taken for it."""

import pytest

from apps.core.ids import uuid7
from apps.flows import set_aside
from apps.inventory.errors import Refused
from apps.inventory.models import Aside, StockMovement
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
    made = builders.variant("CUP")
    builders.stock(made, 5)
    return made


def _aside(article, units, why=Aside.DAMAGED, *, cause=None, reason="chipped"):
    set_aside.set_aside(level_of(article), why, units, cause=cause or uuid7(), actor="wako", reason=reason)


def _back(article, units, why=Aside.DAMAGED, *, reason="was clean"):
    set_aside.bring_back(level_of(article), why, units, cause=uuid7(), actor="wako", reason=reason)


@pytest.mark.parametrize("why", [why for why in Aside if why is not Aside.EXPIRED])
def test_units_are_set_aside_and_come_back_with_who_and_why(article, why):
    _aside(article, 2, why)
    away = (getattr(level_of(article), why.value), level_of(article).available)
    _back(article, 1, why)

    level = level_of(article)
    assert (away, getattr(level, why.value), level.available, level.on_hand) == ((2, 3), 1, 4, 5)
    moved = StockMovement.objects.filter(kind="status").order_by("id").values_list(why.value, "reason", "actor")
    assert list(moved) == [(2, "chipped", "wako"), (-1, "was clean", "wako")]


def test_the_same_deed_twice_is_one(article):
    cause = uuid7()
    _aside(article, 2, cause=cause)
    _aside(article, 2, cause=cause)

    assert level_of(article).damaged == 2


def test_promised_units_are_not_taken(article):
    first = demand(article, 4)

    with pytest.raises(Refused, match="Only 1 are free: 5 lie there, 4 of them are promised"):
        _aside(article, 2)

    assert (level_of(article).damaged, held(first)) == (0, [4])


def test_what_comes_back_goes_to_who_waits(article):
    _aside(article, 5)
    waits = demand(article, 3)

    _back(article, 4)

    assert (held(waits), level_of(article).available) == ([3], 1)


def test_what_makes_no_sense_is_refused(article):
    _aside(article, 2)
    for units in (0, -1, 10**9):
        with pytest.raises(Refused, match="cannot be right"):
            _aside(article, units)
    with pytest.raises(Refused, match="2 are set aside for this reason; 3 cannot come back"):
        _back(article, 3)
    with pytest.raises(Refused, match="0 are set aside"):
        _back(article, 1, Aside.SAFETY)
    with pytest.raises(Refused, match="few words why"):
        _aside(article, 1, reason="  ")

    assert (level_of(article).damaged, level_of(article).safety) == (2, 0)


def test_nobody_sets_units_aside_as_expired_by_hand(article):
    with pytest.raises(Refused, match="date of their lot"):
        _aside(article, 1, Aside.EXPIRED)
