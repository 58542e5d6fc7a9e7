"""A mail server that delivers nothing: it keeps every letter it took, so that one can count what customers would get.

It listens on a loopback port of its own, the same one at each start. By plan it is busy (451) once for a letter, or
takes a letter and drops the connection before saying so; a mailbox whose name begins with `nobody` is unknown (550).
"""

import asyncio
import contextlib
import sqlite3
from collections import deque
from email.parser import BytesParser
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from apps.sandbox.world import Answer, Ask, Standin, World, micros

SAID_OK = "250 2.0.0 kept"
SAID_BUSY = "451 4.7.1 come back later"
SAID_NOBODY = "550 5.1.1 no such mailbox here"
MISBEHAVIOURS = ("busy", "refuse", "cut")


class SmtpStandin(Standin):
    """Table `smtp_letter`: one row for each acceptance, so that a letter that came twice has two."""

    slug = "smtp"
    schema = """
    CREATE TABLE IF NOT EXISTS smtp_letter (
        seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, message_id TEXT NOT NULL, sender TEXT NOT NULL,
        recipient TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL, raw BLOB NOT NULL);
    CREATE INDEX IF NOT EXISTS smtp_letter_id ON smtp_letter (message_id);
    CREATE TABLE IF NOT EXISTS smtp_port (port INTEGER NOT NULL);
    """
    faults = {"smtp_busy": 0.004, "smtp_cut": 0.004}
    # The local part of a Message-ID is our reference.
    effects = {
        "message.send": "SELECT substr(message_id, 2, instr(message_id, '@') - 2) AS reference, count(*) FROM smtp_letter"
        " GROUP BY reference"
    }

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.told: deque[str] = deque()
        self.port = 0
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.Transport] = set()

    # The mail server

    async def start(self) -> None:
        """Listen on the port of last time where it is free, else on another."""
        row = self.db.execute("SELECT port FROM smtp_port").fetchone()
        try:
            self._server = await self._listen(row["port"] if row else 0)
        except OSError:
            self._server = await self._listen(0)
        self.port = self._server.sockets[0].getsockname()[1]
        self.db.execute("DELETE FROM smtp_port")
        self.db.execute("INSERT INTO smtp_port VALUES (?)", (self.port,))

    async def _listen(self, port: int) -> asyncio.Server:
        loop = asyncio.get_running_loop()

        def talk() -> SMTP:
            return SMTP(self, hostname="mail.sandbox.invalid", ident="stand-in", loop=loop)

        return await loop.create_server(talk, "127.0.0.1", port)

    async def stop(self) -> None:
        """Hang up on everybody and listen no more."""
        if self._server is not None:
            self._server.close()
            for transport in self._lines:
                transport.abort()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._server.wait_closed(), 1)

    def address(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self.port}" if self.port else ""

    async def handle_EHLO(
        self, server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """aiosmtpd's hook: a caller presents itself."""
        session.host_name = hostname
        self._lines.add(server.transport)
        return responses

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """aiosmtpd's hook: a recipient is named."""
        if address.lower().startswith("nobody"):
            return SAID_NOBODY
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        """aiosmtpd's hook: the letter itself."""
        assert isinstance(envelope.content, bytes)
        letter = BytesParser(policy=default).parsebytes(envelope.content)
        message_id = str(letter.get("Message-ID", ""))
        wrong = self._wrong(message_id)
        if wrong == "busy":
            return SAID_BUSY
        if wrong == "refuse":
            return SAID_NOBODY
        text = letter.get_body(("plain", "html"))
        body = text.get_content().replace("\r\n", "\n") if text is not None else ""
        at = micros(self.world.now())
        self.db.executemany(
            "INSERT INTO smtp_letter (at, message_id, sender, recipient, subject, body, raw)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (at, message_id, envelope.mail_from or "", to, str(letter.get("Subject", "")), body, envelope.content)
                for to in envelope.rcpt_tos
            ],
        )
        if wrong == "cut":
            server.transport.abort()
        return SAID_OK

    def _wrong(self, message_id: str) -> str:
        if self.told:
            return self.told.popleft()
        for kind in ("busy", "cut"):
            if self.world.plan.hits(f"smtp_{kind}", message_id):
                once = self.db.execute("INSERT OR IGNORE INTO misbehaved VALUES ('smtp', ?, ?)", (message_id, kind))
                if once.rowcount:
                    return kind
        return ""

    # The other side

    def handle(self, ask: Ask) -> Answer:
        """A mail server speaks no HTTP."""
        return Answer(404, {"error": f"mail goes to {self.address()}"})

    def command(self, name: str, args: dict[str, Any]) -> dict[str, Any]:
        """`count`: letters taken, and how many came twice; `letters {"last": 20, "to": …}`: the newest first;
        `misbehave {"what": busy|refuse|cut, "times": 1}`.
        """
        if name == "count":
            row = self.db.execute("SELECT count(*), count(DISTINCT message_id || ' ' || recipient) FROM smtp_letter")
            taken, distinct = row.fetchone()
            return {"taken": taken, "distinct": distinct, "doubled": taken - distinct}
        if name == "letters":
            rows = self.db.execute(
                "SELECT * FROM smtp_letter WHERE recipient = coalesce(?, recipient) ORDER BY seq DESC LIMIT ?",
                (args.get("to"), int(args.get("last", 20))),
            )
            return {"letters": [_shown(row) for row in rows]}
        if name == "misbehave":
            if args["what"] not in MISBEHAVIOURS:
                raise ValueError(f"what may be {', '.join(MISBEHAVIOURS)}")
            self.told.extend([args["what"]] * int(args.get("times", 1)))
            return {"told": list(self.told)}
        return super().command(name, args)


def _shown(row: sqlite3.Row) -> dict[str, Any]:
    return {name: row[name] for name in ("message_id", "sender", "recipient", "subject", "body")}
