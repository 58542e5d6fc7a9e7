"""No more calls a second to one account than its vendor lets through, over all threads of this process.

What several processes do together is the vendor's 429 to say, which delivery and polls honour.
"""

import threading
import time
from functools import lru_cache

from pyrate_limiter import Duration, Limiter, Rate

_lock = threading.Lock()


class TooSoon(Exception):
    """This account's turn comes later than its caller wants to wait: in `seconds`."""

    def __init__(self, account: str, seconds: float) -> None:
        super().__init__(f"{account}: its turn is in {seconds:.0f} s")
        self.seconds = seconds


def take(account: str, calls_a_second: float, *, burst: int = 1, patience: float | None = None) -> None:
    """Wait for this account's turn (a name of the caller's: vendor, host and kind of call); 0 or less waits for nothing.

    `burst`: so many calls may come at once after a rest. Raises `TooSoon`, without waiting, where the turn is further away
    than `patience` seconds.
    """
    if calls_a_second <= 0:
        return
    with _lock:
        limiter = _limiter(account, calls_a_second, burst)
    if patience is None:
        limiter.try_acquire(account)
        return
    until = time.monotonic() + patience
    while not limiter.try_acquire(account, blocking=False):
        wait = _wait(limiter, account)
        if time.monotonic() + wait > until:
            raise TooSoon(account, wait)
        time.sleep(wait)


def _wait(limiter: Limiter, account: str) -> float:
    """Seconds until the turn that was just refused."""
    item = limiter.bucket_factory.wrap_item(account)
    milliseconds: int = limiter.buckets()[0].waiting(item)  # type: ignore[arg-type, assignment]
    return max(milliseconds, 1) / 1000


@lru_cache(maxsize=1000)
def _limiter(account: str, calls_a_second: float, burst: int) -> Limiter:
    if burst > 1:
        return Limiter(Rate(burst, int(1000 * burst / calls_a_second)))
    if calls_a_second >= 1:
        return Limiter(Rate(int(calls_a_second), Duration.SECOND))
    return Limiter(Rate(1, int(1000 / calls_a_second)))
