"""Setting what a shopper may buy: read what is allocated, set what lies there so that the difference is the number, look again.

An order placed between reading and writing raises what is allocated alone: it counts as a sale after the write, nothing
overwrites it. A fulfilment in between lowers both, and the write would give its units back: the answer of the write tells,
and it is put right at once. Orders placed before the reading are overwritten: the channel takes absolute numbers.
"""

from collections.abc import Sequence
from typing import Any

from apps.connectors.vendure import mapping_stock as mapping
from apps.connectors.vendure.client import Client, NotFound
from apps.hub import contracts as c
from apps.hub.errors import RateLimited, Transient, VendorError

MANY = 100
ROUNDS = 3
UNCOUNTED = (
    "Vendure does not count this variant's stock (its inventory is not tracked), so that it can always be bought"
)


class Push:
    """One push, settled variant by variant, `MANY` at a time."""

    def __init__(self, client: Client, location: str) -> None:
        self._client = client
        self._location = location
        self._outcomes: dict[int, c.StockOutcome] = {}
        self._in_doubt: set[int] = set()  # written, and not seen to be right
        self._has_written = False

    def settle(self, quantities: Sequence[c.StockQuantity]) -> list[c.StockOutcome]:
        """One outcome for each quantity, in their order. Raises the hub's errors where nothing was written."""
        for start in range(0, len(quantities), MANY):
            try:
                self._settle(range(start, min(start + MANY, len(quantities))), quantities)
            except VendorError:
                if not self._has_written:
                    raise
                break
        return [self._outcomes.get(place) or self._unsettled(place, wanted) for place, wanted in enumerate(quantities)]

    def _unsettled(self, place: int, wanted: c.StockQuantity) -> c.StockOutcome:
        is_unknown = place in self._in_doubt
        return c.StockOutcome(
            external_id=wanted.external_id, is_set=False, is_unknown=is_unknown, is_put_off=not is_unknown
        )

    def _settle(self, places: Sequence[int], quantities: Sequence[c.StockQuantity]) -> None:
        left = list(places)
        for turn in range(1, ROUNDS + 1):
            shop = self._read([quantities[place].external_id for place in left])
            variants = {one["id"]: one for one in shop["productVariants"]["items"]}
            left = [place for place in left if self._can_be_set(place, quantities[place], variants, shop)]
            wrong = [place for place in left if not self._is_right(place, quantities[place], variants, shop)]
            if not wrong:
                return
            here = mapping.location(shop["stockLocations"]["items"], self._location)
            try:
                after = self._write(wrong, quantities, variants, shop, here)
            except NotFound:
                if turn == ROUNDS:
                    raise
                left = wrong  # one was deleted a moment ago, and nothing was set: the next reading shows which
                continue
            left = [
                place for place in wrong if not self._is_low_enough(place, quantities[place], after, variants, shop)
            ]
            if not left:
                return

    def _read(self, ids: Sequence[str]) -> dict[str, Any]:
        """Nothing was written by a reading that failed, so it may simply be done again."""
        options = {"take": len(ids), "filter": {"id": {"in": list(ids)}}}
        try:
            return self._client.call("ShownStock", {"options": options})
        except RateLimited:
            raise
        except Transient as error:
            raise Transient(str(error), sent=False) from error

    def _write(
        self, places: Sequence[int], quantities: Sequence[c.StockQuantity], variants: dict[str, Any],
        shop: dict[str, Any], here: str,
    ) -> dict[str, Any]:  # fmt: skip
        rows = [self._row(quantities[place], variants, shop, here) for place in places]
        fresh = set(places) - self._in_doubt
        self._in_doubt |= fresh
        try:
            answer = self._client.call("SetStock", {"input": rows})["updateProductVariants"]
        except VendorError as error:
            if not error.sent:
                self._in_doubt -= fresh
            raise
        self._has_written = True
        return {one["id"]: one for one in answer if one}

    def _row(
        self, wanted: c.StockQuantity, variants: dict[str, Any], shop: dict[str, Any], here: str
    ) -> dict[str, Any]:
        variant = variants[wanted.external_id]
        kept_back = mapping.threshold(variant, shop["globalSettings"])
        on_hand = mapping.on_hand_for(wanted.quantity, variant["stockLevels"], kept_back, here)
        return {"id": wanted.external_id, "stockLevels": [{"stockLocationId": here, "stockOnHand": on_hand}]}

    def _can_be_set(self, place: int, wanted: c.StockQuantity, variants: dict[str, Any], shop: dict[str, Any]) -> bool:
        variant = variants.get(wanted.external_id)
        if variant is None:
            self._note(place, wanted, error="Vendure has no such variant in this channel")
        elif not mapping.is_counted(variant, shop["globalSettings"]):
            self._note(place, wanted, error=UNCOUNTED)
        return place not in self._outcomes

    def _is_right(self, place: int, wanted: c.StockQuantity, variants: dict[str, Any], shop: dict[str, Any]) -> bool:
        if mapping.shown(variants[wanted.external_id], shop["globalSettings"]) != wanted.quantity:
            return False
        self._note(place, wanted)
        return True

    def _is_low_enough(
        self, place: int, wanted: c.StockQuantity, after: dict[str, Any], variants: dict[str, Any], shop: dict[str, Any]
    ) -> bool:
        """Less than was set is a sale since the reading; more is a fulfilment or a cancellation in between."""
        found = after.get(wanted.external_id)
        kept_back = mapping.threshold(variants[wanted.external_id], shop["globalSettings"])
        if found is None or mapping.saleable(found["stockLevels"], kept_back) > wanted.quantity:
            return False
        self._note(place, wanted)
        return True

    def _note(self, place: int, wanted: c.StockQuantity, *, error: str = "") -> None:
        self._in_doubt.discard(place)
        self._outcomes[place] = c.StockOutcome(
            external_id=wanted.external_id, is_set=not error, shown=None if error else wanted.quantity, error=error
        )
