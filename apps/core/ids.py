"""Identifiers: UUID version 7 (RFC 9562), so that primary keys are made without asking the database and sort by birth."""

import os
import random
import threading
import time
import uuid
from datetime import datetime

_lock = threading.Lock()
_last = 0
# Uniqueness, not secrecy, is asked of the tail: a generator of our own saves a system call an id. A fork gets its own seed.
_tail = random.Random(os.urandom(32))  # noqa: S311 - no secret is made here
os.register_at_fork(after_in_child=lambda: _tail.seed(os.urandom(32)))
# A UUID without its constructor, which looks through six ways of being told a number that is known here: a third of the time.
_blank, _UNKNOWN = object.__new__, uuid.SafeUUID.unknown
_put_number, _put_safety = uuid.UUID.int.__set__, uuid.UUID.is_safe.__set__  # type: ignore[attr-defined,misc]


def floor(moment: datetime) -> uuid.UUID:
    """An id below every one that was made at this moment or later."""
    milliseconds = max(0, int(moment.timestamp() * 1000))
    return uuid.UUID(int=(milliseconds << 80) | (7 << 76) | (2 << 62))


def uuid7() -> uuid.UUID:
    """A new id; ids made by one process strictly increase, also within one millisecond."""
    global _last  # noqa: PLW0603 - one counter a process is the point
    stamp = time.time_ns()
    # 48 bits of milliseconds, then 12 bits of the fraction of a millisecond (RFC 9562 §6.2 method 3).
    sortable = ((stamp // 1_000_000) << 12) | ((stamp % 1_000_000) * 4096 // 1_000_000)
    with _lock:
        if sortable <= _last:
            sortable = _last + 1
        _last = sortable
    milliseconds, fraction = sortable >> 12, sortable & 0xFFF
    tail = _tail.getrandbits(62)
    made = _blank(uuid.UUID)
    _put_number(made, (milliseconds << 80) | (7 << 76) | (fraction << 64) | (2 << 62) | tail)
    _put_safety(made, _UNKNOWN)
    return made
