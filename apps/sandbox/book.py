"""A stand-in channel's book of orders: what was sold, what became of it, who was told and who asked.

Times count whole seconds, as the vendors' do, and `updated` rises with every change. An order may be told, and listed, later
than it was sold: then its `updated` is of the past when it is first seen. What is lost until night is in no list.
"""

import sqlite3
from datetime import datetime

import msgspec

from apps.sandbox.words import Sale
from apps.sandbox.world import World

SCHEMA = """
CREATE TABLE IF NOT EXISTS book (
    channel TEXT NOT NULL, id NOT NULL, number TEXT NOT NULL, placed INTEGER NOT NULL, came INTEGER NOT NULL,
    visible INTEGER NOT NULL, updated INTEGER NOT NULL, cancelled INTEGER, is_forgotten INTEGER NOT NULL DEFAULT 0,
    is_served INTEGER NOT NULL DEFAULT 0, is_heard INTEGER NOT NULL DEFAULT 0, is_weighed INTEGER NOT NULL DEFAULT 0,
    is_named INTEGER NOT NULL DEFAULT 0, sale BLOB NOT NULL, PRIMARY KEY (channel, id), UNIQUE (channel, number));
CREATE INDEX IF NOT EXISTS book_updated ON book (channel, updated, id);
CREATE INDEX IF NOT EXISTS book_unweighed ON book (channel, id) WHERE is_weighed = 0;
CREATE INDEX IF NOT EXISTS book_unheard ON book (channel, id) WHERE is_heard = 0;
CREATE INDEX IF NOT EXISTS book_forgotten ON book (channel, id) WHERE is_forgotten;
"""
_CHANGED = """
SELECT * FROM book b WHERE channel = :channel AND (updated, id) > (:updated, :id) AND updated < :until
AND visible <= max(:now, updated)
AND NOT is_forgotten AND NOT EXISTS (
    SELECT 1 FROM lost l WHERE l.standin = :channel AND l.thing = 'order:' || b.number AND l.until IS NULL)
ORDER BY updated, id LIMIT :limit"""
_TAKEN = """
SELECT 1 FROM notice WHERE thing = ? AND hook = ? AND state = 'sent' AND status BETWEEN 200 AND 299 LIMIT 1"""


class Book:
    """One channel's orders. `forgets` names its kind of forgotten orders in the plan."""

    def __init__(self, world: World, channel: str, *, forgets: str = "forgotten") -> None:
        self.world = world
        self.db = world.db
        self.channel = channel
        self.forgets = forgets

    def now(self) -> int:
        """Business time in whole seconds."""
        return int(self.world.now().timestamp())

    def by_id(self, id: int | str) -> sqlite3.Row | None:
        """One order."""
        return self._one("SELECT * FROM book WHERE channel = ? AND id = ?", id)

    def by_number(self, number: str) -> sqlite3.Row | None:
        """One order by its number."""
        return self._one("SELECT * FROM book WHERE channel = ? AND number = ?", number)

    def known(self, number: str) -> sqlite3.Row:
        """One order by its number. Raises LookupError."""
        row = self.by_number(number)
        if row is None:
            raise LookupError(f"{self.channel} has no order {number}")
        return row

    def _one(self, words: str, key: int | str) -> sqlite3.Row | None:
        found: sqlite3.Row | None = self.db.execute(words, (self.channel, key)).fetchone()
        return found

    def place(self, id: int | str, sale: Sale) -> sqlite3.Row:
        """Write a sale down. It changed when it came in, which is not before now: no list may miss it for being late;
        a channel that lags shows it only then."""
        placed = int(datetime.fromisoformat(sale.at).timestamp())
        came = max(placed, self.now())
        visible = came + int(self.world.lag("order_lag", f"{self.channel}:{sale.number}").total_seconds())
        row: sqlite3.Row = self.db.execute(
            "INSERT INTO book (channel, id, number, placed, came, visible, updated, sale)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING *",
            (self.channel, id, sale.number, placed, came, visible, came, msgspec.json.encode(sale)),
        ).fetchone()
        return row

    def touch(self, id: int | str, *, is_cancelled: bool = False) -> sqlite3.Row:
        """Something of the order has changed."""
        row: sqlite3.Row = self.db.execute(
            "UPDATE book SET updated = max(updated + 1, ?), cancelled = coalesce(cancelled, ?)"
            " WHERE channel = ? AND id = ? RETURNING *",
            (self.now(), self.now() if is_cancelled else None, self.channel, id),
        ).fetchone()
        return row

    def forget(self, id: int | str) -> None:
        """The channel knows the order no longer."""
        self.db.execute(
            "UPDATE book SET is_forgotten = 1, is_weighed = 1 WHERE channel = ? AND id = ?", (self.channel, id)
        )

    def serve(self, id: int | str) -> None:
        """Whoever asks for it by any query knows from then on that it exists."""
        self.db.execute(
            "UPDATE book SET is_served = 1 WHERE channel = ? AND id = ? AND is_served = 0", (self.channel, id)
        )

    def changed(
        self, *, since: int, until: int, limit: int, after: tuple[int, int | str] | None = None
    ) -> tuple[list[sqlite3.Row], bool]:
        """Orders changed in [since, until) in whole seconds, by (updated, id), behind `after`; and whether more follow."""
        updated, id = after or (since, -1)
        rows = self.db.execute(
            _CHANGED,
            {
                "channel": self.channel, "updated": updated, "id": id, "until": until, "now": self.now(),
                "limit": limit + 1,
            },
        ).fetchall()  # fmt: skip
        return rows[:limit], len(rows) > limit

    # What a night finds

    def missing_here(self) -> list[str]:
        """Orders that were never told and never served, each on its first night."""
        self._hear()
        rows = self.db.execute(
            "UPDATE book SET is_named = 1 WHERE channel = ? AND is_weighed = 0 AND is_heard = 0 AND is_served = 0"
            " AND is_named = 0 AND placed <= ? RETURNING number",
            (self.channel, self.now()),
        ).fetchall()
        return sorted(row["number"] for row in rows)

    def missing_there(self) -> list[str]:
        """Announced orders that the channel has forgotten: those it was told to, those of the day that the plan hits."""
        self._hear()
        rows = self.db.execute(
            "UPDATE book SET is_weighed = 1 WHERE channel = ? AND is_weighed = 0 AND (is_heard = 1 OR is_served = 1)"
            " AND placed <= ? RETURNING id, number",
            (self.channel, self.now()),
        ).fetchall()
        for row in rows:
            if self.world.plan.hits(self.forgets, row["number"]):
                self.forget(row["id"])
        gone = self.db.execute(
            "UPDATE book SET is_named = 1 WHERE channel = ? AND is_forgotten AND (is_heard OR is_served) AND NOT is_named"
            " RETURNING number",
            (self.channel,),
        ).fetchall()
        return sorted(row["number"] for row in gone)

    def _hear(self) -> None:
        """Note which orders were announced: a notice of theirs was taken."""
        rows = self.db.execute(
            "SELECT id, number FROM book WHERE channel = ? AND is_heard = 0 AND (is_weighed = 0 OR is_forgotten)",
            (self.channel,),
        ).fetchall()
        taken = [
            row["id"] for row in rows if self.db.execute(_TAKEN, (f"order:{row['number']}", self.channel)).fetchone()
        ]
        self.db.executemany(
            "UPDATE book SET is_heard = 1 WHERE channel = ? AND id = ?", [(self.channel, id) for id in taken]
        )


def sale_of(row: sqlite3.Row) -> Sale:
    """The sale as it was placed."""
    return msgspec.json.decode(row["sale"], type=Sale)
