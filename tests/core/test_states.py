"""A state changes by compare-and-set with its history row, or not at all."""

import threading
from uuid import uuid4

import pytest
from django.db import connection, transaction

from apps.core import states
from apps.core.models import StateMove
from apps.core.states import Cause, Change, IllegalMove, Overtaken
from apps.orders.models import Order
from apps.orders.states import LIFECYCLE_MOVES, Lifecycle
from tests import builders

CAUSE = Cause("hana", "because", "order", uuid4())


@pytest.mark.django_db
def test_a_move_changes_the_row_and_says_who_and_why():
    order = builders.order()

    states.move(order, "lifecycle", Lifecycle.CANCELLED, moves=LIFECYCLE_MOVES, cause=CAUSE)

    assert order.lifecycle == Order.objects.get().lifecycle == "cancelled"
    row = StateMove.objects.values("kind", "subject", "axis", "old", "new", "actor", "reason", "source_id").get()
    assert row == {
        "kind": "orders.order", "subject": order.id, "axis": "lifecycle", "old": "open", "new": "cancelled",
        "actor": "hana", "reason": "because", "source_id": CAUSE.source_id,
    }  # fmt: skip


@pytest.mark.django_db
def test_an_arrow_that_is_not_drawn_is_refused():
    order = builders.order(lifecycle=Lifecycle.CANCELLED)

    with pytest.raises(IllegalMove, match="cancelled -> open"):
        states.move(order, "lifecycle", Lifecycle.OPEN, moves=LIFECYCLE_MOVES, cause=CAUSE)

    assert Order.objects.get().lifecycle == "cancelled"
    assert StateMove.objects.count() == 0


@pytest.mark.django_db
def test_a_move_to_the_same_state_is_left_out():
    order = builders.order()

    states.move(order, "lifecycle", Lifecycle.OPEN, moves=LIFECYCLE_MOVES, cause=CAUSE)

    assert StateMove.objects.count() == 0


@pytest.mark.django_db
def test_one_loser_in_a_batch_undoes_the_batch():
    first, second = builders.order(), builders.order(lifecycle=Lifecycle.CLOSED)
    changes = [Change(first.id, "open", "cancelled"), Change(second.id, "open", "cancelled")]

    with pytest.raises(Overtaken, match="1 of 2"), transaction.atomic():
        states.move_all(Order, "lifecycle", changes, moves=LIFECYCLE_MOVES, cause=CAUSE)

    assert list(Order.objects.order_by("id").values_list("lifecycle", flat=True)) == ["open", "closed"]
    assert StateMove.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_of_two_rivals_exactly_one_wins():
    """A real second connection: the loser waits for the winner's commit and is then told that it was overtaken."""
    order = builders.order()
    has_moved, may_commit = threading.Event(), threading.Event()
    rival = threading.Thread(target=_close_order, args=(order.id, has_moved, may_commit))
    rival.start()
    assert has_moved.wait(10)
    threading.Timer(0.1, may_commit.set).start()

    with pytest.raises(Overtaken), transaction.atomic():
        states.move(order, "lifecycle", Lifecycle.CANCELLED, moves=LIFECYCLE_MOVES, cause=CAUSE)

    rival.join()
    assert Order.objects.get().lifecycle == "closed"
    assert list(StateMove.objects.values_list("new", "actor")) == [("closed", "rival")]


def _close_order(order_id, has_moved, may_commit):
    with transaction.atomic():
        order = Order.objects.get(id=order_id)
        states.move(order, "lifecycle", Lifecycle.CLOSED, moves=LIFECYCLE_MOVES, cause=Cause("rival"))
        has_moved.set()
        may_commit.wait(10)
    connection.close()
