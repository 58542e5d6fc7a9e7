"""Two stocktakes, a receipt and a shipment on one shelf, all at once and in real threads: the truth that was counted survives.

The shelf of this test is a number under a lock of its own: what really lies there, while the book thinks otherwise. Who counts
looks at it and writes it down as one deed, as a person does who stands before the shelf; carriers take from it, goods are put.
`KUROGO_RACE_ROUNDS` sets the rounds (60 when whole).
"""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.db.models import Sum

from apps.inventory import variances
from apps.inventory.errors import Refused
from apps.inventory.models import Demand, StockMovement, StocktakeLine
from tests import builders
from tests.inventory import sheets, shelves

in_threads = pytest.mark.django_db(transaction=True)

ROUNDS = int(os.environ.get("KUROGO_RACE_ROUNDS", "4"))
BOOK, LYING, CAME, SOLD = 20, 14, 5, 3


class Shelf:
    """What really lies there. `with shelf:` is a deed: nobody else touches the shelf meanwhile."""

    def __init__(self, article):
        self.article, self.lying, self._hands = article, LYING, threading.Lock()

    def count(self, sheet, actor):
        with self._hands:
            sheets.put(sheet, self.article, self.lying, actor=actor)
        sheets.close(sheet, actor=actor)
        try:
            sheets.approve(sheet)
        except Refused as refused:
            return str(refused)
        return ""

    def receive(self):
        with self._hands:
            builders.stock(self.article, CAME)
            self.lying += CAME
        return ""

    def ship(self, row):
        with self._hands:
            shelves.ship(row, SOLD)
            self.lying -= SOLD
        return ""


def _all_at_once(*deeds):
    together = threading.Barrier(len(deeds))

    def alone(deed):
        try:
            together.wait(10)
            return deed()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(alone, deeds))


def _play(article):
    """One round; what the shelf holds in truth, and what the book says."""
    builders.stock(article, BOOK)
    sold, newest = shelves.demand(article, SOLD), shelves.demand(article, BOOK - SOLD)
    shelf = Shelf(article)
    first, second = sheets.opened(article), sheets.opened(article)
    said = _all_at_once(
        lambda: shelf.count(first, "wako"), lambda: shelf.count(second, "ume"), shelf.receive, lambda: shelf.ship(sold)
    )
    assert said == ["", "", "", ""]
    held = Demand.objects.get(id=newest.id).allocated
    return shelf.lying, shelves.level_of(article).on_hand, held


@in_threads
def test_two_stocktakes_a_receipt_and_a_shipment_on_one_shelf():
    for _ in range(ROUNDS):
        article = builders.variant()

        lying, book, held = _play(article)

        assert (lying, book) == (LYING + CAME - SOLD, LYING + CAME - SOLD)
        assert held == min(book, BOOK - SOLD)  # what was promised beyond the shelf waits again
        booked = StocktakeLine.objects.filter(level__variant=article).aggregate(n=Sum("booked"))["n"]
        moved = StockMovement.objects.filter(level__variant=article, source_kind="stocktake").aggregate(
            n=Sum("on_hand")
        )
        assert booked == moved["n"] == LYING - BOOK
    assert shelves.broken(in_order=False) == []


@pytest.mark.django_db
def test_judged_by_the_book_of_the_approval_the_truth_is_lost(monkeypatch):
    """The negative control: a count that is held against today's shelf undoes what came and went since."""
    monkeypatch.setattr(
        variances, "judged",
        lambda lines: {
            line.id: variances.Judged(line.level.on_hand, (line.counted or 0) - shelves.level_of(line.level.variant).on_hand)
            for line in lines
        },
    )  # fmt: skip
    article = builders.variant()
    builders.stock(article, BOOK)
    sheet = sheets.counted(article, LYING)
    builders.stock(article, CAME)

    sheets.approve(sheet)

    assert shelves.level_of(article).on_hand == LYING


@pytest.mark.django_db
def test_forgetting_what_others_corrected_corrects_twice(monkeypatch):
    """The second control: without the corrections since, the second approval takes the missing units once more."""
    monkeypatch.setattr(
        variances, "judge",
        lambda counted, book, moment, **others: variances.Judged(book, counted - book),
    )  # fmt: skip
    article = builders.variant()
    builders.stock(article, BOOK)
    first, second = sheets.counted(article, LYING), sheets.counted(article, LYING)

    sheets.approve(first)
    sheets.approve(second)

    assert shelves.level_of(article).on_hand == LYING - (BOOK - LYING)


@in_threads
def test_one_approval_of_many_wins():
    article = builders.variant()
    builders.stock(article, BOOK)
    sheet = sheets.counted(article, LYING)

    def approve():
        try:
            return sheets.approve(sheet).rows
        except Refused:
            return 0

    assert sorted(_all_at_once(*[approve] * 4)) == [0, 0, 0, 1]
    assert shelves.level_of(article).on_hand == LYING
