"""What happens to a payment outside the API: the shop's checkout, the customer at the till, the bank, and the oracle.

Nothing here is asked for by Kurogo; it hears of it by notices, or reads it at night.
"""

import sqlite3
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import orjson

from apps.sandbox.stripe_money import Money
from apps.sandbox.world import World

KEY_LIVES_SECONDS = 86_400


class Till:
    """The commands of the stand-in and what its ledger says when the night begins."""

    def __init__(self, world: World, money: Money) -> None:
        self.world = world
        self.db = world.db
        self.money = money

    def command(self, name: str, args: Mapping[str, Any]) -> dict[str, Any]:
        """Raises LookupError for a name that is none of them."""
        return _COMMANDS[name](self, args)

    def checkout(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """A shop's checkout: {order_number, amount_minor, currency, method: card|konbini, outcome?: paid|expire}.

        A card is authorised for a later capture, a konbini slip is issued. Answers payment, status, amount_minor,
        currency as the intent carries them, which the plan may have made other than what was asked.
        """
        amount, currency, oddity = self._odd(args)
        number, method = str(args["order_number"]), args["method"]
        if method not in ("card", "konbini") or amount <= 0:
            raise ValueError(f"no checkout for {amount} by {method}")
        row = self.money.new_intent(
            number=number, amount=amount, currency=currency, method=method, metadata={"order_number": number},
            capture_method="manual" if method == "card" else "automatic", oddity=oddity,
        )  # fmt: skip
        if method == "card":
            row = self.money.authorise(row)
        else:
            row = self.money.issue_voucher(row, days=int(args.get("days", 3)), outcome=args.get("outcome", ""))
        return {"payment": row["id"], "status": row["status"], "amount_minor": amount, "currency": currency}

    def _odd(self, args: Mapping[str, Any]) -> tuple[int, str, str]:
        """Amount and currency of a checkout's intent, and what is odd about them. Never odd and lost at once."""
        amount, currency = int(args["amount_minor"]), str(args["currency"]).lower()
        number = str(args["order_number"])
        id = self.world.ident("pi_", number, 0)
        plan = self.world.plan
        if amount <= 1 or plan.hits("lost", f"stripe:payment:{id}"):
            return amount, currency, ""
        if plan.hits("wrong_amount", id):
            return amount - max(1, int(amount * plan.number("how_wrong", id) / 2)), currency, "amount"
        if args["method"] == "card" and plan.hits("wrong_currency", id):
            return amount, "eur" if currency == "usd" else "usd", "currency"
        return amount, currency, ""

    def pay_voucher(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{payment}: the customer pays at the till; nothing happens to a slip that is no longer open."""
        row = self.money.intent(args["payment"])
        if row["status"] == "requires_action":
            row = self.money.receive(row, row["amount"], charged_at=self.money.seconds())
        return {"payment": row["id"], "status": row["status"]}

    def expire_voucher(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{payment}: nobody paid in time. As at Stripe the intent asks for another method, it is not cancelled."""
        row = self.money.intent(args["payment"])
        if row["status"] == "requires_action":
            row = self.money.change(
                row, "payment_intent.payment_failed", status="requires_payment_method",
                error="payment_intent_payment_attempt_expired",
            )  # fmt: skip
            self.world.log("expired", payment=row["id"], order=row["number"])
        return {"payment": row["id"], "status": row["status"]}

    def pay_card(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{payment}: the customer enters a card for an intent that was asked for by API."""
        row = self.money.intent(args["payment"])
        if row["status"] == "requires_payment_method" and row["method"] == "card":
            row = self.money.authorise(row)
        return {"payment": row["id"], "status": row["status"]}

    def settle_refund(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{refund, status?: succeeded|failed}: what the customer's bank made of it."""
        row = self.money.settle_refund(args["refund"], status=args.get("status", "succeeded"))
        return {"refund": row["id"], "status": row["status"]}

    def settle_day(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{day: YYYY-MM-DD}: the payouts of that day are made; keys older than a day are forgotten."""
        self.db.execute("DELETE FROM stripe_key WHERE at < ?", (self.money.seconds() - KEY_LIVES_SECONDS,))
        return {"payouts": self.money.settle_day(date.fromisoformat(args["day"]))}

    def arrive(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{payout}: it is at the bank."""
        self.money.arrive(args["payout"])
        return {"payout": args["payout"]}

    def planted(self) -> dict[str, list[str]]:
        """What this ledger sees unhealed now: each thing on the first night it can be seen, and never again.

        payment_status: states that Kurogo was never told; payment_amount: intents of another amount or currency than
        their order's that Kurogo has heard of; payout_sum: payouts whose list of lines leaves one out.
        """
        status = [f"payment:{row['id']}" for row in self._untold()]
        self.db.execute(
            "UPDATE stripe_intent SET named = version WHERE id IN (SELECT substr(value, 9) FROM json_each(?))",
            (orjson.dumps(status).decode(),),
        )
        odd = self.db.execute("SELECT * FROM stripe_intent WHERE oddity != '' AND is_odd_named = 0").fetchall()
        amount = [row["id"] for row in odd if row["seen"] or self._was_told(row, since=0)]
        self.db.executemany("UPDATE stripe_intent SET is_odd_named = 1 WHERE id = ?", [(id,) for id in amount])
        short = self.db.execute(
            "UPDATE stripe_payout SET is_named = 1 WHERE left_out IS NOT NULL AND is_named = 0 RETURNING id"
        ).fetchall()
        return {
            "payment_status": status,
            "payment_amount": [f"payment:{id}" for id in amount],
            "payout_sum": [f"payout:{row['id']}" for row in short],
        }

    def _untold(self) -> list[sqlite3.Row]:
        unseen = self.db.execute(
            "SELECT * FROM stripe_intent INDEXED BY stripe_intent_unseen WHERE seen < version ORDER BY seq"
        ).fetchall()
        told = [row for row in unseen if self._was_told(row, since=row["changed_at"])]
        self.db.executemany("UPDATE stripe_intent SET seen = version WHERE id = ?", [(row["id"],) for row in told])
        known = {row["id"] for row in told}
        return [row for row in unseen if row["id"] not in known and row["named"] < row["version"]]

    def _was_told(self, row: sqlite3.Row, *, since: int) -> bool:
        """Whether a notice of the intent was taken since."""
        heard = self.db.execute(
            "SELECT 1 FROM notice WHERE thing = ? AND at >= ? AND hook = 'stripe' AND state = 'sent'"
            " AND status BETWEEN 200 AND 299 LIMIT 1",
            (f"payment:{row['id']}", since),
        ).fetchone()
        return heard is not None


_COMMANDS: dict[str, Callable[[Till, Mapping[str, Any]], dict[str, Any]]] = {
    "checkout": Till.checkout,
    "pay_voucher": Till.pay_voucher,
    "expire_voucher": Till.expire_voucher,
    "pay_card": Till.pay_card,
    "settle_refund": Till.settle_refund,
    "settle_day": Till.settle_day,
    "arrive": Till.arrive,
}
