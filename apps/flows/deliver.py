"""Carry deliveries away: claim what is due, call each vendor outside any transaction, a few calls side by side."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from uuid import UUID

from django.db import close_old_connections

from apps.core import locks
from apps.hub import delivery
from apps.hub.delivery import Claimed

CALLS_AT_ONCE = 4


class Carrier:
    """A pool of threads that make calls; each thread has its own database connection and its own HTTP connections."""

    def __init__(self, worker: str) -> None:
        self.worker = worker
        self._pool = ThreadPoolExecutor(CALLS_AT_ONCE, thread_name_prefix="carrier")
        self.is_calling = False

    def carry(self, limit: int = 40, *, seat: locks.Held | None = None) -> int:
        """Make the due calls; returns how many were made. A fault in one is that one's and is raised after the others.

        Nothing is in hand here: what a round that failed (the database went away) still holds is claimed again.
        """
        claimed = delivery.claim(limit, worker=self.worker, seat=seat)
        self.is_calling = bool(claimed)
        calls = [self._pool.submit(_make_each, part) for part in _parts(claimed)]
        wait(calls)
        self.is_calling = False
        for call in calls:
            call.result()
        return len(claimed)

    def close(self) -> None:
        """Wait for the calls under way."""
        self._pool.shutdown(wait=True)


def _parts(claimed: Sequence[Claimed]) -> list[list[Claimed]]:
    """Spread over the threads so that one connection's calls stay in one thread: its keep-alive is used, its order kept."""
    by_connection: dict[UUID, list[Claimed]] = {}
    for item in claimed:
        by_connection.setdefault(item.delivery.connection_id, []).append(item)
    lanes: list[list[Claimed]] = [[] for _ in range(min(CALLS_AT_ONCE, len(by_connection)))]
    for calls in sorted(by_connection.values(), key=len, reverse=True):
        min(lanes, key=len).extend(calls)
    return lanes


def _make_each(part: Sequence[Claimed]) -> None:
    close_old_connections()
    for item in part:
        delivery.make(item)
