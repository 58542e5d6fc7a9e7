"""Calls are spread over time, by account; no limit waits for nothing."""

import time

import pytest

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


def test_a_burst_goes_at_once_and_the_next_waits_for_its_turn():
    started = time.monotonic()
    for _ in range(4):
        pace.take("bursting", 2, burst=4)
    assert time.monotonic() - started < 0.5
    pace.take("bursting", 2, burst=4, patience=10)
    assert time.monotonic() - started >= 1.9


def test_whoever_has_no_patience_is_told_when_its_turn_is():
    started = time.monotonic()
    for _ in range(3):
        pace.take("patient", 0.01, burst=3, patience=5)
    with pytest.raises(pace.TooSoon) as caught:
        pace.take("patient", 0.01, burst=3, patience=5)
    assert time.monotonic() - started < 1
    assert 290 < caught.value.seconds <= 301
