"""Every fault that can be told: what a caller sees, whether the effect happened, and what a receiver gets."""

from pathlib import Path

import aiohttp
import pytest
from aiohttp import ClientSession

from apps.sandbox import faults
from apps.sandbox.server import Sandbox
from apps.sandbox.world import Ask, World
from tests.sandbox.test_server import Receiver, Shop, control, play, quiet

SEEN = {  # fault -> (status or what the client raises, did it happen)
    "limited": (429, 0), "limited_bare": (429, 0), "failed": (500, 0), "unavailable": (503, 0), "gateway": (502, 0),
    "html": (200, 0), "dropped": ("ServerDisconnectedError", 0), "cut": ("ServerDisconnectedError", 1), "slow": (200, 1),
    "garbage": (200, 1), "truncated": ("ClientPayloadError", 1), "wrong_type": (200, 1),
}  # fmt: skip
# copies of three notices, in the order in which they arrive, and how many of them are signed as they should be
ARRIVES = {
    "double": (["a", "a", "b", "c"], 4), "shuffle": (["b", "a", "c"], 3), "lost": (["b", "c"], 3 - 1),
    "forged": (["a", "a", "b", "c"], 3), "falsified": (["a", "a", "b", "c"], 4),
}  # fmt: skip


@pytest.mark.parametrize("what", SEEN)
def test_a_request_goes_wrong_as_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    monkeypatch.setattr(faults, "SLOW_SECONDS", 0.05)

    async def story(world: World, sandbox: Sandbox, client: ClientSession, address: str, _to: Receiver) -> None:
        await control(client, f"{address}/control/misbehave", slug="shop", what=what)
        try:
            async with client.post(f"{address}/shop/x") as answer:
                status: int | str = answer.status
                await answer.read()
        except aiohttp.ClientError as error:
            status = type(error).__name__
        shop = world.standins["shop"]
        assert isinstance(shop, Shop)
        assert (status, shop.counted()) == SEEN[what]
        assert (dict(sandbox.misbehaved), sandbox.told.waiting()) == ({what: 1}, {})

    play(tmp_path, None, story)


@pytest.mark.parametrize("what", ["double", "shuffle", "lost", "forged", "falsified"])
def test_a_notice_goes_wrong_as_told(tmp_path: Path, what: str) -> None:
    async def story(_world: World, sandbox: Sandbox, client: ClientSession, address: str, to: Receiver) -> None:
        await control(client, f"{address}/control/misbehave", slug="shop", what=what)
        await control(client, f"{address}/control/shop/tell", things=["a", "b", "c"])
        await quiet(client, address)
        assert (to.taken, to.signs.count("s3:changed")) == ARRIVES[what]
        assert dict(sandbox.misbehaved) == {what: 1}

    play(tmp_path, None, story)


def test_an_old_notice_comes_again_as_it_was(tmp_path: Path) -> None:
    async def story(_world: World, _sandbox: Sandbox, client: ClientSession, address: str, to: Receiver) -> None:
        await control(client, f"{address}/control/shop/tell", things=["a", "b"])
        await quiet(client, address)
        await control(client, f"{address}/control/misbehave", slug="shop", what="replayed")
        await control(client, f"{address}/control/shop/tell", things=["c"])
        await quiet(client, address)
        assert to.taken == ["a", "b", "a", "c"]

    play(tmp_path, None, story)


def test_an_unknown_fault_is_refused_and_all_can_be_forgotten(tmp_path: Path) -> None:
    async def story(_world: World, sandbox: Sandbox, client: ClientSession, address: str, _to: Receiver) -> None:
        status, told = await control(client, f"{address}/control/misbehave", slug="shop", what="tired")
        assert (status, told["error"].split(",")[0]) == (400, "ValueError: what may be limited")
        await control(client, f"{address}/control/misbehave", slug="shop", what="expired", times=2)
        assert sandbox.told.waiting() == {"shop": ["expired", "expired"]}
        async with client.post(f"{address}/shop/x") as answer:  # a key that does not end by itself does not end
            assert answer.status == 200
        await control(client, f"{address}/control/misbehave", slug="", what="")
        assert sandbox.told.waiting() == {}

    play(tmp_path, None, story)


def test_a_fresh_token_has_not_ended() -> None:
    told = faults.Told()
    told.add("amazon", "expired", 2)
    call, sign_in = (Ask("GET", path, {}, {}, b"") for path in ("/orders", "/auth/o2/token"))

    assert [told.request("amazon", ask) for ask in (call, sign_in, call, call)] == ["expired", None, None, "expired"]


def test_figures_are_falsified_and_nothing_else() -> None:
    assert faults.falsified(b'{"total": "1034.50", "id": "ab"}') == b'{"total": "9023.40", "id": "ab"}'


def test_there_are_more_than_fifteen_kinds() -> None:
    assert len(faults.ALL) == 21
