"""A late cost follows its units as if it had been known when they came, and is never lost on the way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.inventory import deciding
from apps.inventory.tracing import Step, trace

HERE, THERE = "here", "there"


def _traced(cost, *steps, lying=None):
    found = trace(cost, place=HERE, lying={HERE: 10} if lying is None else lying, steps=steps)
    return found.places, found.on_way, found.gone


@pytest.mark.parametrize(
    ("steps", "wanted"),
    [
        ([], ({HERE: 100}, {}, 0)),
        ([Step(HERE, -4, "sale", is_sale=True)], ({HERE: 60}, {}, 40)),
        ([Step(HERE, -10, "sale", is_sale=True)], ({}, {}, 100)),
        ([Step(HERE, -4, "sale", is_sale=True), Step(HERE, 2, "sale", is_return=True)], ({HERE: 80}, {}, 20)),
        # Later goods thin the cost out, as they do to every cost of a moving average.
        ([Step(HERE, 10, "receipt"), Step(HERE, -10, "sale", is_sale=True)], ({HERE: 50}, {}, 50)),
        ([Step(HERE, -5, "t", is_transfer=True)], ({HERE: 50}, {"t": 50}, 0)),
        (
            [Step(HERE, -5, "t", is_transfer=True), Step(THERE, 3, "t", is_transfer=True)],
            ({HERE: 50, THERE: 30}, {"t": 20}, 0),
        ),
        (
            [Step(HERE, -5, "t", is_transfer=True), Step(THERE, 0, "t", is_transfer=True, lost=2)],
            ({HERE: 50}, {"t": 30}, 20),
        ),
        ([Step(HERE, -3, "count")], ({HERE: 70}, {}, 30)),
        # What was on its way before, or was sold before, carries nothing of it.
        ([Step(THERE, 5, "earlier", is_transfer=True)], ({HERE: 100}, {}, 0)),
        ([Step(HERE, 1, "earlier", is_return=True)], ({HERE: 100}, {}, 0)),
    ],
)
def test_a_cost_follows_its_units(steps, wanted):
    assert _traced(100, *steps) == wanted


def test_a_cost_of_goods_that_lie_among_others_is_shared_with_them():
    """Ten lay there before: of twenty units five leave, and take a quarter of everything with them."""
    assert _traced(100, Step(HERE, -5, "sale", is_sale=True), lying={HERE: 20}) == ({HERE: 75}, {}, 25)


MOVE = st.tuples(
    st.sampled_from(["sale", "return", "in", "send", "arrive", "lose", "count"]), st.booleans(), st.integers(1, 9)
)


@given(cost=st.integers(0, 10**6), moves=st.lists(MOVE, max_size=30))
def test_nothing_of_a_cost_is_lost_and_none_is_left_where_no_unit_is(cost, moves):
    lying, on_way, sold, steps = {HERE: 10, THERE: 0}, 0, 0, []
    for name, is_there, units in moves:
        place = THERE if is_there else HERE
        if name in {"sale", "send", "count"}:
            units = min(units, lying[place])
            on_way, sold = on_way + units * (name == "send"), sold + units * (name == "sale")
            lying[place] -= units
            steps.append(Step(place, -units, name, is_transfer=name == "send", is_sale=name == "sale"))
        elif name == "lose":
            units = min(units, on_way)
            on_way -= units
            steps.append(Step(place, 0, "send", is_transfer=True, lost=units))
        else:
            units = units if name == "in" else min(units, on_way if name == "arrive" else sold)
            on_way, sold = on_way - units * (name == "arrive"), sold - units * (name == "return")
            lying[place] += units
            source = {"arrive": "send", "return": "sale"}.get(name, "in")
            steps.append(Step(place, units, source, is_transfer=name == "arrive", is_return=name == "return"))

    found = trace(
        cost, place=HERE, lying={HERE: 10, THERE: 0}, steps=[step for step in steps if step.units or step.lost]
    )

    assert sum(found.places.values()) + sum(found.on_way.values()) + found.gone == cost
    assert min([found.gone, *found.places.values(), *found.on_way.values()]) >= 0
    assert [place for place in found.places if not lying[place]] == []
    assert not found.on_way or on_way


@given(amount=st.integers(-(10**9), 10**9), weights=st.lists(st.integers(0, 10**6), min_size=1).filter(any))
def test_a_cost_is_spread_exactly_and_each_part_is_within_one_unit_of_its_share(amount, weights):
    parts = deciding.spread(amount, weights)

    assert sum(parts) == amount
    off = [abs(part * sum(weights) - amount * weight) for part, weight in zip(parts, weights, strict=True)]
    assert max(off) < sum(weights)
    assert [part for part, weight in zip(parts, weights, strict=True) if not weight and part] == []


def test_the_largest_remainders_get_the_units_that_are_left():
    assert deciding.spread(100, [1, 1, 1]) == [34, 33, 33]
    assert deciding.spread(-100, [1, 1, 1]) == [-34, -33, -33]
    assert deciding.spread(10, [5, 3, 3]) == [4, 3, 3]
    assert deciding.spread(7, [0, 1]) == [0, 7]


@pytest.mark.parametrize("weights", [[], [0, 0], [3, -1]])
def test_nothing_is_spread_over_nothing(weights):
    with pytest.raises(ValueError, match="no weight"):
        deciding.spread(100, weights)
