"""A stand-in for Stripe: payment intents (cards, konbini), refunds, balance lines, payouts, events and signed notices.

A key with the same request is answered as it was the first time, a failure included; with another request it is
refused. What is odd is planned by (seed, kind, the payment's or payout's id): another amount or currency than the
order's, a line that the list of a payout leaves out, all notices of a payment kept back until night.
"""

import hashlib
import hmac
import re
import sqlite3
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import orjson

from apps.core import clock
from apps.sandbox import stripe_objects as objects
from apps.sandbox import stripe_wire as wire
from apps.sandbox.stripe_money import EFFECTS, FAULTS, SCHEMA, Money
from apps.sandbox.stripe_till import Till
from apps.sandbox.stripe_wire import Refusal
from apps.sandbox.world import Answer, Ask, Notice, Standin, World

KEYS = """
CREATE TABLE IF NOT EXISTS stripe_key (
    key TEXT PRIMARY KEY, digest TEXT NOT NULL, status INTEGER NOT NULL, body BLOB NOT NULL, at INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS stripe_key_at ON stripe_key (at);
"""
KONBINI_LIMITS = range(120, 300_001)
DECLINED = "pm_card_chargeDeclined"
_ROUTE = re.compile(r"/v1/([a-z_]+)(?:/([A-Za-z0-9_]+))?(?:/([a-z_]+))?$")
_CANCELLABLE = frozenset({"requires_payment_method", "requires_confirmation", "requires_action", "requires_capture"})
_JSON = {"Content-Type": "application/json"}
Params = dict[str, Any]


class Stripe(Standin):
    """Mounted at /stripe/; its API lies below /stripe/v1/."""

    slug = "stripe"
    schema = SCHEMA + KEYS
    faults = FAULTS
    losable = ("payment:",)
    effects = EFFECTS

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.money = Money(world)
        self.till = Till(world, self.money)
        self.failures: list[bool] = []  # told by `fail_next`: does the effect of the coming write happen?

    # The API

    def handle(self, ask: Ask) -> Answer:
        """One call of the API."""
        try:
            self._check_caller(ask)
            found = _ROUTE.match(ask.path)
            route = (ask.method, found[1], bool(found[2]), found[3] or "") if found else None
            work = _ROUTES.get(route) if route else None
            if work is None or found is None:
                raise Refusal(404, f"Unrecognized request URL ({ask.method}: {ask.path}).")
            operation, run = work
            params = wire.form(ask.body) if ask.method == "POST" else wire.nested(ask.query.items())
            if ask.method == "GET":
                wire.check(operation, params)
                return Answer(200, run(self, found[2] or "", params, ""))
            return self._write(ask, lambda key: run(self, found[2] or "", self._checked(operation, params), key))
        except Refusal as refusal:
            return refusal.answer()

    def _check_caller(self, ask: Ask) -> None:
        given = ask.headers.get("authorization", "").removeprefix("Bearer ")
        wanted = self.world.hooks.get(self.slug, {}).get("api_key", given)
        if not given.startswith(("sk_", "rk_")) or given != wanted:
            raise Refusal(401, f"Invalid API Key provided: {given[:3]}****")
        if ask.headers.get("stripe-version", wire.API_VERSION) != wire.API_VERSION:
            raise Refusal(400, f"Invalid Stripe API version: {ask.headers['stripe-version']}")

    def _checked(self, operation: str, params: Params) -> Params:
        wire.check(operation, params)
        return params

    def _write(self, ask: Ask, run: Callable[[str], dict[str, Any]]) -> Answer:
        """A write under its idempotency key. What fails validation is not remembered."""
        key = ask.headers.get("idempotency-key", "")
        digest = hashlib.sha256(f"{ask.method} {ask.path}\n".encode() + ask.body).hexdigest()
        kept = self.db.execute("SELECT * FROM stripe_key WHERE key = ?", (key,)).fetchone() if key else None
        if kept is not None:
            if kept["digest"] != digest:
                words = f"Keys can only be used with the same parameters they were first used with: {key}"
                raise Refusal(400, words, kind="idempotency_error")
            return Answer(kept["status"], kept["body"], {"Idempotent-Replayed": "true"} | _JSON)
        answer = self._execute(run, key)
        if key:
            self.db.execute(
                "INSERT INTO stripe_key (key, digest, status, body, at) VALUES (?, ?, ?, ?, ?)",
                (key, digest, answer.status, answer.body, self.money.seconds()),
            )
        return answer

    def _execute(self, run: Callable[[str], dict[str, Any]], key: str) -> Answer:
        is_failing = bool(self.failures)
        if is_failing and not self.failures.pop(0):
            return _failure()
        try:
            answer = Answer(200, orjson.dumps(run(key)), dict(_JSON))
        except Refusal as refusal:
            if not refusal.is_kept:
                raise
            answer = Answer(refusal.status, orjson.dumps(refusal.body), dict(_JSON))
        return _failure() if is_failing else answer

    # Payment intents

    def _create_intent(self, _id: str, params: Params, key: str) -> dict[str, Any]:
        amount, currency = wire.whole(params, "amount"), str(params.get("currency", "")).lower()
        types = params.get("allowed_payment_method_types") or ["card"]
        method = types[0] if len(types) == 1 else "card"
        metadata = params.get("metadata", {})
        is_confirmed = params.get("confirm") == "true"
        if not currency:
            raise wire.missing("currency")
        if method == "konbini":
            _check_konbini(params, amount, currency, is_confirmed=is_confirmed)
        if is_confirmed and method == "card" and not params.get("payment_method"):
            raise wire.missing("payment_method")
        row = self.money.new_intent(
            number=metadata.get("channel_order_number") or metadata.get("order_number") or key or "none",
            amount=amount, currency=currency, method=method,
            capture_method=params.get("capture_method", "automatic"), metadata=metadata,
            description=params.get("description"),
        )  # fmt: skip
        if is_confirmed and method == "konbini":
            days = params.get("payment_method_options", {}).get("konbini", {}).get("expires_after_days", "3")
            row = self.money.issue_voucher(row, days=int(days), key=key)
        elif is_confirmed:
            if params["payment_method"] == DECLINED:
                row = self.money.change(row, "payment_intent.payment_failed", key=key, error="card_declined")
                thing = objects.intent(row)
                raise Refusal(
                    402, "Your card was declined.", code="card_declined", kind="card_error", is_kept=True, thing=thing
                )
            row = self.money.authorise(row, key=key)
        return self._shown(row, params)

    def _capture_intent(self, id: str, params: Params, key: str) -> dict[str, Any]:
        row = self.money.intent(id)
        if row["status"] != "requires_capture":
            raise _unexpected(row, "captured", "requires_capture")
        amount = wire.whole(params, "amount_to_capture") if "amount_to_capture" in params else row["capturable"]
        if amount > row["capturable"]:
            words = "The requested capture amount is greater than the amount you can capture for this charge."
            raise Refusal(400, words, code="amount_too_large", param="amount_to_capture", is_kept=True)
        if params.get("final_capture") == "false":
            raise Refusal(400, "This payment does not support more than one capture.", param="final_capture")
        return self._shown(self.money.receive(row, amount, key=key), params)

    def _cancel_intent(self, id: str, params: Params, key: str) -> dict[str, Any]:
        row = self.money.intent(id)
        if row["status"] not in _CANCELLABLE:
            raise _unexpected(row, "canceled", ", ".join(sorted(_CANCELLABLE)))
        return self._shown(self.money.cancel(row, key=key), params)

    def _get_intent(self, id: str, params: Params, _key: str) -> dict[str, Any]:
        return self._shown(self.money.intent(id), params)

    def _list_intents(self, _id: str, params: Params, _key: str) -> dict[str, Any]:
        where = wire.within(params, "created", "created")
        rows, has_more = self._page("stripe_intent", where, params)
        shown = [row for row in rows if not self.world.is_lost(self.slug, f"payment:{row['id']}")]
        data = [self._shown(row, params, prefix="data.") for row in shown]
        return wire.page("/v1/payment_intents", data, has_more=has_more)

    def _shown(self, row: sqlite3.Row, params: Params, *, prefix: str = "") -> dict[str, Any]:
        """An intent as an answer shows it: from now on Kurogo has been told."""
        self.money.mark_seen(row)
        wanted = params.get("expand", [])
        if not row["charged_at"] or not any(name.startswith(f"{prefix}latest_charge") for name in wanted):
            return objects.intent(row)
        taken = self.money.taken(row["id"]) if row["received"] else None
        is_whole = f"{prefix}latest_charge.balance_transaction" in wanted
        return objects.intent(row, objects.charge(row, taken if is_whole or taken is None else taken["id"]))

    def _get_charge(self, id: str, _params: Params, _key: str) -> dict[str, Any]:
        row = self.money.intent("pi_" + id.removeprefix("ch_"))
        if not row["charged_at"]:
            raise wire.no_such("charge", id)
        self.money.mark_seen(row)
        taken = self.money.taken(row["id"])
        return objects.charge(row, taken and taken["id"])

    # Refunds, balance, payouts, events

    def _create_refund(self, _id: str, params: Params, key: str) -> dict[str, Any]:
        about = params.get("payment_intent") or "pi_" + params.get("charge", "").removeprefix("ch_")
        if about == "pi_":
            raise wire.missing("payment_intent")
        row = self.money.intent(about)
        if not row["received"]:
            raise Refusal(400, "This PaymentIntent does not have a successful charge to refund.", is_kept=True)
        amount = wire.whole(params, "amount") if "amount" in params else row["received"] - row["refunded"]
        made = self.money.refund(row, amount, reason=params.get("reason"), metadata=params.get("metadata", {}), key=key)
        return objects.refund(made)

    def _get_refund(self, id: str, _params: Params, _key: str) -> dict[str, Any]:
        return objects.refund(self.money.refund_row(id))

    def _list_refunds(self, _id: str, params: Params, _key: str) -> dict[str, Any]:
        where = wire.within(params, "created", "created")
        if "payment_intent" in params:
            where.append(("intent = ?", params["payment_intent"]))
        rows, has_more = self._page("stripe_refund", where, params)
        return wire.page("/v1/refunds", [objects.refund(row) for row in rows], has_more=has_more)

    def _list_lines(self, _id: str, params: Params, _key: str) -> dict[str, Any]:
        where: list[tuple[str, Any]] = wire.within(params, "created", "created")
        where += [(f"{name} = ?", params[name]) for name in ("payout", "source", "type", "currency") if name in params]
        if "payout" in params:
            where.append(("id != coalesce((SELECT left_out FROM stripe_payout WHERE id = ?), '')", params["payout"]))
        rows, has_more = self._page("stripe_line", where, params)
        is_whole = "data.source" in params.get("expand", [])
        data = [objects.line(row, self._source(row) if is_whole else None) for row in rows]
        return wire.page("/v1/balance_transactions", data, has_more=has_more)

    def _source(self, line: sqlite3.Row) -> dict[str, Any]:
        """What a line is about. It tells no payment's state that Kurogo reads, so nothing is marked as told."""
        kind, _, rest = line["source"].partition("_")
        if kind == "ch":
            return objects.charge(self.money.intent(f"pi_{rest}"), line["id"])
        if kind == "re":
            return objects.refund(self.money.refund_row(line["source"]))
        return self._get_payout(line["source"], {}, "")

    def _list_payouts(self, _id: str, params: Params, _key: str) -> dict[str, Any]:
        where: list[tuple[str, Any]] = wire.within(params, "created", "created")
        where += wire.within(params, "arrival_date", "arrival")
        if "status" in params:
            where.append(("status = ?", params["status"]))
        rows, has_more = self._page("stripe_payout", where, params)
        return wire.page("/v1/payouts", [objects.payout(row) for row in rows], has_more=has_more)

    def _get_payout(self, id: str, _params: Params, _key: str) -> dict[str, Any]:
        row = self.db.execute("SELECT * FROM stripe_payout WHERE id = ?", (id,)).fetchone()
        if row is None:
            raise wire.no_such("payout", id)
        return objects.payout(row)

    def _list_events(self, _id: str, params: Params, _key: str) -> dict[str, Any]:
        where: list[tuple[str, Any]] = wire.within(params, "created", "created")
        types = [params["type"]] if "type" in params else params.get("types", [])
        if types:
            where.append(("type IN (SELECT value FROM json_each(?))", orjson.dumps(types).decode()))
        rows, has_more = self._page("stripe_event", where, params)
        data = []
        for row in rows:
            if not self.world.is_lost(self.slug, row["thing"]):
                data.append(orjson.loads(row["body"]))
                self._mark_heard(row)
        return wire.page("/v1/events", data, has_more=has_more)

    def _mark_heard(self, event: sqlite3.Row) -> None:
        """An intent's newest event was shown in a list: Kurogo has been told its state."""
        kind, _, id = event["thing"].partition(":")
        if kind == "payment":
            row = self.money.intent(id)
            if event["id"] == self.world.ident("evt_", event["thing"], event["type"], row["version"]):
                self.money.mark_seen(row)

    def _get_balance(self, _id: str, _params: Params, _key: str) -> dict[str, Any]:
        return objects.balance(self.money.open_sums() or {"jpy": 0})

    def _page(self, table: str, where: list[tuple[str, Any]], params: Params) -> tuple[list[sqlite3.Row], bool]:
        """Rows newest first after `starting_after`, and whether there are more."""
        if "starting_after" in params:
            where = [*where, (f"seq < (SELECT seq FROM {table} WHERE id = ?)", params["starting_after"])]
        size = wire.page_size(params)
        conditions = " AND ".join(condition for condition, _ in where) or "1"
        rows = self.db.execute(
            f"SELECT * FROM {table} WHERE {conditions} ORDER BY seq DESC LIMIT ?",
            (*(value for _, value in where), size + 1),
        ).fetchall()
        return rows[:size], len(rows) > size

    # Notices

    def sign(self, notice: Notice) -> dict[str, str]:
        """Stripe-Signature by wall time, with the secret that was told with the hook."""
        secret = self.world.hooks[notice.hook].get("webhook_secret", "")
        stamp = str(int(clock.wall().timestamp()))
        return {"Stripe-Signature": f"t={stamp},v1={signature(secret, stamp, notice.body)}"}

    # Driver and oracle

    def command(self, name: str, args: dict[str, Any]) -> dict[str, Any]:
        """checkout, pay_voucher, expire_voucher, pay_card, settle_refund, settle_day, arrive (see Till), fail_next."""
        if name == "fail_next":
            return self.fail_next(args)
        return self.till.command(name, args)

    def fail_next(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """{times, has_effect}: the next writes begin and fail with a 500 that their key keeps."""
        self.failures += [bool(args.get("has_effect", False))] * int(args.get("times", 1))
        return {"failures": len(self.failures)}

    def planted(self, night: date) -> dict[str, list[str]]:
        """See `Till.planted`."""
        return self.till.planted()


def signature(secret: str, stamp: str, body: bytes) -> str:
    """Stripe's v1 scheme: HMAC-SHA256 over `<time>.<body>`, in hex."""
    return hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _check_konbini(params: Params, amount: int, currency: str, *, is_confirmed: bool) -> None:
    if currency != "jpy":
        raise Refusal(400, "The payment method type konbini supports jpy only.", param="currency")
    if amount not in KONBINI_LIMITS:
        code = "amount_too_small" if amount < KONBINI_LIMITS[0] else "amount_too_large"
        raise Refusal(400, "The amount is outside what konbini takes.", code=code, param="amount")
    data = params.get("payment_method_data", {})
    if is_confirmed and data.get("type") != "konbini":
        raise wire.missing("payment_method_data")
    for name in ("name", "email"):
        if is_confirmed and not data.get("billing_details", {}).get(name):
            raise wire.missing(f"billing_details[{name}]")
    options = params.get("payment_method_options", {}).get("konbini", {})
    if len(options.get("product_description", "")) > 22 or not 1 <= int(options.get("expires_after_days", "3")) <= 60:
        raise Refusal(400, "Invalid konbini options.", param="payment_method_options[konbini]")


def _unexpected(row: sqlite3.Row, done: str, wanted: str) -> Refusal:
    words = f"This PaymentIntent could not be {done} because it has a status of {row['status']}, not one of: {wanted}."
    return Refusal(
        400, words, code="payment_intent_unexpected_state", param="intent", is_kept=True, thing=objects.intent(row)
    )


def _failure() -> Answer:
    said = {"error": {"type": "api_error", "message": "An unknown error occurred. It is not your fault."}}
    return Answer(500, orjson.dumps(said), dict(_JSON))


# (method, resource, names one?, what to do with it) -> operation, and who answers it
_ROUTES: dict[tuple[str, str, bool, str], tuple[str, Callable[[Stripe, str, Params, str], dict[str, Any]]]] = {
    ("POST", "payment_intents", False, ""): ("payment_intent_create", Stripe._create_intent),
    ("GET", "payment_intents", False, ""): ("payment_intent_list", Stripe._list_intents),
    ("GET", "payment_intents", True, ""): ("payment_intent_retrieve", Stripe._get_intent),
    ("POST", "payment_intents", True, "capture"): ("payment_intent_capture", Stripe._capture_intent),
    ("POST", "payment_intents", True, "cancel"): ("payment_intent_cancel", Stripe._cancel_intent),
    ("GET", "charges", True, ""): ("charge_retrieve", Stripe._get_charge),
    ("POST", "refunds", False, ""): ("refund_create", Stripe._create_refund),
    ("GET", "refunds", False, ""): ("refund_list", Stripe._list_refunds),
    ("GET", "refunds", True, ""): ("refund_retrieve", Stripe._get_refund),
    ("GET", "balance_transactions", False, ""): ("balance_transaction_list", Stripe._list_lines),
    ("GET", "payouts", False, ""): ("payout_list", Stripe._list_payouts),
    ("GET", "payouts", True, ""): ("payout_retrieve", Stripe._get_payout),
    ("GET", "events", False, ""): ("event_list", Stripe._list_events),
    ("GET", "balance", False, ""): ("balance_retrieve", Stripe._get_balance),
}
