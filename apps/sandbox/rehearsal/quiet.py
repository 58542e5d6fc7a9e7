"""Whether the product has anything left to do now, and when its next thing falls due: read from its rows alone.

A database that does not answer (a chaos test kills it) is waited for; the answer is then as good as before.
"""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

PATIENCE_SECONDS = 90.0
# A notice that only hints at a thing waits until that was fetched (apps/hub/hints.py).
_HINTS = """hub_inboxevent e JOIN hub_connection c ON c.id = e.connection_id
     WHERE e.status = 'waiting' AND starts_with(e.waits_for, 'fetch:') AND c.status = 'active'
       AND NOT c.paused_abilities ? 'orders'"""
_DUE = f"""
SELECT
  (SELECT count(*) FROM hub_inboxevent WHERE status = 'new' AND due_at <= %(now)s)
    + (SELECT count(*) FROM {_HINTS} AND greatest(e.due_at, c.held_until) <= %(now)s),
  (SELECT count(*) FROM hub_outboxfact WHERE announced_at IS NULL),
  (SELECT count(*) FROM hub_delivery d JOIN hub_connection c ON c.id = d.connection_id
     WHERE d.status IN ('due', 'unknown') AND d.due_at <= %(now)s AND c.status = 'active'
       AND (c.held_until IS NULL OR c.held_until <= %(now)s)),
  (SELECT count(*) FROM hub_connection c WHERE c.status = 'active'
     AND EXISTS (SELECT 1 FROM channels_listing l
                 WHERE l.connection_id = c.id AND l.is_dirty AND l.variant_id IS NOT NULL)
     AND NOT EXISTS (SELECT 1 FROM hub_delivery d WHERE d.connection_id = c.id AND d.operation = 'stock.set'
                     AND d.status IN ('due', 'unknown', 'waiting'))),
  (SELECT count(*) FROM hub_jobrun WHERE finished_at IS NULL AND due_at <= %(now)s)
"""
_NEXT = f"""
SELECT least(
  (SELECT min(due_at) FROM hub_inboxevent WHERE status = 'new' AND due_at > %(now)s),
  (SELECT min(greatest(e.due_at, c.held_until)) FROM {_HINTS} AND greatest(e.due_at, c.held_until) > %(now)s),
  (SELECT min(greatest(d.due_at, coalesce(c.held_until, d.due_at)))
     FROM hub_delivery d JOIN hub_connection c ON c.id = d.connection_id
     WHERE d.status IN ('due', 'unknown') AND c.status = 'active'
       AND greatest(d.due_at, coalesce(c.held_until, d.due_at)) > %(now)s),
  (SELECT min(due_at) FROM hub_jobrun WHERE finished_at IS NULL AND due_at > %(now)s))
"""
_STUCK = """
SELECT 'event ' || topic || ' ' || subject || ' tries ' || attempts || ' ' || reason FROM hub_inboxevent
  WHERE (status = 'new' OR starts_with(waits_for, 'fetch:')) AND due_at <= %(now)s
UNION ALL SELECT 'delivery ' || operation || ' ' || status || ' tries ' || attempts || ' ' || reason FROM hub_delivery
  WHERE status IN ('due', 'unknown') AND due_at <= %(now)s
UNION ALL SELECT 'job ' || job || ' ' || period || ' ' || error FROM hub_jobrun
  WHERE finished_at IS NULL AND due_at <= %(now)s
UNION ALL SELECT 'fact ' || topic FROM hub_outboxfact WHERE announced_at IS NULL LIMIT 12
"""


@dataclass(frozen=True, slots=True)
class Due:
    """Rows that are due now."""

    events: int
    facts: int
    deliveries: int
    pushes: int
    jobs: int

    @property
    def is_quiet(self) -> bool:
        """Nothing at all."""
        return not (self.events or self.facts or self.deliveries or self.pushes or self.jobs)


class Rows:
    """The rehearsal's own view of the product's database."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._db: psycopg.Connection[Any] | None = None

    def due(self, now: datetime) -> Due:
        """What is due now."""
        return Due(*self.query(_DUE, now=now)[0])

    def next_due(self, now: datetime) -> datetime | None:
        """When the next row falls due after now."""
        moment: datetime | None = self.query(_NEXT, now=now)[0][0]
        return moment

    def is_run(self, job: str, period: str, now: datetime) -> bool:
        """Whether the run of a job for a period has finished, or has put itself off because a vendor did not answer."""
        rows = self.query(
            "SELECT 1 FROM hub_jobrun WHERE job = %(job)s AND period = %(period)s"
            " AND (finished_at IS NOT NULL OR due_at > %(now)s)",
            job=job,
            period=period,
            now=now,
        )
        return bool(rows)

    def put_off(self, now: datetime) -> datetime | None:
        """When the first of the runs that were put off wants to go on."""
        moment: datetime | None = self.query(
            "SELECT min(due_at) FROM hub_jobrun WHERE finished_at IS NULL AND due_at > %(now)s", now=now
        )[0][0]
        return moment

    def stuck(self, now: datetime) -> list[str]:
        """For a message: what does not get done."""
        return [str(row[0])[:200] for row in self.query(_STUCK, now=now)]

    def query(self, words: str, **values: Any) -> list[tuple[Any, ...]]:
        """All rows of a query, asked again over a new connection while the database is away."""
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                if self._db is None or self._db.closed:
                    self._db = psycopg.connect(self.url, autocommit=True, connect_timeout=5)
                return self._db.execute(words, values or None).fetchall()
            except psycopg.OperationalError:
                self.close()
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)

    def close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None
