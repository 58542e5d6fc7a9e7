"""Setting shown stock by compare-and-set: nothing is set over a quantity that we did not expect.

One stale quantity makes Shopify refuse the whole call, and the key of a refused call cannot be used again. The stale
ones are read back and reported, the others go again under a key derived from the first, so that a repeat of the whole
push comes by the same keys.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid5

from apps.connectors.shopify import codes
from apps.connectors.shopify.client import Client
from apps.connectors.shopify.mapping import gid, tail
from apps.connectors.shopify.mapping_stock import shown, stock_input
from apps.hub import contracts as c
from apps.hub.errors import Permanent, Transient

ROUNDS = 4
_KEYS = UUID("5b0c6e0f-6d0e-5b0a-9b1c-2f9d3b8d6a10")


class Push:
    """One push of up to 250 quantities, settled one by one."""

    def __init__(self, client: Client, locations: Sequence[str], key: str) -> None:
        """`locations`: those of this connection; the first is meant where a quantity names none."""
        self._client = client
        self._locations = locations
        self._key = key
        self._outcomes: dict[int, c.StockOutcome] = {}

    def settle(self, quantities: Sequence[c.StockQuantity]) -> list[c.StockOutcome]:
        """One outcome for each quantity, in their order. Raises the hub's errors."""
        left = self._ours(quantities)
        for turn in range(1, ROUNDS + 1 if left else 1):
            errors = self._set([quantities[place] for place in left], self._key_of(turn, left))
            if not errors:
                for place in left:
                    self._note(place, quantities[place], is_set=True, shown=quantities[place].quantity)
                break
            doubtful = self._sort_out(errors, left, quantities)
            self._read_back(doubtful, quantities, is_last=turn == ROUNDS)
            left = [place for place in left if place not in self._outcomes]
            if not left:
                break
        else:
            # Refused again and again while others write: report what is shown, a fresh push decides.
            self._read_back(left, quantities, is_last=True)
        return [self._outcomes[place] for place in range(len(quantities))]

    def _ours(self, quantities: Sequence[c.StockQuantity]) -> list[int]:
        """The places whose location is kept here; another one's number is never touched."""
        left = []
        for place, wanted in enumerate(quantities):
            if self._at(wanted) in self._locations:
                left.append(place)
            else:
                said = f"{wanted.location_external_id} is no location of this connection"
                self._note(place, wanted, is_set=False, error=said)
        return left

    def _at(self, wanted: c.StockQuantity) -> str:
        return gid("Location", wanted.location_external_id) if wanted.location_external_id else self._locations[0]

    def _key_of(self, turn: int, left: Sequence[int]) -> str:
        return str(uuid5(_KEYS, f"{self._key}|{turn}|{','.join(map(str, left))}"))

    def _set(self, quantities: Sequence[c.StockQuantity], key: str) -> list[dict[str, Any]]:
        wanted = stock_input(quantities, location=self._locations[0], key=key)
        answer = self._client.call("SetStock", {"input": wanted, "key": key})
        errors: list[dict[str, Any]] = answer["inventorySetQuantities"]["userErrors"]
        return errors

    def _sort_out(
        self, errors: Sequence[dict[str, Any]], left: Sequence[int], quantities: Sequence[c.StockQuantity]
    ) -> list[int]:
        """Note what was refused for good; answer the places whose shown quantity must be read."""
        doubtful: set[int] = set()
        for error in errors:
            code, place = error["code"], _place(error["field"])
            if code == codes.BUSY:
                raise Transient(error["message"], sent=True)
            if code in codes.ITEM_REFUSED and place is not None:
                self._note(left[place], quantities[left[place]], is_set=False, error=error["message"])
            elif code == codes.FAILED_BEFORE or (code in codes.STALE and place is None):
                doubtful.update(left)
            elif code in codes.STALE and place is not None:
                doubtful.add(left[place])
            else:
                raise Permanent(f"{code}: {error['message']}")
        return sorted(doubtful - self._outcomes.keys())

    def _read_back(self, places: Sequence[int], quantities: Sequence[c.StockQuantity], *, is_last: bool) -> None:
        levels: dict[tuple[str, str], int | None] = {}
        for location in dict.fromkeys(self._at(quantities[place]) for place in places):
            here = [quantities[place] for place in places if self._at(quantities[place]) == location]
            ids = [gid("InventoryItem", wanted.external_id) for wanted in here]
            nodes = self._client.call("ShownItems", {"ids": ids, "location": location})["nodes"]
            levels |= {(location, tail(node["id"])): shown(node["inventoryLevel"]) for node in nodes if node}
        for place in places:
            wanted = quantities[place]
            found = levels.get((self._at(wanted), tail(wanted.external_id)))
            if found is None:
                self._note(place, wanted, is_set=False, error="the item is not kept at this location")
            elif found == wanted.quantity:
                # Already as it should be: an earlier try of this push, cut off after its effect.
                self._note(place, wanted, is_set=True, shown=found)
            elif is_last or wanted.expected not in (None, found):
                self._note(place, wanted, is_set=False, is_stale=True, shown=found)

    def _note(
        self, place: int, wanted: c.StockQuantity, *, is_set: bool, is_stale: bool = False, shown: int | None = None,
        error: str = "",
    ) -> None:  # fmt: skip
        self._outcomes[place] = c.StockOutcome(
            external_id=wanted.external_id, is_set=is_set, is_stale=is_stale, shown=shown, error=error
        )


def _place(field: Sequence[str] | None) -> int | None:
    """The position in `input.quantities` that an error names."""
    return next((int(step) for step in field or () if step.isdigit()), None)
