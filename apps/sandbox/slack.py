"""A stand-in for Slack's incoming webhooks with its own ledger: it keeps every message that stands in the channel.

    POST /services/T…/B…/…   {"text"}   -> "ok" in plain text; a refusal is one word with its status

An empty text is `no_text`; another path is `no_service`, or `invalid_token` where only the last part is wrong. What the vendor's
pages do not say: extra fields are let pass.
"""

import re
from typing import Any

from apps.sandbox.world import Answer, Ask, Standin, micros

PATH = "/services/T0SANDBOX/B0SANDBOX"
KEY = "sandboxsandboxsandboxsan"
_PLAIN = {"Content-Type": "text/html"}
_ESCAPES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))


class SlackStandin(Standin):
    """Table: what stands in the channel, each time it was said."""

    slug = "slack"
    schema = """
    CREATE TABLE IF NOT EXISTS slack_message (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, text TEXT NOT NULL);
    """

    def handle(self, ask: Ask) -> Answer:
        """The one path."""
        if ask.method != "POST":
            return Answer(405, "method_not_allowed", _PLAIN)
        if ask.path != f"{PATH}/{KEY}":
            is_near = ask.path.startswith(f"{PATH}/")
            return Answer(403, "invalid_token", _PLAIN) if is_near else Answer(404, "no_service", _PLAIN)
        try:
            said = ask.json()
        except ValueError:
            return Answer(400, "invalid_payload", _PLAIN)
        if not isinstance(said, dict) or not isinstance(said.get("text", ""), str):
            return Answer(400, "invalid_payload", _PLAIN)
        if not said.get("text"):
            return Answer(400, "no_text", _PLAIN)
        self.db.execute(
            "INSERT INTO slack_message (at, text) VALUES (?, ?)", (micros(self.world.now()), said["text"][:40_000])
        )
        return Answer(200, "ok", _PLAIN)

    def command(self, name: str, args: dict[str, Any]) -> dict[str, Any]:
        """`said`: the messages as people read them, oldest first, and whom they called (`<!channel>`, `<@U…>`)."""
        if name == "said":
            rows = [row["text"] for row in self.db.execute("SELECT text FROM slack_message ORDER BY seq")]
            return {
                "said": [_read(text) for text in rows],
                "called": [re.findall(r"<[!@][^>]*>", text) for text in rows],
            }
        return super().command(name, args)


def _read(text: str) -> str:
    """As it stands on the screen: the first line's bold is a look, escapes are signs."""
    first, _, rest = text.partition("\n")
    text = f"{first.strip('*')}\n{rest}"
    for written, sign in _ESCAPES:
        text = text.replace(written, sign)
    return text
