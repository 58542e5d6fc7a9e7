"""The only place that tells the time.

Business time (`now`) dates orders, postings, nights and, in a rehearsal, retries; a rehearsal drives it through a file of
eight bytes that every process maps. Wall time (`wall`) is for signatures, tokens and leases and is never driven.
"""

import mmap
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from django.conf import settings

from apps.core import place

_MICROSECONDS = struct.Struct("<q")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_held: ContextVar[datetime | None] = ContextVar("_held", default=None)


def now() -> datetime:
    """Business time, aware, in UTC."""
    held = _held.get()
    if held is not None:
        return held
    driven = _mapped(settings.CLOCK_FILE)
    if driven is None:
        return datetime.now(UTC)
    return _EPOCH + timedelta(microseconds=_MICROSECONDS.unpack_from(driven)[0])


@contextmanager
def one_moment() -> Iterator[datetime]:
    """Inside, business time stands still: what one story writes, on shelves and in the book, is of one moment and one day."""
    moment = now()
    token = _held.set(moment)
    try:
        yield moment
    finally:
        _held.reset(token)


def wall() -> datetime:
    """Real time, aware, in UTC."""
    return datetime.now(UTC)


def is_driven() -> bool:
    """Whether business time stands still between the steps of a rehearsal."""
    return bool(settings.CLOCK_FILE)


def shop_zone() -> ZoneInfo:
    """The time zone in which the shop's days and nights are counted."""
    return ZoneInfo(place.time_zone())


def business_date(at: datetime | None = None) -> date:
    """The shop's calendar day of a moment (default: now)."""
    return (at or now()).astimezone(shop_zone()).date()


class Drive:
    """The driver's end of a clock file; only a rehearsal, the demo's prologue and tests hold one."""

    def __init__(self, path: Path, start: datetime) -> None:
        self.path = path
        path.write_bytes(_MICROSECONDS.pack(_micros(start)))
        self._map = _open(str(path), write=True)

    def set(self, moment: datetime) -> None:
        """Move business time forward; going back is an error of the driver."""
        if moment < self.now():
            raise ValueError(f"business time cannot go back from {self.now()} to {moment}")
        _MICROSECONDS.pack_into(self._map, 0, _micros(moment))

    def now(self) -> datetime:
        """Where business time stands."""
        return _EPOCH + timedelta(microseconds=_MICROSECONDS.unpack_from(self._map)[0])


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


@lru_cache(maxsize=4)
def _mapped(path: str) -> mmap.mmap | None:
    return _open(path, write=False) if path else None


def _open(path: str, *, write: bool) -> mmap.mmap:
    with open(path, "r+b" if write else "rb") as file:
        return mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_WRITE if write else mmap.ACCESS_READ)
