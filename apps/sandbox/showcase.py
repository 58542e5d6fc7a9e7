"""What every stand-in channel shows, sells and refuses, in one table: the shop window's own ledger.

A shop that honours what it shows sells no more than that, and what it had to refuse is a sale lost; another sells
regardless and may show less than nothing. A number that was set takes effect when the channel gets round to it.
Drift is what neither a push nor a sale explains: shown ≠ base - sold.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import msgspec

from apps.core import money
from apps.sandbox.words import Article, Sale
from apps.sandbox.world import World, micros

SCHEMA = """
CREATE TABLE IF NOT EXISTS showcase (
    channel TEXT NOT NULL, sku TEXT NOT NULL, card BLOB NOT NULL, shown INTEGER NOT NULL, base INTEGER NOT NULL,
    sold INTEGER NOT NULL DEFAULT 0, is_named INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (channel, sku)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS showcase_drifted ON showcase (channel) WHERE shown != base - sold AND NOT is_named;
CREATE TABLE IF NOT EXISTS showcase_coming (
    seq INTEGER PRIMARY KEY, channel TEXT NOT NULL, sku TEXT NOT NULL, at INTEGER NOT NULL, quantity INTEGER NOT NULL,
    is_relative INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS showcase_coming_at ON showcase_coming (channel, at);
"""


@dataclass(frozen=True, slots=True)
class Unset:
    """A number that was not set. `shown` is what the channel shows instead of what was expected; None: not listed."""

    sku: str
    shown: int | None


class Showcase:
    """One channel's numbers. `edits` names its kind of console edits in the plan."""

    def __init__(self, world: World, channel: str, *, edits: str = "edited") -> None:
        self.world = world
        self.db = world.db
        self.channel = channel
        self.edits = edits

    def list_all(self, articles: list[Article]) -> int:
        """Put articles in, each with what it shows at the start; one that is there keeps its number."""
        self.db.executemany(
            "INSERT INTO showcase (channel, sku, card, shown, base) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (channel, sku) DO UPDATE SET card = excluded.card",
            [(self.channel, one.sku, msgspec.json.encode(one), one.shown, one.shown) for one in articles],
        )
        return len(articles)

    def articles(self, skus: Sequence[str] | None = None) -> list[tuple[Article, int]]:
        """Everything listed, or what of it is meant, with what it shows now."""
        self.take_effect()
        rows = self.db.execute(
            "SELECT card, shown FROM showcase WHERE channel = :channel"
            " AND (:skus IS NULL OR sku IN (SELECT value FROM json_each(:skus))) ORDER BY sku",
            {"channel": self.channel, "skus": None if skus is None else msgspec.json.encode(skus).decode()},
        )
        return [(msgspec.json.decode(row["card"], type=Article), row["shown"]) for row in rows]

    def shown(self) -> dict[str, int]:
        """What it shows, by SKU."""
        return {row["sku"]: row["shown"] for row in self._rows("SELECT * FROM showcase WHERE channel = ? ORDER BY sku")}

    def shows(self, sku: str) -> int | None:
        """What it shows of one article; None where it lists none."""
        self.take_effect()
        row = self.db.execute(
            "SELECT shown FROM showcase WHERE channel = ? AND sku = ?", (self.channel, sku)
        ).fetchone()
        return row["shown"] if row else None

    # Selling

    def sell(self, sale: Sale) -> Sale | None:
        """Lower what is shown and hand back what was sold: everything, or in a shop that honours what it shows no more
        than that; None where nothing is left of the sale. Sold and refused units go to the dispatch log.
        """
        self.take_effect()
        made, refused = sale, {}
        if self.world.is_honest:
            made, refused = self._within(sale)
        units = made.units() if made else {}
        self.db.executemany(
            "UPDATE showcase SET shown = shown - ?, sold = sold + ? WHERE channel = ? AND sku = ?",
            [(count, count, self.channel, sku) for sku, count in units.items()],
        )
        if self.world.is_honest:
            self.world.log("sold", channel=self.channel, number=sale.number, at=sale.at, units=units, refused=refused)
        return made

    def _within(self, sale: Sale) -> tuple[Sale | None, dict[str, int]]:
        left: dict[str, int] = {}
        refused: dict[str, int] = {}
        lines, less = [], 0
        for line in sale.lines:
            if line.kind != "item":
                lines.append(line)
                continue
            if line.sku not in left:
                left[line.sku] = max(0, self.shows(line.sku) or 0)
            count = min(line.quantity, left[line.sku])
            left[line.sku] -= count
            if count < line.quantity:
                refused[line.sku] = refused.get(line.sku, 0) + line.quantity - count
                less += money.to_minor(line.unit_price * line.quantity, sale.currency)
                less -= money.to_minor(line.unit_price * count, sale.currency)
            if count:
                lines.append(msgspec.structs.replace(line, quantity=count))
        if not refused:
            return sale, {}
        if not any(line.kind == "item" for line in lines):
            return None, refused
        total = sale.total_minor - less
        payment = sale.payment if total > 0 else "free"
        return msgspec.structs.replace(sale, lines=tuple(lines), total_minor=total, payment=payment), refused

    def give_back(self, units: Mapping[str, int]) -> None:
        """The channel itself shows units of a cancelled order again."""
        self.db.executemany(
            "UPDATE showcase SET shown = shown + ?, sold = sold - ? WHERE channel = ? AND sku = ?",
            [(count, count, self.channel, sku) for sku, count in units.items()],
        )

    # Being told

    def put(
        self, numbers: Iterable[tuple[str, int]], *, expected: Mapping[str, int | None] | None = None,
        lag: timedelta = timedelta(0),
    ) -> list[Unset]:  # fmt: skip
        """Show these numbers, from `lag` on. With `expected`, a number that is shown otherwise (or not as expected) stays;
        answers what was not set.
        """
        self.take_effect()
        unset, set_now = [], []
        for sku, quantity in numbers:
            row = self.db.execute(
                "SELECT shown FROM showcase WHERE channel = ? AND sku = ?", (self.channel, sku)
            ).fetchone()
            wanted = expected.get(sku) if expected else None
            if row is None or wanted not in (None, row["shown"]):
                unset.append(Unset(sku, row["shown"] if row else None))
            else:
                set_now.append((sku, quantity))
        self._write(set_now, lag, is_relative=False)
        return unset

    def add(self, changes: Iterable[tuple[str, int]], *, lag: timedelta = timedelta(0)) -> list[Unset]:
        """Show so many more or fewer (signed), from `lag` on; answers what is not listed."""
        self.take_effect()
        changes = list(changes)
        unset = [Unset(sku, None) for sku, _ in changes if self.shows(sku) is None]
        unlisted = {one.sku for one in unset}
        self._write([one for one in changes if one[0] not in unlisted], lag, is_relative=True)
        return unset

    def _write(self, numbers: list[tuple[str, int]], lag: timedelta, *, is_relative: bool) -> None:
        if lag:
            at = micros(self.world.now() + lag)
            self.db.executemany(
                "INSERT INTO showcase_coming (channel, sku, at, quantity, is_relative) VALUES (?, ?, ?, ?, ?)",
                [(self.channel, sku, at, quantity, is_relative) for sku, quantity in numbers],
            )
            return
        for sku, quantity in numbers:
            self._show(sku, quantity, is_relative=is_relative)

    def _show(self, sku: str, quantity: int, *, is_relative: bool) -> None:
        words = "shown = shown + ?, base = base + ?" if is_relative else "shown = ?, base = ?, sold = 0, is_named = 0"
        row = self.db.execute(
            f"UPDATE showcase SET {words} WHERE channel = ? AND sku = ? RETURNING shown",
            (quantity, quantity, self.channel, sku),
        ).fetchone()
        if row is not None and self.world.is_honest:
            self.world.log("shown", channel=self.channel, sku=sku, shown=row["shown"])

    def take_effect(self) -> None:
        """What was set and is due now; the order of asking is the order of effect."""
        due = self.db.execute(
            "DELETE FROM showcase_coming WHERE channel = ? AND at <= ? RETURNING seq, sku, quantity, is_relative",
            (self.channel, micros(self.world.now())),
        ).fetchall()
        for row in sorted(due, key=lambda row: row["seq"]):
            self._show(row["sku"], row["quantity"], is_relative=bool(row["is_relative"]))

    # The console, and what a night finds

    def edit(self, sku: str, delta: int) -> int:
        """Somebody changes the number in the channel's console. Raises LookupError."""
        self.take_effect()
        row = self.db.execute(
            "UPDATE showcase SET shown = shown + ?, is_named = 0 WHERE channel = ? AND sku = ? RETURNING shown",
            (delta, self.channel, sku),
        ).fetchone()
        if row is None:
            raise LookupError(f"{self.channel} lists no {sku}")
        return int(row["shown"])

    def edit_by_plan(self, night: date) -> list[str]:
        """The console edits of a night, by plan; a shop whose numbers are trusted for what they show is left alone."""
        plan = self.world.plan
        if plan.is_calm or self.world.is_honest:
            return []
        hit = [sku for sku in self.shown() if plan.hits(self.edits, f"{night}:{sku}")]
        for sku in hit:
            size = 1 + int(plan.number(f"{self.edits}_by", f"{night}:{sku}") * 9)
            self.edit(sku, size if plan.number(f"{self.edits}_up", f"{night}:{sku}") < 0.5 else -size)
        return hit

    def drifted(self) -> list[str]:
        """SKUs that show what nobody set and nobody bought; each is named on the first night that sees it."""
        self.take_effect()
        rows = self.db.execute(
            "UPDATE showcase SET is_named = 1 WHERE channel = ? AND shown != base - sold AND NOT is_named RETURNING sku",
            (self.channel,),
        ).fetchall()
        return sorted(row["sku"] for row in rows)

    def _rows(self, words: str) -> list[sqlite3.Row]:
        self.take_effect()
        return self.db.execute(words, (self.channel,)).fetchall()
