"""Setting shown stock by absolute writes: what is not listed is asked for first, because Rakuten takes any number for it
without a word, and what was sent and not answered is never sent again.
"""

from collections.abc import Sequence

from apps.connectors.rakuten.client import SKUS_SET_A_CALL, Client
from apps.connectors.rakuten.mapping_goods import MOST, levels, parted
from apps.hub import contracts as c
from apps.hub import errors

UNLISTED = "Rakuten keeps no stock of it: it is not listed there (any more)"
NO_ID = "it is no listing of Rakuten's (manageNumber/variantId)"
OUT_OF_RANGE = f"Rakuten shows 0 to {MOST:,}"


class Push:
    """One push of quantities, settled one by one, by place in what was asked."""

    def __init__(self, client: Client, quantities: Sequence[c.StockQuantity]) -> None:
        self._client = client
        self._wanted = quantities
        self._outcomes: dict[int, c.StockOutcome] = {}

    def settle(self) -> list[c.StockOutcome]:
        """One outcome for each quantity, in their order. Raises the hub's errors where the first write fails."""
        self._sort_out()
        left = [place for place in range(len(self._wanted)) if place not in self._outcomes]
        parts = [left[start : start + SKUS_SET_A_CALL] for start in range(0, len(left), SKUS_SET_A_CALL)]
        for number, part in enumerate(parts):
            try:
                self._client.set_stock([self._row(place) for place in part])
            except errors.VendorError as error:
                if number == 0:
                    raise
                self._leave(part, parts[number + 1 :], error)
                break
            for place in part:
                self._note(place, is_set=True, shown=self._wanted[place].quantity)
        return [self._outcomes[place] for place in range(len(self._wanted))]

    def _sort_out(self) -> None:
        """Note what Rakuten would not show; asked before anything is sent."""
        ids = [parted(one.external_id) for one in self._wanted]
        try:
            known = levels(self._client.stock([sku for sku in ids if sku]))
        except errors.RateLimited:
            raise
        except errors.Transient as error:
            raise errors.Transient(str(error), sent=False) from error
        for place, one in enumerate(self._wanted):
            if ids[place] is None:
                self._note(place, error=NO_ID)
            elif one.external_id not in known:
                self._note(place, error=UNLISTED)
            elif not 0 <= one.quantity <= MOST:
                self._note(place, error=OUT_OF_RANGE)

    def _row(self, place: int) -> tuple[str, str, int]:
        one = self._wanted[place]
        item, _, variant = one.external_id.partition("/")
        return item, variant, one.quantity

    def _leave(self, part: Sequence[int], others: Sequence[Sequence[int]], error: errors.VendorError) -> None:
        """A later call went wrong: what it carried is in doubt or refused, what follows was not sent."""
        is_refused = isinstance(error, errors.Permanent)
        for place in part:
            self._note(place, is_unknown=error.sent, is_put_off=not (error.sent or is_refused),
                       error=str(error) if is_refused else "")  # fmt: skip
        for place in (place for other in others for place in other):
            self._note(place, is_put_off=True)

    def _note(
        self, place: int, *, is_set: bool = False, shown: int | None = None, is_unknown: bool = False,
        is_put_off: bool = False, error: str = "",
    ) -> None:  # fmt: skip
        self._outcomes[place] = c.StockOutcome(
            external_id=self._wanted[place].external_id, is_set=is_set, shown=shown, is_unknown=is_unknown,
            is_put_off=is_put_off, error=error,
        )  # fmt: skip
