"""Setting shown stock, whatever is shown: products a hundred a call, variations a hundred a call of one product.

Nothing is sent twice. Where a call is in doubt its quantities are said to be so, and those behind it are put off.
"""

from collections.abc import Sequence
from typing import Any

from apps.connectors.woocommerce import mapping_stock as mapping
from apps.connectors.woocommerce.client import Client, Refused
from apps.hub import contracts as c
from apps.hub.errors import Misconfigured, Transient


class Push:
    """One push, in as many calls as it takes."""

    def __init__(self, client: Client, quantities: Sequence[c.StockQuantity]) -> None:
        self._client = client
        self._wanted = quantities
        self._outcomes: dict[int, c.StockOutcome] = {}

    def settle(self) -> list[c.StockOutcome]:
        """One outcome for each quantity, in their order. Raises the hub's errors where the first call fails."""
        batches, strange = mapping.batches(self._wanted)
        for place in strange:
            self._fail(place, f"{self._wanted[place].external_id} is no product of WooCommerce's")
        is_first, is_stopped = True, False
        for batch in batches:
            if is_stopped:
                self._put_off(batch.places)
                continue
            try:
                self._send(batch)
            except Refused as error:
                for place in batch.places:
                    self._fail(place, str(error))
            except (Transient, Misconfigured) as error:
                if is_first:
                    raise
                is_stopped = True
                self._put_off(batch.places, is_unknown=error.sent)
            is_first = False
        return [self._outcomes[place] for place in range(len(self._wanted))]

    def _send(self, batch: mapping.Batch) -> None:
        answer = self._client.call("POST", batch.path, body=mapping.batch_body(batch, self._wanted))
        rows = rows_of(answer)
        for place, id in zip(batch.places, batch.ids, strict=True):
            self._outcomes[place] = mapping.outcome(self._wanted[place], rows.get(id))

    def _fail(self, place: int, reason: str) -> None:
        wanted = self._wanted[place]
        self._outcomes[place] = c.StockOutcome(external_id=wanted.external_id, is_set=False, error=reason)

    def _put_off(self, places: Sequence[int], *, is_unknown: bool = False) -> None:
        for place in places:
            self._outcomes[place] = c.StockOutcome(
                external_id=self._wanted[place].external_id,
                is_set=False,
                is_unknown=is_unknown,
                is_put_off=not is_unknown,
            )


def rows_of(answer: Any) -> dict[int, Any]:
    """The answer's rows by id. Raises `Transient` where it is no answer to a batch."""
    rows = answer.get("update") if isinstance(answer, dict) else None
    if not isinstance(rows, list):
        raise Transient("the answer to a batch tells of nothing updated", sent=True)
    return {int(row["id"]): row for row in rows if isinstance(row, dict) and str(row.get("id", "")).isdigit()}
