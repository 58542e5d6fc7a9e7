"""What the stand-in vendors share: one clock, one SQLite file that is the oracle, one plan of misbehaviour.

Whether a thing is misbehaved to is a function of (seed, kind, the thing's id) alone, so that a retry never shifts the
plan. The file outlives every other process of a rehearsal; nothing here speaks to the product's database.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from apps.core import clock

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DEFAULT_RATE = 0.01
# How often a calm world's opposite does what: shares of the things asked about. A stand-in adds its own in `faults`.
RATES: dict[str, float] = {
    "limited": 0.004,  # 429 with Retry-After, before any effect
    "failed": 0.004,  # 500, before any effect
    "html": 0.002,  # 200 with a page of HTML, before any effect
    "cut": 0.004,  # the effect happened, the answer never comes
    "double": 0.02,  # a notice comes twice
    "shuffle": 0.03,  # a notice changes places with its neighbour
    "lost": 0.004,  # no notice of the thing until night, and its own lists do not show it
}
SCHEMA = """
CREATE TABLE IF NOT EXISTS notice (
    seq INTEGER PRIMARY KEY, hook TEXT NOT NULL, topic TEXT NOT NULL, thing TEXT NOT NULL, at INTEGER NOT NULL,
    body BLOB NOT NULL, headers TEXT NOT NULL, lane TEXT NOT NULL, state TEXT NOT NULL, status INTEGER);
CREATE INDEX IF NOT EXISTS notice_open ON notice (lane, at, seq) WHERE state = 'open';
CREATE INDEX IF NOT EXISTS notice_thing ON notice (thing, at);
CREATE INDEX IF NOT EXISTS notice_bad ON notice (state) WHERE state IN ('failed', 'nowhere');
CREATE TABLE IF NOT EXISTS timer (
    seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, standin TEXT NOT NULL, name TEXT NOT NULL, args TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS timer_at ON timer (at, seq);
CREATE TABLE IF NOT EXISTS dispatch (
    seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, facts TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS lost (
    standin TEXT NOT NULL, thing TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER, PRIMARY KEY (standin, thing));
CREATE TABLE IF NOT EXISTS misbehaved (standin TEXT NOT NULL, thing TEXT NOT NULL, kind TEXT NOT NULL,
    PRIMARY KEY (standin, thing, kind));
CREATE TABLE IF NOT EXISTS hook (name TEXT PRIMARY KEY, facts TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS manner (name TEXT PRIMARY KEY, value REAL NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Ask:
    """One request to a stand-in. `path` begins with a slash and follows `/<slug>`; header names are lower-case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON; raises ValueError."""
        return json.loads(self.body)


@dataclass(slots=True)
class Answer:
    """What a stand-in answers. `is_cut`: the connection is dropped without an answer; `is_truncated`: in the middle of it;
    `seconds`: it takes so long.
    """

    status: int = 200
    body: bytes | dict[str, Any] | list[Any] | str = b""
    headers: dict[str, str] = field(default_factory=dict)
    is_cut: bool = False
    is_truncated: bool = False
    seconds: float = 0


@dataclass(frozen=True, slots=True)
class Notice:
    """One call to a hook of the product. `hook` names the connection: a stand-in's slug, or `slug:something`."""

    seq: int
    hook: str
    topic: str
    thing: str
    at: datetime
    body: bytes
    headers: dict[str, str]

    @property
    def standin(self) -> str:
        """The slug of the stand-in that sends it."""
        return self.hook.partition(":")[0]


class Plan:
    """Who is misbehaved to. `seed=None` is the calm plan: nothing is hit but what was told by name (the demo does)."""

    def __init__(self, seed: int | None, rates: Mapping[str, float] | None = None) -> None:
        self.seed = seed
        self.rates = RATES | dict(rates or {})
        self.told: set[tuple[str, str]] = set()  # (kind, id)

    @property
    def is_calm(self) -> bool:
        """Whether vendors behave."""
        return self.seed is None and not self.told

    def number(self, kind: str, id: str) -> float:
        """A number in [0, 1) that depends on (seed, kind, id) alone; the calm plan has numbers, too (seed 0)."""
        digest = hashlib.blake2b(f"{self.seed or 0}|{kind}|{id}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") / 2**64

    def hits(self, kind: str, id: str) -> bool:
        """Whether this thing is hit by this kind of misbehaviour: the share of its kind in `rates`, else 1 %."""
        if (kind, id) in self.told:
            return True
        return self.seed is not None and self.number(kind, id) < self.rates.get(kind, DEFAULT_RATE)


class World:
    """Everything the stand-ins share. The server wraps every call and every command in one transaction: a stand-in
    never commits. `haste`: how many times faster than in life parcels travel and customers go to the till.
    """

    def __init__(self, folder: Path, plan: Plan, *, haste: float = 1.0) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.plan = plan
        self.haste = haste
        self.db = sqlite3.connect(folder / "world.sqlite", isolation_level=None)
        self.db.row_factory = sqlite3.Row
        self.db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA temp_store=MEMORY;" + SCHEMA)
        self.standins: dict[str, Standin] = {}
        self.hooks: dict[str, dict[str, Any]] = {
            row["name"]: json.loads(row["facts"]) for row in self.db.execute("SELECT * FROM hook")
        }
        self.is_stirred = False  # a notice was queued since the sender last looked
        self.manners: dict[str, float] = dict(self.db.execute("SELECT name, value FROM manner").fetchall())

    def settle(self, kinds: Iterable[type["Standin"]]) -> None:
        """Put the stand-ins in: their tables are made, their rates join the plan."""
        for kind in kinds:
            self.plan.rates.update(kind.faults)
            self.db.executescript(kind.schema)
            self.standins[kind.slug] = kind(self)

    def behave(self, manners: Mapping[str, float]) -> None:
        """How channels behave from now on: `honest` (1: they sell no more than they show), `lag_minutes` (their orders
        are told, and listed, up to so much later, and so are numbers set where the vendor takes its time).
        """
        self.manners |= manners
        self.db.executemany("INSERT OR REPLACE INTO manner VALUES (?, ?)", list(self.manners.items()))

    @property
    def is_honest(self) -> bool:
        """Whether channels sell no more than they show."""
        return bool(self.manners.get("honest"))

    def lag(self, kind: str, id: str) -> timedelta:
        """How late this thing of this kind is, by plan: whole seconds below the lag that was told."""
        return timedelta(seconds=int(self.plan.number(kind, id) * self.manners.get("lag_minutes", 0) * 60))

    def now(self) -> datetime:
        """Business time: the clock file's, wall time when there is none."""
        return clock.now()

    def ident(self, prefix: str, *parts: object) -> str:
        """See `ident` below."""
        return ident(prefix, *parts)

    def notify(
        self,
        standin: str,
        topic: str,
        body: bytes,
        *,
        thing: str,
        at: datetime | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        """Queue a notice to a hook (`slug`, or `slug:something` for its second connection); it leaves when business
        time reaches `at` (default: now), in the order (at, queued). All notices of a lost thing are suppressed until
        night.
        """
        moment = max(at or self.now(), self.now())
        state = "lost" if self._loses(standin, thing) else "open"
        lane = self.hooks.get(standin, {}).get("lane", "main")
        self.db.execute(
            "INSERT INTO notice (hook, topic, thing, at, body, headers, lane, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (standin, topic, thing, micros(moment), body, json.dumps(headers or {}), lane, state),
        )
        self.is_stirred = True

    def later(self, standin: str, name: str, args: dict[str, Any], *, at: datetime) -> None:
        """Have a stand-in told `command(name, args)` when business time reaches `at`: cash paid, a parcel delivered."""
        self.db.execute(
            "INSERT INTO timer (at, standin, name, args) VALUES (?, ?, ?, ?)",
            (micros(at), standin, name, json.dumps(args)),
        )
        self.is_stirred = True

    def log(self, kind: str, /, **facts: Any) -> None:
        """Append to the dispatch log, which `recount` reads; its kinds are listed in words.py."""
        self.db.execute(
            "INSERT INTO dispatch (at, kind, facts) VALUES (?, ?, ?)",
            (micros(self.now()), kind, json.dumps(facts, separators=(",", ":"))),
        )

    def is_lost(self, standin: str, thing: str) -> bool:
        """Whether the thing is lost until night: its stand-in's lists must not show it (asked by id it exists)."""
        if self.plan.is_calm:
            return False
        row = self.db.execute(
            "SELECT 1 FROM lost WHERE standin = ? AND thing = ? AND until IS NULL", (standin.partition(":")[0], thing)
        ).fetchone()
        return row is not None

    def find_lost(self) -> list[tuple[str, str]]:
        """The night has begun: what was lost is told again from now on. Answers (stand-in, thing), oldest first."""
        rows = self.db.execute("SELECT standin, thing FROM lost WHERE until IS NULL ORDER BY since, rowid").fetchall()
        self.db.execute("UPDATE lost SET until = ? WHERE until IS NULL", (micros(self.now()),))
        return [(row["standin"], row["thing"]) for row in rows]

    def _loses(self, hook: str, thing: str) -> bool:
        if self.plan.is_calm:
            return False
        slug = hook.partition(":")[0]
        if not thing.startswith(self.standins[slug].losable):
            return False
        if self.is_honest:  # the notice alone is lost: whoever looks at its lists finds the thing
            return self.plan.hits("lost", f"{slug}:{thing}")
        row = self.db.execute("SELECT until FROM lost WHERE standin = ? AND thing = ?", (slug, thing)).fetchone()
        if row is not None:
            return row["until"] is None
        told = self.db.execute("SELECT 1 FROM notice WHERE hook = ? AND thing = ? LIMIT 1", (hook, thing)).fetchone()
        if told is not None or not self.plan.hits("lost", f"{slug}:{thing}"):
            return False  # a thing is lost from its first notice on or never
        self.db.execute("INSERT INTO lost VALUES (?, ?, ?, NULL)", (slug, thing, micros(self.now())))
        return True


class Standin:
    """Base of a stand-in vendor: one file a vendor, found by its file, mounted at `/<slug>/`.

    `schema`: its tables (`CREATE TABLE IF NOT EXISTS <slug>_…`). `faults`: its own kinds of misbehaviour and their
    shares. `losable`: beginnings of the things that may be lost until night (`("order:",)`); `()` loses nothing.
    `effects`: {operation of ours: SELECT of (name of ours that travelled with it, how often it took effect here)}.
    The verification holds them against our own deliveries (I7); a stand-in without any is not counted.
    """

    slug: str = ""
    schema: str = ""
    faults: Mapping[str, float] = {}
    losable: tuple[str, ...] = ()
    effects: Mapping[str, str] = {}

    def __init__(self, world: World) -> None:
        self.world = world
        self.db = world.db

    def handle(self, ask: Ask) -> Answer:
        """Answer in the vendor's own wire format. Sync and fast: called in the event loop, inside one transaction."""
        raise NotImplementedError

    def thing_of(self, ask: Ask) -> str:
        """What a request is about, the same on each retry; general misbehaviour hits it at most once a kind."""
        digest = hashlib.blake2b(digest_size=12)
        for part in (ask.method, ask.path, repr(sorted(ask.query.items()))):
            digest.update(part.encode() + b"\0")
        digest.update(ask.body)
        return digest.hexdigest()

    def sign(self, notice: Notice) -> dict[str, str]:
        """Headers made when sending, by wall time; `self.world.hooks[notice.hook]` holds url and secrets."""
        return {}

    def command(self, name: str, args: dict[str, Any]) -> dict[str, Any]:
        """What the driver or the demo tells it (words.py lists the commands of a rehearsal). Inside one transaction."""
        raise LookupError(f"{self.slug} knows no command {name}")

    def planted(self, night: date) -> dict[str, list[str]]:
        """{difference class: [thing ids]} that its own ledger sees unhealed when the night of that day begins."""
        return {}

    async def start(self) -> None:
        """For stand-ins that listen on a port of their own (SMTP)."""

    async def stop(self) -> None:
        """The end of `start`."""

    def address(self) -> str:
        """host:port of a port of its own, told by `/control/status`; empty for HTTP stand-ins."""
        return ""


def ident(prefix: str, *parts: object) -> str:
    """An id that depends on its parts alone: `ident("pi_", number)`; 24 letters and digits after the prefix."""
    return prefix + hashlib.blake2b("|".join(map(str, parts)).encode(), digest_size=12).hexdigest()


def micros(moment: datetime) -> int:
    """Microseconds since 1970, as every table here keeps moments."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def moment(micros: int) -> datetime:
    """The way back."""
    return EPOCH + timedelta(microseconds=micros)
