"""A channel of the tests' own that takes every number for every code (Yahoo's habit), and shows only what it knows."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from apps.hub import contracts as c
from apps.hub.abilities import Once, StockManners, Writes
from apps.hub.registry import Manifest, Settings

MANIFEST = Manifest(
    slug="cuckoo", label="Cuckoo", kind="test", abilities=("catalogue", "stock.read", "stock.write", "price.write"),
    settings=Settings,
    load="tests.flows.cuckoo.Cuckoo", once={"stock.set": Once.NATURAL_KEY, "price.set": Once.NATURAL_KEY},
    stock=StockManners(writes=Writes.ABSOLUTE),
)  # fmt: skip
# What it shows, by code.
shows: dict[str, int] = {}
prices: dict[str, Decimal] = {}


class Cuckoo:
    """The connector."""

    def __init__(self, settings: Settings, connection_id: UUID) -> None:
        self.settings = settings

    def read(self, topic: str, raw: bytes) -> Sequence[Any]:
        return ()

    def variants(self) -> Sequence[Sequence[c.VariantCard]]:
        return ()

    def shown_stock(self) -> Sequence[Sequence[c.StockQuantity]]:
        return [[c.StockQuantity(external_id=code, quantity=units) for code, units in shows.items()]]

    def set_stock(self, quantities: Sequence[c.StockQuantity], key: str) -> Sequence[c.StockOutcome]:
        for one in quantities:
            if one.external_id in shows:
                shows[one.external_id] = one.quantity
        return [c.StockOutcome(external_id=one.external_id, is_set=True) for one in quantities]

    def set_prices(self, wanted: Sequence[c.PriceTag], key: str) -> Sequence[c.PriceOutcome]:
        """Prices below 100 are refused."""
        taken = {one.external_id: one.amount for one in wanted if one.amount >= 100}
        prices.update(taken)
        return [
            c.PriceOutcome(
                external_id=one.external_id, is_set=one.external_id in taken,
                error="" if one.external_id in taken else "too cheap",
            )
            for one in wanted
        ]  # fmt: skip
