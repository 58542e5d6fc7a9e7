"""The last units, many writers, round after round: nothing is sold twice and nothing is left unsold.

`make test` plays three rounds of six units and sixteen writers; KUROGO_RACES=whole (`make test-full`) a hundred of twenty and
sixty-four.
"""

import pytest

from apps.flows.verify import INVARIANTS
from apps.hub import external_ids
from apps.inventory import levels
from tests import builders
from tests.races import writers
from tests.races.writers import IS_WHOLE, UNITS, Race

pytestmark = pytest.mark.django_db(transaction=True)
PROCESSES, THREADS, ROUNDS = (8, 8, 100) if IS_WHOLE else (2, 8, 3)
VIOLENCE = ("none", "kill", "cut", "kill") if IS_WHOLE else ("none", "kill", "cut")
ALL_HOLD = ("I1", "I2", "I6", "I10", "I11", "I14")


def _play(rounds, *, violence=VIOLENCE, seed=1):
    builders.location()
    race = Race(builders.connection("csv"), processes=PROCESSES, threads=THREADS, seed=seed)
    try:
        for number in range(1, rounds + 1):
            builders.stock(builders.variant(f"R{number}"), UNITS)
            race.play(number, violence=violence[number % len(violence)])
            writers.check(race, number)
    finally:
        race.end()
    return race


def test_the_last_units_go_to_whoever_came_first_and_to_nobody_else():
    race = _play(ROUNDS)

    assert (race.killed, race.cut_off > 0) == (
        sum(VIOLENCE[n % len(VIOLENCE)] == "kill" for n in range(1, ROUNDS + 1)),
        True,
    )
    assert {name: INVARIANTS[name]().examples for name in ALL_HOLD} == {name: [] for name in ALL_HOLD}
    for number in range(1, ROUNDS + 1):
        writers.send_off(number)


def test_without_the_locks_units_are_sold_twice(monkeypatch):
    monkeypatch.setattr(levels, "IN_ORDER", "ORDER BY id")

    with pytest.raises(AssertionError):
        _play(10, violence=("none",))


def test_without_the_claim_a_sale_that_comes_again_is_sold_again(monkeypatch):
    monkeypatch.setattr(external_ids, "claim", lambda _connection, _kind, wanted: set(wanted))

    with pytest.raises(AssertionError):
        _play(2, violence=("none",))
