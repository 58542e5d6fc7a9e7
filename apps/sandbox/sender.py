"""Notices leave in order, each lane over one connection, and a receiver that does not answer holds up its lane.

A notice that was refused by a dead or dying receiver is sent again before any other of its lane, so that a killed web
process changes no order of arrival. Lanes (told with the hooks) exist because a payment's notice need not wait for an
order's.
"""

import asyncio
import contextlib
import json
import logging
import sqlite3
import time
from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urlsplit

import aiohttp

from apps.sandbox import faults
from apps.sandbox.world import Notice, Standin, World, micros, moment

BATCH = 200
PATIENCE_SECONDS = 120.0  # after that a notice counts as failed and its lane goes on
ANSWER_SECONDS = 30.0
PROBE_SECONDS = 0.05
LATE = timedelta(minutes=10)
logger = logging.getLogger(__name__)


class Sender:
    """Carries the open notices of a world to their hooks; one task a lane."""

    def __init__(
        self, world: World, *, patience: float = PATIENCE_SECONDS, told: faults.Told | None = None
    ) -> None:  # fmt: skip
        self.world = world
        self.patience = patience
        self.told = told or faults.Told()
        self._kept: dict[str, tuple[bytes, dict[str, str]]] = {}  # hook -> a notice as it was sent some time ago
        self.busy: set[str] = set()  # lanes with notices in hand
        self.last_trouble = ""
        self._bells: dict[str, asyncio.Event] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        connector = aiohttp.TCPConnector(keepalive_timeout=300)
        self._session = aiohttp.ClientSession(
            connector=connector, timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS), auto_decompress=False
        )

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def ring(self) -> None:
        """Look now: something was queued or time has moved."""
        for lane in {"main"} | {facts.get("lane", "main") for facts in self.world.hooks.values()}:
            if lane not in self._bells:
                self._bells[lane] = asyncio.Event()
                self._tasks.append(asyncio.create_task(self._run(lane), name=f"lane {lane}"))
            self._bells[lane].set()

    def is_idle(self) -> bool:
        """Whether every due notice has been answered."""
        return not self.busy and not self.due()

    def due(self) -> int:
        """Notices whose time has come and that were not answered yet."""
        now = micros(self.world.now())
        counted = self.world.db.execute("SELECT count(*) FROM notice WHERE state = 'open' AND at <= ?", (now,))
        return int(counted.fetchone()[0])

    async def _run(self, lane: str) -> None:
        bell = self._bells[lane]
        while True:
            bell.clear()
            rows = self.world.db.execute(
                "SELECT * FROM notice WHERE state = 'open' AND lane = ? AND at <= ? ORDER BY at, seq LIMIT ?",
                (lane, micros(self.world.now()), BATCH),
            ).fetchall()
            if not rows:
                await bell.wait()
                continue
            self.busy.add(lane)
            try:
                for notice in self._in_sending_order(rows):
                    await self._deliver(notice)
            except Exception:
                logger.exception("lane %s", lane)
                await asyncio.sleep(0.5)
            finally:
                self.busy.discard(lane)

    async def _deliver(self, notice: Notice) -> None:
        facts = self.world.hooks.get(notice.hook)
        if not facts:
            self._close(notice, state="nowhere", status=0, again=0)
            return
        standin = self.world.standins[notice.standin]
        fault = self.told.notice(notice.standin, faults.NOTICES.keys() - {"shuffle"}) or ""
        if fault and not await self._misbehave(notice, standin, facts["url"], fault):
            return
        copies = 2 if fault == "double" or self._is_doubled(notice) else 1
        for again in range(copies):
            status = await self._post(notice, standin, facts["url"])
            self._close(notice, state="sent" if status else "failed", status=status, again=again)

    async def _misbehave(self, notice: Notice, standin: Standin, url: str, fault: str) -> bool:
        """A fault that was told; whether the notice itself is sent now."""
        db, kept = self.world.db, self._kept.get(notice.hook)
        self.told.happened[fault] += 1
        if fault == "lost":
            db.execute("UPDATE notice SET state = 'lost' WHERE seq = ?", (notice.seq,))
        elif fault == "late":
            db.execute("UPDATE notice SET at = ? WHERE seq = ?", (micros(self.world.now() + LATE), notice.seq))
        elif fault == "retold":
            db.execute(
                "INSERT INTO notice (hook, topic, thing, at, body, headers, lane, state)"
                " SELECT hook, topic, thing, ?, body, headers, lane, 'open' FROM notice WHERE seq = ?",
                (micros(self.world.now() + LATE), notice.seq),
            )
        elif fault in {"forged", "falsified"}:
            signed = standin.sign(notice)
            headers = _headers(notice, signed)
            if fault == "forged":
                await self._whisper(url, notice.body, faults.forged(headers, signed))
            else:
                await self._whisper(url, faults.falsified(notice.body), headers)
        elif fault == "replayed" and kept:
            await self._whisper(url, *kept)
        return fault not in {"lost", "late"}

    async def _whisper(self, url: str, body: bytes, headers: dict[str, str]) -> None:
        """Once, and whatever is answered: nobody waits for it."""
        assert self._session is not None
        with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
            async with self._session.post(url, data=body, headers=headers) as answer:
                await answer.read()

    async def _post(self, notice: Notice, standin: Standin, url: str) -> int:
        """Send until it is answered below 500; 0 when patience ran out."""
        assert self._session is not None
        until = time.monotonic() + self.patience
        pause = PROBE_SECONDS
        while time.monotonic() < until:
            headers = _headers(notice, standin.sign(notice))
            try:
                async with self._session.post(url, data=notice.body, headers=headers) as answer:
                    await answer.read()
                    if answer.status < 500:
                        self._kept.setdefault(notice.hook, (notice.body, headers))
                        return answer.status
                    self.last_trouble = f"{notice.topic} of {notice.hook}: {answer.status}"
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                self.last_trouble = f"{notice.topic} of {notice.hook}: {type(error).__name__} {error}"
                await self._probe(url, until)
            await asyncio.sleep(pause)
            pause = min(pause * 2, 1.0)
        logger.error("gave up: %s", self.last_trouble)
        return 0

    async def _probe(self, url: str, until: float) -> None:
        """Return when something listens again, or at the end of patience."""
        parts = urlsplit(url)
        while time.monotonic() < until:
            with contextlib.suppress(OSError):
                _reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
                writer.close()
                return
            await asyncio.sleep(PROBE_SECONDS)

    def _in_sending_order(self, rows: Sequence[sqlite3.Row]) -> list[Notice]:
        """The notices of one batch; where the plan says so, or it was told, a notice changes places with the next one."""
        notices = [_notice(row) for row in rows]
        position = 0
        while position < len(notices) - 1:
            if self._is_shuffled(notices[position]):
                notices[position], notices[position + 1] = notices[position + 1], notices[position]
                position += 1  # the pair is done: nothing wanders further than its neighbour's place
            position += 1
        return notices

    def _is_shuffled(self, notice: Notice) -> bool:
        if self.told.notice(notice.standin, {"shuffle"}):
            self.told.happened["shuffle"] += 1
            return True
        return self.world.plan.hits("shuffle", identity(notice))

    def _is_doubled(self, notice: Notice) -> bool:
        return self.world.plan.hits("double", identity(notice))

    def _close(self, notice: Notice, *, state: str, status: int, again: int) -> None:
        self.world.db.execute("BEGIN")
        self.world.db.execute("UPDATE notice SET state = ?, status = ? WHERE seq = ?", (state, status, notice.seq))
        self.world.log(
            "sent", hook=notice.hook, topic=notice.topic, thing=notice.thing, status=status, again=again, seq=notice.seq
        )
        self.world.db.execute("COMMIT")


def identity(notice: Notice) -> str:
    """What a notice is about, without its number: other traffic must not shift the plan."""
    return f"{notice.hook}|{notice.topic}|{notice.thing}"


def _headers(notice: Notice, signed: dict[str, str]) -> dict[str, str]:
    return {"content-type": "application/json"} | notice.headers | signed


def _notice(row: sqlite3.Row) -> Notice:
    return Notice(
        row["seq"], row["hook"], row["topic"], row["thing"], moment(row["at"]), row["body"], json.loads(row["headers"])
    )
