"""Two people at one door, two carts for one shelf, a late bill while goods move: nothing is booked twice, nothing drifts.

Lock order of the house: a document (purchase order, transfer), then levels in the order of their ids, then demands, then orders.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.db import connection
from django.db.models import QuerySet, Sum

from apps.flows import buy_goods, move_goods
from apps.flows.verifying import checks, on_way
from apps.inventory import arrivals, purchasing, transfers
from apps.inventory.errors import Refused
from apps.inventory.models import PurchaseOrderLine, Receipt, StockLevel, TransferLine
from apps.ledger.models import Line
from tests import builders
from tests.flows.buying import come, land, ordered
from tests.inventory import shelves

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE = 6


def _side_by_side(work, count=PEOPLE):
    """Run `work(number)` in real threads that start together; what each said, in order."""
    together = threading.Barrier(count)

    def alone(number):
        try:
            together.wait(10)
            return work(number)
        except Refused as refused:
            return refused
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(alone, range(count)))


def _whole():
    """Nothing is broken, and the book knows what everything cost."""
    book = Line.objects.filter(account="inventory").aggregate(debit=Sum("debit_minor"), credit=Sum("credit_minor"))
    shelf = StockLevel.objects.aggregate(minor=Sum("value_minor"))["minor"] or 0
    way = TransferLine.objects.aggregate(minor=Sum("value_minor"))["minor"] or 0
    broken = [shelves.broken(in_order=False), *(checks.run("I", [one]).examples for one in on_way.INCOMING[:-1])]
    return [found for found in broken if found], (book["debit"] or 0) - (book["credit"] or 0) - shelf - way


def test_what_was_counted_is_booked_by_one_of_those_who_press_at_once():
    article = builders.variant("CUP")
    order = ordered((article, 30, "10"))
    arrivals.set_counted(order.id, order.lines.get().id, 20)

    answers = _side_by_side(lambda _: buy_goods.book(order.id, slip="", actor="wako"))

    assert sum(isinstance(answer, Refused) for answer in answers) == PEOPLE - 1
    assert (shelves.level_of(article).on_hand, Receipt.objects.filter(order=order).count()) == (20, 1)
    assert _whole() == ([], 0)


def test_scans_of_two_people_add_up():
    order = ordered((builders.variant("CUP"), 100, "10"))

    _side_by_side(lambda _: [arrivals.scan(order.id, "CUP") for _ in range(5)])

    assert order.lines.get().counted == PEOPLE * 5


def test_with_locks_off_scans_get_lost(monkeypatch):
    """The negative control: without the row's lock two people read one count and write one unit."""
    order = ordered((builders.variant("CUP"), 100, "10"))
    monkeypatch.setattr(QuerySet, "select_for_update", lambda rows, **_options: rows)
    read = threading.Barrier(PEOPLE)
    save = PurchaseOrderLine.save

    def everybody_has_read(line, **named):
        read.wait(10)
        save(line, **named)

    monkeypatch.setattr(PurchaseOrderLine, "save", everybody_has_read)

    _side_by_side(lambda _: arrivals.scan(order.id, "CUP"))

    assert order.lines.get().counted < PEOPLE


def test_the_last_units_leave_on_one_cart():
    article = builders.variant("CUP")
    come(ordered((article, 10, "10")), 10)
    main, shop = (builders.location(code) for code in ("main", "shop"))
    carts = [transfers.draft(main, shop, [transfers.Wish(article.id, 4)], actor="hana") for _ in range(PEOPLE)]

    answers = _side_by_side(lambda number: move_goods.send(carts[number].id, actor="hana"))

    assert sum(isinstance(answer, Refused) for answer in answers) == PEOPLE - 2
    there = {row.location.code: (row.on_hand, row.incoming) for row in StockLevel.objects.select_related("location")}
    assert there == {"main": (2, 0), "shop": (0, 8)}
    assert _whole() == ([], 0)


def test_bills_carts_sales_and_deliveries_cross_without_a_deadlock_and_nothing_drifts():
    articles = [builders.variant(), builders.variant()]
    order = ordered(*((article, 40, "33.333333") for article in articles))
    come(order, 20, 20)
    main, shop = (builders.location(code) for code in ("main", "shop"))

    def work(number):
        # Half of them name the articles the other way round: locks in one order must not deadlock.
        mine = articles if number % 2 else articles[::-1]
        for _ in range(3):
            if number % 3 == 0:
                land(101, order, basis="quantity")
            elif number % 3 == 1:
                wishes = [transfers.Wish(article.id, 1) for article in mine]
                cart = transfers.draft(main, shop, wishes, actor="hana")
                move_goods.send(cart.id, actor="hana")
                move_goods.receive(cart.id, {line.id: 1 for line in cart.lines.all()}, actor="wako")
            else:
                come(order, 1, 1)

    assert [answer for answer in _side_by_side(work) if answer is not None] == []
    assert _whole() == ([], 0)


def test_an_order_is_placed_or_thrown_away_but_not_both():
    article = builders.variant("CUP")
    orders = [ordered_draft(article) for _ in range(3)]

    def work(number):
        order = orders[number // 2]
        deed = purchasing.place if number % 2 else purchasing.end
        return deed(order.id, actor="hana", **({} if number % 2 else {"reason": "no"})).state

    _side_by_side(work)

    states = [row.__class__.objects.get(id=row.id).state for row in orders]
    assert set(states) <= {"ordered", "cancelled"}
    assert _whole() == ([], 0)


def ordered_draft(article):
    """A draft of five."""
    from_whom = ordered((article, 1, "1")).supplier
    wishes = [purchasing.Wish(variant=article.id, quantity=5, price=Decimal(1))]
    return purchasing.draft(from_whom, wishes, location=builders.location(), actor="hana")
