"""A vendor of the tests' own that only points at orders, and tells of one when it is asked for it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from apps.core import clock
from apps.hub import contracts as c
from apps.hub.abilities import Event
from apps.hub.registry import Manifest, Settings

MANIFEST = Manifest(
    slug="magpie",
    label="Magpie",
    kind="test",
    abilities=("orders",),
    settings=Settings,
    load="tests.flows.magpie.Magpie",
    webhook="tests.flows.magpie",
)
# What it answers when it is asked for an order: drafts, None, or errors to be raised; the last one stays.
script: dict[str, list[Any]] = defaultdict(list)
asked: list[str] = []


class Magpie:
    """The connector."""

    def __init__(self, settings: Settings, connection_id: UUID) -> None:
        self.settings = settings

    def read(self, topic: str, raw: bytes) -> Sequence[Any]:
        if topic == "hint":
            return [
                c.Hint(kind=kind, external_id=id)
                for kind, _, id in (one.partition(":") for one in raw.decode().split())
            ]
        return (c.decode(c.OrderDraft, raw),)

    def changed_orders(self, since: datetime, until: datetime) -> Sequence[Sequence[Event]]:
        return ()

    def fetch_order(self, external_id: str) -> Event | None:
        asked.append(external_id)
        said = script[external_id].pop(0) if len(script[external_id]) > 1 else script[external_id][0]
        if isinstance(said, BaseException):
            raise said
        if said is None:
            return None
        return Event(id=f"poll:{said.external_id}:{said.version}", topic="order", at=clock.now(), raw=c.encode(said))


def verify(headers: Mapping[str, str], body: bytes, settings: Settings, *, now: datetime) -> None:
    """Everybody is believed."""


def events(headers: Mapping[str, str], body: bytes, *, received_at: datetime) -> list[Event]:
    """The body is the hint."""
    return [Event(id=body.decode(), topic="hint", at=received_at, raw=body)]
