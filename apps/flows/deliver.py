"""Carry deliveries away: claim what is due, call each vendor outside any transaction, a few calls side by side."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from django.db import close_old_connections

from apps.hub import delivery
from apps.hub.delivery import Claimed

CALLS_AT_ONCE = 4


class Carrier:
    """A pool of threads that make calls; each thread has its own database connection and its own HTTP connections."""

    def __init__(self, worker: str) -> None:
        self.worker = worker
        self._pool = ThreadPoolExecutor(CALLS_AT_ONCE, thread_name_prefix="carrier")

    def carry(self, limit: int = 40) -> int:
        """Make the due calls; returns how many were made. A fault in one is that one's and is raised after the others."""
        claimed = delivery.claim(limit, worker=self.worker)
        for done in [self._pool.submit(_make_each, part) for part in _parts(claimed)]:
            done.result()
        return len(claimed)

    def close(self) -> None:
        """Wait for the calls under way."""
        self._pool.shutdown(wait=True)


def _parts(claimed: Sequence[Claimed]) -> list[Sequence[Claimed]]:
    """Spread over the threads so that one connection's calls stay in one thread: its keep-alive is used, its order kept."""
    lanes: dict[int, list[Claimed]] = {}
    for item in claimed:
        lanes.setdefault(hash(item.delivery.connection_id) % CALLS_AT_ONCE, []).append(item)
    return list(lanes.values())


def _make_each(part: Sequence[Claimed]) -> None:
    close_old_connections()
    for item in part:
        delivery.make(item)
