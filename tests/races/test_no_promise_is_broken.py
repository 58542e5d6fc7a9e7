"""Leases under everything that may happen to them (tests/races/shop.py), in any order that Hypothesis thinks of."""

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.races.shop import Shop

EXAMPLES, STEPS = int(os.environ.get("KUROGO_LEASE_EXAMPLES", "25")), 50
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)


@pytest.mark.usefixtures("windows")
def test_no_promise_is_broken():
    run_state_machine_as_test(
        Shop,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=STEPS, phases=PHASES, deadline=None, print_blob=True,
            report_multiple_bugs=False, suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
