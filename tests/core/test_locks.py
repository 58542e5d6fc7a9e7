"""Leases: one holder at a time, and a late one is fenced off by its token."""

from datetime import timedelta

import pytest

from apps.core import clock, locks
from apps.core.locks import Held, LeaseLost
from apps.core.models import Lease

pytestmark = pytest.mark.django_db


def _run_out(name):
    Lease.objects.filter(name=name).update(until=clock.wall() - timedelta(seconds=1))


def test_a_lease_has_one_holder():
    assert locks.take("intake", holder="a") == Held("intake", 1)
    assert locks.take("intake", holder="b") is None


def test_the_holder_renews_with_the_same_token():
    held = locks.take("intake", holder="a", seconds=1)

    again = locks.take("intake", holder="a", seconds=60)

    assert again == held
    assert Lease.objects.get().until > clock.wall() + timedelta(seconds=30)


def test_a_lease_that_ran_out_goes_to_the_next_with_a_higher_token():
    locks.take("intake", holder="a")
    _run_out("intake")

    assert locks.take("intake", holder="b") == Held("intake", 2)


def test_the_late_holder_cannot_commit():
    late = locks.take("intake", holder="a")
    _run_out("intake")
    present = locks.take("intake", holder="b")

    with pytest.raises(LeaseLost):
        locks.confirm(late)
    locks.confirm(present)


def test_a_lease_given_back_is_free_at_once_and_its_token_stays():
    held = locks.take("intake", holder="a")

    locks.give_back(held)

    assert locks.take("intake", holder="a") == Held("intake", 2)
    with pytest.raises(LeaseLost):
        locks.confirm(held)


def test_a_late_give_back_frees_nobody_elses_lease():
    late = locks.take("intake", holder="a")
    _run_out("intake")
    locks.take("intake", holder="b")

    locks.give_back(late)

    assert locks.take("intake", holder="c") is None


def test_a_process_that_starts_frees_what_its_dead_namesake_held():
    dead = locks.take("intake", holder="worker-1:77")
    locks.take("nights", holder="worker-2:78")

    locks.release("worker-1:")

    assert locks.take("intake", holder="worker-1:99") == Held("intake", dead.token + 1)
    assert locks.take("nights", holder="worker-1:99") is None


@pytest.mark.django_db
def test_renewing_holds_on_and_a_lost_lease_is_not_renewed():
    mine = locks.take("intake", holder="first", seconds=1)
    before = Lease.objects.get(name="intake").until
    locks.renew(mine, seconds=60)
    assert Lease.objects.get(name="intake").until > before
    locks.release("first")
    locks.take("intake", holder="second")
    with pytest.raises(locks.LeaseLost):
        locks.renew(mine)
