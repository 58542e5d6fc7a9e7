"""No more calls a second to one account than its vendor lets through, over all threads of this process.

What several processes do together is the vendor's 429 to say, which delivery and polls honour.
"""

import threading
from functools import lru_cache

from pyrate_limiter import Duration, Limiter, Rate

_lock = threading.Lock()


def take(account: str, calls_a_second: float) -> None:
    """Wait for this account's turn (a name of the caller's: vendor, host and kind of call); 0 or less waits for nothing."""
    if calls_a_second <= 0:
        return
    with _lock:
        limiter = _limiter(account, calls_a_second)
    limiter.try_acquire(account)


@lru_cache(maxsize=1000)
def _limiter(account: str, calls_a_second: float) -> Limiter:
    if calls_a_second >= 1:
        return Limiter(Rate(int(calls_a_second), Duration.SECOND))
    return Limiter(Rate(1, int(1000 / calls_a_second)))
