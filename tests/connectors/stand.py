"""The real stand-ins on a loopback port, in a thread of their own: what connectors are tested against."""

import asyncio
import json
import threading
import urllib.request
from pathlib import Path
from typing import Any

from aiohttp import web

from apps.sandbox.faults import Told
from apps.sandbox.server import Sandbox, find_standins
from apps.sandbox.world import Answer, Ask, Plan, World

TOKEN = "the-token"
WAIT_SECONDS = 10


class Stand:
    """One sandbox. `heard` and `answered` hold every request to a vendor and its answer; `told` speaks to its control."""

    def __init__(self, folder: Path, *, seed: int | None = None) -> None:
        self.folder, self.seed = folder, seed
        self.heard: list[Ask] = []
        self.answered: list[Answer] = []
        self.port = 0
        self._told = Told()
        self._loop = asyncio.new_event_loop()
        self._ended: asyncio.Event | None = None
        self._ready = threading.Event()
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Stand":
        self._thread.start()
        assert self._ready.wait(WAIT_SECONDS)
        if self._failed:
            raise self._failed
        return self

    def __exit__(self, *_exc: object) -> None:
        assert self._ended is not None
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(WAIT_SECONDS)

    def url(self, slug: str) -> str:
        """The vendor's base address."""
        return f"http://127.0.0.1:{self.port}/{slug}"

    def peers(self) -> list[str]:
        """Everything that listens here, as the operator's list of private peers."""
        return [f"127.0.0.1:{self.port}", *self.told("status")["addresses"].values()]

    def told(self, path: str, **args: Any) -> dict[str, Any]:
        """One call of the control address: `told("misbehave", slug=…)`, `told("smtp/count")`."""
        call = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/control/{path}",
            data=json.dumps(args).encode(),
            headers={"X-Sandbox-Token": TOKEN},
        )
        with urllib.request.urlopen(call, timeout=WAIT_SECONDS) as answer:
            return json.load(answer)

    def forget(self) -> None:
        """Nothing was heard, and nothing is told to go wrong."""
        self.heard.clear()
        self.answered.clear()
        self._told.clear()

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        except BaseException as error:
            self._failed = error
        finally:
            self._ready.set()
            self._loop.close()

    async def _serve(self) -> None:
        self._ended = asyncio.Event()
        world = World(self.folder, Plan(self.seed))
        world.settle(find_standins())
        sandbox = Sandbox(world, token=TOKEN)
        self._told = sandbox.told
        answer = sandbox.answer

        def listened(standin: Any, ask: Ask) -> Answer:
            self.heard.append(ask)
            self.answered.append(answer(standin, ask))
            return self.answered[-1]

        sandbox.answer = listened  # type: ignore[method-assign]
        runner = web.AppRunner(sandbox.application(), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.port = runner.addresses[0][1]
        self._ready.set()
        await self._ended.wait()
        await runner.cleanup()
