"""Who does what for a brand is read from this database, whatever another test's was a moment ago."""

import pytest

from apps.flows import wiring
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("turn", ["first", "a moment later"])
def test_a_connection_of_the_test_before_is_not_remembered(turn):
    mine = builders.connection("stripe")

    assert wiring.first("payment", mine.brand_id) == mine


def test_within_one_process_it_is_remembered_for_a_moment():
    """The control: a memory there is, and it would be the wrong one without being forgotten."""
    mine = builders.connection("stripe")
    assert wiring.first("payment", mine.brand_id) == mine

    mine.delete()
    still = wiring.first("payment", mine.brand_id)
    wiring.forget()

    assert (still is not None, wiring.first("payment", builders.brand().id)) == (True, None)
