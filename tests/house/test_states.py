"""Every drawing of a state machine is whole: it names each state, leads to none that does not exist, and reaches them all."""

from enum import Enum
from importlib import import_module
from pathlib import Path

import pytest

from tests.house.sources import python

DRAWINGS = [
    pytest.param(moves, id=f"{Path(path).parent.name}.{name}")
    for path in python("apps")
    if path.endswith("/states.py") and not path.startswith(("apps/core/", "apps/flows/"))
    for name, moves in vars(import_module(path.removesuffix(".py").replace("/", "."))).items()
    if name.endswith("MOVES")
]


@pytest.mark.parametrize("moves", DRAWINGS)
def test_a_drawing_is_whole(moves):
    states = type(next(iter(moves)))
    assert issubclass(states, Enum)

    assert set(moves) == set(states)
    assert {state for follows in moves.values() for state in follows} <= set(states)


@pytest.mark.parametrize("moves", DRAWINGS)
def test_no_state_stays_where_it_is(moves):
    assert [state for state, follows in moves.items() if state in follows] == []


@pytest.mark.parametrize("moves", DRAWINGS)
def test_every_state_can_be_reached_or_be_the_first(moves):
    """A state that nothing leads to must be one where rows begin."""
    begins = {
        "open", "unpaid", "on_delivery", "none", "unfulfilled", "expected", "requested", "planned", "draft", "waiting", "shared",
    }  # fmt: skip

    led_to = {state for follows in moves.values() for state in follows}

    assert {state.value for state in moves if state not in led_to} <= begins


def test_there_are_drawings():
    assert len(DRAWINGS) == 13
