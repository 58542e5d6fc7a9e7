"""The stand-in's ledger: intents, refunds, the lines of its balance and the payouts they go into.

Every change of an intent raises its version; what Kurogo has been shown of it is kept beside it, so that the oracle can
say which changes nobody was ever told. A payout's lines sum to the payout; only the list of them may leave one out.
"""

import json
import sqlite3
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

import orjson

from apps.sandbox import stripe_objects as objects
from apps.sandbox.stripe_wire import Refusal, no_such
from apps.sandbox.world import World, micros

SCHEMA = """
CREATE TABLE IF NOT EXISTS stripe_intent (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, number TEXT NOT NULL, amount INTEGER NOT NULL,
    currency TEXT NOT NULL, status TEXT NOT NULL, method TEXT NOT NULL, capture_method TEXT NOT NULL,
    capturable INTEGER NOT NULL DEFAULT 0, received INTEGER NOT NULL DEFAULT 0, refunded INTEGER NOT NULL DEFAULT 0,
    created INTEGER NOT NULL, charged_at INTEGER, canceled_at INTEGER, expires_at INTEGER, metadata TEXT NOT NULL,
    description TEXT, error TEXT NOT NULL DEFAULT '', version INTEGER NOT NULL DEFAULT 1, changed_at INTEGER NOT NULL,
    seen INTEGER NOT NULL DEFAULT 0, named INTEGER NOT NULL DEFAULT 0, oddity TEXT NOT NULL DEFAULT '',
    is_odd_named INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS stripe_intent_created ON stripe_intent (created);
CREATE INDEX IF NOT EXISTS stripe_intent_number ON stripe_intent (number);
CREATE INDEX IF NOT EXISTS stripe_intent_unseen ON stripe_intent (seq) WHERE seen < version;
CREATE INDEX IF NOT EXISTS stripe_intent_odd ON stripe_intent (seq) WHERE oddity != '' AND is_odd_named = 0;
CREATE TABLE IF NOT EXISTS stripe_refund (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, intent TEXT NOT NULL, amount INTEGER NOT NULL,
    currency TEXT NOT NULL, status TEXT NOT NULL, reason TEXT, metadata TEXT NOT NULL, line TEXT NOT NULL,
    created INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS stripe_refund_intent ON stripe_refund (intent);
CREATE INDEX IF NOT EXISTS stripe_refund_created ON stripe_refund (created);
CREATE TABLE IF NOT EXISTS stripe_line (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, source TEXT NOT NULL, type TEXT NOT NULL, category TEXT NOT NULL,
    amount INTEGER NOT NULL, fee INTEGER NOT NULL, currency TEXT NOT NULL, created INTEGER NOT NULL, payout TEXT);
CREATE INDEX IF NOT EXISTS stripe_line_payout ON stripe_line (payout, seq);
CREATE INDEX IF NOT EXISTS stripe_line_source ON stripe_line (source);
CREATE TABLE IF NOT EXISTS stripe_payout (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, amount INTEGER NOT NULL, currency TEXT NOT NULL,
    status TEXT NOT NULL, created INTEGER NOT NULL, arrival INTEGER NOT NULL, line TEXT NOT NULL, left_out TEXT,
    is_named INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS stripe_payout_created ON stripe_payout (created);
CREATE TABLE IF NOT EXISTS stripe_event (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, created INTEGER NOT NULL, type TEXT NOT NULL, thing TEXT NOT NULL,
    body BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS stripe_event_created ON stripe_event (created);
"""
FAULTS = {"wrong_amount": 0.006, "wrong_currency": 0.001, "missing_line": 0.25}
EFFECTS = {
    "payment.request": "SELECT json_extract(metadata, '$.order_number'), count(*) FROM stripe_intent"
    " WHERE json_extract(metadata, '$.order_number') IS NOT NULL GROUP BY 1",
    "payment.capture": "SELECT 'pi_' || substr(source, 4), count(*) FROM stripe_line WHERE category = 'charge' GROUP BY source",
    "payment.refund": "SELECT json_extract(metadata, '$.reference'), count(*) FROM stripe_refund"
    " WHERE json_extract(metadata, '$.reference') IS NOT NULL GROUP BY 1",
}
VOUCHERS_PAID = 0.85
FEE_PER_MILLE = 36
REFUND_TO_BANK = timedelta(hours=26)  # a konbini refund waits for the customer's bank account
JAPAN = timezone(timedelta(hours=9))
ARRIVES_AT = time(9, 0, tzinfo=JAPAN)
_SATURDAY = 5


class Money:
    """Changes to the ledger; each tells its hook what Stripe would tell."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.db = world.db

    def seconds(self) -> int:
        """Business time as Stripe writes it."""
        return int(self.world.now().timestamp())

    # Intents

    def intent(self, id: str) -> sqlite3.Row:
        """One intent. Refused with 404 when there is none."""
        row = self.db.execute("SELECT * FROM stripe_intent WHERE id = ?", (id,)).fetchone()
        if row is None:
            raise no_such("payment_intent", id)
        return row

    def new_intent(
        self, *, number: str, amount: int, currency: str, method: str, capture_method: str, metadata: Mapping[str, Any],
        description: str | None = None, oddity: str = "",
    ) -> sqlite3.Row:  # fmt: skip
        """An intent that waits for its payment method. Its id depends on the order and on how many it had before."""
        before = self.db.execute("SELECT count(*) FROM stripe_intent WHERE number = ?", (number,)).fetchone()[0]
        id = self.world.ident("pi_", number, before)
        self.db.execute(
            "INSERT INTO stripe_intent (id, number, amount, currency, status, method, capture_method, created,"
            " metadata, description, changed_at, oddity)"
            " VALUES (?, ?, ?, ?, 'requires_payment_method', ?, ?, ?, ?, ?, ?, ?)",
            (
                id, number, amount, currency, method, capture_method, self.seconds(), json.dumps(dict(metadata)),
                description, micros(self.world.now()), oddity,
            ),
        )  # fmt: skip
        return self.intent(id)

    def change(self, row: sqlite3.Row, topic: str, *, key: str = "", **columns: Any) -> sqlite3.Row:
        """A new state of an intent, and its event."""
        named = ", ".join(f"{name} = ?" for name in columns)
        self.db.execute(
            f"UPDATE stripe_intent SET {named}, version = version + 1, changed_at = ? WHERE id = ?",
            (*columns.values(), micros(self.world.now()), row["id"]),
        )
        changed = self.intent(row["id"])
        thing = objects.intent(changed)
        self.tell(topic, thing, about=f"payment:{row['id']}", part=str(changed["version"]), key=key)
        return changed

    def mark_seen(self, row: sqlite3.Row) -> None:
        """Kurogo was shown this state in an answer."""
        if row["seen"] < row["version"]:
            self.db.execute("UPDATE stripe_intent SET seen = version WHERE id = ?", (row["id"],))

    def authorise(self, row: sqlite3.Row, *, key: str = "") -> sqlite3.Row:
        """The bank holds the amount for us, or gives it at once where capture is automatic."""
        if row["capture_method"] != "manual":
            return self.receive(row, row["amount"], key=key, charged_at=self.seconds())
        return self.change(
            row, "payment_intent.amount_capturable_updated", key=key, status="requires_capture",
            capturable=row["amount"], charged_at=self.seconds(), error="",
        )  # fmt: skip

    def receive(self, row: sqlite3.Row, amount: int, *, key: str = "", **columns: Any) -> sqlite3.Row:
        """The money is ours; the rest of an authorisation goes back. The fee is 3.6 % of what was taken, half up."""
        kind = "charge" if row["method"] == "card" else "payment"
        fee = (amount * FEE_PER_MILLE + 500) // 1000
        self.add_line(objects.charge_id(row["id"]), kind, "charge", amount, row["currency"], fee=fee)
        return self.change(
            row, "payment_intent.succeeded", key=key, status="succeeded", received=amount, capturable=0, **columns
        )

    def cancel(self, row: sqlite3.Row, *, key: str = "") -> sqlite3.Row:
        """Let it go."""
        return self.change(
            row, "payment_intent.canceled", key=key, status="canceled", canceled_at=self.seconds(), capturable=0
        )

    def issue_voucher(self, row: sqlite3.Row, *, days: int, outcome: str = "", key: str = "") -> sqlite3.Row:
        """A konbini slip, good until the end of a day in Japan. `outcome`: paid or expire; else by plan."""
        now = self.world.now()
        last_day = now.astimezone(JAPAN).date() + timedelta(days=days)
        expires = datetime.combine(last_day, time(23, 59, 59), tzinfo=JAPAN)
        number = self.world.plan.number("voucher", row["id"])
        is_paid = outcome == "paid" or (not outcome and number < VOUCHERS_PAID)
        if is_paid:
            patience = min(expires - now - timedelta(hours=1), timedelta(hours=47))
            hours = timedelta(hours=1) + patience * (number / VOUCHERS_PAID if number < VOUCHERS_PAID else number)
            self.world.later(
                "stripe", "pay_voucher", {"payment": row["id"]}, at=now + max(hours, timedelta(0)) / self.world.haste
            )
        else:
            self.world.later("stripe", "expire_voucher", {"payment": row["id"]}, at=expires)
        return self.change(
            row,
            "payment_intent.requires_action",
            key=key,
            status="requires_action",
            expires_at=int(expires.timestamp()),
        )

    # Refunds and lines

    def refund(
        self, row: sqlite3.Row, amount: int, *, reason: str | None, metadata: Mapping[str, Any], key: str
    ) -> sqlite3.Row:
        """Give back what was taken. Refused when it was not taken, or is more than is left."""
        left = row["received"] - row["refunded"]
        if row["received"] and left == 0:
            raise Refusal(400, "The charge has already been refunded.", code="charge_already_refunded", is_kept=True)
        if amount > left:
            words = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
            raise Refusal(400, words, param="amount", is_kept=True)
        count = self.db.execute("SELECT count(*) FROM stripe_refund WHERE intent = ?", (row["id"],)).fetchone()[0]
        id = self.world.ident("re_", row["id"], count)
        is_card = row["method"] == "card"
        line = self.add_line(id, "refund" if is_card else "payment_refund", "refund", -amount, row["currency"])
        self.db.execute(
            "INSERT INTO stripe_refund (id, intent, amount, currency, status, reason, metadata, line, created)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                id, row["id"], amount, row["currency"], "succeeded" if is_card else "pending", reason,
                json.dumps(dict(metadata)), line, self.seconds(),
            ),
        )  # fmt: skip
        self.db.execute("UPDATE stripe_intent SET refunded = refunded + ? WHERE id = ?", (amount, row["id"]))
        if not is_card:
            self.world.later("stripe", "settle_refund", {"refund": id}, at=self.world.now() + REFUND_TO_BANK)
        return self._tell_refund(id, "refund.created", key=key)

    def settle_refund(self, id: str, *, status: str = "succeeded") -> sqlite3.Row:
        """The bank took a refund (succeeded), or sent it back (failed): then the money is ours again."""
        row = self.refund_row(id)
        if row["status"] == status:
            return row
        self.db.execute("UPDATE stripe_refund SET status = ? WHERE id = ?", (status, id))
        if status == "failed":
            self.add_line(id, "refund_failure", "refund_failure", row["amount"], row["currency"])
            self.db.execute(
                "UPDATE stripe_intent SET refunded = refunded - ? WHERE id = ?", (row["amount"], row["intent"])
            )
        return self._tell_refund(id, "refund.failed" if status == "failed" else "refund.updated")

    def refund_row(self, id: str) -> sqlite3.Row:
        """One refund. Refused with 404 when there is none."""
        row = self.db.execute("SELECT * FROM stripe_refund WHERE id = ?", (id,)).fetchone()
        if row is None:
            raise no_such("refund", id)
        return row

    def _tell_refund(self, id: str, topic: str, *, key: str = "") -> sqlite3.Row:
        row = self.refund_row(id)
        self.tell(topic, objects.refund(row), about=f"refund:{id}", key=key)
        return row

    def add_line(self, source: str, type: str, category: str, amount: int, currency: str, *, fee: int = 0) -> str:
        """A movement on the balance; its id."""
        id = self.world.ident("txn_", source, category)
        self.db.execute(
            "INSERT INTO stripe_line (id, source, type, category, amount, fee, currency, created)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (id, source, type, category, amount, fee, currency, self.seconds()),
        )
        return id

    def taken(self, intent_id: str) -> dict[str, Any] | None:
        """The line of an intent's capture."""
        row = self.db.execute(
            "SELECT * FROM stripe_line WHERE source = ? AND category = 'charge'", (objects.charge_id(intent_id),)
        ).fetchone()
        return objects.line(row) if row else None

    # Payouts

    def settle_day(self, day: date) -> list[str]:
        """The payouts of a business day, one a currency, of every line that is in none yet; once a day."""
        if day.weekday() >= _SATURDAY:
            return []
        made = []
        for currency, net in self.open_sums().items():
            id = self.world.ident("po_", day.isoformat(), currency)
            known = self.db.execute("SELECT 1 FROM stripe_payout WHERE id = ?", (id,)).fetchone()
            if net > 0 and known is None:
                self._pay_out(id, day, currency, net)
                made.append(id)
        return made

    def open_sums(self) -> dict[str, int]:
        """Net of the lines that are in no payout, by currency."""
        rows = self.db.execute(
            "SELECT currency, sum(amount - fee) FROM stripe_line WHERE payout IS NULL GROUP BY 1 ORDER BY 1"
        )
        return dict(tuple(row) for row in rows)

    def _pay_out(self, id: str, day: date, currency: str, net: int) -> None:
        arrives = day + timedelta(days=1)
        while arrives.weekday() >= _SATURDAY:
            arrives += timedelta(days=1)
        self.db.execute("UPDATE stripe_line SET payout = ? WHERE payout IS NULL AND currency = ?", (id, currency))
        line = self.add_line(id, "payout", "payout", -net, currency)
        self.db.execute("UPDATE stripe_line SET payout = ? WHERE id = ?", (id, line))
        left_out = None
        if self.world.plan.hits("missing_line", id):
            charges = self.db.execute(
                "SELECT id FROM stripe_line WHERE payout = ? AND category = 'charge' ORDER BY seq", (id,)
            ).fetchall()
            if charges:
                left_out = charges[int(self.world.plan.number("which_line", id) * len(charges))]["id"]
        self.db.execute(
            "INSERT INTO stripe_payout (id, amount, currency, status, created, arrival, line, left_out)"
            " VALUES (?, ?, ?, 'in_transit', ?, ?, ?, ?)",
            (id, net, currency, self.seconds(), objects.midnight(arrives), line, left_out),
        )
        self._tell_payout(id, "payout.created")
        self.world.later("stripe", "arrive", {"payout": id}, at=datetime.combine(arrives, ARRIVES_AT))

    def arrive(self, id: str) -> None:
        """A payout reached the bank."""
        self.db.execute("UPDATE stripe_payout SET status = 'paid' WHERE id = ?", (id,))
        self._tell_payout(id, "payout.paid")

    def _tell_payout(self, id: str, topic: str) -> None:
        row = self.db.execute("SELECT * FROM stripe_payout WHERE id = ?", (id,)).fetchone()
        self.tell(topic, objects.payout(row), about=f"payout:{id}")

    # Events

    def tell(self, topic: str, thing: dict[str, Any], *, about: str, part: str = "", key: str = "") -> None:
        """Keep an event for the list of events, and send it as a notice."""
        id = self.world.ident("evt_", about, topic, part)
        created = self.seconds()
        body = orjson.dumps(objects.event(id, topic, thing, created=created, key=key))
        self.db.execute(
            "INSERT INTO stripe_event (id, created, type, thing, body) VALUES (?, ?, ?, ?, ?)",
            (id, created, topic, about, body),
        )
        self.world.notify("stripe", topic, body, thing=about)
