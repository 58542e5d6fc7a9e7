"""Eight real connections want the last units at once: exactly what lies there is promised. With locks off it is not."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connection
from django.db.models import Sum

from apps.core.ids import uuid7
from apps.inventory import levels
from apps.inventory import services as inventory
from apps.inventory.models import Demand, StockLevel
from tests import builders
from tests.inventory import shelves

pytestmark = pytest.mark.django_db(transaction=True)

WRITERS, ORDERS_EACH, UNITS = 8, 6, 20


def _side_by_side(work, count=WRITERS):
    """Run `work(number)` in real threads that start together; the results in order. Each has its own connection."""
    together = threading.Barrier(count)

    def alone(number):
        try:
            together.wait(10)
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(alone, range(count)))


def _want_units(articles):
    def work(number):
        # Half of the writers name the articles the other way round: locks in one order must not deadlock.
        named = articles if number % 2 else articles[::-1]
        for _ in range(ORDERS_EACH):
            inventory.allocate([shelves.want(article, 1) for article in named], actor=f"writer {number}")

    return work


def test_the_last_units_are_promised_exactly_once():
    articles = [builders.variant(), builders.variant()]
    for article in articles:
        builders.stock(article, UNITS)

    _side_by_side(_want_units(articles))

    for article in articles:
        level = shelves.level_of(article)
        assert (level.reserved, level.available, level.backordered) == (UNITS, 0, WRITERS * ORDERS_EACH - UNITS)
        assert Demand.objects.filter(level=level).aggregate(given=Sum("allocated")) == {"given": UNITS}
    assert shelves.broken(in_order=False) == []


def test_with_locks_off_more_is_promised_than_lies_there(monkeypatch):
    """The negative control: without the rows' locks the same race loses promises or sells units twice."""
    article = builders.variant()
    builders.stock(article, UNITS)
    monkeypatch.setattr(levels, "IN_ORDER", "ORDER BY id")
    read = threading.Barrier(WRITERS)
    decide = inventory.serve

    def everybody_has_read(*words, **named):
        read.wait(10)
        return decide(*words, **named)

    monkeypatch.setattr(inventory, "serve", everybody_has_read)

    _side_by_side(lambda _: inventory.allocate([shelves.want(article, UNITS // 2)], actor="writer"))

    promised = Demand.objects.aggregate(given=Sum("allocated"))["given"]
    assert promised == WRITERS * UNITS // 2
    assert promised > StockLevel.objects.get().on_hand
    assert shelves.broken(in_order=False) != []


def test_shipping_and_calling_off_the_same_units_have_one_winner():
    article = builders.variant()
    builders.stock(article, UNITS)
    rows = [shelves.demand(article, 1) for _ in range(UNITS)]

    def work(number):
        done = 0
        for row in rows:
            try:
                if number % 2:
                    shelves.ship(row, 1)
                else:
                    inventory.cancel({row.subject: 1}, actor="hana", cause=uuid7())
                done += 1
            except inventory.InsufficientStock:
                pass
        return done

    won = _side_by_side(work)

    level = shelves.level_of(article)
    gone = Demand.objects.aggregate(shipped=Sum("shipped"), cancelled=Sum("cancelled"))
    assert sum(won) == gone["shipped"] + gone["cancelled"] == UNITS
    assert (level.on_hand, level.reserved) == (UNITS - gone["shipped"], 0)
    assert shelves.broken(in_order=False) == []


def test_everything_at_once_never_deadlocks():
    """Allocating, calling off and receiving over the same two shelves, in both orders, without one retry."""
    articles = [builders.variant(), builders.variant()]
    for article in articles:
        builders.stock(article, 5)

    def work(number):
        errors = []
        for _ in range(ORDERS_EACH):
            named = articles if number % 2 else articles[::-1]
            try:
                demands = inventory.allocate([shelves.want(article, 2) for article in named], actor="writer")
                inventory.cancel({row.subject: 1 for row in demands}, actor="writer", cause=uuid7())
                builders.stock(named[0], 1)
            except OperationalError as error:
                errors.append(str(error))
        return errors

    assert _side_by_side(work) == [[]] * WRITERS
    assert shelves.broken(in_order=False) == []
