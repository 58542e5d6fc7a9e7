"""A program of the merchant's own that takes events: it verifies each by the standard's library and keeps a ledger of them."""

from typing import Any

import orjson
from standardwebhooks import webhooks

from apps.sandbox.world import Answer, Ask, Standin, micros


class Webhook(Standin):
    """Table `webhook_event`: one row for each event that came with a good signature, also for a repeat."""

    slug = "webhook"
    schema = """
    CREATE TABLE IF NOT EXISTS webhook_event (
        seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, id TEXT NOT NULL, topic TEXT NOT NULL, body BLOB NOT NULL);
    CREATE TABLE IF NOT EXISTS webhook_fact (name TEXT PRIMARY KEY, value TEXT NOT NULL);
    """

    def handle(self, ask: Ask) -> Answer:
        """2xx for what is genuine, 401 for what is not, or what it was told to answer."""
        if told := self._fact("answers"):
            status, _, where = told.partition(" ")
            return Answer(int(status), headers={"Location": where} if where else {})
        try:
            webhooks.Webhook(self._fact("secret")).verify(ask.body, dict(ask.headers), json_parse=False)
        except (webhooks.WebhookVerificationError, webhooks.EmptyWebhookSecretError, ValueError):
            return Answer(401, {"error": "signature"})
        told = orjson.loads(ask.body)
        self.db.execute(
            "INSERT INTO webhook_event (at, id, topic, body) VALUES (?, ?, ?, ?)",
            (micros(self.world.now()), ask.headers["webhook-id"], told["type"], ask.body),
        )
        return Answer(204)

    def command(self, name: str, args: dict[str, Any]) -> dict[str, Any]:
        """`setup` (`secret`), `answer` (`status`, `where`: from now on nothing but that; empty: as usual), `count`."""
        match name:
            case "setup":
                self._keep("secret", args["secret"])
            case "answer":
                self._keep("answers", f"{args.get('status', '')} {args.get('where', '')}".strip())
            case "count":
                rows = self.db.execute("SELECT id, topic FROM webhook_event ORDER BY seq").fetchall()
                return {"events": [[row["id"], row["topic"]] for row in rows]}
            case _:
                return super().command(name, args)
        return {}

    def _keep(self, name: str, value: str) -> None:
        self.db.execute("INSERT OR REPLACE INTO webhook_fact VALUES (?, ?)", (name, value))

    def _fact(self, name: str) -> str:
        row = self.db.execute("SELECT value FROM webhook_fact WHERE name = ?", (name,)).fetchone()
        return str(row["value"]) if row else ""
