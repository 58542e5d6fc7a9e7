"""The stand-ins' process: `python -m apps.sandbox.server --port N --data DIR [--seed S | --calm]`, loopback only.

Every request and every command is one transaction of the oracle's file. What a stand-in does is right unless the plan,
or whoever holds the control token, says otherwise: 429, 500, HTML and cut connections are done here, once for all.
"""

import argparse
import asyncio
import contextlib
import hmac
import logging
import os
import pkgutil
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web
from django.conf import settings

from apps.sandbox import faults
from apps.sandbox.sender import Sender
from apps.sandbox.world import Answer, Ask, Plan, Standin, World, micros, moment

MAX_BYTES = 64 * 1024 * 1024
TICK_SECONDS = 0.2
CUT_SECONDS = 0.02  # how long a cut connection lets its caller wait
SKIPPED = frozenset({"server", "world", "sender", "words", "faults", "apps", "management", "migrations"})
logger = logging.getLogger(__name__)


class Sandbox:
    """The stand-ins of one world behind one HTTP server."""

    def __init__(self, world: World, *, token: str) -> None:
        self.world = world
        self.token = token
        self.told = faults.Told()
        self.sender = Sender(world, told=self.told)
        self.asked: Counter[str] = Counter()  # slug -> requests
        self.misbehaved = self.told.happened

    def application(self) -> web.Application:
        """The aiohttp application."""
        app = web.Application(client_max_size=MAX_BYTES)
        app.router.add_route("*", "/control/{name}", self._control)
        app.router.add_route("*", "/control/{slug}/{name}", self._control)
        app.router.add_route("*", "/{slug}{path:.*}", self._vendor)
        app.cleanup_ctx.append(self._life)
        return app

    async def _life(self, _app: web.Application) -> Any:
        await self.sender.start()
        for standin in self.world.standins.values():
            await standin.start()
        ticking = asyncio.create_task(self._tick())
        yield
        ticking.cancel()
        await self.sender.stop()
        for standin in self.world.standins.values():
            await standin.stop()
        self.world.db.close()

    async def _tick(self) -> None:
        """Time may have moved without anybody telling us."""
        while True:
            try:
                self.run_timers()
            except Exception:
                logger.exception("a timer failed")
            self.sender.ring()
            await asyncio.sleep(TICK_SECONDS)

    # The vendors' side

    async def _vendor(self, request: web.Request) -> web.StreamResponse:
        standin = self.world.standins.get(request.match_info["slug"])
        if standin is None:
            return web.json_response({"error": "no such vendor"}, status=404)
        ask = Ask(
            method=request.method,
            path=request.match_info["path"] or "/",
            query=dict(request.query),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.read(),
        )
        answer = self.answer(standin, ask)
        if answer.seconds:
            await asyncio.sleep(answer.seconds)
        if answer.is_truncated:
            return await _break_off(request, _response(answer))
        if answer.is_cut:
            await asyncio.sleep(CUT_SECONDS)
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        return _response(answer)

    def answer(self, standin: Standin, ask: Ask) -> Answer:
        """One request, with what the plan or the control address wants to go wrong."""
        self.asked[standin.slug] += 1
        fault = self._fault(standin, ask)
        if fault:
            self.misbehaved[fault] += 1
        if fault in faults.BEFORE_EFFECT:
            return faults.spoiled(fault)
        return faults.bent(self.transact(lambda: standin.handle(ask)), fault)

    def _fault(self, standin: Standin, ask: Ask) -> str:
        told = self.told.request(standin.slug, ask)
        if told is not None:
            return told
        if self.world.plan.is_calm:
            return ""
        thing = standin.thing_of(ask)
        for kind in faults.PLANNED_REQUESTS:
            if self.world.plan.hits(kind, f"{standin.slug}:{thing}"):
                once = self.world.db.execute(
                    "INSERT OR IGNORE INTO misbehaved VALUES (?, ?, ?)", (standin.slug, thing, kind)
                )
                if once.rowcount:
                    return kind
        return ""

    def transact(self, work: Callable[[], Any]) -> Any:
        """Do it in one transaction of the oracle's file, then let the sender look."""
        db = self.world.db
        db.execute("BEGIN IMMEDIATE")
        try:
            done = work()
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")
        if self.world.is_stirred:
            self.world.is_stirred = False
            self.sender.ring()
        return done

    def run_timers(self) -> int:
        """Tell the stand-ins what they asked to be told by now; in one transaction, in order of time."""

        def run() -> int:
            db, now = self.world.db, micros(self.world.now())
            count = 0
            while rows := db.execute("SELECT * FROM timer WHERE at <= ? ORDER BY at, seq", (now,)).fetchall():
                for row in rows:
                    db.execute("DELETE FROM timer WHERE seq = ?", (row["seq"],))
                    self.world.standins[row["standin"]].command(row["name"], orjson.loads(row["args"]))
                count += len(rows)
            return count

        if self.world.db.execute("SELECT 1 FROM timer WHERE at <= ? LIMIT 1", (micros(self.world.now()),)).fetchone():
            return int(self.transact(run))
        return 0

    # The driver's side

    async def _control(self, request: web.Request) -> web.StreamResponse:
        if not self.token or not hmac.compare_digest(request.headers.get("X-Sandbox-Token", ""), self.token):
            return web.json_response({"error": "wrong or missing X-Sandbox-Token"}, status=403)
        body = await request.read()
        slug, name = request.match_info.get("slug", ""), request.match_info["name"]
        try:
            args = orjson.loads(body) if body else {}
            if slug:
                told = self.transact(lambda: self.world.standins[slug].command(name, args))
            else:
                told = await self._controls[name](self, args)
        except (LookupError, ValueError, TypeError) as error:
            logger.exception("control %s %s", slug, name)
            return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)
        return web.Response(body=orjson.dumps(told), content_type="application/json")

    async def _status(self, _args: dict[str, Any]) -> dict[str, Any]:
        return self.status()

    def status(self) -> dict[str, Any]:
        """Whether anything is due or in hand here, and when business time brings the next thing."""
        db, now = self.world.db, micros(self.world.now())
        due = db.execute("SELECT count(*) FROM notice WHERE state = 'open' AND at <= ?", (now,)).fetchone()[0]
        ahead = db.execute("SELECT count(*), min(at) FROM notice WHERE state = 'open' AND at > ?", (now,)).fetchone()
        timer = db.execute("SELECT min(at) FROM timer").fetchone()[0]
        coming = [at for at in (ahead[1], timer) if at is not None]
        counted = db.execute("SELECT state, count(*) FROM notice WHERE state IN ('failed', 'nowhere') GROUP BY state")
        states = dict(counted.fetchall())
        return {
            "now": self.world.now().isoformat(),
            "due": due + (1 if timer is not None and timer <= now else 0),
            "is_idle": self.sender.is_idle() and (timer is None or timer > now),
            "pending": ahead[0],
            "next_at": moment(min(coming)).isoformat() if coming else None,
            "failed": states.get("failed", 0),
            "nowhere": states.get("nowhere", 0),
            "trouble": self.sender.last_trouble,
            "asked": dict(self.asked),
            "misbehaved": dict(self.misbehaved),
            "addresses": {slug: one.address() for slug, one in self.world.standins.items() if one.address()},
            "standins": sorted(self.world.standins),
        }

    async def _hooks(self, args: dict[str, Any]) -> dict[str, Any]:
        """{hook: {"url": …, "lane": …, secrets …}}: where notices go and what signs them; others are kept."""

        def keep() -> None:
            for name, facts in args.items():
                self.world.hooks[name] = facts
                self.world.db.execute("INSERT OR REPLACE INTO hook VALUES (?, ?)", (name, orjson.dumps(facts).decode()))

        self.transact(keep)
        return {"hooks": sorted(self.world.hooks)}

    async def _send_due(self, args: dict[str, Any]) -> dict[str, Any]:
        """Send what business time has reached; with {"seconds": S} come back when all is answered, or after S."""
        self.run_timers()
        self.sender.ring()
        until = time.monotonic() + float(args.get("seconds", 0))
        while time.monotonic() < until and not self.sender.is_idle():
            await asyncio.sleep(0.01)
        return self.status()

    async def _batch(self, args: dict[str, Any]) -> dict[str, Any]:
        """{"calls": [[slug, command, args], …]} in one transaction, in order."""
        calls = args["calls"]
        told = self.transact(lambda: [self.world.standins[slug].command(name, said) for slug, name, said in calls])
        return {"answers": told}

    async def _nightfall(self, args: dict[str, Any]) -> dict[str, Any]:
        """{"night": date}: what is planted and unhealed by class and stand-in; lost things are found from here on."""
        night = date.fromisoformat(args["night"])

        def gather() -> dict[str, Any]:
            planted: dict[str, list[str]] = {}
            for slug, standin in self.world.standins.items():
                for kind, things in standin.planted(night).items():
                    planted.setdefault(kind, []).extend(f"{slug}:{thing}" for thing in things)
            found = self.world.find_lost()
            for slug, thing in found:
                self.world.log("found", standin=slug, thing=thing)
            return {"planted": planted, "lost": len(found)}

        told: dict[str, Any] = self.transact(gather)
        return told

    async def _effects(self, _args: dict[str, Any]) -> dict[str, Any]:
        """{stand-in: {operation: {name: how often it took effect}}}: what each vendor really did, out of its own ledger."""
        return {
            slug: {operation: dict(self.world.db.execute(count).fetchall()) for operation, count in one.effects.items()}
            for slug, one in self.world.standins.items()
            if one.effects
        }

    async def _misbehave(self, args: dict[str, Any]) -> dict[str, Any]:
        """{"slug", "what", "times"}: the next so many requests, or notices, go wrong so (faults.py); what "" goes well; a slug
        "" forgets all that was told.
        """
        if args["slug"]:
            self.told.add(args["slug"], args["what"], int(args.get("times", 1)))
        else:
            self.told.clear()
        return self.told.waiting()

    async def _waiting(self, _args: dict[str, Any]) -> dict[str, Any]:
        """{slug: faults that were told and that nothing has met yet}."""
        return self.told.waiting()

    async def _plan(self, args: dict[str, Any]) -> dict[str, Any]:
        """{"hits": [[kind, id], …]}: these things are hit whatever the seed says, until this process ends."""
        self.world.plan.told.update((str(kind), str(id)) for kind, id in args["hits"])
        return {"told": len(self.world.plan.told)}

    async def _manners(self, args: dict[str, Any]) -> dict[str, Any]:
        """{honest?: 0|1, lag_minutes?: n}: how the channels behave from now on."""
        self.transact(lambda: self.world.behave({name: float(value) for name, value in args.items()}))
        return dict(self.world.manners)

    _controls: dict[str, Callable[["Sandbox", dict[str, Any]], Awaitable[dict[str, Any]]]] = {
        "status": _status,
        "hooks": _hooks,
        "send_due": _send_due,
        "batch": _batch,
        "nightfall": _nightfall,
        "effects": _effects,
        "misbehave": _misbehave,
        "waiting": _waiting,
        "plan": _plan,
        "manners": _manners,
    }


def find_standins() -> list[type[Standin]]:
    """Every stand-in there is: any module of this folder that defines one; nothing to register anywhere else."""
    found: list[type[Standin]] = []
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if module.name in SKIPPED:
            continue
        loaded = import_module(f"apps.sandbox.{module.name}")
        kinds = [kind for kind in vars(loaded).values() if isinstance(kind, type) and issubclass(kind, Standin)]
        found += [kind for kind in kinds if kind.__module__ == loaded.__name__ and kind.slug]
    return found


def _response(answer: Answer) -> web.Response:
    body, headers = answer.body, dict(answer.headers)
    names = {name.lower() for name in headers}
    if isinstance(body, (dict, list)):
        body = orjson.dumps(body)
        if "content-type" not in names:
            headers["Content-Type"] = "application/json"
    elif isinstance(body, str):
        body = body.encode()
        if "content-type" not in names:
            headers["Content-Type"] = "text/plain; charset=utf-8"
    return web.Response(status=answer.status, body=body, headers=headers)


async def _break_off(request: web.Request, answer: web.Response) -> web.StreamResponse:
    """Half of an answer that said how long it is, and no more."""
    body = answer.body if isinstance(answer.body, bytes) else b""
    half = web.StreamResponse(status=answer.status, headers=answer.headers)
    half.content_length = max(2, len(body))
    await half.prepare(request)
    await half.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return half


async def serve(world: World, *, port: int, token: str) -> None:
    """Serve on loopback until SIGINT or SIGTERM. Prints the address once it answers."""
    sandbox = Sandbox(world, token=token)
    runner = web.AppRunner(sandbox.application(), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    print(f"sandbox http://127.0.0.1:{runner.addresses[0][1]}/", flush=True)  # noqa: T201  (for whoever started us)
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    try:
        await ended.wait()
    finally:
        await runner.cleanup()


def main() -> None:
    """The command line. The token comes from KUROGO_SANDBOX_TOKEN, business time from KUROGO_CLOCK_FILE."""
    parser = argparse.ArgumentParser(prog="apps.sandbox.server", description="Stand-in vendors on loopback")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--data", type=Path, required=True, help="folder of the oracle's file")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--seed", type=int, help="misbehave, as a function of this number")
    mode.add_argument("--calm", action="store_true", help="vendors behave (the default)")
    parser.add_argument("--haste", type=float, default=1.0, help="parcels and customers are so many times faster")
    asked = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    world = World(asked.data, Plan(asked.seed), haste=asked.haste)
    world.settle(find_standins())
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(world, port=asked.port, token=settings.SANDBOX_TOKEN))


if __name__ == "__main__":
    main()
