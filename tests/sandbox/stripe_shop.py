"""A world with Stripe alone, in a test's hands."""

import json
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode

from apps.core import clock
from apps.sandbox.stripe import Stripe
from apps.sandbox.world import Ask, Plan, World, micros

START = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)  # a Friday morning in Japan
FRIDAY, SATURDAY, MONDAY = date(2026, 11, 20), date(2026, 11, 21), date(2026, 11, 23)
KEY = {"authorization": "Bearer sk_test_1"}


class Shop:
    """A world with Stripe alone, driven by hand: `ask` is a call of the API, `pass_time` brings what comes due."""

    def __init__(self, folder, settings, *, seed=None, rates=None):
        self.clock = clock.Drive(folder / "clock", START)
        settings.CLOCK_FILE = str(folder / "clock")
        self.world = World(folder, Plan(seed, rates))
        self.world.settle([Stripe])
        self.world.hooks["stripe"] = {"url": "http://127.0.0.1:9/", "webhook_secret": "whsec_1"}
        if rates:
            self.world.plan.rates.update(rates)
        self.stripe = self.world.standins["stripe"]

    def ask(self, method, path, *, key="", headers=None, **params):
        query = {name: str(value) for name, value in params.items()} if method == "GET" else {}
        body = urlencode(params).encode() if method == "POST" else b""
        told = KEY | ({"idempotency-key": key} if key else {}) | (headers or {})
        answer = self.stripe.handle(Ask(method, path, query, told, body))
        return answer.status, answer.body if isinstance(answer.body, dict) else json.loads(answer.body), answer.headers

    def tell(self, name, **args):
        return self.stripe.command(name, args)

    def checkout(self, number="1", minor=5400, method="card", currency="JPY", **more):
        return self.tell("checkout", order_number=number, amount_minor=minor, method=method, currency=currency, **more)

    def capture(self, payment):
        return self.ask("POST", f"/v1/payment_intents/{payment}/capture")[1]

    def pass_time(self, **span):
        """Move the clock and tell what came due by then, in order."""
        until = self.clock.now() + timedelta(**span)
        while row := self.world.db.execute(
            "SELECT * FROM timer WHERE at <= ? ORDER BY at", (micros(until),)
        ).fetchone():
            self.clock.set(max(self.clock.now(), datetime.fromtimestamp(row["at"] / 1e6, UTC)))
            self.world.db.execute("DELETE FROM timer WHERE seq = ?", (row["seq"],))
            self.stripe.command(row["name"], json.loads(row["args"]))
        self.clock.set(until)

    def notices(self, *, state="open"):
        rows = self.world.db.execute(
            "SELECT topic, thing FROM notice WHERE state = ? ORDER BY seq", (state,)
        ).fetchall()
        return [tuple(row) for row in rows]

    def deliver(self, status=200):
        """As if every open notice had been answered so."""
        self.world.db.execute("UPDATE notice SET state = 'sent', status = ? WHERE state = 'open'", (status,))
