"""Shop windows: channels with a ledger of their own, in memory, that sell what they show and nothing else.

They speak to the product as any connector does. What they may do to it: answer late or not at all, apply a number later than
they acknowledge it, list and tell orders late, in any order, twice or only when asked, and show an order's units again when it
is called off.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from apps.core import clock
from apps.hub import errors
from apps.hub.abilities import Event, Once, StockManners, Writes
from apps.hub.contracts import Address, CustomerCard, LineDraft, OrderDraft, StockOutcome, StockQuantity
from apps.hub.registry import Manifest, Settings

SETTLES, LAG = timedelta(minutes=10), timedelta(minutes=5)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class WindowSettings(Settings):
    """Nothing: the window of a connection is found by its id."""


def _manifest(slug: str, writes: Writes, settles: timedelta) -> Manifest:
    return Manifest(
        slug=slug, label=slug, kind="channel", abilities=("orders", "stock.read", "stock.write"), settings=WindowSettings,
        load="tests.races.windows.WindowConnector",
        once={"stock.set": Once.KEY if writes is Writes.COMPARE_AND_SET else Once.LAPSES},
        stock=StockManners(writes=writes, settles=settles, order_lag=LAG),
    )  # fmt: skip


MANIFESTS = {
    "exact": _manifest("exact", Writes.COMPARE_AND_SET, timedelta(0)),
    "plain": _manifest("plain", Writes.ABSOLUTE, timedelta(0)),
    "slow": _manifest("slow", Writes.ABSOLUTE, SETTLES),
}


@dataclass(slots=True)
class Order:
    """One sale in a window's book."""

    number: str
    sku: str
    units: int
    placed_at: datetime
    listed_at: datetime
    version: int = 1
    is_cancelled: bool = False

    def raw(self) -> bytes:
        """As the window tells it."""
        return msgspec.json.encode(
            {
                "number": self.number, "sku": self.sku, "units": self.units, "version": self.version,
                "placed_at": self.placed_at, "is_cancelled": self.is_cancelled,
            }
        )  # fmt: skip


@dataclass(slots=True)
class Window:
    """One channel. `trouble`: what happens to the next calls (before, after: cut off so; limited)."""

    slug: str
    shown: dict[str, int] = field(default_factory=dict)
    orders: list[Order] = field(default_factory=list)
    coming: list[tuple[datetime, str, int]] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)
    keys: dict[str, list[StockOutcome]] = field(default_factory=dict)
    restocks: bool = True
    delay: timedelta = timedelta(0)  # of numbers, within what the connector says

    def take_effect(self) -> None:
        """Numbers that were set and are due now."""
        now = clock.now()
        due = [one for one in self.coming if one[0] <= now]
        self.coming = [one for one in self.coming if one[0] > now]
        for _, sku, quantity in sorted(due, key=lambda one: one[0]):
            self.shown[sku] = quantity

    def sell(self, sku: str, units: int, *, late: timedelta) -> Order | None:
        """Somebody buys; None where it does not show so many."""
        self.take_effect()
        if self.shown.get(sku, 0) < units:
            return None
        self.shown[sku] -= units
        now = clock.now()
        order = Order(f"{self.slug}-{len(self.orders)}", sku, units, now, now + late)
        self.orders.append(order)
        return order

    def cancel(self, order: Order) -> None:
        """Called off over there; some shops show the units again by themselves."""
        self.take_effect()
        order.is_cancelled, order.version = True, order.version + 1
        if self.restocks:
            self.shown[order.sku] = self.shown.get(order.sku, 0) + order.units

    def most_sellable(self, sku: str) -> int:
        """The most that could still be sold here if nobody told it anything more."""
        self.take_effect()
        ahead = [quantity for _, one, quantity in self.coming if one == sku]
        return max(0, self.shown.get(sku, 0)) + sum(ahead)

    def put(self, word: StockQuantity) -> StockOutcome:
        """A number arrives."""
        self.take_effect()
        found = self.shown.get(word.sku, 0)
        if self.slug == "exact" and word.expected not in (None, found):
            return StockOutcome(external_id=word.external_id, is_set=False, is_stale=True, shown=found)
        if self.delay:
            self.coming.append((clock.now() + self.delay, word.sku, word.quantity))
        else:
            self.shown[word.sku] = word.quantity
        return StockOutcome(external_id=word.external_id, is_set=True, shown=word.quantity)


windows: dict[UUID, Window] = {}


class WindowConnector:
    """The connector of a window."""

    def __init__(self, _settings: WindowSettings, connection_id: UUID) -> None:
        self.window = windows[connection_id]

    def read(self, _topic: str, raw: bytes) -> Sequence[Any]:
        """An order."""
        said = msgspec.json.decode(raw)
        placed_at = datetime.fromisoformat(said["placed_at"])
        line = LineDraft(
            number=1, kind="item", title=said["sku"], sku=said["sku"], quantity=said["units"],
            total_minor=100 * said["units"], unit_price=Decimal(100),
        )  # fmt: skip
        return (
            OrderDraft(
                external_id=said["number"], number=said["number"], version=said["version"], placed_at=placed_at,
                currency="JPY", payment_method="prepaid", total_minor=100 * said["units"], lines=(line,),
                customer=CustomerCard(), ship_to=Address(name="A", country="JP", line1="1"),
                is_cancelled=said["is_cancelled"],
            ),
        )  # fmt: skip

    def changed_orders(self, since: datetime, until: datetime) -> Iterable[Sequence[Event]]:
        """Everything that is listed by now; a vendor's window by its own clock would show no more."""
        now = clock.now()
        yield [event(order) for order in self.window.orders if order.listed_at <= now]

    def fetch_order(self, external_id: str) -> Event | None:
        """One order."""
        return next((event(order) for order in self.window.orders if order.number == external_id), None)

    def shown_stock(self) -> Iterable[Sequence[StockQuantity]]:
        """What it shows."""
        self.window.take_effect()
        yield [StockQuantity(external_id=sku, quantity=units, sku=sku) for sku, units in self.window.shown.items()]

    def set_stock(self, quantities: Sequence[StockQuantity], key: str) -> Sequence[StockOutcome]:
        """Numbers, with trouble."""
        trouble = self.window.trouble.pop(0) if self.window.trouble else ""
        if trouble == "limited":
            raise errors.RateLimited("slow down", retry_after=60)
        if trouble == "unsent":
            raise errors.Transient("no route", sent=False)
        if trouble == "before":
            raise errors.Transient("cut off", sent=True)
        if self.window.slug == "exact":
            if key not in self.window.keys:
                self.window.keys[key] = [self.window.put(word) for word in quantities]
            outcomes = self.window.keys[key]
        else:
            outcomes = [self.window.put(word) for word in quantities]
        if trouble == "after":
            raise errors.Transient("cut off", sent=True)
        return outcomes


def event(order: Order) -> Event:
    """An order as a notice or as a line of a list: the same change is the same event."""
    return Event(
        id=f"{order.number}:{order.version}", topic="order", at=order.placed_at, raw=order.raw(),
        subject=f"order:{order.number}",
    )  # fmt: skip
