"""A plan of chaos is a function of its seed, and as long as it says."""

from collections import Counter
from itertools import pairwise

from apps.sandbox import faults
from tests.chaos import plan


def test_the_same_seed_is_the_same_plan():
    assert plan.make(seed=7, minutes=10) == plan.make(seed=7, minutes=10)
    assert plan.make(seed=7, minutes=10).digest() != plan.make(seed=8, minutes=10).digest()


def test_ten_minutes_are_enough():
    made = plan.make(seed=1, minutes=10)

    assert Counter(kill.victim for kill in made.kills) == dict.fromkeys(plan.VICTIMS, 14)
    kinds = Counter(fault.what for fault in made.faults)
    assert (len(made.faults), set(kinds), min(kinds.values())) == (320, set(faults.ALL), 15)
    assert all(0 < one.at < 1 for one in (*made.kills, *made.faults))


def test_nobody_is_struck_while_still_getting_up():
    """Five programs in rounds: between two blows for one there are seconds."""
    made = plan.make(seed=1, minutes=10)

    for victim in plan.VICTIMS:
        struck = [kill.at * 600 for kill in made.kills if kill.victim == victim]
        assert min(later - earlier for earlier, later in pairwise(struck)) > 5
