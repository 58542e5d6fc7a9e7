"""Asking every vendor of a night's leg: one that fails for a moment is asked again later, and only then called stale.

Who has been asked stands in the run, so that a crash or a second try asks nobody twice; others do not wait for a failing one
within a leg.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from apps.core import clock
from apps.hub import connections, errors
from apps.hub.models import Connection, JobRun
from apps.reconciliation import services as reconciliation
from apps.reconciliation.models import Statement

_WAITS = (timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10), timedelta(minutes=20))


class Again(Exception):
    """Somebody has to be asked again, not before `at`."""

    def __init__(self, at: datetime) -> None:
        super().__init__(f"again at {at:%H:%M:%S}")
        self.at = at


def ask_all(run: JobRun, leg: str, whom: Iterable[Connection], ask: Callable[[Connection], None]) -> None:
    """Ask each connection once with success, or until it has failed too often: then its statement says stale.

    Raises `Again` while somebody is to be asked once more.
    """
    asked: list[str] = run.progress.setdefault("asked", {}).setdefault(leg, [])
    tries: dict[str, int] = run.progress.setdefault("asked_in_vain", {})
    again: list[datetime] = []
    for connection in whom:
        key = str(connection.id)
        if key in asked:
            continue
        try:
            ask(connection)
        except errors.VendorError as error:
            connections.failed(connection.id, str(error), reconnect=isinstance(error, errors.Misconfigured))
            failed = tries[f"{leg}:{key}"] = tries.get(f"{leg}:{key}", 0) + 1
            if isinstance(error, errors.Transient) and failed <= len(_WAITS):
                again.append(clock.now() + max(_WAITS[failed - 1], _asked_to_wait(error)))
                continue
            _stale(connection, leg, run.period, error)
        asked.append(key)
        run.save(update_fields=["progress"])
    if again:
        raise Again(min(again))


def _asked_to_wait(error: errors.Transient) -> timedelta:
    seconds = error.retry_after if isinstance(error, errors.RateLimited) else None
    return timedelta(seconds=seconds or 0)


def _stale(connection: Connection, leg: str, period: str, error: Exception) -> None:
    reconciliation.keep_statement(
        connection, leg, period, verdict=Statement.Verdict.STALE, detail={"reason": str(error)}
    )
