"""Who gets units: exact and first come first served, whatever the numbers."""

from hypothesis import given
from hypothesis import strategies as st

from apps.inventory import deciding

UNITS = st.integers(0, 1000)
QUEUE = st.lists(UNITS, max_size=30)


@given(free=st.integers(-5, 5000), wanted=QUEUE)
def test_units_are_given_exactly_as_far_as_they_reach(free, wanted):
    given_ = deciding.serve(free, wanted)

    assert sum(given_) == min(max(free, 0), sum(wanted))
    assert all(0 <= got <= want for got, want in zip(given_, wanted, strict=True))


@given(free=UNITS, wanted=QUEUE)
def test_nobody_is_served_before_who_came_first(free, wanted):
    given_ = deciding.serve(free, wanted)

    short = [index for index, (got, want) in enumerate(zip(given_, wanted, strict=True)) if got < want]
    assert all(given_[index] == 0 for index in short[1:])


@given(short=UNITS, held=QUEUE)
def test_the_newest_promises_are_taken_back_first(short, held):
    taken = deciding.take_back(short, held)

    assert sum(taken) == min(short, sum(held))
    kept = [index for index, (took, had) in enumerate(zip(taken, held, strict=True)) if took < had]
    assert all(taken[index] == 0 for index in kept[1:])


@given(free=UNITS, wanted=QUEUE)
def test_what_is_given_can_be_taken_back_whole(free, wanted):
    given_ = deciding.serve(free, wanted)

    assert deciding.take_back(sum(given_), given_) == given_
