"""A stand-in for LINE's Messaging API with its own ledger: it keeps every message it took, once a retry key.

    POST /v2/bot/message/push   {"to", "messages"}, header X-Line-Retry-Key   -> {"sentMessages": [{"id"}]}; the same key: 409
    GET  /v2/bot/info                                                          -> {"userId", "displayName", …}

A retry key that is no UUID, a receiver that is none and a text over 5,000 UTF-16 characters are 400. What the vendor's file does
not say: the 409 names the message that was accepted.
"""

import re
from typing import Any
from uuid import UUID

from apps.sandbox.world import Answer, Ask, Standin, ident, micros

KEY = "sandbox-channel-access-token"
HANAKO = "U00000000000000000000000000000001"
MOST = 5000


class LineStandin(Standin):
    """Table: every message, once a key; without a key each time."""

    slug = "line"
    schema = """
    CREATE TABLE IF NOT EXISTS line_message (
        seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, key TEXT UNIQUE, receiver TEXT NOT NULL, text TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS line_month (used_up INTEGER NOT NULL);
    """

    def handle(self, ask: Ask) -> Answer:
        """The paths above."""
        if ask.headers.get("authorization") != f"Bearer {KEY}":
            return Answer(
                401,
                {
                    "message": "Authentication failed. Confirm that the access token in the authorization header is valid."
                },
            )
        match (ask.method, ask.path):
            case ("GET", "/v2/bot/info"):
                return Answer(200, {
                    "userId": "U" + "f" * 32, "basicId": "@kurogo", "displayName": "青葉堂", "chatMode": "bot",
                    "markAsReadMode": "auto",
                })  # fmt: skip
            case ("POST", "/v2/bot/message/push"):
                return self._push(ask)
        return Answer(404, {"message": "Not found"})

    def _push(self, ask: Ask) -> Answer:
        key = ask.headers.get("x-line-retry-key")
        if key is not None and not _is_uuid(key):
            return Answer(400, {"message": "Invalid X-Line-Retry-Key"})
        wrong = _wrong(ask)
        if wrong:
            return Answer(400, {"message": "The request body has 1 error(s)", "details": [wrong]})
        if self.db.execute("SELECT 1 FROM line_month WHERE used_up").fetchone():
            return Answer(429, {"message": "You have reached your monthly limit."})
        known = self.db.execute("SELECT seq FROM line_message WHERE key = ?", (key,)).fetchone() if key else None
        if known:
            return Answer(
                409, {"message": "The retry key is already accepted", "sentMessages": [_named(known["seq"])]},
                {"x-line-accepted-request-id": ident("", "accepted", key)},
            )  # fmt: skip
        said = ask.json()
        for message in said["messages"]:
            self.db.execute(
                "INSERT INTO line_message (at, key, receiver, text) VALUES (?, ?, ?, ?)",
                (micros(self.world.now()), key, said["to"], message["text"]),
            )
        row = self.db.execute("SELECT max(seq) AS seq FROM line_message").fetchone()
        return Answer(
            200, {"sentMessages": [_named(row["seq"])]}, {"x-line-request-id": ident("", "request", row["seq"])}
        )

    def command(self, name: str, args: dict[str, Any]) -> dict[str, Any]:
        """`said {"to": …}`: the messages that somebody reads, oldest first; `month {"used_up": true}`: no more this month."""
        if name == "said":
            rows = self.db.execute(
                "SELECT text FROM line_message WHERE receiver = coalesce(?, receiver) ORDER BY seq", (args.get("to"),)
            )
            return {"said": [row["text"] for row in rows]}
        if name == "month":
            self.db.execute("DELETE FROM line_month")
            self.db.execute("INSERT INTO line_month VALUES (?)", (int(bool(args["used_up"])),))
            return {}
        return super().command(name, args)


def _wrong(ask: Ask) -> dict[str, str] | None:
    try:
        said = ask.json()
        to, messages = said["to"], said["messages"]
    except (ValueError, KeyError, TypeError):
        return {"message": "May not be empty", "property": "messages"}
    if not isinstance(to, str) or not re.fullmatch(r"[UCR][0-9a-f]{32}", to):
        return {"message": "The property, 'to', in the request body is invalid", "property": "to"}
    if not isinstance(messages, list) or not 1 <= len(messages) <= 1:
        return {"message": "Size must be between 1 and 5", "property": "messages"}
    text = messages[0].get("text", "")
    if messages[0].get("type") != "text" or not 1 <= len(text.encode("utf-16-le")) // 2 <= MOST:
        return {"message": f"Length must be between 1 and {MOST}", "property": "messages[0].text"}
    return None


def _named(seq: int) -> dict[str, str]:
    return {"id": f"{461230966842064897 + seq}", "quoteToken": ident("", "quote", seq)}


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False
