"""The worker's own loop: it looks for due rows itself, so that the product works with no broker at all.

Five lanes run side by side, each with its own database connection: intake (inbox), fetching (what a notice only hints at),
telling (facts, stock pushes), carrying (calls to vendors) and jobs (nights, sweeps). A ring of the doorbell makes every lane
look at once; without one it looks every `KUROGO_SWEEP_SECONDS`. A lane that fails says so, waits one sweep and looks again.

Work is taken in sets where it comes in a burst: answers of calls under way are gathered for a moment, and channels are told
of stock when the burst is in, or a second after the last time.
"""

import gc
import os
import platform
import threading
import time
from collections.abc import Callable
from functools import partial

import structlog
from django.conf import settings
from django.db import close_old_connections, connection

from apps.core import locks, place
from apps.flows import announce, deliver, dispatch, fetch_hinted, nights, push_stock, sweeps, try_connection
from apps.hub import delivery, doorbell, inbox, shadow

log = structlog.get_logger()

GATHER_SECONDS = 0.02
TELL_SECONDS = 1.0

INTAKE, FETCHING, TELLING, CARRYING, JOBS = LANES = ("intake", "fetching", "telling", "carrying", "jobs")
_bells = {lane: threading.Event() for lane in LANES}


def ring(*lanes: str) -> None:
    """Look now: these lanes, or all (called by the doorbell's task in the worker's own process)."""
    for lane in lanes or LANES:
        _bells[lane].set()


class Worker:
    """The lanes of one worker process."""

    def __init__(self) -> None:
        self.slot = os.environ.get("KUROGO_WORKER", platform.node())
        self.name = f"{self.slot}:{os.getpid()}"
        self._stopping = threading.Event()
        self._carrier = deliver.Carrier(self.slot)
        self._told_at = 0.0
        self._seat: locks.Held | None = None
        self._arriving = threading.Lock()
        steps = {
            INTAKE: self.take_in, FETCHING: self.fetch, TELLING: self.tell, CARRYING: self.carry,
            JOBS: self.do_jobs,
        }  # fmt: skip
        self._threads = [
            threading.Thread(target=self._keep, args=(lane, step), name=lane) for lane, step in steps.items()
        ]

    def start(self) -> None:
        """Run the lanes; the first that reaches the database takes over what a dead predecessor of this slot held."""
        # What a start has loaded stays to the end: the collector need not look through it again at every full round, which
        # takes a fifth of the time of a batch of large orders (docs/performance.md).
        gc.collect()
        gc.freeze()
        doorbell.listen(partial(ring, INTAKE))  # what this process rings for itself is always something for the inbox
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Finish what is under way, and nothing more."""
        self._stopping.set()
        ring()
        for thread in self._threads:
            thread.join()
        self._carrier.close()

    def arrive(self) -> None:
        """Take the seat of this slot, and with it what its predecessor held. Tried until the database answers: a worker that
        starts while that is away must not stay without work for as long as its predecessor's leases run.
        """
        with self._arriving:
            if self._seat is None:
                seat = locks.seize(f"worker:{self.slot}", holder=self.name)
                locks.release(f"{self.slot}:", but=seat)
                delivery.release(self.slot)
                inbox.isolate_suspects()
                self._seat = seat

    def carry(self) -> int:
        """One look of the carrying lane."""
        return self._carrier.carry(seat=self._seat)

    def take_in(self) -> int:
        """One look of the intake lane; returns how much it found to do."""
        if self._carrier.is_calling:
            self._stopping.wait(GATHER_SECONDS)
        found = dispatch.drain(self.name)
        if found:
            ring(FETCHING, TELLING, CARRYING)
        return found

    def fetch(self) -> int:
        """One look of the fetching lane."""
        found = fetch_hinted.fetch(self.name) + try_connection.work()
        if found:
            ring(INTAKE)
        return found

    def tell(self) -> int:
        """One look of the telling lane."""
        found = announce.announce()
        if found:
            ring(CARRYING)
        if (found or inbox.has_due()) and time.monotonic() - self._told_at < TELL_SECONDS:
            return found
        pushes = push_stock.build()
        if pushes:
            self._told_at = time.monotonic()
            ring(CARRYING)
        return found + pushes

    def do_jobs(self) -> int:
        """One look of the jobs lane."""
        place.look()
        found = sweeps.sweep() + shadow.settle_due() + nights.run_due(self.name)
        if found:
            ring(INTAKE, TELLING)
        return found

    def _keep(self, lane: str, step: Callable[[], int]) -> None:
        while not self._stopping.is_set():
            try:
                close_old_connections()
                self.arrive()
                found = step()
            except Exception:
                log.exception("worker.lane", lane=lane)
                connection.close()
                found = 0
            if not found and not self._stopping.is_set():
                _bells[lane].wait(settings.SWEEP_SECONDS)
                _bells[lane].clear()
        connection.close()
