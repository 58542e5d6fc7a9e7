"""The stand-ins' server: control is guarded, faults are told or planned, notices keep their order."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientConnectionError, ClientSession, web
from aiohttp.test_utils import TestServer

from apps.sandbox.server import Sandbox, find_standins
from apps.sandbox.world import Answer, Ask, Plan, Standin, World

TOKEN = "the-token"
CONTROL = {"X-Sandbox-Token": TOKEN}


class Shop(Standin):
    """A vendor that counts what it was asked and tells what it is told to tell."""

    slug = "shop"
    schema = "CREATE TABLE IF NOT EXISTS shop_count (name TEXT PRIMARY KEY, n INTEGER NOT NULL)"
    faults = {"odd": 0.5}
    losable = ("order:",)

    def handle(self, ask: Ask) -> Answer:
        self.db.execute("INSERT INTO shop_count VALUES ('asked', 1) ON CONFLICT (name) DO UPDATE SET n = n + 1")
        return Answer(200, {"path": ask.path, "query": ask.query, "body": ask.body.decode()})

    def sign(self, notice: Any) -> dict[str, str]:
        return {"x-sign": f"{self.world.hooks[notice.hook]['secret']}:{notice.topic}"}

    def command(self, name: str, args: dict[str, Any]) -> dict[str, Any]:
        if name == "tell":
            for thing in args["things"]:
                self.world.notify("shop", "changed", thing.encode(), thing=f"order:{thing}")
        elif name == "tell_later":
            at = self.world.now() + timedelta(seconds=args["seconds"])
            self.world.later("shop", "tell", {"things": args["things"]}, at=at)
        elif name == "spoil":
            self.db.execute("INSERT INTO shop_count VALUES ('spoiled', 1)")
            raise ValueError("no")
        return {"told": name}

    def counted(self) -> int:
        row = self.db.execute("SELECT n FROM shop_count WHERE name = 'asked'").fetchone()
        return row["n"] if row else 0


class Receiver:
    """The product's end: answers what the test wants and keeps what it took."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.signs: list[str] = []
        self.answers: list[int] = []
        self.port = 0

    async def take(self, request: web.Request) -> web.Response:
        status = self.answers.pop(0) if self.answers else 200
        if status == 0:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        body = await request.text()
        if status < 300:
            self.taken.append(body)
            self.signs.append(request.headers["x-sign"])
        return web.Response(status=status)

    async def listen(self, port: int = 0) -> TestServer:
        app = web.Application()
        app.router.add_post("/hooks", self.take)
        server = TestServer(app, port=port)
        await server.start_server()
        self.port = server.port or 0
        return server


Play = Callable[[World, Sandbox, ClientSession, str, Receiver], Coroutine[Any, Any, None]]


def play(folder: Path, seed: int | None, story: Play, *, rates: dict[str, float] | None = None) -> None:
    """Run a story against a served world and a receiver."""

    async def run() -> None:
        world = World(folder, Plan(seed, rates))
        world.settle([Shop])
        sandbox = Sandbox(world, token=TOKEN)
        receiver = Receiver()
        hooks = await receiver.listen()
        async with TestServer(sandbox.application()) as server, ClientSession() as client:
            address = str(server.make_url("")).rstrip("/")
            hook = {"shop": {"url": f"http://127.0.0.1:{receiver.port}/hooks", "secret": "s3"}}
            async with client.post(f"{address}/control/hooks", json=hook, headers=CONTROL) as answer:
                assert answer.status == 200
            await story(world, sandbox, client, address, receiver)
        await hooks.close()

    # In a thread of its own: another test of this process may have left a loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, run()).result()


async def control(client: ClientSession, url: str, **args: Any) -> tuple[int, Any]:
    async with client.post(url, json=args, headers=CONTROL) as answer:
        return answer.status, await answer.json()


async def quiet(client: ClientSession, address: str) -> Any:
    """Everything due has been answered."""
    _status, told = await control(client, f"{address}/control/send_due", seconds=10)
    assert told["is_idle"]
    return told


def test_a_request_reaches_its_standin_whole(tmp_path: Path) -> None:
    async def story(_world: World, _sandbox: Sandbox, client: ClientSession, address: str, _to: Receiver) -> None:
        async with client.post(f"{address}/shop/v1/things?a=1", data=b"hello") as answer:
            told = await answer.json()
        assert told == {"path": "/v1/things", "query": {"a": "1"}, "body": "hello"}
        async with client.get(f"{address}/nobody/") as answer:
            assert answer.status == 404

    play(tmp_path, None, story)


def test_control_is_refused_without_the_token(tmp_path: Path) -> None:
    async def story(_world: World, sandbox: Sandbox, client: ClientSession, address: str, _to: Receiver) -> None:
        for headers in ({}, {"X-Sandbox-Token": ""}, {"X-Sandbox-Token": "wrong"}):
            async with client.post(f"{address}/control/status", headers=headers) as answer:
                assert answer.status == 403
        sandbox.token = ""  # a sandbox started without a token has no control at all
        async with client.post(f"{address}/control/status", headers={"X-Sandbox-Token": ""}) as answer:
            assert answer.status == 403

    play(tmp_path, None, story)


def test_a_command_that_fails_leaves_nothing(tmp_path: Path) -> None:
    async def story(world: World, _sandbox: Sandbox, client: ClientSession, address: str, _to: Receiver) -> None:
        status, told = await control(client, f"{address}/control/shop/spoil")
        assert (status, told) == (400, {"error": "ValueError: no"})
        assert world.db.execute("SELECT count(*) FROM shop_count").fetchone()[0] == 0

    play(tmp_path, None, story)


@pytest.mark.parametrize(("what", "effects"), [("limited", 0), ("failed", 0), ("html", 0), ("cut", 1)])
def test_told_misbehaviour_hits_the_next_request_only(tmp_path: Path, what: str, effects: int) -> None:
    async def story(world: World, _sandbox: Sandbox, client: ClientSession, address: str, _to: Receiver) -> None:
        await control(client, f"{address}/control/misbehave", slug="shop", what=what, times=1)
        seen: Any = None
        try:
            async with client.post(f"{address}/shop/x") as answer:
                seen = (answer.status, answer.headers.get("Retry-After"), answer.content_type)
        except ClientConnectionError:
            seen = "cut"
        expected = {
            "limited": (429, "2", "application/json"),
            "failed": (500, None, "application/json"),
            "html": (200, None, "text/html"),
            "cut": "cut",
        }
        assert seen == expected[what]
        assert world.standins["shop"].counted() == effects  # type: ignore[attr-defined]
        async with client.post(f"{address}/shop/x") as answer:
            assert answer.status == 200

    play(tmp_path, None, story)


def test_planned_misbehaviour_is_the_same_for_the_same_seed_and_hits_once_a_kind(tmp_path: Path) -> None:
    outcomes: list[list[int]] = []

    async def story(_world: World, _sandbox: Sandbox, client: ClientSession, address: str, _to: Receiver) -> None:
        seen = []
        for number in range(40):
            async with client.post(f"{address}/shop/x/{number}") as answer:
                seen.append(answer.status)
            tries = [seen[-1]]
            while tries[-1] != 200:
                async with client.post(f"{address}/shop/x/{number}") as answer:
                    tries.append(answer.status)
            assert len(tries) == len(set(tries))  # each kind of misbehaviour at most once
        outcomes.append(seen)

    rates = {"limited": 0.2, "failed": 0.2, "html": 0.0, "cut": 0.0}
    play(tmp_path / "a", 7, story, rates=rates)
    play(tmp_path / "b", 7, story, rates=rates)
    play(tmp_path / "c", 8, story, rates=rates)
    assert outcomes[0] == outcomes[1]
    assert outcomes[0] != outcomes[2]
    assert {200, 429, 500} == set(outcomes[0])


def test_notices_are_signed_and_arrive_in_order_although_the_receiver_refuses(tmp_path: Path) -> None:
    async def story(_world: World, _sandbox: Sandbox, client: ClientSession, address: str, to: Receiver) -> None:
        to.answers = [200, 503, 0, 200, 500, 200]
        await control(client, f"{address}/control/shop/tell", things=[str(number) for number in range(8)])
        await quiet(client, address)
        assert to.taken == [str(number) for number in range(8)]
        assert set(to.signs) == {"s3:changed"}

    play(tmp_path, None, story)


def test_a_receiver_that_is_away_gets_the_same_notice_first(tmp_path: Path) -> None:
    async def story(_world: World, sandbox: Sandbox, client: ClientSession, address: str, to: Receiver) -> None:
        second = await to.listen()  # a port that will close and open again
        hook = {"shop": {"url": f"http://127.0.0.1:{to.port}/hooks", "secret": "s3"}}
        await control(client, f"{address}/control/hooks", **hook)
        port = to.port
        await second.close()
        await control(client, f"{address}/control/shop/tell", things=["a", "b", "c"])
        _status, told = await control(client, f"{address}/control/send_due", seconds=0.2)
        assert (told["is_idle"], told["due"], to.taken) == (False, 3, [])
        third = await to.listen(port)
        await quiet(client, address)
        assert to.taken == ["a", "b", "c"]
        await third.close()

    play(tmp_path, None, story)


def test_a_receiver_that_never_answers_is_given_up_and_counted(tmp_path: Path) -> None:
    async def story(_world: World, sandbox: Sandbox, client: ClientSession, address: str, to: Receiver) -> None:
        sandbox.sender.patience = 0.3
        to.answers = [500] * 50
        await control(client, f"{address}/control/shop/tell", things=["a"])
        told = await quiet(client, address)
        assert (told["failed"], told["trouble"]) == (1, "changed of shop: 500")

    play(tmp_path, None, story)


def test_a_later_thing_waits_for_business_time(tmp_path: Path, settings: Any) -> None:
    async def story(_world: World, _sandbox: Sandbox, client: ClientSession, address: str, to: Receiver) -> None:
        await control(client, f"{address}/control/shop/tell_later", things=["a"], seconds=3600)
        told = await quiet(client, address)
        assert (to.taken, told["next_at"]) == ([], "2026-01-01T01:00:00+00:00")
        drive.set(datetime(2026, 1, 1, 1, tzinfo=UTC))
        told = await quiet(client, address)
        assert (to.taken, told["next_at"]) == (["a"], None)

    from apps.core import clock  # noqa: PLC0415  (the fixture must have set the file first)

    settings.CLOCK_FILE = str(tmp_path / "clock")
    drive = clock.Drive(tmp_path / "clock", datetime(2026, 1, 1, tzinfo=UTC))
    play(tmp_path / "world", None, story)


def test_a_lost_thing_is_silent_until_night_and_told_of_afterwards(tmp_path: Path) -> None:
    async def story(world: World, _sandbox: Sandbox, client: ClientSession, address: str, to: Receiver) -> None:
        await control(client, f"{address}/control/shop/tell", things=["a", "b", "a"])
        await quiet(client, address)
        assert to.taken == []
        assert world.is_lost("shop", "order:a")
        _status, told = await control(client, f"{address}/control/nightfall", night="2026-01-01")
        assert told == {"planted": {}, "lost": 2}
        assert not world.is_lost("shop", "order:a")
        await control(client, f"{address}/control/shop/tell", things=["a"])
        await quiet(client, address)
        assert to.taken == ["a"]

    play(tmp_path, 1, story, rates={"lost": 1.0, "double": 0.0, "shuffle": 0.0})


def test_doubles_and_shuffles_come_as_planned(tmp_path: Path) -> None:
    async def story(world: World, _sandbox: Sandbox, client: ClientSession, address: str, to: Receiver) -> None:
        things = [str(number) for number in range(30)]
        await control(client, f"{address}/control/shop/tell", things=things)
        await quiet(client, address)
        doubled = [t for t in things if world.plan.hits("double", f"shop|changed|order:{t}")]
        assert sorted(to.taken) == sorted(things + doubled)
        assert doubled
        once = list(dict.fromkeys(to.taken))
        assert once != things
        assert all(abs(once.index(thing) - int(thing)) <= 1 for thing in things)

    play(tmp_path, 3, story, rates={"lost": 0.0, "double": 0.2, "shuffle": 0.2})


def test_the_log_says_what_was_sent_in_which_order(tmp_path: Path) -> None:
    async def story(world: World, _sandbox: Sandbox, client: ClientSession, address: str, _to: Receiver) -> None:
        await control(client, f"{address}/control/shop/tell", things=["b", "a"])
        await quiet(client, address)
        rows = world.db.execute("SELECT kind, json_extract(facts, '$.thing') FROM dispatch ORDER BY seq").fetchall()
        assert [tuple(row) for row in rows] == [("sent", "order:b"), ("sent", "order:a")]

    play(tmp_path, None, story)


def test_every_standin_is_found_by_its_file() -> None:
    slugs = [kind.slug for kind in find_standins()]
    assert len(slugs) == len(set(slugs))


def test_a_calm_plan_hits_what_was_told_by_name_and_nothing_else(tmp_path: Path) -> None:
    async def story(world: World, sandbox: Sandbox, client: ClientSession, address: str, to: Receiver) -> None:
        hits = [["lost", "shop:order:b"], ["double", "shop|changed|order:c"]]
        told = await control(client, f"{address}/control/plan", hits=hits)
        await control(client, f"{address}/control/shop/tell", things=["a", "b", "c"])
        await quiet(client, address)

        assert told == (200, {"told": 2})
        assert to.taken == ["a", "c", "c"]
        assert world.is_lost("shop", "order:b")

    play(tmp_path, None, story)
