"""Calls are spread over time, by account; no limit waits for nothing."""

import time

from apps.core import pace


def _seconds(calls: int, account: str, calls_a_second: float) -> float:
    started = time.monotonic()
    for _ in range(calls):
        pace.take(account, calls_a_second)
    return time.monotonic() - started


def test_more_calls_than_a_second_holds_wait():
    assert _seconds(6, "slow", 5) >= 0.9


def test_another_account_has_a_pace_of_its_own():
    _seconds(5, "busy", 5)
    assert _seconds(5, "idle", 5) < 0.5


def test_without_a_limit_nobody_waits():
    assert _seconds(500, "any", 0) < 0.5


def test_less_than_one_a_second():
    assert _seconds(2, "rare", 4 / 5) >= 1.0
